"""Whether our tables are spread over a cluster (Citus) in the database a connection leads to; and how to ask there.

What names its shard in its own text goes to that shard. Many joins of rows of several shards a cluster refuses to plan.
Such a statement is asked of `gathered`, a schema of views (`schema/gathered.sql`): `from plans` becomes
`from gathered.plans`, all rows of which are brought to the coordinator. What it writes to, it writes to as before:

    select ... from plans p join data_keys d on ...     is refused: two shards
    select ... from gathered.plans p join gathered.data_keys d on ...
"""

import re
from typing import Any, Final

import asyncpg

_VIEWS_OF: Final[dict[tuple[str, str], frozenset[str] | None]] = {}  # by address and name; None: no cluster
_SHARDS_OF: Final[dict[tuple[str, str], list[list[int]]]] = {}
_COORDINATES: Final[dict[tuple[str, str], bool]] = {}
# A plan is made for the values given: by them the shard is found.
_ON_A_CLUSTER: Final = """
set plan_cache_mode = force_custom_plan;
set citus.multi_shard_modify_mode = 'sequential';
"""
# Null while Citus is there and our tables are not yet: whoever migrates asks again afterwards.
_IS_CLUSTER: Final = """
select case when to_regclass('pg_catalog.pg_dist_partition') is null then false
            when to_regclass('plans') is not null then true end
"""
_VIEWS: Final = "select relname from pg_class where relnamespace = to_regnamespace('gathered') and relkind = 'v'"
_SHARDS: Final = """
select array_agg(bucket::smallint order by bucket) as buckets
  from generate_series(0, 1023) as b (bucket)
 group by get_shard_id_for_distribution_column('people', bucket::smallint)
 order by min(bucket)
"""
_QUOTED: Final = r"--[^\n]*|\bE'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'"  # or a comment
_READ: Final = re.compile(  # what is quoted; else the table that is read
    rf"{_QUOTED}|(?<!\bdelete )(?<!\bdistinct )\b(?P<word>from|join|using)\s+(?P<table>[a-z_]+)\b(?!\s*\()"
)
# A cluster leaves out nothing where nothing is asked for: `exists (select from plans)` it cannot read again.
_NOTHING: Final = re.compile(rf"{_QUOTED}|\b(?P<nothing>select\s+)(?=from\b)")
_LOCKED: Final = re.compile(r"\bfor (?:no key )?(?:update|share)\b(?: of ([a-z]+))?")
_VIEWED: Final = re.compile(r"gathered\.([a-z_]+)(?:\s+(?:as\s+)?([a-z]+)\b)?")
REFUSED: Final = (  # as it says itself; and what it makes of a statement, and cannot read
    asyncpg.FeatureNotSupportedError, asyncpg.PostgresSyntaxError, asyncpg.UndefinedFunctionError,
)  # fmt: skip
_SAID: Final = ("join that requires repartitioning", "pseudoconstant quals")  # as of errors of its own
_NAMED: Final = re.compile(r"\b([a-z_]+)\s+as\s+(?:(?:not )?materialized )?\(")


async def note_kind(conn: Any) -> Any:
    """The connection, with a note of whether our tables are distributed there; each database is asked once.

    A connection that cannot tell is ended; the error is asyncpg's.
    """
    place = (str(conn._addr), conn._params.database)
    try:
        if place in _VIEWS_OF:
            views = _VIEWS_OF[place]
        else:
            found = await conn.fetchval(_IS_CLUSTER)
            views = await views_of(conn) if found else None
            if views:
                _COORDINATES[place] = await conn.fetchval("select groupid = 0 from pg_dist_local_group")
                _SHARDS_OF[place] = [row[0] for row in await conn.fetch(_SHARDS)]
            if views or found is False:
                _VIEWS_OF[place] = views
        conn.is_cluster = views is not None
        if views is not None:
            await conn.execute(_ON_A_CLUSTER)
            conn._execute = _Asking(conn, views)
    except BaseException:
        conn.terminate()
        raise
    return conn


async def views_of(conn: Any) -> frozenset[str]:
    """The tables that may be gathered, in the database a connection leads to."""
    return frozenset([row[0] for row in await conn.fetch(_VIEWS)])


def is_cluster(conn: Any) -> bool:
    """Whether our tables are distributed there: then statements must say which shard they are about."""
    return bool(getattr(conn, "is_cluster", False))


def has_shards_alone(conn: Any) -> bool:
    """Whether it leads to a machine of a cluster where the tables are not that are spread over none."""
    return is_cluster(conn) and not _COORDINATES[str(conn._addr), conn._params.database]


def buckets_of_shards(conn: Any) -> list[list[int]]:
    """Of each shard of a cluster the buckets that it has, in an order that is everybody's."""
    return _SHARDS_OF[str(conn._addr), conn._params.database]


def ask_again(conn: Any) -> None:
    """Forgets what is known of the connection's database: tables were made or spread."""
    _VIEWS_OF.pop((str(conn._addr), conn._params.database), None)


def gathered(text: str, tables: frozenset[str]) -> str:
    """The statement, asked of the views of `tables`; as it is where it reads none of them, or locks what it reads."""
    own = set(_NAMED.findall(text))

    def view(match: re.Match[str]) -> str:
        table = match["table"]
        return match[0] if table not in tables or table in own else f"{match['word']} gathered.{table}"

    made = _READ.sub(view, text)
    names = {name for pair in _VIEWED.findall(made) for name in pair}
    if any(not of or of in names for of in _LOCKED.findall(made)):
        return text
    return made


def with_columns(text: str) -> str:
    """The statement with a column wherever it asks for none: `exists (select 1 from plans)`."""
    if "select from" not in text:
        return text
    return _NOTHING.sub(lambda match: "select 1 " if match["nothing"] else match[0], text)


class _Asking:
    """What asks the server of one connection: as given, and gathered where that is refused.

    Whether it is refused may depend on what is asked for: a person's rows on two machines, and most are on one. So it
    is always asked as given first. In a transaction a refusal must not end all: hence a savepoint, but for what was
    never refused so far.
    """

    _fine: Final[set[str]] = set()
    _refused: Final[set[str]] = set()

    def __init__(self, conn: Any, tables: frozenset[str]) -> None:
        self._conn, self._tables = conn, tables
        self._ask = conn._execute

    async def __call__(self, text: str, *given: Any, **how: Any) -> Any:
        """As asyncpg's `_execute`."""
        text = with_columns(text)
        known = text.partition("(values ")[0]  # the same statement with other rows
        ends_all = self._conn.is_in_transaction() and known in self._fine
        try:
            if ends_all or not self._conn.is_in_transaction():
                answered = await self._ask(text, *given, **how)
            else:
                async with self._conn.transaction():
                    answered = await self._ask(text, *given, **how)
        except (*REFUSED, asyncpg.InternalServerError) as error:
            if not isinstance(error, REFUSED) and not any(said in str(error) for said in _SAID):
                raise
            self._fine.discard(known)
            self._refused.add(known)
            if ends_all or (again := gathered(text, self._tables)) == text:
                raise
            return await self._ask(again, *given, **how)
        if known not in self._refused:
            self._fine.add(known)
        return answered
