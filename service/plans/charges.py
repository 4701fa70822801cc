"""Fees and penalties: levied, and waived. Pure."""

from datetime import date, datetime

from service.actor import ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state
from service.plans.happening import fact_id, happen, today_of
from service.plans.penalty import refuse_penalty
from service.plans.reach import refuse_far
from service.plans.recorded import facts_of, undoing
from service.plans.running.facts import Levied, Waived
from service.plans.state import has_ended
from service.terms.servicing import AskedWith

OPERATORS = frozenset({ActorKind.OPERATOR})


class Levy(PlanCommand, frozen=True, kw_only=True):
    """A fee or a penalty, due on a day: today if none is named."""

    amount: int
    is_penalty: bool = False
    due_on: date | None = None

    who_may = OPERATORS

    @property
    def effective_on(self) -> date | None:
        """It weighs on payments from the day it is due, if that is past."""
        return self.due_on

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (nothing is owed, or it has ended; a penalty while collection rests, or
        where nothing is late), IMPOSSIBLE_TERMS (its day, a penalty above its caps).
        """
        plan = self.plan_of(book)
        if has_ended(plan.state) or not plan.standing.rows:
            raise refuse_state(plan, "charged a fee")
        today = today_of(plan, now)
        if self.due_on is not None:
            refuse_far(plan, self.due_on, "/due_on")
        since = refuse_penalty(plan, self.amount, self.due_on or today, today) if self.is_penalty else None
        agreed = plan.offer.servicing.late_fee
        with_late = since is not None and agreed is not None and agreed.asked_with is AskedWith.LATE
        fact = Levied(
            id=fact_id(self), recorded_on=today, due_on=self.due_on or today, amount=self.amount,
            is_penalty=self.is_penalty, late_since=since, with_late=with_late,
        )  # fmt: skip
        data = {"fee_id": fact.id, "amount": fact.amount, "is_penalty": fact.is_penalty, "due_on": fact.due_on}
        return happen(book, plan, self, fact, now, lambda _: Event(EventType.FEE_LEVIED, data))


class Waive(PlanCommand, frozen=True, kw_only=True):
    """A fee or penalty is not asked for after all. What was paid of it settles what else is owed, or is owed back."""

    fee_id: str

    who_may = OPERATORS

    @property
    def rewrites(self) -> bool:
        """Everything since the levy is folded anew."""
        return True

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (it was waived before)."""
        plan = self.plan_of(book)
        levied = next((one for one in facts_of(plan) if isinstance(one, Levied) and one.id == self.fee_id), None)
        if levied is None:
            raise Refused(Code.NOT_FOUND, f"There is no fee {self.fee_id[:100]!r} on this plan.", "/fee_id")
        if never := undoing(plan, levied.id):
            word = "waived" if isinstance(never, Waived) else "undone"
            raise Refused(Code.STATE_FORBIDS, f"This fee was {word} on {never.recorded_on}.", "/fee_id")
        today = today_of(plan, now)
        fact = Waived(id=fact_id(self), recorded_on=today, on=levied.on, levy_id=levied.id)
        data = {"fee_id": levied.id, "amount": levied.amount}
        return happen(book, plan, self, fact, now, lambda _: Event(EventType.FEE_WAIVED, data))
