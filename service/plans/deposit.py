"""The deposit's own verbs: claim (something is missing or broken) and release (all came back). Pure.

claimed + released + remaining = deposit,   and remaining = held on the card + waived on credit
"""

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from service.actor import ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.bill import BillLine
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state, require_open
from service.plans.capture import MERCHANTS, charge, refuse_twice
from service.plans.claimed import taking
from service.plans.happening import fact_id, happen, today_of
from service.plans.offer import Kind
from service.plans.plan import Plan
from service.plans.running.deposit_facts import ClaimMade
from service.plans.running.facts import GivenBack, Why
from service.plans.waiting import claimable


class Claim(PlanCommand, frozen=True, kw_only=True):
    """Take `amount` minor units of the deposit: the held part first, the rest the consumer then owes.

    Where the product has a contest window they are only asked for, and taken when it ends; see `contest.py`.

    `final` gives back what is left; a first of several claims says `final=False`. A claim of 0 closes the deposit.
    """

    amount: int
    final: bool = True
    evidence: str = ""
    lines: tuple[BillLine, ...] = ()  # of what is claimed
    reference: str | None = None  # the merchant's own

    who_may = MERCHANTS

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (more than the consumer has proved that they agree to, where they are to),
        AMOUNT_EXCEEDS_AUTHORIZED, INVALID_FIELD (nothing, and not all of it).
        """
        plan = _deposit(self, book)
        require_open(plan, now, "claimed")
        refuse_twice(plan, self.reference)
        if self.amount > plan.remaining:
            raise _more_than_left(plan, self.amount)
        most = claimable(plan.offer, plan.standing, plan.amounts.captured)
        if most is not None and self.amount > most:
            raise refuse_state(plan, f"claimed for more than {most} before the consumer proves that they agree")
        if not self.amount and not self.final:
            raise Refused(Code.INVALID_FIELD, "Nothing is claimed only as the last of a deposit: say final.", "/amount")
        today, days = today_of(plan, now), plan.offer.servicing.contest_days if self.amount else 0
        made = ClaimMade(
            id=fact_id(self), recorded_on=today, on=today, amount=self.amount, contest_until=today + timedelta(days),
            final=self.final, lines=self.lines, reference=self.reference or "", evidence=self.evidence,
        )  # fmt: skip
        if days:
            return happen(book, plan, self, made, now, lambda _: Event(EventType.CLAIM_MADE, _asking(made)))
        fact, told = taking(plan.standing, made, self.amount, today)
        claimed_at = now if self.amount else plan.claimed_at
        taken = replace(fact, id=made.id)
        return charge(self, book, plan, taken, now, EventType.CLAIMED, told, claimed_at=claimed_at)


class Release(PlanCommand, frozen=True, kw_only=True):
    """Give back `amount` of the deposit, all of it if none is named. The consumer's own money goes back first."""

    amount: int | None = None

    who_may = MERCHANTS | {ActorKind.PROCESSOR}  # where it is not held any more

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS, AMOUNT_EXCEEDS_AUTHORIZED."""
        plan = _deposit(self, book)
        if not plan.remaining:
            raise refuse_state(plan, "released")
        amount = plan.remaining if self.amount is None else self.amount
        if amount > plan.remaining:
            raise _more_than_left(plan, amount)
        from_held = min(amount, plan.standing.held)
        today = today_of(plan, now)
        fact = GivenBack(
            id=fact_id(self), recorded_on=today, on=today, amount=amount - from_held, from_held=from_held,
            why=Why.RELEASED,
        )  # fmt: skip
        event = Event(EventType.RELEASED, {"amount": amount, "from_held": from_held, "by_itself": False})
        return happen(book, plan, self, fact, now, lambda _: event)


def _asking(made: ClaimMade) -> dict[str, Any]:
    return {
        "claim_id": made.id, "amount": made.amount, "contest_until": made.contest_until, "final": made.final,
        "lines": made.lines, "reference": made.reference or None, "evidence": made.evidence,
    }  # fmt: skip


def _deposit(command: PlanCommand, book: Book) -> Plan:
    plan = command.plan_of(book)
    if plan.kind is not Kind.DEPOSIT:
        raise refuse_state(plan, "claimed or released: only a deposit can")
    return plan


def _more_than_left(plan: Plan, amount: int) -> Refused:
    sentence = f"{amount} is more than the {plan.remaining} minor units of deposit that are left."
    return Refused(Code.AMOUNT_EXCEEDS_AUTHORIZED, sentence, "/amount")
