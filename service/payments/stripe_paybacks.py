"""Paybacks at Stripe, by its published HTTP API: a Refund of the PaymentIntent that the money came by. Pure.

    GET  v1/payment_intents      the customer's since then: which of them is the charge or the hold, by its metadata
    POST v1/refunds              payment_intent=pi_..., amount=..., metadata[payback_id]=pb_...
    GET  v1/refunds              payment_intent=pi_...       all of it, in which ours is found by its metadata

A refund that succeeded may fail within a month, when the consumer's bank sends it back: it is looked at again. A
request that is refused as wrong has done nothing, and is not sent again. Written from docs.stripe.com: /api/refunds,
/api/refunds/object, /api/refunds/create, /api/refunds/list, /refunds; tests/vectors/stripe_paybacks.json holds what
they say.
"""

from typing import Final

import msgspec
from msgspec import Struct

from service.payments.charge import Reason
from service.payments.payback import NO_PAYBACK, UNHEARD_PAYBACK, HeardPayback, Payback, PaybackSaid
from service.payments.processor import Call
from service.payments.stripe import IN_HUNDREDTHS, LISTED_MAX, SKEW, Failure, form_encoded, headers_of

# Why a refund failed (`failure_reason`); one that is not listed is no reason.
REASONS: Final[dict[str, Reason]] = {
    "expired_or_canceled_card": Reason.EXPIRED,
    "lost_or_stolen_card": Reason.BLOCKED,
}
PASSING: Final = ("lock_timeout", "rate_limit", "balance_insufficient", "idempotency_key_in_use")


class _Refund(Struct):
    id: str
    amount: int
    currency: str
    status: str | None = None
    payment_intent: str | None = None
    failure_reason: str | None = None
    metadata: dict[str, str] = {}


class _Refunds(Struct):
    data: list[_Refund]
    has_more: bool


class _Intent(Struct):
    id: str
    metadata: dict[str, str] = {}


class _Intents(Struct):
    data: list[_Intent]


class _Refusal(Struct):
    error: Failure


def find(one: Payback, secret: str) -> Call:
    """The request for the customer's PaymentIntents since the money was asked for, until it was heard that it came."""
    query = {
        "customer": one.token.partition("/")[0], "created[gte]": str(int((one.source_made_at - SKEW).timestamp())),
        "created[lte]": str(int((one.source_ended_at + SKEW).timestamp())), "limit": str(LISTED_MAX),
    }  # fmt: skip
    return Call("GET", f"v1/payment_intents?{form_encoded(query)}", headers_of(secret))


def read_found(one: Payback, status: int, body: bytes) -> str:
    """Stripe's own name of the charge or the hold; empty: it was not found."""
    if status != 200:
        return ""
    try:
        listed = _decode_intents(body).data
    except (ValueError, RecursionError):
        return ""
    ours = [
        each.id for each in listed if one.source_id in (each.metadata.get("charge_id"), each.metadata.get("hold_id"))
    ]
    return ours[0] if ours else ""


def pay_back(one: Payback, secret: str) -> Call:
    """The request to pay back: sent again within a day, it is the same request."""
    form = {
        "payment_intent": one.payment,
        "amount": str(_theirs(one)),
        "metadata[payback_id]": one.payback_id,
        "metadata[plan_id]": one.plan_id,
    }
    headers = headers_of(secret) | {
        "Idempotency-Key": one.payback_id, "Content-Type": "application/x-www-form-urlencoded",
    }  # fmt: skip
    return Call("POST", "v1/refunds", headers, form_encoded(form).encode())


def ask(one: Payback, secret: str) -> Call:
    """The request for all that went back of the PaymentIntent."""
    query = {"payment_intent": one.payment, "limit": str(LISTED_MAX)}
    return Call("GET", f"v1/refunds?{form_encoded(query)}", headers_of(secret))


def read(one: Payback, status: int, body: bytes) -> HeardPayback:
    """What is answered to either."""
    try:
        if status == 200:
            return _read(one, _decode_refund(body))
        failure = _decode_refusal(body).error
    except msgspec.ValidationError:
        return _read_listed(one, body) if status == 200 else UNHEARD_PAYBACK
    except (ValueError, RecursionError):
        return UNHEARD_PAYBACK
    if status == 400 and failure.type == "invalid_request_error" and failure.code not in PASSING:
        return HeardPayback(PaybackSaid.FAILED, Reason.DECLINED)
    return UNHEARD_PAYBACK


def _read_listed(one: Payback, body: bytes) -> HeardPayback:
    try:
        listed = _decode_refunds(body)
    except (ValueError, RecursionError):
        return UNHEARD_PAYBACK
    found = [each for each in listed.data if each.metadata.get("payback_id") == one.payback_id]
    if found:
        return _read(one, found[0])
    return UNHEARD_PAYBACK if listed.has_more else NO_PAYBACK


def _read(one: Payback, refund: _Refund) -> HeardPayback:
    known = (refund.metadata.get("payback_id"), refund.amount, refund.currency)
    if known != (one.payback_id, _theirs(one), one.currency.lower()):
        return UNHEARD_PAYBACK
    match refund.status:
        case "succeeded":
            return HeardPayback(PaybackSaid.PAID, payment=one.payment)
        case "failed" | "canceled":
            reason = REASONS.get(refund.failure_reason or "", Reason.DECLINED)
            return HeardPayback(PaybackSaid.FAILED, reason, one.payment)
        case _:
            return HeardPayback(PaybackSaid.PENDING, payment=one.payment)


def _theirs(one: Payback) -> int:
    return one.amount * 100 if one.currency in IN_HUNDREDTHS else one.amount


_decode_intents: Final = msgspec.json.Decoder(_Intents).decode
_decode_refund: Final = msgspec.json.Decoder(_Refund).decode
_decode_refunds: Final = msgspec.json.Decoder(_Refunds).decode
_decode_refusal: Final = msgspec.json.Decoder(_Refusal).decode
