"""The partner's files in the database: making ours, receiving theirs, looking both up.

Each effect is unique by a key (programme and day, bytes of a file), so that calling again changes nothing.
"""

import asyncio
import hashlib
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.partners.file import Amounts, FileWriter, Manifest, Row, proving_totals, read_file, unknown_columns
from service.partners.position import FundedPlan, Position
from service.partners.reconciliation import (
    FIRST_OWNER,
    BreakState,
    FoundBreak,
    OpenedBreak,
    Receipt,
    Reconciliation,
    Verdict,
    reconcile,
)

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))

_ROWS_AT_ONCE: Final = 2_000  # some 10 ms of work: other requests get their turn in between
_BREAKS_TOLD: Final = 100  # in the answer to a file; all of them are listed by `breaks`
_PATIENCE_S: Final = 300  # a day's file may take longer than a request's statement may

# Our file -------------------------------------------------------------------------------------------------------------


async def make_file(connection: Connection, programme_id: str, business_on: date, now: datetime) -> Manifest:
    """Make the programme's file of a business day, once: called again it answers the same and changes nothing.

    It takes every booking of days up to `business_on` that no file has told, so days without a file leave no hole.
    Refused: NOT_FOUND; STATE_FORBIDS for a day before the last file's, or one that has not begun.
    """
    async with connection.transaction():
        await _lock(connection, programme_id)
        programme = await connection.fetchrow(Q.programme, programme_id)
        if programme is None:
            raise Refused(Code.NOT_FOUND, f"There is no programme {programme_id[:100]!r}.", "/programme_id")
        made = await connection.fetchrow(Q.manifest_of_day, programme_id, business_on)
        if made is None:
            last = await connection.fetchrow(Q.last_file, programme_id)
            _refuse_day(business_on, last, now.astimezone(ZoneInfo(programme["time_zone"])).date())
            await _write_file(connection, programme_id, programme, business_on, last, now)
            made = await connection.fetchrow(Q.manifest_of_day, programme_id, business_on)
        assert made is not None
        return _manifest(made)


async def make_due_files(pool: Pool, now: datetime) -> list[Manifest]:
    """Make every programme's file of the day that ended last in its time zone, where there is none yet."""
    made = []
    for programme in await pool.fetch(Q.programmes):
        yesterday = now.astimezone(ZoneInfo(programme["time_zone"])).date() - timedelta(days=1)
        if programme["filed_until"] is None or programme["filed_until"] < yesterday:
            async with pool.acquire() as connection:
                made.append(await make_file(connection, programme["programme_id"], yesterday, now))
    return made


def _refuse_day(business_on: date, last: asyncpg.Record | None, today: date) -> None:
    if last is not None and business_on < last["business_on"]:
        sentence = f"Files are made in the order of their days, and the last one is of {last['business_on']}."
        raise Refused(Code.STATE_FORBIDS, sentence, "/business_on")
    if business_on > today:
        raise Refused(Code.STATE_FORBIDS, f"{business_on} has not begun: it is {today}.", "/business_on")


async def _write_file(
    connection: Connection,
    programme_id: str,
    programme: asyncpg.Record,
    business_on: date,
    last: asyncpg.Record | None,
    now: datetime,
) -> None:
    file_id = _new_id(ids.FILE, programme_id, now)
    partner_id = programme["partner_id"]
    await connection.execute(f"set local statement_timeout = '{_PATIENCE_S}s'")
    await connection.execute(Q.tell_bookings, programme_id, partner_id, business_on, file_id, timeout=_PATIENCE_S)
    file = FileWriter()
    rows = await connection.cursor(Q.file_rows, programme_id, partner_id, file_id, timeout=_PATIENCE_S)
    while batch := await rows.fetch(_ROWS_AT_ONCE):
        file.add(Row(plan_id, currency, Amounts(*amounts)) for plan_id, currency, *amounts in batch)
    await connection.execute(
        Q.insert_file, file_id, partner_id, programme_id, last["number"] + 1 if last else 1, business_on,
        programme["currency"], file.rows, last["outstanding"] if last else 0, *msgspec.structs.astuple(file.sums),
        file.sha256, last["sha256"] if last else None, file.content, now,
        timeout=_PATIENCE_S,
    )  # fmt: skip


