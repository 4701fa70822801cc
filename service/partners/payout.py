"""A payout to a finance partner: what a settlement of a file STL owes it, on its way to the bank. Pure.

Its steps are those of a merchant's payout. One that came back twice is given up: it stays owed
and is not ordered again.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct, field

from service.event_type import EventType
from service.ledger.booking import Books, partner_payout, payout_paid
from service.ledger.chart import Occasion
from service.merchants.payout import PayoutState, Step, WordOf, stepped


class Obstacle(StrEnum):
    """Why nothing is ordered of a payout that is due."""

    NO_ACCOUNT = "no_account"  # the programme names no account of the partner


class PartnerPayout(Struct, frozen=True):
    """A payout to a partner, and where it is."""

    payout_id: str = field(name="id")
    partner_id: str
    programme_id: str
    business_on: date  # the day that it settles
    settlement_id: str  # as the file STL says
    end_to_end_id: str  # the same; the second try has it, too
    currency: str
    amount: int  # minor units: the legs with this end-to-end id together
    pays_on: date  # the day it is to be paid on
    state: PayoutState
    obstacle: Obstacle | None  # why it cannot be ordered as things are; null: it can, or it was
    tries: int  # how often it was ordered from the bank
    order_id: str | None  # the last payment order with it
    reference: str | None  # as the bank tells it: of the payment, or why it came back
    changed_at: datetime  # when its last step was told
    word_of: WordOf | None  # who says that it was paid or came back; null: nobody yet


def obstacle_of(state: PayoutState, *, has_account: bool) -> Obstacle | None:
    """What keeps it from being ordered."""
    if state is not PayoutState.DUE:
        return None
    return None if has_account else Obstacle.NO_ACCOUNT


TYPES: Final = {
    Step.ORDERED: EventType.PARTNER_PAYOUT_ORDERED,
    Step.PAID: EventType.PARTNER_PAYOUT_PAID,
    Step.RETURNED: EventType.PARTNER_PAYOUT_RETURNED,
}


def data_of(before: PartnerPayout, step: Step, reference: str | None, word_of: WordOf | None) -> dict[str, Any]:
    """What the partner is told of a step."""
    state, tries = stepped(before.state, before.tries, step, word_of)
    data: dict[str, Any] = {
        "payout_id": before.payout_id, "programme_id": before.programme_id, "business_on": before.business_on,
        "settlement_id": before.settlement_id, "end_to_end_id": before.end_to_end_id, "amount": before.amount,
        "currency": before.currency, "tries": tries,
    }  # fmt: skip
    if step is not Step.ORDERED:
        data["reference"], data["word_of"] = reference, word_of
    if step is Step.RETURNED:
        data["given_up"] = state is PayoutState.GIVEN_UP
    return data


def books_of(payout: PartnerPayout, step: Step) -> Books:
    """What is ordered is on its way, what is paid has left our bank, what came back is owed again."""
    match step:
        case Step.ORDERED:
            return {Occasion.PAYOUT: partner_payout(payout.partner_id, payout.amount)}
        case Step.PAID:
            paid: Books = {Occasion.PAYOUT_PAID: payout_paid(payout.amount)}
            if payout.state is PayoutState.DUE:  # it left without an order of ours
                paid[Occasion.PAYOUT] = partner_payout(payout.partner_id, payout.amount)
            return paid
        case Step.RETURNED:
            books: Books = {Occasion.PAYOUT_RETURNED: partner_payout(payout.partner_id, -payout.amount)}
            if payout.state is PayoutState.PAID:  # the money is with our bank again
                books[Occasion.PAYOUT_PAID] = payout_paid(-payout.amount)
            return books
