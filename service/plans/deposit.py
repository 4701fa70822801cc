"""The deposit's own verbs: claim (something is missing or broken) and release (all came back). Pure.

claimed + released + remaining = deposit,   and remaining = held on the card + waived on credit
"""

from datetime import datetime

from msgspec.structs import replace

from service.errors import Code, Refused
from service.event_type import EventType
from service.ledger import transfers
from service.limits.account import release, use
from service.merchants.merchant import merchant_fee
from service.plans.bill import Bill, BillLine
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state, require_open
from service.plans.capture import owe
from service.plans.offer import Kind
from service.plans.plan import CollectionState, Plan, PlanState, SettlementState


class Claim(PlanCommand, frozen=True, kw_only=True):
    """Take `amount` minor units of the deposit: the held part first, the rest the consumer then owes.

    `final` gives back what is left; a first of several claims says `final=False`.
    """

    amount: int
    final: bool = True
    evidence: str = ""
    lines: tuple[BillLine, ...] = ()  # of what is claimed

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS, AMOUNT_EXCEEDS_AUTHORIZED."""
        plan = _deposit(self, book)
        require_open(plan, now, "claimed")
        if self.amount > plan.remaining:
            raise Refused(
                Code.AMOUNT_EXCEEDS_AUTHORIZED,
                f"{self.amount} is more than the {plan.remaining} minor units of deposit that are left.",
                "/amount",
            )
        from_held = min(self.amount, plan.held)
        owed = self.amount - from_held
        back_held = plan.held - from_held if self.final else 0
        back_reserved = plan.reserved - owed if self.final else 0
        fee = merchant_fee(plan.offer.merchant_fee, plan.captured, self.amount)
        after = replace(
            plan,
            collection_state=CollectionState.COLLECTING if owed else plan.collection_state,
            settlement_state=SettlementState.PAYABLE,
            captured=plan.captured + self.amount,
            voided=plan.voided + back_held + back_reserved,
            held=plan.held - from_held - back_held,
            reserved=plan.reserved - owed - back_reserved,
            outstanding=plan.outstanding + owed,
            captures=plan.captures + 1,
            bills=(*plan.bills, Bill(plan.captures + 1, self.amount, now, self.lines)),
            version=plan.version + 1,
            claimed_at=now,
        )
        return Change(
            account=release(use(book.account, owed), back_reserved),
            plan=_settled_state(after, now),
            transfers=[
                *transfers.claimed(
                    from_held, owed, fee, plan.outstanding + plan.principal_paid, plan.funding.funding_bps
                ),
                *transfers.released(back_reserved, back_held),
            ],
            event=Event(
                EventType.CLAIMED,
                {
                    "capture": after.captures,
                    "amount": self.amount,
                    "from_held": from_held,
                    "owed": owed,
                    "released": back_held + back_reserved,
                    "merchant_fee": fee,
                    "evidence": self.evidence,
                    "lines": self.lines,
                },
            ),
            instalments=owe(plan, owed, book.instalments, now) if owed else book.instalments,
        )


class Release(PlanCommand, frozen=True, kw_only=True):
    """Give back `amount` of the deposit, all of it if none is named. The consumer's own money goes back first."""

    amount: int | None = None

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS, AMOUNT_EXCEEDS_AUTHORIZED."""
        plan = _deposit(self, book)
        if plan.state not in (PlanState.AUTHORIZED, PlanState.PART_CAPTURED):
            raise refuse_state(plan, "released")
        amount = plan.remaining if self.amount is None else self.amount
        if amount > plan.remaining:
            raise Refused(
                Code.AMOUNT_EXCEEDS_AUTHORIZED,
                f"{amount} is more than the {plan.remaining} minor units of deposit that are left.",
                "/amount",
            )
        from_held = min(amount, plan.held)
        from_reserved = amount - from_held
        after = replace(
            plan,
            voided=plan.voided + amount,
            held=plan.held - from_held,
            reserved=plan.reserved - from_reserved,
            version=plan.version + 1,
        )
        return Change(
            account=release(book.account, from_reserved),
            plan=_settled_state(after, now),
            transfers=transfers.released(from_reserved, from_held),
            event=Event(EventType.RELEASED, {"amount": amount, "from_held": from_held}),
            instalments=book.instalments,
        )


def _deposit(command: PlanCommand, book: Book) -> Plan:
    plan = command.plan_of(book)
    if plan.kind is not Kind.DEPOSIT:
        raise refuse_state(plan, "claimed or released: only a deposit can")
    return plan


def _settled_state(plan: Plan, now: datetime) -> Plan:
    """Open while some of the deposit is left; then due while the consumer owes; then closed."""
    if plan.remaining:
        return replace(plan, state=PlanState.PART_CAPTURED if plan.captured else PlanState.AUTHORIZED)
    if plan.outstanding:
        return replace(plan, state=PlanState.PAYMENT_DUE)
    return replace(plan, state=PlanState.CLOSED, closed_at=now)
