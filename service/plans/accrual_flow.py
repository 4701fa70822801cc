"""Interest of the days that have ended, booked: one cause for each merchant, programme, currency and day.

Each day books what the group's plans have earned by its end, less what was booked before. So days that were missed are
caught up, one by one; and facts that came late, or put right what was wrong, book their difference on the day they are
seen. Running it again changes nothing; cut short, it goes on where it was. A missed day is booked by what is known now.
"""

import asyncio
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

from msgspec import Struct

from service import ids
from service.db import Connection, Pool, columns, load_queries
from service.ledger.booking import interest_earned
from service.ledger.chart import Occasion
from service.ledger.store import BOOK, BookedTransfer, booked_by
from service.plans.plan import business_day
from service.statement import SmallInt, Statement, together

Q: Final = load_queries(Path(__file__).with_name("accrual.sql"))

PLANS_AT_ONCE: Final = 5_000  # read by one statement
GROUPS_AT_ONCE: Final = 200  # booked by one transaction
LOOK_AGAIN_S: Final = 0.2  # whether another has done it: it may take longer than a statement may wait

Name = tuple[str, str, str]  # merchant, programme, currency
Batch = tuple[int, str, int, str]  # plans after the first, up to and with the last
FIRST: Final = (-1, "")
LAST: Final = (ids.BUCKETS, "")


class OpenedGroup(Struct, frozen=True):
    """A group that earns for the first time, and the day on which its first line begins."""

    merchant_id: str
    programme_id: str
    currency: str
    partner_id: str | None
    begin_on: date


class Group(Struct, frozen=True):
    """Where a group stands: what was booked, and what of it plans have settled that are not read any more."""

    merchant_id: str
    programme_id: str
    currency: str
    partner_id: str | None
    accrued_until: date
    earned: int
    partner_earned: int
    settled: int
    partner_settled: int
    time_zone: str
    ahead: timedelta  # of real time, if its merchant is one for tests

    @property
    def name(self) -> Name:
        """What it is known by."""
        return self.merchant_id, self.programme_id, self.currency


class MovedGroup(Struct, frozen=True):
    """What a day changes of a group."""

    merchant_id: str
    programme_id: str
    currency: str
    accrued_until: date
    earned: int
    partner_earned: int
    facts: int


class Ended(Struct, frozen=True):
    """A plan on which time earns no more, and what its group has counted of it already."""

    bucket: SmallInt
    plan_id: str
    interest_counted: int


class Accrual(Struct, frozen=True):
    """What a group earned on a day."""

    accrual_id: str
    merchant_id: str
    programme_id: str
    currency: str
    earned_on: date
    earned: int
    partner_earned: int
    booked_at: datetime


class Sums(Struct, frozen=True):
    """What a group's accruing plans have earned beside what is counted, and how many facts they have."""

    earned: int = 0
    partner_earned: int = 0
    facts: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.earned + other.earned, self.partner_earned + other.partner_earned, self.facts + other.facts)


_OPEN_GROUPS: Final = Statement(Q.open_groups, opened=OpenedGroup)
_COUNT_SETTLED: Final = Statement(Q.count_settled, ended=Ended)
_KEEP: Final = together(
    BOOK,
    accruals_kept=Statement(Q.keep_accruals, kept=Accrual),
    groups_moved=Statement(Q.move_groups, moved=MovedGroup),
)


async def accrue(pool: Pool, now: datetime) -> int:
    """Books every day that has ended and was not booked; how many accruals that made."""
    async with pool.acquire() as conn:
        while not await conn.fetchval(Q.lock):  # noqa: ASYNC110 - another process has it
            await asyncio.sleep(LOOK_AGAIN_S)
        try:
            return await _accrue(conn, now)
        finally:
            if not conn.is_closed():
                await conn.execute(Q.unlock)


