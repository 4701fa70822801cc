"""Use before pay: the use begins, and it ends; what it came to is captured then. Pure.

confirm the consumer agrees to this order, where the product asks them    it may be used and captured
start   the ride begins, the key is handed over, the trial is delivered    the plan is in use
end     the bicycle stands in its rack again                               its bill may be captured for some days
"""

from datetime import UTC, datetime

from service.actor import ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state, require_confirmed, require_open
from service.plans.capture import MERCHANTS
from service.plans.happening import fact_id, happen, today_of
from service.plans.offer import Kind
from service.plans.plan import Plan
from service.plans.running.claims import until_when
from service.plans.running.use_facts import OrderConfirmed, UseEnded, UseStarted
from service.plans.used import is_unproved

USED = (Kind.PAY_AFTER_USE, Kind.DEPOSIT)


class Confirm(PlanCommand, frozen=True, kw_only=True):
    """The consumer agrees to the order; where they proved that it is they, to an amount of minor units."""

    authentication_id: str = ""  # of what proved it; empty: the merchant says so
    amount: int = 0

    who_may = MERCHANTS | {ActorKind.CONSUMER, ActorKind.OPERATOR}

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (they need not, did before, it is too late, they have to prove that it is
        they, or the amount has changed).
        """
        plan = self.plan_of(book)
        before = plan.standing.confirmed_at
        if not plan.is_unconfirmed:
            twice = "its product asks for no confirmation" if before is None else f"it was at {_said(before)}"
            raise refuse_state(plan, f"confirmed: {twice}")
        if is_unproved(plan.offer, plan.standing) and not self.authentication_id:
            raise refuse_state(plan, "confirmed by the merchant's word: the consumer proves that it is they who agree")
        if self.authentication_id and self.amount != plan.amounts.amount:
            now_of = f"it is of {plan.amounts.amount} now"
            raise refuse_state(plan, f"confirmed: the consumer agreed to {self.amount} minor units, {now_of}")
        require_open(plan, now, "confirmed")
        today = today_of(plan, now)
        fact = OrderConfirmed(
            id=fact_id(self), recorded_on=today, on=today, at=now, authentication_id=self.authentication_id,
            amount=self.amount,
        )  # fmt: skip
        return happen(book, plan, self, fact, now, confirmed_event)


class StartUse(PlanCommand, frozen=True, kw_only=True):
    """The consumer has the goods since `at`, which is now if none is named."""

    at: datetime | None = None

    who_may = MERCHANTS

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (another kind, claimed, begun, too late), INVALID_FIELD (no time)."""
        plan = self.plan_of(book)
        if plan.kind not in USED:
            raise refuse_state(plan, "used: it is for goods that the consumer keeps")
        require_open(plan, now, "used")
        require_confirmed(plan)
        if plan.standing.open_claim is not None:
            raise Refused(Code.STATE_FORBIDS, until_when(plan.standing.open_claim))
        if (begun := plan.standing.use_started_at) is not None:
            raise refuse_state(plan, f"used twice: its use began at {_said(begun)}")
        at = _instant(self.at, now)
        if at < plan.authorized_at:
            sentence = f"{_said(at)} is before the plan was authorized, at {_said(plan.authorized_at)}."
            raise Refused(Code.INVALID_FIELD, sentence, "/at")
        today = today_of(plan, now)
        fact = UseStarted(id=fact_id(self), recorded_on=today, on=today, at=at)
        return happen(book, plan, self, fact, now, lambda after: _told(EventType.USE_STARTED, fact, after))


class EndUse(PlanCommand, frozen=True, kw_only=True):
    """The consumer has given the goods back at `at`, which is now if none is named."""

    at: datetime | None = None

    who_may = MERCHANTS

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (it did not begin, it ended before), INVALID_FIELD (no such time)."""
        plan = self.plan_of(book)
        begun, ended = plan.standing.use_started_at, plan.standing.use_ended_at
        if begun is None or not plan.remaining:
            raise refuse_state(plan, "ended: it is not in use")
        if ended is not None:
            raise refuse_state(plan, f"ended twice: its use ended at {_said(ended)}")
        at = _instant(self.at, now)
        if at < begun:
            raise Refused(Code.INVALID_FIELD, f"{_said(at)} is before the use began, at {_said(begun)}.", "/at")
        today = today_of(plan, now)
        fact = UseEnded(id=fact_id(self), recorded_on=today, on=today, at=at)
        return happen(book, plan, self, fact, now, lambda after: _told(EventType.USE_ENDED, fact, after))


def confirmed_event(plan: Plan) -> Event:
    """What is told of an order that is confirmed, by itself or by a permission."""
    data = {
        "capture_by": plan.capture_by, "remaining": plan.remaining,
        "permission_id": plan.standing.permission_id or None, "authenticated": plan.standing.authenticated_amount,
    }  # fmt: skip
    return Event(EventType.CONFIRMED, data)


def _instant(at: datetime | None, now: datetime) -> datetime:
    """When it was. Refused: INVALID_FIELD (to come)."""
    if at is not None and at > now:
        raise Refused(Code.INVALID_FIELD, f"{_said(at)} is to come: it is {_said(now)}.", "/at")
    return at.astimezone(UTC) if at else now


def _told(kind: EventType, fact: UseStarted | UseEnded, after: Plan) -> Event:
    return Event(kind, {"at": fact.at, "capture_by": after.capture_by, "remaining": after.remaining})


def _said(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
