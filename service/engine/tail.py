"""Who waits for news of a feed: one look at the database twice a second, for all who wait in this process.

However many listen, and however long, the database hears one small query at a time.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from service.db import Pool
from service.engine.faults import LOST, PASSING, what

log = logging.getLogger("tenor.events")

PAUSE_S: Final = 0.5  # from one look to the next


class Tail:
    """The ends of feeds.

    `looks` is a query: of so many owners those whose feed goes on after the number beside them, or has events that have
    no number yet.
    """

    def __init__(self, pool: Pool, looks: str, is_over: Callable[[], bool]) -> None:
        self._pool = pool
        self._looks = looks
        self._is_over = is_over  # the process is told to stop: nobody waits any more
        self._waiting: dict[asyncio.Event, tuple[str, int]] = {}
        self._listeners: Counter[str] = Counter()  # by whoever listens
        self._looking: asyncio.Task[None] | None = None
        self._is_closed = False

    @property
    def is_over(self) -> bool:
        """Whether whoever listens is to come back elsewhere."""
        return self._is_over()

    @property
    def listeners(self) -> int:
        """How many listen."""
        return self._listeners.total()

    def listeners_of(self, who: str) -> int:
        """How many of them are one's own."""
        return self._listeners[who]

    @contextmanager
    def listener(self, who: str) -> Iterator[None]:
        """One listener more, until the end of the block."""
        self._listeners[who] += 1
        try:
            yield
        finally:
            self._listeners[who] -= 1
            self._listeners += Counter()  # forgets who has none

    async def news(self, owner_id: str, after: int, at_most_s: float) -> bool:
        """Ends when the owner's feed goes on after that number, and says so; or when the time is over, or the process
        is told to stop."""
        event = asyncio.Event()
        self._waiting[event] = (owner_id, after)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(at_most_s):
                await event.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting.pop(event, None)
        return not self._is_over()

    async def close(self) -> None:
        """Looks no more; told so by a flag, for asyncpg drops a cancellation that comes with an answer."""
        self._is_closed = True
        while self._looking is not None and not self._looking.done():
            self._looking.cancel()
            await asyncio.wait([self._looking], timeout=PAUSE_S)

    async def _look(self) -> None:
        """Until nobody waits."""
        while self._waiting and not self._is_closed:
            asked = dict(self._waiting)
            owners = list(dict.fromkeys(asked.values()))
            try:
                rows = await self._pool.fetch(self._looks, [owner for owner, _ in owners], [last for _, last in owners])
                news = {(row[0], row[1]) for row in rows}
            except (*LOST, *PASSING) as error:
                log.warning("the database was away, and listeners wait: %s", what(error))
                news = set()
            for event, wanted in asked.items():
                if self._is_over() or wanted in news:
                    event.set()
            await asyncio.sleep(PAUSE_S)
