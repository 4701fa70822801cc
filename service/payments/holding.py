"""What is next to be done with the holds of a deposit. Pure.

    needed = what the deposit still holds + what was claimed of it and is not taken yet
    kept   = what is held at the processor, beyond the hour at which it is renewed

A hold is taken of once, which lets the rest go: so what is claimed is taken when the deposit is over, and is kept until
then. `kept < needed`: so much more is held (at the beginning, when it is topped up, when a hold ends soon). `kept >
needed`: what is not needed is let go. What nobody holds any more is no security: it is given back to the card in the
books.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from service.payments.charge import Reason
from service.payments.hold import WAITS, Hold, HoldState
from service.payments.retry import stops

RENEW_BEFORE: Final = timedelta(days=2)  # a hold ends
TAKE_BEFORE: Final = timedelta(hours=6)  # a hold ends that nothing renews
TRY_AGAIN: Final = timedelta(hours=6)  # what was declined
LOST_MAX: Final = 3  # holds that had ended when they were taken of, in TRY_AGAIN


class Secured(Struct, frozen=True):
    """What the plan says of the part that is on the card. Minor units."""

    held: int
    claimed: int  # of it, since the beginning
    is_untouched: bool  # no use has begun, and nothing was claimed


class Keep(Struct, frozen=True):
    """Hold so much more."""

    amount: int


class Take(Struct, frozen=True):
    """Take so much of a hold, and let the rest go."""

    hold: Hold
    amount: int


class LetGo(Struct, frozen=True):
    """Let a hold go."""

    hold: Hold


class Lose(Struct, frozen=True):
    """So much of the deposit is not held by anybody: it is none any more."""

    amount: int
    is_all: bool  # nothing was ever held, and nothing has begun: there is no deposit


class Wait(Struct, frozen=True):
    """Nothing now; look again at the latest then. None: nothing is left."""

    until: datetime | None


Next = Keep | Take | LetGo | Lose | Wait


def next_of(secured: Secured, holds: Sequence[Hold], instrument_id: str | None, now: datetime) -> Next:
    """The next step; `instrument_id` is what the plan is paid with now, None where nothing can be asked of it."""
    if waiting := [one for one in holds if one.state in WAITS]:
        return Wait(min(one.made_at for one in waiting))
    live = [one for one in holds if one.state is HoldState.HELD]
    taken = sum(one.captured for one in holds if one.state is HoldState.CAPTURED)
    to_take = secured.claimed - taken
    for one in live:
        if one.expires_at is not None and one.expires_at <= now:  # the processor's calendar may be another
            return Take(one, min(to_take, one.amount)) if to_take > 0 else LetGo(one)
    if not secured.held:
        return _closing(to_take, live, holds, instrument_id, now)
    needed = secured.held + to_take
    lasting = [one for one in live if not _ends_within(one, RENEW_BEFORE, now)]
    kept = sum(one.amount for one in lasting)
    for one in live:
        if kept - (one.amount if one in lasting else 0) >= needed:
            return LetGo(one)
    if kept != needed and _may_ask(holds, instrument_id, now):
        return Keep(needed if kept > needed else needed - kept)
    lost = min(secured.held, needed - sum(one.amount for one in live))
    if lost > 0:
        return Lose(lost, is_all=secured.is_untouched and all(one.state is HoldState.DECLINED for one in holds))
    ending = [one for one in live if _ends_within(one, TAKE_BEFORE, now)]
    if ending and to_take > 0:
        return Take(ending[0], min(to_take, ending[0].amount))
    return Wait(_look_at(live, holds, now))


class Stopped(Struct, frozen=True):
    """Nothing more is asked for until another instrument is named: so much is missing of what the deposit needs."""

    missing: int
    reason: Reason | None  # why it was declined for good; None: the plan names no instrument that can be asked


def stopped(secured: Secured, holds: Sequence[Hold], instrument_id: str | None, now: datetime) -> Stopped | None:
    """Whether the deposit waits for another instrument; None: nothing is missing, or it is still asked for."""
    taken = sum(one.captured for one in holds if one.state in (HoldState.CAPTURED, HoldState.CAPTURING))
    live = [one for one in holds if one.state is HoldState.HELD and not _ends_within(one, RENEW_BEFORE, now)]
    missing = secured.held + secured.claimed - taken - sum(one.amount for one in live)
    if missing <= 0 or any(one.state is HoldState.ASKED for one in holds):
        return None
    if instrument_id is None:
        return Stopped(missing, None)
    reasons = [one.reason for one in holds if one.instrument_id == instrument_id and one.reason is not None]
    final = [reason for reason in reasons if stops(reason)]
    return Stopped(missing, final[-1]) if final else None


def _closing(
    to_take: int, live: Sequence[Hold], holds: Sequence[Hold], instrument_id: str | None, now: datetime
) -> Next:
    """Nothing more will be claimed: what was is taken, the rest is let go."""
    if live:
        return Take(live[0], min(to_take, live[0].amount)) if to_take > 0 else LetGo(live[0])
    if to_take <= 0:
        return Wait(None)
    return Keep(to_take) if _may_ask(holds, instrument_id, now) else Wait(now + TRY_AGAIN)


def _may_ask(holds: Sequence[Hold], instrument_id: str | None, now: datetime) -> bool:
    """Whether more may be held now: not soon after a decline, nor ever after some, unless another card is named."""
    if instrument_id is None:
        return False
    of_it = [one for one in holds if one.instrument_id == instrument_id and one.ended_at is not None]
    since = [one for one in of_it if one.ended_at is not None and one.ended_at > now - TRY_AGAIN]
    if sum(one.state is HoldState.EXPIRED for one in since) >= LOST_MAX:
        return False
    declined = [one for one in of_it if one.state is HoldState.DECLINED]
    return not any(one in since or (one.reason is not None and stops(one.reason)) for one in declined)


def _ends_within(one: Hold, time: timedelta, now: datetime) -> bool:
    """A hold that was made to be short is renewed when half of it is over."""
    if one.expires_at is None:
        return False
    return one.expires_at - now <= min(time, (one.expires_at - one.made_at) / 2)


def _look_at(live: Sequence[Hold], holds: Sequence[Hold], now: datetime) -> datetime:
    """When something may be due by time alone."""
    ends = [one.expires_at for one in live if one.expires_at is not None]
    instants = [each for end in ends for each in (end, end - TAKE_BEFORE, end - RENEW_BEFORE) if each > now]
    again = [one.ended_at + TRY_AGAIN for one in holds if one.ended_at is not None and one.state is HoldState.DECLINED]
    return min([*instants, *(each for each in again if each > now), now + timedelta(days=1)])
