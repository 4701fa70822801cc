"""Settlements against what the bank shows. Pure.

A settlement and an entry belong together by the end-to-end id, or by the settlement's id where the bank tells only
that. One entry may pay several settlements, and several entries one: they are held against one another together.

    shortfall = what our account should have got - what it got      (what it pays counts negative)

A shortfall within the tolerance is the bank's fee. A settlement of which less was paid is short. All else, as money
that nobody asked for, is unexplained.
"""

from collections.abc import Iterable

from msgspec import Struct

from service.reconciling.found import BreakClass, Difference, Found, Leg, merged
from service.reconciling.items import Tolerances


class Settlement(Struct, frozen=True, gc=False):
    """What is to be paid for a day: minor units, + is to the partner."""

    settlement_id: str
    end_to_end_id: str
    currency: str
    amount: int


class BankEntry(Struct, frozen=True, gc=False):
    """One payment on our account, as the bank shows it: minor units, + is what we got."""

    entry_id: str
    currency: str
    amount: int
    references: tuple[str, ...] = ()  # end-to-end ids, and ids of settlements in its text


class Cash(Struct, frozen=True):
    """What came of comparing them, and what the next day looks for again."""

    matched: int  # settlements that were paid
    found: tuple[Found, ...]
    open_settlements: tuple[Settlement, ...]
    open_entries: tuple[BankEntry, ...]


def match_cash(settlements: Iterable[Settlement], entries: Iterable[BankEntry], tolerances: Tolerances) -> Cash:
    """Hold them against one another. A settlement of nothing is not paid."""
    found: list[Found] = []
    open_settlements: list[Settlement] = []
    open_entries: list[BankEntry] = []
    matched = 0
    for asked, shown in _together([one for one in settlements if one.amount], list(entries)):
        of_group = _compare(asked, shown, tolerances)
        found += of_group
        if all(one.is_tolerated for one in of_group):
            matched += len(asked)
        else:
            open_settlements += asked
            open_entries += shown
    by_text = str
    return Cash(
        matched,
        tuple(merged(found)),
        tuple(sorted(open_settlements, key=by_text)),
        tuple(sorted(open_entries, key=by_text)),
    )


def _together(
    settlements: list[Settlement], entries: list[BankEntry]
) -> list[tuple[list[Settlement], list[BankEntry]]]:
    """Groups that reference one another, directly or by way of others; in the order of their ids.

    A payment in several currencies is one group. A settlement of several payments is as many, unless an entry names it
    and none of them.
    """
    groups: dict[str, tuple[list[Settlement], list[BankEntry]]] = {}
    group_of: dict[str, str] = {}  # by end-to-end id
    payments: dict[str, list[str]] = {}  # of a settlement, and of an end-to-end id that one
    for one in sorted(settlements, key=str):
        key = group_of[one.end_to_end_id] = one.end_to_end_id
        groups.setdefault(key, ([], []))[0].append(one)
        payments[key] = [key]
        payments.setdefault(one.settlement_id, []).append(key)
    for entry in sorted(entries, key=str):
        named = {name for name in entry.references if name in group_of}
        for name in set(entry.references) - named:  # settlements
            if not named.intersection(payments.get(name, ())):
                named.update(payments.get(name, ()))
        keys = sorted({group_of[name] for name in named})
        first = keys[0] if keys else entry.entry_id
        asked, shown = groups.setdefault(first, ([], []))
        shown.append(entry)
        for other in keys[1:]:
            more = groups.pop(other)
            asked += more[0]
            shown += more[1]
            group_of.update((payment.end_to_end_id, first) for payment in more[0])
    return [groups[key] for key in sorted(groups)]


def _compare(asked: list[Settlement], shown: list[BankEntry], tolerances: Tolerances) -> list[Found]:
    wanted, used = {one.currency for one in asked}, {one.currency for one in shown}
    key = min((one.end_to_end_id for one in asked), default=None) or min(one.entry_id for one in shown)
    found = []
    for currency in sorted(wanted | used):
        should = -sum(one.amount for one in asked if one.currency == currency)
        got = sum(one.amount for one in shown if one.currency == currency)
        if should != got:
            if asked and used - wanted:
                kind = BreakClass.FX_DIFF
            else:
                kind = _kind(should if asked else None, got if currency in used else None, tolerances)
            told = Difference("amount", str(should) if asked else None, str(got) if shown else None)
            found.append(Found(Leg.CASH, key, currency, kind, should - got, None, (told,)))
    return found


def _kind(should: int | None, got: int | None, tolerances: Tolerances) -> BreakClass:
    """Of what our account should have got and what it got; None: there is nothing of that side."""
    if should is None:
        return BreakClass.CASH_UNEXPLAINED
    if got is None:
        return BreakClass.CASH_SHORT
    if 0 < should - got <= tolerances.bank_fee:
        return BreakClass.BANK_FEE
    is_part = min(0, should) <= got <= max(0, should)
    return BreakClass.CASH_SHORT if is_part else BreakClass.CASH_UNEXPLAINED
