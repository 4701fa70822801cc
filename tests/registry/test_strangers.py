"""Keys that are not known here: looked up together, at most so often, and believed to be none for some seconds."""

import asyncio
from datetime import datetime

import asyncpg
import pytest

from service.db import Pool
from service.registry import strangers
from service.registry.strangers import Strangers


class Counted:
    """A pool that counts what it is asked."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.asked: list[int] = []

    async def fetch(self, query: str, digests: list[bytes], since: datetime) -> list[asyncpg.Record]:
        self.asked.append(len(digests))
        return await self._pool.fetch(query, digests, since)


async def add_key(pool: Pool, digest: bytes) -> None:
    await pool.execute(
        "insert into keys (key_id, hmac, secret_mark, prefix, audience, owner_id, scopes, created_at)"
        " values ($1, $2, '', 'opk_', 'operator', 'ada', '{*}', '2026-01-01')",
        f"ke_{digest.hex():0>26}"[:29].upper().replace("KE_", "ke_"), digest,
    )  # fmt: skip


async def test_a_thousand_strangers_cost_a_question_or_two(pool: Pool) -> None:
    counted = Counted(pool)
    unknown = Strangers(counted)  # type: ignore[arg-type]
    keys = [number.to_bytes(32) for number in range(1_000)]
    assert await asyncio.gather(*map(unknown.is_key, keys)) == [False] * 1_000
    assert sum(counted.asked) == 1_000
    assert len(counted.asked) <= 2
    assert await asyncio.gather(*map(unknown.is_key, keys)) == [False] * 1_000  # known to be none
    assert len(counted.asked) <= 2
    await unknown.close()


async def test_a_key_made_a_moment_ago_is_found_at_once_among_strangers(pool: Pool) -> None:
    unknown = Strangers(pool)
    crowd = asyncio.gather(*(unknown.is_key(number.to_bytes(32)) for number in range(100)))
    await asyncio.sleep(0)
    await add_key(pool, b"new".rjust(32))
    assert await unknown.is_key(b"new".rjust(32))
    assert set(await crowd) == {False}
    await unknown.close()


async def test_little_is_remembered_of_strangers(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "BELIEVED_MAX", 10)
    monkeypatch.setattr(strangers, "BELIEVED_S", 0.3)
    counted = Counted(pool)
    unknown = Strangers(counted)  # type: ignore[arg-type]
    keys = [number.to_bytes(32) for number in range(11)]
    for key in keys:
        assert not await unknown.is_key(key)
    assert not await unknown.is_key(keys[10])
    assert len(counted.asked) == 11
    assert not await unknown.is_key(keys[0])  # the oldest was forgotten for the eleventh
    assert len(counted.asked) == 12
    await asyncio.sleep(0.3)
    assert not await unknown.is_key(keys[10])
    assert len(counted.asked) == 13
    await unknown.close()
