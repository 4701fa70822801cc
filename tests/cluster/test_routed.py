"""Every statement of the hot path says in its own text which shard it is about, as a cluster wants it (Citus)."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import StrEnum
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
from msgspec import Struct

from service import db
from service.checkout import decision_log
from service.plans import locking_store, store
from service.plans.reading_store import LOAD_PLANS, Q
from service.statement import Statement
from tests.cluster.fresh import CITUS_URL, ON_A_CLUSTER

# A decision is examined and logged; a plan is opened, captured, paid: read in one statement, written in one script.
STATEMENTS = {
    f"{name} {number}": one
    for name, steps in (("plans", store.STEPS), ("decisions", (decision_log._EXAMINE, *decision_log._STEPS)))
    for number, one in enumerate(steps, 1)
}
QUERIES = {
    "read offers": store.READ_OFFERS,
    "read plans": store.READ_PLANS,
    "load plans": LOAD_PLANS,
    "find offers": locking_store.FIND_OFFERS,
    "find owners": locking_store.FIND_OWNERS,
}
PLAIN_TYPES = {"boolean", "bigint", "int", "smallint", "text", "bytea", "date", "timestamptz", "json"}
EVERYWHERE = {"rulebook"}  # a copy on every machine
TABLE = re.compile(r"\b(?:from|join|(?<!for )update|into|using) ([a-z_]+)(?: ([a-z]+)\b)?")
WORDS = {"on", "where", "set", "order", "group", "left", "join", "using", "select", "for", "values", "limit"}


def written(one: Statement) -> str:
    """The statement with one row in each of its tables."""
    text = one.written({name: [sample(row)] for name, row in one.tables.items()})
    assert text
    return text


def sample(row: type[Struct]) -> Struct:
    """A row of the struct."""
    return row(**{name: value_of(hint) for name, hint in get_type_hints(row, include_extras=True).items()})


def value_of(hint: Any) -> Any:
    if get_origin(hint) is Annotated:
        plain, *extras = get_args(hint)
        return "{}" if any(getattr(one, "name", "") == "json" for one in extras) else value_of(plain)
    kinds = [one for one in get_args(hint) if one is not NoneType] or [hint]
    if get_origin(kinds[0]) is Annotated:
        return value_of(kinds[0])
    if isinstance(kinds[0], type) and issubclass(kinds[0], StrEnum):
        return next(iter(kinds[0]), "merchant")
    samples: dict[type, Any] = {
        bool: True, int: 7, str: "EUR", bytes: b"\x00'\\", date: date(2026, 3, 1),
        datetime: datetime(2026, 3, 1, tzinfo=UTC),
    }  # fmt: skip
    return samples[kinds[0]]


def faults(text: str) -> Iterator[str]:
    """What a cluster would refuse of a statement, or bring together from all machines."""
    plain = re.sub(r"--[^\n]*", "", text)
    if re.search(r"\bas (?:materialized )?\(\s*(?:insert|update|delete)\b", plain):
        yield "it changes something inside a with"
    if re.search(r"\blateral\b", plain):
        yield "it joins laterally"
    if (into := re.search(r"insert into (\w+) \((\w+)", plain)) and not re.search(r"\)\s+values \(", plain):
        yield f"what it inserts into {into[1]} is not given as values"
    if into and into[2] != "bucket":
        yield f"{into[1]} is not given its bucket first"
    common = set(re.findall(r"\b([a-z_]+) as (?:materialized )?\(\n", plain)) | {"values", "lateral", "unnest"}
    asked = Counter[str]()
    for table, alias in TABLE.findall(plain):
        name = alias if alias and alias not in WORDS else table
        if table in common | EVERYWHERE or (into and table == into[1]) or re.search(rf"\) (?:as )?{table}\b", plain):
            continue
        asked[name] += 1
        if len(re.findall(rf"\b{name}\.bucket (?:in \(\d|= any \(\$1\)|= \$1)", plain)) < asked[name]:
            yield f"{table} ({name}) is asked without a bucket"


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_names_its_shard(name: str) -> None:
    assert list(faults(written(STATEMENTS[name]))) == []
    assert {of for row in STATEMENTS[name]._types.values() for of in row} <= PLAIN_TYPES


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_names_its_shard(name: str) -> None:
    assert list(faults(QUERIES[name].routed)) == []
    assert "@here" not in QUERIES[name].alone


def test_accounts_are_locked_a_bucket_at_a_time() -> None:
    assert list(faults(Q.lock_accounts_of_bucket)) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("select 1 from plans p where p.bucket = any ($1)", None),
        ("select 1 from plans p where p.plan_id = $1", "plans (p) is asked without a bucket"),
        ("select 1 from facts where facts.bucket in (7)", None),
        ("insert into facts (bucket, plan_id) values (1, 'a')", None),
        ("insert into facts (bucket, plan_id) select 1, 'a'", "what it inserts into facts is not given as values"),
        ("insert into facts (plan_id) values ('a')", "facts is not given its bucket first"),
        (
            "with x as (\ndelete from facts where facts.bucket = $1)\nselect 1 from x",
            "it changes something inside a with",
        ),
        ("select 1 from plans p, lateral (select 1) l where p.bucket = $1", "it joins laterally"),
    ],
)
def test_a_fault_is_found(text: str, fault: str | None) -> None:
    assert list(faults(text)) == ([fault] if fault else [])


@ON_A_CLUSTER
@pytest.mark.parametrize("name", [*STATEMENTS, *QUERIES])
async def test_the_cluster_makes_one_task_of_it(name: str) -> None:
    conn = await db.connect(CITUS_URL)
    if name in QUERIES:
        text = QUERIES[name].routed
        types = {number: "smallint[]" if number == "1" else "text[]" for number in re.findall(r"\$(\d)", text)}
        for number in types:
            value = "'{7}'::smallint[]" if number == "1" else "null::text" if number == "3" else "'{a}'::text[]"
            text = text.replace(f"${number}", value)
    else:
        text = written(STATEMENTS[name])
    said = "\n".join(row[0] for row in await conn.fetch(f"explain (costs off) {text}"))
    await conn.close()
    assert "Task Count: 1" in said, said
