"""What a cluster refuses to join is asked of views; what is written, quoted, locked or named otherwise is left."""

import os
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from service import db, migrations
from service.clusters import gathered, is_cluster

CITUS_URL = os.environ.get("CITUS_URL", "")
FRESH = "tenor_fresh"
TWO_SHARDS = "select p.plan_id from plans p join data_keys d on d.bucket = bucket_of(p.consumer_id) where p.amount > $1"


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("select 1 from plans p join facts using (a)", "select 1 from gathered.plans p join gathered.facts using (a)"),
        ("select exists (select from plans)", "select exists (select 1 from gathered.plans)"),
        ("delete from plans using facts", "delete from plans using gathered.facts"),
        ("update plans set a = 'from facts' -- from facts", "update plans set a = 'from facts' -- from facts"),
        ("select E'it\\'s from facts' from merchants", "select E'it\\'s from facts' from merchants"),
        ("with facts as (select 1) select 1 from facts", "with facts as (select 1) select 1 from facts"),
        ("select 1 from plans p for update of p", "select 1 from plans p for update of p"),
        ("select 1 from plans for share", "select 1 from plans for share"),
    ],
)
def test_what_is_read_is_gathered(text: str, asked: str) -> None:
    assert gathered(text, frozenset({"plans", "facts"})) == asked


@pytest.fixture
async def fresh_url() -> AsyncIterator[str]:
    """An empty database on all machines of the cluster, joined."""
    at = urlsplit(CITUS_URL)
    connection = await db.connect(CITUS_URL)
    asked = "select nodename, nodeport from pg_dist_node where groupid > 0"
    workers = [(row["nodename"], row["nodeport"]) for row in await connection.fetch(asked)]
    await connection.close()
    user, _, _ = at.netloc.rpartition("@")
    places = [at.netloc, *[f"{user}@{host}:{port}" for host, port in workers]]
    for place in places:
        beside = await db.connect(at._replace(netloc=place).geturl())
        await beside.execute(f"drop database if exists {FRESH} with (force)")
        await beside.execute(f"create database {FRESH}")
        await beside.close()
        made = await db.connect(at._replace(netloc=place, path=FRESH).geturl())
        await made.execute("create extension citus")
        await made.close()
    url = at._replace(path=FRESH).geturl()
    connection = await db.connect(url)
    await connection.execute("select citus_set_coordinator_host($1, $2)", at.hostname, at.port)
    for host, port in workers:
        await connection.execute("select citus_add_node($1, $2)", host, port)
    await connection.close()
    yield url
    for place in places:
        beside = await db.connect(at._replace(netloc=place).geturl())
        await beside.execute(f"drop database {FRESH} with (force)")
        await beside.close()


@pytest.mark.skipif(not CITUS_URL, reason="left out: CITUS_URL names no cluster")
async def test_a_fresh_database_is_asked_again(fresh_url: str) -> None:
    """It is a cluster once our tables are spread; then what it refuses is gathered, and no transaction ends by it."""
    connection = await db.connect(fresh_url)
    assert not is_cluster(connection)
    await migrations.migrate(connection, migrations.load_migrations())
    await migrations.distribute(connection)
    await connection.close()
    connection = await db.connect(fresh_url)
    assert is_cluster(connection)
    assert await connection.fetch(TWO_SHARDS, 1) == []
    async with connection.transaction():
        assert await connection.fetch(TWO_SHARDS, 2) == []
        assert await connection.fetchval("select count(*) from plans") == 0
    await connection.close()
