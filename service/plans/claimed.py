"""A deposit as merchant, consumer and operator see it, source by source, and what taking of it comes to. Pure.

          amount = claimed + released + remaining
held      400.00   399.99      0.01        0.00    on the consumer's card: taken first, and given back first
waived   1600.00     0.00   1600.00        0.00    on credit: what is claimed of it is owed
"""

from datetime import date, datetime
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from service.event_type import EventType
from service.plans.bill import BillLine
from service.plans.running.deposit_facts import Claim, ClaimClosed, ClaimMade, ClaimState
from service.plans.running.facts import Captured
from service.plans.running.standing import Standing

Told = dict[str, Any]


class SourceOfDeposit(Struct, frozen=True):
    """What became of one part of a deposit. Minor units: amount = claimed + released + remaining."""

    amount: int
    claimed: int  # and taken
    released: int  # given back
    remaining: int


class ClaimOfPlan(Struct, frozen=True):
    """What the merchant claims of a deposit. While it is open nothing else is claimed or given back."""

    claim_id: str = field(name="id")
    state: ClaimState
    amount: int  # minor units that are claimed, lowered or not
    made: int  # minor units that were claimed first
    taken: int | None  # minor units; null: the claim is open
    final: bool  # nothing more will be claimed: the rest is given back
    lines: tuple[BillLine, ...]  # of what is claimed
    reference: str | None  # the merchant's own
    evidence: str  # what proves it
    made_on: date  # the day of the claim
    contest_until: date  # the last day for the consumer to contest it
    words: str  # of the consumer who contests it
    closed_on: date | None  # null: it is open


class DepositOfPlan(Struct, frozen=True):
    """A deposit by its sources, and the last claim that could be contested."""

    held: SourceOfDeposit  # on the consumer's card: taken first, and given back first
    waived: SourceOfDeposit  # on credit: what is claimed of it is owed
    claim: ClaimOfPlan | None  # null: none was made, or claims are taken at once
    released_at: datetime | None  # when what is left is given back by itself; null: not so


def deposited(standing: Standing, released_at: datetime | None) -> DepositOfPlan:
    """The deposit of a plan."""
    held = standing.held + standing.from_held + standing.held_back
    waived, claimed = standing.authorized or 0, sum(standing.lent)
    return DepositOfPlan(
        SourceOfDeposit(held, standing.from_held, standing.held_back, standing.held),
        SourceOfDeposit(waived, claimed, standing.given_back, standing.reserved),
        None if standing.claim is None else _shown(standing.claim),
        released_at if standing.remaining else None,
    )


def taking(standing: Standing, made: ClaimMade, amount: int, on: date) -> tuple[Captured, Told]:
    """The fact, without its id, that takes `amount` of a deposit, the held part first; and what is told of it."""
    from_held = min(amount, standing.held)
    fact = Captured(
        id="", recorded_on=on, on=on, amount=amount - from_held, from_held=from_held, final=made.final,
        lines=made.lines, reference=made.reference, evidence=made.evidence,
    )  # fmt: skip
    released = standing.remaining - amount if made.final else 0
    told = {"from_held": from_held, "owed": fact.amount, "released": released, "evidence": made.evidence}
    return fact, told | {"claim_id": None}  # of one that could not be contested


def settling(standing: Standing, claim: Claim, amount: int, on: date) -> tuple[EventType, Told, Captured | ClaimClosed]:
    """What closes a claim of which `amount` is to be taken: what is told, and the fact, without its id.

    Nothing is taken once collection was given up. Of another amount than was claimed the lines are not known.
    """
    made, final = claim.made, claim.made.final
    if standing.rows_stand_alone or not (amount or final):
        return closing(claim, ClaimState.LAPSED if standing.rows_stand_alone else ClaimState.REJECTED, on)
    lines = claim.lines if amount == claim.amount else ()
    fact, told = taking(standing, replace(made, lines=lines), amount, on)
    return EventType.CLAIMED, told | {"claim_id": made.id}, replace(fact, claim_id=made.id)


def closing(claim: Claim, outcome: ClaimState, on: date) -> tuple[EventType, Told, ClaimClosed]:
    """The same of a claim for which nothing is taken."""
    data = {"claim_id": claim.made.id, "amount": claim.amount, "outcome": outcome}
    fact = ClaimClosed(id="", recorded_on=on, on=on, claim_id=claim.made.id, outcome=outcome)
    return EventType.CLAIM_CLOSED, data, fact


def _shown(claim: Claim) -> ClaimOfPlan:
    made = claim.made
    return ClaimOfPlan(
        made.id, claim.state, claim.amount, made.amount, claim.taken, made.final, claim.lines, made.reference or None,
        made.evidence, made.on, made.contest_until, claim.words, claim.closed_on,
    )  # fmt: skip
