"""A receivable: what somebody owes a merchant under one due date; what of it may be assigned. Pure."""

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct, field

from service.countries import require_country
from service.errors import Code, Refused
from service.money import AMOUNT_MAX, EXPONENTS, decimal_text
from service.private_text import IN_SIGHT

Words = Annotated[str, Meta(min_length=1, max_length=140, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
Named = Annotated[Words, IN_SIGHT]
Amount = Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="minor units")]


class ReceivableKind(StrEnum):
    """What is owed; the check `receivables_kind_is_known` says the same.

    What consumers owe on plans is no receivable of a merchant: it is ours from the capture on.
    """

    INVOICE = "invoice"  # a business owes it for goods or services, once a due date
    SETTLEMENT_UNIT = "settlement_unit"  # an acquirer owes it: all of a channel that it settles on one day


class BuyerBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A business that owes an invoice. Country and number are who it is, for all merchants."""

    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z")]  # where it is registered
    number: Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[A-Z0-9./-]*\Z")]  # in the register there
    name: Words  # as the register has it


class ReceivableBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What you are owed. An invoice has a `buyer`, a settlement unit a `channel` and an `acquirer`."""

    kind: ReceivableKind  # an invoice of yours, or what an acquirer settles on one day
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
    amount: Amount
    due_on: date  # of a settlement unit: the day it is settled
    reference: Named  # the number of the invoice; of a settlement unit your own name for it
    buyer: BuyerBody | None = None  # who owes an invoice
    channel: Words | None = None  # of a settlement unit: the scheme of the cards, the shop
    acquirer: Words | None = None  # of a settlement unit: who owes it


class Receivable(Struct, frozen=True, kw_only=True):
    """A receivable as it is now. `left` is what may still be pledged."""

    receivable_id: str = field(name="id")
    merchant_id: str  # to whom it was owed first
    kind: ReceivableKind  # an invoice, or a settlement unit
    buyer_id: str | None  # who owes an invoice; null: a settlement unit
    channel: str | None  # of a settlement unit; null: an invoice
    acquirer: str | None  # who owes a settlement unit; null: an invoice
    currency: str
    amount: int  # minor units
    due_on: date  # when it is due
    reference: str  # the number of the invoice, or the merchant's name for it
    disputed: int  # minor units that who owes it disputes
    pledged: int  # minor units that are pledged
    paid: int  # minor units that are paid, or that the merchant has credited
    purchase_id: str | None  # the assignment by which it was bought; null: it was not
    made_at: datetime  # when it was registered

    @property
    def open(self) -> int:
        """Minor units that are neither paid nor credited."""
        return self.amount - self.paid

    @property
    def left(self) -> int:
        """Minor units that may be pledged."""
        return 0 if self.purchase_id else max(self.open - self.pledged, 0)


class PlanReceivable(Struct, frozen=True, kw_only=True):
    """What a consumer owes on a plan: ours from the capture on, with recourse for disputes alone; minor units."""

    plan_id: str
    currency: str
    bought: int  # captured, less what of it was taken back: from then on it is ours
    kept: int  # of that our fee and the tax on it, less what went back
    refunded: int  # that the merchant gave back to the consumer
    charged_back: int  # because a dispute was lost or accepted: all that was disputed
    borne: int  # by the merchant for what the consumer does not pay: what it has agreed to bear, else nothing
    outstanding: int  # that the consumer owes


def require_receivable(body: ReceivableBody) -> None:
    """Refused: INVALID_FIELD, what does not go with the kind, or is no currency or country."""
    if body.currency not in EXPONENTS:
        raise Refused(Code.INVALID_FIELD, f"There is no currency {body.currency} here.", "/currency")
    is_invoice = body.kind is ReceivableKind.INVOICE
    for name, given, wanted in (
        ("buyer", body.buyer, is_invoice), ("channel", body.channel, not is_invoice),
        ("acquirer", body.acquirer, not is_invoice),
    ):  # fmt: skip
        if (given is not None) != wanted:
            sentence = f"{'An invoice' if is_invoice else 'A settlement unit'} has {'a' if wanted else 'no'} {name}."
            raise Refused(Code.INVALID_FIELD, sentence, f"/{name}")
    if body.buyer is not None:
        require_country(body.buyer.country, "/buyer/country")


# What keeps a receivable from being bought, in the order in which it is said ------------------------------------------

Rule = Callable[[Receivable, str, date], Refused | None]


def currency_fits(one: Receivable, currency: str, on: date) -> Refused | None:
    """It is in another currency."""
    if one.currency == currency:
        return None
    sentence = f"The receivable is in {one.currency}: {said(one, one.open)} are open."
    return Refused(Code.CURRENCY_MISMATCH, sentence, "/currency")


def is_not_bought(one: Receivable, currency: str, on: date) -> Refused | None:
    """Somebody has bought it."""
    if one.purchase_id is None:
        return None
    sentence = f"It is assigned by {one.purchase_id}: {said(one, 0)} of it are left."
    return Refused(Code.ALREADY_ASSIGNED, sentence, "/receivable_id")


def is_not_pledged(one: Receivable, currency: str, on: date) -> Refused | None:
    """A part of it is pledged."""
    if not one.pledged:
        return None
    sentence = f"{said(one, one.pledged)} of it are pledged: it cannot be bought, and {said(one, one.left)} are left."
    return Refused(Code.ALREADY_ASSIGNED, sentence, "/receivable_id")


def is_open(one: Receivable, currency: str, on: date) -> Refused | None:
    """It is paid."""
    return None if one.open else Refused(Code.STATE_FORBIDS, "It is paid: nothing of it is open.", "/receivable_id")


def is_undisputed(one: Receivable, currency: str, on: date) -> Refused | None:
    """Who owes it disputes it."""
    if not one.disputed:
        return None
    sentence = f"{said(one, one.disputed)} of it are disputed; {said(one, max(one.open - one.disputed, 0))} are not."
    return Refused(Code.DISPUTED_RECEIVABLE, sentence, "/receivable_id")


def is_not_past_due(one: Receivable, currency: str, on: date) -> Refused | None:
    """It should have been paid already."""
    if one.due_on >= on:
        return None
    sentence = f"It was due on {one.due_on}: one that is due on {on} or later may be assigned."
    return Refused(Code.PAST_DUE, sentence, "/receivable_id")


RULES: Final[tuple[Rule, ...]] = (
    currency_fits, is_not_bought, is_not_pledged, is_open, is_undisputed, is_not_past_due,
)  # fmt: skip


def obstacles(one: Receivable, currency: str, on: date) -> list[Refused]:
    """All that keeps it from being bought on a day."""
    return [refused for rule in RULES if (refused := rule(one, currency, on))]


def require_purchasable(one: Receivable, currency: str, on: date) -> None:
    """Refused, with the first of its obstacles."""
    for refused in obstacles(one, currency, on):
        raise refused


def require_pledgeable(one: Receivable, currency: str, amount: int, on: date) -> None:
    """Refused: CURRENCY_MISMATCH, ALREADY_ASSIGNED, STATE_FORBIDS, DISPUTED_RECEIVABLE, PAST_DUE; OVER_PLEDGED, with
    what may be pledged."""
    for rule in (currency_fits, is_not_bought, is_open, is_undisputed, is_not_past_due):
        if refused := rule(one, currency, on):
            raise refused
    if amount > one.left:
        raise Refused(Code.OVER_PLEDGED, f"{said(one, one.left)} of it may still be pledged.", "/amount")


def said(one: Receivable, amount: int) -> str:
    """An amount of it, for people."""
    return f"{decimal_text(amount, one.currency)} {one.currency}"
