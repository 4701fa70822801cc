"""What a shop with WeChat Pay's client is told at its `notify_url`: of its orders, refunds and permissions."""

import secrets
from typing import Any, Final

from service import clock
from service.api.services import Services
from service.event_type import EventType
from service.facades.notice import Letter, Notice
from service.facades.notifying_flow import As, Write
from service.facades.seen import Permission, Plan
from service.facades.wechat import flow, permitting, refunding
from service.facades.wechat.access import writer_of
from service.facades.wechat.letter import NONCE_CHARACTERS, body_of
from service.facades.wechat.order import order as shown
from service.facades.wechat.order import refund as shown_refund
from service.facades.wechat.signing import headers_of
from service.facades.wechat.wire import CHINA

_ORDERS: Final = {
    EventType.CONFIRMED: ("PAYSCORE.USER_CONFIRM", "The user has confirmed the order."),
    EventType.PAID: ("PAYSCORE.USER_PAID", "The order is paid."),
}


async def of_order(notice: Notice, services: Services, call_as: As) -> Letter | None:
    """The order as it stands now. One that needs no confirmation is not told to be confirmed."""
    place = (services.pool, services.secrets, notice.bucket, notice.merchant_id, notice.reference)
    found = await flow.ORDERS.find(*place)
    event, summary = _ORDERS[EventType(notice.what)]
    if found is None or (notice.what == EventType.CONFIRMED and not found[1].asked.need_user_confirm):
        return None
    order, told = found
    call = call_as(order.key_id, order.merchant_id)
    if call is None or not told.asked.notify_url:
        return None
    plan = await call.ours.get(f"/plans/{order.plan_id}", Plan)
    said = shown(told.mchid, told, plan, "")
    return await _letter(services, notice, told.mchid, told.asked.notify_url, event, summary, "payscore", said)


async def of_refund(notice: Notice, services: Services, call_as: As) -> Letter | None:
    """A refund, which is done when it is told of."""
    place = (services.pool, services.secrets, notice.bucket, notice.merchant_id, notice.reference)
    found = await refunding.REFUNDS.find(*place)
    if found is None:
        return None
    order, told = found
    call = call_as(order.key_id, order.merchant_id)
    if call is None or not told.asked.notify_url:
        return None
    whole = shown_refund(told, await call.ours.get(f"/plans/{order.plan_id}", Plan))
    names = ("out_trade_no", "transaction_id", "out_refund_no", "refund_id", "success_time", "user_received_account")
    said = {name: whole[name] for name in names}
    said |= {"mchid": told.mchid, "refund_status": whole["status"], "amount": whole["amount"]}
    summary, url = "The refund is done.", told.asked.notify_url
    return await _letter(services, notice, told.mchid, url, notice.what, summary, "refund", said)


async def of_permission(notice: Notice, services: Services, call_as: As) -> Letter | None:
    """A user has permitted a service, or does so no more."""
    place = (services.pool, services.secrets, notice.bucket, notice.merchant_id, notice.reference)
    found = await permitting.PERMITS.find(*place)
    if found is None:
        return None
    order, told = found
    call = call_as(order.key_id, order.merchant_id)
    if call is None or not told.asked.notify_url:
        return None
    given: Permission | None = await permitting.given_by(call, order, told)
    if given is None:
        return None
    is_open = notice.what == permitting.OPENED
    at = given.given_at if is_open else given.revoked_at
    status = notice.what.removeprefix("PAYSCORE.")
    said = {
        "appid": told.asked.appid, "mchid": told.mchid, "service_id": told.asked.service_id, "openid": told.openid,
        "user_service_status": status, "authorization_code": order.reference,
        "openorclose_time": at.astimezone(CHINA).strftime("%Y%m%d%H%M%S") if at else "",
    }  # fmt: skip
    summary = "The user permits the service." if is_open else "The user permits the service no more."
    url = told.asked.notify_url
    return await _letter(services, notice, told.mchid, url, notice.what, summary, "payscore", said)


WRITERS: Final[dict[str, Write]] = {
    flow.NAME: of_order, refunding.NAME: of_refund, permitting.NAME: of_permission,
}  # fmt: skip


async def _letter(
    services: Services, notice: Notice, mchid: str, url: str, event: str, summary: str, kind: str, said: dict[str, Any]
) -> Letter | None:
    """None: the shop has not said by which key it reads."""
    writer = await writer_of(services, mchid, notice.merchant_id)
    if writer is None:
        return None
    signer, apiv3_key = writer
    nonce = secrets.token_hex(NONCE_CHARACTERS // 2)
    body = body_of(notice.source_id, event, summary, kind, said, apiv3_key, nonce, notice.made_at)
    now_s = int(clock.now().timestamp())
    headers = headers_of(signer.own_key, signer.key_id, body, secrets.token_hex(16), now_s)
    return Letter("POST", url, headers | {"Content-Type": "application/json"}, body)
