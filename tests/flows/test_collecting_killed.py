"""Instalments are due, two processes collect them, and one of the two is killed again and again: each is booked once.

TENOR_FAULTS=1 (`make test-faults`): 500 instalments and ten kills.
"""

import asyncio
import os
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

from service import config
from service.config import Settings
from tests.flows.collecting import Till, till
from tests.flows.world import NOON, World

THOROUGH = bool(os.environ.get("TENOR_FAULTS"))
PLANS, KILLS = (500, 10) if THOROUGH else (100, 4)
DUE = 150_00
ROOT = Path(__file__).parent.parent.parent

# Of four in ten consumers the processor breaks, is late, or says it twice.
ENDINGS = ("ok", "ok", "broken", "ok", "500", "ok", "late", "ok", "ok", "twice")


async def start(settings: Settings, minutes: int) -> asyncio.subprocess.Process:
    """A process that collects, at so long after noon: whatever another has begun before may be asked about again."""
    now = NOON + timedelta(minutes=minutes)
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.flows.collector", now.isoformat(), cwd=ROOT,
        env=os.environ | config.environment(settings),
    )  # fmt: skip


async def due_plans(at: Till) -> set[str]:
    """Plans whose first instalment is due at once, ten for each consumer."""
    plans: set[str] = set()

    async def one(number: int) -> None:
        consumer = await at.world.consumer(limit=100_000_00)
        instrument = await at.instrument(consumer, f"{number}-{ENDINGS[number % len(ENDINGS)]}")
        for _ in range(10):
            offer = await at.world.offer(consumer, 4 * DUE, "instalments")
            body = {"offer_id": offer["id"], "instrument_id": instrument}
            plan = (await at.world.merchant.post("/v1/plans", body)).json()
            done = await at.world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 4 * DUE})
            assert done.status_code == 200, done.text
            plans.add(plan["id"])

    for first in range(0, PLANS // 10, 10):
        await asyncio.gather(*(one(first + number) for number in range(10)))
    return plans


async def ended(world: World) -> int:
    count: int = await world.pool.fetchval("select count(*) from charges where state <> 'pending'")
    return count


async def test_whoever_is_killed_each_instalment_is_booked_once(world: World, settings: Settings) -> None:
    async with till(world) as at:
        at.desk.notify = ""  # nobody but the two who are killed books anything
        plans = await due_plans(at)
        assert len(plans) == PLANS
        workers = [await start(settings, 0), await start(settings, 0)]
        try:
            async with asyncio.timeout(200):
                for kill in range(1, KILLS + 1):
                    while await ended(world) < kill * PLANS // (KILLS + 2):
                        await asyncio.sleep(0.01)
                    victim = workers.pop(0)
                    victim.kill()
                    assert await victim.wait() == -9, "it was collecting when it was killed"
                    workers.append(await start(settings, kill))
                workers.append(await start(settings, 60))  # long after all of them
                while await ended(world) < PLANS:
                    await asyncio.sleep(0.05)
        finally:
            for worker in workers:
                worker.kill()
                await worker.wait()

    booked = await world.pool.fetch("select plan_id, body ->> 'amount' as amount from facts where fact = 'paid'")
    assert Counter(row["plan_id"] for row in booked) == Counter(plans)
    assert {int(row["amount"]) for row in booked} == {DUE}
    assert Counter(one.order.plan_id for one in at.sandbox.pulled.values()) == Counter(plans)
    assert await world.pool.fetchval("select count(*) from events where type = 'charge.succeeded'") == PLANS
