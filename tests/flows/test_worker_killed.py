"""Amounts fall due, two workers are at them, and one of the two is killed again and again: each is booked once.

TENOR_FAULTS=1 (`make test-faults`): 500 of them and ten kills.
"""

import asyncio
import os
import random
from asyncio.subprocess import Process
from collections import Counter
from datetime import timedelta

import pytest

from service import clock
from service.config import Settings
from tests.flows.collecting import Till, till
from tests.flows.test_worker import start
from tests.flows.world import World

pytestmark = pytest.mark.long

THOROUGH = bool(os.environ.get("TENOR_FAULTS"))
PLANS, KILLS = (500, 10) if THOROUGH else (60, 2)
DUE = 150_00

# Of four in ten consumers the processor breaks, is late, or says it twice.
ENDINGS = ("ok", "ok", "broken", "ok", "500", "ok", "late", "ok", "ok", "twice")


async def due_plans(at: Till) -> set[str]:
    """Plans of which all is due since yesterday or today, ten for each consumer."""
    plans: set[str] = set()

    async def one(number: int) -> None:
        consumer = await at.world.consumer(limit=100_000_00)
        instrument = await at.instrument(consumer, f"{number}-{ENDINGS[number % len(ENDINGS)]}")
        for _ in range(10):
            offer = await at.world.offer(consumer, DUE, "pay_after_use")
            body = {"offer_id": offer["id"], "instrument_id": instrument}
            plan = (await at.world.merchant.post("/v1/plans", body)).json()
            done = await at.world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": DUE})
            assert done.status_code == 200, done.text
            plans.add(plan["id"])

    for first in range(0, PLANS // 10, 10):
        await asyncio.gather(*(one(number) for number in range(first, min(first + 10, PLANS // 10))))
    return plans


async def told(world: World, *kinds: str) -> int:
    count: int = await world.pool.fetchval("select count(*) from events where type = any($1)", kinds)
    return count


async def until_told(world: World, count: int, *kinds: str) -> None:
    while await told(world, *kinds) < count:
        await asyncio.sleep(0.02)


async def until_made(world: World) -> None:
    while await world.pool.fetchval("select count(*) from charges") < PLANS:
        await asyncio.sleep(0.02)


async def hasten(world: World) -> None:
    """What was not answered is asked about again at once, by whoever comes next, though its worker may be at it."""
    await world.pool.execute("update charges set ask_at = least(ask_at, now()) where state = 'pending'")


async def kill(worker: Process) -> None:
    worker.kill()
    assert await worker.wait() == -9, "it was at work when it was killed"


async def test_whichever_worker_is_killed_each_amount_is_booked_once(world: World, settings: Settings) -> None:
    world.merchant.now = world.operator.now = clock.now() - timedelta(days=31)  # the workers live in real time
    async with till(world) as at:
        at.desk.notify = ""  # nobody but the workers books anything
        plans = await due_plans(at)
        assert len(plans) == PLANS
        workers = list(await asyncio.gather(start(settings), start(settings)))
        try:
            async with asyncio.timeout(300):
                for kills in range(KILLS):
                    await until_told(world, 2 * PLANS * kills // KILLS, "instalment.due", "charge.succeeded")
                    await asyncio.sleep(random.random() / 5)
                    await kill(workers.pop(random.randrange(2)))
                    await hasten(world)
                    workers.append(await start(settings))
                await until_made(world)
                await hasten(world)
                workers.append(await start(settings))
                await until_told(world, PLANS, "charge.succeeded")
        finally:
            for worker in workers:
                await kill(worker)

    booked = await world.pool.fetch("select plan_id, body ->> 'amount' as amount from facts where fact = 'paid'")
    assert Counter(row["plan_id"] for row in booked) == Counter(plans)
    assert {int(row["amount"]) for row in booked} == {DUE}
    assert Counter(one.order.plan_id for one in at.sandbox.pulled.values()) == Counter(plans)
    assert await told(world, "instalment.due") == await told(world, "charge.succeeded") == PLANS
