"""Schedules, row by row: amounts in minor units as (due_on, principal, interest)."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec import structs

from service.errors import Code, Refused
from service.money import Rounding
from service.terms.schedule import Instalment, build_schedule
from service.terms.terms import (
    Cost,
    DayCount,
    DownPaymentAt,
    FeeDue,
    Interest,
    InterestOn,
    Method,
    NonBusinessDay,
    Payer,
    RateKind,
    Remainder,
    Terms,
    Unit,
)  # fmt: skip

JAN_1 = date(2025, 1, 1)
MONTHLY: dict[str, Any] = {"every": 1, "unit": Unit.MONTH}
YEAR_AT_12: dict[str, Any] = MONTHLY | {"instalments": 12, "rate_percent": Decimal(12)}


def rows(start_on: date = JAN_1, amount: int = 100_00, **terms: Any) -> list[tuple[str, int, int]]:
    """The schedule of the terms, short enough to read."""
    return [
        (row.due_on.isoformat()[5:], row.principal, row.interest)
        for row in build_schedule(Terms(**terms), amount, start_on)
    ]


def test_pay_in_four() -> None:
    assert rows(amount=100_01, first_due_days=0) == [
        ("01-01", 25_00, 0), ("01-15", 25_00, 0), ("01-29", 25_00, 0), ("02-12", 25_01, 0),
    ]  # fmt: skip


def test_an_annuity_of_a_year() -> None:
    """1,000.00 at 12 %: 88.85 a month, the textbook figure; the last takes the rounding."""
    schedule = build_schedule(Terms(**YEAR_AT_12), 1_000_00, JAN_1)
    assert [row.total for row in schedule] == [88_85] * 11 + [88_84]
    assert schedule[0] == Instalment(1, date(2025, 2, 1), 78_85, 10_00)
    assert sum(row.interest for row in schedule) == 66_19


def test_equal_principal() -> None:
    assert rows(**MONTHLY, instalments=3, rate_percent=Decimal(12), method=Method.EQUAL_PRINCIPAL) == [
        ("02-01", 33_33, 1_00), ("03-01", 33_33, 67), ("04-01", 33_34, 33),
    ]  # fmt: skip


def test_a_flat_rate_is_taken_of_the_first_amount() -> None:
    assert rows(**MONTHLY, instalments=4, rate_percent=Decimal(12), interest_on=InterestOn.FINANCED) == [
        ("02-01", 25_00, 1_00), ("03-01", 25_00, 1_00), ("04-01", 25_00, 1_00), ("05-01", 25_00, 1_00),
    ]  # fmt: skip


def test_a_charge_that_is_added_on_is_rounded_once_in_all() -> None:
    """10 % of 1,000.00 for a year: a twelfth is 8.333..., and all of them are 100.00."""
    terms = Terms(**MONTHLY, instalments=12, rate_percent=Decimal(10), interest_on=InterestOn.ADDED_ON)
    made = build_schedule(terms, 1_000_00, date(2024, 1, 1))
    assert [row.interest for row in made] == [8_33, 8_34, 8_33] * 4
    assert [row.total for row in made] == [91_67] * 11 + [91_63]
    flat = structs.replace(terms, interest_on=InterestOn.FINANCED)
    assert sum(row.interest for row in build_schedule(flat, 1_000_00, date(2024, 1, 1))) == 99_96


@pytest.mark.parametrize(
    ("day_count", "first_interest"),
    [
        (DayCount.THIRTY_360, 10_00),  # a month is a twelfth
        (DayCount.THIRTY_365, 9_86),  # 30 / 365
        (DayCount.ACTUAL_360, 10_33),  # 31 / 360
        (DayCount.ACTUAL_365, 10_19),  # 31 / 365
        (DayCount.ACTUAL_ACTUAL, 10_16),  # 31 / 366 in a leap year
    ],
)
def test_day_counts(day_count: DayCount, first_interest: int) -> None:
    terms = Terms(**YEAR_AT_12, interest=Interest.DAILY, day_count=day_count)
    assert build_schedule(terms, 1_000_00, date(2024, 1, 1))[0].interest == first_interest


def test_an_effective_rate_compounds() -> None:
    """1.07 to the power of a twelfth: the European Commission's example 31."""
    terms = Terms(**MONTHLY, instalments=12, rate_percent=Decimal(7), rate_kind=RateKind.EFFECTIVE,
                  method=Method.EQUAL_PRINCIPAL)  # fmt: skip
    assert [row.interest for row in build_schedule(terms, 30_000_00, JAN_1)][:2] == [169_62, 155_49]


