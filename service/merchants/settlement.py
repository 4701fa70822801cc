"""A settlement: what a merchant was owed at the end of a day, to the cent, and what of it is paid out. Pure.

opening + captured - fees - refunded - kept by the merchant + returned payouts - withheld + released = balance
balance - payout = closing, the opening of the next
"""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct, field

from service.ledger.booking import Books, payout, reserve
from service.ledger.chart import Occasion
from service.merchants.settlement_terms import DAY, SettlementTerms, pays_on
from service.money import take_bps


class LineKind(StrEnum):
    """What a line is about; the check `settlement_lines_kind_is_known` says the same."""

    CAPTURE = "capture"  # the consumer owes us, and we the merchant
    CAPTURE_LOWERED = "capture_lowered"  # a capture, or a part of it, was taken back
    REFUND = "refund"  # the merchant gave money back to a consumer, through us
    PAID_TO_MERCHANT = "paid_to_merchant"  # a consumer paid the merchant what they owed us
    PAYOUT_RETURNED = "payout_returned"  # a payout came back from the bank, and is owed again


KINDS: Final = {
    Occasion.REFUND: LineKind.REFUND,
    Occasion.RECOVERY: LineKind.REFUND,  # of what we had given up already
    Occasion.PAID_TO_MERCHANT: LineKind.PAID_TO_MERCHANT,
    Occasion.PAYOUT_RETURNED: LineKind.PAYOUT_RETURNED,
}


def kind_of(occasion: Occasion, gross: int) -> LineKind:
    """Of a line that was booked on an occasion; captures taken back count negative."""
    if occasion is Occasion.PURCHASE:
        return LineKind.CAPTURE if gross >= 0 else LineKind.CAPTURE_LOWERED
    return KINDS[occasion]


class Sums(Struct, frozen=True):
    """What the lines of a settlement come to, in minor units; all but `captured` lower what is owed to the merchant."""

    captured: int = 0  # less what was taken back
    fees: int = 0
    refunded: int = 0
    paid_to_merchant: int = 0
    payouts_returned: int = 0  # this raises it

    @property
    def net(self) -> int:
        """What is owed more than before, or less."""
        return self.captured - self.fees - self.refunded - self.paid_to_merchant + self.payouts_returned


class Line(Struct, frozen=True):
    """One thing that moved what the merchant is owed: `gross - fee = net`. What lowers it counts negative."""

    number: int  # 1, 2, 3 ... of the settlement
    kind: LineKind
    plan_id: str | None  # null: about no plan
    merchant_reference: str | None  # the plan's
    fact: int | None  # the number of the fact of the plan that caused it
    reference: str | None  # of the capture or the refund, as it was given
    booked_on: date
    gross: int  # minor units
    fee: int  # minor units that we keep
    net: int  # minor units


class Settlement(Struct, frozen=True):
    """What a merchant was owed, of one currency, when a day had ended. `opening + ... - payout = closing`."""

    settlement_id: str = field(name="id")
    number: int  # 1, 2, 3 ... of the merchant and currency, without gaps
    currency: str
    business_on: date  # the last day that it holds; later ones are in the next
    terms_version: int  # of the merchant's settlement terms; 0: none were agreed
    lines: int  # how many it has
    opening: int  # minor units that were left of the settlement before; negative: the merchant owed them
    captured: int  # minor units, less what was taken back
    fees: int  # minor units that we keep
    refunded: int  # minor units
    paid_to_merchant: int  # minor units that consumers paid the merchant itself
    payouts_returned: int  # minor units of payouts that came back from the bank
    withheld: int  # minor units kept back now
    released: int  # minor units kept back before, and no longer
    payout: int  # minor units that are paid out
    closing: int  # minor units that are carried on to the next
    release_on: date | None  # when what is withheld now is released; null: nothing is withheld
    pays_on: date | None  # null: nothing is paid out
    made_at: datetime


class Left(Struct, frozen=True):
    """Where a merchant stands in a currency before a settlement."""

    number: int = 0  # of the last settlement
    closing: int = 0
    business_on: date | None = None  # null: there was none

    @property
    def next_on(self) -> date:
        """The first day that the next may be of."""
        return date.min if self.business_on is None else self.business_on + DAY


NOTHING_LEFT: Final = Left()


def settled(
    settlement_id: str, currency: str, business_on: date, left: Left, sums: Sums, lines: int, released: int,
    terms: SettlementTerms, terms_version: int, now: datetime,
) -> Settlement:  # fmt: skip
    """Closes a settlement: what is kept back, what is paid, what is carried on. Nothing is kept back of a debt."""
    balance = left.closing + sums.net + released
    withheld = max(min(take_bps(max(sums.captured, 0), terms.reserve_bps), balance), 0)
    balance -= withheld
    paid = balance if terms.pays(currency, balance) else 0
    return Settlement(
        settlement_id, left.number + 1, currency, business_on, terms_version, lines, left.closing, sums.captured,
        sums.fees, sums.refunded, sums.paid_to_merchant, sums.payouts_returned, withheld, released, paid,
        balance - paid,
        release_on=business_on + terms.reserve_days * DAY if withheld else None,
        pays_on=pays_on(terms, business_on) if paid else None,
        made_at=now,
    )  # fmt: skip


def books_of(one: Settlement, merchant_id: str) -> Books:
    """What the settlement books: the reserve, and the money that leaves."""
    books: Books = {}
    if one.withheld != one.released:
        books[Occasion.RESERVE] = reserve(merchant_id, one.withheld - one.released)
    if one.payout:
        books[Occasion.PAYOUT] = payout(merchant_id, one.payout)
    return books


def sums_of(by_kind: Iterable[tuple[LineKind, int, int]]) -> Sums:
    """Of the sums of gross and fees by kind."""
    gross = dict.fromkeys(LineKind, 0)
    fees = 0
    for kind, amount, fee in by_kind:
        gross[kind] += amount
        fees += fee
    return Sums(
        captured=gross[LineKind.CAPTURE] + gross[LineKind.CAPTURE_LOWERED],
        fees=fees,
        refunded=-gross[LineKind.REFUND],
        paid_to_merchant=-gross[LineKind.PAID_TO_MERCHANT],
        payouts_returned=gross[LineKind.PAYOUT_RETURNED],
    )
