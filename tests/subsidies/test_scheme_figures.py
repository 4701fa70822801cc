"""What schemes pay, in worked figures: buy-downs, interest with its caps, vouchers, and the claims of their funders."""

from datetime import date
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Refused
from service.subsidies.buy_down import bought_down, income_by_period, income_of, returned, unearned
from service.subsidies.claim import Granted, claim_lines, claim_text
from service.subsidies.interest import Used, counted_share, is_small, paid_of, rate_of, share_paid, within_caps
from service.subsidies.scheme import (
    BuyDownPart,
    Funder,
    FunderKind,
    InterestPart,
    SchemeDocument,
    VoucherPart,
    covers,
    require_scheme,
    shares_of,
)
from service.subsidies.voucher import Back, back, times_of, worth

YEAR = [1_000_00] * 12
STATE = (Funder("central", FunderKind.STATE, 9_000), Funder("province", FunderKind.STATE, 1_000))
INTEREST = InterestPart(
    rate_bps=100, contract_share_bps=5_000, spend_max=50_000_00, small_max=50_000_00, small_person_max=1_000_00,
    person_max=3_000_00,
)  # fmt: skip
TRADE_IN = VoucherPart({"1": 2_000, "2": 1_500}, 2_000_00, times={"air conditioner": 3})
PHONES = VoucherPart({"1": 1_500}, 500_00, price_max=6_000_00)


# Buy-downs ------------------------------------------------------------------------------------------------------------


def test_a_year_without_interest_costs_the_merchant_what_the_lender_would_have_earned() -> None:
    assert bought_down(12_000_00, YEAR, 900) == 565_09
    incomes = income_by_period(12_000_00, YEAR, 900)
    assert (incomes[0], incomes[-1], sum(incomes)) == (85_76, 7_44, 565_09)
    assert sorted(incomes, reverse=True) == incomes
    assert unearned(incomes, 3) == 328_42
    assert returned(unearned(incomes, 3), 9_000_00, 9_000_00) == 328_42
    assert returned(unearned(incomes, 3), 4_500_00, 9_000_00) == 164_21


@given(
    st.lists(st.integers(1, 10**7), min_size=1, max_size=36),
    st.integers(1, 10_000),
    st.sampled_from([Fraction(12), Fraction(26), Fraction(365, 45)]),
)
def test_all_that_was_paid_in_becomes_income_and_never_more(
    payments: list[int], yield_bps: int, periods: Fraction
) -> None:
    lent = sum(payments)
    paid_in = bought_down(lent, payments, yield_bps, periods)
    incomes = income_by_period(lent, payments, yield_bps, periods)
    assert 0 <= paid_in < lent or lent < 2
    assert sum(incomes) == paid_in
    assert min(incomes) >= 0
    for ended, so_far in enumerate(accumulate(incomes), start=1):
        assert so_far + unearned(incomes, ended) == paid_in


@given(
    st.lists(st.integers(1, 10**7), min_size=1, max_size=24), st.integers(1, 10_000),
    st.lists(st.integers(0, 10_000), max_size=24),
)  # fmt: skip
def test_whatever_comes_back_between_all_is_income_or_returned(
    payments: list[int], yield_bps: int, refunds: list[int]
) -> None:
    incomes = income_by_period(sum(payments), payments, yield_bps)
    left, earned, back = sum(incomes), 0, 0
    for period in range(len(incomes)):
        income = left if period == len(incomes) - 1 else income_of(incomes, period, left)
        assert 0 <= income <= left
        left, earned = left - income, earned + income
        share = returned(left, refunds[period], 10_000) if period < len(refunds) else 0
        left, back = left - share, back + share
    assert (left, earned + back) == (0, sum(incomes))


# Interest -------------------------------------------------------------------------------------------------------------


