"""Whether our tables are spread over a cluster (Citus) in the database a connection leads to."""

from typing import Any, Final

_KNOWN: Final[dict[tuple[str, str], bool]] = {}  # by address and name of a database
# A plan is made for the values given: by them the shard is found.
_ON_A_CLUSTER: Final = "set plan_cache_mode = force_custom_plan"
# Null while Citus is there and our tables are not yet: whoever migrates asks again afterwards.
_IS_CLUSTER: Final = """
select case when to_regclass('pg_catalog.pg_dist_partition') is null then false
            when to_regclass('plans') is not null then true end
"""


async def note_kind(conn: Any) -> Any:
    """The connection, with a note of whether our tables are distributed there; each database is asked once.

    A connection that cannot tell is ended; the error is asyncpg's.
    """
    place = (str(conn._addr), conn._params.database)
    try:
        if place not in _KNOWN:
            found = await conn.fetchval(_IS_CLUSTER)
            if found is not None:
                _KNOWN[place] = found
        conn.is_cluster = _KNOWN.get(place, False)
        if conn.is_cluster:
            await conn.execute(_ON_A_CLUSTER)
    except BaseException:
        conn.terminate()
        raise
    return conn


def is_cluster(conn: Any) -> bool:
    """Whether our tables are distributed there: then statements must say which shard they are about."""
    return bool(getattr(conn, "is_cluster", False))
