"""PostgreSQL: connections, SQL files of named statements, and the checks that must find nothing."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import asyncpg
import msgspec
from asyncpg.protocol import protocol

from service import hosts
from service.clock import monotonic
from service.clusters import is_cluster, note_kind
from service.config import CannotStart
from service.deadline import ANSWER_S, CONNECT_S, LANE_LOCK_S, LOCK_S, STATEMENT_S

if TYPE_CHECKING:  # generic for the type checker only
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection, Pool = asyncpg.Connection, asyncpg.Pool

SCHEMA: Final = Path(__file__).parent.parent / "schema"

SESSION: Final = {
    "application_name": "tenor",
    "jit": "off",  # our statements are short: compiling one costs more than running it
    "timezone": "UTC",
    "search_path": "public",
    "statement_timeout": "15000",  # ms, as all of these
    "lock_timeout": f"{LOCK_S * 1000:.0f}",
    "idle_in_transaction_session_timeout": "30000",
    "client_connection_check_interval": "2000",  # what a killed process held is free again, even in mid-statement
}
# Where others wait in line, a statement must not take long: PostgreSQL ends it, and the connection stays.
_LANE: Final = SESSION | {
    "statement_timeout": f"{STATEMENT_S * 1000:.0f}",
    "plan_cache_mode": "force_generic_plan",  # planning a batch anew costs more than doing it
}
_HEADER: Final = re.compile(r"^-- ([a-z][a-z0-9_]*) --[ \t]*$", re.MULTILINE)
_END: Final = re.compile(r";\s*(--.*\s*)*\Z")  # of a statement, with the heading of the next section

# SQL with a name ------------------------------------------------------------------------------------------------------


class Queries:
    """The statements of one SQL file, as attributes: `Q.load_accounts`."""

    def __init__(self, statements: dict[str, str]) -> None:
        self._statements = statements

    def __getattr__(self, name: str) -> str:
        try:
            return self._statements[name]
        except KeyError:
            raise AttributeError(f"no statement {name}") from None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._statements.items())


def load_queries(path: Path) -> Queries:
    """Read a file in which a line `-- load_accounts --` begins each statement; before the first stands prose."""
    _, *parts = _HEADER.split(path.read_text())
    names, statements = parts[::2], [_END.sub("", text.strip()) for text in parts[1::2]]
    assert names, f"{path.name} names no statement"
    assert len(set(names)) == len(names), f"{path.name} names a statement twice"
    assert all(statements), f"{path.name} has a name without a statement"
    return Queries(dict(zip(names, statements, strict=True)))


def columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Rows as the arrays a set-based statement takes, one a column. There must be rows."""
    return [list(column) for column in zip(*rows, strict=True)]


# Connections ----------------------------------------------------------------------------------------------------------

# asyncpg asks of each element of an array, four times, whether it is iterable, has a length, is a mapping. Python
# answers slowly (0.2 us each). For tuples, lists, texts and bytes a plain type check is enough; so it comes first.
_KNOWN: Final = (tuple, list, str, bytes)


class _AskedLast(type):
    def __instancecheck__(cls, one: Any) -> bool:
        return type(one) not in _KNOWN and isinstance(one, Mapping)


class _AnyMapping(metaclass=_AskedLast):
    pass


_driver: Any = protocol
assert {"IterableABC", "SizedABC", "MappingABC"} <= vars(protocol).keys(), "asyncpg has other names for them"
_driver.IterableABC, _driver.SizedABC, _driver.MappingABC = (*_KNOWN, Iterable), (*_KNOWN, Sized), _AnyMapping


class KnowsTypes(asyncpg.Connection):
    """A connection that knows the arrays of PostgreSQL's own types, and is told of others by those before it.

    asyncpg asks for the types that a statement names, on every connection again: 13 ms of work for the server, and 25 s
    on a cluster of shards. Arrays have the same numbers everywhere; and a database keeps the numbers of its own types,
    so what one connection was told holds for all others.
    """

    async def _introspect_types(self: Any, oids: Sequence[int], within: float | None) -> tuple[list[Any], Any]:
        known = TYPES.setdefault((str(self._addr), self._params.database), dict(_ARRAYS))
        if known.keys() >= set(oids):
            return list(known.values()), _NOT_ASKED
        ask: Any = super()
        found, asked = await ask._introspect_types(oids, within)
        known.update({row["oid"]: row for row in found})
        return found, asked


