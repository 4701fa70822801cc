"""A payment holiday: some instalments ask for no principal, or for no interest, and what follows asks for it."""

from datetime import date

from service.errors import Code, Refused
from service.plans.running.course import Course
from service.plans.running.level import least_level, relevel, settle
from service.plans.running.moves import append_periods


def excuse_principal(course: Course, from_on: date, count: int) -> None:
    """So many instalments, from the first due on `from_on` or later, ask for interest alone; as many come last."""
    first = _first_due(course, from_on)
    append_periods(course, count)
    for index in range(first, first + count):
        period = course.periods[index]
        period.interest_only = True
        period.level = period.agreed_level = least_level(course, index)
    relevel(course, first + count)


def defer_interest(course: Course, from_on: date, count: int) -> None:
    """So many instalments ask for their principal alone; the one after them asks for the interest of all."""
    first = _first_due(course, from_on)
    after = first + count
    if after >= len(course.periods):
        raise Refused(Code.IMPOSSIBLE_TERMS, "The holiday leaves no instalment for its interest.", "/interest")
    dues = course.dues()
    for index in range(first, after):
        period, deferred = course.periods[index], dues[index].interest - course.periods[index].paid_interest
        if deferred > 0:
            period.defers_interest = True
            if not (course.levels_are_principal or period.interest_only):
                period.level = max(period.level - deferred, least_level(course, index))
                course.periods[after].level += deferred
    settle(course, from_on)


def _first_due(course: Course, from_on: date) -> int:
    first = next((index for index, period in enumerate(course.periods) if period.due_on >= from_on), None)
    if first is None:
        raise Refused(Code.STATE_FORBIDS, "No instalment is left that is not yet due.")
    return first
