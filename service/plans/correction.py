"""A fact that was recorded by mistake never happened: the plan stands as if nobody had recorded it. Pure."""

from datetime import datetime

from service.actor import ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.book import Book, Change, Event, PlanCommand
from service.plans.happening import fact_id, happen, today_of
from service.plans.offer import Kind
from service.plans.plan import Plan
from service.plans.recorded import facts_of, undoing
from service.plans.running.deposit_facts import ClaimClosed
from service.plans.running.facts import (
    Amended,
    AnyFact,
    AuthorizationExtended,
    Authorized,
    Captured,
    CaptureReversed,
    Corrected,
    ExpiryAnnounced,
    GivenBack,
    undone_by,
)
from service.plans.running.subsidy_facts import BoughtDown, Subsidised, SubsidyReturned
from service.plans.running.use_facts import OrderConfirmed, UseStarted

# What was paid out or promised by others rests on these; a scheme gets its money back by `return_subsidy`.
STAYS = (Authorized, Amended, GivenBack, ClaimClosed, Subsidised, SubsidyReturned, BoughtDown)

RESTS_ON_A_WORD = (AuthorizationExtended, Captured, UseStarted)  # may only happen once the consumer has confirmed


class Correct(PlanCommand, frozen=True, kw_only=True):
    """Undoes a fact, but never the authorization, nor what was given back of it, nor what a scheme paid, nor a capture
    that others stand on."""

    undone_id: str

    who_may = frozenset({ActorKind.OPERATOR})

    @property
    def rewrites(self) -> bool:
        """Everything since the fact is folded anew."""
        return True

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS, and whatever refuses a fact that cannot be without the one undone."""
        plan = self.plan_of(book)
        undone = self._undone(plan)
        today = today_of(plan, now)
        fact = Corrected(id=fact_id(self), recorded_on=today, on=undone.on, fact_id=undone.id)
        event = Event(EventType.CORRECTED, {"fact_id": undone.id, "fact": undone.__struct_config__.tag})
        bills = tuple([bill for bill in plan.bills if bill.capture_id != undone.id])
        return happen(book, plan, self, fact, now, lambda _: event, bills=bills)

    def _undone(self, plan: Plan) -> AnyFact:
        """The fact, if it may be undone."""
        fact = next((one for one in facts_of(plan) if one.id == self.undone_id), None)
        if fact is None:
            raise Refused(Code.NOT_FOUND, f"There is no fact {self.undone_id[:100]!r} on this plan.", "/fact_id")
        word = str(fact.__struct_config__.tag)
        if never := undoing(plan, fact.id):
            raise self._refused(f"This fact ({word}) was undone on {never.recorded_on}.")
        if isinstance(fact, STAYS) or undone_by(fact):
            raise self._refused(f"A fact of this sort ({word}) stays: record what happened instead.")
        if isinstance(fact, Captured):
            self._refuse_if_stood_upon(plan, fact)
        if isinstance(fact, OrderConfirmed) and any(
            isinstance(one, RESTS_ON_A_WORD) and not undoing(plan, one.id) for one in facts_of(plan)
        ):
            raise self._refused("The order was extended, used or captured since the consumer confirmed it.")
        return fact

    def _refuse_if_stood_upon(self, plan: Plan, capture: Captured) -> None:
        if plan.kind is Kind.DEPOSIT:
            raise self._refused("A claim stays: money may have been taken from the card; refund it.")
        if any(isinstance(one, CaptureReversed) for one in facts_of(plan)):
            raise self._refused("Captures of this plan were reversed, and count on: refund this one.")
        beside = AuthorizationExtended, ExpiryAnnounced, BoughtDown
        standing = [
            one
            for one in facts_of(plan)
            if not undone_by(one) and not undoing(plan, one.id) and not isinstance(one, beside)
        ]
        if later := standing[standing.index(capture) + 1 :]:
            words = ", ".join(dict.fromkeys(str(one.__struct_config__.tag) for one in later))
            raise self._refused(f"Others stand on this capture ({words}): undo them first.")

    def _refused(self, sentence: str) -> Refused:
        return Refused(Code.STATE_FORBIDS, sentence, "/fact_id")
