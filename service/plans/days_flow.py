"""Every plan on which a day has begun that brings something about, some hundred at a time.

Several workers share the work: each takes a part of the buckets at a time, which no other takes meanwhile. Cut short,
the next run goes on where this one ended; run again, it finds nothing left to do.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import asyncpg

from service import ids
from service.actor import THE_DAY
from service.db import Pool, alone
from service.engine.lane import Engine
from service.errors import Code, Refused
from service.pace import Pace
from service.plans.days import PassDays
from service.plans.reading_store import Q

PARTS: Final = 32  # of the buckets
AT_ONCE: Final = 256
LOCKED: Final = 7_310_001  # the advisory lock of the first part


class Sweep(NamedTuple):
    """One look at each plan of a part: of how many days were passed, and of how many they could not be."""

    passed: int
    failed: int


async def pass_days(pool: Pool, engine: Engine, now: datetime) -> int:
    """Passes all days that have begun by `now`, but for parts that another worker is at; of how many plans.

    Refused: UNAVAILABLE, once all others were looked at.
    """
    passed = failed = 0
    pace = Pace()
    for part in range(PARTS):
        async with alone(pool, LOCKED + part) as is_ours:
            if not is_ours:
                continue
            while (sweep := await _sweep(pool, engine, part, now, pace)).passed:
                passed += sweep.passed  # once more: a plan whose days were many has some left
            failed += sweep.failed
    if failed:
        raise Refused(Code.UNAVAILABLE, f"Days of {failed} plans could not be passed; close the day again later.")
    return passed


async def pass_days_of(pool: Pool, engine: Engine, merchant_id: str, now: datetime, theirs: datetime) -> None:
    """Passes the days of a test merchant's plans that have begun by its time."""
    while rows := await pool.fetch(Q.load_plans_of_merchant_to_pass, merchant_id, theirs, AT_ONCE):
        if 200 not in await _pass(engine, rows, now):
            return  # others are at them, or they cannot be passed: the worker says so


async def _sweep(pool: Pool, engine: Engine, part: int, now: datetime, pace: Pace) -> Sweep:
    """One that fails does not stop the others."""
    size, passed, failed = ids.BUCKETS // PARTS, 0, 0
    first, last = part * size, (part + 1) * size - 1
    place: tuple[int, datetime, str] = (first, datetime.min.replace(tzinfo=UTC), "")
    while rows := await pool.fetch(Q.load_plans_to_pass, *place, last, now, AT_ONCE):
        answers = await _pass(engine, rows, now)
        passed += answers.count(200)
        failed += sum(status >= 500 for status in answers)  # 409: whoever came meanwhile has passed its days
        place = (rows[-1]["bucket"], rows[-1]["day_at"], rows[-1]["plan_id"])
        await pace.rest()
    return Sweep(passed, failed)


async def _pass(engine: Engine, rows: Sequence[asyncpg.Record], now: datetime) -> list[int]:
    at_ms = int(now.timestamp() * 1000)
    commands = [
        PassDays(
            command_id=ids.new_id(ids.COMMAND, row["bucket"], at_ms), actor=THE_DAY, plan_id=row["plan_id"]
        )
        for row in rows
    ]  # fmt: skip
    answers = await asyncio.gather(*[engine.do(command, None, now) for command in commands])
    return [answer.status for answer in answers]