# Theirs ---------------------------------------------------------------------------------------------------------------


async def receive_file(
    connection: Connection, partner_id: str, programme_id: str, business_on: date, content: bytes, now: datetime
) -> Receipt:
    """Hold the partner's file (CSV) of a day against ours. The bytes of the last one again get the same answer.

    Other bytes for the same day, also those of an earlier file, are a corrected file: breaks it no longer has are
    resolved, those it has still keep their owner and age.

    Refused: NOT_FOUND while we have no file of that day, INVALID_FILE, TOO_LARGE.
    """
    ours = await connection.fetchrow(Q.file_of_day, partner_id, programme_id, business_on)
    if ours is None:
        sentence = f"There is no file of ours for programme {programme_id[:100]!r} on {business_on} to hold it against."
        raise Refused(Code.NOT_FOUND, sentence, "/business_on")
    theirs = await asyncio.to_thread(read_file, content)
    verdict = await asyncio.to_thread(lambda: reconcile(read_file(ours["content"]), theirs))
    file_id, digest = ours["file_id"], hashlib.sha256(content).digest()
    async with connection.transaction():
        await _lock(connection, file_id)
        known = await connection.fetchrow(Q.last_reconciliation, file_id)
        if known is None or known["sha256"] != digest:
            today = now.astimezone(ZoneInfo(ours["time_zone"])).date()
            await _save_verdict(connection, partner_id, file_id, verdict, content, now, today)
            known = await connection.fetchrow(Q.last_reconciliation, file_id)
        assert known is not None
    found = (
        FoundBreak(one.kind, one.plan_id, one.our_currency, one.their_currency, one.differences)
        for one in verdict.breaks[:_BREAKS_TOLD]
    )
    return Receipt(_reconciliation(known), tuple(found))


async def _save_verdict(
    connection: Connection,
    partner_id: str,
    file_id: str,
    verdict: Verdict,
    content: bytes,
    now: datetime,
    today: date,
) -> None:
    reconciliation_id = _new_id(ids.RECONCILIATION, file_id, now)
    await connection.execute(
        Q.insert_reconciliation, reconciliation_id, partner_id, file_id,
        await connection.fetchval(Q.next_number, file_id), verdict.outcome, verdict.our_rows, verdict.their_rows,
        _json(verdict.our_totals), _json(verdict.their_totals), _json(verdict.counts), unknown_columns(content),
        hashlib.sha256(content).digest(), content, now,
    )  # fmt: skip
    rows = [
        (
            _new_id(ids.BREAK, file_id, now), one.plan_id, one.kind, one.our_currency, one.their_currency,
            _json(one.differences), FIRST_OWNER[one.kind],
        )
        for one in verdict.breaks
    ]  # fmt: skip
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        await connection.execute(Q.open_breaks, partner_id, file_id, reconciliation_id, today, *columns)
    await connection.execute(Q.close_breaks, file_id, reconciliation_id, today)


async def assign_break(connection: Connection, break_id: str, owner: str, now: datetime) -> OpenedBreak:
    """Say who must act on an open break. Refused: NOT_FOUND, STATE_FORBIDS."""
    return await _change_break(connection, break_id, now, Q.assign_break, owner)


async def resolve_break(connection: Connection, break_id: str, note: str, now: datetime) -> OpenedBreak:
    """Close an open break with the reason why. Refused: NOT_FOUND, STATE_FORBIDS."""
    return await _change_break(connection, break_id, now, Q.resolve_break, note, now)


