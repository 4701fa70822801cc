"""A scheme: who bears part of what consumers pay, in which shares, for what, and up to how much. Pure.

A scheme is one document in versions; what was granted keeps the version it was granted under.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from service.errors import Code, Refused
from service.money import AMOUNT_MAX, BPS, EXPONENTS, take_bps

NO_CAP: Final = AMOUNT_MAX

Share = Annotated[int, Meta(ge=0, le=BPS)]
Sum = Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="minor units")]
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
Names = Annotated[tuple[Name, ...], Meta(max_length=200)]
MerchantId = Annotated[str, Meta(pattern=r"^me_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]

Times = Annotated[dict[Name, Annotated[int, Meta(ge=1, le=99)]], Meta(max_length=100)]


class FunderKind(StrEnum):
    """Who bears a share."""

    MERCHANT = "merchant"
    BRAND = "brand"
    PARTNER = "partner"
    PLATFORM = "platform"
    STATE = "state"  # a public scheme


class Funder(Struct, frozen=True, forbid_unknown_fields=True):
    """Who bears so much of it."""

    name: Name  # by which it is claimed
    kind: FunderKind
    share_bps: Annotated[int, Meta(ge=1, le=BPS)]  # basis points of all that is granted


class InterestPart(Struct, frozen=True, forbid_unknown_fields=True):
    """Interest of the consumer that the scheme pays, as it falls due.

    The rate is at most a share of the contract's, of the same days. Of a purchase at most `spend_max` counts. A small
    purchase is one of less than `small_max`: it may be of any category, and has a cap of its own within the person's.
    """

    rate_bps: Share  # basis points a year of what is owed
    contract_share_bps: Share = BPS  # basis points of the contract's rate: it is at most so much
    spend_max: Sum = 0  # minor units of a purchase; 0: all counts
    small_max: Sum = 0  # minor units: a purchase of less is small; 0: none is
    small_person_max: Sum = 0  # minor units of one person's small purchases, at one lender; 0: no cap of their own
    person_max: Sum = 0  # minor units of one person at one lender; 0: no cap
    current_only: bool = False  # whether days on which something is overdue earn nothing


class BuyDownPart(Struct, frozen=True, forbid_unknown_fields=True):
    """The consumer pays no interest: what the lender would have earned at this yield is paid in at the capture."""

    yield_bps: Annotated[int, Meta(ge=1, le=BPS)]  # basis points a year


class VoucherPart(Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the price, by the grade of the goods."""

    grades: Annotated[dict[Name, Share], Meta(min_length=1, max_length=20)]  # of the price, in basis points
    maximum: Sum = 0  # minor units of one item; 0: none
    price_max: Sum = 0  # minor units: dearer goods get none; 0: no such limit
    times: Times = {}  # by type, what one person may have; of a type that is not named, one


class SchemeDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """What a scheme is. It has exactly one part."""

    name: Name  # of the scheme
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
    funders: Annotated[tuple[Funder, ...], Meta(min_length=1, max_length=10)]  # their shares are 100 % together
    begins_on: date  # the first day on which something is granted
    ends_on: date  # the last day on which something is granted
    budget: Sum = 0  # minor units of all that is granted; 0: there is none
    categories: Names = ()  # of goods; none named: any
    products: Names = ()  # rows of the price list, by their names; none named: any
    excluded_products: Names = ()  # ... for which nothing is paid
    merchants: Annotated[tuple[MerchantId, ...], Meta(max_length=200)] = ()  # none named: all
    interest: InterestPart | None = None  # null: it pays none
    buy_down: BuyDownPart | None = None  # null: it buys nothing down
    voucher: VoucherPart | None = None  # null: it has none


def require_scheme(one: SchemeDocument) -> None:
    """Refused: INVALID_FIELD, with what cannot be."""
    if one.currency not in EXPONENTS:
        raise _no("/currency", f"There is no currency {one.currency} here.")
    if sum(funder.share_bps for funder in one.funders) != BPS:
        raise _no("/funders", "The shares of the funders are 10,000 basis points together.")
    if len({funder.name for funder in one.funders}) < len(one.funders):
        raise _no("/funders", "Two funders have one name.")
    if one.ends_on < one.begins_on:
        raise _no("/ends_on", "It ends before it begins.")
    if sum(part is not None for part in (one.interest, one.buy_down, one.voucher)) != 1:
        raise _no("/interest", "A scheme has one of interest, buy_down and voucher.")


def covers(one: SchemeDocument, category: str | None, on: date, *, is_small: bool = False) -> bool:
    """Whether goods of a category are covered on a day; a small purchase is, whatever its category."""
    return one.begins_on <= on <= one.ends_on and (is_small or not one.categories or category in one.categories)


def is_for(one: SchemeDocument, product: str, merchant_id: str) -> bool:
    """Whether plans of a product, sold by a merchant, are covered."""
    if product in one.excluded_products or (one.products and product not in one.products):
        return False
    return not one.merchants or merchant_id in one.merchants


def shares_of(funders: Sequence[Funder], granted_before: int, more: int) -> list[int]:
    """What each funder bears of `more`; over all that was granted each bears its share, and the last the odd cent.

    Less than nothing goes back: 90 % and 10 % of 65.60 are 59.04 and 6.56, however it was reached.
    """
    after = granted_before + more
    assert granted_before >= 0
    assert after >= 0
    given, bps, parts = 0, 0, list[int]()
    for funder in funders:
        bps += funder.share_bps
        upto = take_bps(after, bps) - take_bps(granted_before, bps)
        parts.append(upto - given)
        given = upto
    return parts


def _no(pointer: str, sentence: str) -> Refused:
    return Refused(Code.INVALID_FIELD, sentence, pointer)
