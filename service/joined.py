"""A transport whose writes of one turn of the event loop leave together.

The HTTP server writes an answer's head and its body one after the other, and each would be a system call, a packet and
a client woken for half an answer.
"""

import asyncio
from typing import Any, Final

LINGER_S: Final = 1.0


class Joined(asyncio.Transport):
    """Another transport, written to once a turn."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._soon = self._loop.call_soon
        self._pieces: list[bytes] = []

    def write(self, data: Any) -> None:
        if not self._pieces:
            self._soon(self.flush)
        self._pieces.append(data)

    def flush(self) -> None:
        """Sends what was written."""
        if self._pieces:
            self._transport.write(b"".join(self._pieces))
            self._pieces.clear()

    def part(self) -> None:
        """Closes once the client has read the last word: to close on what it still sends would take that word back."""
        self.flush()
        if self._transport.is_closing():
            return
        self._transport.write_eof()
        self._loop.call_later(LINGER_S, self._transport.close)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        self._pieces.clear()
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._transport.set_protocol(protocol)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()
