"""Holds in the protocol of our own kind: plain HTTP and JSON, as charges are (`processor.py`). Pure.

    POST <its URL>holds                 Idempotency-Key: ho_...
    {"hold_id": "ho_...", "token": "...", "amount": 8000, "currency": "EUR", "plan_id": "pl_..."}
    POST <its URL>holds/ho_.../capture  {"amount": 3000}     so much is taken, once, and the rest is let go
    POST <its URL>holds/ho_.../release                       all is let go
    GET  <its URL>holds/ho_...

    200  {"hold_id": "ho_...", "state": "held", "amount": 8000, "currency": "EUR", "lasts_s": 604800}
    200  {..., "state": "declined", "reason": "insufficient_funds"}       `lasts_s`: seconds from now on
    200  {..., "state": "captured", "captured": 3000}   or "released", "expired", "pending"
    404  there is no such hold

`hold_id` names the hold for good: each of these sent again does nothing more, and answers how the hold stands.
"""

from typing import Final

import msgspec
from msgspec import Struct

from service.payments.hold import NO_HOLD, UNHEARD_HOLD, HeardHold, Hold, HoldSaid
from service.payments.processor import Call, reason_of

LASTS_MAX_S: Final = 400 * 86_400


class HoldOrder(Struct, frozen=True):
    """The body of a request to hold."""

    hold_id: str
    token: str
    amount: int
    currency: str
    plan_id: str


class CaptureOrder(Struct, frozen=True):
    """The body of a request to take of a hold."""

    amount: int


class HoldReply(Struct, frozen=True, omit_defaults=True):
    """What is answered of a hold."""

    hold_id: str
    state: str
    amount: int
    currency: str
    captured: int = 0
    lasts_s: int | None = None  # seconds from now on
    reason: str | None = None


def hold(one: Hold, secret: str) -> Call:
    """The request to hold."""
    order = HoldOrder(one.hold_id, one.token, one.amount, one.currency, one.plan_id)
    return _post("holds", one.hold_id, _encode(order), secret)


def capture(one: Hold, secret: str) -> Call:
    """The request to take what is to be taken."""
    return _post(f"holds/{one.hold_id}/capture", f"capture {one.hold_id}", _encode(CaptureOrder(one.captured)), secret)


def release(one: Hold, secret: str) -> Call:
    """The request to let go."""
    return _post(f"holds/{one.hold_id}/release", f"release {one.hold_id}", b"{}", secret)


def ask(one: Hold, secret: str) -> Call:
    """The request to say how it stands."""
    return Call("GET", f"holds/{one.hold_id}", _authorized(secret))


def read(one: Hold, status: int, body: bytes) -> HeardHold:
    """A processor's answer to any of them, trusted in nothing."""
    if status == 404:
        return NO_HOLD
    if status != 200:
        return UNHEARD_HOLD
    try:
        reply = _decode(body)
        said = HoldSaid(reply.state)
    except (ValueError, RecursionError):
        return UNHEARD_HOLD
    if (reply.hold_id, reply.amount, reply.currency) != (one.hold_id, one.amount, one.currency):
        return UNHEARD_HOLD
    if not 0 <= reply.captured <= one.amount or not 0 <= (reply.lasts_s or 0) <= LASTS_MAX_S:
        return UNHEARD_HOLD
    reason = reason_of(reply.reason) if said is HoldSaid.DECLINED else None
    return HeardHold(said, reason, reply.captured, None, reply.lasts_s)


def _post(path: str, key: str, content: bytes, secret: str) -> Call:
    headers = _authorized(secret) | {"Idempotency-Key": key, "Content-Type": "application/json"}
    return Call("POST", path, headers, content)


def _authorized(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(HoldReply).decode
