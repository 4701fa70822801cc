"""A siding: where work waits that met a lock which somebody else holds, so that the lane is free for all others.

Works of one bucket stand in one line. Each line is tried again and again, and is gone when its works are done or have
waited too long; until then what comes for its bucket follows it here. While there are several, none waits long for its
lock, so that the others have their turn. One that is alone stays in PostgreSQL's own line of those who wait: where
somebody takes the lock again and again, who only looks in now and then would never find it free.
"""

import asyncio
from collections import deque
from itertools import islice
from typing import Any, Final, TypeVar

from service import clock
from service.deadline import SIDING_ALONE_S, SIDING_LOCK_S
from service.engine.batch import Committed, Committer, Connect, Run, refuse
from service.engine.work import Work
from service.errors import Code

TOGETHER_MAX: Final = 64
HELD: Final = "Something else holds this account; send the same request with the same key again."

Told = TypeVar("Told")


class Siding(Committer[Told]):
    """Of one lane. Its connection is there only while something waits."""

    def __init__(self, connect: Connect, run: Run[Told], committed: Committed[Told]) -> None:
        super().__init__(connect, SIDING_LOCK_S, run, committed)
        self._lines: dict[int, deque[Work[Any]]] = {}  # by bucket
        self._task: asyncio.Task[None] | None = None
        self._held: list[Work[Any]] = []  # of those that are being tried

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def follows(self, work: Work[Any]) -> bool:
        """Takes work for whose bucket something waits here."""
        if work.item.bucket not in self._lines:
            return False
        self.park([work])
        return True

    def park(self, works: list[Work[Any]]) -> None:
        """Takes works that nobody has begun."""
        for work in works:
            self._lines.setdefault(work.item.bucket, deque()).append(work)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._serve())

    def held(self, batch: list[Work[Any]]) -> None:
        self._held += batch

    async def close(self) -> None:
        """Finishes what waits."""
        if self._task is not None:
            await self._task

    async def _serve(self) -> None:
        while self._lines:
            for bucket in list(self._lines):
                self._wait(SIDING_ALONE_S if len(self._lines) == 1 else SIDING_LOCK_S)
                await self._try(bucket)
        self.drop()

    def _wait(self, lock_s: float) -> None:
        """From now on, so long for a lock: how long is said when a connection is made."""
        if lock_s != self._lock_s:
            self.drop()
            self._lock_s = lock_s

    async def _try(self, bucket: int) -> None:
        """The first of a line, and on until all of it is done or meets the lock again."""
        line = self._lines[bucket]
        while line and not self._held:
            works, now = list(islice(line, TOGETHER_MAX)), clock.monotonic()
            refuse([work for work in works if work.until < now], Code.UNAVAILABLE, HELD)
            if waiting := [work for work in works if work.until >= now]:
                await self.persist(waiting)
            for _ in works:
                line.popleft()
            line.extendleft(reversed(self._held))
        self._held.clear()
        if not line:
            del self._lines[bucket]
