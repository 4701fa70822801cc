"""Room for what is large: each owner may have so many at once, and hears at once that there is none left."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import Code, Refused


class Room:
    """Of one process."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._taken: Counter[str] = Counter()

    @contextmanager
    def place(self, owner_id: str) -> Iterator[None]:
        """One of the owner's places, until the end of the block. Refused: BUSY."""
        if self._taken[owner_id] >= self._places:
            sentence = f"{self._places} of your requests of this kind are under way; send this one when they are done."
            raise Refused(Code.BUSY, sentence)
        self._taken[owner_id] += 1
        try:
            yield
        finally:
            self._taken[owner_id] -= 1
            self._taken += Counter()  # forgets who has none
