"""The states of a plan, and the one function that tells each from where the plan stands. Pure.

No verb names a state: a fact is folded, and the states follow.
"""

from enum import StrEnum

from service.plans.amounts import Amounts
from service.plans.offer import Kind
from service.plans.running.dispute_facts import DisputeState
from service.plans.running.facts import Why
from service.plans.running.standing import Standing


class PlanState(StrEnum):
    """The commercial state."""

    AUTHORIZED = "authorized"  # limit reserved, nothing captured -> any other
    IN_USE = "in_use"  # pay_after_use, deposit: the use has begun, its bill is to come -> as AUTHORIZED
    PART_CAPTURED = "part_captured"  # some is captured, more may be -> any below
    ASSESSING = "assessing"  # deposit: it is claimed, and may be contested or is -> as PART_CAPTURED, AUTHORIZED
    ACTIVE = "active"  # instalments: owed, nothing to capture -> PAID_OFF, REFUNDED, OVERPAID, CHARGED_OFF, FORGIVEN
    PAYMENT_DUE = "payment_due"  # pay_after_use, deposit: it is owed -> as ACTIVE; a deposit -> CLOSED
    PAID_OFF = "paid_off"  # nothing is owed any more -> ACTIVE or PAYMENT_DUE, when a payment is taken back
    CLOSED = "closed"  # deposit: claimed or released, and nothing is owed -> PAYMENT_DUE, when a payment is taken back
    REFUNDED = "refunded"  # all that was captured came back from the merchant -> as PAID_OFF
    OVERPAID = "overpaid"  # nothing is owed, and money is to be returned to the consumer -> as PAID_OFF, PAID_OFF
    CHARGED_OFF = "charged_off"  # collection was given up; it is still owed -> RECOVERED, FORGIVEN
    RECOVERED = "recovered"  # all of it was paid after all
    FORGIVEN = "forgiven"  # what was still owed was let go -> as PAID_OFF, CHARGED_OFF if it was charged off before
    VOIDED = "voided"  # given back before any capture -> ACTIVE, PAYMENT_DUE when a payment bounces that had gone back
    EXPIRED = "expired"  # not captured in time -> the same


class CollectionState(StrEnum):
    """Money from the consumer. Due and overdue are computed from the lines and today, never stored."""

    NOTHING_OWED = "nothing_owed"  # -> COLLECTING
    COLLECTING = "collecting"  # -> PAUSED, COLLECTED, GIVEN_UP
    PAUSED = "paused"  # it is owed, and nothing is collected for now -> COLLECTING, COLLECTED, GIVEN_UP
    COLLECTED = "collected"  # -> COLLECTING, by a further capture or a payment taken back
    GIVEN_UP = "given_up"  # charged off, and still owed -> COLLECTED


class SettlementState(StrEnum):
    """Money to the merchant."""

    NOTHING_DUE = "nothing_due"  # -> PAYABLE
    PAYABLE = "payable"


OPEN = (PlanState.AUTHORIZED, PlanState.IN_USE, PlanState.PART_CAPTURED, PlanState.ASSESSING)
OWING = (PlanState.ACTIVE, PlanState.PAYMENT_DUE, PlanState.CHARGED_OFF)


def state_of(kind: Kind, standing: Standing, amounts: Amounts) -> PlanState:
    """The commercial state."""
    if standing.open_claim is not None:
        return PlanState.ASSESSING
    if standing.remaining:
        if standing.lent:
            return PlanState.PART_CAPTURED
        return PlanState.AUTHORIZED if standing.use_started_at is None else PlanState.IN_USE
    if not standing.lent and not amounts.outstanding and not standing.closed:
        ended = PlanState.EXPIRED if standing.ended_by is Why.EXPIRED else PlanState.VOIDED
        return PlanState.CLOSED if standing.ended_by in (Why.RELEASED, Why.UNCLAIMED) else ended
    if standing.is_forgiven and not amounts.outstanding:
        return PlanState.FORGIVEN
    if standing.charged_off_on is not None:
        return PlanState.CHARGED_OFF if amounts.outstanding else PlanState.RECOVERED
    if amounts.outstanding:
        return PlanState.ACTIVE if kind is Kind.INSTALMENTS else PlanState.PAYMENT_DUE
    if standing.overpaid:
        return PlanState.OVERPAID
    if 0 < amounts.captured <= standing.refunded:
        return PlanState.REFUNDED
    return PlanState.CLOSED if kind is Kind.DEPOSIT else PlanState.PAID_OFF


def collection_state_of(standing: Standing, amounts: Amounts) -> CollectionState:
    """Where the money from the consumer stands."""
    if not standing.rows:
        return CollectionState.NOTHING_OWED
    if not amounts.outstanding:
        return CollectionState.COLLECTED
    if standing.charged_off_on is not None:
        return CollectionState.GIVEN_UP
    return CollectionState.PAUSED if any(one.end is None for one in standing.pauses) else CollectionState.COLLECTING


def dispute_state_of(standing: Standing) -> DisputeState:
    """Where the disagreement between consumer and merchant stands."""
    return DisputeState.NONE if standing.dispute is None else standing.dispute.state


def has_ended(state: PlanState) -> bool:
    """Whether nothing is owed and nothing can be captured any more."""
    return state not in OPEN and state not in OWING
