"""The files of closed days as they are written: day after day in one transaction, for as long as the days are small.

Most days of a partner have few rows, and after a service was away there are many such days. So what they have in common
is asked for once, and what is kept of them is written together. A day with more rows than are read at once has a
transaction of its own.
"""

import hashlib
from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import Struct

from service import ids
from service.db import Connection, load_queries
from service.engine.events import Told
from service.event_type import EventType
from service.partners.events_store import tell_partner
from service.partners.layout_texts import Columns, columns_from, csv_head, csv_of
from service.partners.layouts import LAYOUT, FileType, file_name, settlement_of
from service.partners.manifest import Cut, DailyManifest, Tally
from service.partners.paying_flow import make_payouts
from service.partners.programme_flow import terms_at
from service.partners.programme_terms import payment_marks
from service.partners.signing import Signer
from service.partners.taking_part_flow import Partner
from service.partners.telling_flow import Teller, told_to_partner
from service.statement import Int, Json, Statement

Q: Final = load_queries(Path(__file__).with_name("daily.sql"))

ROWS_AT_ONCE: Final = 5_000  # some 50 ms of work, and a piece of less than a megabyte
_PATIENCE_S: Final = 600  # a day of a million events takes longer than a request's statement may
_MEMORY_MB: Final = 64  # of PostgreSQL, for each sort: what one plan comes to is some 100 bytes


class KeptFile(Struct, frozen=True):
    """A row of `daily_files`."""

    file_id: str
    partner_id: str
    programme_id: str
    type: FileType
    number: Int
    business_on: date
    records: Int
    sha256: bytes
    previous_sha256: bytes | None
    manifest: Json


KEEP_FILES: Final = Statement(Q.insert_daily_files, kept=KeptFile)


class Filing:
    """Days of one partner, in their order, in the transaction of the caller, who holds the partner's lock."""

    def __init__(self, connection: Connection, signer: Signer, of: Partner) -> None:
        self._connection = connection
        self._signer = signer
        self._of = of
        self._before: str | None = None  # the last file of positions of the programme
        self.until: date | None = None  # ... and its day: until then all have files
        self._last: dict[str, tuple[int, bytes]] = {}  # by type: the number of the partner's last file, and its hash
        self._rows = 0  # of all files so far, and one for each file
        self._made: list[DailyManifest] = []
        self._kept: list[KeptFile] = []
        self._pieces: list[tuple[str, int, bytes]] = []
        self._told: list[Told] = []
        self._owed: list[tuple[str, date, datetime]] = []  # files STL with rows, when they are paid, and made

    @property
    def is_full(self) -> bool:
        """Whether it has so many rows that the next day had better be in a transaction of its own."""
        return self._rows >= ROWS_AT_ONCE

    async def begin(self) -> None:
        """Finds where the files end."""
        patience = f"set local statement_timeout = '{_PATIENCE_S}s'; set local work_mem = '{_MEMORY_MB}MB'"
        await self._connection.execute(patience)
        if before := await self._connection.fetchrow(Q.positions_before, self._of.programme_id, self._of.partner_id):
            self._before, self.until = before
        for kind, number, sha256 in await self._connection.fetch(Q.last_files, self._of.partner_id, list(FileType)):
            self._last[kind] = number, sha256

    async def make(self, day: asyncpg.Record) -> None:
        """The four files of a day. Whatever happens to a plan gives it a position of the day: where there is none,
        nothing happened, and where nothing happened, nothing is to be paid."""
        mine = (self._of.programme_id, self._of.partner_id, day["business_on"])
        positions, legs = (_file_id(day, kind) for kind in (FileType.POS, FileType.STL))
        before, self._before = self._before, positions
        written = await self._connection.execute(Q.write_positions, positions, *mine, before, timeout=_PATIENCE_S)
        plans = int(written.split()[-1])
        settlement_id = settlement_of(self._of.programme_id, day["business_on"])
        await self._file(day, FileType.POS, plans, Q.pos_rows, positions)
        happened = await self._file(day, FileType.TXN, plans, Q.txn_rows, *mine, settlement_id)
        if happened:
            await self._owe(day, legs, mine, settlement_id)
        await self._file(day, FileType.STL, plans if happened else 0, Q.stl_rows, legs)
        await self._file(day, FileType.CHG, plans if before else 0, Q.chg_rows, positions, before)

    async def end(self) -> list[DailyManifest]:
        """Writes what was not written yet; the manifests of all files that were made."""
        await self._write_pieces()
        if self._kept:
            await KEEP_FILES.execute(self._connection, kept=self._kept)
        await tell_partner(self._connection, self._of.partner_id, self._told)
        for legs, pays_on, made_at in self._owed:
            await make_payouts(self._connection, legs, pays_on, made_at)
        return self._made

    async def _owe(self, day: asyncpg.Record, legs: str, mine: tuple[str, str, date], settlement_id: str) -> None:
        """What is to be paid for a day."""
        business_on, closed_at = day["business_on"], day["closed_at"]
        terms = await terms_at(self._connection, self._of.programme_id, closed_at)
        marks = payment_marks(terms.netting, self._of.nth)
        payments = [settlement_of(self._of.programme_id, business_on, mark) for mark in marks]
        await self._connection.execute(Q.write_legs, legs, *mine, settlement_id, *payments, timeout=_PATIENCE_S)
        self._owed.append((legs, terms.settles_on(business_on), closed_at))

    async def _file(self, day: asyncpg.Record, kind: FileType, plans: int, statement: str, *given: Any) -> int:
        """One file, of a day on which so many plans have a position; how many rows it has."""
        file = _Writing(kind)
        async for batch in _batches(self._connection, plans, statement, given):
            rows = await _with_reasons(self._connection, batch) if kind is FileType.CHG else batch
            self._pieces.append((_file_id(day, kind), *file.add(columns_from(kind, rows))))
            if len(batch) == ROWS_AT_ONCE:
                await self._write_pieces()
        if not file.pieces:
            self._pieces.append((_file_id(day, kind), *file.write("")))
        self._keep(day, file)
        return file.tally.records

    async def _write_pieces(self) -> None:
        if self._pieces:
            columns = [list(column) for column in zip(*self._pieces, strict=True)]
            await self._connection.execute(Q.insert_pieces, *columns, timeout=_PATIENCE_S)
            self._pieces.clear()

    def _keep(self, day: asyncpg.Record, file: "_Writing") -> None:
        """The manifest of a file that is written, chained to the one before."""
        of, last = self._of, self._last.get(file.kind)
        number, previous = (last[0] + 1, last[1]) if last else (1, None)
        manifest = DailyManifest(
            file_id=_file_id(day, file.kind), file=file_name(of.partner_id, file.kind, day["business_on"], number),
            partner_id=of.partner_id, programme_id=of.programme_id, type=file.kind, number=number,
            business_on=day["business_on"], layout=LAYOUT, records=file.tally.records, sums=file.tally.texts,
            hash_total=file.tally.hash_total, sha256=file.hash.hexdigest(),
            previous_sha256=previous.hex() if previous else None, bytes=file.size,
            cut=Cut(day["before"], day["last_number"]), made_at=day["closed_at"], key=self._signer.public_key,
        ).signed(self._signer)  # fmt: skip
        self._last[file.kind] = number, file.hash.digest()
        self._kept.append(
            KeptFile(
                manifest.file_id, of.partner_id, of.programme_id, file.kind, number, manifest.business_on,
                manifest.records, file.hash.digest(), previous, msgspec.json.encode(manifest).decode(),
            )
        )  # fmt: skip
        self._told.append(_told(manifest))
        self._made.append(manifest)
        self._rows += 1 + manifest.records


