"""What merchants do, on a real cluster: Citus, a coordinator and workers, our tables spread over them by bucket.

CITUS_URL names a database on the coordinator in which the extension knows its workers; it is migrated, and filled.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec import structs

from service import db, migrations
from service.config import Settings
from service.engine import batch
from service.ledger.store import BOOK
from service.migrations import Migration
from tests.cluster.fresh import CITUS_URL, ON_A_CLUSTER
from tests.engine.test_decision_log import decided, only_of_the_present_rulebook
from tests.flows.conftest import alive
from tests.flows.story import tell
from tests.flows.world import World

pytestmark = ON_A_CLUSTER

MORE = """
alter table facts add column more int not null default 1, add constraint facts_more check (more in (1, 2));
create function more_of(text) returns text language plpgsql as $$
begin
    return $1;
end $$;
alter table facts drop constraint facts_more, add constraint facts_more check (more < 3);
update facts set more = 2 where more = 1;
"""
STORIES = {
    "instalments": """
        consumer
        buy 600.00 instalments
        capture 250.00
        pay 150.00
        capture 350.00
        + 20 days
        pay 100.00
        refund 100.00
    """,
    "pay after use": """
        consumer
        buy 50.00 pay_after_use
        capture 11.80
        pay 11.80
        plan state paid_off, outstanding 0.00
    """,
    "voided": """
        consumer
        buy 600.00 instalments
        void
        plan state voided
    """,
}


@pytest.fixture
async def cluster(settings: Settings) -> AsyncIterator[tuple[Settings, db.Pool]]:
    """Settings of a service there, and connections beside it."""
    connection = await db.connect(CITUS_URL)
    await migrations.migrate(connection, migrations.load_migrations())
    await migrations.distribute(connection)
    await connection.close()
    pool = await db.open_pool(CITUS_URL, size=4)
    yield structs.replace(settings, database_url=CITUS_URL, migrate_url=CITUS_URL), pool
    await asyncio.wait_for(pool.close(), 10)


@pytest.fixture
async def world(cluster: tuple[Settings, db.Pool]) -> AsyncIterator[World]:
    """The service on it."""
    async with alive(*cluster) as world:
        yield world


async def test_what_is_spread_out_is_migrated(cluster: tuple[Settings, db.Pool]) -> None:
    """With a further migration of tables, a function and rows, which is undone."""
    connection = await db.connect(CITUS_URL)
    known = migrations.load_migrations()
    more = Migration(len(known) + 1, "more", MORE, "")
    undone = connection.transaction()
    await undone.start()
    assert await migrations.migrate(connection, [*known, more]) == [more]
    assert await connection.fetchval("select more_of('a;')") == "a;"
    await undone.rollback()
    assert await migrations.migrate(connection, known) == []
    await connection.close()


async def test_a_statement_with_nothing_to_write_is_not_sent(cluster: tuple[Settings, db.Pool]) -> None:
    async with cluster[1].acquire() as connection:
        await BOOK.execute(connection, booked=[])


@pytest.mark.parametrize("name", STORIES)
async def test_a_purchase(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step, dry and done; and what was read without a lock is written in one script."""
    outcomes: list[bool] = []
    at_once = batch._at_once

    async def noting(*given: Any) -> Any:
        done: Any = await at_once(*given)
        outcomes.append(done is not None)
        return done

    monkeypatch.setattr(batch, "_at_once", noting)
    await tell(world, STORIES[name])
    assert outcomes[0], "a plan was not opened in one script"
    assert all(outcomes) or name == "voided", "what frees a reference takes locks, and nothing else here"


async def test_no_decision_is_logged_of_another_rulebook(cluster: tuple[Settings, db.Pool], world: World) -> None:
    row = await decided(world)
    assert cluster[0].database_url
    conn = await db.connect_session(cluster[0].database_url)
    try:
        await only_of_the_present_rulebook(row, conn)
    finally:
        await conn.close()
