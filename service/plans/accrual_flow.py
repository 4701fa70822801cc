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
from service.clusters import is_cluster
from service.db import Connection, Pool, alone, columns, load_queries
from service.ledger.booking import interest_earned
from service.ledger.chart import Occasion
from service.ledger.store import BOOK, BookedTransfer, booked_by
from service.plans.plan import business_day
from service.statement import Json, ShardByShard, SmallInt, Statement, together

Q: Final = load_queries(Path(__file__).with_name("accrual.sql"))

PLANS_AT_ONCE: Final = 5_000  # read by one statement
GROUPS_AT_ONCE: Final = 200  # booked by one transaction
LOOK_AGAIN_S: Final = 0.2  # whether another has done it: it may take longer than a statement may wait
LOCKED: Final = 7_310_100  # the advisory lock

Name = tuple[str, str, str]  # merchant, programme, currency
Batch = tuple[int, str, int, str]  # plans after the first, up to and with the last
FIRST: Final = (-1, "")
LAST: Final = (ids.BUCKETS, "")


class OpenedGroup(Struct, frozen=True):
    """A group that earns for the first time, and the day on which its first line begins."""

    merchant_id: str
    programme_id: str
    currency: str
    begin_on: date


class Group(Struct, frozen=True):
    """Where a group stands: what was booked, and what of it plans have settled that are not read any more."""

    merchant_id: str
    programme_id: str
    currency: str
    accrued_until: date
    earned: int
    settled: int
    time_zone: str
    ahead: timedelta  # of real time, if its merchant is one for tests

    @property
    def name(self) -> Name:
        """What it is known by."""
        return self.merchant_id, self.programme_id, self.currency


class Share(Struct, frozen=True):
    """A partner's part of what a group was booked, and of what plans have settled that are not read any more."""

    earned: int = 0
    spread: int = 0  # ours, for servicing
    settled: int = 0
    spread_settled: int = 0


class MovedGroup(Struct, frozen=True):
    """What a day changes of a group."""

    merchant_id: str
    programme_id: str
    currency: str
    accrued_until: date
    earned: int
    facts: int


class MovedShare(Struct, frozen=True):
    """... of a partner's part of it."""

    merchant_id: str
    programme_id: str
    currency: str
    partner_id: str
    earned: int
    spread: int


class Ended(Struct, frozen=True):
    """A plan on which time earns no more, and what its group has counted of it already."""

    bucket: SmallInt
    plan_id: str
    interest_counted: int


class Counted(Struct, frozen=True):
    """What was counted of one of them now."""

    merchant_id: str
    programme_id: str
    currency: str
    settled: int
    before: int
    parts: Json | None


class Accrual(Struct, frozen=True):
    """What a group earned on a day."""

    accrual_id: str
    merchant_id: str
    programme_id: str
    currency: str
    earned_on: date
    earned: int
    partner_earned: int
    servicing: int
    booked_at: datetime


class Sums(Struct):
    """What a group's accruing plans have earned beside what is counted, and how many facts they have."""

    earned: int = 0
    facts: int = 0
    partners: dict[str, tuple[int, int]] = {}  # of it each partner's, and ours for servicing that


_OPEN_GROUPS: Final = Statement(Q.open_groups, opened=OpenedGroup)
_LOCK_ENDED: Final = ShardByShard(Q.lock_ended)
_COUNT_SETTLED: Final = Statement(Q.count_settled, ended=Ended)
_ADD_SETTLED: Final = Statement(Q.add_settled, counted=Counted)
_COUNT_AND_ADD: Final = together(Statement(Q.add_settled.replace("@counted", "counted")), counted=_COUNT_SETTLED)
_KEEP: Final = together(
    BOOK,
    accruals_kept=Statement(Q.keep_accruals, kept=Accrual),
    groups_moved=Statement(Q.move_groups, moved=MovedGroup),
    shares_moved=Statement(Q.move_shares, shared=MovedShare),
)