def test_grace_on_principal() -> None:
    assert rows(**MONTHLY, instalments=4, rate_percent=Decimal(12), grace_principal=2) == [
        ("02-01", 0, 1_00), ("03-01", 0, 1_00), ("04-01", 49_75, 1_00), ("05-01", 50_25, 50),
    ]  # fmt: skip


def test_grace_on_interest_asks_for_it_all_afterwards() -> None:
    assert rows(**MONTHLY, instalments=4, rate_percent=Decimal(12), grace_interest=2, grace_principal=2) == [
        ("02-01", 0, 0), ("03-01", 0, 0), ("04-01", 49_75, 3_00), ("05-01", 50_25, 50),
    ]  # fmt: skip


def test_interest_free_periods() -> None:
    assert [interest for *_, interest in rows(**MONTHLY, rate_percent=Decimal(12), interest_free=2)] == [0, 0, 50, 25]


def test_a_balloon_stays_to_the_end() -> None:
    assert rows(**MONTHLY, instalments=3, rate_percent=Decimal(12), balloon_bps=5000) == [
        ("02-01", 16_50, 1_00), ("03-01", 16_66, 84), ("04-01", 66_84, 67),
    ]  # fmt: skip


def test_amortized_over_more_periods_than_it_lasts() -> None:
    schedule = build_schedule(Terms(**YEAR_AT_12 | {"instalments": 3, "amortized_over": 12}), 1_000_00, JAN_1)
    assert [row.total for row in schedule] == [88_85, 88_85, 849_93]


def test_in_multiples_of_a_euro() -> None:
    assert [principal for _, principal, _ in rows(amount=1_000_00, instalments=6, multiple_of=100)] == [
        167_00, 167_00, 167_00, 167_00, 167_00, 165_00,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("remainder", "totals"),
    [
        (Remainder.LAST, [33_33, 33_33, 33_34]),
        (Remainder.FIRST, [33_34, 33_33, 33_33]),
        (Remainder.EVEN, [33_33, 33_33, 33_34]),
        (Remainder.LAST_LOWER, [33_34, 33_34, 33_32]),
        (Remainder.LAST_HIGHER, [33_33, 33_33, 33_34]),
    ],
)
def test_who_takes_the_remainder(remainder: Remainder, totals: list[int]) -> None:
    assert [principal for _, principal, _ in rows(instalments=3, remainder=remainder)] == totals


@pytest.mark.parametrize(
    ("amount", "instalments", "rate", "multiple_of", "totals"),
    [
        (1_000_00, 60, "24", 1, (28_71, 28_77, 28_79)),
        (200_000_00, 240, "6", 1, (1_433_13, 1_432_86, 1_432_88)),
        (1_000_00, 36, "19.9", 100, (40_07, 37_00, 37_01)),
        (1_000_00, 60, "36", 1, (36_21, 36_13, 36_12)),
        (1_000_00, 60, "36", 100, (39_80, 36_00, 36_00)),
        (5_000_00, 48, "29.9", 100, (172_57, 180_00, 180_00)),
    ],
)
def test_the_first_takes_what_the_last_would_grow_to(
    amount: int, instalments: int, rate: str, multiple_of: int, totals: tuple[int, int, int]
) -> None:
    """Each cent on the first spares the last its growth: of all first instalments these leave it least odd."""
    terms = Terms(**MONTHLY, instalments=instalments, rate_percent=Decimal(rate), multiple_of=multiple_of,
                  remainder=Remainder.FIRST)  # fmt: skip
    first, *equal, last = [row.total for row in build_schedule(terms, amount, date(2026, 1, 15))]
    assert (first, *set(equal), last) == totals


@pytest.mark.parametrize(
    ("rounding", "interest"),
    [(Rounding.DOWN, 8), (Rounding.HALF_EVEN, 8), (Rounding.HALF_UP, 9), (Rounding.UP, 9)],
)
def test_interest_is_rounded_by_name(rounding: Rounding, interest: int) -> None:
    """10.20 at 10 % for a month is 8.5 cents."""
    terms = Terms(**MONTHLY, instalments=2, rate_percent=Decimal(10), rounding=rounding)
    assert build_schedule(terms, 10_20, JAN_1)[0].interest == interest


def test_a_down_payment_inside_the_schedule_is_number_zero() -> None:
    schedule = build_schedule(Terms(down_payment_bps=2500, down_payment_at=DownPaymentAt.SCHEDULE), 100_00, JAN_1)
    assert [(row.number, row.due_on.day, row.principal) for row in schedule][:2] == [(0, 1, 25_00), (1, 15, 18_75)]
    assert [row.is_down_payment for row in schedule] == [True, False, False, False, False]


def test_a_down_payment_at_the_checkout_is_no_row() -> None:
    assert [principal for _, principal, _ in rows(down_payment=20_00)] == [20_00] * 4


