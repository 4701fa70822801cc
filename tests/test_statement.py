"""Rows of structs as tables inside SQL: by name, with their types, several statements in one."""

import pkgutil
import re
from collections import deque
from datetime import UTC, date, datetime
from enum import StrEnum
from importlib import import_module
from types import MappingProxyType
from typing import Any

import asyncpg
import pytest
from msgspec import Struct

import service
from service import db
from service.statement import Json, Row, SmallInt, Statement, _as_sent, made_by, row_type, script, together


class Colour(StrEnum):
    RED = "red"


class Every(Struct, frozen=True):
    bucket: SmallInt
    amount: int
    limit: int | None
    colour: Colour
    is_open: bool
    due_on: date
    at: datetime | None
    body: bytes
    data: Json


class Counted(Struct, frozen=True):
    name: str
    count: int


AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
FULL = Every(3, 2**62, None, Colour.RED, True, date(2026, 2, 28), AT, b"\x00", '{"a":1}')
BARE = Every(4, 0, 7, Colour.RED, False, date(2026, 3, 1), None, b"", "[]")


async def test_every_type_comes_back_as_it_went(pool: db.Pool) -> None:
    echo = Statement("select * from @every order by bucket", every=Every)
    async with pool.acquire() as conn:
        found = await echo.fetch(conn, every=[BARE, FULL])
    assert [Every(*row) for row in found] == [FULL, BARE]


class Sent(Row, frozen=True):
    bucket: SmallInt
    name: str | None
    amount: int
    colour: Colour
    is_open: bool
    due_on: date | None
    at: datetime
    body: bytes | None
    data: Json


async def test_an_array_of_rows_comes_back_as_it_went(pool: db.Pool) -> None:
    echo = Statement("select * from @sent order by bucket", sent=Sent)
    rows = [
        Sent(1, 'a, (b) "c"', -(2**62), Colour.RED, False, date(2026, 2, 28), AT, b"\x00\xff", '{"a":1}'),
        Sent(2, None, 0, Colour.RED, True, None, AT, None, "[]"),
        Sent(3, "", 7, Colour.RED, True, None, AT, b"", "null"),
    ]
    async with pool.acquire() as conn:
        await conn.execute(made_by(Sent))
        try:
            assert [Sent(*row) for row in await echo.fetch(conn, sent=rows)] == rows
            assert not await echo.fetch(conn, sent=[])
            for row in rows:  # alone, as it is
                assert [Sent(*found) for found in await echo.fetch(conn, sent=[row])] == [row]
        finally:
            await conn.execute(f"drop type {row_type(Sent)}")


class Placed(Row, frozen=True):
    bucket: SmallInt
    name: str


def test_rows_are_sent_as_they_are_where_no_table_has_several() -> None:
    both = Statement(
        "select * from @counted cross join @placed cross join @others", counted=Counted, placed=Placed, others=Placed
    )
    count, one, two = Counted("a", 1), Placed(1, "x"), Placed(2, "y")

    def sent(**rows: list[Any]) -> list[Any]:
        text, *given = both.sent(rows)
        written = re.findall(r"(unnest|values) \(?([^)]*)\)|(unnest)\(([^)]*)\)", text)
        return [[a or c, b or d] for a, b, c, d in written] + given

    arrays = [["unnest", "$1::text[], $2::bigint[]"], ["unnest", "$3::row_st[]"], ["unnest", "$4::row_st[]"]]
    assert sent(counted=[count], placed=[one, two]) == [*arrays, ["a"], [1], [(1, "x"), (2, "y")], []]
    first = [["unnest", "$1::text[], $2::bigint[]"], ["values", "$3::smallint, $4::text"]]
    assert sent(counted=[count], placed=[one]) == [*first, ["unnest", "$5::row_st[]"], ["a"], [1], 1, "x", []]
    last = ["values", "$5::smallint, $6::text"]
    assert sent(placed=[one], others=[two]) == [*first, last, [], [], 1, "x", 2, "y"]
    assert sent() == [*arrays, [], [], [], []]


async def test_every_row_has_its_type(pool: db.Pool) -> None:
    kinds = set[type[Row]]()
    for found in pkgutil.walk_packages(service.__path__, "service."):
        if found.name.endswith("__main__") or found.name.startswith("service.learning"):  # which no process runs
            continue
        for one in vars(import_module(found.name)).values():
            if isinstance(one, Statement):
                kinds |= {row for row in one.tables.values() if issubclass(row, Row)}
    assert len(kinds) >= 19
    missing = [one for one in kinds if await pool.fetchval("select to_regtype($1)::text", row_type(one)) is None]
    assert not missing, "a new file in schema has to say: " + " ".join(made_by(one) for one in missing)


async def test_columns_go_by_name_whatever_their_order(pool: db.Pool) -> None:
    swapped = Statement("select c.name, c.count from (select count, name from @c) c", c=Counted)
    async with pool.acquire() as conn:
        (row,) = await swapped.fetch(conn, c=[Counted("a", 1)])
    assert dict(row) == {"name": "a", "count": 1}


