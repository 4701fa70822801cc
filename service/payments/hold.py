"""A hold: so much of what a consumer pays with is kept for a deposit; taken in part or whole, or let go. Pure."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from service.payments.charge import Reason


class HoldState(StrEnum):
    """Where a hold stands. The check `holds_state_is_known` says the same."""

    ASKED = "asked"  # written down; the processor's word is not known yet -> HELD, DECLINED
    HELD = "held"  # so much is kept -> CAPTURING, RELEASING
    CAPTURING = "capturing"  # a part or all is to be taken, which ends it -> CAPTURED, EXPIRED
    RELEASING = "releasing"  # it is to be let go -> RELEASED, EXPIRED
    DECLINED = "declined"
    CAPTURED = "captured"  # what was not taken was let go
    RELEASED = "released"
    EXPIRED = "expired"  # its time was over before anything was taken


WAITS = (HoldState.ASKED, HoldState.CAPTURING, HoldState.RELEASING)  # for the processor's word


class Hold(Struct, frozen=True):
    """A hold as it is kept."""

    bucket: int
    hold_id: str
    plan_id: str
    merchant_id: str
    instrument_id: str
    processor_id: str
    currency: str
    amount: int
    state: HoldState
    captured: int  # what was taken, or is to be while it is CAPTURING
    reason: Reason | None  # why it was declined
    payment: str  # the processor's own name of it; empty: not known, or ours
    made_at: datetime
    asked: int
    expires_at: datetime | None  # as the processor says; None: not known
    ended_at: datetime | None
    token: str  # of its instrument


class HoldSaid(StrEnum):
    """What a processor says of a hold."""

    PENDING = "pending"
    HELD = "held"
    DECLINED = "declined"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"
    NO_HOLD = "no_hold"  # it has never heard of it
    UNHEARD = "unheard"  # nothing that we understand


class HeardHold(Struct, frozen=True):
    """An answer about a hold, reduced to what follows from it."""

    said: HoldSaid
    reason: Reason | None = None  # of what was declined
    captured: int = 0
    expires_at: datetime | None = None  # by the processor's calendar
    lasts_s: int | None = None  # from now on; beside it no instant is said
    payment: str = ""  # the processor's own name of it


UNHEARD_HOLD = HeardHold(HoldSaid.UNHEARD)
NO_HOLD = HeardHold(HoldSaid.NO_HOLD)
