"""A caller over plain sockets: keeps its connection as long as it may, and knows exactly what became of each request.

An HTTP library would try again by itself, and hide what is counted here.
"""

import asyncio
import time
from enum import Enum
from typing import NamedTuple


class End(Enum):
    """What became of a request."""

    ANSWERED = "answered"  # whole
    REFUSED = "refused"  # nobody listens: it was never sent
    LOST = "lost"  # it was sent, and the connection ended without an answer
    LATE = "late"  # no answer within the caller's patience


class Heard(NamedTuple):
    """One request's end; `status` is 0 and `body` empty where there was no answer."""

    end: End
    status: int
    body: bytes
    seconds: float
    head: bytes = b""


class Caller:
    """One connection at a time, one request on it at a time."""

    def __init__(self, port: int, patience_s: float = 10) -> None:
        self._port = port
        self._patience_s = patience_s
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes) -> Heard:
        """The request, whole, as it goes over the wire."""
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self._patience_s):
                status, head, body = await self._send(request)
            end = End.ANSWERED
        except ConnectionRefusedError:
            end, status, head, body = End.REFUSED, 0, b"", b""
        except TimeoutError:
            end, status, head, body = End.LATE, 0, b"", b""
        except (OSError, asyncio.IncompleteReadError):
            end, status, head, body = End.LOST, 0, b"", b""
        if end is not End.ANSWERED or b"\r\nconnection: close\r\n" in head:
            self.close()
        return Heard(end, status, body, time.perf_counter() - began, head)

    def close(self) -> None:
        """Ends the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _send(self, request: bytes) -> tuple[int, bytes, bytes]:
        if self._streams is not None and self._streams[0].at_eof():
            self.close()  # the server has ended it while nothing was asked
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = head.index(b"content-length: ") + 16
        body = await reader.readexactly(int(head[length : head.index(b"\r", length)]))
        return int(head[9:12]), head, body


def ask(path: str, key: str, *, host: str = "tenor") -> bytes:
    """A GET."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n\r\n".encode()


def tell(path: str, key: str, once: str, body: bytes) -> bytes:
    """A POST under the idempotency key `once`."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: tenor\r\nAuthorization: Bearer {key}\r\nIdempotency-Key: {once}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
