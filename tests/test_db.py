"""SQL with names, migrations by many and killed half-way, and servers that money must not trust."""

import asyncio
import hashlib
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from service import db, migrations
from service.config import CannotStart
from service.migrations import Migration


def migration(version: int, sql: str) -> Migration:
    return Migration(version, f"step{version}", sql, hashlib.sha256(sql.encode()).hexdigest())


STEPS = [migration(1, "create table one (n int)"), migration(2, "create table two (n int); insert into two values (2)")]

# Migrates slowly, says when it is in the middle of it, and is killed there.
HALF_WAY = """
import asyncio, sys
from service import db, migrations
steps = [migrations.Migration(1, "step1", sys.argv[2], sys.argv[3])]
async def main():
    connection = await db.connect(sys.argv[1])
    connection.add_log_listener(lambda _, message: print(message, flush=True))
    await migrations.migrate(connection, steps)
asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("prose\n-- one --\nselect 1;\n", {"one": "select 1"}),
        (
            "-- a --\nselect 1 -- no --\n;\n-- b2 -- \n-- Why.\nselect 2;",
            {"a": "select 1 -- no --\n", "b2": "-- Why.\nselect 2"},
        ),
    ],
)
def test_a_header_begins_each_statement(text: str, statements: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "queries.sql"
    path.write_text(text)
    queries = db.load_queries(path)
    assert dict(queries) == statements
    assert [getattr(queries, name) for name in statements] == list(statements.values())
    with pytest.raises(AttributeError, match="no statement other"):
        _ = queries.other


@pytest.mark.parametrize("text", ["select 1;", "-- a --\nselect 1;\n-- a --\nselect 2;", "-- a --\n-- b --\nselect 2;"])
def test_a_file_without_clear_names_is_broken(text: str, tmp_path: Path) -> None:
    path = tmp_path / "queries.sql"
    path.write_text(text)
    with pytest.raises(AssertionError, match=r"queries\.sql"):
        db.load_queries(path)


async def test_migrations_are_applied_in_order_and_once(empty_database_url: str) -> None:
    connection = await db.connect(empty_database_url)
    assert await migrations.migrate(connection, STEPS[:1]) == STEPS[:1]
    assert await migrations.migrate(connection, STEPS) == STEPS[1:]
    assert await migrations.migrate(connection, STEPS) == []
    rows = await connection.fetch("select version, name, sha256 from schema_migrations order by version")
    assert [tuple(row) for row in rows] == [(step.version, step.name, step.sha256) for step in STEPS]
    await connection.close()


async def test_many_migrate_at_once_and_one_does_it(empty_database_url: str) -> None:
    connections = [await db.connect(empty_database_url) for _ in range(8)]
    applied = await asyncio.gather(*[migrations.migrate(connection, STEPS) for connection in connections])
    assert sorted(len(done) for done in applied) == [0] * 7 + [2]
    for connection in connections:
        await connection.close()


async def test_a_migration_that_fails_leaves_nothing_of_itself(empty_database_url: str) -> None:
    connection = await db.connect(empty_database_url)
    wrong = migration(2, "create table two (n int); select 1 / 0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrations.migrate(connection, [STEPS[0], wrong])
    assert await connection.fetchval("select to_regclass('one') is not null and to_regclass('two') is null")
    assert await migrations.migrate(connection, STEPS) == STEPS[1:]  # the lock was given back, too
    await connection.close()


async def test_killed_half_way_it_runs_again(empty_database_url: str) -> None:
    sql = "create table one (n int); do $$ begin raise notice 'half-way'; end $$; select pg_sleep(%s)"
    slow, quick = migration(1, sql % 30), migration(1, sql % 0)
    argv = [sys.executable, "-c", HALF_WAY, empty_database_url, slow.sql, slow.sha256]
    killed = await asyncio.create_subprocess_exec(*argv, stdout=subprocess.PIPE)
    assert killed.stdout is not None
    assert b"half-way" in await killed.stdout.readline()
    killed.kill()
    await killed.wait()
    connection = await db.connect(empty_database_url)
    assert await asyncio.wait_for(migrations.migrate(connection, [quick]), 10) == [quick]
    await connection.close()


async def test_a_changed_past_is_refused(empty_database_url: str) -> None:
    connection = await db.connect(empty_database_url)
    await migrations.migrate(connection, STEPS)
    with pytest.raises(CannotStart, match=r"schema/001_step1\.sql is not the file .* begin with a new database"):
        await migrations.migrate(connection, [migration(1, "create table one (n bigint)"), STEPS[1]])
    with pytest.raises(CannotStart, match=r"at migration 2 .* knows only 1"):
        await migrations.migrate(connection, STEPS[:1])
    await connection.close()


@pytest.mark.parametrize(
    ("sql", "statements"),
    [
        ("select 1; -- a; b\nselect 2;\n", ["select 1", " -- a; b\nselect 2"]),
        ("select ';''', E'\\';', \"a;\" /* ; */;;-- end;", ["select ';''', E'\\';', \"a;\" /* ; */"]),
        ("do $$ begin; $a$; end $$; do $b$ $$; $1; $b$", ["do $$ begin; $a$; end $$", " do $b$ $$; $1; $b$"]),
    ],
)
def test_statements_are_told_apart(sql: str, statements: list[str]) -> None:
    assert migration(1, sql).statements == statements


@pytest.mark.parametrize(
    ("statement", "single"),
    [
        ("update one set n = 1, m = 2", ["update one set n = 1, m = 2"]),
        ("-- Why.\nalter table one drop m", ["-- Why.\nalter table one drop m"]),
        (
            "-- Why.\nalter table one\n  add n int,  -- a, b\n  add check (n in (1, 2)),\n  alter m set default ','",
            [
                "-- Why.\nalter table one add n int",
                "-- Why.\nalter table one -- a, b\n  add check (n in (1, 2))",
                "-- Why.\nalter table one alter m set default ','",
            ],
        ),
    ],
)
def test_a_table_is_altered_step_by_step(statement: str, single: list[str]) -> None:
    assert migrations.one_by_one(statement) == single


def test_migrations_are_numbered_without_gaps(tmp_path: Path) -> None:
    for name in ("001_core.sql", "002_more.sql", "checks.sql"):
        (tmp_path / name).write_text("select 1")
    assert [(step.version, step.name) for step in migrations.load_migrations(tmp_path)] == [(1, "core"), (2, "more")]
    (tmp_path / "004_gap.sql").touch()
    with pytest.raises(AssertionError, match="numbered"):
        migrations.load_migrations(tmp_path)


async def test_a_server_out_of_reach_has_a_sentence_without_the_password(server_url: str) -> None:
    parts = urlsplit(server_url)
    for url in (urlunsplit(parts._replace(path="/nowhere")), "postgresql://tenor:hush@/tenor?host=/nowhere"):
        with pytest.raises(CannotStart, match=r"^PostgreSQL at .*nowhere") as refused:
            await db.connect(url)
        assert (parts.password or "hush") not in str(refused.value)
        assert "hush" not in str(refused.value)


async def test_a_server_that_ends_a_transaction_has_a_sentence_that_says_why(database_url: str) -> None:
    connection = await db.connect(database_url)
    with pytest.raises(CannotStart, match="terminating connection due to"), db.in_a_sentence(database_url):
        async with connection.transaction():
            await connection.execute("select pg_terminate_backend(pg_backend_pid())")


async def test_patience_waits_for_a_server_that_is_not_there_yet() -> None:
    began = time.monotonic()
    with pytest.raises(CannotStart, match="localhost:1 cannot be used"):
        await db.connect("postgresql://tenor:hush@localhost:1/tenor", patience=1)
    assert time.monotonic() - began >= 1


async def test_checks_name_the_rows_that_break_them(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "checks.sql"
    path.write_text("-- fine --\nselect 1 where false;\n-- odd --\nselect 7 as amount, 'EUR' as currency;\n")
    connection = await db.connect(database_url)
    fine, odd = await db.run_checks(connection, db.load_queries(path))
    assert (fine.name, fine.rows) == ("fine", [])
    assert (odd.name, odd.rows) == ("odd", [{"amount": 7, "currency": "EUR"}])
    await connection.close()


async def test_the_pool_has_our_session(pool: db.Pool) -> None:
    shown = await pool.fetchrow("select current_setting('application_name') as name, current_setting('jit') as jit")
    assert shown is not None
    assert tuple(shown) == ("tenor", "off")
    with pytest.raises(CannotStart):
        await db.open_pool("postgresql://tenor@localhost:1/tenor", size=1)


async def test_what_is_prepared_is_kept_for_ever(database_url: str, pool: db.Pool) -> None:
    """A statement that is forgotten after some minutes is read and planned anew while somebody waits."""
    committer: Any = await db.connect_session(database_url)
    try:
        async with pool.acquire() as taken:
            of_pool: Any = taken
            lifetimes = [one._config.max_cached_statement_lifetime for one in (committer, of_pool)]
            assert lifetimes == [0, 0]
    finally:
        await committer.close()
