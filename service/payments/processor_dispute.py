"""A dispute as it stands at a processor, and what follows from it for the plan. Pure."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct

from service.payments.charge import Charge, ChargeState, Reason
from service.plans.running.dispute_facts import OPEN, DisputeReason, DisputeState
from service.plans.running.standing import Dispute

MONEY_CAME = (ChargeState.SUCCEEDED, ChargeState.RETURNED)  # the bank may have taken it back already


class FoundState(StrEnum):
    """What came of a dispute that was read. The check `processor_disputes_state_is_known` says the same."""

    OPEN = "open"  # it is the plan's dispute, or will be -> DECIDED, STUCK
    STUCK = "stuck"  # the plan does not take it, and is tried again -> OPEN, DECIDED
    DECIDED = "decided"  # its end is booked
    UNKNOWN = "unknown"  # of no charge of ours: an operator looks into it


class FoundDispute(Struct, frozen=True):
    """What a processor says of a dispute now, in its own words."""

    reference: str  # the processor's own
    payment: str  # the processor's own of what is disputed; empty: it does not say
    charge_id: str | None  # the charge of ours that it names
    currency: str
    amount: int  # minor units
    reason: str
    status: str
    due_by: datetime | None  # until when evidence is taken


class Meaning(Struct, frozen=True):
    """What a processor's words for a reason and a status mean."""

    reason: DisputeReason
    returned: Reason  # why the money went back, if it did
    outcome: DisputeState | None  # WON, LOST or WITHDRAWN; None: it is not decided
    takes_evidence: bool


def last_day(due_by: datetime | None, time_zone: str, today: date, within: timedelta) -> date | None:
    """The last day that ends in time, where the merchant is; None if that is past, or not within so many days."""
    if due_by is None:
        return None
    ends = (due_by + timedelta(seconds=1)).astimezone(ZoneInfo(time_zone))
    day = ends.date() - timedelta(days=1)
    return day if today <= day <= today + within else None


def why_not_opened(charge: Charge, currency: str) -> str:
    """Why a plan cannot be disputed by it; empty: it can."""
    if charge.state not in MONEY_CAME:
        return f"The charge is {charge.state}: no money came by it."
    if currency != charge.currency:
        return f"It is disputed in {currency}, and was charged in {charge.currency}."
    return ""


def decided_otherwise(dispute: Dispute, outcome: DisputeState) -> str:
    """That the plan's dispute came to another end before; empty: it can come to this one, or has."""
    same = {outcome} | ({DisputeState.ACCEPTED} if outcome is DisputeState.LOST else set())
    if dispute.state in OPEN or dispute.state in same:
        return ""
    return f"The processor has decided {outcome}; here it was closed on {dispute.closed_on}: {dispute.state}."
