"""Goods of a payment came back, as Alma's client says it: an amount, or all of it."""

from typing import Final

from msgspec.structs import replace

from service.api.body import Body
from service.errors import Code, Refused
from service.facades.alma.finding import find, retell, view
from service.facades.alma.wire import RefundBody, Told
from service.facades.door import Call, Reply
from service.facades.finding import plan_of, timeline_of
from service.facades.repeat import number_of
from service.facades.seen import Checkout, Plan, PlanAfter
from service.facades.store import digest_of

_refund: Final = Body(RefundBody)


async def refund(call: Call, payment_id: str) -> Reply:
    """Goods came back: an amount, or all that is left. A payment that was not captured is given back whole."""
    body = _refund.read(call.body or b"{}", call.json_type)
    order, told = await find(call, payment_id)
    checkout = await call.ours.get(f"/checkouts/{payment_id}", Checkout)
    plan = await plan_of(call.ours, order, checkout)
    if plan is None:
        raise Refused(Code.STATE_FORBIDS, "Nothing was bought with this payment yet: there is nothing to refund.")
    if not plan.captured and body.amount is None and "void" in plan.next_actions:
        await call.ours.post(f"/plans/{plan.plan_id}/void", {}, digest_of(payment_id, "void"), PlanAfter)
        return await view(call, payment_id)
    left = plan.captured - plan.refunded
    if body.amount is None and plan.captured and not left:
        return await view(call, payment_id)  # all of it came back before
    amount = body.amount or left
    identity = digest_of(payment_id, str(amount), await _which(call, plan, told, amount, body.merchant_reference))
    done = await call.ours.post(f"/plans/{plan.plan_id}/refunds", {"amount": amount}, identity, PlanAfter)
    fact_id = done.recorded.fact_id
    await retell(call, order, lambda now: replace(now, refunds=now.refunds | {fact_id: body}))
    return await view(call, payment_id)


async def _which(call: Call, plan: Plan, told: Told, amount: int, reference: str | None) -> str:
    """Which refund of this amount it is. With a reference of its own it is that one; without, an equal one of the last
    ten minutes is the same, sent again."""
    if reference is not None:
        return f"reference {reference}"
    entries = await timeline_of(call.ours, plan) if plan.refunded else ()
    named = {fact_id for fact_id, one in told.refunds.items() if one.merchant_reference is not None}
    return f"number {number_of(entries, 'refunded', amount, named, call.now)}"
