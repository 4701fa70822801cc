"""The rows of files leave by the month and harm nothing else: what stays is found, what left is said to have left."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from service import db, ids
from service.config import Settings
from service.db import Connection, Pool, run_checks
from service.errors import Code, Refused
from service.jobs.retention import Keep, forget, keep_of
from service.migrations import grant, load_migrations, migrate
from service.partners import daily_flow as daily
from service.partners.layouts import FileType
from service.partners.manifest import DailyManifest
from service.partners.months_flow import Rows, forget_month, make_month_of, require_kept
from tests.partners.ledger import PARTNER, PROGRAMME, FundedPlan, evening, open_world
from tests.partners.test_daily_files import SIGNER, content

JANUARY, ITS_LAST, FEBRUARY, MARCH = date(2022, 1, 30), date(2022, 1, 31), date(2022, 2, 1), date(2022, 3, 15)
LONG = timedelta(days=36_500)
SECRET = "a" * 32


def keeping(**rows: timedelta) -> Keep:
    """Only of these rows something leaves."""
    rest = dict.fromkeys(Keep.__struct_fields__, LONG)
    return Keep(**rest | rows)


@pytest.fixture
async def serving(settings: Settings, pool: Pool) -> AsyncIterator[Pool]:
    """As the worker connects."""
    serving = await db.open_pool(settings.database_url or "", size=3)
    yield serving
    await serving.close()


async def made(pool: Pool, on: date) -> dict[FileType, DailyManifest]:
    return {one.type: one for one in await daily.make_day(pool, SIGNER, PROGRAMME, on, evening(on))}


async def lived(pool: Pool, *days: date) -> dict[date, dict[FileType, DailyManifest]]:
    """A plan that is captured on the first of these days, and pays 10.00 on each."""
    async with pool.acquire() as conn:
        await open_world(conn, on=days[0])
        plan = await FundedPlan(1).authorize(conn)
        await plan.capture(conn, 90_000, days[0])
    files = {}
    for on in days:
        async with pool.acquire() as conn:
            await plan.pay(conn, 1_000, 0, on)
        files[on] = await made(pool, on)
    return files


async def months_of(pool: Pool | Connection, table: str) -> list[str]:
    rows = await pool.fetch("select name from months where of_table = $1 order by name", table)
    return [row["name"].removeprefix(table + "_") for row in rows]


async def closings(pool: Pool, on: date) -> list[tuple[date, int]]:
    """What is told of positions on a day: the day of the file, and what was closed with."""
    return [(one.business_on, one.closing) for one in await daily.positions(pool, PARTNER, on, "", 9)]


async def wrong(pool: Pool) -> list[str]:
    async with pool.acquire() as conn:
        return [
            one.name for one in await run_checks(conn) if one.rows and one.name.startswith(("daily", "closed_days"))
        ]


async def test_positions_leave_with_their_month_and_the_files_that_hold_the_same_stay(
    pool: Pool, serving: Pool
) -> None:
    files = await lived(pool, JANUARY, ITS_LAST, FEBRUARY, MARCH)
    assert await months_of(pool, "daily_positions") == ["2022_01", "2022_02", "2022_03"]
    keep, january = keeping(positions=timedelta(days=400)), datetime(2022, 2, 1, tzinfo=UTC)
    edge = january + timedelta(days=400)
    assert (await forget(serving, keep, SECRET, edge - timedelta(milliseconds=1))).months == 0
    assert await closings(pool, JANUARY) == [(JANUARY, 623_00)]
    done = await forget(serving, keep, SECRET, edge)
    assert done.months == 1
    assert (await forget(serving, keep, SECRET, edge)).months == 0
    assert (await months_of(pool, "daily_positions"))[0] == "2022_02"
    for on in (JANUARY, ITS_LAST):
        with pytest.raises(Refused) as refused:
            await closings(pool, on)
        assert (refused.value.code, refused.value.status, refused.value.pointer) == (Code.NOT_KEPT, 410, "/as_of")
        assert "Positions are kept from 2022-02-01 on" in refused.value.detail
        assert str((files[on][FileType.POS]).file_id) in refused.value.detail
        assert b",623.00," in await content(pool, files[JANUARY][FileType.POS])
    assert await closings(pool, FEBRUARY) == [(FEBRUARY, 609_00)]
    assert (
        await closings(pool, JANUARY - timedelta(days=1)) == []
    )  # before the first there are none, and none have left
    assert await wrong(pool) == []
    assert await made(pool, JANUARY) == files[JANUARY]  # it is not made again


async def test_the_last_positions_stay_however_old_and_the_next_day_begins_with_them(pool: Pool, serving: Pool) -> None:
    await lived(pool, JANUARY, FEBRUARY)
    done = await forget(serving, keeping(positions=timedelta(days=31)), SECRET, datetime(2500, 1, 1, tzinfo=UTC))
    assert done.months == 1
    assert "2022_02" in await months_of(pool, "daily_positions")
    later = await made(pool, MARCH)
    assert later[FileType.POS].records == 1
    assert await closings(pool, MARCH) == [(MARCH, 616_00)]
    assert await wrong(pool) == []


async def test_a_check_finds_what_is_wrong_in_what_was_kept(pool: Pool, serving: Pool) -> None:
    await lived(pool, JANUARY, FEBRUARY, MARCH)
    await pool.execute("update kept_at_least set months = 1 where what = 'files'")
    await forget(serving, keeping(positions=timedelta(days=31), files=timedelta(days=31)), SECRET, evening(MARCH))
    assert await wrong(pool) == []
    await pool.execute("alter table daily_positions disable trigger user")
    await pool.execute(
        "update daily_positions set opening = opening + 1, closing = closing + 1 where business_on = $1", MARCH
    )
    assert await wrong(pool) == ["daily_positions_follow_each_other"]


async def test_bytes_leave_and_their_manifests_stay(pool: Pool, serving: Pool) -> None:
    files = await lived(pool, JANUARY, FEBRUARY)
    await pool.execute("update kept_at_least set months = 1 where what = 'files'")
    done = await forget(serving, keeping(files=timedelta(days=31)), SECRET, datetime(2022, 3, 5, tzinfo=UTC))
    assert done.months == 1
    old, new = files[JANUARY][FileType.TXN], files[FEBRUARY][FileType.TXN]
    with pytest.raises(Refused) as refused:
        await require_kept(pool, Rows.FILES, [old.file_id], "/id")
    assert (refused.value.code, refused.value.pointer) == (Code.NOT_KEPT, "/id")
    await require_kept(pool, Rows.FILES, [new.file_id])
    assert await content(pool, new)
    assert await daily.manifest_of(pool, PARTNER, old.file_id) == old
    assert await wrong(pool) == []  # the chain of what is left goes on, and that of the manifests is whole


async def test_nothing_leaves_that_is_younger_than_whoever_migrated_was_told(pool: Pool, serving: Pool) -> None:
    async with serving.acquire() as conn:
        for rows in Rows:
            young = ids.new_id(ids.FILE, 0, int((datetime.now(UTC) - timedelta(days=330)).timestamp() * 1000))
            await make_month_of(conn, young)
            assert await forget_month(conn, rows, datetime(2500, 1, 1, tzinfo=UTC)) == 0
    await pool.execute("delete from kept_at_least where what = 'files'")
    async with serving.acquire() as conn:
        assert await forget_month(conn, Rows.FILES, datetime(2500, 1, 1, tzinfo=UTC)) == 0


async def test_who_serves_cannot_reach_past_what_may_be_forgotten(settings: Settings, pool: Pool) -> None:
    """Neither by what it may write, nor by a table of its own that is called as one of ours."""
    if settings.database_url == settings.migrate_url:
        pytest.skip("the server that was given has one role for both")
    young = ids.new_id(ids.FILE, 0, int((datetime.now(UTC) - timedelta(days=100)).timestamp() * 1000))
    async with pool.acquire() as conn:
        await make_month_of(conn, young)
    thief = await db.connect(settings.database_url or "")
    (month,) = await months_of(thief, "daily_file_pieces")
    for statement in (
        "insert into months_gone values ('files', 'fi_Z', now())",
        "update kept_at_least set months = 1",
        f"drop table daily_file_pieces_{month}",
        f"alter table daily_file_pieces detach partition daily_file_pieces_{month}",
        f"select 1 from daily_file_pieces_{month}",
        f"delete from daily_file_pieces_{month}",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await thief.execute(statement)
    await thief.execute("create temp table kept_at_least (what text, months int, source text)")
    await thief.execute("insert into pg_temp.kept_at_least select what, 1, '' from public.kept_at_least")
    for what in ("decisions", "enquiries"):
        assert await thief.fetch(f"select * from forget_{what}(0::smallint, '', '~', 9)") == []
    assert await thief.fetchval("select forget_month('files', now())") == 0
    owners = await pool.fetch(
        "select proname from pg_proc where prosecdef and pronamespace = 'public'::regnamespace"
        " and not coalesce(array_to_string(proconfig, ' '), '') ~ 'search_path=public, pg_temp'"
    )
    assert owners == []
    await thief.close()


async def test_a_month_that_is_read_leaves_another_day(pool: Pool, serving: Pool) -> None:
    await lived(pool, JANUARY, FEBRUARY)
    keep, now = keeping(positions=timedelta(days=31)), datetime(2022, 3, 5, tzinfo=UTC)
    async with pool.acquire() as reader, reader.transaction():
        await reader.fetch("select * from daily_positions")
        assert (await forget(serving, keep, SECRET, now)).months == 0
        assert await closings(pool, JANUARY) != []
    assert (await forget(serving, keep, SECRET, now)).months == 1


async def test_ten_who_need_a_month_make_it_once_and_next_months_are_made_ahead(pool: Pool, serving: Pool) -> None:
    async def need(millisecond: int) -> None:
        async with pool.acquire() as conn:
            await make_month_of(conn, ids.new_id(ids.FILE, 0, millisecond))

    first = int(datetime(2031, 5, 1, tzinfo=UTC).timestamp() * 1000)
    await asyncio.gather(*(need(first + n // 5 - 1) for n in range(10)))  # five in April, five in May
    for table in ("daily_positions", "daily_file_pieces", "partner_their_events", "partner_acks"):
        assert await months_of(pool, table) == ["2031_04", "2031_05"]
    now = datetime(2031, 5, 2, tzinfo=UTC)
    await forget(serving, keep_of(Settings()), SECRET, now)
    assert await months_of(pool, "daily_positions") == ["2031_04", "2031_05", "2031_06"]


async def test_what_was_there_before_there_were_months_is_found_and_leaves_in_its_time(
    empty_database_url: str,
) -> None:
    """A filled database is migrated: nothing is copied, and what comes next goes to months of its own."""
    migrations = load_migrations()
    since = next(place for place, one in enumerate(migrations) if one.name == "months")
    rows = next(one.sql for one in migrations if one.name == "rows_as_sent")  # today's code sends such, and fills it
    async with await db.open_pool(empty_database_url, size=3) as pool:
        async with pool.acquire() as conn:
            await migrate(conn, migrations[:since])
            await conn.execute("create function make_month_of(text) returns void language sql as ''")
            await conn.execute("create function kept_from(text) returns text language sql as $$select ''$$")
            await conn.execute("insert into kept_at_least values ('decisions', 1, '')")
            await conn.execute(rows)
        files = await lived(pool, JANUARY, ITS_LAST, FEBRUARY)
        before = {on: await closings(pool, on) for on in files}
        bytes_before = await content(pool, files[JANUARY][FileType.POS])
        place = await pool.fetchval("select pg_relation_filenode('daily_positions')")
        await pool.execute("drop function make_month_of(text); drop function kept_from(text)")
        await pool.execute(";".join(f"drop type {name}" for name in re.findall(r"create type (\w+)", rows)))
    async with await db.open_pool(empty_database_url, size=3) as pool:
        async with pool.acquire() as conn:
            assert next(one.name for one in await migrate(conn, migrations)) == "months"
            await grant(conn)
            await conn.execute(
                "insert into kept_at_least select unnest(array['positions', 'files', 'received']), 1, ''"
            )
        assert await pool.fetchval("select pg_relation_filenode('daily_positions_first')") == place
        assert await months_of(pool, "daily_positions") == ["first"]
        assert await months_of(pool, "partner_their_events") == []  # it was empty
        assert {on: await closings(pool, on) for on in files} == before
        assert await content(pool, files[JANUARY][FileType.POS]) == bytes_before
        second = date(2022, 2, 2)
        await made(pool, second)  # the first partition goes to the end of February
        await made(pool, MARCH)
        assert await months_of(pool, "daily_positions") == ["2022_03", "first"]
        assert await wrong(pool) == []
        with pytest.raises(asyncpg.RestrictViolationError):
            await pool.execute("delete from daily_positions")
        async with pool.acquire() as conn:
            assert await forget_month(conn, Rows.POSITIONS, datetime(2022, 2, 28, tzinfo=UTC)) == 0
            assert await forget_month(conn, Rows.POSITIONS, datetime(2022, 3, 1, tzinfo=UTC)) == 1
        assert await months_of(pool, "daily_positions") == ["2022_03"]
        assert await wrong(pool) == []