async def _change_break(
    connection: Connection, break_id: str, now: datetime, statement: str, *arguments: Any
) -> OpenedBreak:
    done = await connection.execute(statement, break_id, *arguments)
    row = await connection.fetchrow(Q.break_of_id, break_id, now)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no break {break_id[:100]!r}.", "/id")
    if done == "UPDATE 0":
        raise Refused(Code.STATE_FORBIDS, f"The break was resolved on {row['resolved_on']}.")
    return _opened_break(row)


# Looking up: oldest first, the next page starts `after` the last id of this one ---------------------------------------


async def files(pool: Pool, partner_id: str, after: str = "", limit: int = 100) -> list[Manifest]:
    """The manifests of a partner's files."""
    return [_manifest(row) for row in await pool.fetch(Q.manifests, partner_id, after, limit)]


async def manifest(pool: Pool, partner_id: str, file_id: str) -> Manifest:
    """What proves one file. Refused: NOT_FOUND."""
    return _manifest(_found(await pool.fetchrow(Q.manifest, partner_id, file_id), file_id))


async def file_content(pool: Pool, partner_id: str, file_id: str) -> tuple[Manifest, bytes]:
    """One file: what proves it, and its bytes. Refused: NOT_FOUND."""
    row = _found(await pool.fetchrow(Q.file, partner_id, file_id), file_id)
    return _manifest(row), row["content"]


def _found(row: asyncpg.Record | None, file_id: str) -> asyncpg.Record:
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no file {file_id[:100]!r}.", "/id")
    return row


async def positions(pool: Pool, partner_id: str) -> list[Position]:
    """Where each of a partner's programmes stands after its last file."""
    return [Position(**row) for row in await pool.fetch(Q.positions, partner_id)]


async def funded_plans(pool: Pool, partner_id: str, after: str = "", limit: int = 100) -> list[FundedPlan]:
    """The plans that a partner's files have told of."""
    return [FundedPlan(**row) for row in await pool.fetch(Q.plans, partner_id, after, limit)]


async def reconciliations(pool: Pool, partner_id: str, after: str = "", limit: int = 100) -> list[Reconciliation]:
    """What came of a partner's files."""
    return [_reconciliation(row) for row in await pool.fetch(Q.reconciliations, partner_id, after, limit)]


async def breaks(
    pool: Pool,
    now: datetime,
    partner_id: str | None = None,
    state: BreakState | None = None,
    file_id: str | None = None,
    after: str = "",
    limit: int = 100,
) -> list[OpenedBreak]:
    """The breaks of one partner, in one state, about one file; where one is not named, of all."""
    return [_opened_break(row) for row in await pool.fetch(Q.breaks, now, partner_id, state, file_id, after, limit)]


# Rows into structs ----------------------------------------------------------------------------------------------------


def _manifest(row: asyncpg.Record) -> Manifest:
    sums = Amounts(row["drawn"], row["principal_repaid"], row["interest_repaid"], row["outstanding"])
    previous = row["previous_sha256"]
    proof = {
        "totals": proving_totals(row["opening"], sums, row["currency"]),
        "sha256": row["sha256"].hex(),
        "previous_sha256": previous and previous.hex(),
    }
    return Manifest(**{name: row[name] for name in Manifest.__struct_fields__ if name not in proof}, **proof)


def _reconciliation(row: asyncpg.Record) -> Reconciliation:
    read = {name: json.loads(row[name]) for name in ("our_totals", "their_totals", "counts")}
    known = {"id": row["reconciliation_id"], "sha256": row["sha256"].hex()}
    return msgspec.convert(dict(row) | read | known, Reconciliation)


def _opened_break(row: asyncpg.Record) -> OpenedBreak:
    read = {"id": row["break_id"], "differences": json.loads(row["differences"])}
    return msgspec.convert(dict(row) | read, OpenedBreak)


def _new_id(prefix: str, owner: str, now: datetime) -> str:
    return ids.new_id(prefix, ids.bucket_for(owner), int(now.timestamp() * 1000))


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


async def _lock(connection: Connection, name: str) -> None:
    await connection.execute(Q.lock, f"partners:{name}")
