"""A cluster plans every statement that there is, as it is asked there; and few bring whole tables to the coordinator.

Each is explained with made-up values, of two shards where it may be asked of several: what a cluster refuses is found
before anybody asks for it.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
from msgspec import Struct, structs

import service
from service import db
from service.checkout import decision_log
from service.clusters import _Asking, buckets_of_shards
from service.engine.keys import CLAIM_ELSEWHERE
from service.limits.store import OPEN_ACCOUNTS
from service.plans import accrual_flow, store
from service.statement import _HERE, _LOCKS, Query, ShardByShard, Statement
from tests.cluster.fresh import ON_A_CLUSTER, copied
from tests.cluster.test_routed import sample

# What one machine alone is asked, and a cluster otherwise, in the same function.
ALONE: Final = {
    "checkout/queries.sql load_snapshots", "engine/queries.sql load_answers", "limits/queries.sql lock_accounts",
    "limits/queries.sql lock_accounts_of_people", "people/rewrapping.sql hold_keys", "plans/queries.sql lock_books",
    "api/queries.sql floor_of_plans", "api/queries.sql floor_of_events", "api/queries.sql floor_of_checkouts",
    "api/queries.sql floor_of_consumers", "plans/past.sql count_past", "plans/past.sql count_proved_anew",
    "checkout/queries.sql which_were_logged", "checkout/queries.sql which_have_opened",
}  # fmt: skip
ALONE_MADE: Final = {
    decision_log._LOG, decision_log._LOG_AND_OPEN, decision_log._LOG_OWN, decision_log._WHY_NOT,
    *decision_log._LOGGED.values(), *decision_log._AGAINST.values(),
    CLAIM_ELSEWHERE, OPEN_ACCOUNTS,
    accrual_flow._COUNT_AND_ADD, store._NOTHING_HAS_MOVED,
    store._ONLY_ANSWER, store._ONLY_OPEN, store._ONLY_MOVE, store._MOVE_AND_HOLD, store._OPEN_AND_MOVE,
}  # fmt: skip
# What a cluster does not plan as it is asked, so that whole tables are brought to the coordinator: no more may come.
GATHERED: Final = {"partners/daily.sql write_positions", "facades/queries.sql list_orders"} | {
    f"schema/checks.sql {name}" for name in (
        "accrual_groups_count_what_has_ended", "consumers_have_their_person", "consumers_have_their_reference",
        "marks_name_who_was_registered_by_them", "merchants_are_owed_what_is_not_settled", "subsidies_stay_within_caps",
        "transfers_have_their_cause", "transfers_name_their_plans_parties",
    )
}  # fmt: skip
# What lanes ask is among these; and of these, what no lane asks, and what they ask of the coordinator (`need_all`).
OF_LANES: Final = (
    "engine/queries.sql", "limits/queries.sql", "plans/queries.sql", "plans/subsidies.sql", "plans/unlocked.sql",
    "service.checkout.decision_log", "service.engine", "service.ledger", "service.limits", "service.plans.store",
    "service.plans.budget_store", "service.plans.subsidy_store", "service.plans.permission_store",
    "service.plans.locking_store", "service.plans.reading_store", "service.support.loss_store",
    "service.support.enrolling_store",
)  # fmt: skip
NOT_BY_LANES: Final = {
    "engine/queries.sql open_feed", "engine/queries.sql find_events_about", "engine/queries.sql first_number",
    "engine/queries.sql list_news", "engine/queries.sql list_feeds", "engine/queries.sql forget_events",
    "plans/queries.sql plans_to_release", "plans/queries.sql words_to_release",
    "plans/queries.sql load_what_was_bought", "plans/subsidies.sql taken_of",
}  # fmt: skip
BEYOND_THE_SHARD: Final = {
    "plans/queries.sql hold_leases", "service.support.enrolling_store _TAKE_CLASSES",
    "service.support.enrolling_store _ENROL",
}  # fmt: skip
BY_PARAMETERS = "Possibly this is caused by the use of parameters"  # which an explained statement keeps; so it is done
BUCKETS = (7, 500)  # of two shards
VALUES: dict[str, Any] = {
    "bool": True, "int2": 7, "int4": 7, "int8": 7, "text": "{}", "varchar": "a", "bytea": b"ab", "json": "{}",
    "date": date(2026, 3, 1), "timestamptz": datetime(2026, 3, 1, tzinfo=UTC),
}  # fmt: skip
_TABLES: Final = re.compile(r"@[a-z]")
MADE = Statement | Query | ShardByShard


def plain() -> Iterator[tuple[str, str]]:
    """Every named statement of the files, by file and name; in some stand tables that are filled in first."""
    files = sorted(Path(service.__file__).parent.rglob("*.sql"))
    for path in [*files, db.SCHEMA / "checks.sql"]:
        for name, text in db.load_queries(path):
            yield f"{path.parent.name}/{path.name} {name}", text


def made() -> Iterator[tuple[str, MADE]]:
    """What is made of them, each once, by module and name."""
    seen: set[int] = set()
    for found in pkgutil.walk_packages(service.__path__, "service."):
        if found.name.endswith("__main__") or found.name.startswith("service.learning"):  # which no process runs
            continue
        for name, one in vars(importlib.import_module(found.name)).items():
            for each in one if isinstance(one, tuple) else one.values() if isinstance(one, dict) else (one,):
                if isinstance(each, MADE) and id(each) not in seen:
                    seen.add(id(each))
                    yield f"{found.name} {name}", each


def rows_of(row: type[Struct]) -> list[Struct]:
    """Two rows of the struct, in two shards if it says in which it is."""
    one = sample(row)
    return [structs.replace(one, bucket=bucket) for bucket in BUCKETS] if hasattr(one, "bucket") else [one, one]


def value_of(kind: asyncpg.Type, buckets: Sequence[int]) -> Any:
    """A value of the type; of an array two, or `buckets` of small numbers; none of a type of our own."""
    if kind.kind != "array":
        return VALUES.get(kind.name)
    name = kind.name.removesuffix("[]").removeprefix("_")
    return [*buckets] if name == "int2" else [VALUES[name]] * 2 if name in VALUES else []


async def explain(conn: db.Connection, text: str, buckets: Sequence[int] = BUCKETS) -> str:
    """What the cluster says against it: nothing; or that it brings tables to the coordinator."""
    undone = conn.transaction()
    await undone.start()
    _Asking._refused.clear()
    try:
        asked = await conn.prepare(text)
        given = [value_of(kind, buckets) for kind in asked.get_parameters()]
        try:
            await conn.fetch(f"explain (costs off) {text}", *given)
        except asyncpg.FeatureNotSupportedError as error:
            if BY_PARAMETERS not in str(error):
                raise
            await undone.rollback()
            undone = conn.transaction()
            await undone.start()
            _Asking._refused.clear()
            await conn.fetch(text, *given)
    except asyncpg.PostgresError as error:
        return f"{type(error).__name__}: {error}"
    finally:
        await undone.rollback()
    return GATHERS if _Asking._refused else ""


GATHERS: Final = "it brings tables to the coordinator"


def texts_of(one: MADE, of_shard: list[int]) -> Iterator[tuple[str, Sequence[int]]]:
    """As a cluster is asked, and the buckets that are asked for; `of_shard` are those of one shard."""
    if isinstance(one, Query):
        yield one.routed, of_shard[:1]  # as those of a lane are
    elif isinstance(one, ShardByShard):
        last = max(int(number) for number in re.findall(r"\$(\d+)", one.routed))
        yield one.routed.replace(f"${last}", f"'{{{','.join(map(str, of_shard))}}}'::smallint[]"), BUCKETS
    else:
        for part in one.parts:
            several = not _LOCKS.search(part.text) and one is not decision_log._EXAMINE  # those are asked of one shard
            given = {name: rows_of(row)[: 1 + several] for name, row in part.tables.items()}
            if text := part.written(given):
                yield text, BUCKETS


@ON_A_CLUSTER
async def test_every_statement_is_planned() -> None:
    said: dict[str, str] = {}
    async with copied() as url:
        conn = await db.connect(url)
        shards = buckets_of_shards(conn)
        (first,) = [shard for shard in shards if BUCKETS[0] in shard]
        assert BUCKETS[1] not in first
        for name, text in plain():
            if not _TABLES.search(text) and name not in ALONE:
                said[name] = await explain(conn, text)
        for name, one in made():
            if one not in ALONE_MADE:
                for text, buckets in texts_of(one, first):
                    said[name] = said.get(name) or await explain(conn, text, buckets)
        await conn.close()
    refused = [f"{name}: {fault}" for name, fault in said.items() if fault not in ("", GATHERS)]
    assert not refused, "\n".join(refused)
    gathered = {name for name, fault in said.items() if fault}
    assert gathered == GATHERED, sorted(gathered ^ GATHERED)


@ON_A_CLUSTER
async def test_a_lane_asks_what_its_machine_has() -> None:
    """A lane of a shard is connected to the machine of the shard, which has nothing of what is spread over none."""
    missing: set[str] = set()
    async with copied() as url:
        conn = await db.connect(url)
        workers = await conn.fetch("select nodename, nodeport from pg_dist_node where groupid > 0")
        await conn.close()
        at = urlsplit(url)
        user, _, _ = at.netloc.rpartition("@")
        place = f"{user}@{workers[0]['nodename']}:{workers[0]['nodeport']}"
        conn = await db.connect(at._replace(netloc=place).geturl())
        (first,) = [shard for shard in buckets_of_shards(conn) if BUCKETS[0] in shard]
        plainly = [(name, text) for name, text in plain() if not _TABLES.search(text) and name not in ALONE]
        asked: list[tuple[str, str, Sequence[int]]] = [(name, text, BUCKETS) for name, text in plainly]
        for name, one in made():
            if one not in ALONE_MADE:
                asked += [(name, text, buckets) for text, buckets in texts_of(one, first)]
        for name, text, buckets in asked:
            if name.startswith(OF_LANES) and "UndefinedTable" in await explain(conn, text, buckets):
                missing.add(name)
        await conn.close()
    assert missing == NOT_BY_LANES | BEYOND_THE_SHARD, sorted(missing ^ (NOT_BY_LANES | BEYOND_THE_SHARD))


def test_each_statement_is_among_them() -> None:
    """What is filled in first is filled in by something that the cluster is asked to plan."""
    parts = [part.text for _, one in made() if isinstance(one, Statement) for part in one.parts]
    known = "\n".join([*parts, *[one.alone for _, one in made() if not isinstance(one, Statement)]])
    assert [
        name
        for name, text in plain()
        if _TABLES.search(text) and _HERE.sub("", text) not in known and text not in known
    ] == []
