"""Every method beside solvers that share nothing with ours: mpmath to 34 digits, and pyxirr.

A draw may pay what was lent, in one payment or in several: a series that looks like an annuity and is none.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import mpmath
import pytest
import pyxirr
from hypothesis import assume, given
from hypothesis import strategies as st

from service.errors import Refused
from service.terms.apr import effective_rate, irr, timed_rate
from service.terms.apr_us import actuarial_rate
from service.terms.apr_us import timed_rate as us_timed_rate
from service.terms.discounting import WorthAt, discount_factor, root
from service.terms.intervals import interval_years, lattice_of, months_after
from service.terms.terms import Unit
from tests import properties  # noqa: F401 - loads the profile

START = date(2024, 1, 31)
STEPS: dict[Unit, Callable[[int], date]] = {
    Unit.DAY: lambda k: START + timedelta(days=10 * k),
    Unit.WEEK: lambda k: START + timedelta(weeks=k),
    Unit.HALF_MONTH: lambda k: months_after(START, k // 2) + timedelta(days=15 * (k % 2)),
    Unit.MONTH: lambda k: months_after(START, k),
    Unit.YEAR: lambda k: months_after(START, 12 * k),
}
Times = list[mpmath.mpf]


@st.composite
def series(draw: st.DrawFn) -> tuple[int, list[int]]:
    """What is lent and what is paid: any amounts, often equal ones, and often the amount lent among them."""
    lent = draw(st.integers(1_00, 10**9))
    level = draw(st.sampled_from([lent, lent // 3 + 1]) | st.integers(1, 2 * lent))
    amount = st.sampled_from([level, level, level, lent, level + 1]) | st.integers(1, 2 * lent)
    paid = draw(st.lists(amount, min_size=1, max_size=8))
    assume(lent // 2 < sum(paid) < 30 * lent)
    return lent, paid


def solved(lent: int, worth: Callable[[mpmath.mpf], tuple[mpmath.mpf, mpmath.mpf]]) -> mpmath.mpf:
    """The rate at which the worth is what was lent. The logarithm of a discounted sum falls, and falls ever slower:
    Newton's steps on it come from the left and never pass the root.
    """
    rate, step = mpmath.mpf(-8), mpmath.mpf(1)
    while abs(step) > mpmath.mpf(10) ** -20:
        value, slope = worth(rate)
        step = mpmath.log(value / lent) * value / slope
        rate -= step
    return rate


def effective(lent: int, paid: list[int], years: Times) -> mpmath.mpf:
    """1 + X of one advance."""

    def worth(rate: mpmath.mpf) -> tuple[mpmath.mpf, mpmath.mpf]:
        parts = [amount * mpmath.exp(-rate * time) for amount, time in zip(paid, years, strict=True)]
        return mpmath.fsum(parts), -mpmath.fdot(parts, years)

    return mpmath.exp(solved(lent, worth))


def assert_near(percent: Decimal, factor: mpmath.mpf) -> None:
    """A rate in per cent and the same as a factor, within 2**-40 of the logarithm and half of the tenth decimal."""
    difference = abs(mpmath.mpf(str(percent)) / 100 + 1 - factor)
    assert difference <= factor * mpmath.mpf(2) ** -40 + mpmath.mpf("0.51e-12")


@pytest.fixture(autouse=True)
def many_digits() -> None:
    mpmath.mp.dps = 34


@given(series(), st.sampled_from(Unit))
def test_the_european_rate(flows: tuple[int, list[int]], unit: Unit) -> None:
    lent, paid = flows
    dated = tuple((STEPS[unit](k), amount) for k, amount in enumerate(paid, 1))
    years = [interval_years(START, on, unit) for on, _ in dated]
    in_decimals = [mpmath.mpf(each.numerator) / each.denominator for each in years]
    expected = effective(lent, paid, in_decimals)
    assume(expected < 10**10)
    assert_near(effective_rate(((START, lent),), dated, unit), expected)


@given(series())
def test_the_internal_rate_and_the_american_of_whole_months(flows: tuple[int, list[int]]) -> None:
    """The monthly rate: times twelve, compounded over a year, and times twelve again."""
    lent, paid = flows
    assume(len(paid) > 1)
    dated = tuple((months_after(START, k), amount) for k, amount in enumerate(paid, 1))
    monthly = effective(lent, paid, [mpmath.mpf(k) for k in range(1, len(paid) + 1)])
    assert_near(Decimal(actuarial_rate(((START, lent),), dated)).scaleb(-10) / 12, monthly)
    assume(monthly < 10)
    nominal, compound = irr(((START, lent),), dated)
    assert abs(mpmath.mpf(nominal.value) - 1200 * (monthly - 1)) < 0.000051
    assert abs(mpmath.mpf(compound.value) - 100 * (monthly**12 - 1)) < 0.000051 + 1e-9 * monthly**12


@given(series(), st.sampled_from([365, 52, 24, 12, 4, 1]), st.integers(0, 2), st.fractions(0, 1, max_denominator=31))
def test_the_american_rate(flows: tuple[int, list[int]], per_year: int, full: int, fraction: Fraction) -> None:
    """Appendix J, (b)(8): each payment over `(1 + f i) (1 + i) ** t`."""
    lent, paid = flows
    times = [full + fraction % 1 + k for k in range(1, len(paid) + 1)]
    odd = mpmath.mpf((fraction % 1).numerator) / (fraction % 1).denominator

    def worth(r: mpmath.mpf) -> tuple[mpmath.mpf, mpmath.mpf]:
        growth = mpmath.exp(r)
        first = 1 + odd * (growth - 1)
        parts = [amount / (first * growth ** int(time)) for amount, time in zip(paid, times, strict=True)]
        at = [int(time) + odd * growth / first for time in times]
        return mpmath.fsum(parts), -mpmath.fdot(parts, at)

    found = Decimal(us_timed_rate([Fraction(0), *times], [-lent, *paid], Fraction(per_year))).scaleb(-10)
    assert_near(found / per_year, mpmath.exp(solved(lent, worth)))


days = st.integers(1, 4000)
several = st.lists(st.tuples(st.integers(0, 60), st.integers(1_00, 10**7)), min_size=1, max_size=3)


@given(several, st.lists(st.tuples(days, st.integers(1_00, 10**7)), min_size=1, max_size=12))
def test_any_days_over_365(lent: list[tuple[int, int]], paid: list[tuple[int, int]]) -> None:
    """pyxirr's `xirr`; several advances, payments on any day after them."""
    paid = [(60 + day, amount) for day, amount in paid]
    assume(sum(a for _, a in lent) < 20 * sum(a for _, a in paid) < 400 * sum(a for _, a in lent))
    flows = [(day, -amount) for day, amount in lent] + paid
    theirs = pyxirr.xirr([START + timedelta(days=day) for day, _ in flows], [amount for _, amount in flows])
    assume(theirs is not None and -0.99 < theirs < 1e6)
    ours = timed_rate(*([(Fraction(day, 365), amount) for day, amount in side] for side in (lent, paid)))
    assert float(ours) / 100 == pytest.approx(theirs, rel=1e-7, abs=1e-9)


