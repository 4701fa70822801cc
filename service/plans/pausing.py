"""Collection rests, and goes on: goods are on their way back, the consumer is in hardship, or has died. Pure."""

from datetime import date, datetime

from service.actor import ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state
from service.plans.capture import MERCHANTS
from service.plans.happening import effective_day, fact_id, happen, today_of
from service.plans.running.facts import CollectionPaused, CollectionResumed, PauseReason

OPERATORS = frozenset({ActorKind.OPERATOR})


class PauseCollection(PlanCommand, frozen=True, kw_only=True):
    """Nothing is collected, and paying late costs nothing, from a day on. A merchant says so of a return only."""

    why: PauseReason
    on: date | None = None

    who_may = MERCHANTS | OPERATORS

    @property
    def effective_on(self) -> date | None:
        """The day it rests from."""
        return self.on

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, FORBIDDEN, STATE_FORBIDS (nothing is owed; it is paused already), INVALID_FIELD (on)."""
        plan = self.plan_of(book)
        _require_may(self, self.why)
        if not plan.amounts.outstanding:
            raise refuse_state(plan, "paused: nothing is owed")
        on = effective_day(plan, self.on, now)
        fact = CollectionPaused(id=fact_id(self), recorded_on=today_of(plan, now), on=on, why=self.why)
        event = Event(EventType.COLLECTION_PAUSED, {"why": self.why, "effective_on": on})
        return happen(book, plan, self, fact, now, lambda _: event)


class ResumeCollection(PlanCommand, frozen=True, kw_only=True):
    """It is collected again from today on, unless it rests for another reason."""

    why: PauseReason

    who_may = MERCHANTS | OPERATORS

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, FORBIDDEN, STATE_FORBIDS (it is not paused for this)."""
        plan, today = self.plan_of(book), today_of(self.plan_of(book), now)
        _require_may(self, self.why)
        fact = CollectionResumed(id=fact_id(self), recorded_on=today, on=today, why=self.why)
        event = Event(EventType.COLLECTION_RESUMED, {"why": self.why, "effective_on": today})
        return happen(book, plan, self, fact, now, lambda _: event)


def _require_may(command: PlanCommand, why: PauseReason) -> None:
    if command.actor.kind in MERCHANTS and why is not PauseReason.RETURN:
        raise Refused(Code.FORBIDDEN, f"A {command.actor.kind} pauses collection for a return only.", "/why")
