"""When keys are used, told to the database off the request's path: all of a minute in one statement."""

import asyncio
from contextlib import suppress
from typing import Final

import asyncpg

from service import clock
from service.access import flow as access
from service.access.flow import Restamped, Used
from service.access.key import Secrets, mark_of
from service.db import Pool
from service.engine.faults import LOST

APART_S: Final = 60.0  # between two times that a process tells it
CLOSE_S: Final = 0.3


class KeyUses:
    """What is noted between two times that it is saved.

    A key that is stored under the secret before is stored anew under the present one once it is used: only then is
    there the key itself.
    """

    def __init__(self, pool: Pool, secrets: Secrets) -> None:
        self._pool = pool
        self._mark = mark_of(secrets.present)
        self._used: dict[str, Used] = {}
        self._anew: dict[str, Restamped] = {}
        self._saved = clock.monotonic()

    def note(self, key_id: str, anew: tuple[bytes, bytes] | None) -> None:
        """It is used now; `anew`: as what it is stored, and as what it would be under the present secret."""
        self._used[key_id] = Used(key_id, clock.now())
        if anew is not None:
            self._anew[key_id] = Restamped(key_id, *anew, self._mark)

    async def save(self) -> None:
        """Stores keys anew; at most once a minute tells when they were used. Raises what asyncpg does."""
        if self._anew:
            anew, self._anew = self._anew, {}
            await access.restamp(self._pool, list(anew.values()))
        if self._used and clock.monotonic() >= self._saved + APART_S:
            await self._tell()

    async def close(self) -> None:
        """Tells what is not told yet, if the server is quick to hear it."""
        with suppress(*LOST, asyncpg.PostgresError):
            async with asyncio.timeout(CLOSE_S):
                await self._tell()

    async def _tell(self) -> None:
        used, self._used = self._used, {}
        self._saved = clock.monotonic()
        if used:
            await access.note_uses(self._pool, list(used.values()))