class _NotAsked:
    name = "none"  # asyncpg prepares its statement again after an unnamed question


def _array(of: str, element: int) -> dict[str, Any]:
    """What asyncpg would be told of an array."""
    return {
        "ns": "pg_catalog", "name": f"_{of}", "kind": "b", "basetype": None, "elemtype": element, "elemdelim": ",",
        "range_subtype": None, "attrtypoids": None, "attrnames": None, "depth": 0, "basetype_name": None,
        "elemtype_name": of, "range_subtype_name": None,
    }  # fmt: skip


_ARRAYS: Final = {  # by oid, which are those of src/include/catalog/pg_type.dat
    oid: {"oid": oid} | _array(of, element)
    for oid, of, element in (
        (1000, "bool", 16), (1001, "bytea", 17), (1005, "int2", 21), (1007, "int4", 23), (1016, "int8", 20),
        (1009, "text", 25), (199, "json", 114), (1182, "date", 1082), (1185, "timestamptz", 1184),
    )
}  # fmt: skip
_NOT_ASKED: Final = _NotAsked()
TYPES: Final[dict[tuple[str, str], dict[int, Any]]] = {}  # by address and name of the database, then by oid


class DroppedWhenGivenUp(KnowsTypes):
    """A connection that ends when one of its statements is given up, out of time or with the task that waited.

    asyncpg would ask the server, over a second connection, to cancel the statement, and wait for its answer before the
    connection can be used or goes back to the pool: for ever, if the server stands still. PostgreSQL notices within 2
    seconds that nobody listens any more (`client_connection_check_interval`).
    """

    def get_reset_query(self) -> str:
        """Nothing is asked when a connection goes back to the pool, which would be one more round trip: no statement
        leaves anything in its session."""
        return ""

    def _cancel_current_command(self: Any, *_: Any) -> None:
        self._cleanup()  # its place in the pool is free before anybody gives it back
        self._loop.call_soon(self._abort)  # once asyncpg has told who waited


class KeepsNothing(DroppedWhenGivenUp):
    """A connection that gives no statement a name. asyncpg would name those of cursors all the same, and number them in
    each process from 1: in a session that two processes share they would meet."""

    async def _get_statement(self: Any, query: str, within: float | None, **how: Any) -> Any:
        ask: Any = super()
        return await ask._get_statement(query, within, **how | {"named": False})


async def _reach(url: str, **how: Any) -> Any:
    """A connection to the first of the servers that lets us in and is what the URL asks for; `how` as asyncpg has it.

    They are asked all at once: asyncpg would ask one after the other, and wait for one that stands still until there is
    no time left for the next. Raises what the last of them has against it. With `?prepared=0` statements are not kept
    prepared: a PgBouncer before 1.21 gives each transaction another session, which does not know them.
    """
    url, keeps_prepared = _prepared_in(url)
    how |= {"max_cached_statement_lifetime": 0}  # for ever; asyncpg would forget each after five minutes
    if not keeps_prepared:
        how |= {"statement_cache_size": 0, "connection_class": KeepsNothing}
    urls = hosts.each(url)
    if len(urls) == 1:
        return await note_kind(await asyncpg.connect(url, **how))
    asked = [asyncio.create_task(asyncpg.connect(one, **how)) for one in urls]
    found: Any = None
    try:
        for answered in asyncio.as_completed(asked):
            try:
                found = await note_kind(await answered)
                return found
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
                last = error
        raise last
    finally:
        for one in asked:
            one.cancel()
            one.add_done_callback(partial(_let_go, found))


def _prepared_in(url: str) -> tuple[str, bool]:
    """The URL without `prepared`, which is a word of ours, and whether statements may be kept prepared."""
    place, _, query = url.partition("?")
    words = query.split("&") if query else []
    rest = "&".join(word for word in words if not word.startswith("prepared="))
    return f"{place}?{rest}" if rest else place, "prepared=0" not in words


def _let_go(kept: Any, asked: "asyncio.Task[Any]") -> None:
    """Ends a connection that came second."""
    if not asked.cancelled() and asked.exception() is None and asked.result() is not kept:
        asked.result().terminate()


