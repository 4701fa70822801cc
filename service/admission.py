"""Who is let in. What cannot be served in its time is refused at once, the least urgent first.

How long a new request would wait follows from how many are under way and how fast they are done (Little's law):

    wait  =  requests under way  *  seconds from one answer to the next, while many are under way

Whatever is scarce, a processor, PostgreSQL or a lock, shows in the second factor. A request is under way once all of it
is here: who sends slowly takes nobody's place. The wire asks before it begins anything, so that a refusal costs little.
"""

from enum import Enum
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from service import clock
from service.allowance import Allowance, Allowances

MANY: Final = 8  # of fewer the pace says how long one takes, and not how many are done
LOOK_S: Final = 0.2  # of being busy: answers come by the handful, one commit for all, so pairs tell nothing
LEARNS: Final = 0.5  # the share of the newest look in what is known of the pace
PACE_MAX_S: Final = 0.1  # a moment in which nothing went on says little of the next


class Urgency(Enum):
    """For how many seconds at most a request may have to wait, and how many under way are always too few to refuse.

    The goal is an answer within a second to whoever is let in. The wait is a forecast: it is twice as long where the
    machine does half as much in the moment after, and who is seen late, because others were, has waited before it.
    """

    MONEY = (0.5, 96)  # what moves money on a plan: captured, refunded, paid
    CHECKOUT = (0.3, 80)  # a consumer waits for it, and can be told to try again
    LIST = (0.15, 64)

    def __init__(self, wait_s: float, always: int) -> None:
        self.wait_s = wait_s
        self.always = always


class Admission:
    """Of one process."""

    def __init__(self) -> None:
        self._under_way = 0
        self._pace_s = 0.0  # from one answer to the next, while many are under way
        self._busy_since = 0.0
        self._busy_s, self._answers, self._of_many = 0.0, 0, 0  # of this look; the last while many were

    def lets_in(self, scope: Scope) -> bool:
        """Whether one more would be served in its time; then it has a passage."""
        urgency = urgency_of(scope)
        if urgency is None:
            return True
        if not self.admits(urgency):
            return False
        scope["state"][_NAME] = Passage(self)
        return True

    @property
    def has_room(self) -> bool:
        """Whether everybody is let in."""
        return self.admits(Urgency.LIST)

    def admits(self, urgency: Urgency) -> bool:
        """Whether there is room for one more."""
        waiting = self._under_way
        return waiting < urgency.always or waiting * self._pace_s < urgency.wait_s

    def enter(self) -> None:
        """A request is whole."""
        if not self._under_way:
            self._busy_since = clock.monotonic()
        self._under_way += 1

    def leave(self) -> None:
        """It was answered."""
        now = clock.monotonic()
        self._busy_s += now - self._busy_since
        self._busy_since = now
        self._answers += 1
        self._of_many += self._under_way >= MANY
        self._under_way -= 1
        if self._busy_s >= LOOK_S:
            self._learn()

    def _learn(self) -> None:
        if 2 * self._of_many >= self._answers:
            pace = min(self._busy_s / self._answers, PACE_MAX_S)
            self._pace_s += (pace - self._pace_s) * (LEARNS if self._pace_s else 1)
        self._busy_s, self._answers, self._of_many = 0.0, 0, 0


class Passage:
    """One request on its way through."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._is_whole = False

    def is_whole(self) -> None:
        """From now on it takes a place."""
        if not self._is_whole:
            self._is_whole = True
            self._admission.enter()

    def end(self) -> None:
        """It was answered, or goes on for long beside the others; said twice it is the same."""
        if self._is_whole:
            self._is_whole = False
            self._admission.leave()


def is_whole(scope: Any) -> None:
    """All of the request is here."""
    passage: Passage | None = scope["state"].get(_NAME)
    if passage is not None:
        passage.is_whole()


def takes_no_place(scope: Any) -> None:
    """The answer goes on for as long as somebody listens: it has begun, and nobody waits behind it."""
    passage: Passage | None = scope["state"].get(_NAME)
    if passage is not None:
        passage.end()


class Counted:
    """The application: whose requests leave when they are answered, and are counted by key."""

    def __init__(self, app: ASGIApp, rate: int = 0, under_way_max: int = 0) -> None:
        """`rate` of requests a second, and how many under way at once, for each key; 0: as many as there are."""
        self._app = app
        self._allowances = Allowances(rate, under_way_max)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if urgency_of(scope) is None:
            await self._app(scope, receive, send)
            return
        share = Share(self._allowances, send)
        scope["state"][_SHARE] = share
        try:
            await self._app(scope, receive, share.send)
        finally:
            share.end()
            passage: Passage | None = scope["state"].get(_NAME)
            if passage is not None:
                passage.end()


class Share:
    """What one request takes of what its key may ask for."""

    def __init__(self, allowances: Allowances, send: Send) -> None:
        self._allowances = allowances
        self._send = send
        self._allowance: Allowance | None = None

    def take(self, key_id: str) -> None:
        """It is one of this key. Refused: RATE_LIMITED."""
        self._allowance = self._allowances.take(key_id)

    def end(self) -> None:
        """It was answered."""
        if self._allowance is not None:
            self._allowance.under_way -= 1

    async def send(self, message: Any) -> None:
        if self._allowance is not None and message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *self._allowances.headers(self._allowance)]
        await self._send(message)


def take_allowance(scope: Scope, key_id: str) -> None:
    """The request is one of this key. Refused: RATE_LIMITED."""
    share: Share | None = scope["state"].get(_SHARE)  # none in front of whom nobody stands
    if share is not None:
        share.take(key_id)


def urgency_of(scope: Scope) -> Urgency | None:
    """By method and address, before anything is looked up; None: whether we live is always answered."""
    return urgency_by(_method(scope), scope["path"]) if scope["type"] == ScopeType.HTTP else None


def urgency_by(method: str, path: str) -> Urgency | None:
    """The same."""
    if not path.startswith(_COUNTED):
        return None
    if method not in ("POST", "PUT"):
        return Urgency.LIST
    return Urgency.MONEY if path.startswith(_MONEY) else Urgency.CHECKOUT


def _method(scope: Scope) -> str:
    return str(scope.get("method"))


_FACADES: Final = ("/alma/", "/v2/", "/v3/", "/payscore/", "/agree/")
_COUNTED: Final = ("/v1/", *_FACADES)
_MONEY: Final = (
    "/v1/plans/", "/v1/operator/plans/", "/v1/processor/", "/alma/v1/payments/de_", "/v2/payments/",
    "/v3/payscore/serviceorder/", "/v3/refund/",
)  # fmt: skip


_NAME: Final = "passage"
_SHARE: Final = "share"
