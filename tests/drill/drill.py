"""The drill: people shop, a backup is taken, a moment is noted, the server and its disk are lost. Then it is made
again, once as it was at the end and once as it was at the moment, and what was acknowledged is looked for.

What the merchant says was paid is held until it is proved, and rows of files stand in partitions by month, of which one
is dropped after the moment: these are looked for, too.
"""

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import httpx
import msgspec

from service import clock, config, db, ids, migrations
from service.app import create_app
from service.config import Settings
from service.db import Connection
from service.demo.seed import Demo, seed
from service.partners.months_flow import Rows, forget_month, make_month_of
from tests.chaos.trade import Shopper, Trade
from tests.drill.recovery import RECEIVER, Archive, back_up, restore
from tests.engine.postgres_host import Host
from tests.engine.processes import serving
from tests.flows.world import World

SHOPPERS = 4
CONSUMERS = 3
LONG_AGO = datetime(1990, 1, 15, tzinfo=UTC)  # longer than anything is kept
OLD_MONTH = "daily_file_pieces_1990_01"


class Found(msgspec.Struct, frozen=True):
    """What a restored database has."""

    lost: int  # writes that were acknowledged by then, and are not there
    too_much: int  # writes that were sent after the moment, and are there
    odd: list[str]  # months, pieces of files and held payments that are missing, or are there and should not be
    took_s: float  # from the backup to a server that takes writes
    check: int  # exit code of `tenor check --all`


class Drilled(msgspec.Struct, frozen=True):
    """What came of it."""

    acknowledged: int  # writes, until the server was lost
    before: int  # ... of them before the moment
    kept_pieces: int  # of files, at the moment
    kept_words: int  # payments that were held then
    at_the_end: Found
    at_the_moment: Found


async def drill(folder: Path, settings: Settings, writes: int) -> Drilled:
    """All of it, with so many writes before the backup, before the moment, and before the server is lost."""
    with a_primary(folder) as primary:
        reached = await prepared(primary, settings)
        archive = Archive(folder / "archive", primary)
        try:
            demo = await settled(primary, reached)
            trade = Trade([0, 0], demo.merchant_key)
            before, moment, kept = await shop_until_it_is_lost(primary, reached, demo, trade, folder / "backup", writes)
        finally:
            archive.stop()
        shutil.rmtree(primary.folder)  # its disk is lost with it
        at_the_end = await found_in(folder, archive, reached, "end", trade.acknowledged, set(), kept - {OLD_MONTH})
        sent_by_then = {write.key for write in trade.writes if write.sent <= moment.clock}
        after = {write.key for write in trade.writes} - sent_by_then
        at_the_moment = await found_in(folder, archive, reached, "moment", before, after, kept, moment.instant)
    pieces, words = sum(" " in one for one in kept), sum(one.startswith(f"{ids.PAYMENT}_") for one in kept)
    return Drilled(len(trade.acknowledged), len(before), pieces, words, at_the_end, at_the_moment)


class Moment(msgspec.Struct, frozen=True):
    """To which the database is to be put back."""

    instant: str  # by PostgreSQL's clock
    clock: float  # by that of the shoppers


@contextmanager
def a_primary(folder: Path) -> Iterator[Host]:
    """A server of its own, which the receiver of its log may reach."""
    with TemporaryDirectory(prefix="tenor-drill-") as run:
        primary = Host(folder / "primary", Path(run))
        primary.data.mkdir(parents=True)
        try:
            primary.make()
            primary.start()
            yield primary
        finally:
            primary.stop()


async def prepared(primary: Host, settings: Settings) -> Settings:
    """Migrated."""
    url = f"postgresql://%s:{primary.password}@127.0.0.1:{primary.port}/tenor"
    reached = msgspec.structs.replace(
        settings, database_url=url % "tenor_service", migrate_url=url % "tenor", sync_standbys=1, sandbox=False
    )
    connection = await db.connect(reached.owner_url)
    await migrations.migrate(connection, migrations.load_migrations())
    await migrations.grant(connection)
    await connection.close()
    return reached


async def settled(primary: Host, reached: Settings) -> Demo:
    """From now on a commit waits for the receiver of the log."""
    with (primary.folder / "postgresql.conf").open("a") as conf:
        conf.write(f"\nsynchronous_standby_names = '{RECEIVER}'\n")
    primary.reload()
    pool = await db.open_pool(reached.owner_url, size=2)
    try:
        async with asyncio.timeout(30):
            while await pool.fetchval("select current_setting('synchronous_standby_names')") != RECEIVER:
                await asyncio.sleep(0.1)
        demo = await seed(pool, reached)
        await pool.execute("update merchants set is_believed = false")
        return demo
    finally:
        await pool.close()


