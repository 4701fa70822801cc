"""The checkout: what a merchant asks at the moment of purchase. Amounts in minor units of `currency`."""

from typing import Annotated

from msgspec import Meta, Struct, field

from service.errors import Code, Refused
from service.money import AMOUNT_MAX, EXPONENTS
from service.plans.offer import Kind
from service.policies.words import Language
from service.private_text import IN_SIGHT, NO_NUMBERS
from service.spelling import compose

Text = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
Word = Annotated[str, Meta(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
Reference = Annotated[Text, NO_NUMBERS, IN_SIGHT]  # the merchant's own, of something
MerchantReference = Annotated[
    str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*\Z"), NO_NUMBERS, IN_SIGHT
]
ConsumerId = Annotated[str, Meta(pattern=r"^co_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z", description="ISO 4217")]
Price = Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="minor units")]
UnitAmount = Annotated[int, Meta(ge=-AMOUNT_MAX, le=AMOUNT_MAX, description="minor units; negative for a discount")]
Security = Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="minor units")]

ALL_KINDS = (Kind.INSTALMENTS, Kind.PAY_AFTER_USE, Kind.DEPOSIT)
_NO_DEPOSIT = (Kind.INSTALMENTS, Kind.PAY_AFTER_USE)


class Item(Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """A line of the cart. `category` is the merchant's own word; the policy knows what it means."""

    name: Text
    unit_amount: UnitAmount
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    category: Word = ""

    @property
    def amount(self) -> int:
        """The line's total."""
        return self.quantity * self.unit_amount


class Checkout(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`amount` is the price of everything; with `items`, their exact sum, so that a refund by line adds up.

    `deposit_amount` is the security asked against non-return, no part of the price. `category` is that of the
    purchase; left out, it is the one most of the amount goes to. `instalments` asks for exactly so many. `language` is
    the consumer's, for the sentences of a refusal. `device` is the merchant's name for the device that this comes from;
    a policy may count its attempts.
    """

    merchant_reference: MerchantReference
    consumer_id: ConsumerId = field(name="consumer")
    currency: Currency
    amount: Price
    items: Annotated[tuple[Item, ...], Meta(max_length=200)] = ()
    kinds: Annotated[tuple[Kind, ...], Meta(min_length=1, max_length=3)] = ALL_KINDS
    deposit_amount: Security = 0
    category: Word = ""
    instalments: Annotated[int, Meta(ge=1, le=120)] | None = None  # exactly so many; absent: what the policy shows
    language: Language = Language.ENGLISH
    device: Word = ""  # the merchant's name for the device that this comes from; a policy may count its attempts

    def __post_init__(self) -> None:
        compose(self, "merchant_reference")  # which opens one plan, however it is spelt

    @property
    def kinds_asked(self) -> tuple[Kind, ...]:
        """The kinds meant: nobody who names several kinds and no deposit means one."""
        if self.deposit_amount or self.kinds == (Kind.DEPOSIT,):
            return self.kinds
        if self.kinds is ALL_KINDS:
            return _NO_DEPOSIT
        return tuple([kind for kind in self.kinds if kind is not Kind.DEPOSIT])

    @property
    def word(self) -> str:
        """The merchant's word for what is bought: the one given, or the one most of the amount goes to."""
        if self.category or not self.items:
            return self.category
        if len(self.items) == 1:
            return self.items[0].category
        amounts: dict[str, int] = {}
        for item in self.items:
            amounts[item.category] = amounts.get(item.category, 0) + item.amount
        return max(amounts, key=amounts.__getitem__)

    @property
    def words(self) -> tuple[str, ...]:
        """All of the merchant's words for what is bought, each once: the one given, or those of the items."""
        if self.category:
            return (self.category,)
        return tuple(dict.fromkeys([item.category for item in self.items if item.category])) if self.items else ()


def refuse_contradictions(checkout: Checkout) -> None:
    """Refuse what is well formed and yet cannot be meant (INVALID_FIELD)."""
    if checkout.currency not in EXPONENTS:
        raise Refused(Code.INVALID_FIELD, f"There is no currency {checkout.currency} here.", "/currency")
    if len(set(checkout.kinds)) < len(checkout.kinds):
        raise Refused(Code.INVALID_FIELD, "A kind is named twice.", "/kinds")
    if checkout.items and (total := sum(item.amount for item in checkout.items)) != checkout.amount:
        raise Refused(
            Code.INVALID_FIELD, f"The items sum to {total}, the amount is {checkout.amount} minor units.", "/items"
        )
    if checkout.kinds == (Kind.DEPOSIT,) and not checkout.deposit_amount:
        raise Refused(Code.INVALID_FIELD, "A deposit of nothing was asked for.", "/deposit_amount")
