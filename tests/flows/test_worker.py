"""`tenor worker`: nobody closes a day, and all that time brings about is done."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from service import config
from service.config import Settings
from service.plans.accrual_flow import LOCKED
from service.worker import FINISH_S
from tests.flows.world import World

pytestmark = pytest.mark.long

ROOT = Path(__file__).parent.parent.parent


async def start(settings: Settings) -> asyncio.subprocess.Process:
    """A worker of its own, once it says that it works: before that a signal ends it like any process."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "service", "worker", cwd=ROOT, env=os.environ | config.environment(settings),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert worker.stdout is not None
    said = await asyncio.wait_for(worker.stdout.readline(), 60)
    assert said == b"The worker does what time brings about (Ctrl-C stops it).\n"
    return worker


async def types(world: World) -> list[str]:
    """What was told of the plans."""
    told = (await world.merchant.get("/v1/events", limit=500)).json()["events"]
    return [one["type"] for one in told]


async def test_two_workers_do_all_of_it_once_and_stop_when_told(world: World, settings: Settings) -> None:
    owed, uncaptured = [await world.plan(await world.consumer(), amount) for amount in (400_00, 300_00)]
    await world.merchant.post(f"/v1/plans/{owed['id']}/capture", {"amount": 400_00})
    workers = await asyncio.gather(start(settings), start(settings))
    try:
        async with asyncio.timeout(60):
            while (await types(world)).count("instalment.overdue") < 4 or "plan.expired" not in await types(world):
                await asyncio.sleep(0.1)
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        codes = [await asyncio.wait_for(worker.wait(), 30) for worker in workers]
    assert codes == [0, 0]
    told = await types(world)
    assert [told.count(one) for one in ("instalment.overdue", "instalment.due", "plan.expired")] == [4, 3, 1]
    assert (await world.merchant.get(f"/v1/plans/{uncaptured['id']}")).json()["state"] == "expired"


async def test_one_whose_round_does_not_end_stops_all_the_same(world: World, settings: Settings) -> None:
    plan = await world.plan(await world.consumer(), 400_00)
    await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 400_00})
    async with world.pool.acquire() as conn, conn.transaction():
        await conn.execute("select pg_advisory_xact_lock($1)", LOCKED)  # so it waits for whoever books interest
        worker = await start(settings)
        try:
            async with asyncio.timeout(60):
                while "instalment.overdue" not in await types(world):
                    await asyncio.sleep(0.1)
        finally:
            worker.send_signal(signal.SIGTERM)
            code = await asyncio.wait_for(worker.wait(), 2 * FINISH_S)
    assert code == 0
