"""Payouts to merchants, partners and parties that bear losses against what the bank shows on the account that they are
paid from. Pure.

    money that left, as much as the payouts that it names     they are paid
    money that came, as much as the payouts that it names     they came back
    what was said already by an operator                      it is confirmed
    money that came, as much as a settlement that it names    who owes it has paid it
    the same in several parts, which are so much together     they are paid, or came back, with the last of them
    all else                                                  a break, for a person to look at
    money that left as ordered by nobody                      they are paid, and it is a break
    nothing of a day that the bank has told of                a break, until the payout is shown

A bank that books an order as one sum names the order's group of payments, and nothing else: those of it that are paid
on one day and are as much, or all of it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from service.insurance.settlement import InsurerSettlement
from service.merchants.payout import Payout, PayoutState, Step, WordOf
from service.partners.payout import PartnerPayout
from service.reconciling.camt import OUR_GROUPS
from service.reconciling.found import BreakClass, Difference, Found, Leg

PAYMENT: Final = re.compile(r"([0-9A-HJKMNP-TV-Z]{26})-([0-9])")  # to a merchant: the payout, and its try
PAYMENT_TO_PARTNER: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}[0-9A-RT-Z][0-9]{8}")  # as its settlement has it
WITH_PARTY: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}S[0-9]{8}")  # of a settlement with who bears losses
SETTLEMENT: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}-[0-9]{8}")
_NAMES: Final = (PAYMENT, PAYMENT_TO_PARTNER, WITH_PARTY, SETTLEMENT)


class PayoutCash(StrEnum):
    """The worst that is true of the account that payouts leave from."""

    BREAKS = "breaks"  # a break is open, or a payout is late: the bank does not show what was to be paid before
    WARNINGS = "warnings"  # something was paid or came back by an operator's word alone
    PENDING = "pending"  # what was ordered may still be shown
    RECONCILED = "reconciled"


class Shown(Struct, frozen=True, gc=False):
    """A payment on the account, as the bank shows it."""

    entry_id: str
    reference: str  # the bank's
    amount: int  # minor units: + is what we got
    names: tuple[str, ...]
    booked_on: date
    reason: str | None  # why it came back, in the bank's code


AnyPayout = TypeVar("AnyPayout", Payout, PartnerPayout, InsurerSettlement)


class Named(Struct, frozen=True):
    """Which payouts a payment names."""

    tries: dict[str, int]  # by payout to a merchant: which try of it
    payments: tuple[str, ...]  # end-to-end ids of payouts to partners
    settlements: tuple[str, ...]  # of partners, in its text
    orders: tuple[str, ...]  # the first, where it names no payout by itself
    with_parties: tuple[str, ...] = ()  # end-to-end ids of settlements with who bears losses


class Parts(Struct, frozen=True):
    """Payments that name a payout and are no whole of it yet: the bank shows it in parts."""

    entries: tuple[str, ...] = ()  # the first first
    amount: int = 0  # minor units, together: + is what we got


class Said(Struct, Generic[AnyPayout], frozen=True):
    """What a payment says: a step of payouts, that it is as an operator has said (`confirmed`), the break that it is.
    One that left without an order is a step and a break: it is paid, and somebody must tell why."""

    payouts: tuple[AnyPayout, ...] = ()
    step: Step | None = None
    confirmed: bool = False
    kind: BreakClass | None = None  # of a break
    amount: int = 0  # of a break: what has left our account less what was to leave


def named_in(one: Shown) -> Named:
    """The payouts, settlements and orders in its references. A settlement alone says nothing of money that came: it may
    be what the partner owes us."""
    tries: dict[str, int] = {}
    payments, settlements, orders, with_parties = [], [], [], []
    for name in one.names:
        if found := PAYMENT.fullmatch(name):
            tries[f"pt_{found[1]}"] = int(found[2])
        elif found := OUR_GROUPS.fullmatch(name):
            orders.append(f"or_{found[1]}")
        elif WITH_PARTY.fullmatch(name):
            with_parties.append(name)
        elif PAYMENT_TO_PARTNER.fullmatch(name):
            payments.append(name)
        elif SETTLEMENT.fullmatch(name):
            settlements.append(name)
    if payments or one.amount > 0:
        settlements = []
    itself = tries or payments or with_parties
    return Named(
        tries, tuple(payments), tuple(settlements), () if itself else tuple(orders[:1]), tuple(with_parties)
    )  # fmt: skip


def named_by(one: Shown) -> list[str]:
    """Its references that name payouts or settlements."""
    return [name for name in one.names if any(of.fullmatch(name) for of in _NAMES)]


def said_of_owed(one: Shown, owed: InsurerSettlement) -> Said[InsurerSettlement]:
    """What a payment says of a settlement that the party owes us: it is paid, as an operator has said, or a break."""
    if one.amount != owed.amount:
        return Said((owed,), kind=BreakClass.AMOUNT_DIFF, amount=owed.amount - one.amount)
    if owed.state is PayoutState.DUE:
        return Said((owed,), Step.PAID)
    if owed.word_of is WordOf.OPERATOR:
        return Said((owed,), confirmed=True)
    return Said((owed,), kind=BreakClass.OUT_OF_TURN, amount=-one.amount)


def said_by(
    one: Shown, named: Named, known: Sequence[AnyPayout], ordered_at: datetime | None = None, fee_max: int = 0
) -> Said[AnyPayout]:
    """What a payment says of the payouts `known`, which it names itself or by their order. Of money that leaves the
    bank may take up to `fee_max` more for itself."""
    payouts = [p for p in known if named.tries.get(p.payout_id) in (None, p.tries or 1)]
    if not named.tries and ordered_at is not None:
        payouts = _group_of(-one.amount, payouts, ordered_at)
    elif not named.tries:
        payouts = _of_one(abs(one.amount), payouts)
    expected = sum(p.amount for p in payouts)
    if not payouts or len(payouts) < len(named.tries):
        return Said(tuple(known), kind=BreakClass.OUT_OF_TURN, amount=-one.amount)
    if not _is_whole(one.amount, expected, fee_max):
        left = -one.amount - (expected if one.amount < 0 else -expected)
        return Said(tuple(payouts), kind=BreakClass.AMOUNT_DIFF, amount=left)
    step, may, told = _expected(one.amount)
    if all(p.state in may for p in payouts):
        return Said(tuple(payouts), step)
    if all(p.state in told and p.word_of is WordOf.OPERATOR for p in payouts):
        return Said(tuple(payouts), confirmed=True)
    if step is Step.PAID and all(p.state is PayoutState.DUE and not p.tries for p in payouts):
        return Said(tuple(payouts), step, kind=BreakClass.OUT_OF_TURN, amount=-one.amount)
    return Said(tuple(payouts), kind=BreakClass.OUT_OF_TURN, amount=-one.amount)


def open_parts(shown: Iterable[tuple[str, int]], amount: int, fee_max: int = 0) -> Parts:
    """Of all payments that named a payout of this amount, by entry and in their order, those that are no whole yet, by
    themselves or together."""
    parts = Parts()
    for entry_id, moved in shown:
        if _is_whole(moved, amount, fee_max):
            continue
        parts = Parts((*parts.entries, entry_id), parts.amount + moved)
        if not parts.amount or _is_whole(parts.amount, amount, fee_max):
            parts = Parts()
    return parts


def joined(one: Shown, parts: Parts) -> Shown:
    """A payment with the parts before it, as one; a break of it is that of the first part."""
    return replace(one, entry_id=parts.entries[0], amount=one.amount + parts.amount) if parts.entries else one


def _is_whole(moved: int, amount: int, fee_max: int) -> bool:
    """Whether so much is paid or comes back whole; the bank may have taken its fee besides."""
    return abs(moved) == amount or amount < -moved <= amount + fee_max


def is_of_settlement(said: Said[PartnerPayout]) -> bool:
    """Whether the comparison of a settlement with the bank finds this by itself: how much was moved, and not that a
    payout that is to be paid yet has left or come back already."""
    waits = (PayoutState.DUE, PayoutState.GIVEN_UP)
    return said.kind is not BreakClass.OUT_OF_TURN or not any(p.state in waits for p in said.payouts)


def broken(one: Shown, said: Said[AnyPayout], currency: str) -> Found | None:
    """The break that a payment is, if it is one."""
    if said.kind is None:
        return None
    told = tuple([Difference("payout_id", payout.payout_id, None) for payout in said.payouts])
    return Found(
        Leg.PAYOUT, one.entry_id, currency, said.kind, said.amount, None, _shown(one, -one.amount - said.amount) + told
    )


def unknown(one: Shown, currency: str) -> Found:
    """The break that a payment is which names nothing of ours."""
    return Found(Leg.PAYOUT, one.entry_id, currency, BreakClass.CASH_UNEXPLAINED, -one.amount, None, _shown(one, 0))


def late(payout_id: str, amount: int, currency: str) -> Found:
    """The break that a payout is, of which the bank has shown nothing though it has told of later days."""
    told = (Difference("amount", str(amount), None),)
    return Found(Leg.PAYOUT, payout_id, currency, BreakClass.CASH_SHORT, -amount, None, told)


def _shown(one: Shown, should: int) -> tuple[Difference, ...]:
    return (
        Difference("amount", str(should), str(-one.amount)),
        Difference("reference", None, one.reference),
        Difference("booked_on", None, one.booked_on.isoformat()),
    )


def cash_verdict(breaks: int, unshown: int, ordered: int) -> PayoutCash:
    """The worst first."""
    if breaks:
        return PayoutCash.BREAKS
    if unshown:
        return PayoutCash.WARNINGS
    return PayoutCash.PENDING if ordered else PayoutCash.RECONCILED


def _expected(amount: int) -> tuple[Step, tuple[PayoutState, ...], tuple[PayoutState, ...]]:
    """What it would say, of payouts in which states, and in which it was said before."""
    if amount < 0:
        return Step.PAID, (PayoutState.ORDERED,), (PayoutState.PAID,)
    return Step.RETURNED, (PayoutState.ORDERED, PayoutState.PAID), (PayoutState.DUE, PayoutState.GIVEN_UP)


def _of_one(amount: int, payouts: list[AnyPayout]) -> list[AnyPayout]:
    """Of several with one end-to-end id, as partners of one programme have: the one that is so much, or all."""
    fitting = [one for one in payouts if one.amount == amount]
    return fitting if len(fitting) == 1 else payouts


def _group_of(amount: int, payouts: Iterable[AnyPayout], ordered_at: datetime) -> list[AnyPayout]:
    """Of an order: the payouts of the one day that are so much, or all."""
    of_day: defaultdict[date, list[AnyPayout]] = defaultdict(list)
    for one in payouts:
        of_day[max(one.pays_on, ordered_at.date())].append(one)
    fitting = [group for group in of_day.values() if sum(one.amount for one in group) == amount]
    return fitting[0] if len(fitting) == 1 else [one for group in of_day.values() for one in group]
