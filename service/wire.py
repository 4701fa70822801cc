"""What a client may send before it is a request: bounded in size and time, and refused in our own words.

uvicorn reads a whole request well. What it leaves to us: a head without end, a request that never becomes whole, a
client that closes its side and still listens, one that would rather speak another protocol, and bytes that are no HTTP.
"""

import asyncio
import re
from asyncio.events import TimerHandle
from collections import deque
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service.api.reply import PROBLEM
from service.errors import Code, Refused, problem_json
from service.joined import Joined

HEAD_MAX: Final = 32 * 1024  # bytes of the request line and the headers
ADDRESS_MAX: Final = 16 * 1024
HEADERS_MAX: Final = 100
WHOLE_WITHIN_S: Final = 15
PACE: Final = 64 * 1024  # bytes of a body, in each time of that length, that buy it another: files take longer
MESSAGE_MAX: Final = 64 * 1024 * 1024  # bytes from request line to last trailer; routes have bounds of their own
READ_MAX: Final = 256 * 1024  # what the event loop reads at once

METHODS: Final = b"GET, HEAD, OPTIONS, POST"
_OTHER_METHOD: Final = re.compile(
    rb"(?!(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE) )[!#$%&'*+.^_`|~\w-]+ \S+ HTTP/1\.[01]\r?\n", re.ASCII
)


_NOWHERE: Final[deque[Any]] = deque(maxlen=0)


