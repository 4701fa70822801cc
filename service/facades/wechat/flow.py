"""Orders of WeChat Pay Score's, done by our verbs: use before pay within a cap.

An order is a plan of kind `pay_after_use`, opened when it is created: one that its user must confirm waits for that as
long as the product says, and expires by itself. The goods' category is the word that the shop calls its service by.
"""

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from service import ids
from service.api.body import Body
from service.api.texts import key_of
from service.checkout import request as checkouts
from service.errors import Code, Refused
from service.facades import store
from service.facades.agreeing import Offered, Side, address_of
from service.facades.buyer import consumer_of
from service.facades.door import Call, Reply
from service.facades.seen import Checkout, Offer, Plan, PlanAfter
from service.facades.store import Order, Orders, digest_of
from service.facades.wechat import permitting
from service.facades.wechat.access import signer_of
from service.facades.wechat.order import order as shown
from service.facades.wechat.order import state_of
from service.facades.wechat.wire import (
    CHINA,
    CURRENCY,
    CancelBody,
    CompleteBody,
    CreateBody,
    DirectBody,
    Item,
    ModifyBody,
    SyncBody,
    TimeRange,
    Told,
    VerbBody,
    refuse_other_sum,
)
from service.plans.offer import Kind

NAME: Final = "wechat"
ORDERS: Final = Orders(NAME, Told)

_create, _direct, _complete, _cancel = Body(CreateBody), Body(DirectBody), Body(CompleteBody), Body(CancelBody)
_modify, _sync, _pay = Body(ModifyBody), Body(SyncBody), Body(VerbBody)


def bucket_of(merchant_id: str, out_order_no: str) -> int:
    """Where an order stands, by the shop's number of it."""
    return ids.bucket_for(merchant_id, NAME, out_order_no)


async def create(call: Call) -> Reply:
    """Decide, and open the plan. The same number with other words is refused."""
    body = _create.read(call.body, call.json_type)
    if body.need_user_confirm is (body.openid is not None):
        sentence = "openid is given for an order that needs no confirmation, and for no other."
        raise Refused(Code.INVALID_FIELD, sentence, "/openid")
    return await _view(call, *await _opened(call, body))


async def direct_complete(call: Call) -> Reply:
    """An order that needs no confirmation and is over already: opened, and its bill captured."""
    body = _direct.read(call.body, call.json_type)
    refuse_other_sum(body.total_amount, body.post_payments, body.post_discounts)
    _refuse_later(call, body.time_range)
    order, _ = await _opened(call, body.created)
    if state_of(await _plan(call, order))[0] == "CREATED":
        raise Refused(Code.STATE_FORBIDS, "The user has revoked the permission meanwhile; this order waits for them.")
    return await _view(call, *await _captured(call, order, body))


async def query(call: Call) -> Reply:
    """An order by the shop's number, or by ours."""
    number = call.query.get("out_order_no") or call.query.get("query_id")
    if not number or ("out_order_no" in call.query) is ("query_id" in call.query):
        raise Refused(Code.INVALID_FIELD, "Ask for out_order_no or for query_id.", "/out_order_no")
    if "query_id" in call.query and ids.is_id(number, ids.PLAN):
        number = (await call.ours.get(f"/plans/{number}", Plan)).merchant_reference
    order, told = await _find(call, number)
    _require_service(told, call.query.get("service_id"), call.query.get("appid"))
    return await _view(call, order, told)


async def cancel(call: Call, out_order_no: str) -> Reply:
    """It does not take place: before it is complete."""
    body = _cancel.read(call.body, call.json_type)
    order, _ = await _named(call, out_order_no, body)
    identity = digest_of(out_order_no, call.body)
    await call.ours.post(f"/plans/{order.plan_id}/void", {}, identity, PlanAfter)
    said = {"appid": body.appid, "mchid": signer_of(call), "out_order_no": out_order_no, "service_id": body.service_id}
    return _said(said | {"order_id": order.plan_id})


async def complete(call: Call, out_order_no: str) -> Reply:
    """It is over: the bill is captured, at most the cap."""
    body = _complete.read(call.body, call.json_type)
    refuse_other_sum(body.total_amount, body.post_payments, body.post_discounts)
    _refuse_later(call, body.time_range)
    order, _ = await _named(call, out_order_no, body)
    return await _view(call, *await _captured(call, order, body))


