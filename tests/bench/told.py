"""A process that makes ready what is measured, and begins when it is told to: others may make theirs ready beside it.

It writes a line to stdout when it is ready, begins when its stdin ends, and then writes what came of it as MessagePack.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec
from msgspec import Struct

from service import config
from service.config import Settings

Found = TypeVar("Found")


class Told(Struct):
    """Such a process, seen from the one that tells it to."""

    process: "subprocess.Popen[bytes]"

    def require_ready(self) -> None:
        """Returns when it is."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline(), f"{self.process.args!r} does not start"

    def begin(self) -> None:
        """It is told to."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def end(self, kind: type[Found]) -> Found:
        """What came of it."""
        assert self.process.stdout is not None
        said = self.process.stdout.read()
        assert self.process.wait() == 0, f"{self.process.args!r} failed"
        return msgspec.msgpack.decode(said, type=kind)


@contextmanager
def told(settings: Settings, module: str, *given: str) -> Iterator[Told]:
    """`python -m module`, with these settings."""
    environ = os.environ | config.environment(settings)
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-m", module, *given], stdin=pipe, stdout=pipe, env=environ) as process:
        try:
            yield Told(process)
        finally:
            process.terminate()


def wait_for_word() -> None:
    """In that process: it is ready, and waits until it is told to begin."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()


def report(found: object) -> None:
    """In that process: what came of it."""
    sys.stdout.buffer.write(msgspec.msgpack.encode(found))