def test_costs() -> None:
    costs = (
        Cost("account", amount=100, due=FeeDue.EACH),
        Cost("setup", amount=10, bps=100, due=FeeDue.SPREAD),
        Cost("delivery", amount=500, due=FeeDue.FIRST),
        Cost("service", bps=200, due=FeeDue.UP_FRONT),
        Cost("subsidy", amount=900, due=FeeDue.EACH, payer=Payer.MERCHANT),
    )
    terms = Terms(costs=costs)
    rows = build_schedule(terms, 100_00, JAN_1)
    assert [row.fee for row in rows] == [200, 628, 128, 127, 127]
    assert (rows[0].is_down_payment, rows[0].due_on, rows[0].principal) == (True, JAN_1, 0)


@pytest.mark.parametrize(("at", "paid_first"), [(DownPaymentAt.CHECKOUT, 0), (DownPaymentAt.SCHEDULE, 25_00)])
def test_costs_up_front_stand_beside_the_down_payment(at: DownPaymentAt, paid_first: int) -> None:
    """They are a share of what is financed: 2 % of 75.00."""
    terms = Terms(down_payment_bps=2500, down_payment_at=at, costs=(Cost("service", bps=200),))
    first, *instalments = build_schedule(terms, 100_00, JAN_1)
    assert (first.number, first.due_on, first.principal, first.fee) == (0, JAN_1, paid_first, 1_50)
    assert sum(row.principal for row in instalments) == 75_00


def test_due_dates_move_off_holidays_and_interest_does_not() -> None:
    """1 May and a Sunday in June, in Bavaria."""
    terms = MONTHLY | {"instalments": 3, "rate_percent": Decimal(12), "calendar": "DE-BY"}
    kept = rows(date(2025, 4, 1), **terms)
    moved = rows(date(2025, 4, 1), **terms, non_business_day=NonBusinessDay.FOLLOWING)
    assert [day for day, *_ in kept] == ["05-01", "06-01", "07-01"]
    assert [day for day, *_ in moved] == ["05-02", "06-02", "07-01"]
    assert [money for _, *money in moved] == [money for _, *money in kept]


@pytest.mark.parametrize(
    ("terms", "amount", "pointer"),
    [
        ({"instalments": 0}, 100_00, "/instalments"),
        ({"every": 0}, 100_00, "/every"),
        ({"rate_percent": Decimal(-1)}, 100_00, "/rate_percent"),
        ({"rate_percent": Decimal("NaN")}, 100_00, "/rate_percent"),
        ({"rate_percent": Decimal("Infinity")}, 100_00, "/rate_percent"),
        ({"first_due_on": date(2024, 12, 31)}, 100_00, "/first_due_on"),
        ({}, 0, "/down_payment"),
        ({"down_payment": 100_00}, 100_00, "/down_payment"),
        ({"balloon": 100_01}, 100_00, "/balloon"),
        ({"grace_principal": 4}, 100_00, "/grace_principal"),
        ({"grace_interest": 4}, 100_00, "/grace_interest"),
        ({"amortized_over": 3}, 100_00, "/amortized_over"),
        ({"anchor_day": 31}, 100_00, "/anchor_day"),
        ({"calendar": "XX", "non_business_day": NonBusinessDay.FOLLOWING}, 100_00, "/calendar"),
        ({"calendar": "DE-XX", "non_business_day": NonBusinessDay.FOLLOWING}, 100_00, "/calendar"),
        ({"first_due_days": 0, "down_payment": 1, "down_payment_at": DownPaymentAt.SCHEDULE}, 100_00,
         "/first_due_days"),
        (MONTHLY | {"first_due_days": 3000, "rate_percent": Decimal(60), "instalments": 12, "interest": Interest.DAILY},
         100_00, "/uncovered_interest"),
    ],
)  # fmt: skip
def test_impossible_terms_are_refused(terms: dict[str, Any], amount: int, pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        build_schedule(Terms(**terms), amount, JAN_1)
    assert refused.value.code is Code.IMPOSSIBLE_TERMS
    assert refused.value.pointer == pointer
    assert refused.value.detail.endswith(".")


def test_terms_are_short_as_json() -> None:
    document = b'{"instalments":12,"every":1,"unit":"month","rate_percent":"9.4822"}'
    terms = msgspec.json.decode(document, type=Terms)
    assert terms.rate_percent == Decimal("9.4822")
    assert msgspec.json.encode(terms) == document
    assert msgspec.json.encode(Terms()) == b"{}"


@pytest.mark.parametrize("document", [b'{"instalments":0}', b'{"colour":"red"}', b'{"every":"1"}', b'{"unit":"moon"}'])
def test_other_documents_are_not_terms(document: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(document, type=Terms)
