"""Real servers for every test: one PostgreSQL and one Valkey for the whole run, a fresh database for each test.

The process that was started as pytest owns the servers and makes two migrated templates, one of them with the demo's
cast for tests that have the service; its workers copy them. With
DATABASE_URL or REDIS_URL set, those servers are used instead; the role must be allowed to create databases.
"""

import asyncio
import fcntl
import gc
import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from enum import EnumType
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import redis.asyncio

from service import db, embedded, logs, migrations
from service.alone import AloneMax
from service.config import CannotStart, Settings, read
from service.demo.seed import Demo, load, path, seed
from service.jobs.retention import keep_of, write_floors
from tests.desk import Desk
from tests.loop import Loop

DATABASE = "TENOR_TEST_DATABASE_URL"  # from the owner to its workers
REDIS = "TENOR_TEST_REDIS_URL"
TEMPLATE = "TENOR_TEST_TEMPLATE"  # the one with the cast has its name and SEEDED behind it
SEEDED = "_seeded"
FOLDER = "TENOR_TEST_FOLDER"  # where the servers keep their files
SERVING = "TENOR_TEST_SERVING_URL"  # where the role that serves connects; missing: on a server that was given

MEMORY = Path("/dev/shm")
MEMORY_LEAST = 4 << 30  # bytes free

_owned = ExitStack()

if "__getattr__" in vars(EnumType):  # as in every command of `python -m service`
    delattr(EnumType, "__getattr__")


@pytest.fixture(autouse=True)
def _nothing_is_logged_later() -> Iterator[None]:
    """A command that a test has run in its own process tells nothing more in the middle of the next test."""
    yield
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, logs.Quiet):
            root.removeHandler(handler)
            handler.close()


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    _sweep()
    made = tempfile.TemporaryDirectory(prefix="tenor-tests-", dir=_roomy_memory(), ignore_cleanup_errors=True)
    folder = Path(_owned.enter_context(made))
    given = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if name in os.environ}
    try:
        servers = _owned.enter_context(embedded.running(read(given | {"TENOR_DATA": str(folder)}))).settings
        database, template = servers.owner_url, f"tenor_template_{secrets.token_hex(4)}"
        asyncio.run(_make_templates(database, template, folder))
    except CannotStart as sentence:
        raise pytest.UsageError(str(sentence)) from sentence
    _owned.callback(lambda: asyncio.run(_execute(database, f"drop database {template}")))
    _owned.callback(lambda: asyncio.run(_execute(database, f"drop database {template}{SEEDED}")))
    os.environ.update({DATABASE: database, REDIS: servers.redis_url or "", TEMPLATE: template, FOLDER: str(folder)})
    if servers.migrate_url:
        os.environ[SERVING] = servers.database_url or ""


def pytest_collectstart() -> None:
    """Nothing of what is imported and collected is garbage, and there is much of it."""
    gc.disable()


def pytest_collection_finish() -> None:
    """It stays until the end: no search for garbage looks through it any more."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)  # what the tests keep grows, too, and to look through it all takes 160 ms
    gc.enable()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are processors: some tests wait for processes that start, or for time to pass."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Any]:
    """Tests run on the event loop that the service runs on: it does the same in two thirds of the time."""
    return {"uvloop": Loop}


def pytest_unconfigure(config: pytest.Config) -> None:
    _owned.close()


@pytest.fixture
def server_url() -> str:
    """The server's own database, where databases are made and dropped."""
    return os.environ[DATABASE]


@pytest.fixture
async def empty_database_url(server_url: str) -> AsyncIterator[str]:
    """A database of this test's own with nothing in it."""
    async for url in _database(server_url, "template1"):
        yield url


@pytest.fixture
def is_seeded(request: pytest.FixtureRequest) -> bool:
    """Whether this test's database has the demo's cast from the first: where the service is in it."""
    return not {"world", "own_world", "served"}.isdisjoint(request.fixturenames)


@pytest.fixture
async def database_url(server_url: str, is_seeded: bool) -> AsyncIterator[str]:
    """A migrated database of this test's own."""
    async for url in _database(server_url, os.environ[TEMPLATE] + SEEDED * is_seeded):
        yield url


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[db.Pool]:
    """Connections to this test's migrated database."""
    pool = await db.open_pool(database_url, size=8)
    yield pool
    await asyncio.wait_for(pool.close(), 10)


@pytest.fixture
async def redis_url() -> str:
    """An empty Redis database of this worker's own."""
    return await _empty_redis(1)


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path, is_seeded: bool) -> Settings:
    """Settings of a sandbox on this test's servers."""
    made = _sandbox(database_url, redis_url, tmp_path)
    return _with_demo(made) if is_seeded else made


