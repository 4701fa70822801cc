"""People as an operator reads them."""

from collections.abc import Collection
from pathlib import Path
from typing import Final, TypeVar

import asyncpg
import msgspec

from service import ids
from service.db import Connection, Pool, load_queries
from service.people.doubt import Doubt
from service.people.pause import Paused
from service.people.view import CalledView, LimitView, MoveView, PersonView

T = TypeVar("T")

Q: Final = load_queries(Path(__file__).with_name("reading.sql"))


async def load_person(pool: Pool | Connection, person_id: str) -> PersonView | None:
    """A person with consumers, accounts and history."""
    key = ids.bucket_of(person_id), person_id
    row = await pool.fetchrow(Q.load_person, *key)
    if row is None:
        return None
    return PersonView(
        person_id, row["created_at"], row["merged_into"],
        _all(CalledView, await pool.fetch(Q.load_consumers, *key)),
        _all(LimitView, await pool.fetch(Q.load_accounts, *key)),
        _all(MoveView, await pool.fetch(Q.load_moves, person_id)), _all(Paused, await pool.fetch(Q.load_pauses, *key)),
    )  # fmt: skip


async def person_behind(pool: Pool, consumer_id: str) -> str | None:
    """Whose consumer this is."""
    person_id: str | None = await pool.fetchval(Q.person_behind, ids.bucket_of(consumer_id), consumer_id)
    return person_id


async def search(pool: Pool, marks: Collection[bytes]) -> list[str]:
    """The people of whom a consumer was registered so, whether it counts or not."""
    return [row["person_id"] for row in await pool.fetch(Q.search, list(marks))]


async def list_doubts(pool: Pool, after: str, limit: int) -> list[Doubt]:
    """What nobody has said anything of yet, the oldest first."""
    return list(_all(Doubt, await pool.fetch(Q.list_doubts, after, limit)))


async def lock_doubt(conn: Connection, doubt_id: str) -> Doubt | None:
    """One, which nobody else settles meanwhile."""
    row = await conn.fetchrow(Q.lock_doubt, ids.bucket_of(doubt_id), doubt_id)
    return msgspec.convert(dict(row), Doubt) if row else None


def _all(view: type[T], rows: Collection[asyncpg.Record]) -> tuple[T, ...]:
    return tuple([msgspec.convert(dict(row), view) for row in rows])
