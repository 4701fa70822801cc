"""A database of a test's own on the cluster that CITUS_URL names: on all its machines, migrated, its tables spread out.

Imported into a module of tests, these fixtures stand for those of one machine.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import SplitResult, urlsplit

import pytest
from msgspec import structs

from service import db, migrations
from service.clusters import ask_again
from service.config import Settings
from service.jobs.retention import keep_of, write_floors
from tests.flows.conftest import world

CITUS_URL: Final = os.environ.get("CITUS_URL", "")
ON_A_CLUSTER: Final = pytest.mark.skipif(not CITUS_URL, reason="left out: CITUS_URL names no cluster")

__all__ = [
    "CITUS_URL", "ON_A_CLUSTER", "copied", "database_url", "empty", "machines_of", "pool", "settings", "spread_out",
    "world",
]  # fmt: skip

_template: Final[list[str]] = []  # its name, once it is made


@asynccontextmanager
async def empty() -> AsyncIterator[str]:
    """The URL of an empty database on all machines of the cluster, joined; dropped afterwards."""
    name = f"tenor_{secrets.token_hex(4)}"
    yield await _made(name)
    await _everywhere(f"drop database {name} with (force)")


async def _made(name: str) -> str:
    at = urlsplit(CITUS_URL)
    await _everywhere(f"create database {name}")
    for place in await _machines():
        made = await db.connect(place._replace(path=name).geturl())
        await made.execute("create extension citus")
        ask_again(made)  # it was none until now
        await made.close()
    url = at._replace(path=name).geturl()
    connection = await db.connect(url)
    await connection.execute("select citus_set_coordinator_host($1, $2)", at.hostname, at.port)
    for place in (await _machines())[1:]:
        await connection.execute("select citus_add_node($1, $2)", place.hostname, place.port)
    await connection.close()
    return url


@asynccontextmanager
async def copied() -> AsyncIterator[str]:
    """The URL of a database of one's own, as `tenor migrate` leaves it, copied from one on each machine."""
    if not _template:
        name = f"tenor_template_{secrets.token_hex(4)}"
        url = await _made(name)
        await spread_out(url)
        _template.append(name)
        await _everywhere(f"alter database {name} with allow_connections false")
        await _everywhere("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1", name)
    name = f"tenor_{secrets.token_hex(4)}"
    await _everywhere(f"create database {name} template {_template[0]} strategy file_copy")
    yield urlsplit(CITUS_URL)._replace(path=name).geturl()
    await _everywhere(f"drop database {name} with (force)")


async def forget_template() -> None:
    """Drops what databases were copied from."""
    while _template:
        await _everywhere(f"drop database {_template.pop()} with (force)")


async def _machines() -> list[SplitResult]:
    """The URLs of all machines, the coordinator first."""
    at = urlsplit(CITUS_URL)
    connection = await db.connect(CITUS_URL)
    workers = await connection.fetch("select nodename, nodeport from pg_dist_node where groupid > 0")
    await connection.close()
    user, _, _ = at.netloc.rpartition("@")
    return [at, *[at._replace(netloc=f"{user}@{row['nodename']}:{row['nodeport']}") for row in workers]]


async def machines_of(url: str) -> list[str]:
    """The URLs of one of the databases here on all machines, the coordinator's first."""
    return [place._replace(path=urlsplit(url).path).geturl() for place in await _machines()]


async def _everywhere(statement: str, *given: object) -> None:
    for place in await _machines():
        beside = await db.connect(place.geturl())
        await beside.execute(statement, *given)
        await beside.close()


async def spread_out(url: str) -> None:
    """As `tenor migrate` leaves it."""
    connection = await db.connect(url)
    await migrations.migrate(connection, migrations.load_migrations())
    await migrations.distribute(connection)
    await migrations.grant(connection)
    await write_floors(connection, keep_of(Settings()))
    await connection.close()


@pytest.fixture
async def database_url() -> AsyncIterator[str]:
    """A database of this test's own."""
    async with copied() as url:
        yield url


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[db.Pool]:
    """Connections to it."""
    pool = await db.open_pool(database_url, size=8)
    yield pool
    await asyncio.wait_for(pool.close(), 20)


@pytest.fixture
def settings(settings: Settings, database_url: str) -> Settings:
    """Settings of a sandbox on it."""
    return structs.replace(settings, database_url=database_url, migrate_url=database_url)
