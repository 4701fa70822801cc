"""What a shop sends to Afterpay. An amount is a decimal string with its currency. Pure.

Every field that Afterpay's documents name is taken; another one is refused.
"""

import re
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from service.checkout.request import MerchantReference
from service.errors import Code, Refused
from service.money import AMOUNT_MAX, EXPONENTS, decimal_text
from service.private_text import NO_NUMBERS

Address = Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"^https?://[!-~]+\Z")]
Short = Annotated[str, Meta(max_length=500)]
Named = Annotated[str, Meta(min_length=1, max_length=128), NO_NUMBERS]
Free = dict[str, Any]

_DECIMAL: Final = re.compile(r"(0|[1-9][0-9]{0,12})(?:\.([0-9]+))?", re.ASCII)


class Money(Struct, frozen=True, forbid_unknown_fields=True):
    """An amount: `{"amount": "37.50", "currency": "AUD"}`."""

    amount: str
    currency: str


class Consumer(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Who buys."""

    email: Annotated[str, Meta(min_length=3, max_length=128, pattern=r"^[^@\s]+@[^@\s]+\Z")]
    given_names: Short = ""
    surname: Short = ""
    phone_number: Short = ""


class Merchant(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Where the consumer comes back to."""

    redirect_confirm_url: Address
    redirect_cancel_url: Address


class CheckoutBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What is to be bought."""

    amount: Money
    consumer: Consumer
    merchant: Merchant
    merchant_reference: MerchantReference | None = None
    shipping: Free | None = None
    billing: Free | None = None
    courier: Free | None = None
    items: tuple[Free, ...] = ()
    discounts: tuple[Free, ...] = ()
    tax_amount: Money | None = None
    shipping_amount: Money | None = None
    description: Short = ""


class TokenBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The checkout that a payment is of."""

    token: str
    merchant_reference: MerchantReference | None = None
    request_id: Named | None = None


class CaptureBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A part of what was authorized."""

    amount: Money
    request_id: Named | None = None
    merchant_reference: Named | None = None
    payment_event_merchant_reference: Named | None = None


class VoidBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What is not captured after all; without an amount all that is left."""

    amount: Money | None = None
    request_id: Named | None = None


class RefundBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What came back."""

    amount: Money
    request_id: Named | None = None
    merchant_reference: Named | None = None
    refund_merchant_reference: Named | None = None

    @property
    def name(self) -> str | None:
        """By what it is known again; None: by nothing."""
        given = [self.request_id, self.merchant_reference, self.refund_merchant_reference]
        return "\x1f".join(one or "" for one in given) if any(given) else None


class ReferenceBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What the shop calls its order now."""

    merchant_reference: MerchantReference


class CourierBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """Who brings it."""

    shipped_at: Short = ""
    name: Short = ""
    tracking: Short = ""
    priority: Annotated[str, Meta(pattern=r"^(STANDARD|EXPRESS)\Z")] = "STANDARD"


class Told(Struct, frozen=True, omit_defaults=True):
    """What the shop is told again of its order."""

    merchant: Merchant
    consumer: Consumer
    merchant_reference: str
    items: tuple[Free, ...] = ()
    courier: CourierBody | None = None
    refunds: dict[str, RefundBody] = {}  # by the ids of our facts
    captures: dict[str, str] = {}  # the names of those that had one, by the ids of our facts
    voids: dict[str, int] = {}  # what the order came to after a part was given back, by the requests' names


def minor(money: Money, at: str) -> int:
    """`"37.50"` AUD is 3750. Refused: INVALID_FIELD, for what is no amount above zero in that currency."""
    exponent = EXPONENTS.get(money.currency)
    if exponent is None:
        raise Refused(Code.INVALID_FIELD, f"There is no currency {money.currency[:10]!r} here.", f"{at}/currency")
    found = _DECIMAL.fullmatch(money.amount)
    if found is None or len(found[2] or "") > exponent:
        raise Refused(Code.INVALID_FIELD, 'An amount is a string of digits with a point: "37.50".', f"{at}/amount")
    amount = int(found[1] + (found[2] or "").ljust(exponent, "0"))
    if not 0 < amount <= AMOUNT_MAX:
        raise Refused(Code.INVALID_FIELD, "An amount is above zero, and not beyond all measure.", f"{at}/amount")
    return amount


def money(amount: int, currency: str) -> dict[str, str]:
    """The other way round."""
    return {"amount": decimal_text(amount, currency), "currency": currency}
