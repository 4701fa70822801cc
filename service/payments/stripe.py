"""Stripe, by its published HTTP API: a charge is a PaymentIntent, confirmed at once without the consumer. Pure.

    POST v1/payment_intents      Idempotency-Key: ch_...      confirm=true, off_session=true, metadata[charge_id]=ch_...
    GET  v1/payment_intents      customer=cus_..., created[gte]=...         what has become of it, found by its metadata

An instrument's token is `cus_.../pm_...`: the customer and the payment method, which Stripe asks for together. Stripe
forgets an idempotency key after 24 hours and would then pull again. So a charge that stays pending is looked for among
the customer's PaymentIntents, a list that is never behind, and is sent again only if it is not there.

What a bank takes back weeks later is a dispute at Stripe, read by `stripe_disputes.py`. Written from docs.stripe.com:
/api/payment_intents, /api/errors, /declines/codes, /api/idempotent_requests, /currencies; tests/vectors/stripe.json
holds what those pages say is answered.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct

from service.payments.charge import Charge, Reason
from service.payments.processor import NO_CHARGE, PENDING, UNHEARD, Call, Heard, Said

VERSION: Final = "2024-06-20"
TOKEN: Final = re.compile(r"cus_\w+/[a-z]+_\w+", re.ASCII)
LISTED_MAX: Final = 100
SKEW: Final = timedelta(hours=1)  # between Stripe's clock and ours

UNRESERVED: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")  # RFC 3986

# Stripe counts these in hundredths, for which ISO 4217 has no minor unit (docs.stripe.com/currencies, special cases).
IN_HUNDREDTHS: Final = ("ISK", "UGX")

# Stripe's decline codes; one that is not listed is a decline without a reason (docs.stripe.com/declines/codes).
REASONS: Final[dict[str, Reason]] = {
    "insufficient_funds": Reason.INSUFFICIENT_FUNDS,
    "card_velocity_exceeded": Reason.LIMIT_REACHED,
    "withdrawal_count_limit_exceeded": Reason.LIMIT_REACHED,
    "issuer_not_available": Reason.PROCESSOR_AWAY,
    "processing_error": Reason.PROCESSOR_AWAY,
    "reenter_transaction": Reason.PROCESSOR_AWAY,
    "try_again_later": Reason.PROCESSOR_AWAY,
    "approve_with_id": Reason.PROCESSOR_AWAY,
    "authentication_required": Reason.AUTHENTICATION_REQUIRED,
    "authentication_not_handled": Reason.AUTHENTICATION_REQUIRED,
    "expired_card": Reason.EXPIRED,
    "invalid_account": Reason.ACCOUNT_CLOSED,
    "new_account_information_available": Reason.ACCOUNT_CLOSED,
    "fraudulent": Reason.BLOCKED,
    "lost_card": Reason.BLOCKED,
    "merchant_blacklist": Reason.BLOCKED,
    "pickup_card": Reason.BLOCKED,
    "restricted_card": Reason.BLOCKED,
    "security_violation": Reason.BLOCKED,
    "stolen_card": Reason.BLOCKED,
    "do_not_try_again": Reason.REVOKED,
    "revocation_of_all_authorizations": Reason.REVOKED,
    "revocation_of_authorization": Reason.REVOKED,
    "stop_payment_order": Reason.REVOKED,
}


class Failure(Struct):
    """What Stripe says of a request that came to nothing."""

    type: str = ""
    code: str | None = None
    decline_code: str | None = None


class _Intent(Struct):
    amount: int
    currency: str
    status: str
    created: int
    metadata: dict[str, str] = {}
    last_payment_error: Failure | None = None


class _List(Struct):
    data: list[_Intent]
    has_more: bool


class _Refusal(Struct):
    error: Failure


def pull(charge: Charge, secret: str) -> Call:
    """The request to pull a charge's money: sent again within a day, it is the same request."""
    customer, _, method = charge.token.partition("/")
    form = {
        "amount": str(_amount(charge)),
        "currency": charge.currency.lower(),
        "customer": customer,
        "payment_method": method,
        "confirm": "true",
        "off_session": "true",
        "automatic_payment_methods[enabled]": "true",
        "automatic_payment_methods[allow_redirects]": "never",
        "metadata[charge_id]": charge.charge_id,
        "metadata[plan_id]": charge.plan_id,
    }
    headers = headers_of(secret) | {
        "Idempotency-Key": charge.charge_id, "Content-Type": "application/x-www-form-urlencoded",
    }  # fmt: skip
    return Call("POST", "v1/payment_intents", headers, form_encoded(form).encode())


