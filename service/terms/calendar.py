"""When instalments fall due: counted from an anchor, never chained (31 Jan, 29 Feb, 31 Mar)."""

from calendar import monthrange
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from service.terms.terms import FirstPeriod, Terms, Unit

DAY = timedelta(days=1)
MONTHS = {Unit.MONTH: 1, Unit.YEAR: 12}
DAYS = {Unit.DAY: 1, Unit.WEEK: 7}


NOWHERE = {"Factory", "localtime", "posixrules"}  # in the database of zones, and none


def is_time_zone(name: str) -> bool:
    """Whether it is one of the IANA's, of a place."""
    try:
        return bool(ZoneInfo(name)) and name not in NOWHERE
    except (KeyError, ValueError, OSError):
        return False


def on_day(year: int, month: int, day: int) -> date:
    """The `day` of a month, or its last day where the month is shorter. `month` may run past 12 or below 1."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, min(day, monthrange(year, month)[1]))


def add_months(begin: date, months: int, anchor_day: int) -> date:
    """`months` after (or before) the month of `begin`, on the anchor day."""
    return on_day(begin.year, begin.month + months, anchor_day)


def add_half_months(begin: date, halves: int, anchor_day: int) -> date:
    """`halves` after `begin`, which stands on the anchor day (1 to 15) or fifteen days after it."""
    second = 31 if anchor_day == 15 else anchor_day + 15
    position = halves + (begin.day > anchor_day)
    return on_day(begin.year, begin.month + position // 2, second if position % 2 else anchor_day)


def anchor_of(terms: Terms, first: date) -> int:
    """The day of the month that due dates keep coming back to, when the first one falls on `first`."""
    day = terms.anchor_day or first.day
    if terms.unit is Unit.HALF_MONTH and day > 15:
        return min(day - 15, 15)
    return day


def step(terms: Terms, begin: date, intervals: int, anchor_day: int) -> date:
    """`intervals` regular intervals after (or before) `begin`."""
    if terms.unit in DAYS:
        return begin + timedelta(days=DAYS[terms.unit] * terms.every * intervals)
    if terms.unit is Unit.HALF_MONTH:
        return add_half_months(begin, terms.every * intervals, anchor_day)
    return add_months(begin, MONTHS[terms.unit] * terms.every * intervals, anchor_day)


def first_due(terms: Terms, start_on: date) -> tuple[date, int]:
    """The first due date, unmoved, and the anchor day of the following ones."""
    if terms.first_due_on is not None:
        return terms.first_due_on, anchor_of(terms, terms.first_due_on)
    if terms.first_due_days is not None:
        first = start_on + timedelta(days=terms.first_due_days)
        return first, anchor_of(terms, first)
    if terms.anchor_day is None or terms.unit in DAYS:
        anchor_day = anchor_of(terms, start_on)
        return step(terms, start_on, 1, anchor_day), anchor_day
    anchor_day = anchor_of(terms, start_on)
    earliest = start_on + DAY
    if terms.first_period is FirstPeriod.LONG:
        earliest = _interval_after(terms, start_on, anchor_day)
    first = on_day(start_on.year, start_on.month, anchor_day)
    while first < earliest:
        first = _next_anchor(terms, first, anchor_day)
    return first, anchor_day


def _interval_after(terms: Terms, start_on: date, anchor_day: int) -> date:
    """A whole interval after the start; half months that begin off their two days count from the next of them."""
    if terms.unit is not Unit.HALF_MONTH:
        return step(terms, start_on, 1, start_on.day)
    on = on_day(start_on.year, start_on.month, anchor_day)
    while on < start_on:
        on = add_half_months(on, 1, anchor_day)
    return step(terms, on, 1, anchor_day)


def _next_anchor(terms: Terms, first: date, anchor_day: int) -> date:
    if terms.unit is Unit.HALF_MONTH:
        return add_half_months(first, 1, anchor_day)
    return add_months(first, 1, anchor_day)


def due_dates(terms: Terms, start_on: date, count: int) -> tuple[date, ...]:
    """The first `count` due dates, unmoved: interest runs between these."""
    first, anchor_day = first_due(terms, start_on)
    return (first, *(step(terms, first, k, anchor_day) for k in range(1, count)))
