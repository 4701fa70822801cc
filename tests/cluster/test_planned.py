"""A cluster plans every statement that there is, as it is asked there.

Each is explained with made-up values: what a cluster refuses is found before anybody asks for it.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg

import service
from service import db, migrations
from service.clusters import REFUSED, buckets_of_shards
from service.statement import Query, ShardByShard, Statement
from tests.cluster.fresh import CITUS_URL, ON_A_CLUSTER
from tests.cluster.test_routed import sample

pytestmark = ON_A_CLUSTER

# What one machine alone is asked, and a cluster otherwise, in the same function.
ALONE = {
    "limits/queries.sql lock_accounts", "limits/queries.sql lock_accounts_of_people", "people/rewrapping.sql hold_keys",
}  # fmt: skip
BY_PARAMETERS = "Possibly this is caused by the use of parameters"  # which an explained statement keeps; so it is done
VALUES: dict[str, Any] = {
    "bool": True, "int2": 7, "int4": 7, "int8": 7, "text": "a", "varchar": "a", "bytea": b"a", "json": "{}",
    "date": date(2026, 3, 1), "timestamptz": datetime(2026, 3, 1, tzinfo=UTC),
}  # fmt: skip


def plain() -> Iterator[tuple[str, str]]:
    """Every named statement of the files, by file and name, but for those that are filled in first."""
    for path in sorted(Path(service.__file__).parent.rglob("*.sql")):
        for name, text in db.load_queries(path):
            yield f"{path.parent.name}/{path.name} {name}", text


def made() -> Iterator[tuple[str, Statement | Query | ShardByShard]]:
    """What is made of them, by module and name."""
    for found in pkgutil.walk_packages(service.__path__, "service."):
        if found.name.endswith("__main__") or found.name.startswith("service.learning"):  # which no process runs
            continue
        module = importlib.import_module(found.name)
        for name, one in vars(module).items():
            if isinstance(one, Statement | Query | ShardByShard):
                yield f"{found.name} {name}", one


def value_of(kind: asyncpg.Type) -> Any:
    """A value of the type; none of a type of our own."""
    if kind.kind == "array":
        value = VALUES.get(kind.name.removesuffix("[]").removeprefix("_"))
        return [] if value is None else [value]
    return VALUES.get(kind.name)


async def explain(conn: db.Connection, text: str) -> str:
    """What the cluster says against it; nothing."""
    undone = conn.transaction()
    await undone.start()
    try:
        asked = await conn.prepare(text)
        given = [value_of(kind) for kind in asked.get_parameters()]
        try:
            await conn.fetch(f"explain (costs off) {text}", *given)
        except asyncpg.FeatureNotSupportedError as error:
            if BY_PARAMETERS not in str(error):
                raise
            await undone.rollback()
            undone = conn.transaction()
            await undone.start()
            await conn.fetch(text, *given)
    except REFUSED as error:
        return f"{type(error).__name__}: {error}"
    except asyncpg.PostgresError:
        pass  # of values that are none
    finally:
        await undone.rollback()
    return ""


async def test_every_statement_is_planned() -> None:
    conn = await db.connect(CITUS_URL)
    await migrations.migrate(conn, migrations.load_migrations())
    await migrations.distribute(conn)
    await conn.close()
    conn = await db.connect(CITUS_URL)
    refused: dict[str, str] = {}
    for name, text in plain():
        if "@" not in text and (said := await explain(conn, text)):
            refused[name] = said
    for name, one in made():
        if isinstance(one, Statement):
            for part in one.parts:
                written = part.written({of: [sample(row)] for of, row in part.tables.items()})
                if written and (said := await explain(conn, written)):
                    refused[name] = said
        elif isinstance(one, Query):
            if said := await explain(conn, one.routed):
                refused[name] = said
        else:
            here = "{" + ",".join(map(str, buckets_of_shards(conn)[0])) + "}"
            last = max(int(number) for number in re.findall(r"\$(\d+)", one.routed))
            if said := await explain(conn, one.routed.replace(f"${last}", f"'{here}'::smallint[]")):
                refused[name] = said
    await conn.close()
    assert {name: said for name, said in refused.items() if name not in ALONE} == {}