async def _accrue(conn: Connection, now: datetime) -> int:
    batches = await _batches(conn)
    await _open_groups(conn, batches)
    if not await _behind(conn, now):
        return 0
    await _count_ended(conn, batches)
    booked = 0
    while behind := await _behind(conn, now):
        days = {group.name: group.accrued_until + timedelta(days=1) for group in behind}
        sums = await _earned(conn, batches, days)
        for start in range(0, len(behind), GROUPS_AT_ONCE):
            booked += await _book(conn, behind[start : start + GROUPS_AT_ONCE], sums, now)
    return booked


async def _batches(conn: Connection) -> list[Batch]:
    """All accruing plans, some thousands at a time."""
    ends = [tuple(row) for row in await conn.fetch(Q.last_of_batches, PLANS_AT_ONCE)]
    return [(*first, *last) for first, last in pairwise([FIRST, *ends, LAST])]


async def _open_groups(conn: Connection, batches: list[Batch]) -> None:
    opened: dict[Name, OpenedGroup] = {}
    for batch in batches:
        for row in await conn.fetch(Q.new_groups, *batch):
            group = OpenedGroup(**row)
            name = group.merchant_id, group.programme_id, group.currency
            if name not in opened or group.begin_on < opened[name].begin_on:
                opened[name] = group
    if opened:
        await _OPEN_GROUPS.execute(conn, opened=list(opened.values()))


async def _count_ended(conn: Connection, batches: list[Batch]) -> None:
    for batch in batches:
        async with conn.transaction():
            if ended := [Ended(*row) for row in await conn.fetch(Q.lock_ended, *batch)]:
                await _COUNT_SETTLED.execute(conn, ended=ended)


async def _behind(conn: Connection, now: datetime) -> list[Group]:
    """The groups of which a day has ended and was not booked."""
    groups = [Group(**row) for row in await conn.fetch(Q.load_groups)]
    return [group for group in groups if group.accrued_until < _ended(group, now)]


def _ended(group: Group, now: datetime) -> date:
    """The day that ended last, by its merchant's clock and the calendar of the group's books."""
    return business_day(now + group.ahead, group.time_zone) - timedelta(days=1)


async def _earned(conn: Connection, batches: list[Batch], days: dict[Name, date]) -> dict[Name, Sums]:
    """What the accruing plans of each group have earned by the end of its day. A group that has none is left out."""
    asked = columns([(*name, day) for name, day in days.items()])
    found: dict[Name, Sums] = {}
    for batch in batches:
        for merchant_id, programme_id, currency, *sums in await conn.fetch(Q.earned, *batch, *asked):
            name = merchant_id, programme_id, currency
            found[name] = found.get(name, Sums()) + Sums(*sums)
    return found


async def _book(conn: Connection, groups: list[Group], found: dict[Name, Sums], now: datetime) -> int:
    moved, kept, booked = [], [], []
    for group in groups:
        sums = found.get(group.name, Sums())
        earned = group.settled + sums.earned
        partner_earned = group.partner_settled + sums.partner_earned
        changed = (earned, partner_earned) != (group.earned, group.partner_earned)
        # A group without accruing plans earns nothing on the days after the next, either.
        on = _ended(group, now) if group.name not in found and not changed else group.accrued_until + timedelta(days=1)
        moved.append(MovedGroup(*group.name, on, earned, partner_earned, sums.facts))
        if changed:
            accrual = _accrual(group, on, earned - group.earned, partner_earned - group.partner_earned, now)
            kept.append(accrual)
            booked += _transfers(group, accrual)
    await _KEEP.execute(conn, moved=moved, kept=kept, booked=booked)
    return len(kept)


def _accrual(group: Group, on: date, earned: int, partner_earned: int, now: datetime) -> Accrual:
    accrual_id = ids.new_id(ids.ACCRUAL, ids.bucket_for(*group.name), int(now.timestamp() * 1000))
    return Accrual(accrual_id, *group.name, on, earned, partner_earned, now)


def _transfers(group: Group, accrual: Accrual) -> list[BookedTransfer]:
    earned = interest_earned(group.merchant_id, group.partner_id, accrual.earned, accrual.partner_earned)
    return booked_by(
        accrual.accrual_id, {Occasion.ACCRUAL: earned}, group.currency, group.merchant_id, accrual.earned_on,
        accrual.booked_at,
    )  # fmt: skip
