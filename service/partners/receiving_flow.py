"""A file of the partner's comes in: read, held against its proof, and loaded whole, or refused and listed.

Reading goes on in a thread, some thousand rows at a time, and what was read is copied into the table at once: however
large a file is, only so much of it is in memory. All of it is one transaction: of a file that is refused nothing stays.
"""

import asyncio
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from msgspec import Struct

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.event_type import EventType
from service.partners.events_store import tell_partner
from service.partners.layout_texts import columns_of_rows
from service.partners.layouts import Ack, Row
from service.partners.manifest import Tally
from service.partners.months_flow import make_month_of
from service.partners.received import (
    PartnersFile,
    Proof,
    ReceivedFile,
    ReceivedState,
    ReceivedType,
    Signing,
    require_proven,
    require_signed,
)
from service.partners.receiving import refuse, rows_of
from service.partners.telling_flow import Teller, told_to_partner

Q: Final = load_queries(Path(__file__).with_name("receiving.sql"))

_ROWS_AT_ONCE: Final = 2_000  # some 30 ms of work in the thread
_PATIENCE_S: Final = 60

_TABLES: Final = {
    ReceivedType.TXN: "partner_their_events",
    ReceivedType.POS: "partner_their_positions",
    ReceivedType.STL: "partner_their_legs",
    ReceivedType.CHG: "partner_their_changes",
    ReceivedType.ACK: "partner_acks",
}
_COLUMNS: Final = {"bucket": "age_bucket"}  # of a row, where the table calls it otherwise
_DERIVED: Final = {"side"}  # follows from the amounts


class Sent(Struct, frozen=True):
    """What a file was sent as, and the file."""

    partner_id: str
    programme_id: str
    kind: ReceivedType
    business_on: date
    proof: Proof
    file: BinaryIO
    size: int
    sha256: bytes
    ends_a_line: bool


async def load(connection: Connection, sent: Sent, now: datetime) -> ReceivedFile:
    """Load a file; the one of the same programme, type and day that was loaded before no longer counts.

    In the caller's transaction, which is given up where it is refused. Refused: with one of the codes of a file.
    """
    await connection.execute(Q.lock_received, f"partners: received of {sent.partner_id}")
    await connection.execute(f"set local statement_timeout = '{_PATIENCE_S}s'")
    await _require_their_turn(connection, sent, now)
    file_id = ids.new_id(ids.FILE, ids.bucket_for(sent.partner_id), int(now.timestamp() * 1000))
    await make_month_of(connection, file_id)
    tally = Tally(sent.kind)
    sent.file.seek(0)
    rows = rows_of(sent.file, sent.kind, sent.business_on)
    while batch := await asyncio.to_thread(_batch, rows, sent.kind, tally):
        if sent.kind is ReceivedType.ACK:
            batch = await _ours(connection, sent.partner_id, batch)
        records = [(file_id, line, *_record(row)) for line, row in batch]
        await connection.copy_records_to_table(
            _TABLES[sent.kind], records=records, columns=["file_id", "line", *_columns_of(batch[0][1])],
            timeout=_PATIENCE_S,
        )  # fmt: skip
    require_proven(sent.proof, sent.kind, tally, sent.sha256.hex(), ends_a_line=sent.ends_a_line)
    await _require_credible(connection, sent, tally)
    if sent.kind is not ReceivedType.ACK:
        await connection.execute(Q.supersede, sent.programme_id, sent.partner_id, sent.kind, sent.business_on, now)
    await _note(connection, sent, file_id, ReceivedState.LOADED, tally, now)
    await _tell(connection, EventType.FILE_RECEIVED, sent, file_id, now)
    return _received(await connection.fetchrow(Q.received_file, sent.partner_id, file_id))


