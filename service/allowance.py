"""What one key may ask for: so many requests a second, and so many under way at once. Each process keeps its share.

The headers are those of the IETF's draft "RateLimit header fields for HTTP": the policy, and what is left of it.
"""

from math import ceil
from typing import Final

from service import clock
from service.errors import Code, Refused

WINDOW_S: Final = 1.0  # so much may be saved up
KEPT_MAX: Final = 10_000  # keys; who was not seen for long begins anew

Headers = list[tuple[bytes, bytes]]


class Allowance:
    """Of one key."""

    def __init__(self, left: float, at: float) -> None:
        self.left = left
        self.at = at  # when that was left
        self.under_way = 0


class Allowances:
    """Of all keys that were seen. `rate` and `under_way_max` 0: without a limit."""

    def __init__(self, rate: int, under_way_max: int) -> None:
        self._rate = rate
        self._most = under_way_max
        self._policy = (b"ratelimit-policy", b'"key";q=%d;w=%d' % (rate, WINDOW_S))
        self._of: dict[str, Allowance] = {}

    def take(self, key_id: str) -> Allowance:
        """One request more. Refused: RATE_LIMITED."""
        now = clock.monotonic()
        one = self._of.pop(key_id, None) or Allowance(self._rate * WINDOW_S, now)
        self._of[key_id] = one  # the last that was seen
        if len(self._of) > KEPT_MAX:
            self._forget()
        one.left = min(one.left + (now - one.at) * self._rate, self._rate * WINDOW_S)
        one.at = now
        if self._most and one.under_way >= self._most:
            raise Refused(Code.RATE_LIMITED, f"{self._most} requests of your key are under way; wait for one of them.")
        if self._rate and one.left < 1:
            raise Refused(Code.RATE_LIMITED, f"Your key may send {self._rate} requests a second; wait for one.")
        one.left -= 1
        one.under_way += 1
        return one

    def headers(self, one: Allowance) -> Headers:
        """What is told with an answer."""
        if not self._rate:
            return []
        left = max(int(one.left), 0)
        return [self._policy, (b"ratelimit", b'"key";r=%d;t=%d' % (left, ceil((self._rate - one.left) / self._rate)))]

    def _forget(self) -> None:
        oldest = next(iter(self._of))
        if not self._of[oldest].under_way:
            del self._of[oldest]
