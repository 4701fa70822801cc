"""The verbs of a claim that may be contested: contest, lower, withdraw, decide. Pure.

made        the consumer contests it until `contest_until`; uncontested, the day after takes it (`days.py`)
contested   the lender decides how much of it is taken
            the merchant may lower or withdraw it at any time before
"""

from datetime import datetime

from msgspec.structs import replace

from service.actor import ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.bill import BillLine
from service.plans.book import Book, Change, Event, PlanCommand
from service.plans.capture import MERCHANTS, charge
from service.plans.claimed import closing, settling
from service.plans.happening import fact_id, happen, today_of
from service.plans.plan import Plan
from service.plans.running.claims import until_when
from service.plans.running.deposit_facts import Claim, ClaimContested, ClaimLowered, ClaimState
from service.plans.running.facts import Captured


class ContestClaim(PlanCommand, frozen=True, kw_only=True):
    """The consumer says that it is not so; the lender decides then."""

    words: str

    who_may = MERCHANTS | {ActorKind.OPERATOR, ActorKind.CONSUMER}

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (nothing is claimed, it is contested already, it is too late)."""
        plan, claim, today = *_of(self, book), today_of(self.plan_of(book), now)
        fact = ClaimContested(id=fact_id(self), recorded_on=today, on=today, claim_id=claim.made.id, words=self.words)
        data = {"claim_id": claim.made.id, "amount": claim.amount, "words": self.words}
        return happen(book, plan, self, fact, now, lambda _: Event(EventType.CLAIM_CONTESTED, data))


class LowerClaim(PlanCommand, frozen=True, kw_only=True):
    """The merchant claims less."""

    amount: int
    lines: tuple[BillLine, ...] = ()

    who_may = MERCHANTS

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (nothing is claimed), AMOUNT_EXCEEDS_AUTHORIZED (it is no less)."""
        plan, claim, today = *_of(self, book), today_of(self.plan_of(book), now)
        fact = ClaimLowered(
            id=fact_id(self), recorded_on=today, on=today, claim_id=claim.made.id, amount=self.amount, lines=self.lines
        )
        data = {
            "claim_id": claim.made.id, "amount": self.amount, "amount_before": claim.amount, "lines": self.lines,
        }  # fmt: skip
        return happen(book, plan, self, fact, now, lambda _: Event(EventType.CLAIM_LOWERED, data))


class WithdrawClaim(PlanCommand, frozen=True, kw_only=True):
    """The merchant no longer claims it; the deposit is as it was before."""

    who_may = MERCHANTS

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (nothing is claimed)."""
        plan, claim = _of(self, book)
        event, data, fact = closing(claim, ClaimState.WITHDRAWN, today_of(plan, now))
        return happen(book, plan, self, replace(fact, id=fact_id(self)), now, lambda _: Event(event, data))


class DecideClaim(PlanCommand, frozen=True, kw_only=True):
    """The lender decides how much of a contested claim is taken, from nothing to all of it."""

    amount: int

    who_may = frozenset({ActorKind.OPERATOR})

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (nothing is claimed, it is not contested), AMOUNT_EXCEEDS_AUTHORIZED."""
        plan, claim = _of(self, book)
        today = today_of(plan, now)
        if claim.state is not ClaimState.CONTESTED and today <= claim.made.contest_until:
            raise Refused(Code.STATE_FORBIDS, f"Nothing is to be decided yet. {until_when(claim)}")
        if self.amount > claim.amount:
            sentence = f"{self.amount} is more than the {claim.amount} minor units that are claimed."
            raise Refused(Code.AMOUNT_EXCEEDS_AUTHORIZED, sentence, "/amount")
        event, told, fact = settling(plan.standing, claim, self.amount, today)
        known = replace(fact, id=fact_id(self))
        if isinstance(known, Captured):
            claimed_at = now if self.amount else plan.claimed_at
            return charge(self, book, plan, known, now, event, told, claimed_at=claimed_at)
        return happen(book, plan, self, known, now, lambda _: Event(event, told))


def _of(command: PlanCommand, book: Book) -> tuple[Plan, Claim]:
    """The plan and its open claim. Refused: NOT_FOUND, STATE_FORBIDS."""
    plan = command.plan_of(book)
    claim = plan.standing.claim
    if claim is None:
        raise Refused(Code.STATE_FORBIDS, "Nothing is claimed that could be contested.")
    if plan.standing.open_claim is None:
        taken = f", {claim.taken} minor units were taken" if claim.taken else ""
        raise Refused(Code.STATE_FORBIDS, f"The claim was closed on {claim.closed_on}: {claim.state}{taken}.")
    return plan, claim
