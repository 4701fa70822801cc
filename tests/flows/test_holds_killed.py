"""Deposits are held, taken of and let go, and of two workers one is killed again and again: ledger and processor agree.

TENOR_FAULTS=1 (`make test-faults`): 200 of them and eight kills.
"""

import asyncio
import os
import random
from datetime import timedelta

import pytest

from service import clock
from service.config import Settings
from tests.flows.collecting import Till, till
from tests.flows.test_deposit_holds import clearing
from tests.flows.test_worker import start
from tests.flows.test_worker_killed import kill
from tests.flows.world import World

pytestmark = pytest.mark.long

DEPOSITS, KILLS = (200, 8) if os.environ.get("TENOR_FAULTS") else (20, 2)
ENDINGS = ("ok", "broken", "500", "late", "ok")
CLAIMED = (30_00, 0, 80_00, 100_00)  # of each fourth: a part of what is held, nothing, all of it, more than it


async def opened(at: Till, number: int) -> None:
    """A deposit of 400.00 of which 80.00 are to be held; 15 days later so much of it is claimed, at once the rest."""
    world = at.world
    consumer = await world.consumer(limit=5_000_00)
    instrument = await at.instrument(consumer, f"{number}-{ENDINGS[number % len(ENDINGS)]}")
    body = {
        "merchant_reference": f"rental-{number}", "consumer": consumer, "currency": "EUR", "amount": 80_00,
        "deposit_amount": 400_00, "category": "cameras", "kinds": ["deposit"],
    }  # fmt: skip
    offer = (await world.merchant.ask("/v1/checkouts", body)).json()["offers"][0]
    plan = (await world.merchant.ask("/v1/plans", {"offer_id": offer["id"], "instrument_id": instrument})).json()
    await world.operator.post("/v1/operator/day-close")
    async with asyncio.timeout(30):
        while not (await world.merchant.get(f"/v1/plans/{plan['id']}/holds")).json()["holds"][-1]["expires_at"]:
            await world.pool.execute("update holds set ask_at = '2000-01-01' where ask_at is not null")
            await world.operator.post("/v1/operator/day-close")
            await asyncio.sleep(0.2)
    amount = CLAIMED[number % len(CLAIMED)]
    verb, claim = ("claims", {"amount": amount, "final": True}) if amount else ("release", {})
    done = await world.merchant.ask(f"/v1/plans/{plan['id']}/{verb}", claim)
    assert done.status_code in (200, 201), done.text


async def ended(world: World) -> int:
    count: int = await world.pool.fetchval("select count(*) from deposit_holdings where look_at is null")
    return count


async def test_whichever_worker_is_killed_what_is_taken_is_what_was_claimed(world: World, settings: Settings) -> None:
    world.merchant.now = world.operator.now = clock.now() - timedelta(days=16)  # the workers live in real time
    async with till(world) as at:
        for number in range(DEPOSITS):
            await opened(at, number)
        workers = list(await asyncio.gather(start(settings), start(settings)))
        try:
            async with asyncio.timeout(300):
                for kills in range(1, KILLS + 1):
                    while await ended(world) < DEPOSITS * kills // (KILLS + 1):
                        await asyncio.sleep(0.02)
                    await asyncio.sleep(random.random() / 10)
                    await kill(workers.pop(random.randrange(2)))
                    await world.pool.execute("update holds set ask_at = now() where ask_at is not null")
                    workers.append(await start(settings))
                while await ended(world) < DEPOSITS:
                    await world.pool.execute("update holds set ask_at = now() where ask_at is not null")
                    workers.append(await start(settings))
                    await asyncio.sleep(2)
        finally:
            for worker in workers:
                await kill(worker)

        expected = sum(min(CLAIMED[number % len(CLAIMED)], 80_00) for number in range(DEPOSITS))
        assert at.desk.holds.taken == await clearing(at) == expected
        assert await world.pool.fetchval("select sum(captured) from holds where state = 'captured'") == expected
        states = [one.state for one in at.desk.holds.kept.values()]
        assert "held" not in states, "what is over is let go"
        rows = await world.pool.fetch("""
            select h.plan_id, sum(h.captured) filter (where h.state = 'captured') as taken, p.held
              from holds h join plans p using (bucket, plan_id) group by h.plan_id, p.held""")
        assert len(rows) == DEPOSITS
        assert {row["held"] for row in rows} == {0}