async def by_month(world: World) -> None:
    """A month that is long over, and this one with the bytes of a file."""
    async with world.pool.acquire() as conn:
        for at in (LONG_AGO, clock.now()):
            file_id = ids.new_id(ids.FILE, 0, int(at.timestamp() * 1000))
            await make_month_of(conn, file_id)
        await conn.execute("insert into daily_file_pieces values ($1, 1, 'some bytes')", file_id)


async def kept_in(connection: Connection | db.Pool) -> set[str]:
    """Months, what of our files stands in them, and payments that are held."""
    return {row["one"] for row in await connection.fetch(_KEPT)}


_KEPT = """
    select name as one from months where what = 'files'
    union all select file_id || ' ' || piece from daily_file_pieces
    union all select payment_id from held_words
"""


async def shop_until_it_is_lost(
    primary: Host, reached: Settings, demo: Demo, trade: Trade, backup: Path, writes: int
) -> tuple[set[str], Moment, set[str]]:
    """What was acknowledged before the moment, the moment, and what was kept by then."""
    pool = await db.open_pool(reached.owner_url, size=2)
    with serving(reached) as service:
        trade.ports = [service.settings.port] * 2
        async with httpx.AsyncClient(base_url=service.base_url, timeout=30) as http:
            world = World(http, demo, pool, create_app(reached))
            world.merchant.now = world.operator.now = None
            shoppers = []
            for number in range(SHOPPERS):
                own = [await world.consumer(limit=50_000_00) for _ in range(CONSUMERS)]
                shoppers.append(Shopper(trade, own, own, number))
            shopping = [asyncio.create_task(shopper.run()) for shopper in shoppers]
            await acknowledged(trade, writes)
            await asyncio.to_thread(back_up, primary, backup)
            await by_month(world)
            await acknowledged(trade, len(trade.acknowledged) + writes)
            kept = await kept_in(pool)
            before = set(trade.acknowledged)
            instant = await pool.fetchval("select clock_timestamp()::text")
            moment = Moment(instant, time.perf_counter())
            async with pool.acquire() as conn:
                assert await forget_month(conn, Rows.FILES, clock.now()) == 1
            await acknowledged(trade, len(trade.acknowledged) + writes)
            primary.strike()
            for task in shopping:
                task.cancel()
            await asyncio.gather(*shopping, return_exceptions=True)
            for shopper in shoppers:
                shopper.close()
        pool.terminate()
    return before, moment, kept


async def acknowledged(trade: Trade, writes: int) -> None:
    """Waits until so many are."""
    async with asyncio.timeout(120):
        while len(trade.acknowledged) < writes:
            await asyncio.sleep(0.02)


async def found_in(
    folder: Path, archive: Archive, reached: Settings, name: str, must: set[str], must_not: set[str],
    must_be: set[str], until: str = "",
) -> Found:  # fmt: skip
    """A server made again, and what it has: of writes, and of what was kept at the moment."""
    with TemporaryDirectory(prefix="tenor-again-") as run:
        began = clock.monotonic()
        made = restore(folder / "backup", archive, folder / name, Path(run), until)
        try:
            url = f"postgresql://%s:{made.password}@127.0.0.1:{made.port}/tenor"
            connection = await taking_writes(url % "tenor")
            took_s = clock.monotonic() - began
            kept = {row["key"] for row in await connection.fetch("select key from idempotency")}
            there = await kept_in(connection)
            odd = sorted(must_be - there) + sorted({OLD_MONTH} & (there - must_be))
            await connection.close()
            again = msgspec.structs.replace(
                reached, database_url=url % "tenor_service", migrate_url=url % "tenor", sync_standbys=0
            )
            argv = [sys.executable, "-m", "service", "check", "--all"]
            environ = config.environment(again)
            checked = await asyncio.to_thread(subprocess.run, argv, env=environ, capture_output=True, check=False)
            return Found(len(must - kept), len(must_not & kept), odd, took_s, checked.returncode)
        finally:
            made.stop()


async def taking_writes(url: str) -> Connection:
    """A connection, once the log is replayed and the server is a primary."""
    async with asyncio.timeout(120):
        while True:
            with suppress(OSError, asyncpg.PostgresError):
                connection: Connection = await asyncpg.connect(url)
                if not await connection.fetchval("select pg_is_in_recovery()"):
                    return connection
                await connection.close()
            await asyncio.sleep(0.1)
