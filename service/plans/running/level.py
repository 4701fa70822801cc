"""The equal part, and what the last instalment must take so that everything lent is paid back."""

from datetime import date
from fractions import Fraction

from service.money import in_multiples
from service.plans.running.course import Course
from service.plans.running.period import Due, Period
from service.plans.running.timeline import rate_after
from service.terms.frame import growth
from service.terms.repayment import evened_level
from service.terms.terms import Captures, Method, Remainder


def is_paid(period: Period, due: Due) -> bool:
    """Whether all that the period may ask for has been paid."""
    return due.ceiling == period.paid


def least_level(course: Course, index: int) -> int:
    """The lowest level that a period may have: with it the period asks for exactly what has been paid on it."""
    period, (credited_principal, credited_interest) = course.periods[index], course.credited(index)
    if course.levels_are_principal or period.interest_only:
        return period.paid_principal - credited_principal
    return period.paid - credited_principal - credited_interest - period.later_interest


def set_level(course: Course, first: int) -> None:
    """Reckon the equal part anew for the periods from `first` on, from what is then owed."""
    agree_on(course, first, equal_part(course, first))


def agree_on(course: Course, first: int, level: int) -> None:
    """Give the periods from `first` on this equal part, except those on which more than that has been paid."""
    for index in range(first, len(course.periods)):
        period = course.periods[index]
        if level >= least_level(course, index) and not period.interest_only:
            period.level = period.agreed_level = level


def relevel(course: Course, first: int, *, always_even: bool = False) -> None:
    """Reckon the equal part anew from `first` on, and let the last instalments agree with it."""
    set_level(course, first)
    settle(course, course.periods[first].due_on)
    even_out(course, first, always=always_even)


def equal_part(course: Course, first: int) -> int:
    """The instalment that pays the balance down to the balloon over the periods from `first` on."""
    terms = course.terms
    repaying = [index for index in range(first, len(course.periods)) if not course.periods[index].interest_only]
    dues = course.dues()
    owed = Fraction(dues[first].opening + course.lent_in(first))
    if terms.captures is Captures.FORESEEN:
        owed += sum(course.lent_in(index) for index in range(first + 1, len(course.periods)))
    if terms.method is Method.EQUAL_PRINCIPAL:
        exact = (owed - course.balloon) / len(repaying)
    elif terms.is_flat:
        exact = (owed - course.balloon + sum(due.interest for due in dues[first:])) / len(repaying)
    else:
        exact = _annuity(course, repaying, owed)
    return in_multiples(exact.numerator, exact.denominator, terms.multiple_of, terms.instalment_rounding)


def _annuity(course: Course, repaying: list[int], owed: Fraction) -> Fraction:
    """From balance' = balance * (1 + f) - X to the balloon at the end."""
    grown, payments = Fraction(1), Fraction(0)
    factors = [1 + course.yearly(index) for index in repaying]
    factors += [
        1 + growth(course.terms.rate_kind, rate_after(course.rates, course.last.due_on), share)
        for share in course.extra_shares
    ]
    for factor in factors:
        grown, payments = grown * factor, payments * factor + 1
    return (owed * grown - course.balloon) / payments


def settle(course: Course, on: date) -> None:
    """Let the last unpaid period take what is left, and ask there for interest of periods already paid ahead."""
    if course.credits:
        _keep_what_was_paid(course)
    dues = _cap_by_what_is_left(course)
    if _is_settled(course, dues):
        return
    last = _last_unpaid(course, dues, before=len(course.periods))
    while last is not None:
        period = course.periods[last]
        for other, due in zip(course.periods, dues, strict=True):
            other.asked_earlier = False
            if other.later_interest and (other is period or not is_paid(other, due)):
                other.later_interest = 0  # the last unpaid one asks for it, and that may have been another before
        period.level += _missing(course)
        floor = least_level(course, last)
        if period.level >= floor:
            _ask_earlier(course, last, on)
            for _ in range(6):  # another level leaves another balance, and so another interest
                missing = _missing(course)
                if missing == 0:
                    return
                if missing < 0 and period.level == floor:
                    period.level = _level_with_room(course, last)
                    floor = least_level(course, last)  # lower, as interest of later periods is asked for beside it
                else:
                    period.level = max(floor, period.level + missing + _swallowed(course, last, missing))
            period.later_interest = 0
        # No level of this period fits: it asks for what was paid on it, and one before it takes what is left.
        period.level = least_level(course, last)
        dues = course.dues()
        last = _last_unpaid(course, dues, before=last)


