"""The European rate and the internal rate of return: dates, print, refusals, and that a rate put back balances."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.errors import Code, Refused
from service.terms.annuity import annuity_factor
from service.terms.apr import Apr, AprMethod, as_apr, effective_apr, effective_rate, irr, rates_for, timed_rate
from service.terms.apr_us import timed_rate as us_timed_rate
from service.terms.discounting import ONE, Lattice, discount_factor, power, runs_of, ten_decimals, worth
from service.terms.intervals import interval_years, lattice_of, months_after
from service.terms.terms import Unit
from tests import properties  # noqa: F401 - loads the profile

START = date(2026, 1, 15)


def monthly(count: int, amount: int, last: int | None = None) -> tuple[tuple[date, int], ...]:
    amounts = [amount] * (count - 1) + [amount if last is None else last]
    return tuple((months_after(START, k), each) for k, each in enumerate(amounts, 1))


@pytest.mark.parametrize(
    ("payments", "value", "printed"),
    [
        (monthly(12, 100_00), "0.0000", "0.0"),
        (monthly(12, 106_62), "12.6854", "12.7"),  # 1200.00 at 12 % nominal
        (((date(2027, 1, 15), 1347_00),), "12.2500", "12.3"),  # a half rounds up
        (((date(2027, 1, 15), 1346_99),), "12.2492", "12.2"),
        (((date(2027, 1, 15), 1199_40),), "-0.0500", "-0.1"),
        (((date(2027, 1, 15), 1200_01),), "0.0008", "0.0"),
        (((date(2026, 1, 16), 1201_00),), "35.5323", "35.5"),  # a day
    ],
)
def test_effective_apr(payments: tuple[tuple[date, int], ...], value: str, printed: str) -> None:
    assert effective_apr(((START, 1200_00),), payments) == Apr(AprMethod.EU_EFFECTIVE, value, printed)


@pytest.mark.parametrize(
    ("rate", "value", "printed"),
    [
        (0, "0.0000", "0.0"),
        (64_499_999_999, "6.4500", "6.4"),  # not rounded twice
        (64_500_000_000, "6.4500", "6.5"),
        (-64_500_000_000, "-6.4500", "-6.5"),
        (999_999_999_999, "100.0000", "100.0"),
        (-400_000, "0.0000", "0.0"),  # no minus before a nought
    ],
)
def test_print(rate: int, value: str, printed: str) -> None:
    assert as_apr(AprMethod.EU_EFFECTIVE, rate) == Apr(AprMethod.EU_EFFECTIVE, value, printed)


@pytest.mark.parametrize(
    ("drawn_on", "paid_on", "unit", "years"),
    [
        ("2026-01-31", "2026-02-28", Unit.MONTH, "1/12"),  # last day to last day
        ("2026-01-30", "2026-02-28", Unit.MONTH, "1/12"),
        ("2026-02-28", "2026-03-31", Unit.MONTH, "1/12"),
        ("2026-01-15", "2026-02-14", Unit.MONTH, "30/365"),
        ("2026-01-15", "2026-02-15", Unit.MONTH, "1/12"),
        ("2026-01-15", "2026-02-16", Unit.MONTH, "1/12 1/365"),
        ("2024-02-28", "2024-03-01", Unit.MONTH, "2/366"),  # the year that ends on 1 March 2024 has a 29 February
        ("2026-01-15", "2026-01-15", Unit.MONTH, "0"),
        ("2026-02-15", "2026-01-15", Unit.MONTH, "-1/12"),
        ("2026-01-01", "2026-01-15", Unit.WEEK, "2/52"),
        ("2026-01-01", "2026-01-16", Unit.WEEK, "2/52 1/365"),
        ("2026-01-01", "2026-01-15", Unit.DAY, "14/365"),
        ("2024-02-15", "2024-03-16", Unit.DAY, "30/366"),  # remark (c)(iii): the year back from 16 March 2024
        ("2024-01-29", "2024-02-28", Unit.DAY, "30/365"),
        ("2024-01-29", "2024-02-29", Unit.DAY, "31/366"),
        ("2024-02-29", "2025-02-27", Unit.DAY, "364/366"),
        ("2025-01-30", "2025-03-01", Unit.DAY, "30/365"),
        ("2026-01-01", "2027-02-05", Unit.DAY, "1 35/365"),
        ("2023-06-01", "2024-06-11", Unit.DAY, "1 10/365"),  # the year is counted back to 11 June 2023, then ten days
        ("2026-01-01", "2026-02-16", Unit.HALF_MONTH, "3/24"),
        ("2026-01-01", "2026-02-15", Unit.HALF_MONTH, "1/12 14/365"),
        ("2024-02-29", "2026-02-28", Unit.YEAR, "2"),
        ("2025-01-15", "2026-07-15", Unit.YEAR, "1 181/365"),
    ],
)
def test_interval(drawn_on: str, paid_on: str, unit: Unit, years: str) -> None:
    found = interval_years(date.fromisoformat(drawn_on), date.fromisoformat(paid_on), unit)
    assert found == sum(map(Fraction, years.split()))


@pytest.mark.parametrize(
    ("advances", "payments", "code"),
    [
        ({}, {1: 5}, Code.NO_APR),
        ({0: 100}, {}, Code.NO_APR),
        ({0: 100}, {1: 0}, Code.NO_APR),
        ({1: 100}, {0: 110}, Code.NO_APR),  # paid before anything is lent
        ({0: 100}, {0: 110}, Code.NO_APR),  # all on one day
        ({0: 1000, 2: 1600}, {1: 2500}, Code.NO_APR),  # never balanced
        ({0: 1000, 2: 1320}, {1: 2300}, Code.SEVERAL_APRS),  # 10 % and 20 %
        ({1: 2300}, {0: 1000, 2: 1320}, Code.SEVERAL_APRS),
        ({0: 1}, {1: 10**17}, Code.NO_APR),  # above 10**16 %
        ({0: 10**9}, {1: 1}, Code.NO_APR),  # below -99.9 %
        ({0: 1}, {100: 10**15}, Code.NO_APR),  # a discount does not have that many places
    ],
)
def test_refused(advances: dict[int, int], payments: dict[int, int], code: Code) -> None:
    with pytest.raises(Refused) as refused:
        timed_rate(*([(Fraction(year), amount) for year, amount in side.items()] for side in (advances, payments)))
    assert refused.value.code is code


@pytest.mark.parametrize(
    ("advances", "payments", "rate"),
    [
        ({0: 1000, 2: 50}, {1: 1200}, "15.6776436283"),  # a cashback at the end: one price, and one absurd root
        ({0: 30_000}, {-1: 150, 1: 33_000}, "10.6117479391"),  # a fee a year before
        ({0: 100}, {0: 100}, "0"),
        ({0: 1000}, {1: 500}, "-50"),
        ({0: 1}, {1: 1_000_000_000}, "99999999900"),
        ({0: 100_00}, {1: 100_100_00}, "100000"),
        ({0: 1_000_000}, {1: 1_001}, "-99.8999"),
        ({0: 5995_75}, {1: 5995_75, 2: 1998_58, 3: 1998_58}, "40.5785686228"),  # a payment equals what was lent
    ],
)
def test_the_one_rate(advances: dict[int, int], payments: dict[int, int], rate: str) -> None:
    lent, paid = ([(Fraction(year), amount) for year, amount in side.items()] for side in (advances, payments))
    assert abs(timed_rate(lent, paid) - Decimal(rate)) <= Decimal("1e-9")


@pytest.mark.parametrize("decimals", [6, 9, 12, 15, 20])
def test_times_as_long_decimals(decimals: int) -> None:
    """A twelfth written out: the rate of the times as written, which no common step of a size divides."""
    times = [round(Decimal(k) / 12, decimals) for k in range(1, 13)]
    found = timed_rate([(Fraction(0), 1000_00)], [(Fraction(time), 89_00) for time in times])
    worth: Decimal = sum((89 / (1 + found / 100) ** time for time in times), Decimal(0))
    assert abs(worth - 1000) < Decimal("1e-9")


def test_irr() -> None:
    """The annex of the notice: 120,000 in 12 instalments of 10,800 is not 8 % but 14.28 % simple, 15.25 % compound."""
    nominal, effective = irr(((START, 120_000_00),), monthly(12, 10_800_00))
    assert (nominal.method, nominal.printed) == (AprMethod.IRR_NOMINAL, "14.45")
    assert (effective.method, effective.printed) == (AprMethod.IRR_EFFECTIVE, "15.45")


@pytest.mark.parametrize(
    ("jurisdiction", "methods"),
    [
        ("DE", [AprMethod.EU_EFFECTIVE]),
        ("GB", [AprMethod.EU_EFFECTIVE]),
        ("US", [AprMethod.US_ACTUARIAL]),
        ("CN", [AprMethod.IRR_EFFECTIVE, AprMethod.IRR_NOMINAL]),
    ],
)
def test_each_law_has_its_method(jurisdiction: str, methods: list[AprMethod]) -> None:
    rates = rates_for(jurisdiction, ((START, 1200_00),), monthly(12, 106_62), Unit.MONTH)
    assert [apr.method for apr in rates] == methods


# Properties

amounts = st.integers(1, 10**9)
credits_ = st.tuples(
    st.lists(st.tuples(st.integers(0, 200), amounts), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(201, 4000), amounts), min_size=1, max_size=40),
)


def left_over(flows: list[tuple[int, int]]) -> tuple[int, int]:
    """What is left over at the factor that was found, and the largest part of it; a series that loses more than
    99.9 % a year has none.
    """
    nets = [amount for _, amount in flows]
    lattice = lattice_of(Fraction(day, 365) for day, _ in flows)
    try:
        v = discount_factor(nets, lattice)
    except Refused:
        assert sum(amount * Decimal(1024) ** (Decimal(day) / 365) for day, amount in flows) < 0
        assume(condition=False)
    parts = [amount * power(v, step - lattice.steps[0]) for amount, step in zip(nets, lattice.steps, strict=True)]
    return sum(parts), max(*map(abs, parts), *(abs(amount) * ONE for amount in nets))


@given(credits_)
def test_a_rate_put_back_balances(credit: tuple[list[tuple[int, int]], list[tuple[int, int]]]) -> None:
    """The discounted flows add up to nothing, within half a minor unit, at the factor that was found."""
    lent, paid = credit
    total, largest = left_over(sorted([(day, -amount) for day, amount in lent] + paid))
    assert abs(total) <= max(ONE // 2, largest // 10**11)


@given(st.integers(100_00, 10**9), st.integers(1, 100_00), st.integers(1, 120))
def test_more_paid_is_a_higher_rate(lent: int, extra: int, count: int) -> None:
    level = -(-lent // count)
    low, high = (effective_rate(((START, lent),), monthly(count, amount)) for amount in (level, level + extra))
    assert 0 <= low < high


@given(
    st.lists(st.integers(-(10**9), 10**9).filter(bool), min_size=2, max_size=30), st.integers(ONE // 2, ONE + ONE // 50)
)
def test_a_run_is_worth_its_payments(flows: list[int], v: int) -> None:
    """Discounted as runs or one by one: the same, within what the last places carry."""
    repeated = [amount for amount in flows for _ in range(1 + abs(amount) % 4)]
    lattice = Lattice.of(tuple(range(len(repeated))), 12)
    value, _ = worth(runs_of(repeated, lattice), v)
    singly = sum(
        amount * factor
        for amount, factor in zip(
            repeated, accumulate([ONE] + [v] * len(repeated[1:]), lambda a, b: a * b // ONE), strict=True
        )
    )
    assert abs(value / 2**64 - singly / ONE) < 1e-3


@given(
    st.integers(100_00, 10**9), st.integers(1, 240), st.integers(0, 50_000), st.integers(-50, 50),
    st.sampled_from([1, 3, 5, 6, 12]),
)  # fmt: skip
def test_an_annuity_in_closed_form_is_the_same(lent: int, count: int, bps: int, odd: int, months: int) -> None:
    rate = Fraction(bps * months, 120_000)
    level = max(1, round(lent * (rate / (1 - (1 + rate) ** -count) if bps else Fraction(1, count))))
    paid = [level] * (count - 1) + [max(1, level + odd)]
    lattice = lattice_of((Fraction(k * months, 12) for k in range(count + 1)), 12)
    found = annuity_factor([lent, *paid], lattice)
    if found is None:  # left to the general way
        assert 12 % months or count * months > 60 or bps > 2_000 or sum(paid) - lent <= lent // 10**6
    else:
        general = ten_decimals(discount_factor([-lent, *paid], lattice), lattice.per_year)
        assert abs(ten_decimals(*found) - general) <= 1 + general // 10**11


@given(st.integers(100_00, 10**9), st.integers(1, 60), st.integers(0, 5000))
def test_without_odd_days_the_american_rate_compounds_to_the_european(lent: int, count: int, bps: int) -> None:
    monthly_rate = Fraction(bps, 120_000)
    level = round(lent * (monthly_rate / (1 - (1 + monthly_rate) ** -count) if bps else Fraction(1, count)))
    assume(level * count >= lent)
    paid = [(Fraction(k, 12), level) for k in range(1, count + 1)]
    effective = timed_rate([(Fraction(0), lent)], paid)
    nominal = us_timed_rate([Fraction(k) for k in range(count + 1)], [-lent] + [level] * count, Fraction(12))
    compounded = ((1 + Fraction(nominal, 12 * 10**12)) ** 12 - 1) * 100
    assert abs(compounded - Fraction(effective)) < Fraction(1, 10**7)


@given(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(0, 4000), st.sampled_from(list(Unit)))
def test_an_interval_is_about_its_days(drawn_on: date, days: int, unit: Unit) -> None:
    years = interval_years(drawn_on, drawn_on + timedelta(days=days), unit)
    assert abs(years - Fraction(days, 365)) < Fraction(days, 365) * Fraction(1, 20) + Fraction(4, 365)
