"""The pace of long work that nobody waits for: it rests, so that those who wait at the checkout find room.

A day of a million plans takes a minute of two processors. Without rests two workers and their statements fill both, and
every checkout meanwhile stands in line behind them. What is done within a second does not rest: it is soon over.
"""

import asyncio
from typing import Final

from service import clock

SHORT_S: Final = 1.0
REST: Final = 1 / 3  # of the time that a stretch of work took
REST_MAX_S: Final = 0.2  # one stretch that took long, because something held it up, is no reason to stand still


class Pace:
    """Of one piece of work, which rests between its stretches."""

    def __init__(self) -> None:
        self._began_s = self._stretch_s = clock.monotonic()

    async def rest(self) -> None:
        """A stretch is done."""
        now_s = clock.monotonic()
        await asyncio.sleep(rest_after(now_s - self._began_s, now_s - self._stretch_s))
        self._stretch_s = clock.monotonic()


def rest_after(work_s: float, stretch_s: float) -> float:
    """For how many seconds to rest after a stretch of the work, which began so long ago."""
    return 0.0 if work_s < SHORT_S else min(stretch_s * REST, REST_MAX_S)
