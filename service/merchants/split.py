"""A capture split among sellers: who gets what of it, and what of that goes back with a refund. Pure.

    captured 100.00     A 60.00   B 30.00   the merchant 10.00, less our fee of all
    refunded  50.00    - A 30.00 - B 15.00 - the merchant  5.00

Refunded is all that came back of that capture: goods, lowered bills, disputes. Who had a tenth of the capture bears a
tenth of it, in whatever parts it comes, and all of its tenth of all of it. The parts are cut where the sums of those
before them end, each end rounded half up: so every part is less than a cent off, and they sum to what came back.
"""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from service.errors import Code, Refused
from service.merchants.merchant import Merchant
from service.money import AMOUNT_MAX

SPLITS_MAX = 50  # of a capture


class Split(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A seller's part of a capture."""

    merchant_id: Annotated[str, Meta(pattern=r"^me_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]  # of the same platform
    amount: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]  # minor units of the plan's currency


Splits = tuple[Split, ...]


def require_splits(splits: Splits, amount: int) -> None:
    """Refused: AMOUNT_MISMATCH, where they come to more than the capture; INVALID_FIELD, where one is named twice."""
    named: set[str] = set()
    for place, one in enumerate(splits):
        if one.merchant_id in named:
            raise Refused(Code.INVALID_FIELD, "A seller is named once.", f"/splits/{place}/merchant_id")
        named.add(one.merchant_id)
    total = sum(one.amount for one in splits)
    if total > amount:
        sentence = f"The splits come to {total}, and {amount} minor units are captured."
        raise Refused(Code.AMOUNT_MISMATCH, sentence, "/splits")


def require_sellers(splits: Splits, merchant: Merchant, merchants: Mapping[str, Merchant]) -> None:
    """Refused: NOT_FOUND, for whoever is not another merchant of the same platform, or the platform."""
    ours = platform_of(merchant)
    for place, one in enumerate(splits):
        other = merchants.get(one.merchant_id)
        if other is None or not _is_beside(other, merchant) or ours is None or platform_of(other) != ours:
            sentence = f"{one.merchant_id} is no other seller of the platform that you sell through."
            raise Refused(Code.NOT_FOUND, sentence, f"/splits/{place}/merchant_id")


def _is_beside(other: Merchant, merchant: Merchant) -> bool:
    return other.merchant_id != merchant.merchant_id and other.is_test == merchant.is_test


def platform_of(merchant: Merchant) -> str | None:
    """Whose seller it is; a platform is of itself, and nobody else is of any."""
    return merchant.platform_id or (merchant.merchant_id if merchant.platform is not None else None)


def shares_of(splits: Splits, captured: int, refunded: int) -> dict[str, int]:
    """What each seller has of a capture after so much of it came back."""
    shares, until, end = {}, 0, 0
    for one in splits:
        until += one.amount
        begin, end = end, (2 * refunded * until + captured) // (2 * captured)
        shares[one.merchant_id] = one.amount - (end - begin)
    return shares
