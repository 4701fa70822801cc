"""The rules of the sandbox processor, and what it remembers: what becomes of a charge follows from its token's ending.

| the token ends in | the processor |
|---|---|
| -insufficient | declines: insufficient funds; -insufficient2: twice, then it pulls the money |
| -limit -declined -away -confirm | declines: limit reached, no reason, its bank is away, the consumer must confirm |
| -expired -closed -blocked -revoked | declines for good |
| -lost | pulls the money, and its answer comes after half a minute |
| -broken | pulls the money, and answers 500 |
| -500 | answers 500 the first time, and has done nothing |
| -twice | pulls the money, and sends two notifications of it |
| -late | is not done until a second later, then sends a notification |
| -bounces | pulls the money, which comes back two seconds later: insufficient funds; sends a notification |
| anything else | pulls the money |

Holds go by the same endings (`sandbox_holds.py`), and so does what is paid back (`sandbox_paybacks.py`).

A charge's id names it for good: sent again, it is answered as it stands, and nothing more is pulled. It
remembers nothing beyond the end of its process: started anew, it knows no charge, and counts from the beginning.
"""

import re
from collections import Counter
from datetime import date
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from service.payments.charge import Reason
from service.payments.processor import Order, Reply

LOST_MS: Final = 30_000
LATE_MS: Final = 1_000
BOUNCES_MS: Final = 2_000

REASONS: Final = {
    "insufficient": Reason.INSUFFICIENT_FUNDS, "limit": Reason.LIMIT_REACHED, "declined": Reason.DECLINED,
    "away": Reason.PROCESSOR_AWAY, "confirm": Reason.AUTHENTICATION_REQUIRED, "expired": Reason.EXPIRED,
    "closed": Reason.ACCOUNT_CLOSED, "blocked": Reason.BLOCKED, "revoked": Reason.REVOKED,
}  # fmt: skip
ENDING: Final = re.compile(r"(500|[a-z]+)([0-9]?)\Z")


class Pulled(Struct, frozen=True):
    """What the processor remembers of a charge: what becomes of it, and when."""

    order: Order
    at_ms: int
    state: str
    reason: Reason | None
    received_on: date
    behaviour: str


class Scripted(Struct, frozen=True):
    """What the processor does: it waits, then answers this; and sends notifications, so long after it was asked."""

    body: bytes = b""
    status: int = 200
    after_ms: int = 0
    notifications: int = 0
    notify_after_ms: int = 0


class Sandbox:
    """One processor. Instants are milliseconds of a clock that only goes forward."""

    def __init__(self) -> None:
        self.pulled: dict[str, Pulled] = {}
        self.calls: Counter[str] = Counter()  # to pull money, by the charge
        self._declined: Counter[str] = Counter()  # by the token

    def pull(self, order: Order, now_ms: int, today: date) -> Scripted:
        """Pulls the money, once."""
        self.calls[order.charge_id] += 1
        found = ENDING.search(order.token.rpartition("-")[2])
        behaviour, times = (found[1], found[2]) if found else ("", "")
        if behaviour == "500" and self.calls[order.charge_id] == 1:
            return Scripted(status=500)
        if order.charge_id in self.pulled:
            return self._answer(order.charge_id, now_ms)
        reason = REASONS.get(behaviour)
        if reason and times and self._declined[order.token] >= int(times):
            reason = None
        if reason:
            self._declined[order.token] += 1
        state = "declined" if reason else "succeeded"
        self.pulled[order.charge_id] = Pulled(order, now_ms, state, reason, today, behaviour)
        answer = self._answer(order.charge_id, now_ms)
        match behaviour:
            case "lost":
                return replace(answer, after_ms=LOST_MS)
            case "broken":
                return Scripted(status=500)
            case "twice":
                return replace(answer, notifications=2)
            case "late":
                return replace(answer, notifications=1, notify_after_ms=LATE_MS)
            case "bounces":
                return replace(answer, notifications=1, notify_after_ms=BOUNCES_MS)
        return answer

    def ask(self, charge_id: str, now_ms: int) -> Scripted:
        """What has become of a charge."""
        return self._answer(charge_id, now_ms) if charge_id in self.pulled else Scripted(status=404)

    def _answer(self, charge_id: str, now_ms: int) -> Scripted:
        one = self.pulled[charge_id]
        state, reason, age_ms = one.state, one.reason, now_ms - one.at_ms
        if one.behaviour == "late" and age_ms < LATE_MS:
            state = "pending"
        if one.behaviour == "bounces" and age_ms >= BOUNCES_MS:
            state, reason = "returned", Reason.INSUFFICIENT_FUNDS
        received_on = one.received_on if state in ("succeeded", "returned") else None
        return Scripted(_encode(Reply(charge_id, state, one.order.amount, one.order.currency, received_on, reason)))


_encode: Final = msgspec.json.Encoder().encode
