"""Permissions of WeChat Pay Score's: a user agrees once to all orders of a service, which nobody confirms from then on.

Here it is a standing permission of a scenario: the one whose products the policy has for the service. Who agrees is a
consumer of this permission alone, whose reference the shop is told as `openid`, and names in orders.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from service import ids
from service.api.body import Body
from service.api.guard import require_scope
from service.api.texts import key_of
from service.errors import Code, Refused
from service.facades import range as ranges
from service.facades.agreeing import Offered, Side, address_of
from service.facades.buyer import consumer_of
from service.facades.door import Call, Reply
from service.facades.notifying_flow import note
from service.facades.seen import Permission, Permissions
from service.facades.store import Order, Orders, digest_of
from service.facades.wechat.access import signer_of
from service.facades.wechat.wire import CHINA, CURRENCY, PermitBody, TerminateBody, ToldPermit
from service.people import flow as people
from service.plans.offer import Kind

NAME: Final = "wechat_permission"
PERMITS: Final = Orders(NAME, ToldPermit)
ASKED_FOR: Final = timedelta(days=30)  # so long the user may agree
PAGE: Final = 100
OPENED: Final = "PAYSCORE.USER_OPEN_SERVICE"
CLOSED: Final = "PAYSCORE.USER_CLOSE_SERVICE"
AUTHORIZED: Final = "authorization code "  # begins the evidence of a permission that was given here

_permit, _terminate = Body(PermitBody), Body(TerminateBody)


def bucket_of(merchant_id: str, code: str) -> int:
    """Where it stands, by the shop's code."""
    return ids.bucket_for(merchant_id, NAME, code)


async def permit(call: Call) -> Reply:
    """The token is the address at which the user agrees. The same code with other words is refused."""
    body = _permit.read(call.body, call.json_type)
    require_scope(call.ours.principal, "consents", "write")
    scenario = await _scenario(call, body.service_id)
    found = await _find_or_none(call, body.authorization_code)
    if found is None:
        openid = f"wechat-{body.authorization_code}" + ("+approved" if call.merchant.is_test else "")
        consumer_id = await consumer_of(call, openid)
        order = Order(
            bucket_of(call.merchant_id, body.authorization_code), call.merchant_id, NAME, body.authorization_code,
            consumer_id, call.ours.principal.key_id, call.now, call.now + ASKED_FOR,
        )  # fmt: skip
        key = await key_of(call.services, call.services.pool, consumer_id)
        told = ToldPermit(body, openid, scenario, mchid=signer_of(call))
        await PERMITS.put(call.services.pool, key, order, digest_of(call.body), told)
        found = await _find(call, body.authorization_code)
    if found[1].asked != body:
        sentence = "This authorization_code was used with other parameters."
        raise Refused(Code.IDEMPOTENCY_KEY_REUSED, sentence, "/authorization_code")
    token = address_of(call, NAME, body.authorization_code)
    return Reply(msgspec.json.encode({"apply_permissions_token": token}))


async def query_by_code(call: Call, code: str) -> Reply:
    """How a permission stands that the shop has asked for."""
    order, told = await _find(call, code)
    _require_service(told, call.query.get("service_id"))
    given = await given_by(call, order, told)
    said = _view(given, "UNBINDUSER") | {"openid": told.openid if given else "", "authorization_code": code}
    if told.asked.notify_url:
        said["notify_url"] = told.asked.notify_url
    return _said(call, told.asked.service_id, told.asked.appid, said)


async def query_by_openid(call: Call, openid: str) -> Reply:
    """What a user permits of a service now, or did last."""
    service_id = call.query.get("service_id") or ""
    found = await _last(call, openid, service_id)
    said = _view(found, "UNAVAILABLE") | {"openid": openid}
    if found and found.evidence.startswith(AUTHORIZED):
        said["authorization_code"] = found.evidence.removeprefix(AUTHORIZED)
    return _said(call, service_id, call.query.get("appid") or "", said)


async def terminate_by_code(call: Call, code: str) -> Reply:
    """It is taken back, for good; ended again, it stays as it was."""
    body = _terminate.read(call.body, call.json_type)
    order, told = await _find(call, code)
    _require_service(told, body.service_id)
    return await _revoke(call, await given_by(call, order, told))


async def terminate_by_openid(call: Call, openid: str) -> Reply:
    """What the user permits of a service now is taken back."""
    body = _terminate.read(call.body, call.json_type)
    return await _revoke(call, await _last(call, openid, body.service_id))


async def scenarios_in_force(call: Call, consumer_id: str) -> set[str]:
    """Of which scenarios the consumer need not confirm an order."""
    return {one.scenario for one in await _all_of(call, consumer_id) if one.revoked_at is None}


