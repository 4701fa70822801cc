"""Payouts to merchants against what the bank shows on the account that they are paid from. Pure.

    money that left, as much as the payouts that it names     they are paid
    money that came, as much as the payouts that it names     they came back
    what was said already by an operator                      it is confirmed
    all else                                                  a break, for a person to look at
    nothing of a day that the bank has told of                a break, until the payout is shown

A bank that books an order as one sum names the order's group of payments, and nothing else: those of it that are paid
on one day and are as much, or all of it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from service.merchants.payout import Payout, PayoutState, Step, WordOf
from service.reconciling.camt import OUR_GROUPS
from service.reconciling.found import BreakClass, Difference, Found, Leg

PAYMENT: Final = re.compile(r"([0-9A-HJKMNP-TV-Z]{26})-([0-9])")  # an end-to-end id of ours: a payout, and its try


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


class Named(Struct, frozen=True):
    """Which payouts a payment names."""

    tries: dict[str, int]  # by payout: which try of it
    orders: tuple[str, ...]


class Said(Struct, frozen=True):
    """What a payment says: a step of payouts, or that it is as an operator has said (`confirmed`), or a break."""

    payouts: tuple[Payout, ...] = ()
    step: Step | None = None
    confirmed: bool = False
    kind: BreakClass | None = None  # of a break
    amount: int = 0  # of a break: what has left our account less what was to leave


def named_in(one: Shown) -> Named:
    """The payouts and orders in its references."""
    tries: dict[str, int] = {}
    orders = []
    for name in one.names:
        if found := PAYMENT.fullmatch(name):
            tries[f"pt_{found[1]}"] = int(found[2])
        elif found := OUR_GROUPS.fullmatch(name):
            orders.append(f"or_{found[1]}")
    return Named(tries, tuple(orders))


def said_by(one: Shown, named: Named, known: Sequence[Payout], ordered_at: datetime | None = None) -> Said:
    """What a payment says of the payouts `known`, which it names itself or by their order."""
    payouts = [p for p in known if named.tries.get(p.payout_id, p.tries) == p.tries]
    if not named.tries and ordered_at is not None:
        payouts = _group_of(-one.amount, payouts, ordered_at)
    expected = sum(p.amount for p in payouts)
    if not known:
        return Said(kind=BreakClass.CASH_UNEXPLAINED, amount=-one.amount)
    if not payouts or len(payouts) < len(named.tries):
        return Said(tuple(known), kind=BreakClass.OUT_OF_TURN, amount=-one.amount)
    if abs(one.amount) != expected:
        left = -one.amount - (expected if one.amount < 0 else -expected)
        return Said(tuple(payouts), kind=BreakClass.AMOUNT_DIFF, amount=left)
    step, may, told = _expected(one.amount)
    if all(p.state in may for p in payouts):
        return Said(tuple(payouts), step)
    if all(p.state in told and p.word_of is WordOf.OPERATOR for p in payouts):
        return Said(tuple(payouts), confirmed=True)
    return Said(tuple(payouts), kind=BreakClass.OUT_OF_TURN, amount=-one.amount)


def broken(one: Shown, said: Said, currency: str) -> Found | None:
    """The break that a payment is, if it is one."""
    if said.kind is None:
        return None
    told = (
        Difference("amount", str(-one.amount - said.amount), str(-one.amount)),
        *(Difference("payout_id", payout.payout_id, None) for payout in said.payouts),
        Difference("reference", None, one.reference),
        Difference("booked_on", None, one.booked_on.isoformat()),
    )
    return Found(Leg.PAYOUT, one.entry_id, currency, said.kind, said.amount, None, told)


def late(payout_id: str, amount: int, currency: str) -> Found:
    """The break that a payout is, of which the bank has shown nothing though it has told of later days."""
    told = (Difference("amount", str(amount), None),)
    return Found(Leg.PAYOUT, payout_id, currency, BreakClass.CASH_SHORT, -amount, None, told)


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


def _group_of(amount: int, payouts: Iterable[Payout], ordered_at: datetime) -> list[Payout]:
    """Of an order: the payouts of the one day that are so much, or all."""
    of_day: defaultdict[date, list[Payout]] = defaultdict(list)
    for one in payouts:
        of_day[max(one.pays_on, ordered_at.date())].append(one)
    fitting = [group for group in of_day.values() if sum(one.amount for one in group) == amount]
    return fitting[0] if len(fitting) == 1 else [one for group in of_day.values() for one in group]
