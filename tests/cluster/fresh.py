"""A database of a test's own on the cluster that CITUS_URL names: on all its machines, migrated, its tables spread out.

Imported into a module of tests, these fixtures stand for those of one machine.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

import pytest
from msgspec import structs

from service import db, migrations
from service.clusters import ask_again
from service.config import Settings
from service.jobs.retention import keep_of, write_floors
from tests.flows.conftest import world

CITUS_URL: Final = os.environ.get("CITUS_URL", "")
ON_A_CLUSTER: Final = pytest.mark.skipif(not CITUS_URL, reason="left out: CITUS_URL names no cluster")

__all__ = ["CITUS_URL", "ON_A_CLUSTER", "database_url", "empty", "pool", "settings", "spread_out", "world"]


@asynccontextmanager
async def empty() -> AsyncIterator[str]:
    """The URL of an empty database on all machines of the cluster, joined; dropped afterwards."""
    at, name = urlsplit(CITUS_URL), f"tenor_{secrets.token_hex(4)}"
    connection = await db.connect(CITUS_URL)
    asked = "select nodename, nodeport from pg_dist_node where groupid > 0"
    workers = [(row["nodename"], row["nodeport"]) for row in await connection.fetch(asked)]
    await connection.close()
    user, _, _ = at.netloc.rpartition("@")
    places = [at.netloc, *[f"{user}@{host}:{port}" for host, port in workers]]
    for place in places:
        beside = await db.connect(at._replace(netloc=place).geturl())
        await beside.execute(f"create database {name}")
        await beside.close()
        made = await db.connect(at._replace(netloc=place, path=name).geturl())
        await made.execute("create extension citus")
        ask_again(made)  # it was none until now
        await made.close()
    url = at._replace(path=name).geturl()
    connection = await db.connect(url)
    await connection.execute("select citus_set_coordinator_host($1, $2)", at.hostname, at.port)
    for host, port in workers:
        await connection.execute("select citus_add_node($1, $2)", host, port)
    await connection.close()
    yield url
    for place in places:
        beside = await db.connect(at._replace(netloc=place).geturl())
        await beside.execute(f"drop database {name} with (force)")
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
    async with empty() as url:
        await spread_out(url)
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
