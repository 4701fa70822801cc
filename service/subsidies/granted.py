"""A voucher that was granted: reserved for an order, redeemed with it, given back with what comes back. Pure."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from service.errors import Code, Refused
from service.subsidies.voucher import Back, back


class VoucherState(StrEnum):
    """Where a voucher is; the check `vouchers_state_is_known` says the same."""

    RESERVED = "reserved"  # of the budget, for an order -> REDEEMED, RELEASED
    REDEEMED = "redeemed"  # the scheme owes it, and we owe it to the merchant -> RELEASED
    RELEASED = "released"  # it is the scheme's again, all of it: the person may have another


class Voucher(Struct, frozen=True):
    """A part of the price of goods that a scheme bears."""

    voucher_id: str = field(name="id")
    scheme_id: str  # whose it is
    version: int  # of the scheme
    merchant_id: str
    consumer_id: str = field(name="consumer")
    type: str  # of goods, as the scheme names it
    grade: str  # of the goods, as the scheme names it
    price: int  # minor units: of the goods
    amount: int  # minor units: of the price the scheme's
    currency: str
    reference: str  # the merchant's order
    state: VoucherState
    refunded: int  # minor units: of the price
    returned: int  # minor units: of the amount, to the scheme
    made_at: datetime


def require_state(voucher: Voucher, state: VoucherState) -> None:
    """Refused: STATE_FORBIDS, where it is elsewhere."""
    if voucher.state is not state:
        raise Refused(Code.STATE_FORBIDS, f"The voucher is {voucher.state}.")


def refund(voucher: Voucher, amount: int) -> Back:
    """Who gets what of so much of the price that comes back. Refused: STATE_FORBIDS, AMOUNT_EXCEEDS_OUTSTANDING."""
    require_state(voucher, VoucherState.REDEEMED)
    if amount > voucher.price - voucher.refunded:
        sentence = f"{amount} is more than the {voucher.price - voucher.refunded} minor units that may still come back."
        raise Refused(Code.AMOUNT_EXCEEDS_OUTSTANDING, sentence, "/amount")
    return back(voucher.price, voucher.amount, voucher.refunded, amount)