async def preview(connection: Connection, sent: Sent, now: datetime) -> ReceivedFile:
    """What `load` would do, which is done and taken back."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        return await load(connection, sent, now)
    finally:
        await transaction.rollback()


async def note_refusal(connection: Connection, sent: Sent, refused: Refused, now: datetime) -> None:
    """List a file that was refused."""
    file_id = ids.new_id(ids.FILE, ids.bucket_for(sent.partner_id), int(now.timestamp() * 1000))
    await _note(connection, sent, file_id, ReceivedState.REFUSED, Tally(sent.kind), now, refused)
    await _tell(connection, EventType.FILE_REFUSED, sent, file_id, now, reason=refused.code, words=refused.detail)


async def _tell(
    connection: Connection, type_: EventType, sent: Sent, file_id: str, now: datetime, **more: str
) -> None:  # fmt: skip
    data = {
        "file_id": file_id, "programme_id": sent.programme_id, "kind": sent.kind, "business_on": sent.business_on
    } | more  # fmt: skip
    told = told_to_partner(type_, sent.partner_id, Teller.PARTNER, data, now)
    await tell_partner(connection, sent.partner_id, [told])


def _batch(rows: Any, kind: ReceivedType, tally: Tally) -> list[tuple[int, Row]]:
    batch = list(islice(rows, _ROWS_AT_ONCE))
    tally.add(columns_of_rows(kind, [row for _, row in batch]))
    return batch


async def _require_their_turn(connection: Connection, sent: Sent, now: datetime) -> None:
    """Refused: WRONG_PARTNER, WRONG_SIGNATURE, WRONG_DAY, DUPLICATE_FILE, WRONG_SEQUENCE."""
    agreed = await connection.fetchrow(Q.participant, sent.programme_id, sent.partner_id)
    if agreed is None:
        refuse(f"You take no part in a programme {sent.programme_id[:60]!r}.", Code.WRONG_PARTNER)
    signing = msgspec.json.decode(agreed["participant"], type=Signing)
    require_signed(sent.proof.signature, sent.sha256, signing)
    if sent.business_on > now.astimezone(ZoneInfo(agreed["time_zone"])).date():
        refuse(f"{sent.business_on} has not begun.", Code.WRONG_DAY)
    known = await _same_bytes(connection, sent)
    if known is not None and known["is_of_that_day"]:
        refuse(f"The very same file was loaded as {sent.kind} of {sent.business_on}.", Code.DUPLICATE_FILE)
    last = await connection.fetchval(Q.last_number, sent.partner_id, sent.kind)
    number = sent.proof.number
    if number is not None and last is not None and number != last + 1:
        refuse(f"It is number {number} of your {sent.kind} files, and the last was {last}.", Code.WRONG_SEQUENCE)


async def _require_credible(connection: Connection, sent: Sent, tally: Tally) -> None:
    """Two days on which nothing moved have the same bytes: then ours are alike, too.

    Refused: CUT_SHORT where it has no rows, and ours of the day has some; DUPLICATE_FILE and WRONG_DAY where it looks
    like another day's.
    """
    if sent.proof.confirmed or sent.kind is ReceivedType.ACK:
        return
    ours = await connection.fetchrow(Q.our_file, sent.programme_id, sent.partner_id, sent.kind, sent.business_on)
    if ours is not None and ours["records"] and not tally.records:
        refuse(f"The file has no rows, and ours of this day has {ours['records']}. {_CONFIRM}", Code.CUT_SHORT)
    if not tally.records or (
        ours is not None and ours["records"] == tally.records and msgspec.json.decode(ours["sums"]) == tally.texts
    ):
        return
    if known := await _same_bytes(connection, sent):
        sentence = f"The very same file was loaded as {known['type']} of {known['business_on']}. {_CONFIRM}"
        refuse(sentence, Code.DUPLICATE_FILE)
    sums = msgspec.json.encode(tally.texts).decode()
    alike_on = await connection.fetchval(
        Q.day_alike, sent.programme_id, sent.partner_id, sent.kind, tally.records, sums, sent.business_on
    )
    if alike_on is not None:
        refuse(f"The file has the count and the sums of ours of {alike_on}. {_CONFIRM}", Code.WRONG_DAY)


async def _same_bytes(connection: Connection, sent: Sent) -> asyncpg.Record | None:
    """A file with the same bytes that counts: of the same programme, type and day, where there is one."""
    return await connection.fetchrow(
        Q.same_bytes, sent.partner_id, sent.sha256, sent.programme_id, sent.kind, sent.business_on
    )


_CONFIRM: Final = "If it is right, send it with confirmed=true."


async def _ours(connection: Connection, partner_id: str, batch: list[tuple[int, Row]]) -> list[tuple[int, Row]]:
    """Answers by the ids of our files; they may name them by their names."""
    named = {row.file_id for _, row in batch if isinstance(row, Ack)}
    found = {row["said"]: row["file_id"] for row in await connection.fetch(Q.our_files, partner_id, list(named))}
    if unknown := named - found.keys():
        refuse(f"We sent you no file {min(unknown)[:80]!r}.", Code.INVALID_FILE)
    return [
        (line, msgspec.structs.replace(row, file_id=found[row.file_id])) for line, row in batch if isinstance(row, Ack)
    ]


def _columns_of(row: Row) -> list[str]:
    if isinstance(row, Ack):
        return ["of_file", "of_line", "code", "partner_value"]
    return [_COLUMNS.get(name, name) for name in row.__struct_fields__ if name not in _DERIVED]


def _record(row: Row) -> list[Any]:
    return [getattr(row, name) for name in row.__struct_fields__ if name not in _DERIVED]


async def _note(
    connection: Connection, sent: Sent, file_id: str, state: ReceivedState, tally: Tally, now: datetime,
    refused: Refused | None = None,
) -> None:  # fmt: skip
    await connection.execute(
        Q.insert_received, file_id, sent.partner_id, sent.programme_id, sent.kind, sent.business_on, sent.proof.number,
        state, refused and refused.code, refused and refused.detail, tally.records,
        msgspec.json.encode(tally.sums).decode(), sent.sha256, sent.size, now,
    )  # fmt: skip


# What becomes of it ---------------------------------------------------------------------------------------------------


async def withdraw(connection: Connection, partner_id: str, file_id: str, now: datetime) -> ReceivedFile:
    """Take a loaded file back: its rows no longer count. Refused: NOT_FOUND, STATE_FORBIDS."""
    known = await connection.fetchrow(Q.hold_received, partner_id, file_id)
    if known is None:
        raise Refused(Code.NOT_FOUND, f"There is no file {file_id[:100]!r}.", "/id")
    if known["state"] != ReceivedState.LOADED:
        raise Refused(Code.STATE_FORBIDS, f"The file is {known['state']}: there is nothing to take back.", "/id")
    await connection.execute(Q.withdraw, file_id, now)
    withdrawn = _received(await connection.fetchrow(Q.received_file, partner_id, file_id))
    data = {
        "file_id": file_id, "programme_id": withdrawn.programme_id, "kind": withdrawn.type,
        "business_on": withdrawn.business_on,
    }  # fmt: skip
    told = told_to_partner(EventType.FILE_WITHDRAWN, partner_id, Teller.PARTNER, data, now)
    await tell_partner(connection, partner_id, [told])
    return withdrawn


async def received_files(
    pool: Pool, partner_id: str, after: str, limit: int, state: ReceivedState | None
) -> list[ReceivedFile]:
    """The partner's files, the oldest first."""
    return [_received(row) for row in await pool.fetch(Q.received_files, partner_id, after, limit, state)]


async def files_of_partners(
    pool: Pool, partner_id: str | None, after: str, limit: int, state: ReceivedState | None
) -> list[PartnersFile]:
    """The same of a partner, or of all."""
    rows = await pool.fetch(Q.received_files, partner_id, after, limit, state)
    return [PartnersFile(partner_id=row["partner_id"], **_said_of(row)) for row in rows]


def _received(row: asyncpg.Record | None) -> ReceivedFile:
    assert row is not None
    return ReceivedFile(**_said_of(row))


def _said_of(row: asyncpg.Record) -> dict[str, Any]:
    """What a row says of a file, by field."""
    return {name: row[name] for name in ReceivedFile.__struct_fields__} | {
        "sums": msgspec.json.decode(row["sums"]),
        "sha256": row["sha256"].hex(),
        "type": ReceivedType(row["type"]),
        "state": ReceivedState(row["state"]),
        "fault": row["fault"] and Code(row["fault"]),
    }
