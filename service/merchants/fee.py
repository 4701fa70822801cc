"""What we keep of a captured amount: a share and a fixed sum, by category and by how much the merchant sells. Pure.

    2.90 % + 0.30 of 600.00                              17.70
    of 2.90 % + 0.30, from 1,000,000.00 a month 2.50 %   15.00 once so much was captured in the month
    at least 1.00, at most 12.00                         12.00
    and 1 % besides, so that the consumer pays less      18.00, whatever the least and the most are
    and 19 % tax on it                                    3.42 besides

The tier is decided when something is captured, by what the merchant had captured in that month until the day before,
and stands on the capture: what is reversed, or folded anew, has the fee that it had.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from service.errors import Code, Refused
from service.law.book import LegalRule, number_on
from service.money import AMOUNT_MAX, BPS, next_share, take_bps

Share = Annotated[int, Meta(ge=0, le=BPS)]
Sum = Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="minor units")]

TAXED: Final = "merchant_services"  # the product class of the law's rows


class FeeTier(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What a fee is once so much was captured in the month."""

    volume: Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="minor units captured in the month before the day")]
    bps: Share = 0
    fixed: Sum = 0


class SharedFee(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A platform's share of what its seller pays us."""

    platform_id: Annotated[str, Meta(pattern=r"^me_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]  # who takes it
    bps: Share


class PaidBesides(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What a merchant pays on top of a fee that has a least or a most, so that the consumer pays less."""

    bps: Share
    fixed: Sum  # minor units for each capture


class FeeTerms(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What else a fee depends on."""

    minimum: Sum = 0  # of each capture; never more than the capture itself
    maximum: Sum = 0  # of each capture; 0: there is none
    tiers: Annotated[tuple[FeeTier, ...], Meta(max_length=10)] = ()  # the smallest first
    tax_bps: Share = 0  # of the fee, besides it: by the law of the merchant's country
    platform: SharedFee | None = None  # who takes a share of it; null: nobody
    besides: PaidBesides | UnsetType = UNSET  # neither `minimum` nor `maximum` bounds it; absent: nothing


class MerchantFee(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What we keep of a captured amount: `bps` of it and `fixed` minor units a capture."""

    bps: Share = 0
    fixed: Sum = 0  # minor units for each capture
    terms: FeeTerms | UnsetType = UNSET  # absent: nothing else


class FeeSchedule(MerchantFee, frozen=True, gc=False, forbid_unknown_fields=True):
    """The fee of a kind of plan, and of goods of some categories their own."""

    categories: Annotated[dict[Annotated[str, Meta(max_length=100)], MerchantFee], Meta(max_length=100)] | UnsetType = (
        UNSET
    )


class Volume(Struct, frozen=True, gc=False):
    """What a merchant had captured of a month, until the last day that has ended."""

    month: date  # its first day
    captured: int  # minor units


NO_FEE: Final = MerchantFee()
PLAIN: Final = FeeTerms()


def fee_of(schedules: Mapping[str, FeeSchedule], kind: str, category: str | None) -> MerchantFee:
    """The fee for goods of a category on a kind of plan; nothing agreed is no fee."""
    agreed = schedules.get(kind)
    if agreed is None:
        return NO_FEE
    if category is not None and isinstance(agreed.categories, dict) and category in agreed.categories:
        return agreed.categories[category]
    return MerchantFee(agreed.bps, agreed.fixed, agreed.terms)


def taxed(fee: MerchantFee, country: str, on: date) -> MerchantFee:
    """The fee with the tax that a country levies on it."""
    bps = _tax_bps(country, on)
    return replace(fee, terms=replace(terms_of(fee), tax_bps=bps)) if bps else fee


@lru_cache(1_000)  # each offer of each checkout asks
def _tax_bps(country: str, on: date) -> int:
    return number_on(LegalRule.MERCHANT_FEE_TAX, country, TAXED, on) or 0


def raised(fee: MerchantFee, bps: int, fixed: int) -> MerchantFee:
    """The fee and so much more, on all its tiers; of a fee with a least or a most it comes besides."""
    terms = fee.terms
    if isinstance(terms, FeeTerms) and (terms.minimum or terms.maximum):
        return replace(fee, terms=replace(terms, besides=PaidBesides(bps, fixed)))
    if isinstance(terms, FeeTerms) and terms.tiers:
        tiers = [
            FeeTier(one.volume, min(one.bps + bps, BPS), min(one.fixed + fixed, AMOUNT_MAX)) for one in terms.tiers
        ]
        terms = replace(terms, tiers=tuple(tiers))
    return MerchantFee(min(fee.bps + bps, BPS), min(fee.fixed + fixed, AMOUNT_MAX), terms)


def tier_of(fee: MerchantFee, volumes: Mapping[str, Volume], currency: str, on: date) -> int:
    """The tier of what is captured on a day: 0 is the fee itself, 1 the first tier."""
    tiers, volume = terms_of(fee).tiers, volumes.get(currency)
    if not tiers or volume is None or volume.month != on.replace(day=1):
        return 0
    return sum(one.volume <= volume.captured for one in tiers)


def merchant_fee(fee: MerchantFee, captured_before: int, amount: int, tier: int = 0) -> int:
    """What we keep of one capture of `amount` minor units; never more than the capture itself.

    The share is cumulative: captured in parts it is what it is of the whole. `fixed` is for each capture.
    """
    terms = terms_of(fee)
    rate = terms.tiers[tier - 1] if tier else fee
    charged = max(next_share(rate.bps, captured_before, amount) + rate.fixed, terms.minimum)
    charged = min(charged, terms.maximum or charged)
    if isinstance(terms.besides, PaidBesides):
        charged += next_share(terms.besides.bps, captured_before, amount) + terms.besides.fixed
    return min(amount, charged)


def tax_on(fee: MerchantFee, charged: int, amount: int) -> int:
    """The tax on what was charged of a capture; both together are never more than the capture itself."""
    return min(take_bps(charged, terms_of(fee).tax_bps), amount - charged)


def terms_of(fee: MerchantFee) -> FeeTerms:
    """What else it depends on."""
    return fee.terms if isinstance(fee.terms, FeeTerms) else PLAIN


def require_fees(schedules: Mapping[Any, FeeSchedule]) -> None:
    """Refused: INVALID_FIELD, with what cannot be."""
    for kind, schedule in schedules.items():
        _require(schedule, f"/fees/{kind}")
        for category, fee in (schedule.categories or {}).items():
            _require(fee, f"/fees/{kind}/categories/{category}")


def _require(fee: MerchantFee, pointer: str) -> None:
    terms = terms_of(fee)
    if terms.maximum and terms.maximum < terms.minimum:
        raise Refused(Code.INVALID_FIELD, "The most that is kept is below the least.", f"{pointer}/terms/maximum")
    if not _rise(one.volume for one in terms.tiers):
        raise Refused(Code.INVALID_FIELD, "Tiers stand by their volumes, the smallest first.", f"{pointer}/terms/tiers")
    if terms.platform is not None:
        raise Refused(Code.INVALID_FIELD, "The platform's terms say what its share is.", f"{pointer}/terms/platform")
    if isinstance(terms.besides, PaidBesides):
        sentence = "What is paid besides is said by the price list."
        raise Refused(Code.INVALID_FIELD, sentence, f"{pointer}/terms/besides")
    if terms.tax_bps:
        raise Refused(Code.INVALID_FIELD, "The law says what the tax is.", f"{pointer}/terms/tax_bps")


def _rise(volumes: Iterable[int]) -> bool:
    given = list(volumes)
    return given == sorted(set(given))
