"""Unit-periods: how Regulation Z measures time for the annual percentage rate of a credit in instalments.

Source: 12 CFR 1026, Appendix J, (b)(3) intervals, (b)(4) the unit-period, (b)(5) unit-periods between two dates.
"""

from calendar import monthrange
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Final

from msgspec import Struct

from service.terms.intervals import months_after
from service.terms.terms import Unit


class UnitPeriod(Struct, frozen=True):
    """So many days, weeks, half months or months; twelve of them are written as a year."""

    unit: Unit
    count: int

    @property
    def days(self) -> int:
        """With the regulation's months of 30 days."""
        return self.count * {Unit.DAY: 1, Unit.WEEK: 7, Unit.HALF_MONTH: 15, Unit.MONTH: 30, Unit.YEAR: 365}[self.unit]

    @property
    def per_year(self) -> Fraction:
        """365, 52, 24, 12 or 1 unit-periods a year, over the multiple."""
        per_unit = {Unit.DAY: 365, Unit.WEEK: 52, Unit.HALF_MONTH: 24, Unit.MONTH: 12, Unit.YEAR: 1}[self.unit]
        return Fraction(per_unit, self.count)


YEAR: Final = UnitPeriod(Unit.YEAR, 1)
STANDARD: Final = sorted(
    (
        UnitPeriod(Unit.DAY, 1),
        *(UnitPeriod(Unit.WEEK, weeks) for weeks in range(1, 53)),
        UnitPeriod(Unit.HALF_MONTH, 1),
        *(UnitPeriod(Unit.MONTH, months) for months in range(1, 12)),
        YEAR,
    ),
    key=lambda period: period.days,
)


def unit_period(advances: Sequence[date], payments: Sequence[date]) -> UnitPeriod:
    """(b)(4): the period that occurs most often, the smaller one of equals; without one, the average, rounded.

    An interval that is a month may also be one of 28 or 30 days: the series keeps what more of its intervals share.
    Dates in order. Of a single advance and a single payment the term itself is the unit-period: see `single_term`.
    """
    series = (sorted({*advances[:1], *payments}), sorted(set(advances)))
    periods = Counter(period for dates in series for period in _periods(dates))
    if not periods:
        return YEAR
    by_days = Counter(_in_days((late - early).days) for dates in series for early, late in pairwise(dates))
    found = max((_commonest(periods), _commonest(by_days)), key=lambda common: common[0])  # months, where it is both
    if found[0] > 1:
        return found[1] if found[1].days <= YEAR.days else YEAR  # (b)(4)(i): none is longer than a year
    days = sum(period.days * times for period, times in periods.items())
    average = Fraction(days, periods.total())
    return min(STANDARD, key=lambda period: (abs(period.days - average), period.days))


def _commonest(periods: Counter[UnitPeriod]) -> tuple[int, UnitPeriod]:
    """How often the most frequent period occurs, and that one; the smaller one of equals."""
    period = min(periods, key=lambda period: (-periods[period], period.days))
    return periods[period], period


def single_term(lent_on: date, paid_on: date) -> tuple[Fraction, Fraction]:
    """(b)(5)(vi), (vii): the unit-periods of the term of a single advance and payment, and how many make a year."""
    months = _whole_months(lent_on, paid_on)
    if months is not None and 0 < months < 12:
        return Fraction(1), Fraction(12, months)
    if months_after(lent_on, 12) > paid_on:
        return Fraction(1), Fraction(365, (paid_on - lent_on).days)
    return elapsed(lent_on, paid_on, YEAR, paid_on.day), Fraction(1)


def elapsed(earlier: date, later: date, period: UnitPeriod, anchor_day: int) -> Fraction:
    """(b)(5): full unit-periods and the fraction that remains, counted back from the later date.

    `anchor_day` is the day of the month that the payments keep (31 means the last one).
    """
    if period.unit in (Unit.DAY, Unit.WEEK):
        return Fraction((later - earlier).days, period.days)
    size = 12 if period == YEAR else 1
    count = ((later.year - earlier.year) * 12 + later.month - earlier.month) // size
    if _back(later, count * size, anchor_day) < earlier:
        count -= 1
    reached = _back(later, count * size, anchor_day) if count else later
    days = (reached - earlier).days
    if period != YEAR:
        return Fraction(30 * count + days, period.days)
    months = _whole_months(earlier, reached)
    return count + (Fraction(days, 365) if months is None else Fraction(months, 12))


def anchor_of(payments: Sequence[date]) -> int:
    """The day of the month that a series keeps: the 30th also where February ends sooner; 31 for last days."""
    if all(_is_last(on) for on in payments):
        return 31
    day = max(on.day for on in payments)
    return day if all(on.day == day or (_is_last(on) and on.day < day) for on in payments) else 0


def _periods(dates: Sequence[date]) -> list[UnitPeriod]:
    """Each interval of a series as the standard interval it is, or as days."""
    half_months = {
        begin
        for first, second, third in zip(dates, dates[1:], dates[2:], strict=False)
        if _are_half_months(first, second, third)
        for begin in (first, second)
    }
    return [
        UnitPeriod(Unit.HALF_MONTH, 1) if early in half_months else _period(early, late)
        for early, late in pairwise(dates)
    ]


def _are_half_months(first: date, second: date, third: date) -> bool:
    """Two intervals that make a month, about equal; but twice fourteen days are weeks."""
    halves = {(second - first).days, (third - second).days}
    return _whole_months(first, third) == 1 and min(halves) >= 13 and halves != {14}


def _period(early: date, late: date) -> UnitPeriod:
    days = (late - early).days
    if months := _whole_months(early, late):
        return UnitPeriod(Unit.YEAR, months // 12) if months % 12 == 0 else UnitPeriod(Unit.MONTH, months)
    return _in_days(days)


def _in_days(days: int) -> UnitPeriod:
    return UnitPeriod(Unit.WEEK, days // 7) if days % 7 == 0 else UnitPeriod(Unit.DAY, days)


def _whole_months(early: date, late: date) -> int | None:
    """(b)(3)(iv): the same day of another month, or last day to last day, is a whole number of months."""
    months = (late.year - early.year) * 12 + late.month - early.month
    same = months_after(early, months) == late or months_after(late, -months) == early
    return months if same or (_is_last(early) and _is_last(late)) else None


def _back(later: date, months: int, anchor_day: int) -> date:
    reached = months_after(later.replace(day=1), -months)
    return reached.replace(day=min(anchor_day or later.day, monthrange(reached.year, reached.month)[1]))


def _is_last(on: date) -> bool:
    return (on + timedelta(days=1)).day == 1
