"""Capture: the goods are shipped, or the use has ended and its price is known. Pure."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from service.actor import ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.merchants.fee import Volume, merchant_fee, tier_of
from service.merchants.split import Splits
from service.money import take_bps
from service.plans.bill import Bill, BillLine
from service.plans.billed import bill_of
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state, require_confirmed, require_open
from service.plans.happening import fact_id, happen, today_of
from service.plans.offer import Kind
from service.plans.payment import same_reference
from service.plans.plan import Plan
from service.plans.running.facts import Captured

MERCHANTS = frozenset({ActorKind.MERCHANT, ActorKind.PLATFORM})


class Capture(PlanCommand, frozen=True, kw_only=True):
    """Make `amount` minor units of an authorized plan owed; a use that cost nothing is captured with 0.

    Instalments may be captured in parts; `final` gives back the rest. A pay_after_use plan is captured once, with its
    final amount: the rest of the cap is always given back. As far as the leeway goes, more may be captured than was
    authorized, or after it has expired: then the limit must have room for it.
    """

    amount: int
    final: bool = False
    lines: tuple[BillLine, ...] = ()  # of the bill
    reference: str | None = None  # the merchant's own
    evidence: str = ""  # of what was used
    splits: Splits = ()  # what other sellers have of it
    volumes: Mapping[str, Volume] = MappingProxyType({})  # what the merchant has captured in this month, by currency

    who_may = MERCHANTS

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS, AMOUNT_EXCEEDS_AUTHORIZED, INVALID_FIELD (nothing, and not all of it, or
        no evidence), DUPLICATE_CAPTURE, LIMIT_EXCEEDED and REFERENCE_USED (more than was promised, or too late).
        """
        plan = self.plan_of(book)
        if plan.kind is Kind.DEPOSIT:
            raise refuse_state(plan, "captured: a deposit is claimed")
        require_confirmed(plan)
        if plan.offer.use.evidence and self.amount and not self.evidence:
            raise Refused(Code.INVALID_FIELD, "The product asks for what proves the bill.", "/evidence")
        refuse_twice(plan, self.reference)
        anew = self._anew(book, plan, now)
        beyond = self._beyond(plan, anew or plan.remaining)
        final = self.final or plan.kind is Kind.PAY_AFTER_USE
        if not self.amount and not final:
            raise Refused(Code.INVALID_FIELD, "Nothing is captured only as the last of a plan: say final.", "/amount")
        today = today_of(plan, now)
        fact = Captured(
            id=fact_id(self), recorded_on=today, on=today, amount=self.amount, beyond=beyond,
            anew=min(anew, self.amount), final=final, lines=self.lines,
            reference=self.reference or "", evidence=self.evidence, splits=self.splits,
            fee_tier=tier_of(plan.offer.merchant_fee, self.volumes, plan.currency, today),
        )  # fmt: skip
        back = max(0, plan.remaining - self.amount) if final else 0
        told = {"voided": back, "beyond": beyond, "reference": self.reference}
        return charge(self, book, plan, fact, now, EventType.CAPTURED, told)

    def _anew(self, book: Book, plan: Plan, now: datetime) -> int:
        """What may be captured although it has expired; 0 while that has not happened."""
        until = plan.late_capture_until
        if until is None or now > until or not self.amount:
            require_open(plan, now, "captured")
            return 0
        if book.is_reference_used:
            sentence = f"The merchant reference {plan.merchant_reference!r} is taken by another plan since it expired."
            raise Refused(Code.REFERENCE_USED, sentence)
        return plan.standing.given_back

    def _beyond(self, plan: Plan, left: int) -> int:
        """How much of the amount is more than was authorized."""
        tolerated = tolerance_of(plan)
        if self.amount > left + tolerated:
            more = f", and {tolerated} more than was authorized" if tolerated else ""
            sentence = f"{self.amount} is more than the {left} minor units that may still be captured{more}."
            raise Refused(Code.AMOUNT_EXCEEDS_AUTHORIZED, sentence, "/amount")
        return max(0, self.amount - left)


def tolerance_of(plan: Plan) -> int:
    """How much more than was authorized may be captured."""
    tolerated = take_bps(plan.agreed.amount, plan.offer.leeway.capture_tolerance_bps)
    return max(0, tolerated - (plan.amounts.amount - plan.agreed.amount))


def refuse_twice(plan: Plan, reference: str | None) -> None:
    """Refused: DUPLICATE_CAPTURE, where a capture that stands has this reference."""
    known = same_reference(reference)
    for bill in plan.standing_bills:
        if known is not None and same_reference(bill.reference) == known:
            sentence = f"Capture {bill.capture}, of {bill.amount} minor units, has the reference {bill.reference!r}."
            raise Refused(Code.DUPLICATE_CAPTURE, sentence, "/reference")


def charge(
    command: PlanCommand, book: Book, plan: Plan, fact: Captured, now: datetime, event: EventType,
    told: dict[str, Any], **fields: Any,
) -> Change:  # fmt: skip
    """A capture or a claim: the plan has one more bill."""
    bill, data = billed(plan, fact, now)
    bills = (*plan.bills, bill)

    def tell(after: Plan) -> Event:
        costs = after.standing.merchant_costs - plan.standing.merchant_costs
        return Event(event, data | told | ({"merchant_cost": costs} if event == EventType.CAPTURED else {}))

    return happen(book, plan, command, fact, now, tell, bills=bills, **fields)


def billed(plan: Plan, fact: Captured, now: datetime) -> tuple[Bill, dict[str, Any]]:
    """The bill of a capture or a claim, and what is told of it."""
    bill = bill_of(len(plan.bills) + 1, now, fact)
    fee = merchant_fee(plan.offer.merchant_fee, plan.amounts.captured, bill.amount, bill.fee_tier)
    return bill, {"capture": bill.capture, "amount": bill.amount, "merchant_fee": fee, "lines": fact.lines}
