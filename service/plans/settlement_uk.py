"""What the law of the United Kingdom gives up of a plan that is settled early. Pure.

Source: the Consumer Credit (Early Settlement) Regulations 2004, SI 2004/1483. Amounts are minor units.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from service.money import Rounding, quotient
from service.plans.plan import Plan
from service.plans.running.rows import RowKind
from service.terms.allocation_rule import Component
from service.terms.schedule import Instalment, cost_of, fees_of, paid_up_front
from service.terms.terms import Cost, FeeDue, Terms, Unit
from service.terms.uk_settlement import uk_owed, uk_settlement_date

PRINCIPAL, INTEREST, FEE = Component.PRINCIPAL, Component.INTEREST, Component.FEE


def settled_in_uk_on(plan: Plan, on: date, *, deferred: bool) -> date:
    """The settlement date: what the debtor may take, who gives notice today."""
    begin_on, ends_on = plan.lines[0].begin_on, plan.lines[-1].due_on
    is_monthly = plan.offer.terms.unit is Unit.MONTH
    return uk_settlement_date(on, ends_on, start_on=begin_on, is_monthly=is_monthly, deferred=deferred)


def owed_in_uk(plan: Plan, on: date) -> int:
    """What settles a plan whose interest follows what is paid: each payment counts from its own day.

    What is due and not paid is asked for as it stands, and counts as paid when it was due: nothing is charged for it
    twice. Fees that are no part of the charge for credit, and penalties, are owed besides.
    """
    standing, terms, fees = plan.standing, plan.offer.terms, _Fees(plan)
    begins = {row.capture: row.begin for row in reversed(standing.instalments())}
    start_on = min(begins.values(), default=plan.lines[0].begin_on)
    lent = [(begins.get(row.capture, start_on), row.owed[PRINCIPAL] - row.owed_again) for row in standing.rows]
    payments = sorted([one for one in standing.allocations.values() if not one.is_back], key=lambda one: one.on)
    repaid = [(one.on, one.principal + one.interest + fees.take(one.fee)) for one in payments]
    besides = 0
    for number, row in enumerate(standing.rows):
        charge = row.left(PRINCIPAL) + row.left(INTEREST) + fees.charged(number, row.left(FEE))
        besides += sum([row.left(component) for component in Component])
        if row.due_on <= on:
            repaid.append((max(row.due_on, start_on), charge))
        else:
            besides -= charge
    return besides + uk_owed(terms, lent, repaid, start_on, on, Decimal(plan.agreed.apr.value))


class _Fees:
    """What of each row's fees is part of the charge for credit; they are paid in the order in which they are due."""

    def __init__(self, plan: Plan) -> None:
        rows, terms = plan.standing.rows, plan.offer.terms
        self._whole = [row.owed[FEE] for row in rows]
        self._charge = self._whole[:]
        of_capture: defaultdict[int, list[int]] = defaultdict(list)
        for number, row in enumerate(rows):
            if row.kind is RowKind.INSTALMENT:
                of_capture[row.capture].append(number)
        lent = {capture: sum([rows[one].owed[PRINCIPAL] for one in some]) for capture, some in of_capture.items()}
        for capture, numbers in of_capture.items():
            asked = [Instalment(each, rows[each].due_on, 0, 0, self._whole[each]) for each in numbers]
            for one in with_charges(terms, asked, lent[capture]):
                self._charge[one.number] = one.fee
        for number, row in enumerate(rows):
            if row.kind is RowKind.DOWN_PAYMENT and lent:
                self._charge[number] = charged(terms, self._whole[number], lent.get(row.capture, lent[min(lent)]))
        self._unpaid = sorted(range(len(rows)), key=lambda number: rows[number].due_on)
        self._left = self._whole[:]

    def charged(self, number: int, fee: int) -> int:
        """So much of a row's fees that is part of the charge."""
        whole = self._whole[number]
        return quotient(fee * self._charge[number], whole, Rounding.HALF_UP) if whole else 0

    def take(self, paid: int) -> int:
        """The same of fees that were paid next."""
        charge = 0
        for number in self._unpaid:
            part = max(0, min(paid, self._left[number]))
            charge += self.charged(number, self._whole[number] - self._left[number] + part)
            charge -= self.charged(number, self._whole[number] - self._left[number])
            self._left[number] -= part
            paid -= part
        return charge + paid


def charged(terms: Terms, up_front: int, lent: int) -> int:
    """What of the costs up front is part of the charge for credit: one that is none comes back to nobody."""
    whole = paid_up_front(terms, lent)
    in_rate = replace(terms, costs=_in_rate(terms))
    return quotient(up_front * paid_up_front(in_rate, lent), whole, Rounding.HALF_UP) if whole else 0


def with_charges(terms: Terms, rows: list[Instalment], lent: int) -> list[Instalment]:
    """The same of the fees of instalments: without those that are no part of the charge for credit."""
    if all(one.in_apr or one.due is FeeDue.UP_FRONT for one in terms.costs):
        return rows
    whole, in_rate = (_fees(costs, lent, len(rows)) for costs in (terms.costs, _in_rate(terms)))
    return [
        replace(row, fee=quotient(row.fee * counted, fee, Rounding.HALF_UP) if fee else row.fee)
        for row, fee, counted in zip(rows, whole, in_rate, strict=True)
    ]


def _in_rate(terms: Terms) -> tuple[Cost, ...]:
    return tuple([one for one in terms.costs if one.in_apr])


def _fees(costs: Iterable[Cost], lent: int, count: int) -> list[int]:
    return fees_of([(one, cost_of(one, lent)) for one in costs], count)
