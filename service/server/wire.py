"""What a client may send before it is a request: bounded in size and time, and refused in our own words.

uvicorn reads a whole request well. What it leaves to us: a head without end, a request that never becomes whole, a
client that closes its side and still listens, one that would rather speak another protocol, and bytes that are no HTTP.
"""

import asyncio
from asyncio.events import TimerHandle
from collections import deque
from string import ascii_letters, digits
from typing import Any, Final

import httptools

from service.admission import FACADES, is_whole
from service.errors import Code, Refused
from service.server.door import Door
from service.server.joined import Joined
from service.server.last_word import MESSAGE_MAX, Deaf, LastWord, too_long, why_unread
from service.server.reading import LINES_MAX, READ_MAX, Flow, piece_end

HEAD_MAX: Final = 32 * 1024  # bytes of the request line and the headers
ADDRESS_MAX: Final = 16 * 1024
HEADERS_MAX: Final = 100
WHOLE_WITHIN_S: Final = 15
IDLE_S: Final = 0.3  # so long a client has said nothing who is not about to say more
PACE: Final = 64 * 1024  # bytes of a body, in each time of that length, that buy it another: files take longer
UNREAD_MAX: Final = 64 * 1024  # bytes of a body that we read although it was answered without them

# An address has one spelling; the router would take others for the same: `//livez`, `/livez/`, `/%6civez`. Other
# providers' are as their clients spell them, with `/` at the end or `token:` inside: a facade reads its own.
_LETTERS: Final = (ascii_letters + digits + "/._~-").encode()
_SLASH: Final = ord("/")
_NO_ADDRESS: Final = "/."
_OTHERS: Final = tuple(one.encode() for one in FACADES)

_NOWHERE: Final[deque[Any]] = deque(maxlen=0)


