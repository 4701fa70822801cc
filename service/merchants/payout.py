"""A payout: what a settlement pays a merchant, on its way to the bank and, if it must be, back. Pure.

due -> ordered -> paid
           \\-> returned: due once more -> ordered -> paid
                                              \\-> given up: owed again, and in the next settlement
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct, field

from service.errors import Code, Refused
from service.event_type import EventType
from service.ledger.booking import Books, payout_paid, payout_returned
from service.ledger.chart import Occasion

TRIES: Final = 2  # a payout that comes back is sent once more


class Step(StrEnum):
    """What happened to a payout; the check `payout_steps_step_is_known` says the same."""

    ORDERED = "ordered"  # it is in a payment order to our bank
    PAID = "paid"  # it left our bank
    RETURNED = "returned"  # the merchant's bank did not take it


class PayoutState(StrEnum):
    """Where a payout is."""

    DUE = "due"  # it is paid by the next payment order of its day -> ORDERED
    ORDERED = "ordered"  # -> PAID, DUE again or GIVEN_UP
    PAID = "paid"  # -> DUE again or GIVEN_UP, where it comes back later
    GIVEN_UP = "given_up"  # it came back twice, and is owed again: a line of a later settlement


class WordOf(StrEnum):
    """Who says that a payout was paid or came back; the check `payouts_word_is_known` says the same."""

    BANK = "bank"  # its statement shows it
    OPERATOR = "operator"  # a person: the bank's statement has not shown it yet


MAY: Final = {
    PayoutState.DUE: (Step.ORDERED,),
    PayoutState.ORDERED: (Step.PAID, Step.RETURNED),
    PayoutState.PAID: (Step.RETURNED,),
    PayoutState.GIVEN_UP: (),
}


class Payout(Struct, frozen=True):
    """A payout, and where it is."""

    payout_id: str = field(name="id")
    merchant_id: str
    settlement_id: str  # what it pays
    currency: str
    amount: int
    pays_on: date  # the day it is to be paid on
    state: PayoutState
    tries: int  # how often it was ordered from the bank
    order_id: str | None  # the last payment order with it
    reference: str | None  # as the bank tells it: of the payment, or why it came back
    changed_at: datetime  # when its last step was told
    word_of: WordOf | None  # who says that it was paid or came back; null: nobody yet, or it is a test merchant's


def end_to_end_id(payout_id: str, tries: int) -> str:
    """What identifies it at both banks: at most 35 characters of those that every bank takes."""
    return f"{payout_id[3:]}-{tries}"


def stepped(state: PayoutState, tries: int, step: Step, word_of: WordOf | None = None) -> tuple[PayoutState, int]:
    """Where a payout is after a step, and how often it was ordered then. Refused: STATE_FORBIDS.

    One that the bank shows paid though it was never ordered is paid all the same: it is not paid once more.
    """
    is_shown = step is Step.PAID and state is PayoutState.DUE and not tries and word_of is WordOf.BANK
    if step not in MAY[state] and not is_shown:
        sentence = f"The payout is {state}, after {tries} of {TRIES} tries."
        raise Refused(Code.STATE_FORBIDS, sentence, None, tuple(map(str, MAY[state])))
    match step:
        case Step.ORDERED:
            return PayoutState.ORDERED, tries + 1
        case Step.PAID:
            return PayoutState.PAID, tries
        case Step.RETURNED:
            return PayoutState.DUE if tries < TRIES else PayoutState.GIVEN_UP, tries


TYPES: Final = {
    Step.ORDERED: EventType.PAYOUT_ORDERED,
    Step.PAID: EventType.PAYOUT_PAID,
    Step.RETURNED: EventType.PAYOUT_RETURNED,
}


def data_of(before: Payout, step: Step, reference: str | None, word_of: WordOf | None) -> dict[str, Any]:
    """What the merchant is told of a step."""
    state, tries = stepped(before.state, before.tries, step, word_of)
    data: dict[str, Any] = {
        "payout_id": before.payout_id, "settlement_id": before.settlement_id, "amount": before.amount,
        "currency": before.currency, "tries": tries,
    }  # fmt: skip
    if step is not Step.ORDERED:
        data["reference"], data["word_of"] = reference, word_of
    if step is Step.RETURNED:
        data["given_up"] = state is PayoutState.GIVEN_UP
    return data


def books_of(payout: Payout, step: Step) -> Books:
    """What the step books."""
    books: Books = {}
    if step is Step.PAID:
        books[Occasion.PAYOUT_PAID] = payout_paid(payout.amount)
    if step is Step.RETURNED and payout.state is PayoutState.PAID:  # the money is with our bank again
        books[Occasion.PAYOUT_PAID] = payout_paid(-payout.amount)
    if step is Step.RETURNED and payout.tries >= TRIES:
        books[Occasion.PAYOUT_RETURNED] = payout_returned(payout.merchant_id, payout.amount)
    return books
