"""Who gets what of money that comes after a loss was borne. Pure.

Nobody gets back more than they bore. What is left when all have theirs back pays the interest and fees that were
written off, and then it is the consumer's.
"""

from enum import StrEnum

from msgspec import Struct

from service.money import split
from service.support.arrangement import INSURANCES
from service.support.waterfall import Allocation, Tier


class RecoveryOrder(StrEnum):
    """Who comes first."""

    PARI_PASSU = "pari_passu"  # all, by what each bore and has not got back
    REVERSE = "reverse"  # those whose money it is, then the tiers from the last to the first
    SUBROGATED = "subrogated"  # the insurers, to whom the claim has passed; then as `reverse`


class RecoverySource(StrEnum):
    """Where it came from. The check `loss_recoveries_source_is_known` says the same."""

    CONSUMER = "consumer"
    COLLECTION = "collection"  # an agency, or a court
    SECURITY = "security"  # what was pledged, or taken back and sold
    INSOLVENCY = "insolvency"  # a quota
    SALE = "sale"  # of the claim


class Recovery(Struct, frozen=True):
    """What came, shared out. All of it is minor units, and the parts are `net`, together."""

    net: int  # what came, less what it cost to get
    tiers: tuple[int, ...]  # to each, in the order of the allocation
    rest: tuple[int, ...]  # the same of those whose money it is
    written_off: int  # to us, for interest and fees
    to_consumer: int  # more than anybody lost


def share(
    order: RecoveryOrder, tiers: tuple[Tier, ...], lost: Allocation, before: list[Recovery], net: int
) -> Recovery:
    """Shares out money that came; `before` is what came earlier of the same loss."""
    bore = [one.amount for one in lost.tiers] + [one.amount for one in lost.rest]
    got = [sum(parts) for parts in zip(*[(*one.tiers, *one.rest) for one in before], strict=True)] or [0] * len(bore)
    open_ = [one - back for one, back in zip(bore, got, strict=True)]
    given, left = [0] * len(bore), net
    for rank in _ranks(order, tiers, len(lost.rest)):
        weights = [open_[number] for number in rank]
        share_out = min(left, sum(weights))
        if share_out:
            for number, part in zip(rank, split(share_out, weights), strict=True):
                given[number] += part
            left -= share_out
    written_off = min(left, lost.written_off - sum(one.written_off for one in before))
    count = len(lost.tiers)
    return Recovery(net, tuple(given[:count]), tuple(given[count:]), written_off, left - written_off)


def _ranks(order: RecoveryOrder, tiers: tuple[Tier, ...], holders: int) -> list[list[int]]:
    """The numbers of who bore it, tiers first: each list is served before the next."""
    count = len(tiers)
    rest, reverse = list(range(count, count + holders)), [[number] for number in reversed(range(count))]
    match order:
        case RecoveryOrder.PARI_PASSU:
            return [list(range(count + holders))]
        case RecoveryOrder.REVERSE:
            return [rest, *reverse]
        case RecoveryOrder.SUBROGATED:
            insurers = [number for number in range(count) if tiers[number].terms.kind in INSURANCES]
            return [insurers, rest, *[one for one in reverse if one[0] not in insurers]]
