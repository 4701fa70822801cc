"""Who is let in. What cannot be served in its time is refused at once, the least urgent first.

How long a new request would wait follows from how many are under way and how fast they are done (Little's law):

    wait  =  requests under way  *  seconds from one answer to the next, while many are under way

Whatever is scarce, a processor, PostgreSQL or a lock, shows in the second factor. A request is under way once all of it
is here: who sends slowly takes nobody's place. The wire asks before it begins anything, so that a refusal costs little.
"""

from enum import Enum
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import Scope

from service import clock

MANY: Final = 8  # of fewer the pace says how long one takes, and not how many are done
LOOK_S: Final = 0.2  # of being busy: answers come by the handful, one commit for all, so pairs tell nothing
LEARNS: Final = 0.5  # the share of the newest look in what is known of the pace, where it is quicker
PACE_MAX_S: Final = 0.1  # a moment in which nothing went on says little of the next


class Urgency(Enum):
    """For how many seconds at most a request may have to wait, and how many under way are always too few to refuse.

    The goal is an answer within a second to whoever is let in. The wait is a forecast: it is twice as long where the
    machine does half as much in the moment after, and who is seen late, because others were, has waited before it.
    With a quarter of a second for checkouts the forecast may be wrong by a factor of three.
    """

    MONEY = (0.4, 120)  # what moves money on a plan: captured, refunded, paid
    CHECKOUT = (0.25, 104)  # a consumer waits for it, and can be told to try again
    LIST = (0.15, 80)

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
            is_slower = pace > self._pace_s  # believed at once: who is let in by what was before would wait too long
            self._pace_s += (pace - self._pace_s) * (1 if is_slower else LEARNS)
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


def end_passage(scope: Any) -> None:
    """It was answered; or the answer goes on for as long as somebody listens, and nobody waits behind it."""
    passage: Passage | None = scope["state"].get(_NAME)
    if passage is not None:
        passage.end()


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


FACADES: Final = ("/alma/", "/v2/", "/v3/", "/payscore/", "/agree/")  # where other providers' addresses begin
_COUNTED: Final = ("/v1/", *FACADES)
_MONEY: Final = (
    "/v1/plans/", "/v1/operator/plans/", "/v1/processor/", "/alma/v1/payments/de_", "/v2/payments/",
    "/v3/payscore/serviceorder/", "/v3/refund/",
)  # fmt: skip


_NAME: Final = "passage"
