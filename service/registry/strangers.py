"""Keys that this process does not know: whether they are keys after all, made a moment ago in another process.

A key works as soon as whoever asked for it has it, in every process; so one that is not known here is looked up. But
strangers come as often as they like, each with another key: all that wait are looked up together, at most every 50 ms,
and what was no key is believed to be none for some seconds. No key is used before it is made: it cannot be guessed.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from service import clock
from service.db import Pool
from service.inbox import WAITING_MAX, Together
from service.registry.known import EXPIRED
from service.registry.queries import Q

APART_S: Final = 0.05  # between two look-ups
BELIEVED_S: Final = 5.0
BELIEVED_MAX: Final = 4_096  # keys that are none


class Strangers:
    """By the HMAC of the key."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._nobody: dict[bytes, float] = {}  # until when that is believed, the oldest first
        self._looked_up = -APART_S
        self._questions: Together[bytes, bool] = Together(self._look_up, WAITING_MAX)

    async def is_key(self, digest: bytes) -> bool:
        """Whether there is such a key. Refused: BUSY, where too many wait to hear."""
        if self._nobody.get(digest, 0) > clock.monotonic():
            return False
        return await self._questions.ask(digest)

    async def close(self) -> None:
        """Answers who waits."""
        await self._questions.close()

    async def _look_up(self, digests: list[bytes]) -> Sequence[bool]:
        await asyncio.sleep(self._looked_up + APART_S - clock.monotonic())
        self._looked_up = clock.monotonic()
        keys = {row["hmac"] for row in await self._pool.fetch(Q.which_are_keys, digests, clock.now() - EXPIRED)}
        until = clock.monotonic() + BELIEVED_S
        for digest in digests:
            if digest not in keys:
                self._nobody.pop(digest, None)
                self._nobody[digest] = until
        while len(self._nobody) > BELIEVED_MAX:
            del self._nobody[next(iter(self._nobody))]
        return [digest in keys for digest in digests]