def interest_of(amount: int, monthly: int, rate_bps: int, months: int) -> list[int]:
    """A level plan's, month by month."""
    interest, owed = list[int](), amount
    for _ in range(months):
        interest.append((owed * rate_bps + 60_000) // 120_000)
        owed -= monthly - interest[-1]
    return interest


def test_a_scheme_of_one_per_cent_pays_a_sixth_of_six() -> None:
    interest = interest_of(12_000_00, 1_032_80, 600, 12)
    assert sum(interest) == 393_58
    share = share_paid(INTEREST, 600, 12_000_00)
    assert share == Fraction(1, 6)
    upto = [0, *(paid_of(share, so_far) for so_far in accumulate(interest))]
    months = [after - before for before, after in pairwise(upto)]
    assert (months[0], sum(months)) == (10_00, 65_60)
    assert shares_of(STATE, 0, 65_60) == [59_04, 6_56]
    by_month = [shares_of(STATE, before, after - before) for before, after in pairwise([0, *accumulate(months)])]
    assert [sum(column) for column in zip(*by_month, strict=True)] == [59_04, 6_56]


@pytest.mark.parametrize(
    ("contract_bps", "rate"), [(600, "1/100"), (200, "1/100"), (199, "199/20000"), (150, "3/400"), (0, "0")]
)
def test_the_rate_is_at_most_half_of_the_contracts(contract_bps: int, rate: str) -> None:
    assert rate_of(INTEREST, contract_bps) == Fraction(rate)


@pytest.mark.parametrize(
    ("spend", "share"),
    [(80_000_00, "5/8"), (50_000_00, "1"), (50_000_01, "5000000/5000001"), (1_00, "1")],
)
def test_of_a_dear_purchase_a_part_counts(spend: int, share: str) -> None:
    assert counted_share(INTEREST, spend) == Fraction(share)
    assert counted_share(InterestPart(100), spend) == 1


def test_a_car_of_80_000_counts_50_000() -> None:
    assert paid_of(share_paid(INTEREST, 600, 80_000_00), 400_00) == 41_67  # as of a month of 50,000.00 at 1 %
    assert share_paid(INTEREST, 600, 80_000_00) == Fraction(5, 8) / 6


@given(st.lists(st.integers(0, 10**7), max_size=36), st.integers(1, 5_000), st.integers(1, 10**8))
def test_however_interest_falls_due_the_scheme_pays_its_share_of_the_sum(
    interest: list[int], contract_bps: int, spend: int
) -> None:
    share = share_paid(INTEREST, contract_bps, spend)
    assert 0 <= share <= Fraction(1, 2)
    upto = [paid_of(share, so_far) for so_far in accumulate(interest, initial=0)]
    months = [after - before for before, after in pairwise(upto)]
    assert all(0 <= paid <= due for paid, due in zip(months, interest, strict=True))
    assert abs(sum(months) - share * sum(interest)) <= Fraction(1, 2)


def test_of_a_contract_without_interest_nothing_is_paid() -> None:
    assert share_paid(INTEREST, 0, 12_000_00) == 0


@pytest.mark.parametrize(
    ("used", "wanted", "small", "paid"),
    [
        (Used(2_950_00), 120_00, False, 50_00),
        (Used(3_000_00), 120_00, False, 0),
        (Used(0), 120_00, False, 120_00),
        (Used(500_00, 960_00), 120_00, True, 40_00),  # the cap of small purchases first
        (Used(960_00, 960_00), 120_00, False, 120_00),
        (Used(2_950_00, 900_00), 120_00, True, 50_00),
        (Used(1_000_00, 1_000_00), 1, True, 0),
    ],
)
def test_the_caps_of_a_person_at_a_lender(used: Used, wanted: int, small: bool, paid: int) -> None:
    assert within_caps(INTEREST, used, wanted, small=small) == paid
    assert within_caps(InterestPart(100), used, wanted, small=small) == wanted


@pytest.mark.parametrize(("spend", "small"), [(49_999_99, True), (50_000_00, False)])
def test_which_purchase_is_small(spend: int, small: bool) -> None:
    assert is_small(INTEREST, spend) is small


# Vouchers -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "price", "grade", "amount"),
    [
        (TRADE_IN, 7_999_00, "1", 1_599_80),
        (TRADE_IN, 12_500_00, "1", 2_000_00),
        (TRADE_IN, 3_299_00, "2", 494_85),
        (PHONES, 6_000_00, "1", 500_00),
        (PHONES, 3_000_00, "1", 450_00),
    ],
)
def test_what_a_voucher_is_worth(part: VoucherPart, price: int, grade: str, amount: int) -> None:
    assert worth(part, price, grade) == amount


