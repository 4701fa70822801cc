"""The database's tables: made by migrations, files applied once and in order, and what the role that serves may do.

The role that migrates owns the tables; the one that serves may be another (`schema/grants.sql`).
"""

import hashlib
import re
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from service.clusters import REFUSED, ask_again, gathered, is_cluster, views_of
from service.config import CannotStart
from service.db import SCHEMA, Connection

SERVING_ROLE: Final = "tenor_service"

_ADVISORY_LOCK: Final = int.from_bytes(b"tenor", "big")
_MIGRATION: Final = re.compile(r"^(\d{3})_([a-z0-9_]+)\.sql\Z")
_QUOTED: Final = (  # a comment, a text, a name, a function's body
    r"--[^\n]*+|/\*.*?\*/|\b[Ee]'(?:[^'\\]|\\.|'')*+'|'(?:[^']|'')*+'|\"[^\"]*+\"|\$((?:[A-Za-z_]\w*)?)\$.*?\$\1\$"
)
_STATEMENT: Final = re.compile(rf"(?:{_QUOTED}|[^;])++", re.DOTALL)
_TOKEN: Final = re.compile(rf"{_QUOTED}|.", re.DOTALL)
_PROSE: Final = re.compile(r"(?:\s|--[^\n]*+)*+")
_ALTERED: Final = re.compile(rf"({_PROSE.pattern}alter table (?:if exists )?\w+)\s(.*)", re.DOTALL)
_DROPPED: Final = re.compile(rf"({_PROSE.pattern}alter table (?:if exists )?\w+ drop constraint )(?!if exists)")
_STORED: Final = re.compile(rf"{_PROSE.pattern}alter table \w+ alter column \w+ set storage \w+\s*")
_OF_ROWS: Final = re.compile(rf"{_PROSE.pattern}(?:insert|update|delete|with)\b")
_GATHERED: Final = SCHEMA / "gathered.sql"
_PAST: Final = """
create table if not exists schema_migrations (
    version    int         not null,
    name       text        not null,
    sha256     text        not null,
    applied_at timestamptz not null default now(),
    constraint schema_migrations_pk primary key (version)
)
"""
_ONE_SHARD_AFTER_THE_OTHER: Final = "set local citus.multi_shard_modify_mode = 'sequential'"
_READ_PAST: Final = "select version, name, sha256 from schema_migrations order by version"


class Migration(msgspec.Struct, frozen=True):
    """One file `schema/NNN_name.sql`: applied once, in its own transaction, never changed afterwards."""

    version: int
    name: str
    sql: str
    sha256: str

    @property
    def statements(self) -> list[str]:
        """Its statements one by one, as a cluster wants them; each with the comments before it."""
        parts = [match[0] for match in _STATEMENT.finditer(self.sql)]
        return [part for part in parts if not _PROSE.fullmatch(part)]


def one_by_one(statement: str) -> list[str]:
    """What is to be done to a table, each as a statement of its own: a cluster does not add a constraint and more."""
    if not (found := _ALTERED.fullmatch(statement)):
        return [statement]
    parts, depth = [""], 0
    for token in _TOKEN.finditer(found[2]):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if token[0] == "," and not depth:
            parts.append("")
        else:
            parts[-1] += token[0]
    return [f"{found[1]} {part.strip()}" for part in parts]