async def open_pool(url: str, size: int, init: Callable[[Any], Coroutine[Any, Any, None]] | None = None) -> Pool:
    """A pool of at most `size` connections with our session settings; `init` sees each new connection, for codecs.

    Raises `CannotStart` when the server cannot be reached.
    """
    reach: Any = _reach
    with in_a_sentence(url):
        return await asyncpg.create_pool(
            url, connect=reach, min_size=min(2, size), max_size=size, init=init,
            connection_class=DroppedWhenGivenUp, server_settings=SESSION, command_timeout=20, timeout=10,
        )  # fmt: skip


async def connect_session(url: str, lock_s: float = LANE_LOCK_S) -> Connection:
    """One connection for a committer, whose statements are short or fail; errors are asyncpg's own."""
    settings = _LANE | {"lock_timeout": f"{lock_s * 1000:.0f}"}
    made: Connection = await _reach(
        url, connection_class=DroppedWhenGivenUp, server_settings=settings, command_timeout=ANSWER_S, timeout=CONNECT_S
    )
    return made


async def connect(url: str, patience: int = 0) -> Connection:
    """One connection without time-outs, for migrations and checks.

    Tries for `patience` seconds while the server is not there yet; then raises `CannotStart`.
    """
    settings = SESSION | dict.fromkeys(
        ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"), "0"
    )
    until = monotonic() + patience
    while True:
        try:
            made: Connection = await _reach(url, connection_class=KnowsTypes, server_settings=settings, timeout=10)
            return made
        except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
            raise _unreachable(url, error) from error  # waiting mends neither
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            if monotonic() >= until:
                raise _unreachable(url, error) from error
            await asyncio.sleep(0.25)


@contextmanager
def in_a_sentence(url: str) -> Iterator[None]:
    """For work without which there is no start: what the server of `url` has against it becomes a `CannotStart`."""
    try:
        yield
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise _unreachable(url, error) from error


def _unreachable(url: str, error: Exception) -> CannotStart:
    """The sentence, without the URL's password and without what PostgreSQL tells of a row."""
    while isinstance(error, asyncpg.InterfaceError) and isinstance(error.__context__, Exception):
        error = error.__context__  # why the connection ended: a rollback after it says only that it is closed
    socket = parse_qs(urlsplit(url).query).get("host", ["its socket"])[0]
    where = ", ".join(urlsplit(one).netloc.rpartition("@")[2] for one in hosts.each(url)) or socket
    said = re.sub(r"\s+", " ", str(error).partition("\nDETAIL:")[0]).strip() or type(error).__name__
    return CannotStart(f"PostgreSQL at {where} cannot be used: {said.removesuffix('.')}.")


@asynccontextmanager
async def alone(pool: Pool, number: int) -> AsyncIterator[bool]:
    """Whether nobody else is at the work of this number; until the block ends, nobody else begins it.

    A transaction of its own holds the lock: one of a session would stay behind in a pooler between us and the server,
    which gives each transaction another session.
    """
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("set local idle_in_transaction_session_timeout = 0")
        yield await conn.fetchval("select pg_try_advisory_xact_lock($1)", number)


# Checks ---------------------------------------------------------------------------------------------------------------


class Check(msgspec.Struct, frozen=True):
    """One invariant and the rows that break it; none is right."""

    name: str
    rows: list[dict[str, Any]]


async def run_checks(connection: Connection, checks: Iterable[tuple[str, str]] | None = None) -> list[Check]:
    """Every invariant against one instant of the database, so that work going on meanwhile breaks none: those of
    schema/checks.sql, or `checks`, names with their queries."""
    asked = dict(load_queries(SCHEMA / "checks.sql") if checks is None else checks)
    counted = " union all ".join(
        f"select '{name}', count(*) from ({text}) broken"  # noqa: S608 - of our own file
        for name, text in asked.items()
    )
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        # Mostly none is broken: one question for all. A cluster, which refuses some of them, is asked for each.
        each = is_cluster(connection)
        broken = {*asked} if each else {name for name, rows in await connection.fetch(counted) if rows}
        return [
            Check(name, [dict(row) for row in await connection.fetch(text)] if name in broken else [])
            for name, text in asked.items()
        ]
