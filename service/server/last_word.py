"""What is said to a client whose request cannot be read: the last answer on its connection."""

import asyncio
import re
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from service.api.reply import PROBLEM
from service.errors import Code, Refused, problem_json
from service.exchange import carrying
from service.server.joined import Joined

MESSAGE_MAX: Final = 4 * 1024**3  # bytes from request line to last trailer; routes have bounds of their own
METHODS: Final = b"GET, HEAD, OPTIONS, POST"
_OTHER_METHOD: Final = re.compile(
    rb"(?!(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE) )[!#$%&'*+.^_`|~\w-]+ \S+ HTTP/1\.[01]\r?\n", re.ASCII
)


class LastWord:
    """Stands in the line of requests for one that cannot be read."""

    def __init__(self, transport: Joined, scope: Any, headers: list[tuple[bytes, bytes]], refused: Refused) -> None:
        self.scope = scope
        self.message_event = asyncio.Event()
        self.keep_alive = self.disconnected = self.response_started = self.response_complete = False
        self._transport = transport
        body = problem_json(refused)
        said = carrying(
            [
                *headers,
                (b"content-type", PROBLEM.encode()),
                (b"content-length", b"%d" % len(body)),
                (b"connection", b"close"),
            ]
        )
        if refused.code is Code.METHOD_NOT_ALLOWED:
            said.append((b"allow", METHODS))
        lines = [b"%b: %b\r\n" % header for header in said]
        self._raw = b"".join([STATUS_LINE[refused.status], *lines, b"\r\n", body])

    async def run_asgi(self, _: Any) -> None:
        self.say()

    def say(self) -> None:
        self.response_started = self.response_complete = True
        self._transport.write(self._raw)
        self._transport.part()


class Deaf:
    """A parser for what comes after the last word."""

    def feed_data(self, data: Any) -> None:
        pass


def too_long() -> Refused:
    """The request is longer than any route reads."""
    return Refused(Code.TOO_LARGE, f"The request is longer than {MESSAGE_MAX} bytes.", "")


def why_unread(error: httptools.HttpParserError, data: bytes) -> Refused:
    """Why the parser stopped at what it was given, `data`."""
    if isinstance(error.__context__, Refused):
        return error.__context__
    if isinstance(error, httptools.HttpParserInvalidMethodError) and _OTHER_METHOD.match(data):
        return Refused(Code.METHOD_NOT_ALLOWED, f"No address takes this method, only {METHODS.decode()}.")
    if isinstance(error, httptools.HttpParserCallbackError):  # uvicorn takes the address apart
        return Refused(Code.MALFORMED, "The address of the request is none, or not in ASCII.")
    return Refused(Code.MALFORMED, f"This is no HTTP/1.1 request: {error}.")
