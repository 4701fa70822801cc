"""What was paid of a receivable: who received it, who should have, and what the merchant must hand on. Pure.

| who received it | before notice, or without | after notice |
|---|---|---|
| the assignee | it is paid | it is paid |
| the merchant | it is paid; the merchant collects as agent, and hands it on by the next business day | MISDIRECTED_PAYMENT: it is not paid until the merchant has handed it on |
"""  # noqa: E501 - a table

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

from service.errors import Code, Refused
from service.factoring.assignment import Assignment, AssignmentState
from service.factoring.receivable import Named, Receivable, said
from service.money import AMOUNT_MAX
from service.terms.business_days import is_business_day


class PaidTo(StrEnum):
    """Who received the money; the check `receivable_payments_received_by_is_known` says the same."""

    ASSIGNEE = "assignee"  # who has bought it
    SELLER = "seller"  # the merchant


class FindingKind(StrEnum):
    """What is found of a payment that the merchant received."""

    MISDIRECTED_PAYMENT = "MISDIRECTED_PAYMENT"  # who owes it was told to pay the assignee, and paid the merchant
    REMITTANCE_DUE = "REMITTANCE_DUE"  # the merchant has collected for the assignee, and hands it on


class FindingState(StrEnum):
    """Where a finding is."""

    OPEN = "open"  # -> OVERDUE, RESOLVED
    OVERDUE = "overdue"  # the day has ended, and it was not handed on -> RESOLVED
    RESOLVED = "resolved"  # it was handed on


class ReceivablePaymentBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What was paid of a receivable, or credited."""

    paid_on: date  # when who owes it paid
    amount: Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="minor units")] = 0  # that were paid
    dilution: Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="minor units")] = 0  # that you credited besides
    reference: Named | None = None  # of the payment


class ReceivablePayment(Struct, frozen=True, kw_only=True):
    """A payment of a receivable."""

    payment_id: str = field(name="id")
    receivable_id: str
    number: int  # 1, 2, 3 ... of the receivable
    amount: int  # minor units that were paid
    dilution: int  # minor units that the merchant credited besides
    received_by: PaidTo
    paid_on: date  # when who owes it paid
    reference: str | None
    assignment_id: str | None  # the purchase that it belongs to; null: it was not bought
    is_misdirected: bool  # it went to the merchant after notice: nothing is paid until it is handed on
    remit_by: date | None  # the merchant hands it on until this day ends; null: it need not
    remitted_on: date | None  # when it did; null: not yet


class Finding(Struct, frozen=True, kw_only=True):
    """Money that the merchant received for who has bought its receivable."""

    payment_id: str = field(name="id")
    kind: FindingKind
    state: FindingState
    merchant_id: str
    receivable_id: str
    assignment_id: str
    amount: int  # minor units
    currency: str
    paid_on: date  # when who owes it paid
    due_on: date  # until this day ends it is handed on
    resolved_on: date | None  # when it was; null: not yet


class Told(Struct, frozen=True):
    """Who tells what, on which day of the merchant's."""

    on: date
    at: datetime
    by: str  # the key
    calendar: str  # of business days, as the merchant is settled by


def require_payable(
    one: Receivable, purchase: Assignment | None, body: ReceivablePaymentBody, by: PaidTo, told: Told
) -> None:
    """Refused: INVALID_FIELD, STATE_FORBIDS; AMOUNT_EXCEEDS_OUTSTANDING, with what is open."""
    if not body.amount + body.dilution:
        raise Refused(Code.INVALID_FIELD, "Nothing was paid, and nothing credited.", "/amount")
    if body.amount + body.dilution > one.open:
        sentence = f"{said(one, one.open)} of it are open."
        raise Refused(Code.AMOUNT_EXCEEDS_OUTSTANDING, sentence, "/amount")
    if body.paid_on > told.on:
        raise Refused(Code.INVALID_FIELD, f"Today is {told.on}.", "/paid_on")
    if by is PaidTo.ASSIGNEE and purchase is None:
        raise Refused(Code.STATE_FORBIDS, "Nobody has bought it: the merchant says what was paid.")
    is_counting = purchase is not None and purchase.state is not AssignmentState.WRITTEN_OFF
    since = purchase.assigned_on if is_counting and purchase and purchase.position else None
    if since is not None and body.paid_on < since:
        raise Refused(Code.INVALID_FIELD, f"It was bought on {since}, and what was paid before was not.", "/paid_on")


def is_misdirected(purchase: Assignment | None, by: PaidTo, paid_on: date, amount: int) -> bool:
    """Whether it was paid to the merchant after notice."""
    return bool(
        purchase and amount and by is PaidTo.SELLER and purchase.notified_on and paid_on >= purchase.notified_on
    )


def next_business_day(day: date, calendar: str) -> date:
    """The first business day after a day."""
    day += timedelta(days=1)
    while not is_business_day(day, calendar):
        day += timedelta(days=1)
    return day
