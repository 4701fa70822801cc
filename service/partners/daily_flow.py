"""The daily files in the database: a day is closed, its four files are made and signed, once; and they are looked up.

Closing is short: it numbers what is committed and says that the day is over. From then on what the files hold is fixed,
so they are made in a transaction of their own, and again after a crash. Rows pass through a cursor, some thousand at a
time, and the bytes are kept in pieces: a file of a million rows takes no more memory than one of ten thousand.
"""

import hashlib
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from service import ids
from service.db import Connection, Pool, load_queries
from service.engine.events import Told
from service.errors import Code, Refused
from service.event_type import EventType
from service.partners.events_store import number_all, tell_partner
from service.partners.layout_texts import Columns, columns_from, csv_head, csv_of
from service.partners.layouts import LAYOUT, FileType, file_name, settlement_of
from service.partners.manifest import Cut, DailyManifest, Tally
from service.partners.months_flow import Rows, make_month_of, require_kept
from service.partners.paying_flow import make_payouts
from service.partners.position import FundedPlan, PlanPosition
from service.partners.programme_flow import terms_at
from service.partners.programme_terms import payment_marks
from service.partners.signing import Signer
from service.partners.taking_part_flow import Partner, files_until, partners_of
from service.partners.telling_flow import Teller, told_to_partner

Q: Final = load_queries(Path(__file__).with_name("daily.sql"))

_ROWS_AT_ONCE: Final = 5_000  # some 50 ms of work, and a piece of less than a megabyte
_PATIENCE_S: Final = 600  # a day of a million events takes longer than a request's statement may
_MEMORY_MB: Final = 64  # of PostgreSQL, for each sort: what one plan comes to is some 100 bytes

_ORDER: Final = (FileType.POS, FileType.TXN, FileType.STL, FileType.CHG)  # changes are read from positions


# Making ---------------------------------------------------------------------------------------------------------------


async def make_day(
    pool: Pool, signer: Signer, programme_id: str, business_on: date, now: datetime
) -> list[DailyManifest]:
    """Close a programme's day and make its files; called again it answers the same and changes nothing.

    Days before it that have no files get theirs first, so that nothing is told out of its order. A partner that left
    and has no plans any more has none. Refused: NOT_FOUND; STATE_FORBIDS for a day that has not begun, or before the
    first that has files.
    """
    partners = await partners_of(pool, programme_id)
    if not partners:
        raise Refused(Code.NOT_FOUND, f"There is no programme {programme_id[:100]!r}.", "/programme_id")
    today = now.astimezone(ZoneInfo(partners[0].time_zone)).date()
    if business_on > today:
        raise Refused(Code.STATE_FORBIDS, f"{business_on} has not begun: it is {today}.", "/business_on")
    async with pool.acquire() as connection:
        for of in partners:
            await _close(connection, of, business_on, now)
            await make_closed(connection, signer, of)
        rows = await connection.fetch(Q.manifests_of_day, programme_id, None, business_on)
    if not rows:
        raise Refused(Code.STATE_FORBIDS, f"The files begin after {business_on}.", "/business_on")
    return [_manifest(row) for row in rows]


async def make_due_days(pool: Pool, signer: Signer, now: datetime) -> list[DailyManifest]:
    """Make the files of every day that has ended in its programme's time zone and has none yet."""
    made: list[DailyManifest] = []
    for of in await partners_of(pool, None):
        yesterday = now.astimezone(ZoneInfo(of.time_zone)).date() - timedelta(days=1)
        async with pool.acquire() as connection:
            if of.closed_until is None or of.closed_until < yesterday:
                await _close(connection, of, yesterday, now)
            made += await make_closed(connection, signer, of)
    return made


async def _close(connection: Connection, of: Partner, business_on: date, now: datetime) -> None:
    """Nothing enters the day, nor a day before it, any more."""
    await number_all(connection, of.partner_id)  # so that there is little left to do at once
    async with connection.transaction():
        await number_all(connection, of.partner_id)  # holds the feed: nobody else numbers until the end
        last_number = await connection.fetchval(Q.last_number, of.partner_id)
        before = await connection.fetchrow(Q.last_closing, of.programme_id, of.partner_id)
        business_on = min(business_on, await files_until(connection, of) or business_on)
        if before is not None:
            first = before["business_on"] + timedelta(days=1)
        else:
            first = await connection.fetchval(Q.first_filed, of.programme_id, of.partner_id) or business_on
        for ahead in range((business_on - first).days + 1):  # ids in the order of the days
            day = first + timedelta(days=ahead)
            file_id = ids.new_id(ids.FILE, ids.bucket_for(of.programme_id), int(now.timestamp() * 1000) + ahead)
            await connection.execute(Q.close_day, of.programme_id, of.partner_id, day, last_number, file_id, now)


