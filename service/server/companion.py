"""A `tenor` command that runs beside the HTTP processes: started again when it dies, stopped when they are."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from service.clock import monotonic

_APART_S: Final = 5.0  # from one start to the next
_STOP_S: Final = 3.0


class Companion:
    """One process, over all its lives."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], listener: int) -> None:
        """`listener` is the descriptor of the socket on which it serves."""
        given = [f"--parent={os.getpid()}", f"--listener={listener}"]
        self._argv = [sys.executable, "-m", "service", *command, *given]
        self._environ = environ
        self._listener = listener
        self._start()

    def mend(self) -> list[str]:
        """Start it again if it died: its name, if so. What cannot live is started once in some seconds."""
        if self._process.poll() is None or monotonic() < self._started + _APART_S:
            return []
        self._start()
        return [f"`tenor {self._argv[3]}`"]

    def stop(self) -> None:
        """Ask politely, then insist; returns when it is gone."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self) -> None:
        # A session of its own: Ctrl-C in the terminal reaches us alone, and we stop what we started in order.
        self._process = subprocess.Popen(  # noqa: S603
            self._argv, pass_fds=(self._listener,), env=dict(self._environ), start_new_session=True
        )
        self._started = monotonic()


@contextmanager
def beside(command: Sequence[str], environ: Mapping[str, str], listener: int) -> Iterator[Companion]:
    """The command, for as long as the block runs; call it from the main thread."""
    companion = Companion(command, environ, listener)
    try:
        yield companion
    finally:
        companion.stop()
