"""HTTP/1.1 to one address, over connections that stay open: the least that a client can do.

The first day sends some 7,300 requests on the machine that answers them, and a client that can speak to any server
spends more on each than the service does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

WITHIN_S: Final = 60
# What was not done, or of which nobody knows, is sent again, under the same key.
AGAIN_AFTER_S: Final = (0.5, 1.0, 2.0)


class Answered(Struct, frozen=True):
    """An answer: its status and its body."""

    status: int
    body: bytes

    def good(self) -> bytes:
        """The body, which is no refusal."""
        if self.status >= 300:
            raise RuntimeError(f"The service answers {self.status}: {self.body[:500].decode(errors='replace')}")
        return self.body

    def json(self) -> dict[str, Any]:
        """What a good body says."""
        read: dict[str, Any] = msgspec.json.decode(self.good())
        return read


# Method, path, headers and body; ConnectionError where nobody answers.
Send = Callable[[str, str, Mapping[str, str], bytes], Awaitable[Answered]]


class Connections:
    """At most so many connections, each with one request under way; `send` waits for one that is free."""

    def __init__(self, base_url: str, most: int) -> None:
        place = urlsplit(base_url)
        assert place.hostname
        self._host, self._port = place.hostname, place.port or 80
        self._room = asyncio.Semaphore(most)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answered:
        """One request and its answer, the last one where it was 503 each time; what is sent again has its own key."""
        for seconds in AGAIN_AFTER_S:
            answered = await self._send(method, path, headers, body)
            if answered.status != 503:
                return answered
            await asyncio.sleep(seconds)
        return await self._send(method, path, headers, body)

    async def _send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answered:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        async with self._room:
            reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection(self._host, self._port)
            try:
                writer.write("\r\n".join([*lines, "\r\n"]).encode() + body)
                async with asyncio.timeout(WITHIN_S):
                    head = (await reader.readuntil(b"\r\n\r\n")).lower()
                    _, _, length = head.partition(b"\r\ncontent-length: ")
                    answered = Answered(int(head[9:12]), await reader.readexactly(int(length.partition(b"\r\n")[0])))
            except (OSError, EOFError, TimeoutError) as error:
                writer.close()
                raise ConnectionError(f"{method} {path}: {error!r}") from error
            if b"\r\nconnection: close\r\n" in head:
                writer.close()
            else:
                self._idle.append((reader, writer))
            return answered

    async def close(self) -> None:
        """Ends all of them; none may be in use."""
        for _, writer in self._idle:
            writer.close()
            await writer.wait_closed()
        self._idle.clear()
