"""What is overdue after a use is spread over monthly instalments, as far as its product allows. Pure.

owed       90.00 and a late fee of 5.00, due on 2 April          used 90.00 of the limit
converted on 10 April into 3 instalments                         used 90.00, as before: nothing is lent anew
           35.00, due on 10 May    the late fee goes with the first
           30.00, due on 10 June
           30.00, due on 10 July
converted on 31 January: due on 28 February, 31 March, 30 April

No new plan is opened: the same debt falls due on other days, so that it is counted once, and no decision is asked for.
"""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from service.actor import ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state
from service.plans.capture import MERCHANTS
from service.plans.happening import fact_id, happen, today_of
from service.plans.plan import Plan
from service.plans.running.facts import ReAged
from service.plans.running.versions import lines_on
from service.plans.state import has_ended
from service.terms.calendar import add_months

CONVERT_MAX = 24  # instalments, whatever a product says
Several = Annotated[int, Meta(ge=2, le=CONVERT_MAX)]


class Convert(PlanCommand, frozen=True, kw_only=True):
    """What is owed falls due in so many monthly instalments, the first a month from today. Once in a plan's life."""

    instalments: Several

    who_may = MERCHANTS | {ActorKind.CONSUMER, ActorKind.OPERATOR}

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (its product has no such right, nothing is overdue, it was spread before,
        something may still be captured, withdrawn from, given up), INVALID_FIELD (more than the product allows).
        """
        plan, today = self.plan_of(book), today_of(self.plan_of(book), now)
        self._refuse(plan)
        overdue = sum(line.outstanding for line in lines_on(plan.standing, today) if line.due_on < today)
        if not overdue or not plan.amounts.used:
            raise refuse_state(plan, "converted into instalments: nothing is overdue")
        first_due_on = add_months(today, 1, today.day)
        fact = ReAged(
            id=fact_id(self), recorded_on=today, on=today, first_due_on=first_due_on, instalments=self.instalments,
            with_charges=True, all_alike=True, keeps_settled=True, anchor_day=today.day,
        )  # fmt: skip
        data = {"overdue": overdue, "instalments": self.instalments, "first_due_on": first_due_on}
        return happen(book, plan, self, fact, now, lambda _: Event(EventType.CONVERTED, data))

    def _refuse(self, plan: Plan) -> None:
        """What its product does not allow, or the time for it is not."""
        most = plan.offer.use.convert_max
        if not most:
            raise refuse_state(plan, "converted into instalments: its product does not say so")
        if plan.remaining or plan.standing.withdrawal is not None or has_ended(plan.state):
            raise refuse_state(plan, "converted into instalments")
        if any(len(course.periods) > 1 for course in plan.standing.courses):
            raise refuse_state(plan, "converted into instalments: it was spread over some before")
        if self.instalments > most:
            sentence = f"The product allows at most {most} instalments, not {self.instalments}."
            raise Refused(Code.INVALID_FIELD, sentence, "/instalments")
