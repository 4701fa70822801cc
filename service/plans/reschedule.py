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
    PauseReason,
    RateChanged,
    ReAged,
    ReAmortized,
)
from service.plans.running.pauses import why_it_rests
from service.plans.running.versions import lines_of
from service.plans.state import has_ended
from service.support.arrangement import Cause

Rescheduling = DueMoved | HolidayGranted | InterestPaused | Extended | RateChanged | ReAged | ReAmortized
UNWRITTEN: Final[dict[str, Any]] = {"id": "", "recorded_on": date.min}  # of a fact that a command is asked to record


class Reschedule(PlanCommand, frozen=True, kw_only=True):
    """Records a change of the schedule. Its id and the day it is recorded are filled in here.

    A due date is moved on the day that says so, at the latest: until it comes, nothing else waits for it.
    """

    change: Rescheduling  # of a due date: `on` is the date that the schedule shows

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
        """Refused: NOT_FOUND, STATE_FORBIDS, IMPOSSIBLE_TERMS, INVALID_FIELD (spread anew on a day to come)."""
        plan = self.plan_of(book)
        if has_ended(plan.state) or not plan.standing.rows:
            raise refuse_state(plan, "rescheduled")
        today, change = today_of(plan, now), self.change
        if isinstance(change, DueMoved):
            refuse_settled(plan, change.on, "/due_on")
            change = replace(change, on=min(change.on, today), due_on=change.on, by_lender=True)
        if isinstance(change, ReAged | ReAmortized) and change.on > today:
            sentence = f"What is owed on {change.on} is not known yet, {today}: it is spread on that day."
            raise Refused(Code.INVALID_FIELD, sentence, "/on")
        refuse_beyond(plan, change)
        fact = replace(change, id=fact_id(self), recorded_on=today, keeps_settled=True)
        data = {"change": type(fact).__struct_config__.tag, "effective_on": fact.on}
        return happen(book, plan, self, fact, now, lambda _: Event(EventType.RESCHEDULED, data))


class ChargeOff(PlanCommand, frozen=True, kw_only=True):
    """Collection is given up; what is owed stays owed. What is paid afterwards is a recovery.

    Not while collection rests: a consumer who disputes, sends goods back or cannot pay for a while is not to be marked
    as one who does not pay. Two causes are no word against the consumer, and the books are to tell them at once: fraud,
    where somebody else has bought, and a death, if nothing but that is why collection rests.
    """

    on: date | None = None  # today if none is named
    cause: Cause = Cause.CREDIT

    who_may = frozenset({ActorKind.OPERATOR, ActorKind.DAY})

    @property
    def effective_on(self) -> date | None:
        """The day of it."""
        return self.on

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (nothing is owed, it was before, it rests), INVALID_FIELD (its day)."""
        plan = self.plan_of(book)
        if not plan.amounts.outstanding or plan.remaining or plan.standing.closed:
            raise refuse_state(plan, "charged off")
        on, today = effective_day(plan, self.on, now), today_of(plan, now)
        if (why := why_it_rests(plan.standing, today) or why_it_rests(plan.standing, on)) and not self._goes_while(why):
            raise refuse_state(plan, f"charged off for {self.cause} while collection rests, for {why}")
        fact = ChargedOff(id=fact_id(self), recorded_on=today, on=on, cause=self.cause)
        data = {"amount": plan.amounts.outstanding, "cause": fact.cause}
        return happen(book, plan, self, fact, now, lambda _: Event(EventType.CHARGED_OFF, data))

    def _goes_while(self, why: str) -> bool:
        return self.cause is Cause.FRAUD or (self.cause is Cause.DECEASED and why == PauseReason.DEATH)


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


def refuse_settled(plan: Plan, due_on: date, pointer: str) -> None:
    """Refused: STATE_FORBIDS, for the date of a line that is paid, which does not move."""
    for line in lines_of(plan.standing):
        if line.due_on == due_on and line.settled_on is not None:
            sentence = f"The instalment due on {due_on} was settled on {line.settled_on}."
            raise Refused(Code.STATE_FORBIDS, sentence, pointer)
