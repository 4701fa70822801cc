"""How much of a connection is read ahead: 64 KiB at once, and no further while a request waits behind another."""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.http.flow_control import FlowControl

READ_MAX: Final = 64 * 1024  # bytes read at once
WAITING_MAX: Final = 16  # requests that one piece can hold
LINES_MAX: Final = 2 * WAITING_MAX  # a request has a first line and an empty one, at least

_LINES: Final = re.compile(rb"(?:[^\n]*\n){%d}" % LINES_MAX)


def piece_end(data: bytes, start: int) -> int:
    """Where the piece of `data` ends that begins at `start`: all of it, or so many lines that few requests fit in."""
    if data.count(b"\n", start) <= LINES_MAX:
        return len(data)
    lines = _LINES.match(data, start)
    assert lines is not None
    return lines.end()


class Flow(FlowControl):
    """Reading stays paused while requests wait: who sends many at once is read as fast as they are answered."""

    def __init__(self, transport: asyncio.Transport, waiting: deque[Any]) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        if self.read_paused and not self._waiting:
            super().resume_reading()


class Reading(asyncio.BufferedProtocol):
    """Stands between the event loop and a protocol; left alone, the loop would read 250 KB at once."""

    def __init__(self, make: Callable[[], asyncio.Protocol]) -> None:
        self._protocol = make()
        self._received = self._protocol.data_received

    def get_buffer(self, sizehint: int) -> memoryview:
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        self._received(bytes(_BUFFER[:nbytes]))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._protocol.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received()

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()


_BUFFER: Final = memoryview(bytearray(READ_MAX))  # one for all: it is filled and emptied in one turn of the loop
