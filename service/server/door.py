"""At the door of a process: who is not let in hears so before anything is made of the request.

When too much is under way, most of what comes is refused: what that costs is taken from those who are served. A plain
request that is all here is told by its bytes alone, for a tenth of what it costs to read it. Anything unusual is read
first: an upgrade, a body in chunks, a part of a request or several.
"""

import re
from functools import lru_cache
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.server import ServerState

from service.admission import Admission, is_whole, urgency_by
from service.api.reply import PROBLEM
from service.errors import Code, Refused, problem_json
from service.exchange import carrying
from service.facades.door import Reply
from service.facades.doors import worded_at
from service.metrics import TURNED_AWAY
from service.server.cycle import Cycles
from service.server.joined import Joined
from service.server.last_word import LastWord
from service.server.turns import Turns

_PLAIN: Final = re.compile(
    rb"(GET|POST) (/v1/[\w/.-]+)(?:\?[!-~]*)? HTTP/1\.1\r\n((?:[\w-]+:[^\r\n]*\r\n)+)\r\n", re.ASCII
)
_LENGTH: Final = re.compile(rb"^content-length:[ \t]*(\d{1,5})[ \t]*\r\n", re.MULTILINE)
_UNUSUAL: Final = re.compile(rb"transfer-encoding|upgrade|expect|connection:[ \t]*close")


STRIKES_MAX: Final = 16  # answers 401 on one connection


class State(ServerState):
    """What all connections of a process share."""

    is_parting = False  # the process stops: each answer is the last of its connection

    def __init__(self) -> None:
        super().__init__()
        self.admission = Admission()
        self.turns = Turns()


class Door(Cycles):
    """uvicorn's protocol, behind its admission."""

    server_state: State
    _joined: Joined
    _strikes = 0
    _follows = False  # whether what is begun now came behind another request

    def strike(self) -> bool:
        """One more of its requests had no key that we know. True when that was enough: the connection ends with it.

        Who sends thousands of such requests at once would have all of them answered, beside those who have a key.
        """
        self._strikes += 1
        if self._strikes < STRIKES_MAX:
            return False
        self._joined.parts_when_closed = True
        return True

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"]["strike"] = self.strike

    def turns_away(self, data: bytes) -> bool:
        """Whether that is one request, whole and plain, that is not let in; then it was told so."""
        admission = self.server_state.admission
        if admission.has_room or self.server_state.is_parting or (plain := plain_request(data)) is None:
            return False
        method, path = plain
        urgency = urgency_by(method, path)
        if urgency is None or admission.admits(urgency):
            return False
        self._joined.write(not_now(method, "", closes=False))
        TURNED_AWAY.inc()
        return True

    def on_response_complete(self) -> None:
        before, self._follows = self._follows, True
        try:
            self._go_on()
        finally:
            self._follows = before

    def _go_on(self) -> None:
        """An answer is complete: the next request, if it is here."""
        super().on_response_complete()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        if isinstance(cycle, LastWord):
            super()._start_asgi_task(cycle, app)  # type: ignore[arg-type]
        elif self._follows and not self.server_state.is_parting:
            self.server_state.turns.take(lambda: self._begin_in_turn(cycle, app))
        else:
            self._begin(cycle, app)

    def _begin_in_turn(self, cycle: Any, app: Any) -> None:
        if not self.transport.is_closing():  # nobody waits for the answer
            self._begin(cycle, app)

    def _begin(self, cycle: Any, app: Any) -> None:
        if not self.server_state.admission.lets_in(cycle.scope):
            self._turn_away(cycle)
        else:
            if not cycle.more_body:  # it has waited for those before it
                is_whole(cycle.scope)
            super()._start_asgi_task(cycle, app)

    def _turn_away(self, cycle: Any) -> None:
        cycle.response_started = cycle.response_complete = True
        cycle.keep_alive = cycle.keep_alive and not self.server_state.is_parting
        first = cycle.scope["path"].split("/", 2)[1]
        self._joined.write(not_now(cycle.scope["method"], first, closes=not cycle.keep_alive))
        TURNED_AWAY.inc()
        if not cycle.keep_alive:
            self._joined.part()
        self.on_response_complete()


def plain_request(data: bytes) -> tuple[str, str] | None:
    """Method and path, if that is one request of ours, whole, and nothing but that."""
    head = _PLAIN.match(data)
    if head is None:
        return None
    headers = head[3].lower()
    lengths = headers.count(b"content-length")
    if lengths > 1 or headers.count(b"host:") != 1 or _UNUSUAL.search(headers):
        return None
    length = _LENGTH.search(headers) if lengths else None
    if (lengths and length is None) or len(data) != head.end() + (int(length[1]) if length else 0):
        return None
    return head[1].decode(), head[2].decode()


@lru_cache(maxsize=64)
def not_now(method: str, first: str, closes: bool) -> bytes:
    """What those hear who are not let in. Nothing was done, of a POST neither.

    At the addresses of other providers, which begin with the word `first`, it is said as their clients read it.
    """
    code = Code.BUSY if method == "POST" else Code.UNAVAILABLE
    sentence = "Too much is under way; send the same request again after the seconds of Retry-After."
    refused = Refused(code, sentence)
    reply = worded_at(first, refused) or Reply(problem_json(refused), refused.status, PROBLEM)
    said = carrying(
        [
            (b"content-type", reply.media.encode()),
            (b"content-length", b"%d" % len(reply.body)),
            (b"retry-after", b"1"),
            *([(b"connection", b"close")] if closes else []),
        ]
    )
    lines = [b"%b: %b\r\n" % header for header in said]
    return b"".join([STATUS_LINE[reply.status], *lines, b"\r\n", b"" if method == "HEAD" else reply.body])
