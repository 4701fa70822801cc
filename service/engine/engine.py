"""The engine: lanes by bucket, behind one awaitable call."""

import asyncio
from datetime import datetime

from service.db import Pool
from service.engine.batch import preview
from service.engine.lane import Committed, Connect, Lane
from service.engine.work import Answer, DecisionRow, Key, Work
from service.plans.book import Command

LANES = 2  # two committers a process keep PostgreSQL busy; more only queue for it


class Engine:
    """Takes commands and decisions; answers each after the transaction that holds it was committed."""

    def __init__(self, connect: Connect, pool: Pool, committed: Committed) -> None:
        self._pool = pool
        self._lanes = [Lane(connect, committed) for _ in range(LANES)]

    async def do(self, item: Command | DecisionRow, key: Key | None, now: datetime, status: int = 200) -> Answer:
        """Does it once, durably. `status` is that of a success. A full lane raises `Refused` BUSY."""
        work = Work(item, key, now, status, asyncio.get_running_loop().create_future())
        self._lanes[work.bucket % LANES].submit(work)
        return await work.answered

    async def preview(self, command: Command, now: datetime) -> Answer:
        """What the command would do, without doing it."""
        async with self._pool.acquire() as conn:
            return await preview(conn, command, now)

    async def close(self) -> None:
        """Finishes what waits."""
        await asyncio.gather(*(lane.close() for lane in self._lanes))
