"""Paybacks in the protocol of our own kind: plain HTTP and JSON, as charges are (`processor.py`). Pure.

    POST <its URL>refunds         Idempotency-Key: pb_...
    {"refund_id": "pb_...", "of": "ch_...", "amount": 3000, "currency": "EUR", "plan_id": "pl_..."}
    GET  <its URL>refunds/pb_...

    200  {"refund_id": "pb_...", "state": "paid", "amount": 3000, "currency": "EUR"}
    200  {..., "state": "failed", "reason": "account_closed"}    or "pending"
    404  there is no such refund

`of` names the charge or the hold (`ho_...`) whose money goes back. `refund_id` names the refund for good: sent twice it
is paid once. What was paid may fail later, when the consumer's bank sends it back.
"""

from typing import Final

import msgspec
from msgspec import Struct

from service.payments.payback import NO_PAYBACK, UNHEARD_PAYBACK, HeardPayback, Payback, PaybackSaid
from service.payments.processor import Call, reason_of


class RefundOrder(Struct, frozen=True):
    """The body of a request to pay back."""

    refund_id: str
    of: str
    amount: int
    currency: str
    plan_id: str


class RefundReply(Struct, frozen=True, omit_defaults=True):
    """What is answered of a refund."""

    refund_id: str
    state: str
    amount: int
    currency: str
    reason: str | None = None


def pay_back(one: Payback, secret: str) -> Call:
    """The request to pay back: sent again, it is the same request."""
    order = RefundOrder(one.payback_id, one.source_id, one.amount, one.currency, one.plan_id)
    headers = _authorized(secret) | {"Idempotency-Key": one.payback_id, "Content-Type": "application/json"}
    return Call("POST", "refunds", headers, _encode(order))


def ask(one: Payback, secret: str) -> Call:
    """The request to say how it stands."""
    return Call("GET", f"refunds/{one.payback_id}", _authorized(secret))


def read(one: Payback, status: int, body: bytes) -> HeardPayback:
    """A processor's answer to either, trusted in nothing."""
    if status == 404:
        return NO_PAYBACK
    if status != 200:
        return UNHEARD_PAYBACK
    try:
        reply = _decode(body)
        said = PaybackSaid(reply.state)
    except (ValueError, RecursionError):
        return UNHEARD_PAYBACK
    if (reply.refund_id, reply.amount, reply.currency) != (one.payback_id, one.amount, one.currency):
        return UNHEARD_PAYBACK
    return HeardPayback(said, reason_of(reply.reason) if said is PaybackSaid.FAILED else None)


def _authorized(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(RefundReply).decode
