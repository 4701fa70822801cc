"""The merchant and its terms with us. Pure."""

from collections.abc import Callable
from datetime import date, datetime

import msgspec
from msgspec.structs import replace

from service.merchants.fee import FeeSchedule, MerchantFee, SharedFee, Volume, fee_of, taxed, terms_of
from service.merchants.platform_terms import PlatformTerms


class Merchant(msgspec.Struct, frozen=True):
    """A retailer, or a seller on a platform. `time_zone` (IANA) says whose midnight ends a day of its plans.

    A test merchant tries things out: its plans are nobody's money, and its clock may be moved on.
    """

    merchant_id: str = msgspec.field(name="id")
    name: str
    country: str
    time_zone: str
    fees: dict[str, FeeSchedule]  # by kind of plan
    active: bool = True
    is_test: bool = False
    platform: PlatformTerms | None = None  # None: it is no platform
    platform_id: str | None = None  # whose seller it is
    fee_share_bps: int = 0  # of its fee: what its platform takes
    volumes: dict[str, Volume] = {}  # by currency; of one whose fees have tiers
    is_believed: bool = False  # what it says was paid frees limits at once; false: once it is proved

    def fee_for(self, kind: str, category: str | None, on: date) -> MerchantFee:
        """The fee for goods of a category on a kind of plan, with its tax and its platform's share."""
        fee = fee_of(self.fees, kind, category)
        if self.platform_id is not None and self.fee_share_bps:
            fee = replace(fee, terms=replace(terms_of(fee), platform=SharedFee(self.platform_id, self.fee_share_bps)))
        return taxed(fee, self.country, on)


# What time it is for a merchant when it really is so late: the same, or later where its clock was moved on.
TimeAt = Callable[[str, datetime], datetime]
