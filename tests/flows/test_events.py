"""A merchant's feed: every event once, numbered without gaps, whoever reads it and while more is told."""

import asyncio
from itertools import groupby
from typing import Any

from tests.flows.world import World

PLANS = 12


async def read_all(world: World, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while page := (await world.merchant.get("/v1/events", after=len(found), limit=limit)).json()["events"]:
        found += page
    return found


async def test_many_readers_see_one_feed(world: World) -> None:
    consumers = [await world.consumer(limit=1_000_00) for _ in range(PLANS)]

    async def buy(consumer: str) -> None:
        plan = await world.plan(consumer, 100_00)
        for verb, body in (("capture", {"amount": 60_00}), ("void", {}), ("payments", {"amount": 5_00})):
            await world.merchant.post(f"/v1/plans/{plan['id']}/{verb}", body)

    await asyncio.gather(*map(buy, consumers), *(read_all(world, limit) for limit in (1, 3, 500)))
    feeds = await asyncio.gather(*(read_all(world, limit) for limit in (1, 7, 500)))
    assert feeds[0] == feeds[1] == feeds[2]
    assert [event["number"] for event in feeds[0]] == list(range(1, 4 * PLANS + 1))
    by_plan = groupby(sorted(feeds[0], key=lambda event: (event["plan_id"], event["number"])), lambda e: e["plan_id"])
    assert all([event["data"]["version"] for event in events] == [1, 2, 3, 4] for _, events in by_plan)