class Protocol(Door):
    """uvicorn's, on a transport that joins its writes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._joined = Joined(transport)
        self._whole: Any = None  # the scope of the last request that was all here
        self._piece = 0  # bytes that came last
        self._read = 0  # bytes that came for what is open, or with it
        self._read_before = 0  # ... when the clock was last looked at
        self._kept = b""  # what came behind requests that wait
        self._clock: TimerHandle | None = None
        self._heard_at = self.loop.time()
        self._last: Any = None  # the request of which the answer says that no other is taken
        super().connection_made(self._joined)
        self.flow = Flow(self._joined, self.pipeline)
        self.cycle = _Nothing()  # type: ignore[assignment]
        self._wait_for_the_next()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._stop_clock()
        self.pipeline.clear()
        self._kept = b""

    def data_received(self, data: bytes) -> None:
        self._heard_at = self.loop.time()
        if self._is_idle() and self.turns_away(data):
            return
        self._unset_keepalive_if_required()
        if isinstance(self.parser, Deaf) or (data.count(b"\n") <= LINES_MAX and not self._kept):
            self._feed(data)
        else:
            self._kept += data
            self._feed_what_is_kept()

    def _feed_what_is_kept(self) -> None:
        """Piece by piece, until requests wait."""
        data, start = self._kept, 0
        while start < len(data) and not self.pipeline:
            end = len(data) if isinstance(self.parser, Deaf) else piece_end(data, start)
            self._feed(data[start:end])
            start = end
        self._kept = data[start:]

    def _feed(self, data: bytes) -> None:
        self._piece = len(data)
        self._read += self._piece
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
            self._refuse(why_unread(error, data))
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
        is_large = self._read > HEAD_MAX or len(headers) > HEADERS_MAX or len(self.url) > ADDRESS_MAX
        if is_large and (fault := self._head_at_fault()):
            raise fault
        by_name = dict(headers)
        if len(by_name.get(b"content-length", b"")) > 7 and int(by_name[b"content-length"]) > MESSAGE_MAX:
            raise too_long()
        if b"host" not in by_name or len(by_name) < len(headers):
            self._require_one_host()
        else:
            self.scope["state"]["headers"] = by_name  # what api/ask.py would make of them
        super().on_headers_complete()
        if self.server_state.is_parting:
            self._say_that_it_is_the_last()
        path = self.scope["raw_path"]
        is_odd = path.translate(None, _LETTERS) or b"//" in path or path[-1] == _SLASH
        if (is_odd and not path.startswith(_OTHERS)) or b"#" in self.url:
            self.scope["path"] = _NO_ADDRESS
        self.headers = _NOWHERE  # type: ignore[assignment]  # trailers are no headers: they come unguarded

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._whole = self.scope
        self._read = self._piece  # a part of it may be the next request
        if self._clock is not None:
            self._stop_clock()
        if not self.cycle.response_complete:
            self.cycle.more_body = False
            self.cycle.message_event.set()
            is_whole(self.cycle.scope)

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

    # What the application does ----------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        if self._joined.is_parting:
            self.pipeline.clear()
            self._kept = b""
            self.flow.resume_reading()
        super()._go_on()
        if self._joined.is_parting:
            self._stop_listening()
        elif self.scope is not self._whole and self._is_far_from_its_end():
            self._stop_listening()
            self._joined.part()
        elif self.flow.read_paused and not self.pipeline:
            self._feed_what_is_kept()
            self.flow.resume_reading()

    def _is_far_from_its_end(self) -> bool:
        """Whether what is open was answered while a long rest of its body is still to come."""
        headers = dict(self.scope["headers"])
        length = int(headers.get(b"content-length", 0)) or (MESSAGE_MAX if b"transfer-encoding" in headers else 0)
        return self._has_head() and self.cycle.response_complete and length - self._read > UNREAD_MAX

    # The process stops ------------------------------------------------------------------------------------------------

    def part_soon(self) -> None:
        """The answer to what was asked last, or is asked next, says that it is the last, and the connection ends."""
        if not self.cycle.response_started:
            self._say_that_it_is_the_last()

    def part_if_idle(self) -> None:
        """Ends a connection on which nothing is asked, and nothing has come for a moment."""
        if self._is_idle() and self.loop.time() >= self._heard_at + IDLE_S:
            self._stop_listening()
            self._joined.part()

    def _is_idle(self) -> bool:
        """Whether all that was asked is answered, and nothing of the next request is here."""
        is_whole = self.scope is self._whole and not self._kept
        return self.cycle.response_complete and is_whole and not self.pipeline and not self._joined.is_parting

    def _say_that_it_is_the_last(self) -> None:
        """Of several that wait for their answers, the newest."""
        if self._last is not None and not self._last.response_started:
            self._last.keep_alive = True
        self._last = self.cycle if self.cycle.keep_alive else None
        self.cycle.keep_alive = False
        self._joined.parts_when_closed = True

    def pause_writing(self) -> None:
        super().pause_writing()
        self._joined.expect_a_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._joined.found_a_reader()

    # Bounds -----------------------------------------------------------------------------------------------------------

    def timeout_keep_alive_handler(self) -> None:
        """Who was turned away meanwhile has been heard, and is waited for again."""
        if self.loop.time() < self._heard_at + self.timeout_keep_alive - 1:
            self._wait_for_the_next()
        else:
            super().timeout_keep_alive_handler()

    def _wait_for_the_next(self) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _bound_what_is_open(self) -> None:
        fault = None if self._has_head() else self._head_at_fault()
        if self._read > MESSAGE_MAX:
            fault = too_long()
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
        self._stop_listening()
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
        word = LastWord(self._joined, self.scope, self.server_state.default_headers, refused)
        self.cycle = word  # type: ignore[assignment]
        if behind:
            self.pipeline.appendleft((word, self.app))  # type: ignore[arg-type]
        else:
            word.say()

    def _stop_listening(self) -> None:
        """What comes from now on is read and dropped."""
        self.parser = Deaf()  # type: ignore[assignment]
        self._whole = self.scope
        self._stop_clock()


class _Nothing:
    """Before the first request."""

    scope: Any = ()
    keep_alive = response_started = True
    message_event = asyncio.Event()
    response_complete = True
