"""Long work beside the event loop: one piece at a time in a thread, few that wait, none for a caller who has left.

More threads would not do more, they share one interpreter: they would only take turns with the event loop, which then
waits for all of them before it answers anybody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from threading import Event
from typing import Any, Final, TypeVar

from service.errors import Code, Refused

WAITING_MAX: Final = 32  # the one that is done among them

Wanted = Callable[[], bool]  # whether somebody still waits for the answer: long loops ask, and end
R = TypeVar("R")
Beside = Callable[[Callable[[Wanted], R]], Awaitable[R]]  # where such work is done, and for whom


class Aside:
    """One line of work."""

    def __init__(self, waiting_max: int = WAITING_MAX) -> None:
        self._turn = asyncio.Semaphore(1)
        self._under_way: set[asyncio.Task[Any]] = set()
        self._waiting_max = waiting_max

    async def run(self, work: Callable[[Wanted], R], left: Coroutine[Any, Any, None]) -> R:
        """What `work` returns, done in a thread when its turn comes. `left` ends when the caller is gone.

        Refused: BUSY, where too much waits, and to a caller who left.
        """
        if len(self._under_way) >= self._waiting_max:
            left.close()
            raise Refused(Code.BUSY, "Too much is being worked out; send the same request again in a second.")
        begun, gone = Event(), Event()
        doing = asyncio.create_task(self._do(work, begun, gone))
        self._under_way.add(doing)
        doing.add_done_callback(self._done)
        leaving = asyncio.create_task(left)
        try:
            await asyncio.wait((doing, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                raise Refused(Code.BUSY, "Nobody waits for this any more.")
            return doing.result()
        finally:
            gone.set()
            leaving.cancel()
            if not begun.is_set():
                doing.cancel()

    async def _do(self, work: Callable[[Wanted], R], begun: Event, gone: Event) -> R:
        async with self._turn:
            begun.set()
            return await asyncio.to_thread(work, lambda: not gone.is_set())

    def _done(self, doing: asyncio.Task[Any]) -> None:
        self._under_way.discard(doing)
        if not doing.cancelled():
            doing.exception()  # nobody may be left to hear of it


class Turnstile:
    """Lets one through in each turn of the event loop: what takes some milliseconds leaves turns to others."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()

    async def go_through(self) -> None:
        """Returns when it is one's turn."""
        async with self._one:
            await asyncio.sleep(0)