def load_migrations(folder: Path = SCHEMA) -> list[Migration]:
    """The migrations in order. Files whose name has no number, like checks.sql, are none."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        if match := _MIGRATION.match(path.name):
            text = path.read_bytes()
            found.append(Migration(int(match[1]), match[2], text.decode(), hashlib.sha256(text).hexdigest()))
    versions = [migration.version for migration in found]
    assert versions == list(range(1, len(found) + 1)), f"migrations are numbered 1, 2, 3 ..., not {versions}"
    return found


async def migrate(connection: Connection, migrations: list[Migration]) -> list[Migration]:
    """Apply what the database does not have yet, in order; returns what was applied.

    Many processes may call this at once: one works, the others wait and find it done. A migration and its row commit
    together, so a run killed half-way is simply run again. A role that may not migrate only looks whether it must be
    done. Raises `CannotStart` when it must, or when the database and the files disagree about the past.
    """
    if not await connection.fetchval("select has_schema_privilege('public', 'create')"):
        await _require_migrated(connection, migrations)
        return []
    await connection.execute("select pg_advisory_lock($1)", _ADVISORY_LOCK)
    try:
        await connection.execute(_PAST)
        rows = await connection.fetch(_READ_PAST)
        _refuse_another_past(rows, migrations)
        missing = migrations[len(rows) :]
        for migration in missing:
            async with connection.transaction():
                if is_cluster(connection):
                    await connection.execute(_ONE_SHARD_AFTER_THE_OTHER)
                for statement in migration.statements:
                    if is_cluster(connection):
                        for each in one_by_one(statement):
                            await _do_on_a_cluster(connection, each)
                    else:
                        await connection.execute(statement)
                await connection.execute(
                    "insert into schema_migrations (version, name, sha256) values ($1, $2, $3)",
                    migration.version, migration.name, migration.sha256,
                )  # fmt: skip
    finally:
        if not connection.is_closed():
            await connection.execute("select pg_advisory_unlock($1)", _ADVISORY_LOCK)
    return missing


async def _do_on_a_cluster(connection: Connection, statement: str) -> None:
    """One statement of a migration, where tables are spread out.

    A constraint that was left out there is not there to be dropped (distributed.sql). Views of tables stand in the way
    of changes to them, and are made anew after all migrations. What a cluster does not join is asked of them. How a
    column is stored cannot change once its table is spread out: that is left out, and costs PostgreSQL a little time.
    """
    text = _DROPPED.sub(r"\1if exists ", statement)
    try:
        async with connection.transaction():
            await connection.execute(text)
    except (*REFUSED, asyncpg.DependentObjectsStillExistError):
        if _STORED.fullmatch(text):
            return
        await connection.execute("drop schema if exists gathered cascade")
        if _OF_ROWS.match(text):
            await connection.execute(_GATHERED.read_text())
            text = gathered(text, await views_of(connection))
        await connection.execute(text)


def _refuse_another_past(rows: list[asyncpg.Record], migrations: list[Migration]) -> None:
    for row, migration in zip(rows, migrations, strict=False):
        if (row["version"], row["name"], row["sha256"]) != (migration.version, migration.name, migration.sha256):
            raise CannotStart(
                f"schema/{migration.version:03}_{migration.name}.sql is not the file this database was made with, "
                f"{row['version']:03}_{row['name']}. If another version of Tenor made it: start that version, or begin "
                "with a new database (of the embedded server: with another folder as TENOR_DATA). If the file was "
                "changed: an applied migration never changes; restore it, and put the change into a new one."
            )
    if len(rows) > len(migrations):
        raise CannotStart(
            f"The database is at migration {rows[-1]['version']} ({rows[-1]['name']}), and this version of Tenor knows "
            f"only {len(migrations)}; start the version that made it."
        )


async def _require_migrated(connection: Connection, migrations: list[Migration]) -> None:
    try:
        rows = await connection.fetch(_READ_PAST)
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        rows = []
    _refuse_another_past(rows, migrations)
    if len(rows) < len(migrations):
        first = migrations[len(rows)]
        raise CannotStart(
            f"The database lacks migration {first.version:03} {first.name}, and the role that serves may not apply it; "
            "run tenor migrate with TENOR_MIGRATE_URL, the URL of the role that owns the tables."
        )


async def grant(connection: Connection) -> str | None:
    """Gives the role that serves what it needs, and nothing more; a sentence where there is no such role."""
    if not await connection.fetchval("select has_schema_privilege('public', 'create')"):
        return None
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _ADVISORY_LOCK)
        await connection.execute((SCHEMA / "grants.sql").read_text())
    if await connection.fetchval("select exists (select from pg_roles where rolname = $1)", SERVING_ROLE):
        return None
    return (
        f"There is no role {SERVING_ROLE}, and this one may not make it: create role {SERVING_ROLE} login password "
        "'...'; then run tenor migrate again. Until then only the owner of the tables can serve."
    )


async def distribute(connection: Connection) -> None:
    """Spreads what is not spread yet over a cluster, where there is one (schema/distributed.sql, gathered.sql)."""
    if await connection.fetchval("select has_schema_privilege('public', 'create')"):
        async with connection.transaction():  # one process after the other
            await connection.execute("select pg_advisory_xact_lock($1)", _ADVISORY_LOCK)
            await connection.execute((SCHEMA / "distributed.sql").read_text() + _GATHERED.read_text())
        ask_again(connection)


async def can_rewrite(connection: Connection) -> bool:
    """Whether this role could change what is append-only: it owns the tables, or was given too much."""
    found: bool = await connection.fetchval(
        "select has_table_privilege('transfers', 'update') or has_table_privilege('transfers', 'truncate')"
        "    or pg_has_role((select relowner from pg_class where oid = 'transfers'::regclass), 'usage')"
    )
    return found
