"""What a shop sends to Alma. Amounts in cents; the currency is the euro. Pure.

Every field that Alma's documents name is taken, and those that say nothing here are left alone. Another one is refused,
so that a slip of the pen is heard of.
"""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from service.checkout.request import MerchantReference, Price
from service.policies.words import Language
from service.private_text import NO_NUMBERS

CURRENCY: Final = "EUR"
ORDERS_MAX: Final = 100

Address = Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"^https?://[!-~]+\Z")]
Short = Annotated[str, Meta(max_length=500)]
Count = Annotated[int, Meta(ge=1, le=120)]
Days = Annotated[int, Meta(ge=0, le=365)]
Months = Annotated[int, Meta(ge=0, le=12)]
Free = dict[str, Any]


class Term(Struct, frozen=True, forbid_unknown_fields=True):
    """How it would be paid: so many instalments, or one after so many days or months."""

    installments_count: Count = 1
    deferred_days: Days = 0
    deferred_months: Months = 0


class OrderBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A shop's order."""

    merchant_reference: MerchantReference | None = None
    merchant_url: Address | None = None
    customer_url: Address | None = None
    comment: Annotated[Short, NO_NUMBERS] | None = None
    data: Free = {}


class Customer(Struct, frozen=True, omit_defaults=True):
    """Who buys. What else is said of them is not kept."""

    customer_id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    email: Annotated[str, Meta(min_length=3, max_length=150, pattern=r"^[^@\s]+@[^@\s]+\Z")] | None = None
    phone: Annotated[str, Meta(min_length=3, max_length=50)] | None = None
    first_name: Short | None = None
    last_name: Short | None = None


class CustomerBody(Customer, frozen=True, rename={"customer_id": "id"}):
    """The same as it is sent."""


class PaymentFields(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`payment` of what creates one."""

    purchase_amount: Price
    installments_count: Count = 3
    deferred_days: Days = 0
    deferred_months: Months = 0
    return_url: Address | None = None
    ipn_callback_url: Address | None = None
    customer_cancel_url: Address | None = None
    failure_return_url: Address | None = None
    custom_data: Free = {}
    locale: Annotated[str, Meta(max_length=20)] = ""
    origin: Annotated[str, Meta(max_length=50)] = ""
    expires_after: Annotated[int, Meta(ge=1, le=525_600)] | None = None  # minutes; our offers end when they end
    capture_method: Annotated[str, Meta(pattern=r"^automatic\Z")] = "automatic"
    billing_address: Free | None = None
    shipping_address: Free | None = None
    cart: Free | None = None


class CreateBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A payment, its buyer and its orders."""

    payment: PaymentFields
    customer: CustomerBody | None = None
    order: OrderBody | None = None
    orders: Annotated[tuple[OrderBody, ...], Meta(max_length=ORDERS_MAX)] = ()

    @property
    def all_orders(self) -> tuple[OrderBody, ...]:
        """`order` and `orders` are two ways to say the same."""
        return (self.order, *self.orders) if self.order else self.orders


class ChangedFields(Struct, frozen=True, forbid_unknown_fields=True):
    """`payment` of what edits one: where the consumer comes back to, and what the shop keeps with it."""

    return_url: Address | None = None
    ipn_callback_url: Address | None = None
    customer_cancel_url: Address | None = None
    failure_return_url: Address | None = None
    custom_data: Free | None = None
    purchase_amount: Price | None = None  # as it is: of another amount a new payment is created


class ChangeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What edits a payment."""

    payment: ChangedFields = ChangedFields()
    order: OrderBody | None = None


class EligiblePayment(Struct, frozen=True, forbid_unknown_fields=True):
    """`payment` of the older way to ask for eligibility."""

    purchase_amount: Price
    installments_count: Count | Annotated[tuple[Count, ...], Meta(min_length=1, max_length=20)] = 3


class EligibilityBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which terms an amount could be paid by."""

    purchase_amount: Price | None = None
    queries: Annotated[tuple[Term, ...], Meta(max_length=20)] = ()
    payment: EligiblePayment | None = None
    billing_address: Free | None = None
    shipping_address: Free | None = None
    customer: Free | None = None
    cart: Free | None = None
    locale: Annotated[str, Meta(max_length=20)] = ""
    origin: Annotated[str, Meta(max_length=50)] = ""


class RefundBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What came back: an amount; without one, all that is left."""

    amount: Price | None = None
    merchant_reference: Annotated[Short, NO_NUMBERS] | None = None
    comment: Annotated[Short, NO_NUMBERS] | None = None


class OrdersBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Orders of a payment."""

    orders: Annotated[tuple[OrderBody, ...], Meta(min_length=1, max_length=ORDERS_MAX)]


class Told(Struct, frozen=True, omit_defaults=True):
    """What the shop is told again of its payment."""

    fields: PaymentFields
    customer: Customer | None = None
    orders: tuple[OrderBody, ...] = ()
    refunds: dict[str, RefundBody] = {}  # by the ids of our facts


def terms_of(body: EligibilityBody) -> list[Term]:
    """The terms that are asked for, in their order."""
    if body.queries:
        return list(body.queries)
    counts = body.payment.installments_count if body.payment else 3
    return [Term(count) for count in (counts if isinstance(counts, tuple) else (counts,))]


def word_of(cart: Free | None) -> str:
    """The shop's word for what is bought: the first category of the first item that has one."""
    items = cart.get("items") if cart else None
    for item in items if isinstance(items, list) else ():
        words = item.get("categories") if isinstance(item, dict) else None
        if isinstance(words, list) and words and isinstance(words[0], str) and words[0].isprintable():
            return str(words[0][:100])
    return ""


def language_of(locale: str) -> Language:
    """The language of `de_DE`, where we have it."""
    code = locale.replace("-", "_").partition("_")[0].lower()
    return Language(code) if code in set(Language) else Language.ENGLISH
