"""The only place that reads the clock. Everything else is told what time it is."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """This instant in UTC, to the microsecond."""
    return datetime.now(UTC)


def instant(seconds: float) -> datetime:
    """The instant in UTC that lies so many seconds after the beginning of 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def monotonic() -> float:
    """Seconds for measuring durations; unrelated to the calendar."""
    return time.monotonic()
