"""The partner's own files in the database: held against ours, kept, and what becomes of their breaks.

Reading and comparing holds no connection and goes on in a thread (`compare`); what it came to is written in one
transaction (`keep`), or only told (`preview`).
"""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from service import ids
from service.db import Connection, Pool, columns, load_queries
from service.errors import Code, Refused
from service.partners.reconciliation import (
    FIRST_OWNER,
    Break,
    BreakNote,
    BreakNoteKind,
    BreakState,
    FilePreview,
    FoundBreak,
    OpenedBreak,
    Receipt,
    Reconciliation,
    Verdict,
    reconcile,
)
from service.partners.theirs.doubt import Proof, doubt, require_bounded, require_proven
from service.partners.theirs.reading import invalid, read_file

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))

_BREAKS_TOLD: Final = 100  # in the answer to a file; all of them are listed by `breaks`
_BREAKS_AT_ONCE: Final = 1_000  # some milliseconds of work: other requests get their turn in between
_PATIENCE_S: Final = 60  # a file of 32 MiB may take longer than a request's statement may


class Compared(msgspec.Struct, frozen=True):
    """A file of the partner's that was read and held against ours. Nothing of it is kept yet."""

    partner_id: str
    programme_id: str
    business_on: date
    file_id: str  # our file of that day
    time_zone: str
    content: bytes
    sha256: bytes
    unknown_columns: tuple[str, ...]
    verdict: Verdict

    @property
    def told(self) -> tuple[FoundBreak, ...]:
        """The first breaks, for the sender."""
        return tuple(
            FoundBreak(one.kind, one.plan_id, one.our_currency, one.their_currency, one.differences)
            for one in self.verdict.breaks[:_BREAKS_TOLD]
        )


async def compare(
    pool: Pool, partner_id: str, programme_id: str, business_on: date, content: bytes, proof: Proof
) -> Compared:
    """Read the partner's file (CSV) of a day and hold it against ours. Changes nothing.

    Refused: NOT_FOUND while we have no file of that day, INVALID_FILE, TOO_LARGE.
    """
    ours = await pool.fetchrow(Q.file_of_day, partner_id, programme_id, business_on)
    if ours is None:
        sentence = f"There is no file of ours for programme {programme_id[:100]!r} on {business_on} to hold it against."
        raise Refused(Code.NOT_FOUND, sentence, "/business_on")

    def work() -> Compared:
        digest = hashlib.sha256(content)
        reading = read_file(content, business_on)
        verdict = reconcile(read_file(ours["content"]).rows, reading.rows)
        require_proven(proof, verdict.their_rows, digest.hexdigest())
        return Compared(
            partner_id, programme_id, business_on, ours["file_id"], ours["time_zone"], content, digest.digest(),
            reading.unknown_columns, verdict,
        )  # fmt: skip

    return await asyncio.to_thread(work)


async def preview(pool: Pool, compared: Compared, confirmed: bool) -> FilePreview:
    """What `keep` would do. Refused as there."""
    async with pool.acquire() as connection:
        if await _known(connection, compared) is None:
            await _require_credible(connection, compared, confirmed)
    verdict = compared.verdict
    return FilePreview(
        outcome=verdict.outcome,
        our_rows=verdict.our_rows,
        their_rows=verdict.their_rows,
        our_totals=verdict.our_totals,
        their_totals=verdict.their_totals,
        counts=verdict.counts,
        unknown_columns=compared.unknown_columns,
        breaks=compared.told,
    )


async def keep(connection: Connection, compared: Compared, confirmed: bool, now: datetime) -> Receipt:
    """Keep a file and what it came to. The bytes of the day's last one again get the same answer.

    Other bytes for the same day, also those of an earlier file, are a corrected file: breaks it no longer has are
    resolved, those it has still keep their owner and age. So do those that the file of another day has, too.

    Refused: INVALID_FILE where it has too many breaks, or looks like another file and is not `confirmed`.
    """
    async with connection.transaction():
        await connection.execute(Q.lock, f"partners: theirs of {compared.programme_id}")
        known = await _known(connection, compared)
        if known is None:
            await _require_credible(connection, compared, confirmed)
            await _save(connection, compared, now)
            known = await _known(connection, compared)
        assert known is not None
    return Receipt(_reconciliation(known), compared.unknown_columns, compared.told)


async def _known(connection: Connection, compared: Compared) -> asyncpg.Record | None:
    """What the day's last file came to, if it had the same bytes."""
    last = await connection.fetchrow(Q.last_reconciliation, compared.file_id)
    return last if last is not None and last["sha256"] == compared.sha256 else None


async def _require_credible(connection: Connection, compared: Compared, confirmed: bool) -> None:
    why = doubt(compared.verdict, await _day_alike(connection, compared))
    if why and not confirmed:
        raise invalid(f"{why} If it is right, send it with confirmed=true.")
    require_bounded(compared.verdict)


