"""Bank messages in the database: loaded whole or refused whole, and listed either way."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Final

import asyncpg
from msgspec import Struct, field

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.merchants.settlement_terms import BankAccount
from service.reconciling.camt import read_message
from service.reconciling.payouts import Shown
from service.reconciling.payouts_flow import PayingAccount, settle
from service.reconciling.statement import (
    BankMessage,
    BankStatement,
    Entry,
    StatementKind,
    require_currency,
    require_days,
    require_sums,
)
from service.statement import Statement

Q: Final = load_queries(Path(__file__).with_name("bank.sql"))


class OwnAccount(Struct, frozen=True):
    """An account of ours, on which a programme is settled, or from which merchants are paid."""

    iban: str  # its number (ISO 13616)
    programme_id: str | None  # null: merchants are paid from it
    currency: str
    holder: str  # our name at the bank
    bic: str | None  # of the bank (ISO 9362)
    opened_at: datetime  # when it was registered


class ToldStatement(Struct, frozen=True):
    """What a message says of one account of ours."""

    iban: str  # the account's number
    statement_id: str  # the bank's
    currency: str
    sequence: int | None  # the bank's own count; null: it does not count
    missing: int  # statements that never came, by that count or by balances: an alarm, for what they tell is not known
    opening: int | None  # minor units; null: a notification has no balances
    closing: int | None  # minor units: opening + entries
    entries: int  # how many payments it has


class ToldMessage(Struct, frozen=True):
    """A message of a bank: loaded, or refused and nothing of it loaded."""

    bank_message_id: str = field(name="id")
    kind: StatementKind | None  # null: it could not be told
    message_id: str | None  # the bank's
    sha256: str  # of what came, in hexadecimal
    refused_code: str | None  # null: it was loaded
    refused_detail: str | None  # the reason, as a sentence
    received_at: datetime
    statements: tuple[ToldStatement, ...]
    is_known: bool = False  # it came before, and nothing was loaded again


class ToldEntry(Struct, frozen=True, gc=False):
    """A row of `bank_entries`, when it is made."""

    entry_id: str
    iban: str
    reference: str
    number: int
    amount: int
    booked_on: date
    value_on: date
    is_reversal: bool
    names: str
    reason: str | None


_DIFFERING: Final = Statement(Q.differing, told=ToldEntry)
_INSERT: Final = Statement(Q.insert_entries, told=ToldEntry)


class Read(Struct, frozen=True):
    """A message that was read; nothing of it is kept yet."""

    message: BankMessage
    sha256: bytes


# Our accounts ---------------------------------------------------------------------------------------------------------


async def open_account(
    conn: Connection, programme_id: str | None, currency: str, account: BankAccount, now: datetime
) -> OwnAccount:
    """A programme's account for a currency; of none: the one that merchants are paid from. Refused: NOT_FOUND,
    STATE_FORBIDS."""
    assert account.iban is not None, "it was required"
    if programme_id is not None and not await conn.fetchval(Q.programme_is_there, programme_id):
        raise Refused(Code.NOT_FOUND, f"There is no programme {programme_id[:100]!r}.", "/programme_id")
    try:
        async with conn.transaction():
            await conn.execute(Q.insert_account, account.iban, programme_id, currency, account.holder, account.bic, now)
    except asyncpg.UniqueViolationError:
        sentence = "This account is registered, or there is one for this in this currency."
        raise Refused(Code.STATE_FORBIDS, sentence, "/account/iban") from None
    return OwnAccount(account.iban, programme_id, currency, account.holder, account.bic, now)


async def own_accounts(pool: Pool, after: str, limit: int) -> list[OwnAccount]:
    """All of them, by IBAN; the next page starts `after` the last of this one."""
    return [OwnAccount(**row) for row in await pool.fetch(Q.accounts, after, limit)]


# Messages -------------------------------------------------------------------------------------------------------------


async def read_bank_message(pool: Pool, content: bytes, by: str, now: datetime) -> Read:
    """Read a message in a thread and prove it. What is refused is kept as refused.

    Refused: INVALID_FILE, FOREIGN_ACCOUNT, CURRENCY_MISMATCH, WRONG_SUM; DUPLICATE_FILE, what has the name of a message
    that came, and says something else; AMOUNT_MISMATCH, an entry that the bank told before with another amount.
    """
    digest = await asyncio.to_thread(lambda: hashlib.sha256(content).digest())
    message = None
    try:
        message = await asyncio.to_thread(read_message, content)
        ibans = [one.iban for one in message.statements]
        require_currency(message, {row["iban"]: row["currency"] for row in await pool.fetch(Q.currencies, ibans)})
        require_sums(message)
        require_days(message, now.date())
        await _require_resent(pool, message, digest)
        await _require_the_same(pool, message, now)
    except Refused as refused:
        await _keep_refused(pool, digest, message, refused, by, now)
        raise
    return Read(message, digest)


async def _keep_refused(
    pool: Pool, digest: bytes, message: BankMessage | None, refused: Refused, by: str, now: datetime
) -> None:
    kind, message_id = (message.kind, message.message_id) if message else (None, None)
    await pool.execute(
        Q.insert_message, _new_id(now), kind, message_id, digest, refused.code, refused.detail, by, now
    )  # fmt: skip


async def load(conn: Connection, read: Read, by: str, now: datetime) -> ToldMessage:
    """Keep what a message tells. One that came before is ignored."""
    message = read.message
    await conn.execute(Q.lock, sorted({one.iban for one in message.statements}))
    for one in message.statements:
        known = await conn.fetchrow(Q.known_message, one.iban, message.kind, message.message_id)
        if known is not None:
            return (await _told(conn, [known], is_known=True))[0]
    bank_message_id = _new_id(now)
    await conn.execute(
        Q.insert_message, bank_message_id, message.kind, message.message_id, read.sha256, None, None, by, now
    )
    for one in message.statements:
        await _load_statement(conn, bank_message_id, message, one, by, now)
    return (await _told(conn, await conn.fetch(Q.message, bank_message_id)))[0]


async def _load_statement(
    conn: Connection, bank_message_id: str, message: BankMessage, one: BankStatement, by: str, now: datetime
) -> None:
    missing = await _missing_before(conn, one, message.kind)
    number = await conn.fetchval(
        Q.insert_statement, bank_message_id, one.iban, message.kind, message.message_id, one.statement_id, one.sequence,
        missing, *_balances(one), len(one.entries),
    )  # fmt: skip
    told = _entries(one, number, now, await _told_before(conn, one, message.kind))
    if not told:
        return
    new = {row["entry_id"] for row in await _INSERT.fetch(conn, told=told)}
    account = await conn.fetchrow(Q.account, one.iban)
    assert account is not None, "it was required"
    shown = [
        Shown(
            entry.entry_id, entry.reference, entry.amount, tuple(entry.names.split()), entry.booked_on, entry.reason
        )
        for entry in told
        if entry.entry_id in new
    ]  # fmt: skip
    of = PayingAccount(one.iban, account["currency"], account["programme_id"])
    await settle(conn, of, shown, bank_message_id, by, now)


async def _missing_before(conn: Connection, one: BankStatement, kind: StatementKind) -> int:
    """How many statements never came: by the bank's own count; where it does not count, one, if none that came closes
    with what this one opens with."""
    last = await conn.fetchval(Q.last_sequence, one.iban, kind)
    if one.sequence is not None and last is not None:
        return int(max(0, one.sequence - last - 1))
    if one.sequence is not None or one.opening is None:
        return 0
    return int(await conn.fetchval(Q.follows_on_nothing, one.iban, kind, one.opening.amount))


async def _told_before(conn: Connection, one: BankStatement, kind: StatementKind) -> dict[str, int]:
    """Of payments without a reference of the bank's: how often such a one was told by earlier messages of this kind.

    The first one of a statement is the first that was notified, and so on; the first of the next statement is another
    one. A statement that comes again, under another message, tells nothing new.
    """
    unnamed = Counter(_name_of(entry) for entry in one.entries if entry.is_unnamed)
    if not unnamed:
        return {}
    if await conn.fetchval(Q.times_told_as, one.iban, kind, one.statement_id, *_balances(one), len(one.entries)) > 1:
        return {}
    names, times = list(unnamed), list(unnamed.values())
    rows = await conn.fetch(Q.tell_unnamed, one.iban, kind, names, times)
    return {row["name"]: row["times"] - unnamed[row["name"]] for row in rows}


def _name_of(entry: Entry) -> str:
    return entry.reference.rpartition("#")[0]


def _entries(
    one: BankStatement, number: int, now: datetime, told_before: Mapping[str, int] | None = None
) -> list[ToldEntry]:
    told_before = told_before or {}
    return [
        ToldEntry(
            ids.new_id(ids.BANK_ENTRY, 0, int(now.timestamp() * 1000)), one.iban, _reference(entry, told_before),
            number, entry.amount, entry.booked_on, entry.value_on, entry.is_reversal, " ".join(entry.references),
            entry.reason,
        )
        for entry in one.entries
    ]  # fmt: skip


def _reference(entry: Entry, told_before: Mapping[str, int]) -> str:
    name, _, nth = entry.reference.rpartition("#")
    return f"{name}#{int(nth) + told_before.get(name, 0)}" if entry.is_unnamed else entry.reference


async def _require_resent(pool: Pool, message: BankMessage, sha256: bytes) -> None:
    for one in message.statements:
        known = await pool.fetchrow(Q.known_message, one.iban, message.kind, message.message_id)
        if known is None or known["sha256"] == sha256:
            continue
        before = await pool.fetch(Q.statements_of, [known["bank_message_id"]])
        said = {(row["iban"], row["statement_id"], row["opening"], row["closing"], row["entries"]) for row in before}
        if said != {(each.iban, each.statement_id, *_balances(each), len(each.entries)) for each in message.statements}:
            sentence = f"A message {message.message_id[:40]} came before, and said something else."
            raise Refused(Code.DUPLICATE_FILE, sentence)


def _balances(one: BankStatement) -> tuple[int | None, int | None]:
    return one.opening.amount if one.opening else None, one.closing.amount if one.closing else None


async def _require_the_same(pool: Pool, message: BankMessage, now: datetime) -> None:
    told = [entry for one in message.statements for entry in _entries(one, 0, now)]
    if told:
        async with pool.acquire() as conn:
            differing = await _DIFFERING.fetch(conn, told=told)
        if differing:
            sentence = f"The bank told entry {differing[0]['reference']} before, with another amount."
            raise Refused(Code.AMOUNT_MISMATCH, sentence)


async def messages(pool: Pool, after: str, limit: int) -> list[ToldMessage]:
    """What came, refused or not, the oldest first."""
    async with pool.acquire() as conn:
        return await _told(conn, await conn.fetch(Q.messages, after, limit))


async def _told(conn: Connection, rows: list[asyncpg.Record], is_known: bool = False) -> list[ToldMessage]:
    named = [dict(row) for row in rows]
    statements: dict[str, list[ToldStatement]] = {}
    for row in await conn.fetch(Q.statements_of, [one["bank_message_id"] for one in named]):
        told = ToldStatement(**{name: row[name] for name in ToldStatement.__struct_fields__})
        statements.setdefault(row["bank_message_id"], []).append(told)
    return [
        ToldMessage(
            **one | {"sha256": one["sha256"].hex(), "kind": one["kind"] and StatementKind(one["kind"])},
            statements=tuple(statements.get(one["bank_message_id"], ())),
            is_known=is_known,
        )
        for one in named
    ]  # fmt: skip


def _new_id(now: datetime) -> str:
    return ids.new_id(ids.BANK_MESSAGE, 0, int(now.timestamp() * 1000))
