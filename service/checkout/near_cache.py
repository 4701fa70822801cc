"""What a process has read of somebody's facts a moment ago: who changes the cart and asks again costs no round trip.

It may be old, for nobody tells one process what another has changed. Nothing is granted on it unless its versions are
still those of the rows, as with what Redis says (`cache.py`); and who is not granted all is decided anew.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Final, Generic, NamedTuple, TypeVar

from service import clock

SECONDS: Final = 60.0  # so long it is asked for before Redis
MOST: Final = 8_192  # names, two for each consumer; some 1 KB each

F = TypeVar("F")


class Kept(NamedTuple, Generic[F]):
    """Facts, and the version of the row they were read from."""

    version: int
    facts: F
    until: float


class Near:
    """Facts by the names that they have in the cache."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept = OrderedDict[str, Kept[Any]]()  # the oldest first

    def get(self, name: str) -> Kept[Any] | None:
        """What was read under that name, not long ago."""
        found = self._kept.get(name)
        return found if found is not None and clock.monotonic() < found.until else None

    def keep(self, name: str, version: int, facts: Any) -> None:
        """It was read now. What is too old leaves the memory: it may be of somebody who was erased meanwhile."""
        now = clock.monotonic()
        self._kept.pop(name, None)
        self._kept[name] = Kept(version, facts, now + SECONDS)
        while self._kept and (len(self._kept) > self._most or next(iter(self._kept.values())).until <= now):
            self._kept.popitem(last=False)

    def forget(self, names: Iterable[str]) -> None:
        """It has changed since."""
        for name in names:
            self._kept.pop(name, None)
