"""Very many rows at once: over several connections, into tables that get their indexes when all is there."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Final, TypeVar

from asyncpg import Record

from service.config import Settings
from service.db import Connection, load_queries
from tests.bench.stage import connected

Q: Final = load_queries(Path(__file__).with_name("filling.sql"))

HANDS: Final = 2  # connections that fill
PARTS: Final = 16
LOOSE: Final = "\nfsync = off\nfull_page_writes = off\nautovacuum = off\n"
PATIENCE_S: Final = 1_200.0
KEYS: Final = {"p": "primary key", "u": "unique"}  # as PostgreSQL's catalog has them
CHECK: Final = "c"

# Each hand sorts alone, for the other works beside it.
AT_WORK: Final = """
    set synchronous_commit = off;
    set maintenance_work_mem = '1GB';
    set max_parallel_maintenance_workers = 0;
"""

Part = TypeVar("Part")
Hands = list[Connection]


@contextmanager
def loosely(servers: Settings) -> Iterator[None]:
    """While the block runs, an embedded server waits for no disk, writes no page twice and cleans up nothing by itself:
    what a crash would tear is filled anew. A server that was given stays as it is."""
    cluster = servers.data / "postgres"
    if not (cluster / "postmaster.pid").exists():
        yield
        return
    settings, postmaster = cluster / "postgresql.auto.conf", int((cluster / "postmaster.pid").read_text().split()[0])
    before = settings.read_text()
    try:
        _reload(servers, postmaster, settings, before + LOOSE)
        yield
    finally:
        _reload(servers, postmaster, settings, before)
        os.sync()  # what is measured next does not wait for what was filled


def _reload(servers: Settings, postmaster: int, settings: Path, text: str) -> None:
    """The server has read these settings when this returns."""
    settings.write_text(text)
    os.kill(postmaster, signal.SIGHUP)
    wanted = "off" if LOOSE in text else "on"
    while asyncio.run(_shown(servers)) != wanted:
        time.sleep(0.05)


async def _shown(servers: Settings) -> str:
    async with connected(servers) as conn:
        shown: str = await conn.fetchval("show fsync")
        return shown


@asynccontextmanager
async def hands(settings: Settings) -> AsyncIterator[Hands]:
    """Connections of the owner of the tables. They do not wait for the disk: what a crash would lose is filled anew."""
    async with AsyncExitStack() as stack:
        found = [await stack.enter_async_context(connected(settings)) for _ in range(HANDS)]
        for conn in found:
            await conn.execute(AT_WORK)
        yield found


def in_parts(count: int) -> list[range]:
    """The numbers from 0 on, in parts that each hand has several of: so both are done at the same time."""
    edges = [count * part // PARTS for part in range(PARTS + 1)]
    return [range(first, end) for first, end in pairwise(edges)]


async def share(hands: Hands, parts: Iterable[Part], do: Callable[[Connection, Part], Awaitable[object]]) -> None:
    """Each takes one of the parts after the other, as long as there are any left."""
    left = iter(parts)

    async def work(conn: Connection) -> None:
        for part in left:
            await do(conn, part)

    await asyncio.gather(*(work(conn) for conn in hands))


async def run_all(conn: Connection, statements: list[str]) -> None:
    """One after the other."""
    for statement in statements:
        await conn.execute(statement, timeout=PATIENCE_S)


@asynccontextmanager
async def without_indexes(hands: Hands, tables: list[str]) -> AsyncIterator[None]:
    """Tables without keys, indexes, checks and foreign keys; afterwards they have the same again: rows that come one by
    one in any order cost several times what it costs to sort all of them once. Statistics are fresh then.

    Checks hold for what comes afterwards; of what was filled, those of schema/checks.sql are asked at the end.
    """
    conn, *_ = hands
    constraints = await conn.fetch(Q.constraints, tables)  # foreign keys stand first: they need the keys
    all_indexes = await conn.fetch(Q.indexes, tables)
    await run_all(conn, [f"alter table {one['table']} drop constraint {one['name']}" for one in constraints])
    indexes = await conn.fetch(Q.indexes, tables)
    await run_all(conn, [f"drop index {one['name']}" for one in indexes])
    yield
    await _settle(hands, tables, [*constraints, *indexes])
    for one in reversed(constraints):
        kept = f"{KEYS[one['kind']]} using index {one['name']}" if one["index"] else one["definition"]
        kept += " not valid" * (one["kind"] == CHECK)
        await conn.execute(f"alter table {one['table']} add constraint {one['name']} {kept}", timeout=PATIENCE_S)
    assert await conn.fetch(Q.constraints, tables) == constraints
    assert await conn.fetch(Q.indexes, tables) == all_indexes


async def _settle(hands: Hands, tables: list[str], wanted: list[Record]) -> None:
    """Vacuums each table and then makes its indexes: to index what is settled costs less. The indexes of one table are
    shared as well: else one hand would still be at the largest table when the other has nothing left to do."""
    sizes: dict[str, int] = dict(await hands[0].fetch(Q.sizes, tables))  # type: ignore[arg-type]
    settled = {table: asyncio.Event() for table in tables}
    steps = [(table, f"vacuum (analyze) {table}", False) for table in tables]
    steps += [(one["table"], one["index"], True) for one in wanted if one["index"]]
    steps.sort(key=lambda step: (step[2], -sizes[step[0]]))

    async def do(conn: Connection, step: tuple[str, str, bool]) -> None:
        table, statement, is_index = step
        if is_index:
            await settled[table].wait()
        await conn.execute(statement, timeout=PATIENCE_S)
        settled[table].set()

    await share(hands, steps, do)
