"""The inbox: many put one thing in, a worker takes all that waits: how single requests become batches, untimed."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """A bounded queue that is emptied by the handful."""

    def __init__(self, most: int) -> None:
        self._waiting: deque[T] = deque()
        self._most = most
        self._arrived = asyncio.Event()
        self._closed = False

    def put(self, item: T) -> bool:
        """False when it is full or closed, and then the item was not taken in."""
        if self._closed or len(self._waiting) >= self._most:
            return False
        self._waiting.append(item)
        self._arrived.set()
        return True

    async def take(self, most: int) -> list[T]:
        """What waits, at most `most`, at least one; nothing only once the inbox is closed and empty."""
        while not self._waiting:
            if self._closed:
                return []
            self._arrived.clear()
            await self._arrived.wait()
        came = 0
        while came < len(self._waiting) < most:  # whoever is on the way comes along: a turn of the loop, no timer
            came = len(self._waiting)
            await asyncio.sleep(0)
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def empty(self) -> list[T]:
        """All that waits, at once; possibly nothing."""
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting

    def close(self) -> None:
        """Takes nothing more in; what waits is still given out."""
        self._closed = True
        self._arrived.set()
