"""How much of a year lies between two dates, as an exact fraction."""

from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache

from service.terms.terms import DayCount

YEAR_DAYS = {
    DayCount.THIRTY_360: 360, DayCount.THIRTY_360_BOND: 360, DayCount.THIRTY_365: 365,
    DayCount.ACTUAL_360: 360, DayCount.ACTUAL_365: 365,
}  # fmt: skip
DAY = timedelta(days=1)
THIRTY = frozenset({DayCount.THIRTY_360, DayCount.THIRTY_365})  # a whole month is thirty days, whichever it is


def is_leap(year: int) -> bool:
    """Whether `year` has a 29 February (Gregorian)."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_year(year: int) -> int:
    """365, or 366 in a leap year."""
    return 366 if is_leap(year) else 365


def thirty_days(begin: date, end: date) -> int:
    """Days by the 30-day month: the 31st counts as the 30th (30E/360, ISDA 2006 section 4.16(g))."""
    return _months(begin, end) * 30 + min(end.day, 30) - min(begin.day, 30)


def bond_days(begin: date, end: date) -> int:
    """The same in the United States: an end on the 31st counts as the 30th only after a 30th or a 31st.

    28 February to 31 March are 33 days, 31 January to 31 March are 60 (30/360, Bond Basis, ISDA 2006 section 4.16(f)).
    """
    day = 30 if end.day == 31 and begin.day >= 30 else end.day
    return _months(begin, end) * 30 + day - min(begin.day, 30)


def _months(begin: date, end: date) -> int:
    return (end.year - begin.year) * 12 + end.month - begin.month


@lru_cache(maxsize=16_384)
def year_fraction(day_count: DayCount, begin: date, end: date) -> Fraction:
    """The share of a year from `begin` to `end`; `begin` may not be later."""
    assert begin <= end
    if day_count in THIRTY:
        return Fraction(thirty_days(begin, end), YEAR_DAYS[day_count])
    if day_count is DayCount.THIRTY_360_BOND:
        return Fraction(bond_days(begin, end), YEAR_DAYS[day_count])
    if day_count in YEAR_DAYS:
        return Fraction((end - begin).days, YEAR_DAYS[day_count])
    if day_count is DayCount.ACTUAL_ACTUAL_AFB:
        return _by_leap_day(begin, end)
    if day_count is DayCount.ACTUAL_ACTUAL_END:
        begin, end = begin + DAY, end + DAY
    return _by_calendar_year(begin, end)


def _by_calendar_year(begin: date, end: date) -> Fraction:
    """Days in a leap year over 366, days in another over 365 (ISDA 2006 section 4.16(b))."""
    if begin.year == end.year:
        return Fraction((end - begin).days, days_in_year(begin.year))
    first = Fraction((date(begin.year + 1, 1, 1) - begin).days, days_in_year(begin.year))
    last = Fraction((end - date(end.year, 1, 1)).days, days_in_year(end.year))
    return first + (end.year - begin.year - 1) + last


def _by_leap_day(begin: date, end: date) -> Fraction:
    """Whole years counted back from the end; the days before them over 366 if one is a 29 February (AFB 1994).

    A stretch has its first day and not its last: 29 February to 28 September is over 366, 31 January to 29 February
    over 365.
    """
    years, at = 0, end
    while (earlier := _years_back(end, years + 1)) >= begin:
        years, at = years + 1, earlier
    has_leap_day = any(is_leap(year) and begin <= date(year, 2, 29) < at for year in {begin.year, at.year})
    return years + Fraction((at - begin).days, 366 if has_leap_day else 365)


def _years_back(end: date, years: int) -> date:
    if end + DAY == date(end.year, 3, 1):  # the last of February stays the last
        return date(end.year - years, 3, 1) - DAY
    return end.replace(year=end.year - years)


def odd_days_fraction(day_count: DayCount, begin: date, end: date) -> Fraction:
    """Odd days of a period, always counted actual, over the year of the day count."""
    if day_count in YEAR_DAYS:
        return Fraction((end - begin).days, YEAR_DAYS[day_count])
    return year_fraction(day_count, begin, end)
