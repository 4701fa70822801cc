"""Who is let in. What cannot be served in its time is refused at once, the least urgent first.

How long a new request would wait follows from how many are under way and how fast they are done (Little's law):

    wait  =  requests under way  *  seconds from one answer to the next, while there are any

Whatever is scarce, a processor, PostgreSQL or a lock, shows in the second factor. A request is under way once all of it
is here: who sends slowly takes nobody's place.
"""

from enum import Enum
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from service import clock
from service.allowance import Allowance, Allowances
from service.bounded import say
from service.errors import Code, Refused

LEARNS: Final = 0.05  # the share of the newest answer in what is known of the pace
PACE_MAX_S: Final = 0.1  # one answer that took long says little of the next


class Urgency(Enum):
    """For how many seconds at most a request may have to wait, and how many under way are always too few to refuse."""

    MONEY = (0.8, 128)  # what moves money on a plan: captured, refunded, paid
    CHECKOUT = (0.5, 96)  # a consumer waits for it, and can be told to try again
    LIST = (0.3, 64)

    def __init__(self, wait_s: float, always: int) -> None:
        self.wait_s = wait_s
        self.always = always


class Admission:
    """Of one process."""

    def __init__(self) -> None:
        self._under_way = 0
        self._pace_s = 0.0  # from one answer to the next
        self._last = 0.0  # when the last answer was given, or the first request came after all were answered

    def admits(self, urgency: Urgency) -> bool:
        """Whether one more would be served in its time."""
        waiting = self._under_way
        return waiting < urgency.always or waiting * self._pace_s < urgency.wait_s

    def enter(self) -> None:
        """A request is whole."""
        if not self._under_way:
            self._last = clock.monotonic()
        self._under_way += 1

    def leave(self) -> None:
        """It was answered."""
        now = clock.monotonic()
        self._pace_s += LEARNS * (min(now - self._last, PACE_MAX_S) - self._pace_s)
        self._last = now
        self._under_way -= 1


class Admitted:
    """The application, behind its admission, and with an allowance for each key."""

    def __init__(self, app: ASGIApp, rate: int = 0, under_way_max: int = 0) -> None:
        """`rate` of requests a second, and how many under way at once, for each key; 0: as many as there are."""
        self._app = app
        self._admission = Admission()
        self._allowances = Allowances(rate, under_way_max)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        urgency = urgency_of(scope)
        if urgency is None:
            await self._app(scope, receive, send)
        elif not self._admission.admits(urgency):
            await say(send, _refusal(scope))
        else:
            passage = Passage(self._admission, self._allowances, receive, send)
            if _method(scope) == "GET":
                passage.is_whole()
            scope["state"][_NAME] = passage
            try:
                await self._app(scope, passage.receive, passage.send)
            finally:
                passage.end()


class Passage:
    """One request on its way through."""

    def __init__(self, admission: Admission, allowances: Allowances, receive: Receive, send: Send) -> None:
        self._admission = admission
        self._allowances = allowances
        self._receive = receive
        self._send = send
        self._is_whole = False
        self._allowance: Allowance | None = None

    def is_whole(self) -> None:
        """From now on it takes a place."""
        self._is_whole = True
        self._admission.enter()

    def take(self, key_id: str) -> None:
        """It is one of this key. Refused: RATE_LIMITED."""
        self._allowance = self._allowances.take(key_id)

    def end(self) -> None:
        """It was answered."""
        if self._is_whole:
            self._admission.leave()
        if self._allowance is not None:
            self._allowance.under_way -= 1

    async def receive(self) -> Any:
        event: Any = await self._receive()
        if not self._is_whole and not event.get("more_body", False):
            self.is_whole()
        return event

    async def send(self, message: Any) -> None:
        if self._allowance is not None and message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *self._allowances.headers(self._allowance)]
        await self._send(message)


def take_allowance(scope: Scope, key_id: str) -> None:
    """The request is one of this key. Refused: RATE_LIMITED."""
    passage: Passage | None = scope["state"].get(_NAME)  # none in front of whom nobody stands
    if passage is not None:
        passage.take(key_id)


def urgency_of(scope: Scope) -> Urgency | None:
    """By method and address, before anything is looked up; None: whether we live is always answered."""
    if scope["type"] != ScopeType.HTTP or not scope["path"].startswith("/v1/"):
        return None
    if _method(scope) != "POST":
        return Urgency.LIST
    return Urgency.MONEY if scope["path"].startswith(_MONEY) else Urgency.CHECKOUT


def _method(scope: Scope) -> str:
    return str(scope.get("method"))


_MONEY: Final = ("/v1/plans/", "/v1/operator/plans/", "/v1/processor/")


def _refusal(scope: Scope) -> Refused:
    """Nothing was done, of a POST neither."""
    code = Code.BUSY if _method(scope) == "POST" else Code.UNAVAILABLE
    return Refused(code, "Too much is under way; send the same request again after the seconds of Retry-After.")


_NAME: Final = "passage"
