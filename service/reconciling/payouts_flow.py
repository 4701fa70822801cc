"""Payouts are paid and come back by what the bank's statement shows; all else that it shows is a break.

They go to merchants, partners and who bears losses; what those owe us by a settlement is paid so, too.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from service.db import Connection, Pool, load_queries
from service.insurance import paying_flow as insurers_flow
from service.insurance.settlement import InsurerSettlement
from service.merchants import paying_flow
from service.merchants.paying_flow import Told
from service.merchants.payout import WordOf
from service.partners import paying_flow as partners_flow
from service.partners.payout import PartnerPayout
from service.partners.telling_flow import Teller
from service.reconciling.breaks_flow import tell_breaks
from service.reconciling.found import BreakClass, Found
from service.reconciling.items import Tolerances
from service.reconciling.keeping_flow import Running, keep
from service.reconciling.life import BreakStepKind
from service.reconciling.payouts import (
    AnyPayout,
    Named,
    Parts,
    PayoutCash,
    Said,
    Shown,
    broken,
    cash_verdict,
    is_of_settlement,
    joined,
    late,
    named_by,
    named_in,
    open_parts,
    said_by,
    said_of_owed,
    unknown,
)

Q: Final = load_queries(Path(__file__).with_name("payouts.sql"))


class PayoutAccountCash(Struct, frozen=True):
    """How the payouts of a currency stand against the account that they are paid from."""

    currency: str
    iban: str  # the account's number
    verdict: PayoutCash
    until: date | None  # the last day of which the bank has told something; null: it has told nothing
    closing: int | None  # minor units: of its last statement
    ordered: int  # payouts that are on their way
    ordered_amount: int  # minor units of them
    late: int  # of them: the bank has told of later days, and not of them
    unshown: int  # payouts that were paid or came back by an operator's word, and that the bank has not shown
    breaks: int  # payments on it that are not what was ordered, and that nobody has closed
    breaks_amount: int  # minor units of them, without signs


class PayingAccount(Struct, frozen=True):
    """An account of ours that payouts leave from."""

    iban: str
    currency: str
    programme_id: str | None  # which is settled on it; None: merchants are paid from it


class Settled(Struct, frozen=True):
    """What a payment on the account came to."""

    found: Found | None = None  # the break that it is
    whole: tuple[str, ...] = ()  # entries that were parts, and are a whole with it


async def settle(
    conn: Connection, account: PayingAccount, shown: Iterable[Shown], bank_message_id: str, by: str, now: datetime
) -> None:
    """What these payments say of payouts, in the caller's transaction; what left comes first. Breaks are opened for
    what was not ordered and for payouts that are late, carried on, and ended where a payout is late no more or the last
    part of it has come."""
    found: list[Found] = []
    whole: list[str] = []
    waiting = sorted(shown, key=lambda entry: (entry.amount > 0, entry.entry_id))
    for place, one in enumerate(waiting):
        told = Told(now, by, None, (one.reason or one.reference)[:140], WordOf.BANK)
        later = [entry.entry_id for entry in waiting[place:]]
        settled = await _settle_one(conn, account, one, later, told)
        if settled.found is not None:
            found = [*[other for other in found if other.key != settled.found.key], settled.found]
        found = [other for other in found if other.key not in settled.whole]
        whole += settled.whole
    until = await conn.fetchval(Q.told_until, account.iban, now.date())
    run = Running(until or now.date(), now, bank_message_id=bank_message_id)
    await _compare(conn, account, found, run, tells_of_days=until is not None)
    ended = await conn.fetch(Q.end_parts, whole, bank_message_id, run.business_on, now)
    await tell_breaks(conn, [(row["break_id"], BreakStepKind(row["what"])) for row in ended], Teller.DAY, now)


async def _settle_one(conn: Connection, account: PayingAccount, one: Shown, later: list[str], told: Told) -> Settled:
    """What one payment says of payouts; `later` are this one and those that are looked at after it."""
    named = named_in(one)
    ordered_at = await paying_flow.ordered_at(conn, named.orders[0]) if named.orders else None
    if account.programme_id is None and (named.tries or named.orders):
        known = await paying_flow.named_by_bank(conn, named.tries, named.orders)
        if known:
            one, parts, said = await _said(
                conn, account, one, later, lambda shown: said_by(shown, named, known, ordered_at)
            )
            if said.confirmed:
                await paying_flow.confirm(conn, said.payouts)
            elif said.step is not None:
                await paying_flow.shown_by_bank(conn, list(said.payouts), said.step, told)
            return _settled(broken(one, said, account.currency), parts)
    if named.payments or named.settlements or named.orders:
        theirs = await partners_flow.named_by_bank(
            conn, account.currency, named.payments, named.settlements, named.orders
        )
        may_be_theirs = one.amount > 0 and one.reason is None  # what another partner of the programme owes us, say
        known_ids = [payout.payout_id for payout in theirs]
        if theirs and not (may_be_theirs and await conn.fetchval(Q.owed_to_us, known_ids)):
            one, parts, of_theirs = await _said(
                conn, account, one, later, lambda shown: said_by(shown, named, theirs, ordered_at, _fee(account))
            )
            return _settled(await _of_partners(conn, account, one, of_theirs, told), parts)
    if account.programme_id is not None:
        return Settled()
    if named.with_parties or named.orders:
        ours = await insurers_flow.named_by_bank(conn, account.currency, named.with_parties, named.orders)
        if ours:
            one, parts, of_ours = await _said(
                conn, account, one, later, lambda shown: _said_of(shown, named, ours, ordered_at)
            )
            return _settled(await _of_parties(conn, account, one, of_ours, told), parts)
    return Settled(unknown(one, account.currency))


def _settled(found: Found | None, parts: Parts) -> Settled:
    return Settled(found) if found is not None else Settled(None, parts.entries)


async def _said(
    conn: Connection, account: PayingAccount, one: Shown, later: list[str], say: Callable[[Shown], Said[AnyPayout]]
) -> tuple[Shown, Parts, Said[AnyPayout]]:
    """What a payment says of payouts: by itself, or with the parts of them that were shown before it. Parts that come
    to nothing, for one of them came back, say nothing."""
    said = say(one)
    if said.kind is not BreakClass.AMOUNT_DIFF:
        return one, Parts(), said
    rows = await conn.fetch(Q.shown_before, account.iban, named_by(one), later)
    before = [(row["entry_id"], row["amount"]) for row in rows]
    parts = open_parts(before, sum(payout.amount for payout in said.payouts), _fee(account))
    together = joined(one, parts)
    return together, parts, say(together) if together.amount else replace(said, kind=None)


def _said_of(
    one: Shown, named: Named, known: list[InsurerSettlement], ordered_at: datetime | None
) -> Said[InsurerSettlement]:
    if len(known) == 1 and known[0].net < 0:
        return said_of_owed(one, known[0])
    return said_by(one, named, known, ordered_at)


async def _of_parties(
    conn: Connection, account: PayingAccount, one: Shown, said: Said[InsurerSettlement], told: Told
) -> Found | None:
    if said.confirmed:
        await insurers_flow.confirm(conn, said.payouts)
    elif said.step is not None:
        await insurers_flow.shown_by_bank(conn, said.payouts, said.step, told)
    return broken(one, said, account.currency)


async def _of_partners(
    conn: Connection, account: PayingAccount, one: Shown, said: Said[PartnerPayout], told: Told
) -> Found | None:
    if said.confirmed:
        await partners_flow.confirm(conn, said.payouts)
    elif said.step is not None:
        await partners_flow.shown_by_bank(conn, list(said.payouts), said.step, told)
    if account.programme_id is not None and is_of_settlement(said):
        return None  # the day's comparison holds its settlement against the bank
    return broken(one, said, account.currency)


def _fee(account: PayingAccount) -> int:
    """So much a bank may keep of a settlement: the day's comparison says so, of a programme's account."""
    return Tolerances().bank_fee if account.programme_id is not None else 0


async def _compare(
    conn: Connection, account: PayingAccount, found: list[Found], run: Running, *, tells_of_days: bool
) -> None:
    """Hold what is on its way against the last day that the bank has told of, if any, and keep what was found."""
    await conn.execute(Q.carry_on, account.iban, run.business_on)
    overdue: list[Found] = []
    is_compared = account.programme_id is None and tells_of_days
    if is_compared:
        rows = await conn.fetch(Q.late, account.currency, run.business_on)
        overdue = [late(row["payout_id"], row["amount"], account.currency) for row in rows]
    steps = await keep(conn, run, [*found, *overdue])
    if is_compared:
        known = [one.key for one in overdue]
        ended = await conn.fetch(
            Q.end_late, account.currency, known, run.bank_message_id, run.business_on, run.made_at
        )  # fmt: skip
        steps += [(row["break_id"], BreakStepKind(row["what"])) for row in ended]
    await tell_breaks(conn, steps, Teller.DAY, run.made_at)


async def cash(pool: Pool, today: date) -> list[PayoutAccountCash]:
    """Of each account that merchants are paid from."""
    return [
        PayoutAccountCash(
            verdict=cash_verdict(row["breaks"] + row["late"], row["unshown"], row["ordered"]),
            **{name: row[name] for name in PayoutAccountCash.__struct_fields__ if name != "verdict"},
        )
        for row in await pool.fetch(Q.cash, today)
    ]
