"""A transport whose writes of one turn of the event loop leave together.

The HTTP server writes an answer's head and its body one after the other, and each would be a system call, a packet and
a client woken for half an answer.
"""

import asyncio
from asyncio.events import TimerHandle
from typing import Any, Final

LINGER_S: Final = 1.0
TAKEN_WITHIN_S: Final = 30  # so long a client may take nothing of what it was sent


class Joined(asyncio.Transport):
    """Another transport, written to once a turn."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._soon = self._loop.call_soon
        self._pieces: list[bytes] = []
        self._unread = 0  # bytes that were written and not taken when the clock was last looked at
        self._clock: TimerHandle | None = None
        self.parts_when_closed = False
        self.is_parting = False  # nothing more is written, and what still comes is not for us

    def write(self, data: Any) -> None:
        if not self._pieces:
            self._soon(self.flush)
        self._pieces.append(data)

    def flush(self) -> None:
        """Sends what was written; nothing to a client that has left."""
        if self._pieces:
            if not self._transport.is_closing():
                self._transport.write(b"".join(self._pieces))
            self._pieces.clear()

    def expect_a_reader(self) -> None:
        """Gives the client up if it does not take what was written: what it leaves is kept in memory."""
        self.found_a_reader()
        self._unread = self._transport.get_write_buffer_size()
        if self._unread:
            self._clock = self._loop.call_later(TAKEN_WITHIN_S, self._look_at_the_clock)

    def found_a_reader(self) -> None:
        """The client has taken nearly all of it."""
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _look_at_the_clock(self) -> None:
        if self._transport.get_write_buffer_size() >= self._unread:
            self._transport.abort()
        else:
            self.expect_a_reader()

    def part(self) -> None:
        """Closes once the client has read the last word: to close on what it still sends would take that word back."""
        self.flush()
        if self._transport.is_closing() or self.is_parting:
            return
        self.is_parting = True
        self._transport.write_eof()
        self._loop.call_later(LINGER_S, self.close)

    def close(self) -> None:
        if self.parts_when_closed and not self.is_parting:
            self.part()
            return
        self.flush()
        if not self._transport.is_closing():
            self._transport.close()
        self.expect_a_reader()

    def abort(self) -> None:
        self._pieces.clear()
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._transport.set_protocol(protocol)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()
