"""What every process keeps in memory: it stops when it is told to, whatever changes in that moment."""

import asyncio

from service.db import Pool
from service.registry.registry import Registry


async def test_it_stops_in_the_moment_of_a_change(pool: Pool, database_url: str) -> None:
    registry = Registry(database_url, pool, "secret")
    await registry.start()
    async with asyncio.timeout(10):
        while not registry._changed._waiters:  # it listens, and waits for the next change
            await asyncio.sleep(0.01)
    registry._changed.set()
    assert await closes(registry)


async def test_it_stops_at_any_moment_of_its_start(pool: Pool, database_url: str) -> None:
    for turns in range(0, 60, 2):
        registry = Registry(database_url, pool, "secret")
        await registry.start()
        for _ in range(turns):
            await asyncio.sleep(0.0005)
        assert await closes(registry)


async def closes(registry: Registry) -> bool:
    closing = asyncio.create_task(registry.close())
    _, late = await asyncio.wait([closing], timeout=10)
    closing.cancel()
    return not late
