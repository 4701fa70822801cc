"""The engine: one awaitable call for all work that changes something, and a lane for each kind behind it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from service import clock, trace
from service.db import Pool
from service.deadline import PATIENCE_S
from service.engine.keys import Keys
from service.engine.lane import Lane
from service.engine.once import Once
from service.engine.work import Answer, Key, Work


class Engine(Once):
    """Takes work, and answers it after the transaction that holds it was committed.

    Each kind of work has a lane, so that those who wait for nobody do not stand in line behind those who do. More lanes
    in a process would only make smaller batches: PostgreSQL is kept busy by the other processes.
    """

    def __init__(self, pool: Pool, keys: Keys, lanes: Mapping[type, Lane[Any]]) -> None:
        super().__init__(pool, keys)
        self._lanes = lanes

    async def do(self, item: Any, key: Key | None, now: datetime, status: int = 200) -> Answer:
        """Does it once, durably. `status` is that of a success. A full lane raises `Refused` BUSY."""
        until = clock.monotonic() + PATIENCE_S
        work = Work(item, key, now, status, asyncio.get_running_loop().create_future(), until, trace.current())
        next(lane for kind, lane in self._lanes.items() if isinstance(item, kind)).submit(work)
        return await work.answered

    async def close(self) -> None:
        """Finishes what waits."""
        await asyncio.gather(*(lane.close() for lane in self._lanes.values()))
