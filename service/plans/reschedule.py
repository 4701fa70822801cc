"""The schedule is changed: a due date moved, a holiday, a pause, more instalments, another rate, spread anew. Pure."""

from datetime import date, datetime
from typing import Any, Final

from msgspec.structs import replace

from service.actor import ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state
from service.plans.happening import effective_day, fact_id, happen, today_of
from service.plans.plan import Plan
from service.plans.reach import refuse_beyond
from service.plans.running.facts import (
    ChargedOff,
    DueMoved,
    Extended,
    Forgiven,
    HolidayGranted,
    InterestPaused,
    RateChanged,
    ReAged,
    ReAmortized,
)
from service.plans.running.versions import lines_of
from service.plans.state import has_ended

Rescheduling = DueMoved | HolidayGranted | InterestPaused | Extended | RateChanged | ReAged | ReAmortized
UNWRITTEN: Final[dict[str, Any]] = {"id": "", "recorded_on": date.min}  # of a fact that a command is asked to record


class Reschedule(PlanCommand, frozen=True, kw_only=True):
    """Records a change of the schedule. Its id and the day it is recorded are filled in here."""

    change: Rescheduling

    who_may = frozenset({ActorKind.OPERATOR})

    @property
    def effective_on(self) -> date | None:
        """The day the change takes effect."""
        return self.change.on

    @property
    def rewrites(self) -> bool:
        """A rate may be the first of a plan without interest, and then all before it is folded anew."""
        return isinstance(self.change, RateChanged)

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS, IMPOSSIBLE_TERMS."""
        plan = self.plan_of(book)
        if has_ended(plan.state) or not plan.standing.rows:
            raise refuse_state(plan, "rescheduled")
        if isinstance(self.change, DueMoved):
            _refuse_settled(plan, self.change)
        refuse_beyond(plan, self.change)
        fact = replace(self.change, id=fact_id(self), recorded_on=today_of(plan, now))
        data = {"change": type(fact).__struct_config__.tag, "effective_on": fact.on}
        return happen(book, plan, self, fact, now, lambda _: Event(EventType.RESCHEDULED, data))


class ChargeOff(PlanCommand, frozen=True, kw_only=True):
    """Collection is given up; what is owed stays owed. What is paid afterwards is a recovery."""

    on: date | None = None  # today if none is named

    who_may = frozenset({ActorKind.OPERATOR, ActorKind.DAY})

    @property
    def effective_on(self) -> date | None:
        """The day of it."""
        return self.on

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (nothing is owed, or it was before), INVALID_FIELD (its day)."""
        plan = self.plan_of(book)
        if not plan.amounts.outstanding or plan.remaining or plan.standing.closed:
            raise refuse_state(plan, "charged off")
        on = effective_day(plan, self.on, now)
        fact = ChargedOff(id=fact_id(self), recorded_on=today_of(plan, now), on=on)
        data = {"amount": plan.amounts.outstanding}
        return happen(book, plan, self, fact, now, lambda _: Event(EventType.CHARGED_OFF, data))


class Forgive(PlanCommand, frozen=True, kw_only=True):
    """All that is still owed is let go."""

    on: date | None = None  # today if none is named

    who_may = frozenset({ActorKind.OPERATOR})

    @property
    def effective_on(self) -> date | None:
        """The day of it."""
        return self.on

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (nothing is owed), INVALID_FIELD (its day)."""
        plan = self.plan_of(book)
        if not plan.amounts.outstanding or plan.remaining:
            raise refuse_state(plan, "forgiven")
        on = effective_day(plan, self.on, now)
        fact = Forgiven(id=fact_id(self), recorded_on=today_of(plan, now), on=on)
        data = {"amount": plan.amounts.outstanding}
        return happen(book, plan, self, fact, now, lambda _: Event(EventType.FORGIVEN, data))


def _refuse_settled(plan: Plan, change: DueMoved) -> None:
    """The date of a line that is paid does not move."""
    for line in lines_of(plan.standing):
        if line.due_on == change.on and line.settled_on is not None:
            sentence = f"The instalment due on {change.on} was settled on {line.settled_on}."
            raise Refused(Code.STATE_FORBIDS, sentence, "/on")
