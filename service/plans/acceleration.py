"""Acceleration: the consumer is late, or has lied, and the lender asks for all that is owed on one day. Pure.

The schedule ends with it, and so does interest: what the days after that day would have earned is not asked for.
"""

from datetime import date, datetime

from service.actor import ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state
from service.plans.happening import fact_id, happen, today_of
from service.plans.plan import Plan
from service.plans.reach import refuse_far
from service.plans.running.acceleration_fact import Accelerated, AccelerationReason
from service.plans.running.pauses import days_past_due, rests_on


class Accelerate(PlanCommand, frozen=True, kw_only=True):
    """All that is owed falls due on one day, today or later."""

    due_on: date
    why: AccelerationReason = AccelerationReason.LATE

    who_may = frozenset({ActorKind.OPERATOR})

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (nothing is late, collection rests, something may still be captured, all
        of it is due by then anyway), INVALID_FIELD (before today), IMPOSSIBLE_TERMS (too far ahead).
        """
        plan = self.plan_of(book)
        today = today_of(plan, now)
        self._refuse_unless_late(plan, today)
        if self.due_on < today:
            raise Refused(Code.INVALID_FIELD, f"{self.due_on} is before today, {today}.", "/due_on")
        refuse_far(plan, self.due_on, "/due_on")
        if not any(row.is_open and row.due_on > self.due_on for row in plan.standing.rows):
            raise Refused(Code.STATE_FORBIDS, f"All of it is due by {self.due_on} anyway.", "/due_on")
        fact = Accelerated(id=fact_id(self), recorded_on=today, on=today, due_on=self.due_on, why=self.why)
        before = plan.amounts.outstanding

        def tell(after: Plan) -> Event:
            owed = after.amounts.outstanding
            data = {"why": fact.why, "due_on": fact.due_on, "outstanding": owed, "not_asked_for": before - owed}
            return Event(EventType.ACCELERATED, data)

        return happen(book, plan, self, fact, now, tell)

    def _refuse_unless_late(self, plan: Plan, today: date) -> None:
        standing = plan.standing
        if not plan.amounts.outstanding or plan.remaining or standing.rows_stand_alone:
            raise refuse_state(plan, "accelerated")
        if rests_on(standing, today):
            raise refuse_state(plan, "accelerated while collection rests")
        late = any(row.is_open and days_past_due(standing, row.due_on, today) for row in standing.rows)
        if self.why is AccelerationReason.LATE and not late:
            raise refuse_state(plan, "accelerated: nothing of it is overdue")
