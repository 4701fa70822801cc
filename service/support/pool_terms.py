"""What is agreed of a compensation pool besides what it bears: whose money it is, what it covers, where it stops. Pure.

covered at most   leverage x what is available        1,000,000.00 at 10: plans of 10,000,000.00
ratio             (paid - returned) / covered         stops at 3 %: at 600,000.00 of 20,000,000.00, not before
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from service.errors import Code, Refused
from service.money import BPS, split

PartyId = Annotated[str, Meta(pattern=r"^sp_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
Line = Annotated[int, Meta(ge=0, le=BPS)]


class RatioOf(StrEnum):
    """What of the covered plans the compensation is held against."""

    DISBURSED = "disbursed"  # all principal that was ever covered
    OUTSTANDING = "outstanding"  # what of it is owed now
    MATURED = "matured"  # the principal of plans that have ended


class PoolFunder(Struct, frozen=True, forbid_unknown_fields=True):
    """Who pays in, and by which share."""

    party_id: PartyId  # who it is
    share_bps: Annotated[int, Meta(ge=1, le=BPS)]  # of each payment and of what comes back


class PoolTerms(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose money a pool is, and how far it goes. Limits of 0 are none."""

    funders: Annotated[tuple[PoolFunder, ...], Meta(min_length=1, max_length=20)]
    leverage: Annotated[int, Meta(ge=0, le=1_000)] = 0  # times what is available, of principal that is owed
    alarm_bps: Line = 0  # from this ratio on its funders are warned
    stop_bps: Line = 0  # from this ratio on no plan is enrolled any more
    ratio_of: RatioOf = RatioOf.DISBURSED


def require_pool_terms(terms: PoolTerms, pointer: str) -> None:
    """Refused: INVALID_FIELD, for terms that contradict themselves."""
    shares = sum(one.share_bps for one in terms.funders)
    if shares != BPS:
        raise Refused(Code.INVALID_FIELD, f"The funders' shares are {shares} of {BPS} together.", f"{pointer}/funders")
    if len({one.party_id for one in terms.funders}) < len(terms.funders):
        raise Refused(Code.INVALID_FIELD, "A funder is named twice.", f"{pointer}/funders")
    if terms.stop_bps and terms.alarm_bps > terms.stop_bps:
        sentence = f"It stops at {terms.stop_bps}: the alarm comes too late."
        raise Refused(Code.INVALID_FIELD, sentence, f"{pointer}/alarm_bps")


def shares_of(terms: PoolTerms, amount: int) -> list[int]:
    """What of a payment each funder bears, by the largest remainder."""
    return split(amount, [one.share_bps for one in terms.funders])


def returned_to(paid: Sequence[int], returned: Sequence[int], back: int) -> list[int]:
    """What of `back`, which came back of a loss, each funder gets: by what each has paid for it and not got back yet,
    whatever the shares are now. Below nothing: what came back did not come after all.

    Paid 271.60 and 116.40; of 74.83 the first gets 52.38, the second 22.45.
    """
    if back < 0:
        return [-part for part in split(-back, returned)]
    return split(back, [one - before for one, before in zip(paid, returned, strict=True)])


def has_reached(line_bps: int, net_paid: int, of: int) -> bool:
    """Whether a ratio is at a line, or beyond: 599,999.99 of 20,000,000.00 is not at 3 %, and 600,000.00 is."""
    return line_bps > 0 and of > 0 and net_paid * BPS >= line_bps * of


def ratio_bps(net_paid: int, of: int) -> int:
    """The ratio in whole basis points, rounded down, so that it is never said to be at a line before it is."""
    return net_paid * BPS // of if of > 0 else 0


def room_of(terms: PoolTerms, available: int, outstanding: int) -> int | None:
    """How much more principal it may cover; None: as much as there is."""
    return max(terms.leverage * available - outstanding, 0) if terms.leverage else None