class _Writing:
    """A file that is being written, piece by piece, with what proves it. Same rows, same bytes."""

    def __init__(self, kind: FileType) -> None:
        self.kind = kind
        self.tally = Tally(kind)
        self.hash = hashlib.sha256()
        self.size = 0
        self.pieces = 0

    def add(self, columns: Columns) -> tuple[int, bytes]:
        """The next rows: the number of their piece, and the piece."""
        self.tally.add(columns)
        return self.write(csv_of(self.kind, columns))

    def write(self, text: str) -> tuple[int, bytes]:
        """The next piece; the first begins with the line of names, in a file without rows, too."""
        content = ((csv_head(self.kind) if not self.pieces else "") + text).encode()
        self.pieces += 1
        self.hash.update(content)
        self.size += len(content)
        return self.pieces, content


async def _batches(
    connection: Connection, plans: int, statement: str, given: tuple[Any, ...]
) -> AsyncIterator[list[asyncpg.Record]]:
    """The rows of a file: at once where few plans have a position, some thousand at a time where many have."""
    if 0 < plans <= ROWS_AT_ONCE:
        if rows := await connection.fetch(statement, *given, timeout=_PATIENCE_S):
            yield rows
    elif plans:
        cursor = await connection.cursor(statement, *given, timeout=_PATIENCE_S)
        while batch := await cursor.fetch(ROWS_AT_ONCE):
            yield batch


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


def _file_id(day: asyncpg.Record, kind: FileType) -> str:
    return ids.derive(ids.FILE, day["file_id"], list(FileType).index(kind))


def _told(made: DailyManifest) -> Told:
    data = {
        "file_id": made.file_id, "programme_id": made.programme_id, "kind": made.type, "number": made.number,
        "business_on": made.business_on,
    }  # fmt: skip
    return told_to_partner(EventType.FILE_MADE, made.partner_id, Teller.DAY, data, made.made_at)
