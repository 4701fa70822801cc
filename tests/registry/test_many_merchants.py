"""A hundred thousand merchants, a key each: they are read while others have their turn, and one that changes alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service import clock
from service.access.key import Secrets
from service.db import Pool
from service.registry.registry import Registry

MANY = 100_000
STILL_S = 0.5  # the event loop is never longer with one thing, on a machine that many tests share; alone 0.03 s
MERCHANTS = """
insert into merchants (merchant_id, name, country, time_zone, fees, created_at)
select 'me_' || to_char(n, 'FM00000000000000000000000000'), 'Laden ' || n, 'DE', 'Europe/Berlin', '{}', now()
  from generate_series(1, $1) n
"""
KEYS = """
insert into keys (key_id, hmac, secret_mark, prefix, audience, owner_id, scopes, origins, created_at)
select 'ke_' || to_char(n, 'FM00000000000000000000000000'), sha256(n::text::bytea), 'a', 'sk_live_', 'merchant',
       'me_' || to_char(n, 'FM00000000000000000000000000'), '{*}', '{}', now()
  from generate_series(1, $1) n
"""


@asynccontextmanager
async def watched() -> AsyncIterator[list[float]]:
    """The longest that the event loop was with one thing, in seconds, by the end of the block."""
    longest, ended = [0.0], asyncio.Event()

    async def watch() -> None:
        while not ended.is_set():
            began = clock.monotonic()
            await asyncio.sleep(0.001)
            longest[0] = max(longest[0], clock.monotonic() - began)

    watching = asyncio.create_task(watch())
    try:
        yield longest
    finally:
        ended.set()
        await watching


async def test_nobody_waits_while_they_are_read(pool: Pool, database_url: str) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute(MERCHANTS, MANY, timeout=60)
        await conn.execute(KEYS, MANY, timeout=60)
    registry = Registry(database_url, pool, Secrets("a" * 32))
    async with watched() as longest:
        await registry.start()
    assert len(registry.now.merchants) == len(registry.now.keys) == MANY
    assert longest[0] < STILL_S

    one, other = sorted(registry.now.merchants)[:2]
    kept = registry.now.merchants[other]
    async with watched() as longest:
        await pool.execute("update merchants set active = false where merchant_id = $1", one)
        async with asyncio.timeout(5):
            while registry.now.merchants[one].active:
                await asyncio.sleep(0.005)
    assert registry.now.merchants[other] is kept, "who did not change was read again"
    assert longest[0] < STILL_S
    await registry.close()
    assert len(registry.now.merchants) == MANY
