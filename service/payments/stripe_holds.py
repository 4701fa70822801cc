"""Holds at Stripe, by its published HTTP API: a PaymentIntent that is captured by hand. Pure.

    POST v1/payment_intents                 capture_method=manual, confirm=true, metadata[hold_id]=ho_...
    POST v1/payment_intents/pi_.../capture  amount_to_capture=...     taken once; what is not taken is let go
    POST v1/payment_intents/pi_.../cancel                             all is let go
    GET  v1/payment_intents/pi_...          or, while its name is not known, the customer's since then, by its metadata

How long it holds the card's network says (`capture_before` of the charge); it is asked to be longer where the network
and the account can (`request_extended_authorization`). There is no request that extends a hold: another one takes its
place. Written from docs.stripe.com: /payments/place-a-hold-on-a-payment-method, /payments/extended-authorization,
/api/payment_intents/capture, /api/payment_intents/cancel; tests/vectors/stripe_holds.json holds what they say.
"""

from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import Struct

from service.payments.charge import Reason
from service.payments.hold import NO_HOLD, UNHEARD_HOLD, HeardHold, Hold, HoldSaid
from service.payments.processor import Call
from service.payments.stripe import IN_HUNDREDTHS, LISTED_MAX, SKEW, Failure, form_encoded, headers_of, reason_for

TIME_IS_OVER: Final = ("automatic", "expired")  # of `cancellation_reason`: nobody asked for it
_WHOLE: Final = "latest_charge"


class _Card(Struct):
    capture_before: int | None = None


class _Details(Struct):
    card: _Card | None = None


class _Charge(Struct):
    payment_method_details: _Details | None = None


class _Intent(Struct):
    id: str
    amount: int
    currency: str
    status: str
    amount_received: int = 0
    cancellation_reason: str | None = None
    metadata: dict[str, str] = {}
    last_payment_error: Failure | None = None
    latest_charge: _Charge | str | None = None


class _List(Struct):
    data: list[_Intent]
    has_more: bool


class _Refusal(Struct):
    error: Failure


def hold(one: Hold, secret: str) -> Call:
    """The request to hold: sent again within a day, it is the same request."""
    customer, _, method = one.token.partition("/")
    form = {
        "amount": str(_theirs(one, one.amount)),
        "currency": one.currency.lower(),
        "customer": customer,
        "payment_method": method,
        "capture_method": "manual",
        "confirm": "true",
        "off_session": "true",
        "payment_method_types[0]": "card",
        "payment_method_options[card][request_extended_authorization]": "if_available",
        "metadata[hold_id]": one.hold_id,
        "metadata[plan_id]": one.plan_id,
        "expand[0]": _WHOLE,
    }
    return _post("v1/payment_intents", form, one.hold_id, secret)


def capture(one: Hold, secret: str) -> Call:
    """The request to take what is to be taken; the rest is let go."""
    form = {"amount_to_capture": str(_theirs(one, one.captured)), "expand[0]": _WHOLE}
    return _post(f"v1/payment_intents/{one.payment}/capture", form, f"capture {one.hold_id}", secret)


def release(one: Hold, secret: str) -> Call:
    """The request to let go."""
    return _post(f"v1/payment_intents/{one.payment}/cancel", {"expand[0]": _WHOLE}, f"release {one.hold_id}", secret)


def ask(one: Hold, secret: str) -> Call:
    """The request to say how it stands."""
    if one.payment:
        path = f"v1/payment_intents/{one.payment}?{form_encoded({'expand[0]': _WHOLE})}"
        return Call("GET", path, headers_of(secret))
    query = {
        "customer": one.token.partition("/")[0], "created[gte]": str(int((one.made_at - SKEW).timestamp())),
        "limit": str(LISTED_MAX), "expand[0]": f"data.{_WHOLE}",
    }  # fmt: skip
    return Call("GET", f"v1/payment_intents?{form_encoded(query)}", headers_of(secret))


def read(one: Hold, status: int, body: bytes) -> HeardHold:
    """What is answered to any of them."""
    try:
        if status == 200:
            listed = None if one.payment else _list_of(body)
            if listed is None:
                return _read(one, _decode_intent(body))
            found = [each for each in listed.data if each.metadata.get("hold_id") == one.hold_id]
            return _read(one, found[0]) if found else UNHEARD_HOLD if listed.has_more else NO_HOLD
        failure = _decode_refusal(body).error
    except (ValueError, RecursionError):
        return UNHEARD_HOLD
    if status == 402 and failure.type == "card_error" and not one.payment:
        return HeardHold(HoldSaid.DECLINED, reason_for(failure))
    if status == 400 and failure.code == "resource_missing" and not one.payment:
        return HeardHold(HoldSaid.DECLINED, Reason.REVOKED)  # the customer or the payment method was removed
    return UNHEARD_HOLD


def _list_of(body: bytes) -> _List | None:
    try:
        return _decode_list(body)
    except msgspec.ValidationError:
        return None


def _read(one: Hold, intent: _Intent) -> HeardHold:
    known = (intent.metadata.get("hold_id"), intent.amount, intent.currency)
    if known != (one.hold_id, _theirs(one, one.amount), one.currency.lower()):
        return UNHEARD_HOLD
    match intent.status:
        case "requires_capture":
            return HeardHold(HoldSaid.HELD, expires_at=_until(intent), payment=intent.id)
        case "succeeded":
            return HeardHold(HoldSaid.CAPTURED, captured=_ours(one, intent.amount_received), payment=intent.id)
        case "canceled":
            said = HoldSaid.EXPIRED if intent.cancellation_reason in TIME_IS_OVER else HoldSaid.RELEASED
            return HeardHold(said, payment=intent.id)
        case "requires_payment_method" if intent.last_payment_error:
            return HeardHold(HoldSaid.DECLINED, reason_for(intent.last_payment_error), payment=intent.id)
        case "requires_action":
            return HeardHold(HoldSaid.DECLINED, Reason.AUTHENTICATION_REQUIRED, payment=intent.id)
        case _:
            return HeardHold(HoldSaid.PENDING, payment=intent.id)


def _until(intent: _Intent) -> datetime | None:
    charge = intent.latest_charge
    details = charge.payment_method_details if isinstance(charge, _Charge) else None
    until = details.card.capture_before if details and details.card else None
    return None if until is None else datetime.fromtimestamp(until, UTC)


def _theirs(one: Hold, amount: int) -> int:
    return amount * 100 if one.currency in IN_HUNDREDTHS else amount


def _ours(one: Hold, amount: int) -> int:
    return amount // 100 if one.currency in IN_HUNDREDTHS else amount


def _post(path: str, form: dict[str, str], key: str, secret: str) -> Call:
    headers = headers_of(secret) | {"Idempotency-Key": key, "Content-Type": "application/x-www-form-urlencoded"}
    return Call("POST", path, headers, form_encoded(form).encode())


_decode_intent: Final = msgspec.json.Decoder(_Intent).decode
_decode_list: Final = msgspec.json.Decoder(_List).decode
_decode_refusal: Final = msgspec.json.Decoder(_Refusal).decode
