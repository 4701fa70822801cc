"""Settling early in the United Kingdom: the Schedule's examples, and what they leave open."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from service.errors import Code, Refused
from service.terms.early_settlement import part_settlement
from service.terms.schedule import Instalment, build_schedule
from service.terms.terms import Terms, Unit
from service.terms.uk_settlement import (
    actuarial_balance,
    growth,
    per_year_of,
    periodic_rate,
    periods_after_first,
    uk_settlement,
    uk_settlement_date,
)
from tests import properties  # noqa: F401 - loads the profile

MONTHLY = Terms(instalments=48, every=1, unit=Unit.MONTH)
START = date(2026, 1, 15)


def rows_of(terms: Terms, total: int, start_on: date = START) -> tuple[Instalment, ...]:
    """Instalments of `total`, all principal: a printed schedule of which only the totals are known."""
    return build_schedule(terms, terms.instalments * total, start_on)


@pytest.mark.parametrize(
    ("settle_on", "rebate", "amount"),
    [
        (date(2027, 1, 15), 860_52, 3984_00),  # on the 12th payment: SI 2004/1483, Schedule, example 1
        (date(2027, 2, 12), 821_03, 4023_49),  # 28 days of 31 later: example 1b
        (date(2029, 12, 15), 1_36, 133_21),  # one to go
        (date(2030, 1, 15), 0, 0),  # all paid
        (date(2031, 1, 1), 0, 0),
    ],
)
@pytest.mark.parametrize("down_payment", [0, 500_00])
def test_uk_settlement(settle_on: date, rebate: int, amount: int, down_payment: int) -> None:
    """A down payment is a row of the schedule and no period of it."""
    rows = rows_of(MONTHLY, 134_57)
    if down_payment:
        rows = (Instalment(0, START, down_payment), *rows)
    figure = uk_settlement(MONTHLY, rows, 5000_00, START, settle_on, Decimal(14))
    assert (figure.rebate, figure.amount) == (rebate, amount)
    assert figure.unpaid - figure.rebate == figure.amount


@pytest.mark.parametrize(
    ("settle_on", "amount"),
    [
        (date(2026, 1, 1), 5000_00),  # before the start nothing was earned
        (date(2026, 2, 1), 5000_00),
        (date(2026, 3, 3), 5055_79),  # 16/31 of a period until 17 February, 14/28 after it
        (date(2026, 3, 17), 4948_89),  # 1 16/31 periods, less the first instalment
    ],
)
def test_a_long_first_period(settle_on: date, amount: int) -> None:
    terms = structs.replace(MONTHLY, first_due_on=date(2026, 3, 17))
    rows = rows_of(terms, 134_57, date(2026, 2, 1))
    assert uk_settlement(terms, rows, 5000_00, date(2026, 2, 1), settle_on, Decimal(14)).amount == amount


def test_before_the_start_a_down_payment_is_still_to_be_paid() -> None:
    rows = (Instalment(0, START, 500_00), *rows_of(MONTHLY, 134_57))
    figure = uk_settlement(MONTHLY, rows, 5000_00, START, date(2026, 1, 1), Decimal(14))
    assert (figure.amount, figure.rebate) == (5500_00, 48 * 134_57 - 5000_00)


@pytest.mark.parametrize(
    ("every", "unit", "on", "periods"),
    [
        (1, Unit.MONTH, "2026-02-15", "0"),
        (1, Unit.MONTH, "2026-01-15", "-1"),
        (1, Unit.MONTH, "2026-03-01", "14/28"),
        (3, Unit.MONTH, "2026-07-01", "77/91"),
        (2, Unit.WEEK, "2026-02-12", "1"),
        (14, Unit.DAY, "2026-02-13", "1 1/14"),
        (1, Unit.YEAR, "2026-01-15", "-1"),
    ],
)
def test_where_a_day_stands(every: int, unit: Unit, on: str, periods: str) -> None:
    terms = Terms(instalments=12, every=every, unit=unit)
    expected = sum(map(Fraction, periods.split()))
    assert periods_after_first(terms, START, date.fromisoformat(on)) == expected


@pytest.mark.parametrize(
    ("every", "unit", "per_year"),
    [(1, Unit.MONTH, 12), (3, Unit.MONTH, 4), (14, Unit.DAY, 26), (2, Unit.WEEK, 26), (1, Unit.HALF_MONTH, 24),
     (10, Unit.DAY, Fraction(73, 2)), (2, Unit.YEAR, Fraction(1, 2))],
)  # fmt: skip
def test_periods_in_a_year(every: int, unit: Unit, per_year: Fraction) -> None:
    assert per_year_of(Terms(instalments=12, every=every, unit=unit)) == per_year


WHOLE = uk_settlement(MONTHLY, rows_of(MONTHLY, 134_57), 5000_00, START, date(2027, 1, 15), Decimal(14))


@pytest.mark.parametrize(
    ("paid", "compensation", "rebate", "left"),
    [
        (1000_00, 0, 216_00, 3628_52),  # 860.52 of 3,984.00: 215.994 of every 1,000.00, rounded up
        (3983_99, 0, 860_52, 1),
        (1, 0, 1, 4844_50),
        (1000_00, 10_00, 213_84, 3640_68),
    ],
)
def test_a_part_paid_early(paid: int, compensation: int, rebate: int, left: int) -> None:
    part = part_settlement(WHOLE, paid, compensation)
    assert (part.rebate, part.left) == (rebate, left)
    assert part.discharged == paid + rebate - compensation == WHOLE.unpaid - left


@pytest.mark.parametrize(("paid", "compensation"), [(3984_00, 0), (3994_00, 10_00), (0, 0), (10_00, 10_00)])
def test_no_part(paid: int, compensation: int) -> None:
    with pytest.raises(Refused) as refused:
        part_settlement(WHOLE, paid, compensation)
    assert refused.value.pointer == "/paid"


@given(st.integers(1, 3983_99))
def test_a_part_leaves_what_is_worth_the_rest(paid: int) -> None:
    """The instalments still to come, all lowered in one proportion, are worth the balance less the payment, less at
    most the cent by which the rebate is rounded up.
    """
    part = part_settlement(WHOLE, paid)
    balance = WHOLE.unpaid - WHOLE.rebate
    worth = Fraction(part.left * balance, WHOLE.unpaid)
    assert 0 <= balance - paid - worth < 1


@pytest.mark.parametrize(
    ("apr", "periods", "rate"),
    [("14", 12, "0.010979"), ("16", 12, "0.012445"), ("0", 12, "0"), ("100", 1, "1"), ("14", 52, "0.002523")],
)
def test_periodic_rate(apr: str, periods: int, rate: str) -> None:
    assert periodic_rate(Decimal(apr), periods) == Fraction(rate)


@pytest.mark.parametrize(
    ("ends_on", "is_monthly", "deferred", "settle_on"),
    [
        (date(2028, 1, 15), True, False, date(2026, 5, 29)),
        (date(2028, 1, 15), True, True, date(2026, 6, 29)),
        (date(2028, 1, 15), False, True, date(2026, 6, 28)),
        (date(2027, 1, 16), True, True, date(2026, 6, 29)),
    ],
)
def test_uk_settlement_date(ends_on: date, is_monthly: bool, deferred: bool, settle_on: date) -> None:
    notice_on = date(2026, 5, 1)
    found = uk_settlement_date(notice_on, ends_on, start_on=START, is_monthly=is_monthly, deferred=deferred)
    assert found == settle_on


def test_a_year_may_not_be_deferred() -> None:
    with pytest.raises(Refused, match="more than a year") as refused:
        uk_settlement_date(START, date(2027, 1, 15), start_on=START, is_monthly=True, deferred=True)
    assert refused.value.code is Code.IMPOSSIBLE_TERMS


@given(st.integers(0, 600), st.fractions(0, 60, max_denominator=31))
def test_growth_adds_up(bps: int, periods: Fraction) -> None:
    base = 1 + Fraction(bps, 10_000)
    assert abs(growth(base, periods) * growth(base, 60 - periods) - base**60) < Fraction(1, 1 << 60)


@pytest.mark.parametrize(("repaid", "balance"), [(10_241, 92_597), (10_242, 92_596), (10_243, 92_595)])
def test_half_a_unit_that_is_owed_is_rounded_up(repaid: int, balance: int) -> None:
    """1,000.00 grown by 2.8375 % is 102,837.5 exactly: whole periods lose nothing on the way."""
    rate = periodic_rate(Decimal("39.9"), 12)
    assert rate == Fraction("0.028375")
    assert actuarial_balance([(Fraction(1), 1000_00)], [(Fraction(0), repaid)], rate) == balance
