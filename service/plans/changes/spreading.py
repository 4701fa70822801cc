"""What is owed spread anew: over the instalments left, or over instalments of another rhythm."""

from datetime import date
from fractions import Fraction

from service.errors import Code, Refused
from service.money import in_multiples
from service.plans.changes.course import Course
from service.plans.changes.level import even_out, least_level, relevel, set_level, settle
from service.plans.changes.timeline import Period


def re_amortize(course: Course, on: date) -> None:
    """What is past due is spread over the instalments not yet due; its interest is asked for with the next."""
    first = next((i for i, period in enumerate(course.periods) if period.due_on > on), None)
    if first is None:
        raise Refused(Code.STATE_FORBIDS, "No instalment is left that is not yet due.")
    past = list(zip(course.periods, course.dues(), strict=True))[:first]
    overdue = sum(due.principal - period.paid_principal for period, due in past)
    close(course, first, on)
    if course.terms.recalculate:
        relevel(course, first, always_even=True)  # else the last would bear the interest past due
        return
    terms, ahead = course.terms, course.periods[first:]
    more = in_multiples(overdue, len(ahead), terms.multiple_of, terms.instalment_rounding)
    for period in ahead:
        period.level += more
    settle(course, on)


def re_age(
    course: Course, on: date, due_on: list[date], shares: list[Fraction | None], begin_on: date
) -> Period:  # fmt: skip
    """The principal still owed falls due on `due_on` instead, in equal parts reckoned from `begin_on`.

    The running period ends on the day. Returns the period that takes what had been paid on those that are no more.
    """
    fresh = Course(course.terms, [], list(course.rates), {begin_on: course.principal_left()})
    begins = [begin_on, *due_on]
    fresh.periods = [Period(begin, day, share) for begin, day, share in zip(begins, due_on, shares, strict=False)]
    set_level(fresh, 0)
    settle(fresh, due_on[0])
    even_out(fresh, 0)
    if on > course.periods[0].begin:
        end_on(course, on)
        close(course, len(course.periods), on)
        takes_paid = course.last
        fresh.periods[0].begin = takes_paid.due_on
        course.periods += fresh.periods
    else:
        takes_paid = fresh.periods[0]
        takes_paid.begin = course.periods[0].begin
        takes_paid.paid_principal = sum(period.paid_principal for period in course.periods)
        takes_paid.paid_interest = sum(period.paid_interest for period in course.periods)
        course.periods = fresh.periods
    settle(course, on)
    even_out(course, course.periods.index(fresh.periods[0]), always=True)
    return takes_paid


def close(course: Course, count: int, on: date) -> None:
    """The first `count` periods ask for no more than has been paid; what they leave is in the balance after them."""
    for index, period in enumerate(course.periods[:count]):
        period.level = period.agreed_level = least_level(course, index)
    course.overdue.clear()
    for day in [day for day in course.moved if day > on]:
        course.move(on, course.moved.pop(day))


def end_on(course: Course, on: date) -> None:
    """Everything falls due on `on`: the running period ends there, and those after it are no more."""
    if on >= course.last.due_on:
        return
    index = course.index_at(on)
    period = course.periods[index]
    kept = (on - period.begin).days
    if period.share is not None:
        period.share *= Fraction(kept, (period.due_on - period.begin).days)
    gone = course.periods[index + 1 :]
    period.due_on = on
    period.paid_principal += sum(other.paid_principal for other in gone)
    period.paid_interest += sum(other.paid_interest for other in gone)
    del course.periods[index + 1 :]
    settle(course, on)
