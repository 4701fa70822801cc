"""What a shop does with an order of Afterpay's: read, capture in parts, void, reverse, refund, and say more of it."""

from collections.abc import Callable

from msgspec.structs import replace

from service.api.body import Body
from service.api.guard import require_scope
from service.errors import Code, Refused
from service.facades.afterpay.finding import ORDERS, find_plan, made_of, said
from service.facades.afterpay.order import refund_of
from service.facades.afterpay.wire import (
    CaptureBody,
    CourierBody,
    Money,
    ReferenceBody,
    RefundBody,
    Told,
    VoidBody,
    minor,
)
from service.facades.door import Call, Reply
from service.facades.finding import timeline_of
from service.facades.repeat import SAME_FOR, number_of
from service.facades.seen import Plan, PlanAfter
from service.facades.store import Order, digest_of

_capture, _void, _refund = Body(CaptureBody), Body(VoidBody), Body(RefundBody)
_reference, _courier = Body(ReferenceBody), Body(CourierBody)


async def get(call: Call, order_id: str) -> Reply:
    """An order, by its id or by `token:` and its token."""
    order, _, plan = await find_plan(call, order_id)
    return said(await made_of(call, order, plan))


async def capture_part(call: Call, order_id: str) -> Reply:
    """A part of what was authorized is captured."""
    body = _capture.read(call.body, call.json_type)
    order, told, plan = await find_plan(call, order_id)
    amount = _of(body.amount, plan)
    name = body.request_id or body.payment_event_merchant_reference
    if name is None:
        name = f"number {number_of(await timeline_of(call.ours, plan), 'captured', amount, told.captures, call.now)}"
    of_amount = "" if body.request_id else str(amount)  # one request is of one amount
    path, identity = f"/plans/{plan.plan_id}/capture", digest_of(order.reference, "part", of_amount, name)
    done = await call.ours.post(path, {"amount": amount}, identity, PlanAfter)
    if body.request_id or body.payment_event_merchant_reference:
        named = {done.recorded.fact_id: name}
        await _retell(call, order, lambda now: replace(now, captures=now.captures | named))
    return said(await made_of(call, order, await _now(call, plan)), 201)


async def void(call: Call, order_id: str) -> Reply:
    """What is left of the authorization is given back: all of it, or as much as is said."""
    body = _void.read(call.body or b"{}", call.json_type)
    order, told, plan = await find_plan(call, order_id)
    amount = plan.remaining if body.amount is None else _of(body.amount, plan)
    if body.request_id in told.voids:
        return said(await made_of(call, order, plan), 201)  # done before
    if amount > plan.remaining:
        raise Refused(Code.AMOUNT_EXCEEDS_AUTHORIZED, "More than is left of this order.", "/amount")
    if amount == plan.remaining:
        if amount:
            await call.ours.post(f"/plans/{plan.plan_id}/void", {}, digest_of(order.reference, "void"), PlanAfter)
    else:
        name = body.request_id or f"of {plan.amount}"
        less = told.voids.get(name, plan.amount - amount)  # sent again, it is the same
        identity = digest_of(order.reference, "void", name)
        await call.ours.post(f"/plans/{plan.plan_id}/amend", {"amount": less}, identity, PlanAfter)
        await _retell(call, order, lambda now: replace(now, voids=now.voids | {name: less}))
    return said(await made_of(call, order, await _now(call, plan)), 201)


async def reverse(call: Call, order_id: str) -> Reply:
    """The shop does not know whether its payment went through: within ten minutes all of it is undone."""
    order, _, plan = await find_plan(call, order_id)
    if plan.authorized_at + SAME_FOR <= call.now:
        raise Refused(Code.STATE_FORBIDS, "The order is more than ten minutes old: void it, or refund it.")
    if plan.remaining:
        await call.ours.post(f"/plans/{plan.plan_id}/void", {}, digest_of(order.reference, "void"), PlanAfter)
    if left := plan.captured - plan.refunded:
        identity = digest_of(order.reference, "reversal")
        await call.ours.post(f"/plans/{plan.plan_id}/refunds", {"amount": left}, identity, PlanAfter)
    return said({})


async def refund(call: Call, order_id: str) -> Reply:
    """Goods came back. With the same `requestId` or `merchantReference` it is the same refund."""
    body = _refund.read(call.body, call.json_type)
    order, told, plan = await find_plan(call, order_id)
    amount = _of(body.amount, plan)
    timeline = await timeline_of(call.ours, plan) if plan.refunded else ()
    named = {fact_id for fact_id, one in told.refunds.items() if one.name is not None}
    name = body.name or f"number {number_of(timeline, 'refunded', amount, named, call.now)}"
    identity = digest_of(order.reference, "" if body.request_id else str(amount), name)
    done = await call.ours.post(f"/plans/{plan.plan_id}/refunds", {"amount": amount}, identity, PlanAfter)
    fact_id = done.recorded.fact_id
    _, told = await _retell(call, order, lambda now: replace(now, refunds=now.refunds | {fact_id: body}))
    (made,) = (one for one in await timeline_of(call.ours, plan) if one.fact_id == fact_id)
    return said(refund_of(made, told, plan.currency), 201)


async def rename(call: Call, order_id: str) -> Reply:
    """What the shop calls its order now; our plan keeps the reference that it was made with."""
    body = _reference.read(call.body, call.json_type)
    require_scope(call.ours.principal, "plans", "write")
    order, _, plan = await find_plan(call, order_id)
    await _retell(call, order, lambda now: replace(now, merchant_reference=body.merchant_reference))
    return said(await made_of(call, order, plan))


async def send(call: Call, order_id: str) -> Reply:
    """Who brings it."""
    body = _courier.read(call.body, call.json_type)
    require_scope(call.ours.principal, "plans", "write")
    order, _, plan = await find_plan(call, order_id)
    await _retell(call, order, lambda now: replace(now, courier=body))
    return said(await made_of(call, order, plan))


async def _now(call: Call, plan: Plan) -> Plan:
    return await call.ours.get(f"/plans/{plan.plan_id}", Plan)


async def _retell(call: Call, order: Order, change: Callable[[Told], Told]) -> tuple[Order, Told]:
    return await ORDERS.retell(call.services.pool, call.services.secrets, order, change)


def _of(money: Money, plan: Plan) -> int:
    """An amount of the order's currency."""
    amount = minor(money, "/amount")
    if money.currency != plan.currency:
        raise Refused(Code.CURRENCY_MISMATCH, f"The order is in {plan.currency}.", "/amount/currency")
    return amount
