"""The daily files in the database: a day is closed, its four files are made and signed, once; and they are looked up.

Closing is short: it numbers what is committed and says that the day is over. From then on what the files hold is fixed,
so they are made in a later transaction, and again after a crash. Where they are many, rows pass through a cursor, some
thousand at a time, and the bytes are kept in pieces: a file of a million rows takes no more memory than one of ten
thousand.
"""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.partners.events_store import number_all
from service.partners.filing_flow import Filing
from service.partners.layouts import FileType
from service.partners.manifest import DailyManifest
from service.partners.months_flow import Rows, make_month_of, require_kept
from service.partners.position import FundedPlan, PlanPosition
from service.partners.signing import Signer
from service.partners.taking_part_flow import Partner, files_until, partners_of

Q: Final = load_queries(Path(__file__).with_name("daily.sql"))


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
        bucket, now_ms = ids.bucket_for(of.programme_id), int(now.timestamp() * 1000)
        ahead = range((business_on - first).days + 1)
        days = [first + timedelta(days=number) for number in ahead]
        file_ids = [ids.new_id(ids.FILE, bucket, now_ms + number) for number in ahead]  # in the order of the days
        await connection.execute(Q.close_days, of.programme_id, of.partner_id, days, file_ids, last_number, now)


async def make_closed(connection: Connection, signer: Signer, of: Partner) -> list[DailyManifest]:
    """Make the files of closed days that have none, in the order of the days; small days share a transaction."""
    made: list[DailyManifest] = []
    days = await connection.fetch(Q.unmade_days, of.programme_id, of.partner_id)
    for file_id in {_month_of(day["file_id"]): day["file_id"] for day in days}.values():
        await make_month_of(connection, file_id)
    while days:
        async with connection.transaction():
            await connection.execute(Q.lock_partner, f"partners: files of {of.partner_id}")
            filing = Filing(connection, signer, of)
            await filing.begin()
            if filing.until is not None:  # else somebody else has made them meanwhile
                days = [day for day in days if day["business_on"] > filing.until]
            while days and not filing.is_full:
                await filing.make(days.pop(0))
            made += await filing.end()
    return made


def _month_of(file_id: str) -> tuple[int, int]:
    at = datetime.fromtimestamp(ids.made_at_ms(file_id) / 1000, UTC)
    return at.year, at.month


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
