"""How long money was lent, in years, as the European annual percentage rate counts it.

Source: Directive (EU) 2023/2225 (and 2008/48/EC, 2014/17/EU), Annex on the annual percentage rate, remarks (b), (c):
a year has 365 days (366 when leap), 52 weeks or 12 equal months; an interval is counted *back* from the payment in
whole years, months or weeks, and the days that remain stand over the length of the year that ends where the count
arrived: 366 where that year, counted back to the same day of the year before, holds a 29 February (remark (c)(iii)).
The same text is the United Kingdom's (CONC App 1.2, MCOB 10A).
"""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from math import lcm
from typing import Final

from service.terms.day_count import days_in_year
from service.terms.discounting import Lattice
from service.terms.terms import Unit

MONTHS = {Unit.DAY: 12, Unit.MONTH: 1, Unit.YEAR: 12}  # in the whole that is counted before days
FINEST: Final = 12 << 40  # steps a year: 2**-96 leaves the discount of one of them more than 50 binary places


def months_after(day: date, months: int) -> date:
    """`day` in another month (earlier when `months` is negative), or that month's last day where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def interval_years(drawn_on: date, paid_on: date, unit: Unit) -> Fraction:
    """From the first drawdown to a payment, in years; negative for a payment before it.

    `unit` is what the payments are agreed in: 12 January to 15 March 2012 is 2/12 + 3/365 by the month and 63/365 by
    the year. By the day it is the same as by the year: only whole years are counted before the days.
    """
    if paid_on < drawn_on:
        return -interval_years(paid_on, drawn_on, unit)
    if unit is Unit.WEEK:
        weeks, days = divmod((paid_on - drawn_on).days, 7)
        return Fraction(weeks, 52) + _odd_days(drawn_on, days)
    if unit is Unit.HALF_MONTH:
        return _half_months(drawn_on, paid_on)
    size = MONTHS[unit]
    count = (paid_on.year * 12 + paid_on.month - drawn_on.year * 12 - drawn_on.month) // size
    if months_after(drawn_on, count * size) == paid_on:  # 31 January to 28 February is a month
        return Fraction(count * size, 12)
    if months_after(paid_on, -count * size) < drawn_on:
        count -= 1
    reached = months_after(paid_on, -count * size)
    return Fraction(count * size, 12) + _odd_days(drawn_on, (reached - drawn_on).days)


def _half_months(drawn_on: date, paid_on: date) -> Fraction:
    """Whole months, then a half of one where fifteen days or more are left."""
    months = interval_years(drawn_on, paid_on, Unit.MONTH)
    whole = int(months * 12)
    reached = months_after(paid_on, -whole)
    days = (reached - drawn_on).days if months * 12 != whole else 0
    halves, days = divmod(days, 15)
    return Fraction(whole, 12) + Fraction(halves, 24) + _odd_days(drawn_on, days)


def _odd_days(drawn_on: date, days: int) -> Fraction:
    """`days` over the length of the year that ends where the count back arrived."""
    if not days:
        return Fraction(0)
    reached = drawn_on + timedelta(days=days)
    with_29_february = reached.year if (reached.month, reached.day) >= (2, 29) else reached.year - 1
    return Fraction(days, days_in_year(with_29_february))


def lattice_of(times: Iterable[Fraction], divided_by: int = 1) -> Lattice:
    """The same times as whole steps of 1/n year: so the law's equation becomes a polynomial. `divided_by` divides n.

    Times written as long decimals fall on the nearest of the finest steps, less than a hundred thousandth of a second.
    """
    years = tuple(times)
    per_year = lcm(divided_by, *(time.denominator for time in years))
    if per_year > FINEST:
        return Lattice.of(tuple(round(time * FINEST) for time in years), FINEST)
    return Lattice.of(tuple(time.numerator * (per_year // time.denominator) for time in years), per_year)
