"""The rows of files leave by the month; what proves a file stays. Who asks for rows that have left is told so.

A file's id says when it was made, and its rows stand in the partition of its month. So old rows are dropped with their
month, at once, however many they are; and by the id of a file it is known whether its rows are still there.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused

Q: Final = load_queries(Path(__file__).with_name("months.sql"))


class Rows(StrEnum):
    """Rows that leave together. The check `months_gone_what_is_known` says the same."""

    POSITIONS = "positions"  # where each plan stood at the end of a day
    FILES = "files"  # the bytes of our files
    RECEIVED = "received"  # the rows of what partners sent, and their answers to ours


async def make_month_of(conn: Connection, file_id: str) -> None:
    """The month of a file, before its first row is written; most are there already."""
    await conn.execute(Q.make_month_of, file_id)


async def make_months_ahead(pool: Pool, now: datetime, at: datetime) -> None:
    """The months of now and of a later instant: so nobody who writes has to make one."""
    async with pool.acquire() as conn:
        for instant in (now, at):
            await make_month_of(conn, ids.new_id(ids.FILE, 0, int(instant.timestamp() * 1000)))


async def forget_month(conn: Connection, rows: Rows, before: datetime) -> int:
    """Drops the first month that is older; to how many tables. asyncpg's `LockNotAvailableError`: somebody reads it."""
    dropped: int = await conn.fetchval(Q.forget_month, rows, before)
    return dropped


async def kept_from(conn: Connection | Pool, rows: Rows) -> str:
    """The first id of a file whose rows may be there; empty: nothing has left."""
    first: str = await conn.fetchval(Q.kept_from, rows)
    return first


async def require_kept(
    conn: Connection | Pool, rows: Rows, file_ids: Iterable[str], pointer: str | None = None
) -> None:
    """Whether the rows of all these files may be there. Refused: NOT_KEPT, which names the first that has left."""
    first = await kept_from(conn, rows)
    left = min((one for one in file_ids if one < first), default=None)
    if left is not None:
        from_on = datetime.fromtimestamp(ids.made_at_ms(first) / 1000, UTC).date()
        sentence = f"{_SAID[rows]} are kept from {from_on} on, and file {left} was made before."
        raise Refused(Code.NOT_KEPT, sentence, pointer)


_SAID: Final = {
    Rows.POSITIONS: "Positions", Rows.FILES: "The bytes of files", Rows.RECEIVED: "The rows of files that came"
}  # fmt: skip
