"""The partner's files in the database: making ours, and looking them up.

Each effect is unique by a key (programme and day), so that calling again changes nothing.
"""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.partners.file import Amounts, FileWriter, Manifest, Row, proving_totals
from service.partners.position import FundedPlan, Position

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))

_ROWS_AT_ONCE: Final = 2_000  # some 10 ms of work: other requests get their turn in between
_PATIENCE_S: Final = 300  # a day's file may take longer than a request's statement may

# Who they are ---------------------------------------------------------------------------------------------------------


async def take_on(connection: Connection, partner_id: str, name: str, now: datetime) -> None:
    """A new partner."""
    await connection.execute(Q.insert_partner, partner_id, name, now)


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


def _new_id(prefix: str, owner: str, now: datetime) -> str:
    return ids.new_id(prefix, ids.bucket_for(owner), int(now.timestamp() * 1000))


async def _lock(connection: Connection, name: str) -> None:
    await connection.execute(Q.lock, f"partners:{name}")