@pytest.mark.parametrize(("price", "grade", "pointer"), [(100, "3", "/grade"), (6_000_01, "1", "/price")])
def test_what_a_scheme_has_nothing_for(price: int, grade: str, pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        worth(PHONES, price, grade)
    assert refused.value.pointer == pointer


@pytest.mark.parametrize(("type_", "times"), [("refrigerator", 1), ("air conditioner", 3)])
def test_one_of_each_type_and_three_air_conditioners(type_: str, times: int) -> None:
    assert times_of(TRADE_IN, type_) == times


def test_a_refund_gives_the_voucher_back_to_the_scheme() -> None:
    assert back(7_999_00, 1_599_80, 0, 7_999_00) == Back(1_599_80, 6_399_20)
    halves = [back(7_999_00, 1_599_80, 0, 3_999_50), back(7_999_00, 1_599_80, 3_999_50, 3_999_50)]
    assert [sum(one.to_scheme for one in halves), sum(one.to_consumer for one in halves)] == [1_599_80, 6_399_20]


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=9), st.integers(0, 10_000))
def test_however_it_comes_back_nobody_gets_more_than_they_gave(parts: list[int], bps: int) -> None:
    price, before = sum(parts), 0
    voucher = price * bps // 10_000
    scheme = consumer = 0
    for part in parts:
        one = back(price, voucher, before, part)
        before += part
        scheme, consumer = scheme + one.to_scheme, consumer + one.to_consumer
    assert (scheme, consumer) == (voucher, price - voucher)


# Schemes and claims ---------------------------------------------------------------------------------------------------

SCHEME = SchemeDocument(
    "Trade-in 2026", "CNY", STATE, date(2026, 1, 1), date(2026, 12, 31), categories=("appliances",), interest=INTEREST
)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"currency": "XXX"}, "/currency"),
        ({"funders": STATE[:1]}, "/funders"),
        ({"funders": (Funder("a", FunderKind.BRAND, 5_000), Funder("a", FunderKind.MERCHANT, 5_000))}, "/funders"),
        ({"ends_on": date(2025, 12, 31)}, "/ends_on"),
        ({"interest": None}, "/interest"),
        ({"buy_down": BuyDownPart(900)}, "/interest"),
    ],
)
def test_a_scheme_that_cannot_be(changes: dict[str, Any], pointer: str) -> None:
    require_scheme(SCHEME)
    fields = {name: getattr(SCHEME, name) for name in SCHEME.__struct_fields__}
    with pytest.raises(Refused) as refused:
        require_scheme(SchemeDocument(**fields | changes))
    assert refused.value.pointer == pointer


@pytest.mark.parametrize(
    ("category", "on", "small", "covered"),
    [
        ("appliances", date(2026, 1, 1), False, True),
        ("appliances", date(2025, 12, 31), False, False),
        ("appliances", date(2027, 1, 1), True, False),
        ("jewels", date(2026, 6, 1), False, False),
        ("jewels", date(2026, 6, 1), True, True),
        (None, date(2026, 6, 1), False, False),
    ],
)
def test_what_a_scheme_covers(category: str | None, on: date, small: bool, covered: bool) -> None:
    assert covers(SCHEME, category, on, is_small=small) is covered


@given(
    st.lists(st.integers(1, 5_000), min_size=2, max_size=5, unique=True), st.lists(st.integers(-500, 10**6), max_size=9)
)
def test_funders_bear_all_of_it_to_the_cent(weights: list[int], amounts: list[int]) -> None:
    shares = [weight * 10_000 // sum(weights) for weight in weights[:-1]]
    shares.append(10_000 - sum(shares))
    funders = [Funder(f"{number}", FunderKind.BRAND, share) for number, share in enumerate(shares)]
    total, borne = 0, [0] * len(funders)
    for amount in amounts:
        more = max(amount, -total)
        parts = shares_of(funders, total, more)
        assert sum(parts) == more
        total, borne = total + more, [a + b for a, b in zip(borne, parts, strict=True)]
    assert borne == shares_of(funders, 0, total)
    assert all(abs(one * 10_000 - total * share) <= 10_000 for one, share in zip(borne, shares, strict=True))


def test_a_claim_has_a_line_a_plan_and_what_is_taken_back_is_below_zero() -> None:
    granted = [
        Granted("pl_1", "interest", 12_000_00, 30, 100, 65_60, 0), Granted("pl_1", "interest", 0, 0, 0, -65_60, 65_60),
        Granted("pl_2", "voucher", 7_999_00, 0, 2_000, 1_599_80, 0),
    ]  # fmt: skip
    lines = claim_lines(STATE, granted)
    assert [line.amount for line in lines if line.funder == "central"] == [59_04, -59_04, 1_439_82]
    text = claim_text("sc_1", "CNY", date(2026, 3, 1), date(2026, 3, 31), lines, "central")
    assert text.splitlines()[1] == "sc_1,2026-03-01,2026-03-31,central,pl_1,interest,12000.00,30,100,CNY,59.04"
    assert text.splitlines()[-1] == "sc_1,2026-03-01,2026-03-31,central,,total,,,,CNY,1439.82"
    assert "'=x" in claim_text("sc_1", "CNY", date(2026, 3, 1), date(2026, 3, 31), [], "=x")
