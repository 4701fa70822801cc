"""What every process keeps in memory: it stops when it is told to, whatever changes in that moment."""

import asyncio

from service.api.registry import Registry
from service.db import Pool


async def test_it_stops_in_the_moment_of_a_change(pool: Pool, database_url: str) -> None:
    registry = Registry(database_url, pool, "secret")
    await registry.start()
    async with asyncio.timeout(10):
        while not registry._changed._waiters:  # it listens, and waits for the next change
            await asyncio.sleep(0.01)
    registry._changed.set()
    closing = asyncio.create_task(registry.close())
    _, late = await asyncio.wait([closing], timeout=10)
    closing.cancel()
    assert not late
