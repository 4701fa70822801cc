"""A database that was spread out by an older version is migrated further, to what a new one is."""

import pytest

from service import db, migrations
from service.migrations import Migration
from tests.cluster.fresh import ON_A_CLUSTER, copied, empty, machines_of, spread_out

pytestmark = ON_A_CLUSTER

COLUMNS = """
select table_name, column_name, data_type, is_nullable, column_default
  from information_schema.columns where table_schema = 'public'
"""
CONSTRAINTS = """
select k.conrelid::regclass::text, k.conname, pg_get_constraintdef(k.oid)
  from pg_constraint k
 where k.connamespace = 'public'::regnamespace
   and k.conrelid::regclass::text !~ '_[0-9]{6}$'  -- the coordinator's own copy of a table that is on every machine
"""
SPREAD = "select logicalrelid::text, partmethod::text from pg_dist_partition"
GROWN = """
create or replace function plan_states() returns text[] language plpgsql immutable parallel safe as $$
begin
    return array['authorized', 'lent'];
end $$;
"""
VIEWS = "select relname from pg_class where relnamespace = 'gathered'::regnamespace"


async def shape(url: str) -> list[set[tuple[object, ...]]]:
    """Columns, constraints, what is spread out, and what is gathered."""
    conn = await db.connect(url)
    found = [{tuple(row) for row in await conn.fetch(text)} for text in (COLUMNS, CONSTRAINTS, SPREAD, VIEWS)]
    await conn.close()
    return found


@pytest.mark.parametrize("until", [40, 47, 56, 95])
async def test_it_becomes_what_a_new_one_is(until: int) -> None:
    known = migrations.load_migrations()
    async with empty() as old, empty() as new:
        conn = await db.connect(old)
        await migrations.migrate(conn, known[:until])
        await migrations.distribute(conn)
        await conn.close()
        await spread_out(old)
        await spread_out(new)
        for one, other in zip(await shape(old), await shape(new), strict=True):
            assert one == other


async def test_a_list_of_words_grows_on_every_machine() -> None:
    """The checks of rows are asked where the rows are."""
    known = migrations.load_migrations()
    async with copied() as url:
        conn = await db.connect(url)
        await migrations.migrate(conn, [*known, Migration(len(known) + 1, "more", GROWN, "")])
        await conn.close()
        for place in await machines_of(url):
            there = await db.connect(place)
            assert await there.fetchval("select plan_states()") == ["authorized", "lent"], place
            await there.close()
