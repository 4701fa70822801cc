"""The engine: two lanes behind one awaitable call, one for decisions and one for commands."""

import asyncio
from datetime import datetime

from service.db import Pool
from service.engine.batch import preview, run
from service.engine.decision_log import log
from service.engine.lane import Committed, Connect, Lane
from service.engine.work import Answer, DecisionRow, Key, Work
from service.plans.book import Command


class Engine:
    """Takes commands and decisions; answers each after the transaction that holds it was committed.

    A decision waits for no account, so it does not stand in line behind those who do. More lanes in a process would
    only make smaller batches: PostgreSQL is kept busy by the other processes.
    """

    def __init__(self, connect: Connect, pool: Pool, committed: Committed) -> None:
        self._pool = pool
        self._decisions = Lane("decisions", connect, log, committed)
        self._commands = Lane("commands", connect, run, committed)

    async def do(self, item: Command | DecisionRow, key: Key | None, now: datetime, status: int = 200) -> Answer:
        """Does it once, durably. `status` is that of a success. A full lane raises `Refused` BUSY.

        A decision made under a rulebook that is not the present one raises `RulebookChanged`, and is not logged.
        """
        work = Work(item, key, now, status, asyncio.get_running_loop().create_future())
        lane = self._decisions if isinstance(item, DecisionRow) else self._commands
        lane.submit(work)
        return await work.answered

    async def preview(self, command: Command, now: datetime) -> Answer:
        """What the command would do, without doing it."""
        async with self._pool.acquire() as conn:
            return await preview(conn, command, now)

    async def close(self) -> None:
        """Finishes what waits."""
        await asyncio.gather(self._decisions.close(), self._commands.close())
