"""Keys that were refused, counted: a flood of strangers becomes a few entries a minute. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from msgspec import Struct

from service.audit.entry import Act, By, Thing, Verb

A_MINUTE_MAX: Final = 30  # different keys and refusals; what comes on top is counted together


class Refusal(Struct, frozen=True):
    """A key, and with what it was refused."""

    code: str
    by: By
    key: str  # what tells one unknown key from another, and does not tell the key; empty: there was none


class Times(Struct):
    """How often, and where and from where the first of them came."""

    route: str
    address: str | None
    at: datetime
    times: int = 0


OTHERS: Final = Refusal("several", By("several", ""), "others")


class Refusals:
    """Counts by the minute; `over` gives out the minutes that have passed."""

    def __init__(self) -> None:
        self._counted: dict[datetime, dict[Refusal, Times]] = {}

    def count(self, refusal: Refusal, route: str, address: str | None, at: datetime) -> None:
        """One more of the kind."""
        minute = self._counted.setdefault(at.replace(second=0, microsecond=0), {})
        one = refusal if refusal in minute or len(minute) < A_MINUTE_MAX else OTHERS
        minute.setdefault(one, Times(route, address, at)).times += 1

    def over(self, now: datetime | None) -> Iterator[tuple[By, Act, datetime]]:
        """What was counted in minutes that are over by `now` (None: in all of them), an act each, and forgets it."""
        began = now and now.replace(second=0, microsecond=0)
        for minute in [minute for minute in self._counted if began is None or minute < began]:
            for refusal, times in self._counted.pop(minute).items():
                after = {
                    "code": refusal.code, "times": times.times, "key": refusal.key or None, "address": times.address,
                }  # fmt: skip
                yield refusal.by, Act(Verb.REFUSED, Thing.ROUTE, times.route, after), times.at