class Protocol(HttpToolsProtocol):
    """uvicorn's, on a transport that joins its writes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._joined = Joined(transport)
        self._whole: Any = None  # the scope of the last request that was all here
        self._read = 0  # bytes that came for it, or with it
        self._read_before = 0  # ... when the clock was last looked at
        self._clock: TimerHandle | None = None
        super().connection_made(self._joined)
        self.cycle = _Nothing()  # type: ignore[assignment]
        self._wait_for_the_next()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._stop_clock()

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self._read += len(data)
        rest: bytes | memoryview = data
        try:
            while True:
                try:
                    self.parser.feed_data(rest)
                    break
                except httptools.HttpParserUpgrade as upgrade:
                    rest = memoryview(rest)[upgrade.args[0] :]
                    self._read_again()
        except httptools.HttpParserError as error:
            self._refuse(_reason(error, data))
        if self.scope is not self._whole:
            self._bound_what_is_open()
        else:
            self._read = 0
            if self.timeout_keep_alive_task is None and self.cycle.response_complete:
                self._wait_for_the_next()  # blank lines, or the rest of what was answered early

    def eof_received(self) -> bool:  # type: ignore[override]
        if self.scope is not self._whole:
            self._refuse(Refused(Code.MALFORMED, "The request ends before it is whole."))
        if self.cycle.response_complete:
            self._joined.flush()  # the loop is about to close the transport of a client that has nothing more to say
            return False
        self.cycle.keep_alive = False
        return True

    # What the parser finds --------------------------------------------------------------------------------------------

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return  # read again, as if it had not asked
        headers = self.headers
        if (self._read > HEAD_MAX or len(headers) > HEADERS_MAX) and (fault := self._head_at_fault()):
            raise fault
        by_name = dict(headers)
        if b"host" not in by_name or len(by_name) < len(headers):
            self._require_one_host()
        else:
            self.scope["state"]["headers"] = by_name  # what api/ask.py would make of them
        super().on_headers_complete()
        self.headers = _NOWHERE  # type: ignore[assignment]  # trailers are no headers: they come unguarded

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._whole = self.scope
        if self._clock is not None:
            self._stop_clock()
        if not self.cycle.response_complete:
            self.cycle.more_body = False
            self.cycle.message_event.set()

    def _require_one_host(self) -> None:
        hosts = [name for name, _ in self.headers].count(b"host")
        if hosts > 1 or (not hosts and self.parser.get_http_version() != "1.0"):
            raise Refused(Code.MALFORMED, "A request names its Host, once.", "/Host")

    def _read_again(self) -> None:
        """RFC 9110, 7.8: who does not change the protocol reads the request as if nobody had asked.

        The parser stops where the other protocol would begin, which is where the body begins; a new one reads the head
        without its Upgrade, and goes on.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            raise httptools.HttpParserInvalidMethodError
        head = [b"%b %b HTTP/%b\r\n" % (method, self.url, self.parser.get_http_version().encode())]
        head += [b"%b: %b\r\n" % (name, value) for name, value in self.headers if name != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
        self.parser.feed_data(b"".join([*head, b"\r\n"]))

    # Bounds -----------------------------------------------------------------------------------------------------------

    def _wait_for_the_next(self) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _bound_what_is_open(self) -> None:
        fault = None if self._has_head() else self._head_at_fault()
        if self._read > MESSAGE_MAX:
            fault = Refused(Code.TOO_LARGE, f"The request is longer than {MESSAGE_MAX} bytes.", "")
        if fault:
            self._refuse(fault)
        elif self._clock is None:
            self._read_before = self._read
            self._clock = self.loop.call_later(WHOLE_WITHIN_S, self._look_at_the_clock)

    def _has_head(self) -> bool:
        """Of what is open."""
        return self.cycle.scope is self.scope is not self._whole

    def _is_behind_another(self) -> bool:
        """Whether something that was asked earlier is not answered yet."""
        return bool(self.pipeline) or not (self._has_head() or self.cycle.response_complete)

    def _head_at_fault(self) -> Refused | None:
        """What is wrong with the size of the head, or of what came of it."""
        if len(self.url) > ADDRESS_MAX:
            return Refused(Code.ADDRESS_TOO_LONG, f"The address is longer than {ADDRESS_MAX} bytes.")
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        # Of what was read last, a part may be requests before this one; a header that has no end yet is not in `size`.
        if size > HEAD_MAX or self._read > HEAD_MAX + READ_MAX or len(self.headers) > HEADERS_MAX:
            sentence = f"The headers are longer than {HEAD_MAX} bytes, or more than {HEADERS_MAX}."
            return Refused(Code.HEAD_TOO_LARGE, sentence)
        return None

    def _look_at_the_clock(self) -> None:
        self._clock = None
        keeps_pace = self._has_head() and not self.cycle.response_complete and self._read - self._read_before >= PACE
        if self._is_behind_another() or keeps_pace or self.flow.read_paused:
            self._bound_what_is_open()
        else:
            self._refuse(Refused(Code.TOO_SLOW, f"The request was not whole within {WHOLE_WITHIN_S} seconds."))

    # The last word ----------------------------------------------------------------------------------------------------

    def _refuse(self, refused: Refused) -> None:
        """Says why what is open cannot be done, once all before it is answered, and closes."""
        behind, has_head = self._is_behind_another(), self._has_head()
        self.parser = _Deaf()  # type: ignore[assignment]
        self._whole = self.scope
        self._stop_clock()
        if has_head:
            if behind:
                self.pipeline.popleft()
            elif self.cycle.response_started:  # nothing was read to say so
                self.cycle.keep_alive = False
                if self.cycle.response_complete:
                    self.transport.close()
                return
            else:
                self.cycle.disconnected = True  # it waits for the rest of the body, and hears that none will come
                self.cycle.message_event.set()
        word = _LastWord(self._joined, self.scope, self.server_state.default_headers, refused)
        self.cycle = word  # type: ignore[assignment]
        if behind:
            self.pipeline.appendleft((word, self.app))  # type: ignore[arg-type]
        else:
            word.say()


class _Nothing:
    """Stands before the first request."""

    scope: Any = ()
    message_event = asyncio.Event()
    response_complete = True


class _LastWord:
    """Stands in the line of requests for one that cannot be read."""

    def __init__(self, transport: Joined, scope: Any, headers: list[tuple[bytes, bytes]], refused: Refused) -> None:
        self.scope = scope
        self.message_event = asyncio.Event()
        self.keep_alive = self.disconnected = self.response_started = self.response_complete = False
        self._transport = transport
        body = problem_json(refused)
        said = [
            *headers,
            (b"content-type", PROBLEM.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
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


class _Deaf:
    """A parser for what comes after the last word."""

    def feed_data(self, data: Any) -> None:
        pass


def _reason(error: httptools.HttpParserError, data: bytes) -> Refused:
    """Why the parser stopped at what it was given, `data`."""
    if isinstance(error.__context__, Refused):
        return error.__context__
    if isinstance(error, httptools.HttpParserInvalidMethodError) and _OTHER_METHOD.match(data):
        return Refused(Code.METHOD_NOT_ALLOWED, f"No address takes this method, only {METHODS.decode()}.")
    if isinstance(error, httptools.HttpParserCallbackError):  # uvicorn takes the address apart
        return Refused(Code.MALFORMED, "The address of the request is none, or not in ASCII.")
    return Refused(Code.MALFORMED, f"This is no HTTP/1.1 request: {error}.")
