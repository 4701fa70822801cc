"""One request and its answer: all that stands between the wire and the application, in one pass.

Each answer is counted and timed, carries the headers that all carry, and comes in time: also when the process is
stopped meanwhile. HEAD is GET without the body. A key's requests are counted while they are under way.

Layers, each with a coroutine and a `send` of its own, would cost every request as much as its rules do.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Histogram

from service import clock, trace
from service.admission import end_passage, urgency_of
from service.allowance import Allowance, Allowances
from service.bounded import Ends, say, unanswered
from service.deadline import REQUEST_S
from service.metrics import REQUESTS, UNROUTED

Header = tuple[bytes, bytes]

# An answer is one client's and is kept by nobody on its way; it is what it says it is, and stands in no frame.
CARRIED: Final[tuple[Header, ...]] = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
)
_NAMES: Final = frozenset(name for name, _ in CARRIED)

# The type of a message that is an answer's head and its body in one: taken where the scope has an extension of that
# name, which is our own server's (`server/cycle.py`).
WHOLE: Final = "tenor.response"
BEGINS: Final = ("http.response.start", WHOLE)  # the types of messages with status and headers


def carrying(headers: Iterable[Header]) -> list[Header]:
    """The headers of an answer with those it has not set itself."""
    own = list(headers)
    names = {name.lower() for name, _ in own}
    if _NAMES.isdisjoint(names):
        return [*own, *CARRIED]
    return own + [header for header in CARRIED if header[0] not in names]


class Edge:
    """The application as the outside sees it."""

    def __init__(self, app: ASGIApp, rate: int = 0, under_way_max: int = 0) -> None:
        """`rate` of requests a second, and how many under way at once, for each key; 0: as many as there are."""
        self._app = app
        self.allowances = Allowances(rate, under_way_max)
        self.ends = Ends()
        self._series: dict[tuple[str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        exchange = Exchange(self, scope, send)
        try:
            await self._app(exchange.scope, receive, exchange.send)
        except asyncio.CancelledError:  # its time is over, or the process stops and waits no longer
            if not exchange.has_begun:  # else the server closes the connection: nothing is added to half an answer
                await say(exchange.send, unanswered(exchange.method, "It takes too long"))
        finally:
            exchange.end()

    def observe(self, method: str, path: str, status: int, seconds: float) -> None:
        """One more answer."""
        name = (method, path, status)
        series = self._series.get(name)
        if series is None:
            series = self._series[name] = REQUESTS.labels(*name)
        series.observe(seconds)


class Exchange:
    """One request on its way through, and what it was answered."""

    __slots__ = ("_allowance", "_began", "_edge", "_send", "_task", "_trace", "has_begun", "method", "scope")

    def __init__(self, edge: Edge, scope: Any, send: Send) -> None:
        self._edge = edge
        self._send = send
        self.method = str(scope["method"])
        self._began = clock.monotonic()
        self._trace = trace.begin(scope["headers"])
        self._allowance: Allowance | None = None
        self.has_begun = False  # to be answered
        self.scope: Any = scope
        if self.method == "HEAD":  # the server, which still knows, sends no body
            self.scope = {**scope, "method": "GET"}
            scope["state"]["head"] = True  # of an answer without end: it is over with its head
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        edge.ends.set(task, REQUEST_S)
        scope["state"][_NAME] = self

    async def send(self, message: Message) -> None:
        """What the application answers, as it leaves."""
        if message["type"] in BEGINS:
            self._begin(message)
        await self._send(message)

    def _begin(self, message: Any) -> None:
        self.has_begun = True
        status, scope = message["status"], self.scope
        headers = message["headers"]
        if self._allowance is not None:
            headers = [*headers, *self._edge.allowances.headers(self._allowance)]
        headers = carrying(headers)
        if status >= 400:
            headers.append((b"request-id", self._trace.request_id.encode()))
        if status == 401 and (strike := scope["state"].get("strike")) and strike():
            headers.append((b"connection", b"close"))
        message["headers"] = headers
        self._edge.observe(self.method, scope.get("path_template") or UNROUTED, status, clock.monotonic() - self._began)

    def allow(self, seconds: float | None) -> None:
        """From now on it may take so long; None: as long as it likes."""
        if seconds is None:
            self._edge.ends.lift(self._task)
        else:
            self._edge.ends.set(self._task, seconds)

    def take(self, key_id: str) -> None:
        """It is one of this key. Refused: RATE_LIMITED."""
        if urgency_of(self.scope) is not None:
            self._allowance = self._edge.allowances.take(key_id)

    def end(self) -> None:
        """It was answered. Nothing holds on to it, or only the garbage collector would find it."""
        self._edge.ends.lift(self._task)
        if self._allowance is not None:
            self._allowance.under_way -= 1
        end_passage(self.scope)
        del self.scope["state"][_NAME]


def allow(scope: Scope, seconds: float | None) -> None:
    """From now on the request may take so long; None: as long as it likes."""
    exchange: Exchange | None = scope["state"].get(_NAME)  # none in front of whom nobody stands
    if exchange is not None:
        exchange.allow(seconds)


def take_allowance(scope: Scope, key_id: str) -> None:
    """The request is one of this key. Refused: RATE_LIMITED."""
    exchange: Exchange | None = scope["state"].get(_NAME)
    if exchange is not None:
        exchange.take(key_id)


_NAME: Final = "exchange"
