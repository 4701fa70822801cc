"""A purchase of Afterpay's: the range, the checkout and its consumer's word; then the order that is made of the token.

A token is a decision of ours, and an order is a plan: both have our ids. The consumer's word opens nothing yet: the
plan is opened when the shop authorizes or captures with the token.
"""

from typing import Final
from urllib.parse import urlencode

import msgspec

from service import ids
from service.api.body import Body
from service.api.guard import require_scope
from service.api.texts import key_of
from service.checkout import request as checkouts
from service.errors import Code, Refused
from service.facades import range as ranges
from service.facades import store
from service.facades.afterpay.finding import NAME, ORDERS, find, made_of, said
from service.facades.afterpay.order import PRODUCT, offer_of, text
from service.facades.afterpay.wire import CheckoutBody, TokenBody, Told, minor, money
from service.facades.agreeing import Offered, Side, address_of
from service.facades.buyer import by_email, consumer_of
from service.facades.door import Call, Reply
from service.facades.seen import Checkout, Plan, PlanAfter
from service.facades.store import Order, digest_of
from service.plans.offer import Kind

CURRENCIES: Final = ("AUD", "NZD", "USD", "CAD", "GBP")  # of a policy with several, the first of these is the shop's

_checkout, _token = Body(CheckoutBody), Body(TokenBody)


async def configuration(call: Call) -> Reply:
    """Between which amounts a purchase can be paid in four."""
    require_scope(call.ours.principal, "checkouts", "read")
    policy = await call.services.registry.policy(call.now)
    known = [one.currency for one in policy.policy.instalments]
    currency = next((one for one in CURRENCIES if one in known), known[0] if known else "")
    bounds = ranges.bounds_of(ranges.rungs_of(policy, currency, "", (Kind.INSTALMENTS,), PRODUCT)) if currency else None
    if bounds is None:
        return said({})
    return said({"minimumAmount": money(bounds.least, currency), "maximumAmount": money(bounds.most, currency)})


async def create(call: Call) -> Reply:
    """Decide; the consumer agrees at `redirectCheckoutUrl`."""
    body = _checkout.read(call.body, call.json_type)
    digest = digest_of(call.body)
    amount = minor(body.amount, "/amount")
    reference = body.merchant_reference or f"afterpay-{digest.hex()[:32]}"
    consumer_id = await consumer_of(call, by_email(body.consumer.email, call.merchant.is_test))
    ended = await ORDERS.times_ended(call.services.pool, call.merchant_id, digest, call.now)
    asked = checkouts.Checkout(
        reference, consumer_id, body.amount.currency, amount, kinds=(Kind.INSTALMENTS,), instalments=PRODUCT
    )
    checkout = await call.ours.post("/checkouts", asked, digest_of(digest, str(ended)), Checkout)
    token = checkout.decision_id
    order = Order(
        ids.bucket_of(token), call.merchant_id, NAME, token, consumer_id, call.ours.principal.key_id,
        checkout.decided_at, checkout.expires_at,
    )  # fmt: skip
    key = await key_of(call.services, call.services.pool, consumer_id)
    told = Told(body.merchant, body.consumer, reference, body.items)
    await ORDERS.put(call.services.pool, key, order, digest, told)
    answer = {
        "token": token, "expires": text(checkout.expires_at), "redirectCheckoutUrl": address_of(call, NAME, token),
    }  # fmt: skip
    return said(answer, 201)


async def authorize(call: Call) -> Reply:
    """The order of a token whose consumer has agreed: the plan is opened."""
    body = _token.read(call.body, call.json_type)
    order, plan = await _opened(call, body)
    return said(await made_of(call, order, plan), 201)


async def capture(call: Call) -> Reply:
    """The same, and captured whole."""
    body = _token.read(call.body, call.json_type)
    order, plan = await _opened(call, body)
    if plan.remaining:
        whole = {"amount": plan.remaining, "final": True}
        path = f"/plans/{plan.plan_id}/capture"
        plan = await call.ours.post(path, whole, digest_of(body.token, str(plan.remaining)), PlanAfter)
    return said(await made_of(call, order, plan), 201)


async def _opened(call: Call, body: TokenBody) -> tuple[Order, Plan]:
    require_scope(call.ours.principal, "plans", "write")
    order, _ = await find(call, body.token)
    if order.offer_id is None:
        raise Refused(Code.STATE_FORBIDS, "The consumer has not confirmed this order.", "/token")
    if body.merchant_reference is not None:
        reference = body.merchant_reference
        services = call.services
        await ORDERS.retell(
            services.pool,
            services.secrets,
            order,
            lambda now: msgspec.structs.replace(now, merchant_reference=reference),
        )
    if order.plan_id is not None:
        return order, await call.ours.get(f"/plans/{order.plan_id}", Plan)
    plan = await call.ours.post("/plans", {"offer_id": order.offer_id}, digest_of(body.token), PlanAfter)
    await store.set_plan(call.services.pool, order, plan.plan_id)
    return order, plan


async def offered(call: Call, token: str) -> Offered:
    """What the checkout's page shows."""
    order, told = await find(call, token)
    checkout = await call.ours.get(f"/checkouts/{token}", Checkout)

    def back(url: str, status: str) -> str:
        return f"{url}{'&' if '?' in url else '?'}{urlencode({'status': status, 'orderToken': token})}"

    return Offered(
        offer_of(checkout), order.offer_id is not None, order.ends_at <= call.now,
        back(told.merchant.redirect_confirm_url, "SUCCESS"), back(told.merchant.redirect_cancel_url, "CANCELLED"),
    )  # fmt: skip


async def take(call: Call, token: str) -> None:
    """The consumer has agreed."""
    order, _ = await find(call, token)
    offer = offer_of(await call.ours.get(f"/checkouts/{token}", Checkout))
    assert offer is not None  # the page has shown it
    require_scope(call.ours.principal, "plans", "write")
    await store.agree(call.services.pool, order, offer.offer_id, call.now)


def _bucket(merchant_id: str, token: str) -> int:
    return ids.bucket_of(token) if ids.is_id(token, ids.DECISION) else 0


SIDE: Final = Side(_bucket, offered, take)