def _keep_what_was_paid(course: Course) -> None:
    """Raise levels so that no period asks for less than was paid on it.

    A period's level had counted what is owed again; with other due dates, that may fall due with another period.
    """
    for index, period in enumerate(course.periods):
        period.level = max(period.level, least_level(course, index))


def _is_settled(course: Course, dues: list[Due]) -> bool:
    """Whether nothing is to be done: each period asks for its own interest, and the last one, unpaid, for all the rest.

    This is the usual case, so it is tested first.
    """
    last = course.last
    return (
        not is_paid(last, dues[-1])
        and last.level >= least_level(course, len(dues) - 1)
        and not [period for period in course.periods if period.asked_earlier or period.later_interest]
        and not _missing(course, dues)
    )


def _level_with_room(course: Course, index: int) -> int:
    """The level that has room for a period's interest besides the principal that was paid on it ahead."""
    period, due = course.periods[index], course.dues()[index]
    return period.paid_principal + due.interest + due.unasked - (due.ceiling - period.level)


def _swallowed(course: Course, index: int, more: int) -> int:
    """How much of a level raised by `more` would go to interest that had no room so far, and not to what is missing."""
    return 0 if more < 0 or course.periods[index].defers_interest else course.dues()[index].unasked


def _missing(course: Course, dues: list[Due] | None = None) -> int:
    """What the levels do not yet ask for of all that is owed."""
    dues = course.dues() if dues is None else dues
    asked_beside_interest = sum([due.ceiling - due.interest for due in dues])
    return course.total_lent() + course.total_credited() - asked_beside_interest


def _cap_by_what_is_left(course: Course) -> list[Due]:
    """Lower levels so that no period asks for more principal than is left to pay. Returns the dues after that.

    More may be asked for than is left where later instalments were paid ahead.
    """
    dues = course.dues()
    if sum([due.principal for due in dues]) <= course.total_lent() + course.total_credited():
        return dues  # no period asks for less than was paid on it, so none asks for more than is left
    left = course.principal_left()
    for index, period in enumerate(course.periods):
        excess = dues[index].principal - period.paid_principal - left
        if excess > 0:
            period.level = max(period.level - excess, least_level(course, index), 0)
            dues = course.dues()
    return dues


def _last_unpaid(course: Course, dues: list[Due], before: int) -> int | None:
    """The last period before `before` with something open; the last of all where everything asked for is paid, but not
    all is asked."""
    for index in reversed(range(before)):
        if not is_paid(course.periods[index], dues[index]):
            return index
    return len(course.periods) - 1 if before == len(course.periods) and _missing(course) > 0 else None


def _ask_earlier(course: Course, last: int, on: date) -> None:
    """Interest earned up to `on` in periods behind the last unpaid one falls due in that one."""
    if last == len(course.periods) - 1:
        return
    dues = course.settled_on(on).dues()
    for index in reversed(range(last + 1, len(course.periods))):
        if dues[index].unasked > 0:
            course.periods[last].later_interest = dues[index].unasked
            for other in course.periods[last + 1 :]:
                other.asked_earlier = True
            return


def even_out(course: Course, first: int, *, always: bool = False) -> None:
    """Shift the equal part while the last differs from it by more than half a minor unit for each instalment."""
    if course.terms.remainder is not Remainder.EVEN and not always:
        return
    trial = course.copy()
    for _ in range(3):
        level, odd = _difference(course, first)
        periods = course.periods[first:]
        if abs(odd) <= len(periods) // 2 or not odd or len(periods) < 2:
            return
        paid_more = sum(level < least_level(course, index) for index in range(first, len(course.periods)))
        closer = evened_level(course.terms, level, odd, max(1, len(periods) - paid_more))
        if closer == level:
            return
        agree_on(trial, first, closer)
        settle(trial, periods[0].due_on)
        if abs(_difference(trial, 0)[1]) >= abs(odd):
            return
        for period, tried in zip(periods, trial.periods[first:], strict=True):
            period.level = period.agreed_level = tried.level
            period.later_interest, period.asked_earlier = tried.later_interest, tried.asked_earlier


def _difference(course: Course, first: int) -> tuple[int, int]:
    """The equal part, and by how much the last unpaid instalment differs from the one before it."""
    dues = course.dues()
    for index in range(len(course.periods) - 1, first, -1):
        late, early = course.periods[index], course.periods[index - 1]
        if not is_paid(late, dues[index]) and not is_paid(early, dues[index - 1]):
            balloon = course.balloon if index == len(course.periods) - 1 else 0
            return early.level, late.level - early.level - balloon
    return course.periods[first].level, 0
