"""What a process looks at every few seconds, because nothing tells it: how its connections to PostgreSQL are used."""

import asyncio
from typing import Final

from service.db import Pool
from service.metrics import POOL

EVERY_S: Final = 2.0


class Watching:
    """Of one pool, until it is closed."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Looks no more."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        idle, busy = POOL.labels("idle"), POOL.labels("busy")
        while True:
            free = self._pool.get_idle_size()
            idle.set(free)
            busy.set(self._pool.get_size() - free)
            await asyncio.sleep(EVERY_S)
