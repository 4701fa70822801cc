"""The verbs of a dispute: open, answer, ask again, accept, decide, withdraw. Pure.

While it is open collection rests. Lost or accepted, what was disputed is refunded, and the merchant bears it as it does
any refund. Won or withdrawn, it is collected again; days on which it rested are no days past due.
"""

from datetime import date, datetime, timedelta
from typing import Final

from msgspec.structs import replace

from service import ids
from service.actor import ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.book import Book, Change, Event, Moved, PlanCommand, Recorded, refuse_state
from service.plans.bookkeeping import booked
from service.plans.capture import MERCHANTS
from service.plans.disputed import REFUNDS, closing
from service.plans.happening import SECOND, exposed, fact_id, happen, named, stand, today_of
from service.plans.payment import same_reference
from service.plans.plan import Plan
from service.plans.recorded import facts_of, undoing
from service.plans.running.dispute_facts import (
    DisputeAnswered,
    DisputeAskedAgain,
    DisputeOpened,
    DisputeOpener,
    DisputeReason,
    DisputeState,
)
from service.plans.running.disputes import refundable
from service.plans.running.fact import Money
from service.plans.running.standing import Dispute
from service.plans.running.versions import after

LENDERS = frozenset({ActorKind.OPERATOR, ActorKind.PROCESSOR})
ANSWER_WITHIN: Final = timedelta(days=180)  # a day that somebody else names


class OpenDispute(PlanCommand, frozen=True, kw_only=True):
    """An amount of what was captured is disputed; all that may still come back if none is named.

    A processor names its own `reference` of the dispute, and may name the last day for the merchant's answer.
    """

    reason: DisputeReason
    amount: Money | None = None
    opened_by: DisputeOpener = DisputeOpener.CONSUMER
    words: str = ""  # the consumer's, sealed
    reference: str | None = None
    respond_by: date | None = None  # None: as many days as the plan's product gives

    who_may = MERCHANTS | LENDERS | {ActorKind.CONSUMER}

    @property
    def rewrites(self) -> bool:
        """All facts tell whether a dispute of this reference was opened before."""
        return self.reference is not None

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (nothing was captured, one is open, this one was opened before),
        AMOUNT_EXCEEDS_OUTSTANDING, INVALID_FIELD (the last day)."""
        plan = self.plan_of(book)
        if self.rewrites and any(fact.id == fact_id(self) for fact in facts_of(plan)):
            never = undoing(plan, fact_id(self))
            what = f", and undone on {never.recorded_on}: an operator looks into it" if never else ""
            raise Refused(Code.STATE_FORBIDS, f"The dispute {self.reference!r} was opened before{what}.")
        amount = refundable(plan.standing) if self.amount is None else self.amount
        if not amount:
            raise refuse_state(plan, "disputed: nothing is left that could come back")
        today = today_of(plan, now)
        fact = DisputeOpened(
            id=fact_id(self), recorded_on=today, on=today, amount=amount, reason=self.reason,
            respond_by=self._last_day(today) or _respond_by(plan, today), opened_by=self.opened_by, words=self.words,
        )  # fmt: skip
        data = {
            "dispute_id": fact.id, "opened_by": self.opened_by, "amount": amount, "reason": self.reason,
            "words": self.words, "reference": self.reference, "respond_by": fact.respond_by,
        }  # fmt: skip
        event, reference = Event(EventType.DISPUTE_OPENED, data), same_reference(self.reference)
        return happen(book, plan, self, fact, now, lambda _: event, reference)

    def _last_day(self, today: date) -> date | None:
        """The day that is named. Refused: INVALID_FIELD (it is over, or too far away)."""
        if self.respond_by is None or today <= self.respond_by <= today + ANSWER_WITHIN:
            return self.respond_by
        sentence = f"{self.respond_by} is not within {ANSWER_WITHIN.days} days from today, {today}."
        raise Refused(Code.INVALID_FIELD, sentence, "/respond_by")


class AnswerDispute(PlanCommand, frozen=True, kw_only=True):
    """The merchant answers, with evidence; the lender decides then."""

    evidence: str

    who_may = MERCHANTS

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (there is none, it is closed, it was answered)."""
        plan, dispute, today = *_of(self, book), today_of(self.plan_of(book), now)
        fact = DisputeAnswered(
            id=fact_id(self), recorded_on=today, on=today, dispute_id=dispute.id, evidence=self.evidence
        )
        event = Event(EventType.DISPUTE_ANSWERED, {"dispute_id": dispute.id})
        return happen(book, plan, self, fact, now, lambda _: event)


class AskAgain(PlanCommand, frozen=True, kw_only=True):
    """The merchant's answer does not do: a second round."""

    who_may = LENDERS

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (there is none, it is closed, it was not answered, no third round)."""
        plan, dispute, today = *_of(self, book), today_of(self.plan_of(book), now)
        fact = DisputeAskedAgain(
            id=fact_id(self), recorded_on=today, on=today, dispute_id=dispute.id, respond_by=_respond_by(plan, today)
        )
        data = {"dispute_id": dispute.id, "respond_by": fact.respond_by}
        return happen(book, plan, self, fact, now, lambda _: Event(EventType.DISPUTE_ASKED_AGAIN, data))


class CloseDispute(PlanCommand, frozen=True, kw_only=True):
    """It is decided (won or lost, for the merchant) or withdrawn by the lender, or accepted by the merchant."""

    outcome: DisputeState
    dispute_id: str | None = None  # the one that is meant; None: whichever is open

    who_may = MERCHANTS | LENDERS

    @property
    def rewrites(self) -> bool:
        """The interest that a refund returns is reckoned from all facts."""
        return self.outcome in REFUNDS

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, FORBIDDEN, STATE_FORBIDS (there is none, it is closed, another was opened since)."""
        before, dispute = _of(self, book)
        if self.dispute_id not in (None, dispute.id):
            raise Refused(Code.STATE_FORBIDS, "This dispute is closed, and another was opened since.")
        if (self.outcome is DisputeState.ACCEPTED) is not (self.actor.kind in MERCHANTS):
            raise Refused(Code.FORBIDDEN, f"A {self.actor.kind} does not bring a dispute to {self.outcome}.")
        today = today_of(before, now)
        plan, recorded, events = before, list[Recorded](), list[Event]()
        for number, (kind, data, fact) in enumerate(closing(before.standing, dispute, self.outcome, today)):
            known = replace(fact, id=ids.derive(ids.FACT, self.command_id, SECOND) if number else fact_id(self))
            plan = stand(plan, after(plan.standing, known), self.actor, now)
            recorded.append(Recorded(plan.version, now, self.actor, self.command_id, known))
            events.append(Event(kind, named(known) | data))
        moved = Moved(plan, tuple(recorded), booked(before, plan), tuple(events), before)
        return Change(exposed(book.account, before.amounts, plan.amounts), (moved,))


def _of(command: PlanCommand, book: Book) -> tuple[Plan, Dispute]:
    """The plan and its dispute. Refused: NOT_FOUND."""
    plan = command.plan_of(book)
    if plan.standing.dispute is None:
        raise Refused(Code.STATE_FORBIDS, "Nothing is disputed on this plan.")
    return plan, plan.standing.dispute


def _respond_by(plan: Plan, today: date) -> date:
    return today + timedelta(plan.offer.servicing.dispute_days)
