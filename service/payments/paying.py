"""Money comes in: a payment is allocated, and where interest follows what is paid, the courses hear of it."""

from datetime import date

from service.errors import Code, Refused
from service.payments.allocation import allocate
from service.payments.rows import Row
from service.payments.standing import Allocated, Standing, end_of_period
from service.plans.allocation_rule import Component, PaymentKind, Step, Timing
from service.plans.changes import moves
from service.plans.changes.facts import OverpaidReturned, Paid
from service.plans.terms import PaidEarly


def paid(standing: Standing, fact: Paid) -> None:
    """A payment of the consumer's, or for them."""
    pay(standing, fact.id, fact.kind, fact.on, fact.amount)


def overpaid_returned(standing: Standing, fact: OverpaidReturned) -> None:
    """What was paid too much goes back."""
    if fact.amount > standing.overpaid:
        raise Refused(Code.AMOUNT_EXCEEDS_OUTSTANDING, "That much has not been overpaid.", "/amount")
    standing.overpaid -= fact.amount


def pay(standing: Standing, fact_id: str, kind: PaymentKind, on: date, amount: int) -> None:
    """Allocate an amount by the rule for its kind; the rest is an overpayment."""
    allocated = standing.allocations.setdefault(fact_id, Allocated(fact_id, kind, on))
    standing.settling = _settles(standing, on, amount)
    left = _allocate(standing, allocated, amount)
    standing.settling = False
    allocated.overpaid += left
    standing.overpaid += left


def use_overpaid(standing: Standing, fact_id: str, on: date) -> None:
    """What was overpaid settles what has just become owed."""
    if standing.overpaid:
        amount, standing.overpaid = standing.overpaid, 0
        pay(standing, fact_id, PaymentKind.PAYMENT, on, amount)


def reallocate_overpaid(standing: Standing) -> None:
    """What earlier payments left over settles what has just become owed, on their own days and by their own rules."""
    for allocated in list(standing.allocations.values()):
        amount = min(standing.overpaid, allocated.overpaid)
        if amount > 0:
            left = _allocate(standing, allocated, amount)
            allocated.overpaid -= amount - left
            standing.overpaid -= amount - left


def _allocate(standing: Standing, allocated: Allocated, amount: int) -> int:
    def take(row: Row, step: Step, at_most: int) -> int:
        taken = _take(standing, row, step, at_most, allocated.on)
        allocated.add(step[1], taken)
        return taken

    def may_yet_owe(row: Row) -> bool:
        return standing.recalculates and row.period is not None and row.total == 0

    allocation = standing.terms.allocation
    rule = allocation.rule_of(allocated.kind)
    return allocate(standing.rows, rule, allocation.direction, amount, allocated.on, take, may_yet_owe)


def _take(standing: Standing, row: Row, step: Step, at_most: int, on: date) -> int:
    course, period, (timing, component) = row.course, row.period, step
    if not standing.recalculates or course is None or period is None:
        return row.pay(component, at_most, on)
    counts_on = on
    if timing is Timing.IN_ADVANCE and component in (Component.INTEREST, Component.PRINCIPAL):
        if standing.counts_at_due_date and period.begin < on:
            counts_on = period.due_on
        due = moves.due_if_paid(course, period, counts_on)
        row.owed[component] = due.interest if component is Component.INTEREST else due.principal
    taken = row.pay(component, at_most, on)
    if component is Component.PRINCIPAL:
        moves.pay_principal(course, period, counts_on, taken)
    elif component is Component.INTEREST:
        moves.pay_interest(course, period, counts_on, taken)
    standing.sync(on)
    return taken


def _settles(standing: Standing, on: date, amount: int) -> bool:
    """Whether a payment takes everything, reckoned at the end of the running period."""
    if not standing.recalculates or standing.terms.paid_early is not PaidEarly.AT_ONCE_UNLESS_SETTLED:
        return False
    owed = sum(sum(moves.left_if_settled(course, end_of_period(course, on))) for course in standing.courses)
    return amount >= owed
