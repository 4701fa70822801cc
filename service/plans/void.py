"""Void and expire: what was authorized and not captured is given back. Pure."""

from datetime import datetime

from msgspec.structs import replace

from service.errors import Code, Refused
from service.event_type import EventType
from service.ledger import transfers
from service.limits.account import release
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state
from service.plans.offer import Kind
from service.plans.plan import Plan, PlanState


class Void(PlanCommand, frozen=True, kw_only=True):
    """The merchant will not capture the rest. What is captured goes on."""

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS."""
        plan = self.plan_of(book)
        if plan.state not in (PlanState.AUTHORIZED, PlanState.PART_CAPTURED):
            raise refuse_state(plan, "voided")
        return give_back(book, plan, now, PlanState.VOIDED, EventType.VOIDED)


class Expire(PlanCommand, frozen=True, kw_only=True):
    """Nobody captured in time. Sent by the day close, not by merchants."""

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS while there is still time or when there is nothing to expire."""
        plan = self.plan_of(book)
        if plan.state not in (PlanState.AUTHORIZED, PlanState.PART_CAPTURED):
            raise refuse_state(plan, "expired")
        if now <= plan.capture_by:
            raise Refused(Code.STATE_FORBIDS, f"The authorization lasts until {plan.capture_by.isoformat()}.")
        return give_back(book, plan, now, PlanState.EXPIRED, EventType.EXPIRED)


def give_back(book: Book, plan: Plan, now: datetime, if_uncaptured: PlanState, event: EventType) -> Change:
    """Ends what remains of an authorization: limit released, card hold lifted, state moved on."""
    state = if_uncaptured if not plan.captured else state_without_remainder(plan)
    ended = state in (PlanState.VOIDED, PlanState.EXPIRED, PlanState.PAID_OFF, PlanState.CLOSED)
    after = replace(
        plan,
        state=state,
        voided=plan.voided + plan.remaining,
        held=0,
        reserved=0,
        version=plan.version + 1,
        closed_at=now if ended else None,
    )
    return Change(
        account=release(book.account, plan.reserved),
        plan=after,
        transfers=transfers.released(plan.reserved, plan.held),
        event=Event(event, {"amount": plan.remaining}),
        instalments=book.instalments,
    )


def state_without_remainder(plan: Plan) -> PlanState:
    """Where a partly captured plan stands once nothing more will be captured."""
    if plan.kind is Kind.DEPOSIT:
        return PlanState.PAYMENT_DUE if plan.outstanding else PlanState.CLOSED
    return PlanState.ACTIVE if plan.outstanding else PlanState.PAID_OFF
