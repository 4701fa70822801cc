"""A settlement with a credit insurer, or with whoever else bears losses or funds a pool, and its payment. Pure.

net = premium + salvage + given back - indemnity
above zero    we pay it:    due -> ordered -> paid, or returned: due once more -> ordered -> paid
below zero    it pays us:   due -> paid
"""

from datetime import date, datetime
from typing import Any

from msgspec import Struct, field

from service.errors import Code, Refused
from service.ledger.booking import Books, payout_paid
from service.ledger.chart import Occasion
from service.ledger.insuring import insurer_ordered, insurer_paid
from service.merchants.payout import PayoutState, Step, WordOf, stepped


class InsurerSettlement(Struct, frozen=True):
    """What a party and we owe each other until a month's end: premium + salvage + given_back - indemnity = net."""

    settlement_id: str = field(name="id")
    insurer_id: str  # the party that insures, guarantees or funds
    currency: str
    number: int  # 1, 2, 3 ... of the party in this currency
    until_on: date  # the last day of a month
    premium: int  # minor units, of periods that ended by then; below zero: given back
    salvage: int  # minor units, its parts of what was recovered of trade debtors
    given_back: (
        int  # minor units of losses of plans that it paid and that came back or were too much; of its pools, too
    )
    indemnity: int  # minor units that it owes for losses of trade debtors
    net: int  # minor units that we pay it; below zero: it pays us
    state: PayoutState  # of the payment
    tries: int  # how often it was ordered from our bank
    order_id: str | None  # the last payment order with it
    paid_on: date | None  # null: it is not paid
    reference: str | None  # as the bank tells it: of the payment, or why it came back
    word_of: WordOf | None  # who says that it was paid or came back; null: nobody yet
    end_to_end_id: str  # what identifies the payment at both banks: whoever pays writes it
    made_at: datetime  # when

    @property
    def payout_id(self) -> str:
        """What a break names."""
        return self.settlement_id

    @property
    def amount(self) -> int:
        """Minor units that are paid, by whoever owes them."""
        return abs(self.net)

    @property
    def pays_on(self) -> date:
        """From which day on it is paid."""
        return self.made_at.date()


def end_to_end_id(settlement_id: str, until_on: date) -> str:
    """At most 35 characters of those that every bank takes."""
    return f"{settlement_id[3:]}S{until_on:%Y%m%d}"


def moved(one: InsurerSettlement, step: Step, word_of: WordOf | None) -> tuple[PayoutState, int]:
    """Where it is after a step, and how often it was ordered then. Refused: STATE_FORBIDS.

    What a person has paid by hand, and what the party pays us, was never ordered.
    """
    if step is Step.PAID and one.state is PayoutState.DUE and not one.tries:
        return PayoutState.PAID, 0
    if one.net <= 0:
        raise Refused(Code.STATE_FORBIDS, f"The settlement is {one.state}, and not ours to pay.", "/id")
    return stepped(one.state, one.tries, step, word_of)


def books_of(one: InsurerSettlement, step: Step) -> Books:
    """What is ordered is on its way, what is paid has moved, what came back is owed again."""
    match step:
        case Step.ORDERED:
            return {Occasion.PAYOUT: insurer_ordered(one.insurer_id, one.net)}
        case Step.PAID if one.state is PayoutState.ORDERED:
            return {Occasion.PAYOUT_PAID: payout_paid(one.net)}
        case Step.PAID:
            return {Occasion.INSURER_SETTLEMENT: insurer_paid(one.insurer_id, one.net)} if one.net else {}
        case Step.RETURNED:
            books: Books = {Occasion.PAYOUT_RETURNED: insurer_ordered(one.insurer_id, -one.net)}
            if one.state is PayoutState.PAID:  # the money is with our bank again
                books[Occasion.PAYOUT_PAID] = payout_paid(-one.net)
            return books


def data_of(one: InsurerSettlement, state: str) -> dict[str, Any]:
    """What the party is told: `made`, or a step."""
    return {
        "settlement_id": one.settlement_id, "business_on": one.until_on, "amount": one.net, "currency": one.currency,
        "state": state,
    }  # fmt: skip
