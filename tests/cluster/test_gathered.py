"""What a cluster refuses to join is asked of views; what is written, quoted, locked or named otherwise is left."""

import pytest

from service import db, migrations
from service.clusters import gathered, is_cluster, with_columns
from tests.cluster.fresh import ON_A_CLUSTER, empty

TWO_SHARDS = "select p.plan_id from plans p join data_keys d on d.bucket = bucket_of(p.consumer_id) where p.amount > $1"


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("select 1 from plans p join facts using (a)", "select 1 from gathered.plans p join gathered.facts using (a)"),
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


@ON_A_CLUSTER
async def test_a_fresh_database_is_asked_again() -> None:
    """It is a cluster once our tables are spread; then what it refuses is gathered, and no transaction ends by it."""
    async with empty() as url:
        await _ask_again(url)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("select exists (select from plans)", "select exists (select 1 from plans)"),
        (
            "select 'it''s (select from' where exists (select from a)",
            "select 'it''s (select from' where exists (select 1 from a)",
        ),
        ("select 1 from plans -- select from plans", "select 1 from plans -- select from plans"),
    ],
)
def test_a_column_is_asked_for(text: str, asked: str) -> None:
    assert with_columns(text) == asked


async def _ask_again(fresh_url: str) -> None:
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
