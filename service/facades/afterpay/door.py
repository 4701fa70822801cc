"""The addresses of Afterpay's API, under `/v2`: who asks, and what is refused, in its words.

Authorization: Basic me_01JD...:sk_live_...     our merchant's id, and our own key of the shop or of its platform

{"errorCode": "invalid_amount", "errorId": "...", "message": "...", "httpStatusCode": 422}
"""

import binascii
import uuid
from base64 import b64decode
from typing import Final

import msgspec

from service.access.key import Principal
from service.api.ask import Asked, header, services_of
from service.api.guard import admitted
from service.errors import Code, Refused, without_keys
from service.facades.afterpay import buying, listing, orders
from service.facades.door import LIST_S, Door, Reply, route
from service.merchants.platform import acting_for

# By our codes: what Afterpay calls it, and the status that makes its client raise the error of that name.
_WORDS: Final[dict[Code, tuple[str, int]]] = {
    Code.INVALID_FIELD: ("invalid_object", 422),
    Code.MALFORMED: ("invalid_request", 400),
    Code.UNAUTHORIZED: ("unauthorized", 401),
    Code.FORBIDDEN: ("unauthorized", 401),
    Code.NOT_FOUND: ("not_found", 404),
    Code.METHOD_NOT_ALLOWED: ("method_not_allowed", 405),
    Code.UNSUPPORTED_MEDIA_TYPE: ("unsupported_media_type", 415),
    Code.STATE_FORBIDS: ("invalid_order_state", 412),
    Code.OFFER_EXPIRED: ("expired", 412),
    Code.OFFER_ACCEPTED: ("invalid_order_state", 412),
    Code.LIMIT_EXCEEDED: ("declined", 412),
    Code.NO_FUNDING: ("declined", 412),
    Code.REFERENCE_USED: ("invalid_merchant_reference", 412),
    Code.DUPLICATE_CAPTURE: ("invalid_order_state", 412),
    Code.AMOUNT_EXCEEDS_AUTHORIZED: ("invalid_amount", 422),
    Code.AMOUNT_EXCEEDS_OUTSTANDING: ("refund_exceeds_available_amount", 422),
    Code.CURRENCY_MISMATCH: ("invalid_amount", 422),
    Code.ERASED: ("not_found", 404),
    Code.RATE_LIMITED: ("too_many_requests", 429),
}
_STATUS: Final = {403: 401, 409: 412, 410: 404, 413: 422}  # of all others; for 429 and 503 it has no error of its own


async def identify(request: Asked, body: bytes) -> Principal:
    """The shop, by its id and a key that may act for it. Refused: UNAUTHORIZED, FORBIDDEN, RATE_LIMITED."""
    scheme, _, text = (header(request, b"authorization") or "").partition(" ")
    try:
        merchant_id, _, key = b64decode(text.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        merchant_id = key = ""
    if scheme.lower() != "basic" or not (merchant_id and key):
        raise Refused(Code.UNAUTHORIZED, "Send Authorization: Basic with the merchant's id and your secret key.")
    services = services_of(request)
    principal = await admitted(request, await services.registry.principal(key), "merchant")
    if principal.owner_id == merchant_id:
        return principal
    return acting_for(principal, merchant_id, services.registry.now.merchants)


def worded(refused: Refused) -> Reply:
    """A refusal as Afterpay's client reads it: by the status alone."""
    word, status = _WORDS.get(refused.code) or (str(refused.code), _STATUS.get(refused.status, refused.status))
    if refused.code is Code.NOT_FOUND and refused.pointer == "/token":
        word, status = "invalid_token", 402
    where = f" ({without_keys(refused.pointer)})" if refused.pointer else ""
    message = without_keys(refused.detail) + where
    said = {"errorCode": word, "errorId": uuid.uuid4().hex[:16], "message": message, "httpStatusCode": status}
    return Reply(msgspec.json.encode(said), status)


DOOR: Final = Door(
    (
        route("GET", "/v2/configuration", buying.configuration),
        route("POST", "/v2/checkouts", buying.create),
        route("POST", "/v2/payments/auth", buying.authorize),
        route("POST", "/v2/payments/capture", buying.capture),
        route("GET", "/v2/payments", listing.list_all, LIST_S),
        route("GET", "/v2/payments/{order_id}", orders.get),
        route("PUT", "/v2/payments/{order_id}", orders.rename),
        route("PUT", "/v2/payments/{order_id}/courier", orders.send),
        route("POST", "/v2/payments/{order_id}/capture", orders.capture_part),
        route("POST", "/v2/payments/{order_id}/void", orders.void),
        route("POST", "/v2/payments/{order_id}/refund", orders.refund),
        route("POST", "/v2/payments/{order_id}/reversal", orders.reverse),
    ),
    identify,
    worded,
)
