"""The schedule is changed: another rate, days without interest, more instalments, a holiday, another due date."""

from collections.abc import Callable
from datetime import date

from service.plans.running import holiday, moves
from service.plans.running.course import Course
from service.plans.running.facts import DueMoved, Extended, HolidayGranted, InterestPaused, RateChanged
from service.plans.running.paying import use_overpaid
from service.plans.running.standing import Standing

Change = RateChanged | InterestPaused | Extended | HolidayGranted | DueMoved


def changed(standing: Standing, event: Change) -> None:
    """Each course follows, and its rows ask for what it does."""
    match event:
        case RateChanged(on=on, rate_percent=rate):
            _change(standing, on, lambda course: moves.change_rate(course, on, rate))
        case InterestPaused(on=on, end_on=end_on):
            _change(standing, on, lambda course: moves.pause(course, on, end_on))
        case Extended(on=on, instalments=more):
            _change(standing, on, lambda course: moves.extend(course, on, more))
        case HolidayGranted():
            _grant_holiday(standing, event)
        case DueMoved():
            _move_due_date(standing, event)
    if isinstance(event, RateChanged) and event.settles:
        use_overpaid(standing, event.id, event.on)


def _move_due_date(standing: Standing, event: DueMoved) -> None:
    """Captures of their own terms have their own dates: those move that have this one, or show it for theirs."""
    moved = event.due_on or event.on
    dated = [(course, standing.unmoved(course, moved)) for course in standing.courses]
    have_it = [(course, due_on) for course, due_on in dated if due_on is not None]
    for course, due_on in have_it or [(standing.courses[0], moved)]:
        moves.move_due_date(course, due_on, event.to)
    standing.postponed += event.due_on is not None and not event.by_lender
    standing.sync(event.on)
    standing.sort()


def _grant_holiday(standing: Standing, event: HolidayGranted) -> None:
    if event.principal:
        _change(standing, event.on, lambda course: holiday.excuse_principal(course, event.on, event.principal))
    if event.interest:
        _change(standing, event.on, lambda course: holiday.defer_interest(course, event.on, event.interest))
    for row in standing.instalments():
        if row.course and row.settled_on == event.on and not row.total_paid:
            row.settled_on = row.course.periods[0].begin  # what is excused was never owed


def _change(standing: Standing, on: date, change: Callable[[Course], None]) -> None:
    for course in standing.courses:
        change(course)
        standing.add_rows(course)
    standing.sync(on)
