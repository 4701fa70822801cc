"""Payouts to merchants are paid and come back by what the bank's statement shows; what does not match is kept."""

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Final

import asyncpg
from msgspec import Struct

from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.merchants import paying_flow
from service.merchants.paying_flow import Told
from service.merchants.payout import WordOf
from service.reconciling.payouts import FindingKind, PayoutCash, Said, Shown, cash_verdict, named_in, said_by

Q: Final = load_queries(Path(__file__).with_name("payouts.sql"))


class PayoutFinding(Struct, frozen=True):
    """A payment on an account that merchants are paid from, which is not what was ordered."""

    entry_id: str  # of the bank's statement
    currency: str
    kind: FindingKind
    amount: int  # minor units: what the bank moved less what was to be moved; above nothing we have more
    moved: int  # minor units: the payment; above nothing we got it
    reference: str  # the bank's
    booked_on: date
    payouts: tuple[str, ...]  # that it names
    found_at: datetime  # when the statement with it was handed in
    note: str | None  # what it was, as a person found out; null: it is open
    ended_at: datetime | None  # when a person closed it; null: it is open


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
    findings: int  # that are open
    findings_amount: int  # minor units of them, without signs


async def settle(conn: Connection, shown: Iterable[Shown], by: str, now: datetime) -> None:
    """What these payments of one account say of payouts, in the caller's transaction; what left comes first."""
    for one in sorted(shown, key=lambda entry: (entry.amount > 0, entry.entry_id)):
        said = await _said(conn, one)
        if said.finding is not None:
            named = [payout.payout_id for payout in said.payouts]
            await conn.execute(Q.insert_finding, one.entry_id, said.finding, said.amount, named, now)
        elif said.confirmed:
            await paying_flow.confirm(conn, said.payouts)
        elif said.step is not None:
            told = Told(now, by, None, (one.reason or one.reference)[:140], WordOf.BANK)
            await paying_flow.shown_by_bank(conn, list(said.payouts), said.step, told)


async def _said(conn: Connection, one: Shown) -> Said:
    named = named_in(one)
    orders = () if named.tries else named.orders[:1]
    known = await paying_flow.named_by_bank(conn, named.tries, orders)
    ordered_at = await paying_flow.ordered_at(conn, orders[0]) if orders else None
    return said_by(one, named, known, ordered_at)


async def findings(pool: Pool, after: str, limit: int, is_open: bool | None) -> list[PayoutFinding]:
    """The oldest first; the next page starts `after` the last of this one."""
    return [_finding(row) for row in await pool.fetch(Q.findings, after, is_open, limit)]


async def resolve(conn: Connection, entry_id: str, note: str, by: str, now: datetime) -> PayoutFinding:
    """A person says what it was. Refused: NOT_FOUND, STATE_FORBIDS."""
    row = await conn.fetchrow(Q.finding, entry_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"Nothing was found about an entry {entry_id[:100]!r}.", "/id")
    if row["ended_at"] is not None:
        raise Refused(Code.STATE_FORBIDS, "It was closed before.", "/id")
    await conn.execute(Q.resolve, entry_id, note, by, now)
    ended = await conn.fetchrow(Q.finding, entry_id)
    assert ended is not None
    return _finding(ended)


async def cash(pool: Pool) -> list[PayoutAccountCash]:
    """Of each account that merchants are paid from."""
    return [
        PayoutAccountCash(
            verdict=cash_verdict(row["findings"] + row["late"], row["unshown"], row["ordered"]),
            **{name: row[name] for name in PayoutAccountCash.__struct_fields__ if name != "verdict"},
        )
        for row in await pool.fetch(Q.cash)
    ]


def _finding(row: asyncpg.Record) -> PayoutFinding:
    kept = {name: row[name] for name in PayoutFinding.__struct_fields__}
    return PayoutFinding(**kept | {"kind": FindingKind(row["kind"]), "payouts": tuple(row["payouts"])})
