"""What may happen to a running course: lending more, paying, taking a payment back, another rate, a pause, other dates.

Each rule changes the working copy it is given, so that everything lent is still paid back to the cent.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from service.errors import Code, Refused
from service.plans.running.course import Course, Credit
from service.plans.running.level import even_out, is_paid, least_level, relevel, set_level, settle
from service.plans.running.period import Period
from service.terms.calendar import first_due, step
from service.terms.frame import period_shares, regular_unit, whole_and_odd, whole_and_rest
from service.terms.schedule import Instalment
from service.terms.terms import Captures, Method, Terms

DAY = timedelta(days=1)
Change = Callable[[Course], None]


def begin_course(terms: Terms, rows: Sequence[Instalment], start_on: date, balloon: int = 0) -> Course:
    """The course of agreed instalments; down payments are no part of it. `balloon` is in the last of them."""
    rows = [row for row in rows if not row.is_down_payment]
    unmoved, shares = period_shares(terms, start_on)
    days_counted = regular_unit(terms) is None
    periods = []
    begins = (start_on, *unmoved)
    for row, begin, due_on, share in zip(rows, begins, unmoved, shares, strict=False):
        in_grace = row.number <= terms.grace_principal
        beside = in_grace or terms.method is Method.EQUAL_PRINCIPAL  # interest comes on top of the level
        level = row.principal + (0 if beside else row.interest)
        free = row.number <= terms.interest_free
        spread = None if days_counted and not free else share
        periods.append(
            Period(
                begin, due_on, spread, level, level,
                interest_only=in_grace, defers_interest=row.number <= terms.grace_interest,
            )
        )  # fmt: skip
    if len(periods) > 1 and not balloon:
        periods[-1].agreed_level = periods[-2].agreed_level  # what it takes of the rounding was not agreed on
    return Course(
        terms,
        periods,
        [(date.min, Fraction(terms.rate_percent) / 100)],
        {start_on: sum([row.principal for row in rows])},
        extra_shares=tuple(shares[terms.instalments :]),
        balloon=balloon,
    )


def lend(course: Course, on: date, amount: int) -> None:
    """Lend more from `on`; the equal part of what is not yet due is reckoned as if nothing had been paid ahead."""
    first = 0 if course.terms.captures is Captures.FORESEEN else _affected(course, on)
    for period in course.periods[first:]:
        period.correction = 0
    agreed = course.copy()
    for period in agreed.periods:
        period.paid_principal = period.paid_interest = period.later_interest = 0
    agreed.moved.clear()
    agreed.overdue.clear()
    agreed.lend(on, amount)
    set_level(agreed, first)
    settle(agreed, agreed.periods[first].due_on)
    even_out(agreed, first)
    course.lend(on, amount)
    for index in range(first, len(course.periods)):
        period, fresh = course.periods[index], agreed.periods[index]
        period.level = max(fresh.level, least_level(course, index))  # of few cents a later one may ask for all
        period.agreed_level = fresh.agreed_level
    settle(course, course.periods[first].due_on)


def keep_interest(course: Course, borne: Sequence[int], on: date) -> None:
    """Each period asks for the interest `borne` that it asked for before a change; added periods ask for none."""
    agreed = [*borne, *[0] * (len(course.periods) - len(borne))]
    for period in course.periods:
        period.correction, period.later_interest, period.asked_earlier = 0, 0, False
    course.reckon_anew()
    course.agree_on_interest(agreed, [False] * len(agreed))
    course.reckon_anew()
    settle(course, on)


def bound_interest(course: Course, at_most: int, on: date) -> None:
    """The periods earn less, from the last on, until all of them ask for no more interest than agreed."""
    at_most += sum([credit.interest for credit in course.credits])
    for index in reversed(range(len(course.periods))):
        dues, period = course.dues(), course.periods[index]
        excess = sum([due.interest for due in dues]) - at_most
        if excess <= 0:
            return
        asked = dues[index].interest + dues[index].unasked
        carried = dues[index - 1].unasked if index else 0
        period.correction -= max(0, min(excess, asked - carried, asked - period.paid_interest))
        settle(course, on)


def pay_interest(course: Course, period: Period, on: date, amount: int) -> None:
    """Interest of one period is paid."""
    period.paid_interest += amount
    settle(course, on)


def pay_principal(course: Course, period: Period, on: date, amount: int) -> None:
    """Principal of one period is paid: before its due date it bears no more interest from that day."""
    if amount == 0:
        return
    period.paid_principal += amount
    moved_on = min(on, period.due_on)
    course.move(moved_on, -amount)
    settle(course, moved_on)
    least = least_level(course, course.periods.index(period))
    if period.level < least or (on < period.begin and least == period.agreed_level and _unpaid(course) > 1):
        period.level = least
        settle(course, moved_on)


def _unpaid(course: Course) -> int:
    """How many periods still ask for something."""
    return sum(not is_paid(period, due) for period, due in zip(course.periods, course.dues(), strict=True))


def take_back(course: Course, on: date, principal: int, interest: int, bears_from: date) -> None:
    """A payment comes back: its parts are owed again in the running period, and bear interest from `bears_from`."""
    course.move(bears_from, principal)
    course.credit(Credit(on, principal, interest))
    settle(course, on)


def bear_overdue(course: Course, on: date) -> bool:
    """Principal past due goes on bearing interest, up to `on`. Returns whether anything changed."""
    on, since = min(on, course.last.due_on), course.overdue_until
    if not has_overdue(course, on):
        return False
    dues = course.dues()
    for index, period in enumerate(course.periods):
        if period.due_on >= on:
            break
        amount = dues[index].principal - period.paid_principal  # less, the more interest it has to ask for
        if amount > 0:
            begin = period.due_on if since is None else max(since, period.due_on)
            course.bear(begin, on, amount)
            course.overdue_until = on
            settle(course, on)
            dues = course.dues()
    return course.overdue_until == on


def has_overdue(course: Course, on: date) -> bool:
    """Whether principal is past due on `on` that has borne no interest up to it yet."""
    on, since = min(on, course.last.due_on), course.overdue_until
    if since is not None and on <= since:
        return False
    for period, due in zip(course.periods, course.dues(), strict=True):
        if period.due_on >= on:
            return False
        if due.principal > period.paid_principal:
            return True
    return False


def change_rate(course: Course, from_on: date, rate_percent: Decimal) -> None:
    """Another rate from `from_on` on; the equal part follows."""
    if not rate_percent.is_finite() or rate_percent < 0:
        raise Refused(Code.IMPOSSIBLE_TERMS, "A rate is zero or more.", "/rate_percent")
    course.change_rate(from_on - DAY, Fraction(rate_percent) / 100)
    relevel(course, _affected(course, from_on - DAY))


def pause(course: Course, begin_on: date, end_on: date) -> None:
    """No interest from `begin_on` to `end_on`, both included; the equal part stays, the last instalment gains."""
    if end_on < begin_on:
        raise Refused(Code.IMPOSSIBLE_TERMS, "A pause ends after it begins.", "/end_on")
    course.pause(begin_on - DAY, end_on)
    settle(course, begin_on)


def extend(course: Course, from_on: date, count: int) -> None:
    """So many instalments more, behind the last; the equal part from `from_on` on falls accordingly."""
    append_periods(course, count)
    relevel(course, _affected(course, from_on - DAY))


def append_periods(course: Course, count: int) -> None:
    """So many periods more in the rhythm agreed; they ask for nothing yet."""
    begin, unit = course.last.due_on, regular_unit(course.terms)
    first, anchor_day = first_due(course.terms, course.periods[0].begin)
    done = len(course.periods)
    for number in range(done, done + count):
        due_on = step(course.terms, first, number, anchor_day) if course.last.due_on >= first else first
        due_on = due_on if due_on > begin else step(course.terms, begin, 1, begin.day)
        share = None if unit is None else whole_and_odd(course.terms, begin, due_on, anchor_day, unit)
        course.periods.append(Period(begin, due_on, share))
        begin = due_on
    course.cut_anew()


def move_due_date(course: Course, due_on: date, to: date) -> None:
    """One instalment falls due on another day, and those after it follow at regular intervals from there."""
    index = next((i for i, period in enumerate(course.periods) if period.due_on == due_on), None)
    if index is None:
        raise Refused(Code.IMPOSSIBLE_TERMS, f"No instalment is due on {due_on}.", "/due_on")
    if to <= course.periods[index].begin:
        raise Refused(Code.IMPOSSIBLE_TERMS, "The new date lies before the instalment's period.", "/to")
    unit = regular_unit(course.terms)
    begin = course.periods[index].begin
    for count, period in enumerate(course.periods[index:]):
        period.begin = begin
        period.due_on = step(course.terms, to, count, to.day)
        if unit is not None and count == 0:
            period.share = whole_and_rest(course.terms, begin, to, unit)
        elif unit is not None:
            period.share = whole_and_odd(course.terms, begin, period.due_on, to.day, unit)
        begin = period.due_on
    course.cut_anew()
    settle(course, due_on)


def _affected(course: Course, on: date) -> int:
    """The first period whose equal part changes with something that happens at the end of `on`."""
    index = course.index_at(on)
    ends_there = course.periods[index].due_on == on
    return index + 1 if ends_there and index + 1 < len(course.periods) else index
