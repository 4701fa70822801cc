"""The merchant and its terms with us. Pure."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from service.money import AMOUNT_MAX, BPS, next_share


class MerchantFee(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What we keep of a captured amount: `bps` of it and `fixed` minor units a capture."""

    bps: Annotated[int, Meta(ge=0, le=BPS)] = 0
    fixed: Annotated[int, Meta(ge=0, le=AMOUNT_MAX)] = 0  # minor units for each capture


class Merchant(msgspec.Struct, frozen=True):
    """A retailer, or a seller on a platform. `time_zone` (IANA) says whose midnight ends a day of its plans.

    A test merchant tries things out: its plans are nobody's money, and its clock may be moved on.
    """

    merchant_id: str = msgspec.field(name="id")
    name: str
    country: str
    time_zone: str
    fees: dict[str, MerchantFee]  # by kind of plan
    active: bool = True
    is_test: bool = False

    def fee_for(self, kind: str) -> MerchantFee:
        """The fee for a kind of plan; nothing agreed is no fee."""
        return self.fees.get(kind, NO_FEE)


NO_FEE = MerchantFee()

# What time it is for a merchant when it really is so late: the same, or later where its clock was moved on.
TimeAt = Callable[[str, datetime], datetime]


def merchant_fee(fee: MerchantFee, captured_before: int, amount: int) -> int:
    """What we keep of one capture of `amount` minor units; never more than the capture itself.

    The share is cumulative: captured in parts it is what it is of the whole. `fixed` is for each capture.
    """
    return min(amount, next_share(fee.bps, captured_before, amount) + fee.fixed)