async def accrue(pool: Pool, now: datetime) -> int:
    """Books every day that has ended and was not booked; how many accruals that made."""
    while True:
        async with alone(pool, LOCKED) as is_ours, pool.acquire() as conn:
            if is_ours:
                return await _accrue(conn, now)
        await asyncio.sleep(LOOK_AGAIN_S)  # another process is at it


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
            ended = [Ended(*row) for row in await _LOCK_ENDED.fetch(conn, *batch)]
            if ended and is_cluster(conn):
                counted = [Counted(*row) for row in await _COUNT_SETTLED.fetch(conn, ended=ended)]
                await _ADD_SETTLED.execute(conn, counted=counted)
            elif ended:
                await _COUNT_AND_ADD.execute(conn, ended=ended)


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
        for merchant_id, programme_id, currency, partner_id, *sums in await conn.fetch(Q.earned, *batch, *asked):
            group = found.setdefault((merchant_id, programme_id, currency), Sums())
            earned, spread, facts = sums
            if partner_id:
                before = group.partners.get(partner_id, (0, 0))
                group.partners[partner_id] = before[0] + earned, before[1] + spread
            else:
                group.earned += earned
                group.facts += facts
    return found


async def _shares(conn: Connection, groups: list[Group]) -> dict[Name, dict[str, Share]]:
    found: dict[Name, dict[str, Share]] = {}
    for *name, partner_id, earned, spread, settled, spread_settled in await conn.fetch(
        Q.load_shares, *columns([group.name for group in groups])
    ):
        merchant_id, programme_id, currency = name
        shares = found.setdefault((merchant_id, programme_id, currency), {})
        shares[partner_id] = Share(earned, spread, settled, spread_settled)
    return found


async def _book(conn: Connection, groups: list[Group], found: dict[Name, Sums], now: datetime) -> int:
    moved, shared, kept, booked = [], [], [], []
    known = await _shares(conn, groups)
    for group in groups:
        sums, shares = found.get(group.name, Sums()), known.get(group.name, {})
        earned, more = group.settled + sums.earned, dict[str, tuple[int, int]]()
        for partner_id in sorted(shares.keys() | sums.partners.keys()):
            share = shares.get(partner_id, Share())
            theirs, spread = sums.partners.get(partner_id, (0, 0))
            theirs, spread = theirs + share.settled, spread + share.spread_settled
            if (theirs, spread) != (share.earned, share.spread):
                more[partner_id] = theirs - share.earned, spread - share.spread
                shared.append(MovedShare(*group.name, partner_id, theirs, spread))
        changed = bool(more) or earned != group.earned
        # A group without accruing plans earns nothing on the days after the next, either.
        on = _ended(group, now) if group.name not in found and not changed else group.accrued_until + timedelta(days=1)
        moved.append(MovedGroup(*group.name, on, earned, sums.facts))
        if changed:
            accrual = _accrual(group, on, earned - group.earned, more, now)
            kept.append(accrual)
            booked += _transfers(group, accrual, more)
    await _KEEP.execute(conn, moved=moved, shared=shared, kept=kept, booked=booked)
    return len(kept)


def _accrual(group: Group, on: date, earned: int, more: dict[str, tuple[int, int]], now: datetime) -> Accrual:
    accrual_id = ids.new_id(ids.ACCRUAL, ids.bucket_for(*group.name), int(now.timestamp() * 1000))
    theirs, spread = (sum(each) for each in zip((0, 0), *more.values(), strict=True))
    return Accrual(accrual_id, *group.name, on, earned, theirs, spread, now)


def _transfers(group: Group, accrual: Accrual, more: dict[str, tuple[int, int]]) -> list[BookedTransfer]:
    theirs = {partner_id: share for partner_id, (share, _) in more.items()}
    earned = interest_earned(group.merchant_id, accrual.earned, theirs, accrual.servicing)
    return booked_by(
        accrual.accrual_id, {Occasion.ACCRUAL: earned}, group.currency, group.merchant_id, accrual.earned_on,
        accrual.booked_at,
    )  # fmt: skip