async def _day_alike(connection: Connection, compared: Compared) -> date | None:
    """The day of another file of ours that has their count and sums, where ours of this day has not."""
    verdict = compared.verdict
    if len(verdict.their_totals) != 1 or verdict.their_totals == verdict.our_totals:
        return None
    ((currency, sums),) = verdict.their_totals.items()
    alike: date | None = await connection.fetchval(
        Q.day_alike, compared.programme_id, currency, verdict.their_rows, *msgspec.structs.astuple(sums)
    )
    return alike


async def _save(connection: Connection, compared: Compared, now: datetime) -> None:
    verdict, file_id = compared.verdict, compared.file_id
    today = now.astimezone(ZoneInfo(compared.time_zone)).date()
    reconciliation_id = _new_id(ids.RECONCILIATION, file_id, now)
    await connection.execute(f"set local statement_timeout = '{_PATIENCE_S}s'")
    await connection.execute(
        Q.insert_reconciliation, reconciliation_id, compared.partner_id, file_id,
        await connection.fetchval(Q.next_number, file_id), verdict.outcome, verdict.our_rows, verdict.their_rows,
        _json(verdict.our_totals), _json(verdict.their_totals), _json(verdict.counts), compared.sha256,
        compared.content, now,
        timeout=_PATIENCE_S,
    )  # fmt: skip
    for start in range(0, len(verdict.breaks), _BREAKS_AT_ONCE):
        found = columns(await asyncio.to_thread(_rows, verdict.breaks[start : start + _BREAKS_AT_ONCE], file_id, now))
        await connection.execute(
            Q.find_breaks, compared.partner_id, compared.programme_id, file_id, reconciliation_id, today, *found, now,
            timeout=_PATIENCE_S,
        )  # fmt: skip
    await connection.execute(Q.end_breaks, file_id, reconciliation_id, today, now, timeout=_PATIENCE_S)


def _rows(breaks: Sequence[Break], file_id: str, now: datetime) -> list[tuple[Any, ...]]:
    return [
        (
            _new_id(ids.BREAK, file_id, now), one.plan_id, one.kind, one.our_currency, one.their_currency,
            _json(one.differences), FIRST_OWNER[one.kind],
        )
        for one in breaks
    ]  # fmt: skip


# What becomes of a break ----------------------------------------------------------------------------------------------


async def assign_break(connection: Connection, break_id: str, owner: str, by: str, now: datetime) -> OpenedBreak:
    """Say who must act on an open break. Refused: NOT_FOUND, STATE_FORBIDS."""
    changed = await _change_break(connection, break_id, now, Q.assign_break, owner)
    await connection.execute(Q.note_break, break_id, BreakNoteKind.ASSIGNED, owner, None, by, now)
    return changed


async def resolve_break(connection: Connection, break_id: str, note: str, by: str, now: datetime) -> OpenedBreak:
    """Close an open break with the reason why. Refused: NOT_FOUND, STATE_FORBIDS."""
    changed = await _change_break(connection, break_id, now, Q.resolve_break, note, now)
    await connection.execute(Q.note_break, break_id, BreakNoteKind.RESOLVED, None, note, by, now)
    return changed


async def comment_break(connection: Connection, break_id: str, note: str, by: str, now: datetime) -> None:
    """Say something about a break, open or resolved. Refused: NOT_FOUND."""
    if await connection.fetchval(Q.hold_break, break_id) is None:
        raise _no_break(break_id)
    await connection.execute(Q.note_break, break_id, BreakNoteKind.COMMENTED, None, note, by, now)


async def _change_break(
    connection: Connection, break_id: str, now: datetime, statement: str, *arguments: Any
) -> OpenedBreak:
    done = await connection.execute(statement, break_id, *arguments)
    row = await connection.fetchrow(Q.break_of_id, break_id, now)
    if row is None:
        raise _no_break(break_id)
    if done == "UPDATE 0":
        raise Refused(Code.STATE_FORBIDS, f"The break was resolved on {row['resolved_on']}.")
    return _opened_break(row)


def _no_break(break_id: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"There is no break {break_id[:100]!r}.", "/id")


# Looking up: oldest first, the next page starts `after` the last id of this one ---------------------------------------


async def reconciliations(pool: Pool, partner_id: str, after: str = "", limit: int = 100) -> list[Reconciliation]:
    """What came of a partner's files."""
    return [_reconciliation(row) for row in await pool.fetch(Q.reconciliations, partner_id, after, limit)]


async def breaks(
    pool: Pool,
    now: datetime,
    partner_id: str | None = None,
    state: BreakState | None = None,
    after: str = "",
    limit: int = 100,
) -> list[OpenedBreak]:
    """The breaks of one partner, in one state; where one is not named, of all."""
    return [_opened_break(row) for row in await pool.fetch(Q.breaks, now, partner_id, state, after, limit)]


async def break_notes(pool: Pool, break_id: str, after: int, limit: int) -> list[BreakNote]:
    """All that was said and done about a break, in its order."""
    return [BreakNote(*row) for row in await pool.fetch(Q.break_notes, break_id, after, limit)]


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
