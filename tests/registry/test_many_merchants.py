"""A hundred thousand merchants, a key each: they are read while others have their turn, and one that changes alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service.access.key import Secrets
from service.db import Pool
from service.registry.registry import Registry

MANY = 100_000
TURNS_MIN = 100  # that another task has meanwhile: read in one piece, it would have a handful
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
async def watched() -> AsyncIterator[list[int]]:
    """How often another task had its turn, by the end of the block."""
    turns, ended = [0], asyncio.Event()

    async def watch() -> None:
        while not ended.is_set():
            await asyncio.sleep(0)
            turns[0] += 1

    watching = asyncio.create_task(watch())
    try:
        yield turns
    finally:
        ended.set()
        await watching


async def test_nobody_waits_while_they_are_read(pool: Pool, database_url: str) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute(MERCHANTS, MANY, timeout=60)
        await conn.execute(KEYS, MANY, timeout=60)
    registry = Registry(database_url, pool, Secrets("a" * 32))
    async with watched() as turns:
        await registry.start()
    assert len(registry.now.merchants) == len(registry.now.keys) == MANY
    assert turns[0] >= TURNS_MIN

    one, other = sorted(registry.now.merchants)[:2]
    kept = registry.now.merchants[other]
    await pool.execute("update merchants set active = false where merchant_id = $1", one)
    async with asyncio.timeout(5):
        while registry.now.merchants[one].active:
            await asyncio.sleep(0.005)
    assert registry.now.merchants[other] is kept, "who did not change was read again"
    await registry.close()
    assert len(registry.now.merchants) == MANY
