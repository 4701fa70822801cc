"""Who takes part in a programme, and who has left it: such a partner gets files as long as it has plans of it."""

from datetime import date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from service.db import Connection, Pool, load_queries

Q: Final = load_queries(Path(__file__).with_name("taking_part.sql"))


class Partner(Struct, frozen=True):
    """A partner of a programme, whose files of it these are."""

    programme_id: str
    partner_id: str
    time_zone: str
    left_at: datetime | None = None  # when a version without it was agreed; None: it takes part
    closed_until: date | None = None  # the last day that was closed; None: no day was
    nth: int = 0  # 0, 1, 2 ... of the programme's partners, as they came; it stays the same

    @property
    def left_on(self) -> date | None:
        """The day of that in the programme's time zone."""
        return self.left_at.astimezone(ZoneInfo(self.time_zone)).date() if self.left_at else None


class FormerPartner(Struct, frozen=True):
    """A partner that takes part in a programme no more. It gets files as long as it has plans of it."""

    partner_id: str
    left_on: date  # the day on which a version without it was agreed
    files_until: date | None  # the last day that it gets files of, unless more happens; null: it still has plans


async def partners_of(pool: Pool, programme_id: str | None) -> list[Partner]:
    """Who takes part in a programme, or took part; None: in any of them."""
    return [Partner(*row) for row in await pool.fetch(Q.partners_of_programmes, programme_id)]


async def former_partners(pool: Pool, programme_id: str) -> list[FormerPartner]:
    """Those that took part in an earlier version alone, and the last day that each gets files of."""
    former = [(of, of.left_on) for of in await partners_of(pool, programme_id)]
    async with pool.acquire() as conn:
        return [FormerPartner(of.partner_id, on, await files_until(conn, of)) for of, on in former if on is not None]


async def files_until(conn: Connection, of: Partner) -> date | None:
    """The last day that a partner which has left gets files of: on which it took part, or on which anything happened to
    its plans, the last of which is gone. None: it takes part, or something is out, or is not filed yet.

    What comes later, as a recovery, is filed on its own day, and then the days until that have files, too: none is
    left out.
    """
    if of.left_on is None:
        return None
    mine = (of.programme_id, of.partner_id)
    last = await conn.fetchrow(Q.last_positions, *mine)
    file_id, since = (last["file_id"], last["business_on"]) if last else ("", date.min)
    moved = {row["plan_id"]: row for row in await conn.fetch(Q.moved_since, *mine, since)}
    if any(row["is_open"] for row in moved.values()) or await conn.fetch(Q.standing, file_id, list(moved), False, 1):
        return None
    rows = await conn.fetch(Q.standing, file_id, list(moved), True, len(moved))
    closings = {row["plan_id"]: row["closing"] for row in rows}
    if any(row["moved"] + closings.get(plan_id, 0) for plan_id, row in moved.items()):
        return None
    return max(of.left_on, await conn.fetchval(Q.last_filed, *mine) or date.min)
