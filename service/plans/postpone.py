"""The consumer puts a due date off, within what the product of the plan allows. Pure.

The lender moves due dates by `Reschedule`, as far and as often as it likes.
"""

from datetime import date, datetime

from service.actor import ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state
from service.plans.capture import MERCHANTS
from service.plans.happening import fact_id, happen, today_of
from service.plans.plan import Plan, business_day
from service.plans.postponable import allowance, latest_by_law, why_not
from service.plans.reach import refuse_beyond
from service.plans.reschedule import refuse_settled
from service.plans.running.facts import DueMoved
from service.plans.running.versions import lines_on


class PostponeDueDate(PlanCommand, frozen=True, kw_only=True):
    """The instalment due on one day falls due on a later one, and those after it follow. The consumer asks for it."""

    due_on: date  # the date that the schedule shows
    to: date

    who_may = MERCHANTS | {ActorKind.CONSUMER}

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (what the product does not allow, or not any more; something is late, or
        collection rests; it is settled), INVALID_FIELD (the new day is no later one), IMPOSSIBLE_TERMS (too far,
        beyond the law's end, no such instalment).
        """
        plan, today = self.plan_of(book), today_of(self.plan_of(book), now)
        servicing, standing = plan.offer.servicing, plan.standing
        if why := why_not(servicing, standing, lines_on(standing, today), today):
            raise refuse_state(plan, f"given a later due date: {why}")
        refuse_settled(plan, self.due_on, "/due_on")
        self._refuse_day(plan, today)
        fact = DueMoved(
            id=fact_id(self), recorded_on=today, on=today, to=self.to, due_on=self.due_on, keeps_settled=True
        )
        refuse_beyond(plan, fact)
        data = {"change": DueMoved.__struct_config__.tag, "effective_on": fact.on}
        change = happen(book, plan, self, fact, now, lambda _: Event(EventType.RESCHEDULED, data))
        self._refuse_end(plan, change.plan)
        return change

    def _refuse_day(self, plan: Plan, today: date) -> None:
        """The new day is later than the old one and not past, and no further than the product allows."""
        if self.to <= self.due_on or self.to < today:
            sentence = f"{self.to} is not after {self.due_on}, or before today, {today}; name a later day."
            raise Refused(Code.INVALID_FIELD, sentence, "/to")
        if (self.to - self.due_on).days > plan.offer.servicing.postpone_days_max:
            words = allowance(plan.offer.servicing, plan.standing)
            sentence = f"{self.to} is {(self.to - self.due_on).days} days after {self.due_on}: {words}."
            raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/to")

    def _refuse_end(self, before: Plan, following: Plan) -> None:
        """The last instalment falls due within the time that the law of the plan gives such a credit."""
        agreed_on = business_day(before.authorized_at, before.offer.time_zone)
        lent_on = min((course.periods[0].begin for course in before.standing.courses), default=agreed_on)
        bound = latest_by_law(before.offer, agreed_on, lent_on)
        if bound is None:
            return
        last = max(line.due_on for line in following.lines)
        if last > bound[0]:
            sentence = f"The last instalment would fall due on {last}, after {bound[0]}, the last day by {bound[1]}."
            raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/to")
