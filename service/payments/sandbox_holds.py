"""What the sandbox processor does with holds, and remembers of them: it follows from the token's ending, as of charges.

| the token ends in | the processor |
|---|---|
| -insufficient -limit -declined -away -confirm -expired -closed -blocked -revoked | declines: it holds nothing |
| -once | holds once; every later hold of the token is declined: insufficient funds |
| -lapses | holds once; every later hold of the token is declined: the card has expired |
| -lost, -broken, -500, -late | does as with a charge; none is notified of |
| -days1 to -days9 | holds, for so many days |
| -fades | holds, but has let go when it is asked for the money |
| anything else | holds, for seven days |

Taking of a hold ends it: what is not taken is let go. By its own clock a hold ends when its time is over.
"""

from collections import Counter
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from service.payments.charge import Reason
from service.payments.hold import HoldSaid
from service.payments.hold_protocol import HoldOrder, HoldReply
from service.payments.sandbox import ENDING, LATE_MS, LOST_MS, REASONS, Scripted

DAY_MS: Final = 86_400_000
LASTS_DAYS: Final = 7


class KeptHold(Struct, frozen=True):
    """What the processor remembers of a hold."""

    order: HoldOrder
    at_ms: int
    until_ms: int
    state: HoldSaid
    behaviour: str
    captured: int = 0
    reason: Reason | None = None


class SandboxHolds:
    """The holds of one processor. Instants are milliseconds of a clock that only goes forward."""

    def __init__(self) -> None:
        self.kept: dict[str, KeptHold] = {}
        self.calls: Counter[str] = Counter()  # to hold, by the hold
        self._held: Counter[str] = Counter()  # by the token

    @property
    def taken(self) -> int:
        """Minor units that were taken of all holds."""
        return sum(one.captured for one in self.kept.values())

    def hold(self, order: HoldOrder, now_ms: int) -> Scripted:
        """Holds, once."""
        self.calls[order.hold_id] += 1
        found = ENDING.search(order.token.rpartition("-")[2])
        behaviour, number = (found[1], found[2]) if found else ("", "")
        if behaviour == "500" and self.calls[order.hold_id] == 1:
            return Scripted(status=500)
        if order.hold_id not in self.kept:
            reason = REASONS.get(behaviour)
            if behaviour == "once" and self._held[order.token]:
                reason = Reason.INSUFFICIENT_FUNDS
            if behaviour == "lapses" and self._held[order.token]:
                reason = Reason.EXPIRED
            self._held[order.token] += reason is None
            days = int(number or 0) if behaviour == "days" else LASTS_DAYS
            state = HoldSaid.DECLINED if reason else HoldSaid.HELD
            self.kept[order.hold_id] = KeptHold(
                order, now_ms, now_ms + days * DAY_MS, state, behaviour, reason=reason
            )  # fmt: skip
        answer = self._answer(order.hold_id, now_ms)
        if self.calls[order.hold_id] == 1 and behaviour == "lost":
            return replace(answer, after_ms=LOST_MS)
        return Scripted(status=500) if behaviour == "broken" and self.calls[order.hold_id] == 1 else answer

    def capture(self, hold_id: str, amount: int, now_ms: int) -> Scripted:
        """Takes so much, once; the rest is let go."""
        one = self._now(hold_id, now_ms)
        if one is not None and one.state is HoldSaid.HELD and 0 < amount <= one.order.amount:
            if one.behaviour == "fades":
                self.kept[hold_id] = replace(one, state=HoldSaid.EXPIRED)
            else:
                self.kept[hold_id] = replace(one, state=HoldSaid.CAPTURED, captured=amount)
        return self.ask(hold_id, now_ms)

    def release(self, hold_id: str, now_ms: int) -> Scripted:
        """Lets all go."""
        one = self._now(hold_id, now_ms)
        if one is not None and one.state is HoldSaid.HELD:
            self.kept[hold_id] = replace(one, state=HoldSaid.RELEASED)
        return self.ask(hold_id, now_ms)

    def ask(self, hold_id: str, now_ms: int) -> Scripted:
        """How a hold stands."""
        return self._answer(hold_id, now_ms) if hold_id in self.kept else Scripted(status=404)

    def _now(self, hold_id: str, now_ms: int) -> KeptHold | None:
        one = self.kept.get(hold_id)
        if one is not None and one.state is HoldSaid.HELD and now_ms >= one.until_ms:
            one = self.kept[hold_id] = replace(one, state=HoldSaid.EXPIRED)
        return one

    def _answer(self, hold_id: str, now_ms: int) -> Scripted:
        one = self._now(hold_id, now_ms)
        assert one is not None
        state = HoldSaid.PENDING if one.behaviour == "late" and now_ms - one.at_ms < LATE_MS else one.state
        lasts_s = (one.until_ms - now_ms) // 1000 if state is HoldSaid.HELD else None
        order = one.order
        reply = HoldReply(hold_id, state, order.amount, order.currency, one.captured, lasts_s, one.reason)
        return Scripted(_encode(reply))


_encode: Final = msgspec.json.Encoder().encode