async def make_closed(connection: Connection, signer: Signer, of: Partner) -> list[DailyManifest]:
    """Make the files of closed days that have none, in the order of the days, each day in one transaction."""
    made: list[DailyManifest] = []
    for day in await connection.fetch(Q.unmade_days, of.programme_id, of.partner_id):
        await make_month_of(connection, day["file_id"])
        async with connection.transaction():
            await connection.execute(Q.lock_partner, f"partners: files of {of.partner_id}")
            known = await connection.fetch(Q.manifests_of_day, of.programme_id, of.partner_id, day["business_on"])
            if not known:  # else somebody else has made them meanwhile
                made += await _make(connection, signer, of, day)
    return made


async def _make(connection: Connection, signer: Signer, of: Partner, day: asyncpg.Record) -> list[DailyManifest]:
    await connection.execute(f"set local statement_timeout = '{_PATIENCE_S}s'; set local work_mem = '{_MEMORY_MB}MB'")
    business_on = day["business_on"]
    file_ids = {kind: ids.derive(ids.FILE, day["file_id"], place) for place, kind in enumerate(FileType)}
    before = await connection.fetchval(Q.positions_before, of.programme_id, of.partner_id)
    mine = (of.programme_id, of.partner_id, business_on)
    positions, legs = file_ids[FileType.POS], file_ids[FileType.STL]
    await connection.execute(Q.write_positions, positions, *mine, before, timeout=_PATIENCE_S)
    terms = await terms_at(connection, of.programme_id, day["closed_at"])
    payments = [settlement_of(of.programme_id, business_on, mark) for mark in payment_marks(terms.netting, of.nth)]
    settlement_id = settlement_of(of.programme_id, business_on)
    await connection.execute(Q.write_legs, legs, *mine, settlement_id, *payments, timeout=_PATIENCE_S)
    of_kind: dict[FileType, tuple[str, tuple[Any, ...]]] = {
        FileType.TXN: (Q.txn_rows, (*mine, settlement_id)),
        FileType.POS: (Q.pos_rows, (positions,)),
        FileType.STL: (Q.stl_rows, (legs,)),
        FileType.CHG: (Q.chg_rows, (positions, before)),
    }
    made = []
    for kind in _ORDER:
        file = _Writing(connection, file_ids[kind], kind)
        statement, arguments = of_kind[kind]
        cursor = await connection.cursor(statement, *arguments, timeout=_PATIENCE_S)
        while batch := await cursor.fetch(_ROWS_AT_ONCE):
            rows = await _with_reasons(connection, batch) if kind is FileType.CHG else batch
            await file.add(columns_from(kind, rows))
        made.append(await _keep(connection, signer, file, of, day))
    await tell_partner(connection, of.partner_id, [_told(one, day["closed_at"]) for one in made])
    await make_payouts(connection, legs, terms.settles_on(business_on), day["closed_at"])
    return made


async def _with_reasons(connection: Connection, changes: list[asyncpg.Record]) -> list[tuple[Any, ...]]:
    """Changes of positions with what brought them about: time, on that day, or else what happened to the plan last."""
    places = {row["plan_id"]: row["bucket"] for row in changes if not row["is_time"]}
    facts: dict[str, tuple[str, date]] = {}
    if places:
        found = await connection.fetch(Q.last_facts, list(places.values()), list(places), timeout=_PATIENCE_S)
        facts = {row["plan_id"]: (row["fact"], row["effective_on"]) for row in found}
    rows = []
    for plan_id, field, old, new, _, is_time, business_on in changes:
        by_time = ("time", business_on)
        rows.append((plan_id, field, old, new, *(by_time if is_time else facts.get(plan_id, by_time))))
    return rows


def _told(made: DailyManifest, at: datetime) -> Told:
    data = {
        "file_id": made.file_id, "programme_id": made.programme_id, "kind": made.type, "number": made.number,
        "business_on": made.business_on,
    }  # fmt: skip
    return told_to_partner(EventType.FILE_MADE, made.partner_id, Teller.DAY, data, at)


