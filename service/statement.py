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
"""

import re
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from operator import attrgetter
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import asyncpg
from msgspec import Struct, structs

from service.db import Connection


class Pg(Struct, frozen=True):
    """The PostgreSQL type of a column, where it does not follow from the Python type."""

    name: str


SmallInt = Annotated[int, Pg("smallint")]
Int = Annotated[int, Pg("int")]
Json = Annotated[str, Pg("json")]

Rows = Sequence[Any]  # structs of the table's type, or anything that has its fields

_TYPES: Final[dict[type, str]] = {
    bool: "boolean", int: "bigint", str: "text", bytes: "bytea", date: "date", datetime: "timestamptz",
}  # fmt: skip
_TABLE: Final = re.compile(r"@([a-z_]+)\b")
_WITH: Final = re.compile(r"\A(?:\s*--[^\n]*\n)*\s*with\s")


class Statement:
    """SQL in which `@name` stands for the rows of a struct; each name has its struct, and each struct its name."""

    def __init__(self, text: str, **tables: type[Struct]) -> None:
        assert set(_TABLE.findall(text)) == set(tables), f"the statement names other tables than {sorted(tables)}"
        self.text = text
        self.tables = tables
        written = _written(tables)
        self.sql = _TABLE.sub(lambda match: written[match[1]], text)
        self._fields = {name: tuple(field.name for field in structs.fields(row)) for name, row in tables.items()}

    async def execute(self, conn: Connection, **rows: Rows) -> None:
        """Runs it once for all `rows`, given by the name of their table; tables left out are empty."""
        await conn.execute(self.sql, *self.arguments(rows))

    async def fetch(self, conn: Connection, **rows: Rows) -> list[asyncpg.Record]:
        """The same, and what it returns."""
        found: list[asyncpg.Record] = await conn.fetch(self.sql, *self.arguments(rows))
        return found

    def arguments(self, rows: dict[str, Rows]) -> list[list[Any]]:
        """An array for each column, in the order of the parameters."""
        assert rows.keys() <= self.tables.keys(), f"the statement has no tables {sorted(rows.keys() - self.tables)}"
        arrays: list[list[Any]] = []
        for name, fields in self._fields.items():
            given = rows.get(name, ())
            arrays += [list(map(attrgetter(field), given)) for field in fields]
        return arrays


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
    return Statement(f"with {parts}{',' if continues else ''}\n{rest}", **tables)


def _written(tables: dict[str, type[Struct]]) -> dict[str, str]:
    """Each table as SQL, its columns numbered on from those of the table before."""
    written: dict[str, str] = {}
    place = 0
    for name, row in tables.items():
        hints = get_type_hints(row, include_extras=True)
        columns = [field.name for field in structs.fields(row)]
        arrays = [f"${place + i}::{_pg_type(hints[column])}[]" for i, column in enumerate(columns, 1)]
        quoted = ", ".join(f'"{column}"' for column in columns)
        written[name] = f"unnest({', '.join(arrays)}) as {name} ({quoted})"
        place += len(columns)
    return written


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
