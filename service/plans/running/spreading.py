"""What is owed spread anew: over the instalments left, or over instalments of another rhythm."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction

from service.errors import Code, Refused
from service.money import in_multiples
from service.plans.running.course import Course
from service.plans.running.level import agree_on, even_out, least_level, relevel, set_level, settle
from service.plans.running.period import Period

ShareBetween = Callable[[date, date], Fraction | None]  # of a year, spread evenly; None: by the day count


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
    course: Course, on: date, due_on: list[date], begin_on: date, share_between: ShareBetween, *, all_alike: bool
) -> list[tuple[Period, Period]]:
    """The principal still owed falls due on `due_on` instead, in equal parts reckoned from `begin_on`.

    Instalments past due ask for no more than was paid; the first new one follows them. What had been paid ahead stays
    paid on the new ones. With `all_alike` the first asks for no more than the others, where it is due besides what a
    bank has taken back. Returns, for each period that is no more, the one that takes its place.
    """
    fresh = Course(course.terms, [], list(course.rates), {begin_on: course.principal_left()})
    for begin, day in zip([begin_on, *due_on], due_on, strict=False):
        fresh.periods.append(Period(begin, day, share_between(begin, day)))
    set_level(fresh, 0)
    settle(fresh, due_on[0])
    even_out(fresh, 0)
    bears_interest = any(rate > 0 for _, rate in course.rates)
    kept = sum(period.due_on < on or (bears_interest and period.due_on == on < due_on[0]) for period in course.periods)
    begin = course.periods[kept - 1].due_on if kept else course.periods[0].begin
    if due_on[0] <= begin:
        raise Refused(Code.IMPOSSIBLE_TERMS, "The first instalment is due before the change.", "/first_due_on")
    first, gone, level = fresh.periods[0], course.periods[kept:], fresh.periods[0].level
    first.begin, first.share = begin, share_between(begin, first.due_on)
    course.periods[kept:] = fresh.periods
    course.cut_anew()
    close(course, kept, on)  # now that what came back on the last day stands in the first new period
    replaced = [(old, fresh.periods[min(index, len(due_on) - 1)]) for index, old in enumerate(gone)]
    for old, new in replaced:
        new.paid_principal += old.paid_principal
        new.paid_interest += old.paid_interest
        new.level += old.paid_principal if course.levels_are_principal else old.paid
    settle(course, on)
    even_out(course, kept, always=True)
    if all_alike and (came_back := course.credited(kept)[0]):
        agree_on(course, kept, level)
        first.level = first.agreed_level = max(level - came_back, 0, least_level(course, kept))
        if came_back > level and fresh.periods[1:]:
            set_level(course, kept + 1)
        settle(course, on)
    return replaced


def close(course: Course, count: int, on: date) -> None:
    """The first `count` periods ask for no more than has been paid; what they leave is in the balance after them."""
    for index, period in enumerate(course.periods[:count]):
        period.level = period.agreed_level = least_level(course, index)
    course.overdue.clear()
    for day in [day for day in course.moved if day > on]:
        course.move(on, course.moved.pop(day))
    course.cut_anew()
