"""Void, and expire: what was authorized and not captured is given back. Pure."""

from datetime import datetime
from typing import Any

from service.actor import ActorKind
from service.event_type import EventType
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state
from service.plans.capture import MERCHANTS
from service.plans.happening import fact_id, happen, today_of
from service.plans.plan import Plan
from service.plans.running.facts import GivenBack, Why


class Void(PlanCommand, frozen=True, kw_only=True):
    """The merchant will not capture the rest. What is captured goes on."""

    who_may = MERCHANTS | {ActorKind.PROCESSOR}  # where nothing is held of a deposit

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS."""
        plan = self.plan_of(book)
        if not plan.remaining:
            raise refuse_state(plan, "voided")
        if plan.standing.use_started_at is not None and plan.standing_bills:
            raise refuse_state(plan, "voided: it was used, and something of it was claimed; release the rest")
        return _give_back(self, book, plan, now, Why.VOIDED, EventType.VOIDED)


def expire(command: PlanCommand, book: Book, plan: Plan, now: datetime) -> Change:
    """What is left is given back: its time is over. A deposit with days to claim it is released."""
    if plan.released_at is not None:
        return _give_back(command, book, plan, now, Why.UNCLAIMED, EventType.RELEASED)
    return _give_back(command, book, plan, now, Why.EXPIRED, EventType.EXPIRED)


def _give_back(command: PlanCommand, book: Book, plan: Plan, now: datetime, why: Why, told: EventType) -> Change:
    """All that remains: limit released, card hold lifted."""
    today, standing = today_of(plan, now), plan.standing
    fact = GivenBack(
        id=fact_id(command), recorded_on=today, on=today, amount=standing.reserved, from_held=standing.held, why=why
    )

    def tell(after: Plan) -> Event:
        more: dict[str, Any] = {}
        if why is Why.EXPIRED:
            more = {"late_capture_until": after.late_capture_until}
        elif why is Why.UNCLAIMED:
            more = {"from_held": standing.held, "by_itself": True}
        return Event(told, {"amount": plan.remaining} | more)

    return happen(book, plan, command, fact, now, tell)