TURNS_MAX = 16 * 110 + 50  # the places of what lies between the two ends, each halved within sixteen turns


@given(
    st.lists(st.tuples(st.integers(0, 36_500), st.integers(-(10**12), 10**12)), min_size=2, max_size=20),
    st.booleans(),
    st.integers(365, 4000),
)
def test_the_search_ends(flows: list[tuple[int, int]], is_plain: bool, parts: int) -> None:
    """Within its bound, by an answer or a refusal: a century, all amounts, times on coarse and on fine lattices."""
    if is_plain:
        day, amount = min(flows)
        flows = [(day, -abs(amount) or -1)] + [(day + 1 + on, abs(amount)) for on, amount in flows]
    lattice = lattice_of(Fraction(day, parts) for day, _ in sorted(flows))
    turns = 0

    def counted(worth_at: WorthAt, amounts: list[int], guess: int, span: int, per_year: int) -> int:
        def at(v: int) -> tuple[int, int]:
            nonlocal turns
            turns += 1
            return worth_at(v)

        return root(at, amounts, guess, span, per_year)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.terms.discounting.root", counted)
        with suppress(Refused):
            discount_factor([amount for _, amount in sorted(flows)], lattice)
    assert turns <= (TURNS_MAX if is_plain else 701 + len(flows) * (TURNS_MAX + 200))