async def offered(call: Call, code: str) -> Offered:
    """What the page shows of a permission that is asked for."""
    order, told = await _find(call, code)
    shop, service = call.merchant.name, told.asked.service_id
    sentences = (
        f"{shop} may begin orders of the service {service!r} for you without asking you each time. You pay for each "
        "after its use, and at most what was named when it began. You may take this back at any time, at the shop: "
        "orders that have begun go on, and you confirm new ones yourself."
    )
    return Offered(None, bool(told.permission_id), order.ends_at <= call.now, None, None, sentences)


async def take(call: Call, code: str) -> None:
    """The user agrees."""
    order, told = await _find(call, code)
    if told.permission_id:
        return
    given = _in_force(await _all_of(call, order.consumer_id), told.scenario)
    if given is None:
        body = {"scenario": told.scenario, "evidence": f"{AUTHORIZED}{code}"}
        path = f"/consumers/{order.consumer_id}/permissions"
        given = await call.ours.post(path, body, digest_of(code), Permission)
    permission_id = given.permission_id
    services = call.services
    await PERMITS.retell(services.pool, services.secrets, order, lambda now: replace(now, permission_id=permission_id))
    await note(services.pool, order.place, permission_id, OPENED)


SIDE: Final = Side(bucket_of, offered, take)


async def _scenario(call: Call, service_id: str) -> str:
    """What is permitted with this service. Refused: INVALID_FIELD, where nothing of it can be."""
    policy = await call.services.registry.policy(call.now)
    for one in ranges.rungs_of(policy, CURRENCY, service_id, (Kind.PAY_AFTER_USE,)):
        if one.use.permission and one.use.scenario:
            return one.use.scenario
    raise Refused(Code.INVALID_FIELD, "This service has no orders that are permitted once for all.", "/service_id")


async def _revoke(call: Call, given: Permission | None) -> Reply:
    if given is None:
        raise Refused(Code.STATE_FORBIDS, "The user has permitted nothing that could be taken back.")
    path = f"/permissions/{given.permission_id}/revoke"
    await call.ours.post(path, {}, digest_of(given.permission_id), Permission)
    if given.evidence.startswith(AUTHORIZED):
        code = given.evidence.removeprefix(AUTHORIZED)
        place = (bucket_of(call.merchant_id, code), call.merchant_id, NAME, code)
        await note(call.services.pool, place, given.permission_id, CLOSED)
    return Reply(b"", 204)


async def given_by(call: Call, order: Order, told: ToldPermit) -> Permission | None:
    """What the user has given with this code; None: nothing yet."""
    page = await _all_of(call, order.consumer_id) if told.permission_id else []
    return next((one for one in page if one.permission_id == told.permission_id), None)


async def _last(call: Call, openid: str, service_id: str) -> Permission | None:
    scenario = await _scenario(call, service_id)
    services = call.services
    consumer_id = await people.find_consumer(services.pool, services.secrets, call.merchant_id, openid)
    page = await _all_of(call, consumer_id) if consumer_id else []
    last = [one for one in page if one.scenario == scenario][-1:]
    return _in_force(page, scenario) or (last[0] if last else None)


async def _all_of(call: Call, consumer_id: str) -> list[Permission]:
    found: list[Permission] = []
    while True:
        query = {"limit": str(PAGE)} | ({"after": found[-1].permission_id} if found else {})
        page = await call.ours.get(f"/consumers/{consumer_id}/permissions", Permissions, **query)
        found += page.permissions
        if len(page.permissions) < PAGE:
            return found


def _in_force(page: Iterable[Permission], scenario: str) -> Permission | None:
    return next((one for one in page if one.scenario == scenario and one.revoked_at is None), None)


async def _find_or_none(call: Call, code: str) -> tuple[Order, ToldPermit] | None:
    services = call.services
    return await PERMITS.find(
        services.pool, services.secrets, bucket_of(call.merchant_id, code), call.merchant_id, code
    )


async def _find(call: Call, code: str) -> tuple[Order, ToldPermit]:
    found = await _find_or_none(call, code)
    if found is None:
        raise Refused(Code.NOT_FOUND, f"There is no permission {code[:100]!r}.", "/authorization_code")
    return found


def _require_service(told: ToldPermit, service_id: str | None) -> None:
    if service_id != told.asked.service_id:
        raise Refused(Code.INVALID_FIELD, "The permission is of another service_id.", "/service_id")


def _view(given: Permission | None, otherwise: str) -> dict[str, Any]:
    if given is None:
        return {"authorization_state": otherwise}
    said = {
        "authorization_state": "UNAVAILABLE" if given.revoked_at else "AVAILABLE",
        "authorization_success_time": _stamp(given.given_at),
    }
    return said | ({"cancel_authorization_time": _stamp(given.revoked_at)} if given.revoked_at else {})


def _stamp(at: datetime) -> str:
    return at.astimezone(CHINA).isoformat(timespec="seconds")


def _said(call: Call, service_id: str, appid: str, what: dict[str, Any]) -> Reply:
    named = {"service_id": service_id, "appid": appid, "mchid": signer_of(call)}
    return Reply(msgspec.json.encode(named | what))
