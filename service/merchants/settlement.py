"""A settlement: what a merchant was owed at the end of a day, to the cent, and what of it is paid out. Pure.

opening + captured - fees - taxes - refunded - charged back - kept by the merchant + returned payouts + adjusted
        + vouchers - interest bought down - losses borne + a platform's share of its sellers' fees + split
        + receivables bought
        + fees that are billed later - fees billed now - withheld + released = balance
balance - payout = closing, the opening of the next
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct, field, structs

from service.event_type import EventType
from service.ledger.booking import Books, fee_billing, payout, reserve
from service.ledger.chart import Occasion
from service.merchants.settlement_terms import DAY, Billing, SettlementTerms, next_month, pays_on
from service.money import take_bps


class LineKind(StrEnum):
    """What a line is about; the check `settlement_lines_kind_is_known` says the same."""

    CAPTURE = "capture"  # the consumer owes us, and we the merchant
    CAPTURE_LOWERED = "capture_lowered"  # a capture, or a part of it, was taken back
    MERCHANT_COST = "merchant_cost"  # a cost of a plan that the merchant bears, or what came back of it
    REFUND = "refund"  # the merchant gave money back to a consumer, through us
    CHARGEBACK = "chargeback"  # the same, because a dispute was lost, or accepted by the merchant
    PAID_TO_MERCHANT = "paid_to_merchant"  # a consumer paid the merchant what they owed us
    PAYOUT_RETURNED = "payout_returned"  # a payout came back from the bank, and is owed again
    ADJUSTMENT = "adjustment"  # the operator gave something besides, or took it
    PLATFORM_SHARE = "platform_share"  # of what a seller of this platform pays us
    SPLIT = "split"  # what other sellers have of a capture, or what this one has of theirs, less what came back
    VOUCHER = "voucher"  # a scheme bears a part of a price, or got it back
    BUY_DOWN = "buy_down"  # interest that the merchant pays for a consumer, or got back
    RECOURSE = "recourse"  # of a plan that was given up: what the merchant bears, less what came back of it
    FACTORING_ADVANCE = "factoring_advance"  # we bought a receivable of the merchant's
    FACTORING_RELEASE = "factoring_release"  # it was paid: what is left of it
    FACTORING_RECOURSE = "factoring_recourse"  # the merchant bought it back, or owes what it lacks


# What tells of a line, among all that its cause told: the first of these that it did, else its last.
TOLD_BY: Final = (
    EventType.CAPTURED, EventType.CLAIMED, EventType.CAPTURE_REVERSED, EventType.DISPUTE_CLOSED, EventType.REFUNDED,
    EventType.PAID, EventType.PAYOUT_RETURNED, EventType.SETTLEMENT_ADJUSTED, EventType.RECEIVABLE_BOUGHT,
    EventType.RECEIVABLE_ENDED,
)  # fmt: skip


class Sums(Struct, frozen=True):
    """What the lines of a settlement come to, in minor units; what is not said to raise it lowers what is owed."""

    captured: int = 0  # less what was taken back; this raises it
    fees: int = 0
    taxes: int = 0  # on the fees
    refunded: int = 0
    charged_back: int = 0
    paid_to_merchant: int = 0
    payouts_returned: int = 0  # this raises it
    adjusted: int = 0  # this does, too, or lowers it
    vouchers: int = 0  # this raises it
    bought_down: int = 0
    recourse: int = 0
    shared: int = 0  # this raises it
    split: int = 0  # this raises it, or lowers it
    factored: int = 0  # and so does this

    @property
    def net(self) -> int:
        """What is owed more than before, or less."""
        more = (
            self.captured + self.payouts_returned + self.adjusted + self.vouchers + self.shared + self.split
            + self.factored
        )  # fmt: skip
        less = self.fees + self.taxes + self.refunded + self.charged_back + self.paid_to_merchant + self.bought_down
        less += self.recourse
        return more - less


class Line(Struct, frozen=True):
    """One thing that moved what the merchant is owed: `gross - fee - tax = net`. What lowers it counts negative."""

    number: int  # 1, 2, 3 ... of the settlement
    kind: LineKind
    plan_id: str | None  # null: about no plan
    merchant_reference: str | None  # the plan's
    fact: int | None  # the number of the fact of the plan that caused it
    capture_id: str | None  # of what was captured, or taken back
    refund_id: str | None  # of what went back, in a dispute, too
    dispute_id: str | None  # of a chargeback
    event_id: str | None  # that told you of it; null: it was forgotten before this was settled
    reference: str | None  # of the capture, the refund or the adjustment, as it was given
    booked_on: date
    gross: int  # minor units
    fee: int  # minor units that we keep
    tax: int  # minor units on the fee
    net: int  # minor units


class LineTotal(Struct, frozen=True):
    """What the lines of one kind come to: `gross - fee - tax = net`."""

    kind: LineKind
    lines: int  # how many
    gross: int  # minor units
    fee: int  # minor units that we keep
    tax: int  # minor units on the fee
    net: int  # minor units


class Settlement(Struct, frozen=True, kw_only=True):
    """What a merchant was owed, of one currency, when a day had ended. `opening + ... - payout = closing`."""

    settlement_id: str = field(name="id")
    merchant_id: str
    number: int  # 1, 2, 3 ... of the merchant and currency, without gaps
    currency: str
    business_on: date  # the last day that it holds; later ones are in the next
    terms_version: int  # of the merchant's settlement terms; 0: none were agreed
    lines: int  # how many it has
    opening: int  # minor units that were left of the settlement before; negative: the merchant owed them
    captured: int  # minor units, less what was taken back
    fees: int  # minor units that we keep
    taxes: int  # minor units on the fees
    refunded: int  # minor units
    charged_back: int  # minor units that went back because a dispute was lost or accepted
    paid_to_merchant: int  # minor units that consumers paid the merchant itself
    payouts_returned: int  # minor units of payouts that came back from the bank
    adjusted: int  # minor units that we gave besides; negative: took
    vouchers: int  # minor units of prices, by schemes
    bought_down: int  # minor units of consumers' interest that the merchant pays, less what it got back
    recourse: int  # minor units of losses of your plans that you bear, less what came back of them
    shared: int  # minor units of what a platform's sellers pay us, which are the platform's
    split: int  # minor units of what other sellers captured, which are yours; negative: of yours, which are theirs
    factored: int  # minor units for receivables that we bought: advances and releases, less what was bought back
    fees_deferred: int  # minor units of `fees` and `taxes` that are not taken now: the terms bill them by the month
    fees_billed: int  # minor units that were deferred before, and are taken now
    withheld: int  # minor units kept back now
    released: int  # minor units kept back before, and no longer
    payout: int  # minor units that are paid out
    closing: int  # minor units that are carried on to the next
    release_on: date | None  # when what is withheld now is released; null: nothing is withheld
    bill_on: date | None  # when what is deferred now is billed; null: nothing is
    pays_on: date | None  # null: nothing is paid out
    totals: tuple[LineTotal, ...]  # of the lines, by their kinds
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


class Due(Struct, frozen=True):
    """What of earlier settlements comes with this one: what was kept back, and fees that were to be billed later."""

    released: int = 0
    fees_billed: int = 0


def settled(
    settlement_id: str, merchant_id: str, currency: str, business_on: date, left: Left, totals: Sequence[LineTotal],
    due: Due, terms: SettlementTerms, terms_version: int, now: datetime,
) -> Settlement:  # fmt: skip
    """Closes a settlement: what is kept back, what is paid, what is carried on. Nothing is kept back of a debt."""
    sums = sums_of(totals)
    deferred = sums.fees + sums.taxes if terms.billing is Billing.MONTHLY else 0
    balance = left.closing + sums.net + deferred - due.fees_billed + due.released
    withheld = max(min(take_bps(max(sums.captured, 0), terms.reserve_bps), balance), 0)
    balance -= withheld
    paid = balance if terms.pays(currency, balance) else 0
    return Settlement(
        settlement_id=settlement_id, merchant_id=merchant_id, number=left.number + 1, currency=currency,
        business_on=business_on, terms_version=terms_version, lines=sum(one.lines for one in totals),
        opening=left.closing, **structs.asdict(sums), fees_deferred=deferred, fees_billed=due.fees_billed,
        withheld=withheld, released=due.released, payout=paid, closing=balance - paid,
        release_on=business_on + terms.reserve_days * DAY if withheld else None,
        bill_on=next_month(business_on) if deferred else None,
        pays_on=pays_on(terms, business_on) if paid else None,
        totals=tuple(totals), made_at=now,
    )  # fmt: skip


def books_of(one: Settlement, merchant_id: str) -> Books:
    """What the settlement books: fees that are billed later, the reserve, and the money that leaves."""
    books: Books = {}
    if one.fees_deferred != one.fees_billed:
        books[Occasion.FEE_BILLING] = fee_billing(merchant_id, one.fees_deferred - one.fees_billed)
    if one.withheld != one.released:
        books[Occasion.RESERVE] = reserve(merchant_id, one.withheld - one.released)
    if one.payout:
        books[Occasion.PAYOUT] = payout(merchant_id, one.payout)
    return books


def sums_of(totals: Iterable[LineTotal]) -> Sums:
    """Of the totals by kind."""
    gross = dict.fromkeys(LineKind, 0)
    fees = taxes = 0
    for one in totals:
        gross[one.kind] += one.gross
        fees += one.fee
        taxes += one.tax
    return Sums(
        captured=gross[LineKind.CAPTURE] + gross[LineKind.CAPTURE_LOWERED],
        fees=fees,
        taxes=taxes,
        refunded=-gross[LineKind.REFUND],
        charged_back=-gross[LineKind.CHARGEBACK],
        paid_to_merchant=-gross[LineKind.PAID_TO_MERCHANT],
        payouts_returned=gross[LineKind.PAYOUT_RETURNED],
        adjusted=gross[LineKind.ADJUSTMENT],
        vouchers=gross[LineKind.VOUCHER],
        bought_down=-gross[LineKind.BUY_DOWN],
        recourse=-gross[LineKind.RECOURSE],
        shared=gross[LineKind.PLATFORM_SHARE],
        split=gross[LineKind.SPLIT],
        factored=sum(
            gross[kind]
            for kind in (LineKind.FACTORING_ADVANCE, LineKind.FACTORING_RELEASE, LineKind.FACTORING_RECOURSE)
        ),
    )
