"""What would come of losses, one after the other, and of what is paid after each. Pure.

What an arrangement has used of its limits begins with what is said of it, and grows with each loss.
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from service.errors import Code, Refused
from service.money import AMOUNT_MAX
from service.support.arrangement import Sum
from service.support.cover import Used, returned
from service.support.loss import Loss, require_loss
from service.support.recovering import Recovery, RecoveryOrder, share
from service.support.waterfall import Allocation, Tier, allocate, digest


class Paid(Struct, frozen=True, forbid_unknown_fields=True):
    """What came after a loss was borne."""

    gross: Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="minor units")]
    cost: Sum = 0  # of getting it


class LossAndAfter(Struct, frozen=True, forbid_unknown_fields=True):
    """A loss, and what came after it was borne."""

    loss: Loss
    recoveries: Annotated[tuple[Paid, ...], Meta(max_length=20)] = ()


class Given(Struct, frozen=True, forbid_unknown_fields=True):
    """What an arrangement was given before the first of the losses."""

    covered: Sum = 0  # principal that it ever covered
    available: Sum = 0  # paid in and not used


class Come(Struct, frozen=True):
    """What comes of a loss."""

    allocation: Allocation
    sha256: str  # of the allocation, in hexadecimal
    recoveries: tuple[Recovery, ...]


def simulate(
    order: RecoveryOrder, tiers: tuple[Tier, ...], given: Sequence[Given], losses: Sequence[LossAndAfter]
) -> list[Come]:
    """What comes of each loss in turn; `given` is in the order of the tiers. Refused: INVALID_FIELD."""
    used = [Used(covered=one.covered, available=one.available) for one in given]
    found: list[Come] = []
    for number, one in enumerate(losses):
        require_loss(one.loss, f"/losses/{number}/loss")
        allocation, used = allocate(tiers, used, one.loss)
        shared: list[Recovery] = []
        for place, paid in enumerate(one.recoveries):
            if paid.cost > paid.gross:
                pointer = f"/losses/{number}/recoveries/{place}/cost"
                raise Refused(Code.INVALID_FIELD, "It cost more than came.", pointer)
            recovery = share(order, tiers, allocation, shared, paid.gross - paid.cost)
            shared.append(recovery)
            back = zip(tiers, used, recovery.tiers, strict=True)
            used = [returned(tier.terms, so_far, one.loss, amount) for tier, so_far, amount in back]
        found.append(Come(allocation, digest(allocation), tuple(shared)))
    return found
