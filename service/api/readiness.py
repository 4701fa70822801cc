"""What readiness depends on, looked up by one for all who ask: however many ask, PostgreSQL and Redis hear one."""

import asyncio
from typing import Final, NamedTuple

import asyncpg

from service import clock
from service.checkout.cache import Cache
from service.db import Pool
from service.deadline import READY_S
from service.engine.faults import LOST
from service.safety import unsafe_settings

REMEMBERED_S: Final = 1.0
STOPPING: Final = "The service is stopping."


class Found(NamedTuple):
    """Why PostgreSQL must not be written to, a sentence each; and whether Redis answers."""

    problems: list[str]
    has_redis: bool


class Readiness:
    """Remembers for a second what it found, and waits for no server longer than `READY_S`."""

    def __init__(self, pool: Pool, cache: Cache, sync_standbys: int, known: list[str]) -> None:
        self.known = known  # what is missing from the start, as `degraded`
        self._sync_standbys = sync_standbys
        self._pool = pool
        self._cache = cache
        self._looking: asyncio.Task[Found] | None = None
        self._until = 0.0
        self._is_stopping = False

    def stop(self) -> None:
        """From now on nobody is to send anything more."""
        self._is_stopping = True

    @property
    def is_stopping(self) -> bool:
        """Whether the process was told to stop."""
        return self._is_stopping

    async def now(self) -> Found:
        """What was found within the last second, or is found now."""
        if self._looking is None or (self._looking.done() and clock.monotonic() >= self._until):
            self._until = clock.monotonic() + REMEMBERED_S
            self._looking = asyncio.create_task(self._look())
        found = await asyncio.shield(self._looking)  # who leaves does not end it for the others
        return found._replace(problems=[*found.problems, STOPPING]) if self._is_stopping else found

    async def close(self) -> None:
        """Looks no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def _look(self) -> Found:
        problems, has_redis = await asyncio.gather(self._problems(), self._cache.ping())
        return Found(problems, has_redis)

    async def _problems(self) -> list[str]:
        try:
            async with asyncio.timeout(READY_S), self._pool.acquire() as conn:
                return await unsafe_settings(conn, self._sync_standbys)
        except TimeoutError:
            return [f"PostgreSQL does not answer within {READY_S} seconds."]
        except (*LOST, asyncpg.PostgresError):
            return ["PostgreSQL cannot be reached."]
