"""Whose turn it is: what came behind another request of its connection waits, so that others are served in between.

Who sends thousands of requests at once, each behind the other, would otherwise always have the next one ready, and take
a processor for as long as they last.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

PAUSE_S: Final = 0.001  # between two such requests, of all connections of a process


class Turns:
    """Of one process."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def take(self, start: Callable[[], None]) -> None:
        """Starts it when those before it have had their turn."""
        self._waiting.append(start)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_later(PAUSE_S, self._next)

    def _next(self) -> None:
        start = self._waiting.popleft()
        if self._waiting:
            asyncio.get_running_loop().call_later(PAUSE_S, self._next)
        start()
