"""A circuit: after failures in a row another network is left alone for a moment, so that not everybody waits for it."""

from typing import Final

FAILURES_MAX: Final = 3
REST_MS: Final = 5_000
TRIAL_MS: Final = 1_000  # whoever tries first after a rest is given so long before the next may


class Circuit:
    """Of one address, in one process. Instants are milliseconds of a clock that only goes forward."""

    def __init__(self) -> None:
        self._failures = 0
        self._rests_until = 0

    def rests(self, now_ms: int) -> bool:
        """Whether it is left alone."""
        return now_ms < self._rests_until

    def enter(self, now_ms: int) -> bool:
        """Whether one more call may go; after a rest one goes first, and the others wait for what becomes of it."""
        if self.rests(now_ms):
            return False
        if self._failures >= FAILURES_MAX:
            self._rests_until = now_ms + TRIAL_MS
        return True

    def heard(self, has_failed: bool, now_ms: int) -> None:
        """What became of a call."""
        self._failures = self._failures + 1 if has_failed else 0
        self._rests_until = now_ms + REST_MS if self._failures >= FAILURES_MAX else 0
