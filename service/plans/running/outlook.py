"""What would be due if something were settled on a day: interest runs up to it and no further."""

from datetime import date

from service.plans.running.course import Course
from service.plans.running.level import is_paid, settle
from service.plans.running.period import Due, Period


def due_if_paid(course: Course, period: Period, on: date) -> Due:
    """What one period asks for if it is settled on `on`: interest runs up to that day and no further."""
    index = course.periods.index(period)
    if on >= course.last.due_on:
        return course.dues()[index]
    view = course.settled_on(max(on, course.periods[0].begin))
    settle(view, on)
    seen, dues = view.periods[index], view.dues()
    if on <= seen.begin:
        _restore_agreed(view, seen, dues)
    return view.dues()[index]


def _restore_agreed(view: Course, period: Period, dues: list[Due]) -> None:
    """Paid ahead, a period asks for its agreed part, and for no more than is left."""
    index = view.periods.index(period)
    unpaid = sum(not is_paid(other, due) for other, due in zip(view.periods, dues, strict=True))
    left = view.principal_left()
    if unpaid > 1:
        period.level = period.agreed_level
        due = view.dues()[index]
        period.level -= max(0, due.principal - period.paid_principal - left)
    elif unpaid == 1 and is_paid(period, dues[index]):
        period.level = min(period.agreed_level, left + period.paid_principal + dues[index].interest)


def left_if_settled(course: Course, on: date) -> tuple[int, int]:
    """Principal and interest that settle everything on `on`."""
    view = course.settled_on(max(on, course.periods[0].begin))
    settle(view, on)
    principal = view.principal_left()
    interest = sum(due.interest for due in view.dues()) - sum(period.paid_interest for period in view.periods)
    return max(principal, 0), max(interest, 0)


def interest_until(course: Course, on: date) -> int:
    """All interest due if everything is settled on `on`."""
    return sum(due_if_paid(course, period, on).interest for period in course.periods)
