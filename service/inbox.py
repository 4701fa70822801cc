"""The inbox: many put one thing in, a worker takes all that waits: how single requests become batches, untimed."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from service.deadline import PATIENCE_S
from service.errors import Code, Refused

T = TypeVar("T")
R = TypeVar("R")

TOGETHER_MAX: Final = 64
WAITING_MAX: Final = 2_048


class Inbox(Generic[T]):
    """A bounded queue that is emptied by the handful."""

    def __init__(self, most: int) -> None:
        self._waiting: deque[T] = deque()
        self._most = most
        self._arrived = asyncio.Event()
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting)

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


class Together(Generic[T, R]):
    """Single questions, answered together: whatever waits goes into one call, whose answers stand in the same order."""

    def __init__(self, answer: Callable[[list[T]], Awaitable[Sequence[R]]], together_max: int = TOGETHER_MAX) -> None:
        self._answer = answer
        self._together_max = together_max
        self._inbox: Inbox[tuple[T, asyncio.Future[R]]] = Inbox(WAITING_MAX)
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._serve())  # one: while it waits, the next batch gathers

    async def ask(self, question: T) -> R:
        """Its answer. Refused: BUSY."""
        future: asyncio.Future[R] = self._loop.create_future()
        if not self._inbox.put((question, future)):
            raise Refused(Code.BUSY, "Too much is waiting; send the same request again in a second.")
        return await future

    async def close(self) -> None:
        """Answers what waits, then stops."""
        self._inbox.close()
        await self._task

    async def _serve(self) -> None:
        while batch := await self._inbox.take(self._together_max):
            try:
                async with asyncio.timeout(PATIENCE_S):  # nobody waits any longer
                    answers = await self._answer([question for question, _ in batch])
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
