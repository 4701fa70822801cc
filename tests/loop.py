"""The event loop of a test."""

import asyncio
import warnings
from typing import Any

import asyncpg
import uvloop


class Loop(uvloop.Loop):
    """A loop that ends whatever a test has left open, a pool perhaps when it failed, and says so.

    uvloop closes what is open with a warning. As an error, which warnings are here, that would leave it open, and
    uvloop would wait for it for ever.
    """

    def close(self) -> None:
        """Raises what was left open as a warning, once all is closed."""
        made = [one for one in _opened if one._loop is self]
        left = [one for one in made if not (one.is_closing() if isinstance(one, asyncpg.Pool) else one.is_closed())]
        told = [one for one in left if not isinstance(one, asyncpg.Pool) or one.get_size()]  # the others hold nothing
        for one in left:
            one.terminate()
        if left:
            self.run_until_complete(asyncio.sleep(0.01))  # what is lost is told
        _opened.difference_update(made)
        with warnings.catch_warnings(record=True) as more:
            warnings.simplefilter("always", ResourceWarning)
            super().close()
        if told or more:
            words = "; ".join([*map(str, told), *(str(one.message) for one in more)])
            warnings.warn(f"left open: {words}", ResourceWarning, stacklevel=2)


_opened: set[Any] = set()  # pools and connections of the loops of this process


def _note(kind: Any) -> None:
    made = kind.__init__

    def noted(self: Any, *how: Any, **more: Any) -> None:
        made(self, *how, **more)
        if isinstance(self._loop, Loop):  # else Python tells of it, once nothing refers to it
            _opened.add(self)

    kind.__init__ = noted


_note(asyncpg.Pool)
_note(asyncpg.Connection)
