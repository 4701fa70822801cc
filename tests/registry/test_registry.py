"""What every process keeps in memory: it stops when it is told to, whatever changes in that moment."""

import asyncio
from contextlib import suppress

import pytest

from service.access.key import Secrets
from service.db import Connection, Pool, connect_session
from service.registry import registry as registry_module
from service.registry.registry import Registry


async def test_it_stops_in_the_moment_of_a_change(pool: Pool, database_url: str) -> None:
    registry = Registry(database_url, pool, Secrets("secret"))
    await registry.start()
    async with asyncio.timeout(10):
        while not registry._changed._waiters:  # it listens, and waits for the next change
            await asyncio.sleep(0.01)
    registry._changed.set()
    assert await closes(registry)


async def test_it_stops_although_a_cancellation_is_dropped(
    pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As asyncpg drops one that comes together with an answer of the server."""
    connecting = asyncio.Event()

    async def connect(url: str) -> Connection:
        connecting.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        return await connect_session(url)

    monkeypatch.setattr(registry_module, "connect_session", connect)
    registry = Registry(database_url, pool, Secrets("secret"))
    await registry.start()
    await connecting.wait()
    assert await closes(registry)


async def closes(registry: Registry) -> bool:
    closing = asyncio.create_task(registry.close())
    _, late = await asyncio.wait([closing], timeout=10)
    closing.cancel()
    return not late