async def modify(call: Call, out_order_no: str) -> Reply:
    """The bill comes to less, and never to more."""
    body = _modify.read(call.body, call.json_type)
    refuse_other_sum(body.total_amount, body.post_payments, body.post_discounts)
    order, _ = await _named(call, out_order_no, body)
    if not (await _plan(call, order)).captured:
        raise Refused(Code.STATE_FORBIDS, "Only what is complete is lowered.")
    bill = {"capture": 1, "amount": body.total_amount, "because": body.reason}
    bill |= _lines(body.post_payments, body.post_discounts)
    path = f"/plans/{order.plan_id}/captures/lower"
    await call.ours.post(path, bill, digest_of(out_order_no, call.body), PlanAfter)

    def changed(now: Told) -> Told:
        return replace(
            now, post_payments=body.post_payments, post_discounts=body.post_discounts, total_amount=body.total_amount
        )

    return await _view(call, *await _retell(call, order, changed))


async def sync(call: Call, out_order_no: str) -> Reply:
    """It was paid to the shop: what is owed is recorded as paid, once."""
    body = _sync.read(call.body, call.json_type)
    order, told = await _named(call, out_order_no, body)
    plan = await _plan(call, order)
    if state_of(plan)[1] != "MCH_COMPLETE":
        if told.paid_type == "MCH":
            return await _view(call, order, told)  # told before
        raise Refused(Code.STATE_FORBIDS, "Only what is complete and owed can be paid elsewhere.")
    try:
        paid_at = datetime.strptime(body.detail.paid_time, "%Y%m%d%H%M%S").replace(tzinfo=CHINA)
    except ValueError:
        raise Refused(Code.INVALID_FIELD, "paid_time is no time.", "/detail/paid_time") from None
    payment: dict[str, Any] = {
        "amount": plan.outstanding, "received_on": paid_at.astimezone(ZoneInfo(plan.time_zone)).date(),
        "reference": f"paid-{out_order_no}", "received_by": "merchant",
    }  # fmt: skip
    await call.ours.post(f"/plans/{plan.plan_id}/payments", payment, digest_of(out_order_no, "sync"), PlanAfter)
    stamp = body.detail.paid_time
    return await _view(call, *await _retell(call, order, lambda now: replace(now, paid_type="MCH", paid_time=stamp)))


async def pay(call: Call, out_order_no: str) -> Reply:
    """Collect what is due now, from what the consumer pays with."""
    body = _pay.read(call.body, call.json_type)
    order, _ = await _named(call, out_order_no, body)
    plan = await _plan(call, order)
    if state_of(plan)[1] != "MCH_COMPLETE":
        raise Refused(Code.STATE_FORBIDS, "Only what is complete and owed is collected.")
    charge = {"amount": plan.outstanding}
    identity = digest_of(out_order_no, str(plan.outstanding), f"{call.now:%Y-%m-%dT%H}")  # once an hour
    await call.ours.post(f"/plans/{plan.plan_id}/charges", charge, identity, dict[str, Any])
    said = {"appid": body.appid, "mchid": signer_of(call), "out_order_no": out_order_no, "service_id": body.service_id}
    return _said(said | {"order_id": order.plan_id})


async def offered(call: Call, out_order_no: str) -> Offered:
    """What the order's page shows."""
    order, _ = await _find(call, out_order_no)
    plan = await _plan(call, order)
    state = state_of(plan)[0]
    checkout = await call.ours.get(f"/checkouts/{plan.decision_id}", Checkout)
    return Offered(
        checkout.offer(plan.offer_id), state in ("DOING", "DONE"), state in ("REVOKED", "EXPIRED"), None, None
    )


async def take(call: Call, out_order_no: str) -> None:
    """The consumer confirms the order."""
    order, _ = await _find(call, out_order_no)
    plan = await _plan(call, order)
    if "confirm" in plan.next_actions:
        await call.ours.post(f"/plans/{plan.plan_id}/confirm", {}, digest_of(out_order_no), PlanAfter)


SIDE: Final = Side(bucket_of, offered, take)


def _whoever(call: Call, body: CreateBody) -> str:
    """Who confirms an order is not known before: a consumer of this purchase alone."""
    return f"wechat-{body.out_order_no}" + ("+approved" if call.merchant.is_test else "")


