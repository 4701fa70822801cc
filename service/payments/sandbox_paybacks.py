"""What the sandbox processor does with refunds: it follows from the ending of the token that the money came by.

| the token ends in | the processor |
|---|---|
| -norefund | does not pay it: the account is closed |
| -sentback | pays it, and two seconds later the bank has sent it back: the account is closed |
| -lost, -broken, -500, -late | does as with a charge; none is notified of |
| anything else | pays it |

More than came of a charge or a hold never goes back: what is asked for beyond that is declined.
"""

from collections import Counter
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from service.payments.charge import Reason
from service.payments.payback import PaybackSaid
from service.payments.payback_protocol import RefundOrder, RefundReply
from service.payments.sandbox import BOUNCES_MS, ENDING, LATE_MS, LOST_MS, Scripted


class KeptRefund(Struct, frozen=True):
    """What the processor remembers of a refund."""

    order: RefundOrder
    at_ms: int
    behaviour: str
    reason: Reason | None


class SandboxPaybacks:
    """The refunds of one processor. Instants are milliseconds of a clock that only goes forward."""

    def __init__(self) -> None:
        self.kept: dict[str, KeptRefund] = {}
        self.calls: Counter[str] = Counter()  # to pay back, by the refund

    @property
    def paid(self) -> int:
        """Minor units that went back."""
        return sum(one.order.amount for one in self.kept.values() if one.reason is None)

    def paid_of(self, source: str) -> int:
        """Minor units that went back of a charge or a hold."""
        of_it = [one for one in self.kept.values() if one.order.of == source and one.reason is None]
        return sum(one.order.amount for one in of_it)

    def pay_back(self, order: RefundOrder, token: str, came: int, now_ms: int) -> Scripted:
        """Pays back, once, of what `came` by the token."""
        self.calls[order.refund_id] += 1
        found = ENDING.search(token.rpartition("-")[2])
        behaviour, is_first = found[1] if found else "", self.calls[order.refund_id] == 1
        if behaviour == "500" and is_first:
            return Scripted(status=500)
        if order.refund_id not in self.kept:
            back = sum(
                one.order.amount for one in self.kept.values() if one.order.of == order.of and one.reason is None
            )
            reason = Reason.ACCOUNT_CLOSED if behaviour == "norefund" else None
            if back + order.amount > came:
                reason = Reason.DECLINED
            self.kept[order.refund_id] = KeptRefund(order, now_ms, behaviour, reason)
        answer = self._answer(order.refund_id, now_ms)
        if behaviour == "lost" and is_first:
            return replace(answer, after_ms=LOST_MS)
        return Scripted(status=500) if behaviour == "broken" and is_first else answer

    def ask(self, refund_id: str, now_ms: int) -> Scripted:
        """How a refund stands."""
        return self._answer(refund_id, now_ms) if refund_id in self.kept else Scripted(status=404)

    def _answer(self, refund_id: str, now_ms: int) -> Scripted:
        one = self.kept[refund_id]
        age_ms, said, reason = now_ms - one.at_ms, PaybackSaid.PAID, one.reason
        if one.behaviour == "sentback" and age_ms >= BOUNCES_MS and reason is None:
            reason = Reason.ACCOUNT_CLOSED
            self.kept[refund_id] = replace(one, reason=reason)
        if reason is not None:
            said = PaybackSaid.FAILED
        elif one.behaviour == "late" and age_ms < LATE_MS:
            said = PaybackSaid.PENDING
        return Scripted(_encode(RefundReply(refund_id, said, one.order.amount, one.order.currency, reason)))


_encode: Final = msgspec.json.Encoder().encode
