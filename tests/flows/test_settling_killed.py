"""Whoever settles and pays merchants is killed again and again: nothing is settled or paid twice, and nothing is lost.

TENOR_FAULTS=1 (`make test-faults`): 120 days of trade, and 50 kills.
"""

import asyncio
import os
import random
import sys
from asyncio.subprocess import Process
from datetime import timedelta
from pathlib import Path

import pytest

from service import clock, config
from service.config import Settings
from tests.flows.test_settling_merchants import TERMS, agree, sell
from tests.flows.world import World

pytestmark = pytest.mark.long

ROOT = Path(__file__).parent.parent.parent
THOROUGH = bool(os.environ.get("TENOR_FAULTS"))
DAYS, KILLS = (120, 50) if THOROUGH else (24, 4)
EACH = 100_00


async def start(settings: Settings) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.flows.settling_process", cwd=ROOT, env=os.environ | config.environment(settings)
    )


async def written(world: World) -> int:
    """How much was done so far: it grows with each step."""
    count: int = await world.pool.fetchval(
        "select (select count(*) from settlements) + (select count(*) from payout_steps)"
    )
    return count


async def lived(world: World, settings: Settings) -> bool:
    """Starts one, and kills it when it has done something, or a moment later; whether it was quicker than that."""
    process, before = await start(settings), await written(world)
    while process.returncode is None and await written(world) == before:
        await asyncio.sleep(0.001)
    await asyncio.sleep(random.choice((0, 0.002, 0.004)))
    if process.returncode is None:
        process.kill()
    return await process.wait() == 0


async def test_whenever_it_is_killed_each_capture_is_settled_and_paid_once(world: World, settings: Settings) -> None:
    await agree(world, **TERMS | {"lag_days": 0})
    for day in range(DAYS, 0, -1):
        world.merchant.now = world.operator.now = clock.now() - timedelta(days=day)
        await sell(world, EACH)
    for _ in range(KILLS):
        assert not await lived(world, settings), "it was at work when it was killed"
    for _ in range(2):  # all that is left; and then nothing
        last = await start(settings)
        assert await last.wait() == 0
    told = await world.pool.fetchrow(
        "select count(*) as lines, count(distinct cause_id) as causes, sum(net + fee) as gross, sum(fee) as fees"
        " from settlement_lines"
    )
    assert told is not None
    assert (told["lines"], told["causes"], told["gross"]) == (DAYS, DAYS, DAYS * EACH)
    paid = await world.pool.fetch(
        "select payout_id, amount, state, array_agg(step order by number) as steps"
        "  from payouts join payout_steps using (payout_id) group by payout_id, amount, state"
    )
    assert {(row["state"], *row["steps"]) for row in paid} == {("paid", "ordered", "paid")}
    assert sum(row["amount"] for row in paid) == DAYS * EACH - told["fees"]
    assert (
        await world.pool.fetchval("select sum(amount) from transfers where credit = 'cash'")
        == DAYS * EACH - told["fees"]
    )
    ordered = await world.pool.fetchval("select sum(payouts) from payment_orders")
    assert ordered == len(paid) == await world.pool.fetchval("select count(*) from payouts")
    events = await world.pool.fetch("select type, count(*) as many from events where plan_id is null group by type")
    assert {row["type"]: row["many"] for row in events if row["type"].startswith(("settlement", "payout"))} == {
        "settlement.made": len(paid), "payout.ordered": len(paid), "payout.paid": len(paid),
    }  # fmt: skip
