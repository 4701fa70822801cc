"""A dispute as merchant, consumer and operator see it, and what its end brings about. Pure."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from msgspec import Struct, field

from service.event_type import EventType
from service.plans.running.dispute_facts import DisputeClosed, DisputeOpener, DisputeReason, DisputeState
from service.plans.running.disputes import ROUNDS_MAX, still_disputed
from service.plans.running.facts import AnyFact, Refunded
from service.plans.running.standing import Dispute, Standing

REFUNDS = (DisputeState.LOST, DisputeState.ACCEPTED)


class DisputeOfPlan(Struct, frozen=True):
    """What consumer and merchant disagree on. While it is open nothing is collected."""

    dispute_id: str = field(name="id")
    state: DisputeState
    reason: DisputeReason  # what the consumer says
    opened_by: DisputeOpener  # who brought it up
    words: str  # the consumer's; empty: there are none
    amount: int  # minor units that are disputed
    round: int  # 1, or 2: the merchant was asked again
    opened_on: date  # the day the consumer disputed it
    respond_by: date | None  # the last day for the merchant's answer; null: it is not due
    closed_on: date | None  # null: it is open


def disputed(standing: Standing) -> DisputeOfPlan | None:
    """The last dispute of a plan; None if there was none."""
    one = standing.dispute
    if one is None:
        return None
    return DisputeOfPlan(
        one.id, one.state, one.reason, one.opened_by, one.words, one.amount, one.round, one.opened_on, one.respond_by,
        one.closed_on,
    )  # fmt: skip


def next_of_dispute(standing: Standing) -> list[str]:
    """The verbs of an open dispute: the merchant answers or accepts it, the lender decides it, or asks once more."""
    one = standing.dispute
    if one is None or one.closed_on is not None:
        return []
    if one.state is DisputeState.NEEDS_RESPONSE:
        return ["answer_dispute", "accept_dispute", "decide_dispute"]
    again = ["ask_again"] if one.round < ROUNDS_MAX else []
    return ["accept_dispute", *again, "decide_dispute"]


def closing(
    standing: Standing, dispute: Dispute, outcome: DisputeState, on: date
) -> Iterator[tuple[EventType, dict[str, Any], AnyFact]]:
    """What the end of a dispute brings about: types of events with their data, and the facts, without their ids.

    Lost or accepted, what was disputed comes back, as far as it has not come back before.
    """
    amount = still_disputed(standing, dispute) if outcome in REFUNDS else 0
    closed = DisputeClosed(id="", recorded_on=on, on=on, dispute_id=dispute.id, outcome=outcome)
    yield EventType.DISPUTE_CLOSED, {"dispute_id": dispute.id, "outcome": outcome, "amount": amount}, closed
    if amount:
        terms = standing.terms
        data = {"amount": amount, "return_fee": 0, "lines": ()}
        data["refunded"] = standing.refunded + amount
        yield (
            EventType.REFUNDED,
            data,
            Refunded(
                id="", recorded_on=on, on=on, amount=amount, returns_interest=terms.refund_interest, by_share=True,
                returns_costs=terms.refund_costs, makes_up=True,
            ),
        )  # fmt: skip