async def test_several_in_one_round_trip(pool: db.Pool) -> None:
    async with pool.acquire() as conn:
        await conn.execute("create temporary table kept (name text primary key, count bigint)")
        keep = Statement("insert into kept select name, count from @kept_now returning name", kept_now=Counted)
        last = Statement(
            "-- Both are told.\nwith doubled as (select name, 2 * count as twice from @doubled_now)\n"
            "select name, twice from doubled union all select name, 0 from kept order by 1",
            doubled_now=Counted,
        )
        both = together(last, kept=keep)
        found = await both.fetch(conn, kept_now=[Counted("a", 1)], doubled_now=[Counted("b", 2)])
        assert [tuple(row) for row in found] == [("a", 0), ("b", 4)]
        await both.execute(conn, kept_now=[Counted("c", 3)])
        assert [tuple(row) for row in await conn.fetch("select * from kept order by 1")] == [("a", 1), ("c", 3)]


@pytest.mark.parametrize("text", ["select 1", "select * from @other", "select * from @c, @other"])
def test_a_name_without_its_struct_is_broken(text: str) -> None:
    with pytest.raises(AssertionError):
        Statement(text, c=Counted)


async def test_rows_without_a_name_are_broken(pool: db.Pool) -> None:
    one = Statement("select * from @c", c=Counted)
    async with pool.acquire() as conn:
        with pytest.raises(AssertionError):
            await one.fetch(conn, d=[Counted("a", 1)])
        with pytest.raises(asyncpg.PostgresError):
            await Statement("select no_column from @c", c=Counted).fetch(conn, c=[Counted("a", 1)])
    with pytest.raises(AssertionError):
        together(one, first=Statement("select colour from @c", c=Every))


async def test_parts_share_a_table_and_use_what_comes_before(pool: db.Pool) -> None:
    least = Statement("select name, count from @c where count > 1", c=Counted)
    both = together(Statement("select l.name, c.count from @c join least l using (name)", c=Counted), least=least)
    async with pool.acquire() as conn:
        found = await both.fetch(conn, c=[Counted("a", 1), Counted("b", 2)])
    assert [tuple(row) for row in found] == [("b", 2)]


class Named(Struct, frozen=True):
    bucket: SmallInt
    name: str | None
    body: bytes
    at: datetime
    colour: Colour


AWKWARD = ["it's", "\\", "\\'; drop table noted; --", "@noted", "$1", "E'x'", "\n\t\r", "\u00fc \U0001f600", ""]


async def test_values_in_a_script_come_back_as_they_went(pool: db.Pool) -> None:
    """As a cluster is given them; an insert is in the order it asks for, and what does nothing is left out."""
    keep = Statement(
        "insert into noted (bucket, name, body, at, colour)\n"
        "select bucket, name, body, at, colour from @noted order by bucket",
        noted=Named,
    )
    change = Statement(
        "update noted n set body = moved.body from @moved where n.bucket = moved.bucket and n.name = moved.name",
        moved=Named,
    )
    rows = [Named(number, text, text.encode(), AT, Colour.RED) for number, text in enumerate(AWKWARD)]
    moved = [Named(0, AWKWARD[0], b"\x00\xff", AT, Colour.RED)]
    async with pool.acquire() as conn:
        await conn.execute(
            "create temporary table noted (number bigint generated always as identity, bucket smallint, name text, "
            "body bytea, at timestamptz, colour text)"
        )
        for strings in ("on", "off"):
            await conn.execute(f"set standard_conforming_strings = {strings}; delete from noted")
            await conn.execute(script([keep, change], {"noted": rows[::-1], "moved": moved}))
            found = await conn.fetch("select bucket, name, body, at, colour from noted order by number")
            assert [Named(*row) for row in found] == [moved[0], *rows[1:]]
    assert script([keep, change], {"noted": [], "moved": []}) == ""
    assert "n.bucket = moved.bucket and n.bucket in (0)" in script([change], {"moved": moved})
    with pytest.raises(AssertionError):
        script([keep], {"noted": [Named(0, "\0", b"", AT, Colour.RED)]})


def test_each_statement_is_short_enough_to_stay_prepared() -> None:
    """asyncpg prepares a longer one each time it is asked (`max_cacheable_statement_size`)."""
    found = dict[str, Statement]()
    for module in pkgutil.walk_packages(service.__path__, "service."):
        if not module.name.endswith("__main__") and not module.name.startswith("service.learning"):
            found |= {
                f"{module.name} {name}": one
                for name, one in vars(import_module(module.name)).items()
                if isinstance(one, Statement)
            }
    assert len(found) > 50
    longest = {
        name: max(len(one.sql), len(_as_sent(one.text, one.tables, one._of_rows))) for name, one in found.items()
    }
    assert {name: length for name, length in longest.items() if length > 15 * 1024} == {}


async def test_what_the_driver_is_given_is_looked_at_as_ever(pool: db.Pool) -> None:
    """It is told of which types it need not ask what they are; all others it takes or refuses as before."""
    numbers: tuple[Any, ...] = ([1, 2], (1, 2), {1, 2}, {1: "one", 2: "two"}.keys(), deque([1, 2]))
    for given in numbers:
        assert await pool.fetchval("select $1::int[]", given) == [1, 2]
    assert await pool.fetchval("select $1::int[]", [[1, 2], [3, 4]]) == [[1, 2], [3, 4]]
    for wrong in ("12", b"12", {1: 2}, MappingProxyType({1: 2}), 12):
        with pytest.raises(asyncpg.DataError):
            await pool.fetchval("select $1::int[]", wrong)
    named = {"c1": 1, "c2": 2, "c3": 3}
    for one in ((1, 2, 3), named, MappingProxyType(named)):
        assert tuple(await pool.fetchrow("select * from unnest($1::row_bbb[])", [one]) or ()) == (1, 2, 3)