@asynccontextmanager
async def of_its_own(data: Path, which: int) -> AsyncIterator[tuple[Settings, db.Pool]]:
    """A database with the demo's cast and an empty Redis for what several tests share; no fixture of a test touches
    them.

    `which` of the worker's Redis databases: 2 or 3.
    """
    async for url in _database(os.environ[DATABASE], os.environ[TEMPLATE] + SEEDED):
        pool = await db.open_pool(url, size=8)
        yield _with_demo(_sandbox(url, await _empty_redis(which), data)), pool
        await asyncio.wait_for(pool.close(), 10)


def _sandbox(database_url: str, redis_url: str, data: Path) -> Settings:
    return Settings(
        database_url=serving(database_url),
        migrate_url=database_url,
        redis_url=redis_url,
        data=data,
        sandbox=True,
        allow_private=True,
        key_secret="k" * 32,
        alone_max=AloneMax(500_000_00),
        audit_secret="a" * 32,
        data_secret="d" * 32,
        port=0,
    )


async def demo_of(settings: Settings, pool: db.Pool) -> Demo:
    """The demo's cast, which is in the database from the first, or is brought there: to a cluster, perhaps."""
    is_there = path(settings).exists() and await pool.fetchval("select exists (select from merchants)")
    return load(settings) if is_there else await seed(pool, settings)


def _with_demo(settings: Settings) -> Settings:
    """On a database that was made with the cast: its keys and ids lie where the service looks for them."""
    shutil.copy(path(Settings(data=Path(os.environ[FOLDER]))), path(settings))
    return settings


def serving(database_url: str) -> str:
    """The same database for the role that serves, which may do less; on a server that was given, for the same role."""
    if SERVING not in os.environ:
        return database_url
    return urlunsplit(urlsplit(os.environ[SERVING])._replace(path=urlsplit(database_url).path))


async def _empty_redis(which: int) -> str:
    """The first, second or third database of this worker."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    url = _with(os.environ[REDIS], 3 * worker + which)
    client = redis.asyncio.from_url(url, driver_info=None)
    await client.flushdb()
    await client.aclose()
    return url


async def _database(server: str, template: str) -> AsyncIterator[str]:
    name = f"tenor_test_{secrets.token_hex(6)}"
    order = _desk(server)
    # A copy of the files is three times as fast here as a copy through the log.
    address = await order(f"create database {name} template {template} strategy file_copy")
    db.TYPES[address, name] = db.TYPES.setdefault((address, template), {})  # copies number their types alike
    yield _at(server, name)
    del db.TYPES[address, name]
    try:
        await order(f"drop database {name}")  # waits for who is leaving, and sends an autovacuum away
    except asyncpg.ObjectInUseError:
        await order(f"drop database {name} with (force)")


@cache
def _desk(server: str) -> Desk:
    desk = Desk(server)
    _owned.callback(desk.close)
    return desk


async def _make_templates(server: str, name: str, folder: Path) -> None:
    await _execute(server, f"create database {name}")
    connection = await db.connect(_at(server, name))
    await migrations.migrate(connection, migrations.load_migrations())
    await migrations.grant(connection)
    await write_floors(connection, keep_of(Settings()))
    await connection.close()
    await _execute(server, f"create database {name}{SEEDED} template {name} strategy file_copy")
    seeded = _at(server, name + SEEDED)
    async with await db.open_pool(seeded, size=1) as pool:
        await seed(pool, _sandbox(seeded, "", folder))


def _at(server: str, name: str) -> str:
    """Where a database of a server is."""
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


async def _execute(server: str, statement: str) -> str:
    """Where the server is."""
    connection: Any = await db.connect(server)
    await connection.execute(statement)
    await connection.close()
    return str(connection._addr)


def _with(url: str, number: int) -> str:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix://{parts.path}?db={number}"
    return urlunsplit(parts._replace(path=f"/{number}"))


def _roomy_memory() -> Path | None:
    """Where files are memory, if there is enough: a database for each test is a thousand files made and dropped, and a
    disk is waited for at each."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_LEAST:
        return MEMORY
    return None


def _sweep() -> None:
    """Remove what runs that were killed left behind; a run that lives holds its lock."""
    for folder in _left_behind():
        shutil.rmtree(folder, ignore_errors=True)


def _left_behind() -> Iterator[Path]:
    for lock in chain(*(place.glob("tenor-tests-*/lock") for place in (Path(tempfile.gettempdir()), MEMORY))):
        try:
            with lock.open() as held:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        yield lock.parent
