"""A payback: what was paid too much goes back to what it was paid with. Pure.

charged 150.00, goods of 100.00 came back: overpaid 100.00      -> 100.00 of that charge goes back
claimed of a deposit 30.00, refunded                            -> 30.00 of the hold that it was taken of

It leaves the plan when it is ordered, so that nothing pays it a second time, and is owed again if the bank does not
take it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from service.payments.charge import Reason
from service.payments.retry import ask_again
from service.plans.plan import Plan
from service.plans.state import has_ended

# When what was paid is looked at again, for a bank may send it back: each after the one before.
LOOK_AGAIN: Final = (timedelta(days=1), timedelta(days=7), timedelta(days=30))


class PaybackState(StrEnum):
    """Where a payback stands. The check `paybacks_state_is_known` says the same."""

    ORDERED = "ordered"  # written down; it has not left the plan yet -> PENDING, DROPPED
    PENDING = "pending"  # it has left the plan; the processor's word is not known yet -> PAID, FAILED
    PAID = "paid"  # the processor has paid it; a bank may still send it back within a month -> FAILED
    FAILED = "failed"  # it did not reach the consumer: the plan owes it to them again
    DROPPED = "dropped"  # nothing was overpaid any more when it was to leave the plan


class Payback(Struct, frozen=True):
    """A payback as it is kept."""

    bucket: int
    payback_id: str
    plan_id: str
    merchant_id: str
    source_id: str  # the charge or the hold that it goes back on
    instrument_id: str
    processor_id: str
    currency: str
    amount: int
    state: PaybackState
    reason: Reason | None  # why it failed
    payment: str  # the processor's own name of the source; empty: not known, or ours
    made_at: datetime
    asked: int
    ended_at: datetime | None
    token: str  # of its instrument
    source_made_at: datetime  # when the money was asked for
    source_ended_at: datetime  # ... and when it was heard that it came


class Source(Struct, frozen=True):
    """A charge that came, or what was taken of a hold: so much of it may go back, with what has."""

    source_id: str
    instrument_id: str
    processor_id: str
    amount: int
    payment: str
    payment_id: str | None  # the payment that a charge became


class PaybackSaid(StrEnum):
    """What a processor says of a payback."""

    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    NO_PAYBACK = "no_payback"  # it has never heard of it
    UNHEARD = "unheard"  # nothing that we understand


class HeardPayback(Struct, frozen=True):
    """An answer about a payback, reduced to what follows from it."""

    said: PaybackSaid
    reason: Reason | None = None  # of what failed
    payment: str = ""  # the processor's own name of the source


UNHEARD_PAYBACK: Final = HeardPayback(PaybackSaid.UNHEARD)
NO_PAYBACK: Final = HeardPayback(PaybackSaid.NO_PAYBACK)


def is_to_be_paid_back(plan: Plan) -> bool:
    """Whether what is overpaid may go back: nothing is owed or captured any more, and nobody disputes what was paid.

    Whatever came of the plan: what was let go, or paid after it was given up, leaves as much to the consumer as theirs.
    """
    dispute = plan.standing.dispute
    is_disputed = dispute is not None and dispute.closed_on is None
    return plan.amounts.overpaid > 0 and has_ended(plan.state) and not is_disputed


def next_payback(plan: Plan, sources: Sequence[Source], paybacks: Sequence[Payback]) -> tuple[Source, int] | None:
    """What goes back next, and how much: of the last source first, whose card is known best. None: nothing.

    No more goes back of a source than came of it and was not taken back by a bank, and nothing more of one of which
    something has failed.
    """
    if not is_to_be_paid_back(plan) or any(
        one.state in (PaybackState.ORDERED, PaybackState.PENDING) for one in paybacks
    ):
        return None
    for source in reversed(sources):
        of_it = [one for one in paybacks if one.source_id == source.source_id]
        if any(one.state is PaybackState.FAILED for one in of_it):
            continue
        came = source.amount
        if source.payment_id is not None:
            paid = plan.standing.allocations.get(source.payment_id)
            came = 0 if paid is None else min(came, paid.total)
        left = came - sum(one.amount for one in of_it if one.state is PaybackState.PAID)
        if left > 0:
            return source, min(left, plan.amounts.overpaid)
    return None


def ask_next(state: PaybackState, asked: int, now: datetime) -> datetime | None:
    """When the processor is asked again, after so many times in this state; None: no more."""
    if state is not PaybackState.PAID:
        return ask_again(asked, now)
    return now + LOOK_AGAIN[asked] if asked < len(LOOK_AGAIN) else None
