"""Plans rest while their person does: each one that is owed is paused, and resumed when the person goes on.

A plan follows whoever its person is now: of two people found to be one, the plans of both rest, and of one found to be
two, the plans that leave go on. It is done at once where somebody says so, and by `tenor worker` for what that leaves:
cut short, or done beside another, it is done again and finds nothing left to do.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final

import asyncpg

from service import ids
from service.actor import Actor, ActorKind
from service.db import Connection, Pool, load_queries
from service.engine.faults import PASSING
from service.errors import Code, Refused
from service.limits.account import Account
from service.merchants.merchant import TimeAt
from service.plans.book import PlanCommand
from service.plans.flow import do_within
from service.plans.pausing import PauseCollection, ResumeCollection
from service.plans.running.facts import PauseReason

AT_ONCE: Final = 256
Q: Final = load_queries(Path(__file__).with_name("person_pauses.sql"))

Told = Callable[[Sequence[Account]], Awaitable[None]]


class Following:
    """What pauses and resumes plans: `told` hears of accounts whose plans changed."""

    def __init__(self, pool: Pool, time_at: TimeAt, told: Told) -> None:
        self._pool = pool
        self._time_at = time_at
        self._told = told

    async def follow(self, now: datetime, person_id: str | None = None) -> int:
        """Pauses and resumes what is to be; of all people, if none is named. How many plans changed.

        One that cannot be now (its day is being passed, another changes it) is left to the next time.
        """
        done = 0
        for query, one_plan in ((Q.load_plans_to_resume, self._resume), (Q.load_plans_to_pause, self._pause)):
            place = ("", "")
            while rows := await self._pool.fetch(query, person_id, *place, AT_ONCE):
                for row in rows:
                    try:
                        done += await one_plan(row, now)
                    except (Refused, *PASSING):
                        continue
                place = (rows[-1]["plan_id"], rows[-1]["why"])
        return done

    async def _pause(self, row: asyncpg.Record, now: datetime) -> bool:
        key = (row["bucket"], row["plan_id"], row["why"])
        async with self._pool.acquire() as conn, conn.transaction():
            if not await conn.fetchval(Q.insert_plan_pause, *key, row["said_by"], now):
                return False
            accounts = await self._paused(conn, row, now)
            if accounts is None:
                await conn.execute(Q.leave_by_hand, *key)
        await self._told(accounts or ())
        return accounts is not None

    async def _paused(self, conn: Connection, row: asyncpg.Record, now: datetime) -> list[Account] | None:
        """From the day on that the person rests from; from today, if it was opened since, or has rested and gone on.

        None: it rests for this reason already.
        """
        for on in (row["begins_on"], None):
            try:
                return await self._do(conn, _pausing(row, on, now), now)
            except Refused as refused:
                if refused.code not in (Code.INVALID_FIELD, Code.STATE_FORBIDS):
                    raise
        return None

    async def _resume(self, row: asyncpg.Record, now: datetime) -> bool:
        accounts: list[Account] = []
        async with self._pool.acquire() as conn, conn.transaction():
            if not await conn.fetchval(Q.delete_plan_pause, row["bucket"], row["plan_id"], row["why"]):
                return False
            if not row["by_hand"]:
                try:
                    accounts = await self._do(conn, _resuming(row, now), now)
                except Refused as refused:
                    if refused.code is not Code.STATE_FORBIDS:  # which says that an operator has resumed it
                        raise
        await self._told(accounts)
        return bool(accounts)

    async def _do(self, conn: Connection, command: PlanCommand, now: datetime) -> list[Account]:
        _, accounts = await do_within(conn, command, now, self._time_at)
        return accounts


def _pausing(row: asyncpg.Record, on: date | None, now: datetime) -> PauseCollection:
    return PauseCollection(
        command_id=_command_id(row, now), actor=_actor(row), plan_id=row["plan_id"], why=PauseReason(row["why"]), on=on
    )


def _resuming(row: asyncpg.Record, now: datetime) -> ResumeCollection:
    return ResumeCollection(
        command_id=_command_id(row, now), actor=_actor(row), plan_id=row["plan_id"], why=PauseReason(row["why"])
    )


def _command_id(row: asyncpg.Record, now: datetime) -> str:
    return ids.new_id(ids.COMMAND, row["bucket"], int(now.timestamp() * 1000))


def _actor(row: asyncpg.Record) -> Actor:
    return Actor(ActorKind.OPERATOR, row["said_by"])
