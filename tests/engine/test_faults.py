"""Killed in the middle of trade: what was acknowledged is there, nothing is there twice, and service comes back.

Every purchase insists on its keys until it has an answer; meanwhile something is killed. TENOR_FAULTS=1 (`make
test-faults`) trades more and kills more often.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from service import db
from service.config import Settings
from tests.engine.processes import Own, broken_checks, insist, is_told, offers, serving, world_of
from tests.flows.world import World

pytestmark = pytest.mark.long

THOROUGH = bool(os.environ.get("TENOR_FAULTS"))
PURCHASES = 600 if THOROUGH else 80
BUYERS = 24  # at once
KILLS = 6 if THOROUGH else 1


class Trade:
    """Purchases going on: each is opened, captured, and paid in part."""

    def __init__(self, world: World, asked: list[str]) -> None:
        self.world = world
        self.waiting = asked[::-1]
        self.plans: list[str] = []

    async def run(self) -> None:
        """All of them, some at once."""
        await asyncio.gather(*(self._buy_on() for _ in range(BUYERS)))

    async def reached(self, share: float) -> None:
        """Waits until that share of the purchases is made."""
        whole = len(self.waiting) + len(self.plans)
        while len(self.plans) < share * whole and self.waiting:
            await asyncio.sleep(0.02)

    async def _buy_on(self) -> None:
        while self.waiting:
            merchant = self.world.merchant
            opened = await insist(merchant, "/v1/plans", {"offer_id": self.waiting.pop()})
            assert opened.status_code == 201, opened.text
            plan_id = opened.json()["id"]
            captured = await insist(merchant, f"/v1/plans/{plan_id}/capture", {"amount": 100_00})
            assert captured.status_code == 200, captured.text
            paid = await insist(merchant, f"/v1/plans/{plan_id}/payments", {"amount": 10_00})
            assert (paid.status_code, paid.json()["outstanding"]) == (201, 90_00), paid.text
            self.plans.append(plan_id)


async def trade_through(world: World, trouble: Callable[[Trade], Awaitable[None]]) -> None:
    """Trades while there is trouble; then all must be there, once."""
    asked: list[str] = []
    while len(asked) < PURCHASES:
        consumers = await asyncio.gather(*(world.consumer(limit=1_000_00) for _ in range(20)))
        asked += await offers(world, consumers * 4, 100_00)
    trade = Trade(world, asked[:PURCHASES])
    trading = asyncio.create_task(trade.run())
    await trouble(trade)
    await asyncio.wait_for(trading, 120)
    assert len(set(trade.plans)) == PURCHASES
    rows = await world.pool.fetch("select plan_id, version, captured, principal_paid from plans")
    assert {tuple(row) for row in rows} == {(plan, 3, 100_00, 10_00) for plan in trade.plans}
    assert await world.pool.fetchval("select count(*) from events") == 3 * PURCHASES
    assert await broken_checks(world.pool) == []


async def test_processes_killed(settings: Settings, pool: db.Pool) -> None:
    with serving(settings) as service:
        async with world_of(service, pool) as world:

            async def kill_one_at_a_time(trade: Trade) -> None:
                for kill in range(KILLS):
                    await trade.reached((kill + 1) / (KILLS + 2))
                    os.kill(service.workers()[0], signal.SIGKILL)

            await trade_through(world, kill_one_at_a_time)


async def test_the_whole_service_killed(settings: Settings, pool: db.Pool) -> None:
    with serving(settings) as service:
        async with world_of(service, pool) as world:

            async def kill_all(trade: Trade) -> None:
                for kill in range(KILLS):
                    await trade.reached((kill + 1) / (KILLS + 2))
                    service.kill()
                    await asyncio.to_thread(service.start)

            await trade_through(world, kill_all)


async def test_the_servers_killed(own: Own) -> None:
    with serving(own.settings) as service:
        async with world_of(service, own.pool) as world:

            async def kill_postgres(trade: Trade) -> None:
                for kill in range(KILLS):
                    await trade.reached((kill + 1) / (KILLS + 2))
                    os.kill(own.pid_of("postgres"), signal.SIGKILL)
                    await is_told(world, {"status": "not ready", "problems": ["PostgreSQL cannot be reached."]})
                    while not own.servers.mend():
                        await asyncio.sleep(0.05)

            await trade_through(world, kill_postgres)
            await is_told(world, {"status": "ready"})
            await redis_changes_no_answer(world, own)


async def redis_changes_no_answer(world: World, own: Own) -> None:
    """Warm, wiped, stopped, killed and back: the same decisions, and always ready."""
    consumers = [await world.consumer(limit=limit) for limit in (100_00, 600_00, 5_000_00)]
    plan = await world.plan(consumers[2], 600_00)

    async def decisions() -> list[dict[str, Any]]:
        return [
            told_apart(await world.checkout(one, amount, merchant_reference="same", deposit_amount=200_00))
            for one in consumers
            for amount in (50_00, 300_00, 1_000_00)
        ]

    warm = await decisions()
    assert await decisions() == warm
    valkey = own.pid_of("valkey")
    os.kill(valkey, signal.SIGSTOP)
    began = asyncio.get_running_loop().time()
    assert await decisions() == warm
    assert asyncio.get_running_loop().time() - began < 5
    await is_told(world, {"status": "degraded", "degraded": ["redis"]})
    # Redis misses a change while it stands still; once it goes on it must not answer from before
    assert (await world.merchant.post(f"/v1/plans/{plan['id']}/void")).status_code == 200
    os.kill(valkey, signal.SIGCONT)
    cold = await decisions()
    os.kill(valkey, signal.SIGKILL)
    assert await decisions() == cold
    await asyncio.sleep(0.2)
    assert await decisions() == cold
    while not own.servers.mend():
        await asyncio.sleep(0.05)
    for _ in range(3):
        assert await decisions() == cold
        await asyncio.sleep(0.5)
    await is_told(world, {"status": "ready"})


def told_apart(decision: dict[str, Any]) -> dict[str, Any]:
    """A decision without the ids that are new each time."""
    text = msgspec.json.encode(decision).decode().replace(decision["id"][3:-2], "")
    plain: dict[str, Any] = msgspec.json.decode(text)
    return plain