class _Writing:
    """A file that is being written, piece by piece, with what proves it. Same rows, same bytes."""

    def __init__(self, connection: Connection, file_id: str, kind: FileType) -> None:
        self._connection = connection
        self.file_id = file_id
        self.kind = kind
        self.tally = Tally(kind)
        self.hash = hashlib.sha256()
        self.size = 0
        self._pieces = 0

    async def add(self, columns: Columns) -> None:
        """Write rows; before the first of them the line of names."""
        self.tally.add(columns)
        await self._write(csv_of(self.kind, columns))

    async def end(self) -> None:
        """A file without rows has its first line, too."""
        if not self._pieces:
            await self._write("")

    async def _write(self, text: str) -> None:
        content = ((csv_head(self.kind) if not self._pieces else "") + text).encode()
        self._pieces += 1
        self.hash.update(content)
        self.size += len(content)
        await self._connection.execute(Q.insert_piece, self.file_id, self._pieces, content, timeout=_PATIENCE_S)


async def _keep(
    connection: Connection, signer: Signer, file: _Writing, of: Partner, day: asyncpg.Record
) -> DailyManifest:
    await file.end()
    last = await connection.fetchrow(Q.last_file, of.partner_id, file.kind)
    number, previous = (last["number"] + 1, last["sha256"]) if last else (1, None)
    manifest = DailyManifest(
        file_id=file.file_id, file=file_name(of.partner_id, file.kind, day["business_on"], number),
        partner_id=of.partner_id, programme_id=of.programme_id, type=file.kind, number=number,
        business_on=day["business_on"], layout=LAYOUT, records=file.tally.records, sums=file.tally.texts,
        hash_total=file.tally.hash_total, sha256=file.hash.hexdigest(), previous_sha256=previous and previous.hex(),
        bytes=file.size, cut=Cut(day["before"], day["last_number"]), made_at=day["closed_at"], key=signer.public_key,
    ).signed(signer)  # fmt: skip
    await connection.execute(
        Q.insert_daily_file, file.file_id, of.partner_id, of.programme_id, file.kind, number, day["business_on"],
        manifest.records, file.hash.digest(), previous, msgspec.json.encode(manifest).decode(),
    )  # fmt: skip
    return manifest


# Looking up: oldest first, the next page starts `after` the last id of this one ---------------------------------------


async def manifests(
    pool: Pool, partner_id: str, after: str, limit: int, kind: FileType | None = None, on: date | None = None
) -> list[DailyManifest]:
    """The manifests of a partner's files."""
    return [_manifest(row) for row in await pool.fetch(Q.daily_manifests, partner_id, after, kind, on, limit)]


async def manifest_of(pool: Pool, partner_id: str, file_id: str) -> DailyManifest:
    """What proves one file. Refused: NOT_FOUND."""
    row = await pool.fetchrow(Q.daily_manifest, partner_id, file_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no file {file_id[:100]!r}.", "/id")
    return _manifest(row)


async def pieces(pool: Pool, file_id: str) -> AsyncIterator[bytes]:
    """The bytes of a file, piece by piece; `require_kept` first. No connection is held between two of them."""
    piece = 1
    while (content := await pool.fetchval(Q.piece, file_id, piece)) is not None:
        yield content
        piece += 1


async def positions(pool: Pool, partner_id: str, as_of: date, after: str, limit: int) -> list[PlanPosition]:
    """Where each plan stood at the end of a day, by the last file of positions until then. Refused: NOT_KEPT."""
    files = [row["file_id"] for row in await pool.fetch(Q.files_as_of, partner_id, as_of)]
    await require_kept(pool, Rows.POSITIONS, files, "/as_of")
    return [PlanPosition(**row) for row in await pool.fetch(Q.positions_as_of, partner_id, as_of, after, limit)]


async def funded_plans(pool: Pool, partner_id: str, after: str, limit: int) -> list[FundedPlan]:
    """The plans of which the partner has or had a share, in the order they were opened, by all its events."""
    return [FundedPlan(**row) for row in await pool.fetch(Q.funded_plans, partner_id, after, limit)]


def _manifest(row: asyncpg.Record) -> DailyManifest:
    return msgspec.json.decode(row["manifest"], type=DailyManifest)
