"""Capture: the goods are shipped, or the use has ended and its price is known. Pure."""

from datetime import datetime
from typing import Any

from service.actor import ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.merchants.merchant import merchant_fee
from service.plans.bill import BillLine
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state, require_open
from service.plans.happening import fact_id, happen, today_of
from service.plans.offer import Kind
from service.plans.plan import Plan, bill_of
from service.plans.running.facts import Captured

MERCHANTS = frozenset({ActorKind.MERCHANT, ActorKind.PLATFORM})


class Capture(PlanCommand, frozen=True, kw_only=True):
    """Make `amount` minor units of an authorized plan owed; a use that cost nothing is captured with 0.

    Instalments may be captured in parts; `final` gives back the rest. A pay_after_use plan is captured once, with its
    final amount: the rest of the cap is always given back.
    """

    amount: int
    final: bool = False
    lines: tuple[BillLine, ...] = ()  # of the bill

    who_may = MERCHANTS

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS, AMOUNT_EXCEEDS_AUTHORIZED, INVALID_FIELD (nothing, and not all of it)."""
        plan = self.plan_of(book)
        if plan.kind is Kind.DEPOSIT:
            raise refuse_state(plan, "captured: a deposit is claimed")
        require_open(plan, now, "captured")
        if self.amount > plan.remaining:
            raise Refused(
                Code.AMOUNT_EXCEEDS_AUTHORIZED,
                f"{self.amount} is more than the {plan.remaining} minor units that may still be captured.",
                "/amount",
            )
        final = self.final or plan.kind is Kind.PAY_AFTER_USE
        if not self.amount and not final:
            raise Refused(Code.INVALID_FIELD, "Nothing is captured only as the last of a plan: say final.", "/amount")
        today = today_of(plan, now)
        fact = Captured(
            id=fact_id(self), recorded_on=today, on=today, amount=self.amount, final=final, lines=self.lines
        )
        back = plan.remaining - self.amount if final else 0
        return charge(self, book, plan, fact, now, EventType.CAPTURED, {"voided": back})


def charge(
    command: PlanCommand, book: Book, plan: Plan, fact: Captured, now: datetime, event: EventType,
    told: dict[str, Any], **fields: Any,
) -> Change:  # fmt: skip
    """A capture or a claim: the plan has one more bill."""
    bill = bill_of(len(plan.bills) + 1, now, fact)
    fee = merchant_fee(plan.offer.merchant_fee, plan.amounts.captured, bill.amount)
    told = {"capture": bill.capture, "amount": bill.amount, "merchant_fee": fee, "lines": fact.lines, **told}
    return happen(book, plan, command, fact, now, lambda _: Event(event, told), bills=(*plan.bills, bill), **fields)
