"""Charge: we pull money for what is due on a plan. Pure."""

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from service.actor import ActorKind
from service.errors import Code, Refused
from service.plans.plan import Plan, schedule_of
from service.plans.state import CollectionState, PlanState


class ChargeState(StrEnum):
    """Where a charge stands. The check `charges_state_is_known` says the same."""

    PENDING = "pending"  # written down; the processor's word is not known yet -> SUCCEEDED, DECLINED
    SUCCEEDED = "succeeded"  # the money came, and is a payment of the plan -> RETURNED
    DECLINED = "declined"  # no money came; should the processor say later that it did -> SUCCEEDED
    RETURNED = "returned"  # the bank took it back: the payment never was


class Reason(StrEnum):
    """Why no money came, or why it went back. The check `charges_reason_is_known` says the same."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    LIMIT_REACHED = "limit_reached"  # of the card or account
    DECLINED = "declined"  # by the bank, which does not say why
    PROCESSOR_AWAY = "processor_away"  # the processor or the bank behind it could not be reached
    AUTHENTICATION_REQUIRED = "authentication_required"  # the consumer must confirm it
    EXPIRED = "expired"  # the card's last day has passed
    ACCOUNT_CLOSED = "account_closed"
    BLOCKED = "blocked"  # lost, stolen, or the bank suspects fraud
    REVOKED = "revoked"  # the consumer has taken the permission back


class Origin(StrEnum):
    """How a charge came about. The check `charges_origin_is_known` says the same."""

    AUTOPAY = "autopay"  # an instalment fell due
    REQUESTED = "requested"  # somebody asked for it


class Charge(Struct, frozen=True):
    """A charge as it is kept."""

    bucket: int
    charge_id: str
    plan_id: str
    merchant_id: str
    instrument_id: str
    processor_id: str
    currency: str
    amount: int
    origin: Origin
    state: ChargeState
    reason: Reason | None
    made_at: datetime
    made_by: ActorKind
    asked: int
    received_on: date | None
    payment_id: str | None
    ended_at: datetime | None
    returned_at: datetime | None
    token: str  # of its instrument


def is_collected(plan: Plan) -> bool:
    """Whether money may be pulled for it: not while collection rests, nor once it was given up."""
    return plan.collection_state is CollectionState.COLLECTING


def due_on(plan: Plan, today: date) -> tuple[int, date | None]:
    """What is due on a plan by the end of `today`, and the last due date it is of."""
    due = [one for one in schedule_of(plan, today) if one.due_on <= today and one.outstanding > 0]
    return sum(one.outstanding for one in due), max((one.due_on for one in due), default=None)


def amount_to_charge(plan: Plan, asked: int | None, today: date) -> int:
    """What somebody may charge today: `asked`, or all that is due.

    Refused: STATE_FORBIDS (collection rests, or was given up), NOTHING_DUE, AMOUNT_EXCEEDS_OUTSTANDING.
    """
    if plan.collection_state is CollectionState.PAUSED:
        why = ", ".join(one.why for one in plan.standing.pauses if one.end is None)
        raise Refused(Code.STATE_FORBIDS, f"Collection of this plan rests ({why}): nothing is pulled meanwhile.")
    if plan.state in (PlanState.CHARGED_OFF, PlanState.FORGIVEN):
        raise Refused(Code.STATE_FORBIDS, f"Collection of this plan has ended: it is {plan.state}.")
    owed = sum(one.outstanding for one in schedule_of(plan, today))
    if asked is None:
        due, _ = due_on(plan, today)
        if not due:
            sentence = f"Nothing is due on {today}; {owed} minor units are owed in all. Name an amount to pay early."
            raise Refused(Code.NOTHING_DUE, sentence, "/amount")
        return due
    if asked > owed:
        sentence = f"{asked} is more than the {owed} minor units that are owed."
        raise Refused(Code.AMOUNT_EXCEEDS_OUTSTANDING, sentence, "/amount")
    return asked
