"""The addresses of Alma's API, under `/alma`: who asks, and what is refused, in its words.

Authorization: Alma-Auth sk_live_...     our own key of the shop, secret or restricted

{"error_code": "invalid_field", "message": "Expected `int` >= 1", "errors": [{"field": "payment.purchase_amount"}]}
"""

from typing import Any, Final

import msgspec

from service.access.key import Principal
from service.api.ask import Asked, header, services_of
from service.api.guard import admitted
from service.errors import Code, Refused, without_keys
from service.facades.alma import buying, offering, orders, refunding
from service.facades.door import LIST_S, Call, Door, Reply, route

PREFIX: Final = "/alma"


async def identify(request: Asked, body: bytes) -> Principal:
    """The shop, by its key. Refused: UNAUTHORIZED, FORBIDDEN, RATE_LIMITED."""
    scheme, _, text = (header(request, b"authorization") or "").partition(" ")
    if scheme.lower() != "alma-auth" or not text:
        raise Refused(Code.UNAUTHORIZED, "Send Authorization: Alma-Auth with your secret key.")
    return await admitted(request, await services_of(request).registry.principal(text.strip()), "merchant")


def worded(refused: Refused) -> Reply:
    """A refusal as Alma's client reads it: it raises `RequestError` with the message."""
    said: dict[str, Any] = {"error_code": refused.code, "message": without_keys(refused.detail)}
    if refused.pointer:
        field = without_keys(refused.pointer).strip("/").replace("/", ".")
        said["errors"] = [{"field": field, "error_code": refused.code, "message": said["message"]}]
    return Reply(msgspec.json.encode(said), refused.status)


async def send_sms(call: Call, payment_id: str) -> Reply:
    """We send no payment link by SMS: the shop sends the payment's `url`."""
    raise Refused(Code.FORBIDDEN, "Links are not sent by SMS here; send the payment's url yourself.")


DOOR: Final = Door(
    (
        route("POST", "/v1/payments/eligibility", offering.ask_eligibility),
        route("POST", "/v1/payments", buying.create),
        route("GET", "/v1/payments", buying.list_all, LIST_S),
        route("GET", "/v1/payments/{payment_id}", buying.fetch),
        route("POST", "/v1/payments/{payment_id}", buying.change),
        route("POST", "/v1/payments/{payment_id}/refund", refunding.refund),
        route("GET", "/v1/payments/{payment_id}/ask-acceptance", buying.fetch),
        route("POST", "/v1/payments/{payment_id}/send-sms", send_sms),
        route("GET", "/v1/payments/{payment_id}/orders", orders.list_orders_of),
        route("PUT", "/v1/payments/{payment_id}/orders", orders.add_orders),
        route("POST", "/v1/payments/{payment_id}/orders", orders.set_orders),
        route("GET", "/v1/orders", orders.list_orders, LIST_S),
        route("GET", "/v1/orders/{order_id}", orders.get_order),
        route("PUT", "/v1/orders/{order_id}", orders.change_order),
        route("GET", "/v1/me", offering.me),
        route("GET", "/v1/me/extended-data", offering.me),
        route("GET", "/v1/me/fee-plans", offering.fee_plans),
    ),
    identify,
    worded,
    PREFIX,
)
