"""Money comes in: a payment is allocated, and where interest follows what is paid, the courses hear of it."""

from datetime import date
from typing import Final

from service.plans.running import moves, outlook, settling
from service.plans.running.allocation import allocate
from service.plans.running.course import Course
from service.plans.running.facts import OverpaidReturned, Paid
from service.plans.running.period import Period
from service.plans.running.rows import Row
from service.plans.running.standing import Allocated, Standing
from service.terms.allocation_rule import Component, PaymentKind, Step, Timing
from service.terms.terms import PaidEarly

BESIDE_COURSE: Final = (Component.FEE, Component.PENALTY)  # no course reckons them


def paid(standing: Standing, fact: Paid) -> None:
    """A payment of the consumer's, or for them."""
    left = settling.settle(standing, fact, pay)
    pay(standing, fact.id, fact.kind, fact.on, left)


def overpaid_returned(standing: Standing, fact: OverpaidReturned) -> None:
    """What was paid too much goes back.

    It may turn out later that less was paid too much: the bank returns the payment unpaid, or a fee was due before it.
    The money has gone, so the consumer owes the rest since that day, beside the schedule and without interest.
    """
    too_much = min(fact.amount, standing.overpaid)
    owed = fact.amount - too_much
    standing.overpaid -= too_much
    standing.allocations[fact.id] = Allocated(
        fact.id, PaymentKind.PAYMENT, fact.on, principal=-owed, overpaid=-too_much
    )
    if owed:
        row = standing.row_on(fact.on)
        row.owe(Component.PRINCIPAL, owed, fact.on)
        row.owed_again += owed


def pay(standing: Standing, fact_id: str, kind: PaymentKind, on: date, amount: int) -> None:
    """Allocate an amount (minor units) by the rule for its kind; what is left of it is overpaid."""
    recovers = standing.charged_off_on is not None
    allocated = standing.allocating(Allocated(fact_id, kind, on, is_recovery=recovers))
    if _settles(standing, on, amount):  # then principal past due bears interest to the end of the running period
        standing.settling = True
        standing.bear_overdue(on)
    left = _allocate(standing, allocated, amount)
    standing.settling = False
    allocated.overpaid += left
    standing.overpaid += left


def use_overpaid(standing: Standing, fact_id: str, on: date) -> None:
    """What was overpaid settles what has just become owed: as a new payment, of the day `on`."""
    if standing.overpaid:
        amount, standing.overpaid = standing.overpaid, 0
        standing.allocations[fact_id] = Allocated(fact_id, PaymentKind.PAYMENT, on, overpaid=-amount)
        pay(standing, fact_id, PaymentKind.PAYMENT, on, amount)


def reallocate_overpaid(standing: Standing) -> None:
    """What earlier payments left over settles what has just become owed, on their own days and by their own rules."""
    for known in list(standing.allocations.values()):
        amount = min(standing.overpaid, known.overpaid)
        if amount > 0:
            allocated = standing.allocating(known)
            left = _allocate(standing, allocated, amount)
            allocated.overpaid -= amount - left
            standing.overpaid -= amount - left


def _allocate(standing: Standing, allocated: Allocated, amount: int) -> int:
    """Settle rows with an amount, count in `allocated` what each component took, and return what is left of it."""
    allocation = standing.terms.allocation
    rule = allocation.rule_of(allocated.kind)

    def may_yet_owe(row: Row) -> bool:
        return recalculates and row.period is not None and row.total == 0

    recalculates = standing.recalculates
    rows = standing.rows if recalculates else [row for row in standing.rows if row.settled_on is None]

    # First by what each row asks for if it is paid today; then, with what is left, by what the schedule has still open.
    for as_of_today in (True, False):
        if not amount:
            break

        def take(row: Row, step: Step, at_most: int, as_of_today: bool = as_of_today) -> int:
            if not row.left(step[1]) and (not recalculates or step[1] in BESIDE_COURSE):
                return 0  # most rows owe one component or two
            taken = _take(standing, row, step, at_most, allocated.on, as_of_today)
            allocated.add(step[1], taken)
            return taken

        amount = allocate(rows, rule, allocation.direction, amount, allocated.on, take, may_yet_owe)
    return amount


def _take(standing: Standing, row: Row, step: Step, at_most: int, on: date, as_of_today: bool) -> int:
    """Pay one component of one row, tell its course where interest follows payments, and return what was taken.

    With `as_of_today` a row that is paid before its due date first asks for what it owes if it is paid on that day.
    """
    course, period, (timing, component) = row.course, row.period, step
    if course is None or period is None or standing.rows_stand_alone or component in BESIDE_COURSE:
        return row.pay(component, at_most, on)
    if not standing.recalculates:
        return _take_as_agreed(row, course, period, component, at_most, on)
    counts_on = on if timing is not Timing.IN_ADVANCE else standing.counts_on(course, on)
    if timing is Timing.IN_ADVANCE and as_of_today:
        due = outlook.due_if_paid(course, period, counts_on)
        row.owed[component] = due.interest if component is Component.INTEREST else due.principal
        row.asked = None
    if component is Component.INTEREST:
        taken = row.pay(component, at_most, on)
        moves.pay_interest(course, period, counts_on, taken)
    else:
        taken = row.pay(component, min(at_most, max(0, course.principal_left())), on)
        moves.pay_principal(course, period, counts_on, taken)
    standing.sync(on)
    return taken


def _take_as_agreed(row: Row, course: Course, period: Period, component: Component, at_most: int, on: date) -> int:
    """Interest stays as agreed: the row takes the money, and the course notes it for a change that comes later."""
    if component is Component.INTEREST:
        taken = row.pay(component, at_most, on)
        period.paid_interest += taken
        return taken
    taken = row.pay(component, min(at_most, max(0, course.principal_left())), on)
    if taken:
        period.paid_principal += taken
        course.move(period.due_on, -taken)
    return taken


def _settles(standing: Standing, on: date, amount: int) -> bool:
    """Whether a payment takes everything, reckoned at the end of the running period."""
    if not standing.recalculates or standing.terms.paid_early is not PaidEarly.AT_ONCE_UNLESS_SETTLED:
        return False
    return amount >= sum(sum(left_at_end_of_period(course, on)) for course in standing.courses)


def left_at_end_of_period(course: Course, on: date) -> tuple[int, int]:
    """Principal and interest that settle everything, if what is owed bears interest to the end of the period: what is
    past due as well, where the terms have it bear any."""
    view, end = course.copy(), course.end_of_period(on)
    if course.terms.overdue_interest:
        moves.bear_overdue(view, end)
    return outlook.left_if_settled(view, end)
