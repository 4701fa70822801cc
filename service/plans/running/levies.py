"""What becomes owed beside the schedule: fees and penalties, and payments that the consumer's bank took back."""

from datetime import date

from service.errors import Code, Refused
from service.plans.running import moves
from service.plans.running.facts import ChargedBack, Levied
from service.plans.running.paying import reallocate_overpaid
from service.plans.running.standing import Allocated, Standing
from service.terms.allocation_rule import Component


def levied(standing: Standing, fact: Levied) -> None:
    """A fee or penalty joins the instalment whose period its day lies in, else an extra row; or that which is late."""
    component = Component.PENALTY if fact.is_penalty else Component.FEE
    if fact.is_penalty:
        standing.late_fees.append((fact.due_on, fact.amount, fact.late_since or _late_since(standing, fact.due_on)))
    rows = [] if standing.is_forgiven else standing.instalments()
    row = next((row for row in rows if fact.with_late and row.due_on == fact.late_since), None)
    row = row or next((row for row in rows if fact.due_on <= row.due_on), None)
    (row or standing.row_after(fact.due_on)).owe(component, fact.amount, fact.on)
    reallocate_overpaid(standing)


def _late_since(standing: Standing, on: date) -> date | None:
    """When the last of what is late on a day was due."""
    return max([row.due_on for row in standing.rows if row.is_open and row.due_on < on], default=None)


def charged_back(standing: Standing, fact: ChargedBack) -> None:
    """What was overpaid bears it first; the rest of the payment is owed again, part by part."""
    paid = standing.allocations.get(fact.payment_id)
    if paid is None or paid.is_back:
        raise Refused(Code.NOT_FOUND, f"No payment {fact.payment_id}.", "/payment_id")
    if fact.amount > paid.total:
        sentence = f"Only {paid.total} minor units are left of the payment: it cannot be taken back beyond them."
        raise Refused(Code.AMOUNT_EXCEEDS_OUTSTANDING, sentence, "/amount")
    paid = standing.allocating(paid)
    absorbed = min(standing.overpaid, fact.amount)
    standing.overpaid -= absorbed
    paid.overpaid -= absorbed
    parts = _parts(standing, paid, fact.amount - absorbed)
    back = Allocated(fact.id, paid.kind, fact.on, overpaid=-absorbed, is_back=True)
    standing.allocations[fact.id] = back
    for component, amount in parts.items():
        back.add(component, -amount)
        paid.add(component, -amount)
    course = next((course for course in standing.courses if fact.on <= course.last.due_on), None)
    bears_all = fact.keeps_settled and not any(parts.values())
    if course is not None and not (bears_all or standing.rows_stand_alone):
        principal, interest = parts.pop(Component.PRINCIPAL, 0), parts.pop(Component.INTEREST, 0)
        bears_from = fact.on if standing.recalculates else course.end_of_credit(fact.on)
        moves.take_back(course, fact.on, principal, interest, bears_from)
        standing.sync(fact.on)
    for component, amount in parts.items():
        row = standing.row_after(fact.on, moves_what_is_due=True)  # as Fineract has it
        row.owe(component, amount, fact.on)
        row.owed_again += amount if component is Component.PRINCIPAL else 0


def _parts(standing: Standing, paid: Allocated, amount: int) -> dict[Component, int]:
    """Which parts of the payment come back: by the terms' order; principal, what that does not name."""
    parts: dict[Component, int] = {}
    for component in standing.terms.chargeback_order:
        part = min(amount, paid.part(component))
        if part > 0:
            parts[component] = part
            amount -= part
    if amount:
        parts[Component.PRINCIPAL] = parts.get(Component.PRINCIPAL, 0) + amount
    return parts