async def _opened(call: Call, body: CreateBody) -> tuple[Order, Told]:
    before = await _find_or_none(call, body.out_order_no)
    if before is not None:
        return _same(body, *before)
    consumer_id = await consumer_of(call, body.openid or _whoever(call, body))
    asked = checkouts.Checkout(
        body.out_order_no, consumer_id, CURRENCY, body.risk_fund.amount, kinds=(Kind.PAY_AFTER_USE,),
        category=body.service_id,
    )  # fmt: skip
    identity = digest_of(body.out_order_no, call.body)
    checkout = await call.ours.post("/checkouts", asked, identity, Checkout)
    offer = await _offer_of(call, checkout, consumer_id, body.need_user_confirm)
    plan = await call.ours.post("/plans", {"offer_id": offer.offer_id}, identity, PlanAfter)
    order = Order(
        bucket_of(call.merchant_id, body.out_order_no), call.merchant_id, NAME, body.out_order_no, consumer_id,
        call.ours.principal.key_id, checkout.decided_at, plan.capture_by,
    )  # fmt: skip
    key = await key_of(call.services, call.services.pool, consumer_id)
    await ORDERS.put(call.services.pool, key, order, identity, Told(body, mchid=signer_of(call)))
    await store.agree(call.services.pool, order, offer.offer_id, call.now)
    await store.set_plan(call.services.pool, order, plan.plan_id)
    return _same(body, *await _find(call, body.out_order_no))


async def _captured(call: Call, order: Order, body: CompleteBody | DirectBody) -> tuple[Order, Told]:
    bill = {"amount": body.total_amount, "final": True} | _lines(body.post_payments, body.post_discounts)
    await call.ours.post(f"/plans/{order.plan_id}/capture", bill, digest_of(order.reference, call.body), PlanAfter)

    def changed(now: Told) -> Told:
        return replace(
            now, post_payments=body.post_payments, post_discounts=body.post_discounts, time_range=body.time_range,
            total_amount=body.total_amount,
        )  # fmt: skip

    return await _retell(call, order, changed)


def _refuse_later(call: Call, when: TimeRange | None) -> None:
    """Refused: INVALID_FIELD, where the use has not ended yet."""
    now = call.now.astimezone(CHINA).strftime("%Y%m%d%H%M%S")
    if when and when.end_time and when.end_time > now[: len(when.end_time)]:
        raise Refused(Code.INVALID_FIELD, "end_time has not come yet.", "/time_range/end_time")


async def _offer_of(call: Call, checkout: Checkout, consumer_id: str, needs_word: bool) -> Offer:
    """The first offer that is confirmed, or is not; a permission takes the place of confirming.

    Refused: LIMIT_EXCEEDED, where there is none for this consumer.
    """
    for one in checkout.offers:
        if bool(one.use.confirm_days) is needs_word:
            return one
    permitted = [] if needs_word else [one for one in checkout.offers if one.use.permission]
    in_force = await permitting.scenarios_in_force(call, consumer_id) if permitted else set()
    for one in permitted:
        if one.use.scenario in in_force:
            return one
    raise Refused(Code.LIMIT_EXCEEDED, "This order cannot be paid after use.")


def _lines(payments: tuple[Item, ...], discounts: tuple[Item, ...]) -> dict[str, Any]:
    return {
        "items": [{"name": one.name, "amount": one.amount} for one in payments],
        "discounts": [{"name": one.name, "amount": one.amount} for one in discounts],
    }


def _same(body: CreateBody, order: Order, told: Told) -> tuple[Order, Told]:
    if told.asked != body:
        raise Refused(Code.IDEMPOTENCY_KEY_REUSED, "This out_order_no was used with other parameters.", "/out_order_no")
    return order, told


async def _find_or_none(call: Call, number: str) -> tuple[Order, Told] | None:
    services = call.services
    bucket = bucket_of(call.merchant_id, number)
    found = await ORDERS.find(services.pool, services.secrets, bucket, call.merchant_id, number)
    return found if found and found[0].plan_id else None


async def _find(call: Call, number: str) -> tuple[Order, Told]:
    found = await _find_or_none(call, number)
    if found is None:
        raise Refused(Code.NOT_FOUND, f"There is no order {number[:100]!r}.", "/out_order_no")
    return found


async def _named(call: Call, number: str, body: Any) -> tuple[Order, Told]:
    order, told = await _find(call, number)
    _require_service(told, body.service_id, body.appid)
    return order, told


def _require_service(told: Told, service_id: str | None, appid: str | None) -> None:
    if (service_id, appid) != (told.asked.service_id, told.asked.appid):
        raise Refused(Code.INVALID_FIELD, "The order has another service_id or appid.", "/service_id")


async def _plan(call: Call, order: Order) -> Plan:
    return await call.ours.get(f"/plans/{order.plan_id}", Plan)


async def _retell(call: Call, order: Order, change: Any) -> tuple[Order, Told]:
    return await ORDERS.retell(call.services.pool, call.services.secrets, order, change)


async def _view(call: Call, order: Order, told: Told) -> Reply:
    package = address_of(call, NAME, order.reference)
    return _said(shown(signer_of(call), told, await _plan(call, order), package))


def _said(what: Any) -> Reply:
    return Reply(msgspec.json.encode(what))
