"""Money on a plan, for its merchant: payments recorded, goods refunded, returns announced, settled early."""

from datetime import date
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from service.api.ask import Ask
from service.api.body import Nothing
from service.api.verb import Names, verb
from service.checkout.request import Price, Reference
from service.errors import Code, Refused
from service.plans.book import Command
from service.plans.money_back import Refund, Returned
from service.plans.pausing import PauseCollection, ResumeCollection
from service.plans.payment import ReceivedBy, RecordPayment
from service.plans.running.fact import Whole
from service.plans.running.facts import PauseReason
from service.plans.settlement import QuoteSettlement
from service.plans.withdrawal import Withdraw


class PaymentBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Money that came from the consumer. It is never refused: what is more than is owed is overpaid."""

    amount: Price  # in the plan's currency
    received_on: date | None = None
    reference: Reference | None = (
        None  # the payer's or processor's own: with the same day and amount it is the same payment
    )
    received_by: ReceivedBy = ReceivedBy.PROCESSOR


class ReturnedLine(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A line of a bill that came back."""

    capture: Annotated[int, Meta(ge=1, le=99)]  # of which bill
    line: Annotated[int, Meta(ge=1, le=400)]  # its number in that bill
    amount: Price | None = None  # minor units of the plan's currency; null: all that is left of it


class RefundBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Goods that came back: an amount, or lines of the bills; with both, the lines sum to the amount."""

    amount: Price | None = None  # minor units of the plan's currency; null: what the lines sum to
    lines: Annotated[tuple[ReturnedLine, ...], Meta(max_length=200)] = ()  # which came back; empty: none is named
    return_fee: Whole = 0  # minor units that the merchant keeps of it, for the way back: they stay owed


async def _as_believed(ask: Ask, command: Command) -> Command:
    """A payment, knowing whether its merchant's word is enough to free the limit. Of what is nobody's money it is."""
    assert isinstance(command, RecordPayment)
    merchant = ask.services.registry.now.merchants.get(command.actor.merchant_id or "")
    return replace(command, is_believed=merchant is None or merchant.is_believed or merchant.is_test)


@verb(
    "payments",
    201,
    knowing=_as_believed,
    refuses=(Code.DUPLICATE_PAYMENT,),
    example={"amount": 140_00, "received_on": "2026-03-02", "reference": "psp-90001"},
    after=("capture_plan",),
)
def record_payment(body: PaymentBody, names: Names) -> Command:
    """Money came from the consumer: it settles what is owed as the terms say; what is too much is kept for them.

    What the merchant has taken itself, in cash say, is told with `received_by: merchant`: it is owed so much less.
    Of a merchant whose word is not believed the consumer's limit is free again once an operator has seen the money, or
    the merchant has borne it in its settlements.
    """
    return payment_of(body, names)


def payment_of(body: PaymentBody, names: Names) -> Command:
    """The command, whoever sends it."""
    return RecordPayment(
        **names, amount=body.amount, received_on=body.received_on, reference=body.reference,
        received_by=body.received_by,
    )  # fmt: skip


@verb(
    "refunds",
    201,
    refuses=(Code.STATE_FORBIDS, Code.AMOUNT_EXCEEDS_OUTSTANDING, Code.AMOUNT_MISMATCH),
    example={"amount": 190_00, "lines": [{"capture": 1, "line": 1, "amount": 190_00}]},
    after=("capture_plan",),
)
def refund_plan(body: RefundBody, names: Names) -> Command:
    """Goods came back: that lowers what is owed, and what is too much is owed back to the consumer."""
    return refund_of(body, names)


def refund_of(body: RefundBody, names: Names) -> Command:
    """The command, whoever sends it. Refused: INVALID_FIELD, where nothing is named."""
    if body.amount is None and not body.lines:
        raise Refused(Code.INVALID_FIELD, "Say what came back: an amount, or lines.", "/amount")
    lines = tuple(Returned(line.capture, line.line, line.amount) for line in body.lines)
    return Refund(**names, amount=body.amount, lines=lines, return_fee=body.return_fee)


@verb("returns", 201, refuses=(Code.STATE_FORBIDS,), after=("capture_plan",))
def announce_return(body: Nothing, names: Names) -> Command:
    """Goods are on their way back: nothing is collected until they are refunded, or the product's days are over."""
    return PauseCollection(**names, why=PauseReason.RETURN)


@verb("returns/withdraw", 200, refuses=(Code.STATE_FORBIDS,), after=("capture_plan", "announce_return"))
def withdraw_return(body: Nothing, names: Names) -> Command:
    """They will not come back after all: it is collected again."""
    return ResumeCollection(**names, why=PauseReason.RETURN)


class SettleBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How it is to be settled."""

    amount: Price | None = None  # minor units, paid today: what is due, and a part of what is not; null: all of it
    deferred: bool = (
        False  # United Kingdom, terms of more than a year: the settlement date is a month later, or 30 days
    )


@verb(
    "settlement_quotes",
    201,
    refuses=(Code.STATE_FORBIDS, Code.IMPOSSIBLE_TERMS, Code.AMOUNT_EXCEEDS_OUTSTANDING),
    after=("capture_plan", "void_plan"),
)
def quote_settlement(body: SettleBody, names: Names) -> Command:
    """What settles the plan early: `settlement_quote`, which binds until its day ends.

    It is what is owed less what the law of the plan gives up: in the European Union interest and costs of the time
    left, in the United Kingdom the statutory rebate on the settlement date, 28 days on, in the United States interest
    of the time left or, where that is agreed, by the rule of 78; elsewhere what is agreed, or nothing. Where the terms
    have a compensation and the law knows one, it is kept of the interest. Where interest follows what is paid it is
    owed up to today. A payment of the amount, received in time, pays the plan off.

    With an `amount` it is what that amount, paid today, gives up: what is due is paid first, and for the rest the law
    of the European Union and of the United Kingdom gives up its part of what it would for everything. All lines that
    are not due yet fall in one proportion. Refused where nothing is given up for a part, and where interest follows
    what is paid: then it falls by itself.
    """
    return QuoteSettlement(**names, deferred=body.deferred, amount=body.amount)


class WithdrawalBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The consumer's notice."""

    on: date | None = None  # the day it was sent, past or present; null: today


@verb("withdrawal", 201, refuses=(Code.STATE_FORBIDS,), after=("capture_plan",))
def withdraw_from_plan(body: WithdrawalBody, names: Names) -> Command:
    """The consumer withdraws from the credit, without a reason, within the days that its law gives.

    What was lent is owed in one sum, by a day that the law says (`withdrawal`), without any cost but the interest of
    the days until the notice, where the law has it. What was paid before counts towards it, and nothing more is
    captured. The purchase itself stands: goods that come back are refunded.
    """
    return Withdraw(**names, on=body.on)


ROUTES: Final = [record_payment, refund_plan, announce_return, withdraw_return, quote_settlement, withdraw_from_plan]
