"""The schedule is changed: another rate, days without interest, more instalments, a holiday, another due date.

What nothing is owed of when the change takes effect asks for nothing more, where the fact says so: it was paid before,
or came back, or it was told later that it had been.
"""

from collections.abc import Callable
from functools import partial

from service.plans.running import holiday, moves, refunds
from service.plans.running.course import Course
from service.plans.running.facts import DueMoved, Extended, HolidayGranted, InterestPaused, RateChanged
from service.plans.running.paying import use_overpaid
from service.plans.running.standing import Standing
from service.terms.allocation_rule import Component
from service.terms.terms import Captures

Change = RateChanged | InterestPaused | Extended | HolidayGranted | DueMoved


def changed(standing: Standing, fact: Change) -> None:
    """Each course follows, and its rows ask for what it does."""
    match fact:
        case RateChanged(on=on, rate_percent=rate):
            asked = refunds.interest_asked(standing)
            _change(standing, fact, lambda course: moves.change_rate(course, on, rate))
            if fact.keeps_settled:
                refunds.return_more(standing, fact, asked)
        case InterestPaused(on=on, end_on=end_on):
            _change(standing, fact, lambda course: moves.pause(course, on, end_on))
        case Extended(on=on, instalments=more):
            _change(standing, fact, lambda course: moves.extend(course, on, more))
        case HolidayGranted():
            _grant_holiday(standing, fact)
        case DueMoved():
            _move_due_date(standing, fact)
    if isinstance(fact, RateChanged) and fact.settles:
        use_overpaid(standing, fact.id, fact.on)


def is_settled(standing: Standing, course: Course) -> bool:
    """Whether nothing of what a course asks for is owed."""
    rows = [row for row in standing.rows if row.course is course]
    left = any(row.left(Component.PRINCIPAL) or row.left(Component.INTEREST) for row in rows)
    return course.principal_left() <= 0 and not left


def _may_yet_owe(standing: Standing, course: Course) -> bool:
    """Whether a fee stands on its rows, or a capture to come may join it."""
    joins = standing.terms.captures is not Captures.OWN_TERM and standing.reserved > 0
    return joins or any(row.is_open for row in standing.rows if row.course is course)


def _move_due_date(standing: Standing, fact: DueMoved) -> None:
    """Captures of their own terms have their own dates: those move that have this one, or show it for theirs."""
    moved = fact.due_on or fact.on
    dated = [(course, standing.unmoved(course, moved)) for course in standing.courses]
    have_it = [(course, due_on) for course, due_on in dated if due_on is not None]
    for course, due_on in have_it or [(standing.courses[0], moved)]:
        _change_one(standing, fact, course, partial(moves.move_due_date, due_on=due_on, to=fact.to))
    standing.postponed += fact.due_on is not None and not fact.by_lender
    standing.sync(fact.on)
    standing.sort()


def _grant_holiday(standing: Standing, fact: HolidayGranted) -> None:
    if fact.principal:
        _change(standing, fact, lambda course: holiday.excuse_principal(course, fact.on, fact.principal))
    if fact.interest:
        _change(standing, fact, lambda course: holiday.defer_interest(course, fact.on, fact.interest))
    for row in standing.instalments():
        if row.course and row.settled_on == fact.on and not row.total_paid:
            row.settled_on = row.course.periods[0].begin  # what is excused was never owed


def _change(standing: Standing, fact: Change, change: Callable[[Course], None]) -> None:
    for course in standing.courses:
        _change_one(standing, fact, course, change)
        standing.add_rows(course)
    standing.sync(fact.on)


def _change_one(standing: Standing, fact: Change, course: Course, change: Callable[[Course], None]) -> None:
    """Of a course that is settled only dates move, for what is left beside it or may yet join it."""
    if not (fact.keeps_settled and is_settled(standing, course)):
        change(course)
    elif _may_yet_owe(standing, course):
        borne = [due.interest for due in course.dues()]
        change(course)
        moves.keep_interest(course, borne, fact.on)
