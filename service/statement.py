"""Statements fed by name: the rows of a struct are a table inside the SQL, and no parameter is counted by hand.

    -- move_accounts --
    update accounts a
       set used = moved.used
      from @moved
     where a.bucket = moved.bucket and a.person_id = moved.person_id

    class Moved(Struct, frozen=True):
        bucket: SmallInt
        person_id: str
        used: int

    MOVE_ACCOUNTS = Statement(Q.move_accounts, moved=Moved)
    await MOVE_ACCOUNTS.execute(conn, moved=[Moved(7, "pe_...", 500)])

`@moved` becomes `unnest($1::smallint[], $2::text[], $3::bigint[]) as moved (bucket, person_id, used)`. However many
rows it is given, it is one statement to the server.

Where statements are many and columns, too, the struct is a `Row`: `@moved` is `unnest($1::row_stb[]) as moved (bucket,
person_id, used)` then, one array of a composite type. Of nineteen columns it takes the driver a third less; the type is
made by a migration, for every struct with columns of these types in this order.

Where no table has more than one row, as in a batch of one, such a row is sent as it is: `@moved` is `(values
($1::smallint, $2::text, $3::bigint)) as moved (bucket, person_id, used)` then, which takes the server a sixth less.

On a cluster of shards (Citus) a statement goes to one shard only if what it says of the bucket can be read in it: there
`@moved` becomes `(values (7::smallint, 'pe_...'::text, 500::bigint)) as moved (bucket, person_id, used)`, an insert is
given its rows as they are, and beside `a.bucket = moved.bucket` stands `a.bucket in (7)`. A script of such statements
is one round trip, too (`script`).
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import asyncpg
from msgspec import Struct, structs

from service.clusters import buckets_of_shards, is_cluster
from service.db import Connection
from service.values import rows as as_rows
from service.values import table as as_table


class Pg(Struct, frozen=True):
    """The PostgreSQL type of a column, where it does not follow from the Python type."""

    name: str


SmallInt = Annotated[int, Pg("smallint")]
Int = Annotated[int, Pg("int")]
Json = Annotated[str, Pg("json")]

Rows = Sequence[Any]  # structs of the table's type, or anything that has its fields


class Row(Struct, frozen=True):
    """A struct whose rows are sent as one array of rows, and not as an array for each column."""


_TYPES: Final[dict[type, str]] = {
    bool: "boolean", int: "bigint", str: "text", bytes: "bytea", date: "date", datetime: "timestamptz",
}  # fmt: skip
_LETTERS: Final = {
    "boolean": "o", "smallint": "s", "int": "i", "bigint": "b", "text": "t", "bytea": "y", "date": "d",
    "timestamptz": "z", "json": "j",
}  # fmt: skip
_TABLE: Final = re.compile(r"@([a-z_]+)\b")
_FILLED: Final = re.compile(  # what is inserted as it is given, which follows the columns of its table; or a table
    r"(?<=\))\s+select\s+(?P<columns>\"?[a-z]\w*\"?(?:\s*,\s*\"?[a-z]\w*\"?)*)\s+from @(?P<inserted>[a-z_]+)"
    r"(?:\s+order by (?P<order>[\w\s,]+?))?(?=\s*(?:on conflict|;|\Z))"
    r"|@(?P<table>[a-z_]+)\b"
)
_LOCKS: Final = re.compile(r"\bfor (?:no key )?(?:update|share)\b")
_COUNTED: Final = re.compile(r"\$(\d+)")
_WITH: Final = re.compile(r"\A(?:\s*--[^\n]*\n)*\s*with\s")


class Statement:
    """SQL in which `@name` stands for the rows of a struct; each name has its struct, and each struct its name."""

    def __init__(self, text: str, **tables: type[Struct]) -> None:
        assert set(_TABLE.findall(text)) == set(tables), f"the statement names other tables than {sorted(tables)}"
        self.text = text
        self.tables = tables
        self.sql = _as_sent(text, tables)
        self._sql: dict[tuple[str, ...], str] = {(): self.sql}  # by the tables that are given as a single row
        self._of_rows = [name for name, row in tables.items() if issubclass(row, Row)]
        self.parts: tuple[Statement, ...] = (self,)
        self._types = {name: _types_of(row) for name, row in tables.items()}
        self._heads = {name: _head(name, row) for name, row in tables.items()}
        self._fields = {name: tuple(field.name for field in structs.fields(row)) for name, row in tables.items()}
        self._columns = {name: _columns_of(row) for name, row in tables.items()}

    async def execute(self, conn: Connection, **rows: Rows) -> None:
        """Runs it once for all `rows`, given by the name of their table; tables left out are empty.

        On a cluster the statements that it is made of are run one after the other, in one transaction; none of them may
        use what another returns.
        """
        if is_cluster(conn):
            await run(conn, self.parts, rows)
        else:
            await conn.execute(*self.sent(rows))

    async def fetch(self, conn: Connection, **rows: Rows) -> list[asyncpg.Record]:
        """The same, and what it returns; on a cluster it must be a single statement.

        A cluster locks rows of one shard at a time: there it is asked of one after the other, if it locks any.
        """
        if not is_cluster(conn):
            return list(await conn.fetch(*self.sent(rows)))
        if not _LOCKS.search(self.text):
            return list(await conn.fetch(self._filled(rows)))
        found: list[asyncpg.Record] = []
        for buckets in buckets_of_shards(conn):
            there = {name: [row for row in given if row.bucket in buckets] for name, given in rows.items()}
            if any(there.values()):
                found += await conn.fetch(self._filled(there))
        return found

    def sent(self, rows: Mapping[str, Rows]) -> list[Any]:
        """The SQL for these rows, and what its parameters are, as a server that is alone is sent them."""
        assert rows.keys() <= self.tables.keys(), f"the statement has no tables {sorted(rows.keys() - self.tables)}"
        most = max(map(len, rows.values()), default=0)
        single = tuple([name for name in self._of_rows if rows.get(name)]) if most == 1 else ()
        if single not in self._sql:
            self._sql[single] = _as_sent(self.text, self.tables, single)
        sent: list[Any] = [self._sql[single]]
        for name, columns in self._columns.items():
            arrays = [list(map(column, rows.get(name, ()))) for column in columns]
            sent += arrays[0][0] if name in single else arrays  # of a `Row` it is one, of rows
        return sent

    def written(self, rows: Mapping[str, Rows]) -> str | None:
        """The statement with the rows in it, as a cluster routes it; None where it is given none and does nothing."""
        if not all(rows.get(name) for name in self.tables):
            return None
        return self._filled(rows)

    def _filled(self, given: Mapping[str, Rows]) -> str:
        text = self.text
        for name in self.tables:
            if "bucket" in self._fields[name]:
                buckets = ", ".join(map(str, sorted({row.bucket for row in given.get(name, ())}))) or "null"
                text = re.sub(rf"\b(\w+)\.bucket = {name}\.bucket", rf"\g<0> and \1.bucket in ({buckets})", text)

        def fill(match: re.Match[str]) -> str:  # in one pass: what is filled in is not looked at again
            if name := match["inserted"]:
                ordered = _sorted(given[name], _words(match["order"] or ""))
                return "\n" + as_rows(_tuples(_words(match["columns"]), ordered))
            name = match["table"]
            rows = _tuples(self._fields[name], given.get(name, ()))
            return f"{as_table(rows, self._types[name])} as {self._heads[name]}"

        return _FILLED.sub(fill, text).rstrip().removesuffix(";")


class Query:
    """A query by buckets, in which `and @here(a)` says that the rows of `a` are in the buckets of its first parameter.

    On one machine that follows from the joins, and is left out; a cluster finds the shard by it.
    """

    def __init__(self, text: str) -> None:
        self.alone = _HERE.sub("", text)
        self.routed = _HERE.sub(r" and \1.bucket = any ($1)", text)

    def on(self, conn: Connection) -> str:
        """As the server of the connection takes it."""
        return self.routed if is_cluster(conn) else self.alone


class ShardByShard:
    """A statement that names no bucket: `and @here(a)` says that the rows of `a` are in the shard it is done in.

    On one machine that is left out, and it is done once. On a cluster it is done in one shard after the other: there
    rows are locked, and counted up to a limit, only of one shard at a time.
    """

    def __init__(self, text: str) -> None:
        self.alone = _HERE.sub("", text)
        place = max((int(number) for number in _COUNTED.findall(text)), default=0) + 1
        self.routed = _HERE.sub(rf" and \1.bucket = any (${place})", text)
        assert self.alone != text, "it does not say what is here"

    async def fetch(
        self, conn: Connection, *given: Any, enough: int | None = None, buckets: Collection[int] | None = None
    ) -> list[asyncpg.Record]:
        """What it returns in all. On a cluster no further shard is asked when there is `enough`, which may be a little
        more, and only shards that have one of `buckets`, if they are given."""
        if not is_cluster(conn):
            return list(await conn.fetch(self.alone, *given))
        found: list[asyncpg.Record] = []
        for there in map(set, buckets_of_shards(conn)):
            if enough is not None and len(found) >= enough:
                break
            if buckets is None or not there.isdisjoint(buckets):
                found += await conn.fetch(self.routed, *given, sorted(there))
        return found

    async def execute(self, conn: Connection, *given: Any) -> int:
        """How many rows it wrote."""
        texts = (
            [await conn.execute(self.alone, *given)]
            if not is_cluster(conn)
            else [await conn.execute(self.routed, *given, there) for there in buckets_of_shards(conn)]
        )
        return sum(int(text.split()[-1]) for text in texts)


_HERE: Final = re.compile(r"\s+and @here\((\w+)\)")


def _words(text: str) -> list[str]:
    return [word.strip().strip('"') for word in text.split(",") if word.strip()]


def _sorted(rows: Rows, by: list[str]) -> Rows:
    return sorted(rows, key=attrgetter(*by)) if by else rows


def _tuples(fields: Sequence[str], rows: Rows) -> list[list[Any]]:
    get = [attrgetter(field) for field in fields]
    return [[one(row) for one in get] for row in rows]


def script(parts: Sequence[Statement], rows: Mapping[str, Rows]) -> str:
    """The statements, one after the other, each with its rows in it; without those that would do nothing."""
    return ";\n".join(text for one in parts if (text := one.written(rows)))


async def run(conn: Connection, parts: Sequence[Statement], rows: Mapping[str, Rows]) -> None:
    """Sends them as one script; where none of them would do anything, nothing is sent."""
    if text := script(parts, rows):
        await conn.execute(text)


def together(last: Statement, **first: Statement) -> Statement:
    """Several statements as one round trip: `first` as parts of a `with`, then `last`, which may begin with one itself.

    Each may use what those before it return, by their names, and they may share tables. PostgreSQL runs all of them on
    one view of the database: none sees in a table what another has written.
    """
    tables: dict[str, type[Struct]] = {}
    for one in (*first.values(), last):
        assert all(tables.get(name, row) is row for name, row in one.tables.items()), "a name stands for two tables"
        tables |= one.tables
    parts = ", ".join(f"{name} as (\n{one.text}\n)" for name, one in first.items())
    rest, continues = _WITH.subn("", last.text)
    made = Statement(f"with {parts}{',' if continues else ''}\n{rest}", **tables)
    made.parts = (*first.values(), last)
    return made


def _as_sent(text: str, tables: dict[str, type[Struct]], single: Collection[str] = ()) -> str:
    """The statement with each table as SQL, its parameters numbered on from those of the table before: an array, or one
    for each column; of those that are `single` the values of their only row."""
    written: dict[str, str] = {}
    place = 0
    for name, row in tables.items():
        types = [row_type(row)] if issubclass(row, Row) and name not in single else _types_of(row)
        kind = "" if name in single else "[]"
        given = ", ".join([f"${place + i}::{of}{kind}" for i, of in enumerate(types, 1)])
        written[name] = (f"unnest({given})" if kind else f"(values ({given}))") + f" as {_head(name, row)}"
        place += len(types)
    return _TABLE.sub(lambda match: written[match[1]], text)


def row_type(row: type[Row]) -> str:
    """The composite type of its rows, which is named after the types of its columns: two structs of the same types
    share it, and a struct that is given another column has another."""
    return "row_" + "".join(_LETTERS[of] for of in _types_of(row))


def made_by(row: type[Row]) -> str:
    """The statement of a migration that makes the type of its rows."""
    columns = ", ".join(f"c{place} {of}" for place, of in enumerate(_types_of(row), 1))
    return f"create type {row_type(row)} as ({columns});"


def _columns_of(row: type[Struct]) -> list[Callable[[Any], Any]]:
    """What takes each array's elements out of a row."""
    fields = [field.name for field in structs.fields(row)]
    return [attrgetter(*fields)] if issubclass(row, Row) else [attrgetter(field) for field in fields]


@lru_cache(512)  # at start it is asked three times of each
def _types_of(row: type[Struct]) -> Sequence[str]:
    """The PostgreSQL types of a struct's fields, in order."""
    hints = get_type_hints(row, include_extras=True)
    return tuple([_pg_type(hints[field.name]) for field in structs.fields(row)])


def _head(name: str, row: type[Struct]) -> str:
    """A table's name with those of its columns."""
    quoted = ", ".join(f'"{field.name}"' for field in structs.fields(row))
    return f"{name} ({quoted})"


def _pg_type(hint: Any) -> str:
    origin = get_origin(hint)
    if origin is Annotated:
        plain, *extras = get_args(hint)
        named = [extra.name for extra in extras if isinstance(extra, Pg)]
        return named[0] if named else _pg_type(plain)
    if origin in (Union, UnionType):
        (plain,) = (one for one in get_args(hint) if one is not NoneType)
        return _pg_type(plain)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return "text"
    assert hint in _TYPES, f"no column holds {hint}"
    return _TYPES[hint]
