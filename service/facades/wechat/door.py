"""The addresses of WeChat Pay Score's API, under `/v3`, and its refusals.

{"code": "PARAM_ERROR", "message": "...", "detail": "/risk_fund/amount"}
"""

from typing import Final

import msgspec

from service.errors import Code, Refused, without_keys
from service.facades.door import Door, Reply, route
from service.facades.wechat import flow, permitting, refunding
from service.facades.wechat.access import identify, register, signed_reply

_WORDS: Final[dict[Code, tuple[str, int]]] = {
    Code.UNAUTHORIZED: ("SIGN_ERROR", 401),
    Code.FORBIDDEN: ("NO_AUTH", 403),
    Code.NOT_FOUND: ("ORDER_NOT_EXIST", 404),
    Code.ERASED: ("ORDER_NOT_EXIST", 404),
    Code.STATE_FORBIDS: ("INVALID_ORDER_STATE", 400),
    Code.DUPLICATE_CAPTURE: ("INVALID_ORDER_STATE", 400),
    Code.NOTHING_DUE: ("INVALID_ORDER_STATE", 400),
    Code.IDEMPOTENCY_KEY_REUSED: ("INVALID_REQUEST", 400),
    Code.REFERENCE_USED: ("INVALID_REQUEST", 400),
    Code.CHARGE_UNDER_WAY: ("INVALID_REQUEST", 400),
    Code.LIMIT_EXCEEDED: ("RULE_LIMIT", 403),
    Code.NO_FUNDING: ("RULE_LIMIT", 403),
    Code.NO_INSTRUMENT: ("NO_AUTH", 403),
    Code.RATE_LIMITED: ("FREQUENCY_LIMITED", 429),
}


def worded(refused: Refused) -> Reply:
    """A refusal as WeChat Pay's clients read it."""
    other = {409: ("INVALID_REQUEST", 400)}.get(refused.status, ("PARAM_ERROR", 400))
    if refused.status >= 500:
        other = ("SYSTEM_ERROR", refused.status)
    word, status = _WORDS.get(refused.code, other)
    if refused.code is Code.NOT_FOUND and refused.pointer == "/transaction_id":
        word = "RESOURCE_NOT_EXISTS"  # of refunds
    said = {"code": word, "message": without_keys(refused.detail)}
    if refused.pointer:
        said["detail"] = without_keys(refused.pointer)
    return Reply(msgspec.json.encode(said), status)


_ORDER: Final = "/v3/payscore/serviceorder"
_PERMISSIONS: Final = "/v3/payscore/permissions"

DOOR: Final = Door(
    (
        route("POST", "/v3/tenor/signers", register),
        route("POST", _ORDER, flow.create),
        route("GET", _ORDER, flow.query),
        route("POST", f"{_ORDER}/direct-complete", flow.direct_complete),
        route("POST", "/payscore/serviceorder/direct-complete", flow.direct_complete),  # as wechatpayv3 spells it
        route("POST", f"{_ORDER}/{{out_order_no}}/cancel", flow.cancel),
        route("POST", f"{_ORDER}/{{out_order_no}}/modify", flow.modify),
        route("POST", f"{_ORDER}/{{out_order_no}}/complete", flow.complete),
        route("POST", f"{_ORDER}/{{out_order_no}}/pay", flow.pay),
        route("POST", f"{_ORDER}/{{out_order_no}}/sync", flow.sync),
        route("POST", _PERMISSIONS, permitting.permit),
        route("GET", f"{_PERMISSIONS}/authorization-code/{{code}}", permitting.query_by_code),
        route("GET", f"{_PERMISSIONS}/openid/{{openid}}", permitting.query_by_openid),
        route("POST", f"{_PERMISSIONS}/authorization-code/{{code}}/terminate", permitting.terminate_by_code),
        route("POST", f"{_PERMISSIONS}/openid/{{openid}}/terminate", permitting.terminate_by_openid),
        route("POST", "/v3/refund/domestic/refunds", refunding.refund),
        route("GET", "/v3/refund/domestic/refunds/{out_refund_no}", refunding.query),
    ),
    identify,
    worded,
    finished=signed_reply,
)
