"""A platform: a merchant that others sell on, who acts for them. Pure.

It takes sellers on, acts for one by its own key and the header `Tenor-Merchant`, takes its share of what they pay us,
and is paid for them where it was agreed so.
"""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from service.access.key import Principal
from service.errors import Code, Refused
from service.merchants.merchant import Merchant
from service.merchants.platform_terms import PlatformTerms

HEADER: Final = "Tenor-Merchant"


def acting_for(principal: Principal, seller_id: str, merchants: Mapping[str, Merchant]) -> Principal:
    """A platform's key, as it acts for one of its sellers. Refused: FORBIDDEN, for whoever else it is.

    What is nobody's and what is another's are told alike. A page's key acts for nobody else.
    """
    seller = merchants.get(seller_id)
    if principal.origins or seller is None or seller.platform_id != principal.owner_id:
        raise Refused(Code.FORBIDDEN, "Your key does not act for this merchant.", f"/{HEADER}")
    return replace(principal, owner_id=seller_id, platform_id=principal.owner_id)


def platform_terms(merchants: Mapping[str, Merchant], merchant_id: str) -> PlatformTerms:
    """What was agreed with a platform. Refused: FORBIDDEN, for who is none."""
    terms = merchants[merchant_id].platform
    if terms is None:
        raise Refused(Code.FORBIDDEN, "You are no platform: nobody sells through you.")
    return terms
