"""Doing a thing once that is no command: registering, publishing. Key, work and answer in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from service import clock
from service.db import Connection, Pool
from service.deadline import PATIENCE_S
from service.engine.faults import LOST, PASSING
from service.engine.keys import Keys, refusal, same_or_reused, save
from service.engine.work import Answer, Key
from service.errors import Code, Refused

PAUSE_S = 0.2

Do = Callable[[Connection], Awaitable[Answer]]


class Once:
    """Work that is its own transaction, each once under its key."""

    def __init__(self, pool: Pool, keys: Keys, longer_s: float = 0) -> None:
        """`longer_s`: how long it may take where that is longer than `PATIENCE_S`; 0: it is not."""
        self.longer_s = longer_s
        self._pool = pool
        self._keys = keys

    async def once(self, key: Key, now: datetime, do: Do, budget_s: float = 0) -> Answer:
        """Runs `do`, unless `key` was used before; then the same answer again. A refusal is kept like any answer, but
        one that says 'not now' (503), which leaves the key free. It takes at most `budget_s`; 0: as long as any may.

        Not cancelled by a caller who leaves: what was begun is finished.
        """
        doing = asyncio.create_task(self._once(key, now, do, budget_s or self.longer_s or PATIENCE_S))
        try:
            return await asyncio.shield(doing)
        except asyncio.CancelledError:
            doing.add_done_callback(_log_unless_refused)
            raise

    async def answered(self, key: Key) -> Answer | None:
        """What was answered under `key` before; None if it is new. For work that must not even begin twice."""
        async with self._pool.acquire(timeout=PATIENCE_S) as conn:
            stored = (await self._keys.answers(conn, [key])).get((key.owner_id, key.key))
        return same_or_reused(stored, key) if stored else None

    async def _once(self, key: Key, now: datetime, do: Do, budget_s: float) -> Answer:
        """Tried again while the database is away: whether COMMIT was heard may not be known, but the key tells."""
        began = clock.monotonic()
        while True:
            try:
                async with asyncio.timeout(began + budget_s - clock.monotonic()):
                    return await self._try(key, now, do)
            except (*LOST, *PASSING) as error:
                if clock.monotonic() + PAUSE_S > began + PATIENCE_S:
                    raise Refused(
                        Code.OUTCOME_UNKNOWN, "The database is away; send the same request with the same key again."
                    ) from error
            await asyncio.sleep(PAUSE_S)

    async def _try(self, key: Key, now: datetime, do: Do) -> Answer:
        async with self._pool.acquire(timeout=PATIENCE_S) as conn, conn.transaction():
            if not await self._keys.claim_one(conn, key, now):
                stored = await self._keys.answers(conn, [key])
                return same_or_reused(stored[key.owner_id, key.key], key)
            try:
                async with conn.transaction():  # a savepoint: a refusal undoes the work and keeps the key
                    answer = await do(conn)
            except Refused as refused:
                answer = refusal(refused)
                if answer.is_not_now:
                    raise
            await save(conn, [(key, answer)])
            return answer


def _log_unless_refused(doing: asyncio.Task[Answer]) -> None:
    """Its caller has left, so a refusal is dropped; any other error is logged."""
    error = None if doing.cancelled() else doing.exception()
    if error is not None and not isinstance(error, Refused):
        raise error  # the event loop logs what a callback raises
