"""Regulation Z, Appendix J, from the dates: unit-periods are found, counted back and reproduce the printed rate."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Code, Refused
from service.terms.apr import AprMethod, actuarial_apr
from service.terms.apr_us import timed_rate
from service.terms.intervals import months_after
from service.terms.terms import Unit
from service.terms.unit_periods import YEAR, UnitPeriod, elapsed, unit_period
from tests import properties  # noqa: F401 - loads the profile

Step = Callable[[date, int], date]


def months(every: int) -> Step:
    return lambda first, number: months_after(first, every * number)


def days(every: int) -> Step:
    return lambda first, number: first + timedelta(days=every * number)


def half_months(first: date, number: int) -> date:
    return months_after(first, number // 2) + timedelta(days=15 * (number % 2))


def series(first: str, step: Step, *amounts: tuple[int, str]) -> tuple[tuple[date, int], ...]:
    """`(11, "38.31")` is eleven payments of 38.31 minor units times a hundred, from `first` on."""
    cents = [int(Decimal(amount) * 100) for count, amount in amounts for _ in range(count)]
    return tuple((step(date.fromisoformat(first), number), amount) for number, amount in enumerate(cents))


@pytest.mark.parametrize(
    ("lent", "payments", "printed"),
    [
        pytest.param("1978-01-10 5000", series("1978-02-10", months(1), (24, "230")), "9.69", id="c1i"),
        pytest.param("1978-02-10 6000", series("1978-04-01", months(1), (36, "200")), "11.82", id="c1ii"),
        pytest.param("1978-02-23 5000", series("1978-03-01", half_months, (24, "219.17")), "10.34", id="c1iii"),
        pytest.param("1978-06-23 10000", series("1978-10-01", months(3), (40, "385")), "9.15", id="quarterly"),
        pytest.param("1978-03-20 500", series("1978-04-21", days(7), (30, "17.60")), "14.96", id="c1v"),
        pytest.param("1978-01-10 5000", series("1978-02-10", months(1), (1, "250"), (23, "230")), "10.08", id="c2i"),
        pytest.param("1978-03-18 400", series("1978-04-20", days(28), (1, "39.50"), (11, "38.31")), "28.50", id="c2ii"),
        pytest.param("1978-01-10 5000", series("1978-02-10", months(1), (23, "230"), (1, "280")), "10.50", id="c3i"),
        pytest.param("1978-04-03 200", series("1978-04-11", days(14), (19, "9.50"), (1, "30")), "12.22", id="c3ii"),
        pytest.param(
            "1978-01-10 8000",
            series("1978-03-01", months(2), (1, "449.36"), (18, "465"), (1, "200")),
            "7.30",
            id="c4ii",
        ),
        pytest.param("1978-07-15 1000", series("1979-01-15", months(1), (1, "1044")), "8.80", id="c5ii"),
        pytest.param("1978-01-17 1000", series("1979-07-17", months(1), (1, "1135.19")), "8.76", id="c5iii"),
        pytest.param("1978-01-03 1000", series("1980-01-03", months(1), (1, "1240")), "11.36", id="c5iv"),
        pytest.param("2023-10-26 1000", series("2023-11-30", days(1), (5, "220")), "94.15", id="daily"),
        pytest.param("2023-11-24 1000", series("2023-11-30", days(7), (5, "250")), "434.30", id="weekly"),
        pytest.param("2023-10-26 1000", series("2023-11-30", months(12), (5, "500")), "78.34", id="yearly"),
        pytest.param(
            "1979-04-10 20000, 1979-06-12 20000, 1979-09-18 20000",
            series("1979-12-10", months(1), (240, "612.36")),
            "10.25",
            id="c7i",
        ),
        pytest.param(
            "2026-01-31 1000", series("2026-02-28", months(1), (1, "1010")), "12.00", id="one month, last days"
        ),
        pytest.param("2026-01-10 1000", series("2026-01-30", months(1), (1, "1010")), "18.25", id="twenty days"),
        pytest.param("2026-01-10 1000", series("2026-02-10", months(1), (4, "250")), "0.00", id="free of cost"),
        pytest.param("2026-08-31 1000", series("2026-09-30", days(30), (4, "260")), "19.31", id="every 30 days"),
        pytest.param("2026-01-14 1000", series("2026-01-31", days(28), (4, "260")), "24.53", id="every 4 weeks"),
        pytest.param("2026-01-10 1000", series("2026-02-10", months(24), (2, "600")), "20.00", id="two years later"),
        pytest.param("2026-01-01 1000", series("2026-04-01", months(36), (2, "600")), "11.79", id="three years later"),
    ],
)
def test_actuarial_apr(lent: str, payments: tuple[tuple[date, int], ...], printed: str) -> None:
    advances = tuple(
        (date.fromisoformat(on), int(amount) * 100) for on, amount in (each.split() for each in lent.split(", "))
    )
    apr = actuarial_apr(advances, payments)
    assert (apr.method, apr.printed) == (AprMethod.US_ACTUARIAL, printed)


def test_skipped_payments() -> None:
    """Example (c)(6)(i): every four weeks, but the second of a month waits two weeks."""
    path = Path(__file__).parents[1] / "vectors" / "apr.json"
    (case,) = (case for case in json.loads(path.read_text())["vectors"] if case["id"] == "US-J-c6i")
    advances, payments = (
        tuple((date.fromisoformat(on), amount * 100) for on, amount in case["dated"][side])
        for side in ("advances", "payments")
    )
    assert actuarial_apr(advances, payments).printed == "12.00"


def test_a_prepaid_charge_is_less_financed() -> None:
    payments = series("2026-02-10", months(1), (12, "100"))
    day = date(2026, 1, 10)
    assert actuarial_apr(((day, 1100_00),), ((day, 50_00), *payments)) == actuarial_apr(((day, 1050_00),), payments)


@pytest.mark.parametrize(
    ("dates", "period"),
    [
        (["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"], UnitPeriod(Unit.MONTH, 1)),
        (["2026-01-30", "2026-02-28", "2026-03-30"], UnitPeriod(Unit.MONTH, 1)),
        (["2026-01-01", "2026-01-16", "2026-02-01", "2026-02-16", "2026-03-01"], UnitPeriod(Unit.HALF_MONTH, 1)),
        (["2026-01-15", "2026-01-31", "2026-02-15", "2026-02-28"], UnitPeriod(Unit.HALF_MONTH, 1)),
        (["2026-02-01", "2026-02-15", "2026-03-01", "2026-03-15"], UnitPeriod(Unit.WEEK, 2)),  # 28 days are no month
        (["2026-01-04", "2026-02-01", "2026-03-01", "2026-03-29"], UnitPeriod(Unit.WEEK, 4)),
        (["2026-01-01", "2026-02-01", "2026-04-01", "2026-05-01", "2026-07-01"], UnitPeriod(Unit.MONTH, 1)),  # a tie
        (["2026-01-01", "2027-01-01", "2028-01-01"], YEAR),
        (["2026-08-31", "2026-09-30", "2026-10-30", "2026-11-29", "2026-12-29"], UnitPeriod(Unit.DAY, 30)),
        (["2026-01-14", "2026-01-31", "2026-02-28", "2026-03-28", "2026-04-25"], UnitPeriod(Unit.WEEK, 4)),
        (["2026-07-01", "2026-08-01", "2026-09-01"], UnitPeriod(Unit.MONTH, 1)),  # also 31 days, and no oftener
        (["2026-01-01", "2028-01-01", "2030-01-01"], YEAR),  # two years are common, and none is longer than one
        (["2026-01-10", "2026-02-10", "2028-02-10"], YEAR),  # a month and two years: 12.5 months on average
        (["2026-01-01", "2026-04-01", "2029-04-01"], YEAR),
        (["2026-01-01", "2027-04-01", "2029-01-01", "2029-01-11", "2029-01-21"], UnitPeriod(Unit.DAY, 10)),
        (["2026-01-01", "2026-01-02", "2026-01-03"], UnitPeriod(Unit.DAY, 1)),
        (["2026-01-01", "2026-02-01", "2026-04-01"], UnitPeriod(Unit.WEEK, 6)),  # none is common: 45 days
    ],
)
def test_unit_period(dates: list[str], period: UnitPeriod) -> None:
    begin, *paid = map(date.fromisoformat, dates)
    assert unit_period([begin], paid) == period


@pytest.mark.parametrize(
    ("earlier", "later", "period", "anchor_day", "periods"),
    [
        ("1978-02-10", "1978-04-01", UnitPeriod(Unit.MONTH, 1), 1, "1 19/30"),
        ("1978-01-10", "1978-03-01", UnitPeriod(Unit.MONTH, 2), 1, "0 52/60"),
        ("1978-02-23", "1978-03-01", UnitPeriod(Unit.HALF_MONTH, 1), 0, "0 6/15"),
        ("1978-03-18", "1978-04-20", UnitPeriod(Unit.WEEK, 4), 0, "1 5/28"),
        ("1978-01-17", "1979-07-17", YEAR, 17, "1 6/12"),
        ("1978-01-17", "1979-07-18", YEAR, 18, "1 182/365"),
        ("2026-01-31", "2026-04-30", UnitPeriod(Unit.MONTH, 1), 31, "3 0"),
    ],
)
def test_elapsed(earlier: str, later: str, period: UnitPeriod, anchor_day: int, periods: str) -> None:
    whole, part = periods.split()
    found = elapsed(date.fromisoformat(earlier), date.fromisoformat(later), period, anchor_day)
    assert found == int(whole) + Fraction(part)


@pytest.mark.parametrize(
    ("advances", "payments", "code"),
    [
        ([], [("2026-02-01", 1)], Code.NO_APR),
        ([("2026-01-01", 1)], [], Code.NO_APR),
        ([("2026-02-01", 100)], [("2026-01-01", 110)], Code.NO_APR),
        ([("2026-01-01", 1000_00), ("2028-01-01", 1320_00)], [("2027-01-01", 2300_00)], Code.SEVERAL_APRS),
    ],
)
def test_refused(advances: list[tuple[str, int]], payments: list[tuple[str, int]], code: Code) -> None:
    lent, paid = (tuple((date.fromisoformat(on), amount) for on, amount in side) for side in (advances, payments))
    with pytest.raises(Refused) as refused:
        actuarial_apr(lent, paid)
    assert refused.value.code is code


@given(
    st.integers(100_00, 10**9), st.integers(1, 120), st.integers(0, 6_000), st.integers(0, 2),
    st.fractions(0, 1, max_denominator=30), st.sampled_from([365, 52, 26, 24, 12, 4, 1]),
)  # fmt: skip
def test_a_rate_put_back_into_the_general_equation(
    lent: int, count: int, cost_bps: int, full: int, fraction: Fraction, per_year: int
) -> None:
    """Appendix J, (b)(8), in decimals: each payment over `(1 + f i) (1 + i) ** t` sums to what was lent."""
    level = -(-lent * (10_000 + cost_bps) // (10_000 * count))
    times = [Fraction(0), *(full + fraction + k for k in range(1, count + 1))]
    i = Decimal(timed_rate(times, [-lent] + [level] * count, Fraction(per_year))) / per_year / 10**12
    f = Decimal(fraction.numerator % fraction.denominator) / fraction.denominator
    worth = sum((level / ((1 + f * i) * (1 + i) ** int(time)) for time in times[1:]), Decimal(0))
    assert abs(worth - lent) <= Decimal("0.5")
