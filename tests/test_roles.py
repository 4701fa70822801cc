"""Two roles: the one that migrates owns the tables, the one that serves changes nothing of what is append-only."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from service import db, migrations
from service.config import CannotStart, Settings
from service.migrations import SERVING_ROLE, can_rewrite, load_migrations, migrate

SURELY = {"accruals", "decisions", "facts", "daily_files", "limit_changes", "reviews", "transfers"}


@pytest.fixture
async def serving(settings: Settings) -> AsyncIterator[db.Connection]:
    """Somebody who has stolen the password of the role that serves."""
    assert settings.database_url
    if settings.database_url == settings.migrate_url:
        pytest.skip("the server that was given has one role for both")
    connection = await db.connect(settings.database_url)
    yield connection
    await connection.close()


async def test_what_is_append_only_is_so_by_privilege(serving: db.Connection, pool: db.Pool) -> None:
    known = await pool.fetch(
        "select distinct c.relname from pg_trigger t join pg_class c on c.oid = t.tgrelid"
        "  join pg_proc p on p.oid = t.tgfoid where p.proname = 'refuse_change' and t.tgtype & 16 <> 0"
        "   and not c.relispartition order by 1"
    )
    append_only = [row["relname"] for row in known]
    assert set(append_only) >= SURELY
    for table in append_only:
        column = await pool.fetchval(
            "select attname from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and attidentity = ''"
            " order by attnum limit 1",
            table,
        )
        for statement in (
            f"update {table} set {column} = {column}",
            f"delete from {table}",
            f"truncate {table}",
            f"alter table {table} disable trigger all",
            f"alter table {table} add column more int",
            f"drop table {table} cascade",
            f"select 1 from {table} for update",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await serving.execute(statement)
        await serving.fetch(f"select 1 from {table} limit 1")
    for statement in (
        "truncate plans", "alter table plans disable trigger all", "drop table plans cascade", "delete from plans",
        "create table mine (n int)", "set session_replication_role = replica", "delete from audit_entries",
        "create or replace function refuse_change() returns trigger language sql as 'select 1'",
        "insert into schema_migrations (version, name, sha256) values (99, '', '')",
    ):  # fmt: skip
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await serving.execute(statement)


async def test_who_owns_the_tables_can_rewrite_and_who_serves_cannot(serving: db.Connection, pool: db.Pool) -> None:
    assert not await can_rewrite(serving)
    async with pool.acquire() as owner:
        assert await can_rewrite(owner)
        await owner.execute(f"grant truncate on transfers to {SERVING_ROLE}")
        assert await can_rewrite(serving)
        assert await migrations.grant(owner) is None  # says what it may, and takes what it may not
        assert not await can_rewrite(serving)


async def test_who_serves_looks_whether_it_is_migrated(serving: db.Connection, pool: db.Pool) -> None:
    assert await migrate(serving, load_migrations()) == []
    await pool.execute("delete from schema_migrations where version = $1", len(load_migrations()))
    with pytest.raises(CannotStart, match="TENOR_MIGRATE_URL"):
        await migrate(serving, load_migrations())
