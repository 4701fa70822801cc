"""The invariants that a test may have broken: not those that find nothing because their tables are empty.

Much of the time that PostgreSQL spends on a short test goes into planning 85 invariants, half of them of tables in
which the test has written nothing. Whether a query can find a row while some tables are empty is read of how PostgreSQL
would go about it, once in each process: an inner join finds none if either side has none, a left join if its left has
none. What is not understood here may always find something.
"""

import json
from collections.abc import Callable, Mapping, Set
from typing import Any, Final

from service.clusters import is_cluster
from service.db import SCHEMA, Check, Connection, load_queries, run_checks

MayFind = Callable[[Set[str]], bool]  # whether there may be rows where only these tables have any
CHECKS: Final[Mapping[str, str]] = dict(load_queries(SCHEMA / "checks.sql"))

_WITH_ROWS: Final = """
select relname from pg_class
 where relnamespace = 'public'::regnamespace and relkind = 'r' and pg_relation_size(oid) > 0"""
_known: dict[str, MayFind] = {}  # by check


async def broken_checks(connection: Connection) -> list[Check]:
    """Every invariant of schema/checks.sql that does not hold."""
    return [check for check in await run_checks(connection, await worth_asking(connection)) if check.rows]


async def worth_asking(connection: Connection) -> list[tuple[str, str]]:
    """Those that may find something, and their queries. All on a cluster, whose tables are empty here."""
    if is_cluster(connection):
        return [*CHECKS.items()]
    if not _known:
        _known.update({name: await understood(connection, text) for name, text in CHECKS.items()})
    filled = {name for (name,) in await connection.fetch(_WITH_ROWS)}
    return [(name, text) for name, text in CHECKS.items() if _known[name](filled)]


async def understood(connection: Connection, query: str) -> MayFind:
    """When a query may find a row."""
    return may_find(json.loads(await connection.fetchval(f"explain (format json) {query}"))[0]["Plan"])


def may_find(node: Mapping[str, Any]) -> MayFind:
    """When a node of a plan may have rows."""
    below = {one["Parent Relationship"]: may_find(one) for one in node.get("Plans", ())}
    outer, inner = below.get("Outer"), below.get("Inner")
    match node["Node Type"], node:
        case "Seq Scan" | "Index Scan" | "Index Only Scan" | "Bitmap Heap Scan", {"Relation Name": str(table)}:
            return lambda filled: table in filled
        case "Nested Loop" | "Hash Join" | "Merge Join", {"Join Type": kind} if outer and inner:
            match kind:
                case "Inner" | "Semi" | "Right Semi":
                    return lambda filled: outer(filled) and inner(filled)
                case "Left" | "Anti":
                    return outer
                case "Right" | "Right Anti":
                    return inner
                case "Full":
                    return lambda filled: outer(filled) or inner(filled)
        case "Append" | "Merge Append", _:
            members = [may_find(one) for one in node["Plans"] if one["Parent Relationship"] == "Member"]
            return lambda filled: any(one(filled) for one in members)
        case "Sort" | "Incremental Sort" | "Hash" | "Materialize" | "Memoize" | "Unique" | "WindowAgg", _ if outer:
            return outer
        case "Subquery Scan", _ if "Subquery" in below:
            return below["Subquery"]
        case "Aggregate", {"Group Key": [_, *_]} if outer:
            return outer
    return lambda _: True
