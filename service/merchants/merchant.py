"""The merchant and its terms with us. Pure."""

from collections.abc import Callable
from datetime import date, datetime

import msgspec

from service.merchants.fee import FeeSchedule, MerchantFee, Volume, fee_of, taxed, terms_of


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
    volumes: dict[str, Volume] = {}  # by currency; of one whose fees have tiers

    def fee_for(self, kind: str, category: str | None, on: date) -> MerchantFee:
        """The fee for goods of a category on a kind of plan, with its tax; nothing agreed is no fee."""
        return taxed(fee_of(self.fees, kind, category), self.country, on)

    @property
    def has_tiers(self) -> bool:
        """Whether its fees depend on how much it sells."""
        every = [*self.fees.values(), *(fee for one in self.fees.values() for fee in (one.categories or {}).values())]
        return any(terms_of(fee).tiers for fee in every)


# What time it is for a merchant when it really is so late: the same, or later where its clock was moved on.
TimeAt = Callable[[str, datetime], datetime]
