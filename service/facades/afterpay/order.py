"""An order as Afterpay's client reads it, from our plan. Pure.

    our plan                            paymentState
    authorized                          AUTH_APPROVED
    captured in part, more may be       PARTIALLY_CAPTURED
    captured, and nothing left          CAPTURED
    given back before any capture       VOIDED

`openToCaptureAmount` is what is left of the authorization.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from service.facades.afterpay.wire import Told, money
from service.facades.seen import Checkout, Entry, Offer, Plan

PRODUCT: Final = 4  # instalments, at no cost to the consumer

_EVENTS: Final = {
    "authorized": "AUTH_APPROVED",
    "captured": "CAPTURED",
    "given_back": "VOIDED",
    "capture_reversed": "CAPTURE_REVERSED",
}


def offer_of(checkout: Checkout) -> Offer | None:
    """The offer that is Afterpay's product: four instalments that cost nothing; None: there is none."""
    for one in checkout.offers:
        if len(one.schedule) == PRODUCT and not (one.total_cost or one.down_payment):
            return one
    return None


def state_of(plan: Plan) -> str:
    """One of Afterpay's words."""
    if not plan.captured:
        return "AUTH_APPROVED" if plan.remaining else "VOIDED"
    return "PARTIALLY_CAPTURED" if plan.remaining else "CAPTURED"


def order(token: str, told: Told, plan: Plan, timeline: Iterable[Entry]) -> dict[str, Any]:
    """The order, with what happened to it."""
    entries = [*timeline]
    consumer = told.consumer
    return {
        "id": plan.plan_id,
        "token": token,
        "status": "APPROVED",
        "created": text(plan.authorized_at),
        "originalAmount": money(plan.amount, plan.currency),
        "openToCaptureAmount": money(plan.remaining, plan.currency),
        "paymentState": state_of(plan),
        "merchantReference": told.merchant_reference,
        "refunds": [refund_of(one, told, plan.currency) for one in entries if one.fact == "refunded"],
        "events": [_event(one, plan) for one in entries if one.fact in _EVENTS],
        "orderDetails": {
            "consumer": {
                "email": consumer.email, "givenNames": consumer.given_names, "surname": consumer.surname,
                "phoneNumber": consumer.phone_number,
            },
            "items": told.items,
            "courier": msgspec.to_builtins(told.courier) if told.courier else {},
        },
    }  # fmt: skip


def text(at: datetime) -> str:
    """`2026-03-02T12:00:00.000Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def refund_of(one: Entry, told: Told, currency: str) -> dict[str, Any]:
    """A refund."""
    said = told.refunds.get(one.fact_id)
    return {
        "refundId": one.fact_id,
        "refundedAt": text(one.recorded_at),
        "amount": money(one.amount or 0, currency),
        "requestId": said.request_id if said else None,
        "merchantReference": said.merchant_reference if said else None,
        "refundMerchantReference": said.refund_merchant_reference if said else None,
    }


def _event(one: Entry, plan: Plan) -> dict[str, Any]:
    return {
        "id": one.fact_id,
        "created": text(one.recorded_at),
        "type": _EVENTS[one.fact],
        "amount": money(one.amount or 0, plan.currency),
        "expires": text(plan.capture_by) if one.fact == "authorized" else None,
    }
