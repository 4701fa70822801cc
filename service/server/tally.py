"""How many connections each HTTP process has, in memory they share: so that the one with the fewest takes the next."""

import mmap
import os
import tempfile
from pathlib import Path
from typing import Final

_MANY: Final = 1 << 30
_BYTES: Final = 4  # of one count


def create(slots: int) -> int:
    """The descriptor of a tally with that many slots, all 0; it lives as long as somebody holds it."""
    descriptor, path = tempfile.mkstemp()
    Path(path).unlink()
    os.truncate(descriptor, slots * _BYTES)
    return descriptor


class Tally:
    """One process's view: it writes its own slot and reads all."""

    def __init__(self, descriptor: int, slot: int) -> None:
        self._counts = memoryview(mmap.mmap(descriptor, 0)).cast("i")
        self._slot = slot

    def leave(self) -> None:
        """This process is not to be counted on."""
        self._counts[self._slot] = _MANY

    def crowded(self, connections: int) -> bool:
        """Note how many connections this process has; true when another has fewer."""
        self._counts[self._slot] = connections
        return connections > min(self._counts)
