"""A request and its answer on the wire, as uvicorn has them; an answer that is ready leaves in one piece.

An answer in two messages, its head and its body, goes through every layer twice, and each header of it is looked at
with two patterns, one by one. `WHOLE` is one message of our own for both (`exchange.py`).
"""

import asyncio
from typing import Any, Final
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from service.exchange import WHOLE

_EXTENSIONS: Final[dict[str, Any]] = {WHOLE: {}}  # as ASGI tells an application what more a server takes
_NO_NAME, _NO_VALUE = HEADER_RE.search, HEADER_VALUE_RE.search


class Cycle(RequestResponseCycle):
    """One request."""

    async def send(self, message: Any) -> None:
        """As in ASGI; or a whole answer."""
        if message["type"] != WHOLE:
            await super().send(message)
            return
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if not self.disconnected:
            self._leave(message["status"], [*self.default_headers, *message["headers"]], message["body"])

    def _leave(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        assert not self.response_started
        names, values = zip(*headers, strict=True)
        assert not _NO_NAME(b"".join(names))
        assert not _NO_VALUE(b"".join(values))
        if b"connection" in names:  # only ever to say that it is the last
            self.keep_alive = False
        elif not self.keep_alive:
            headers.append((b"connection", b"close"))
        lines = [b"%b: %b\r\n" % header for header in headers]
        is_head = self.scope["method"] == "HEAD"
        self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", b"" if is_head else body]))
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


class Cycles(HttpToolsProtocol):
    """A connection, whose requests are such cycles. uvicorn's own limit of connections is not used."""

    def on_headers_complete(self) -> None:
        version, scope = self.parser.get_http_version(), self.scope
        address = httptools.parse_url(self.url)
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = version
        scope["raw_path"] = address.path
        scope["path"] = path = address.path.decode("ascii")
        if "%" in path:
            scope["path"] = unquote(path)
        scope["query_string"] = address.query or b""
        scope["extensions"] = _EXTENSIONS
        before = self.cycle
        self.cycle = Cycle(
            scope, self.transport, self.flow, self.logger, self.access_logger, self.access_log,
            self.server_state.default_headers, asyncio.Event(), self.expect_100_continue,
            version != "1.0" and self.parser.should_keep_alive(), self.on_response_complete,
        )  # fmt: skip
        if before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