def ask(charge: Charge, secret: str) -> Call:
    """The request for the customer's PaymentIntents since the charge was made."""
    since = int((charge.made_at - SKEW).timestamp())
    query = {
        "customer": charge.token.partition("/")[0], "created[gte]": str(since), "limit": str(LISTED_MAX),
    }  # fmt: skip
    return Call("GET", f"v1/payment_intents?{form_encoded(query)}", headers_of(secret))


def read_pulled(charge: Charge, status: int, body: bytes) -> Heard:
    """What is answered to `pull`."""
    try:
        if status == 200:
            return _read(charge, _decode_intent(body))
        failure = _decode_refusal(body).error
    except (ValueError, RecursionError):
        return UNHEARD
    if status == 402 and failure.type == "card_error":
        return Heard(Said.DECLINED, reason_for(failure))
    if status == 400 and failure.code == "resource_missing":
        return Heard(Said.DECLINED, Reason.REVOKED)  # the customer or the payment method was removed
    return UNHEARD


def read_asked(charge: Charge, status: int, body: bytes) -> Heard:
    """What is answered to `ask`: the one that has our charge's id. Where more are there than are listed: UNHEARD."""
    if status != 200:
        return UNHEARD
    try:
        listed = _decode_list(body)
    except (ValueError, RecursionError):
        return UNHEARD
    found = [one for one in listed.data if one.metadata.get("charge_id") == charge.charge_id]
    if found:
        return _read(charge, found[0])
    return UNHEARD if listed.has_more else NO_CHARGE


def _read(charge: Charge, intent: _Intent) -> Heard:
    known = (intent.metadata.get("charge_id"), intent.amount, intent.currency)
    if known != (charge.charge_id, _amount(charge), charge.currency.lower()):
        return UNHEARD
    match intent.status:
        case "succeeded":
            received_at = datetime.fromtimestamp(intent.created, UTC)
            return Heard(Said.SUCCEEDED, None, received_at.date(), received_at)
        case "requires_payment_method" if intent.last_payment_error:
            return Heard(Said.DECLINED, reason_for(intent.last_payment_error))
        case "canceled":
            return Heard(Said.DECLINED, Reason.DECLINED)
        case _:
            return PENDING


def reason_for(failure: Failure) -> Reason:
    """Why no money came."""
    for word in (failure.decline_code, failure.code):
        if word in REASONS:
            return REASONS[word]
    return Reason.DECLINED


def _amount(charge: Charge) -> int:
    return charge.amount * 100 if charge.currency in IN_HUNDREDTHS else charge.amount


def headers_of(secret: str) -> dict[str, str]:
    """What every request carries."""
    return {"Authorization": f"Bearer {secret}", "Stripe-Version": VERSION}


def form_encoded(form: dict[str, str]) -> str:
    """As application/x-www-form-urlencoded, in UTF-8."""
    return "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in form.items())


def _escaped(text: str) -> str:
    return "".join(chr(one) if one in UNRESERVED else f"%{one:02X}" for one in text.encode())


_decode_intent: Final = msgspec.json.Decoder(_Intent).decode
_decode_list: Final = msgspec.json.Decoder(_List).decode
_decode_refusal: Final = msgspec.json.Decoder(_Refusal).decode
