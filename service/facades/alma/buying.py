"""A payment of Alma's is created, read and edited; and its consumer agrees.

A payment is a decision of ours, and has its id; its plan is opened and captured when its consumer agrees. What is sent
again is done once: the same request is the same payment, for as long as that may still be agreed to.
"""

from typing import Final
from urllib.parse import urlencode

from msgspec.structs import replace

from service import ids
from service.api.body import Body
from service.api.guard import require_scope
from service.api.texts import key_of
from service.checkout import request as checkouts
from service.errors import Code, Refused
from service.facades import store
from service.facades.agreeing import Offered, Side
from service.facades.alma import payment as shown
from service.facades.alma.finding import (
    NAME,
    ORDERS,
    asked_of,
    bucket_of,
    find,
    kinds_for,
    payments_in,
    retell,
    said,
    term_of,
    view,
)
from service.facades.alma.wire import CURRENCY, ChangeBody, CreateBody, Customer, Term, Told, language_of, word_of
from service.facades.buyer import by_email, consumer_of
from service.facades.door import Call, Reply
from service.facades.seen import Checkout, Plan, PlanAfter
from service.facades.store import Order, digest_of

_create, _change = Body(CreateBody), Body(ChangeBody)


async def create(call: Call) -> Reply:
    """Decide; the consumer agrees at the payment's `url`."""
    body = _create.read(call.body, call.json_type)
    digest = digest_of(call.body)
    reference = _reference(body, digest)
    consumer_id = await consumer_of(call, _buyer(call, body, reference))
    ended = await ORDERS.times_ended(call.services.pool, call.merchant_id, digest, call.now)
    fields = body.payment
    term = Term(fields.installments_count, fields.deferred_days, fields.deferred_months)
    asked = checkouts.Checkout(
        reference, consumer_id, CURRENCY, fields.purchase_amount, kinds=kinds_for(term), category=word_of(fields.cart),
        instalments=term.installments_count, language=language_of(fields.locale),
    )  # fmt: skip
    checkout = await call.ours.post("/checkouts", asked, digest_of(digest, str(ended)), Checkout)
    kept = replace(fields, billing_address=None, shipping_address=None, cart=None)
    customer = body.customer and Customer(*(getattr(body.customer, name) for name in Customer.__struct_fields__))
    told = Told(kept, customer, body.all_orders)
    order = Order(
        ids.bucket_of(checkout.decision_id), call.merchant_id, NAME, checkout.decision_id, consumer_id,
        call.ours.principal.key_id, checkout.decided_at, checkout.expires_at,
    )  # fmt: skip
    key = await key_of(call.services, call.services.pool, consumer_id)
    await ORDERS.put(call.services.pool, key, order, digest, told)
    return await view(call, checkout.decision_id)


async def fetch(call: Call, payment_id: str) -> Reply:
    """A payment as it stands."""
    return await view(call, payment_id)


async def list_all(call: Call) -> Reply:
    """Payments, the newest first; of some states, where that is asked."""
    limit, after = asked_of(call, {"limit", "starting_after", "state"})
    states = set(call.query["state"].split(",")) if call.query.get("state") else None
    found = await payments_in(call, states, after, limit + 1)
    return said({"data": found[:limit], "has_more": len(found) > limit})


async def change(call: Call, payment_id: str) -> Reply:
    """Edit where the consumer comes back to, and what the shop keeps with a payment."""
    body = _change.read(call.body, call.json_type)
    require_scope(call.ours.principal, "checkouts", "write")
    order, told = await find(call, payment_id)
    if body.payment.purchase_amount not in (None, told.fields.purchase_amount):
        sentence = "A payment keeps its amount; create a new one, or refund what is too much."
        raise Refused(Code.STATE_FORBIDS, sentence, "/payment/purchase_amount")
    given = {
        name: value for name in body.payment.__struct_fields__ if (value := getattr(body.payment, name)) is not None
    }
    more = (body.order,) if body.order else ()

    def changed(now: Told) -> Told:
        return replace(now, fields=replace(now.fields, **given), orders=more + now.orders[len(more) :])

    await retell(call, order, changed)
    return await view(call, payment_id)


async def offered(call: Call, payment_id: str) -> Offered:
    """What the payment's page shows."""
    order, told = await find(call, payment_id)
    checkout = await call.ours.get(f"/checkouts/{payment_id}", Checkout)
    offer = shown.offer_for(checkout.offers, term_of(told), checkout.decided_at)
    fields = told.fields
    back = _with_id(fields.return_url, payment_id)
    cancel = _with_id(fields.customer_cancel_url or fields.failure_return_url or fields.return_url, payment_id)
    has_plan = order.plan_id is not None and await _is_captured(call, order.plan_id)
    return Offered(offer, has_plan, order.agreed_at is None and order.ends_at <= call.now, back, cancel)


async def take(call: Call, payment_id: str) -> None:
    """The consumer has agreed: the plan is opened, and captured whole. Refused: as those verbs refuse."""
    order, told = await find(call, payment_id)
    checkout = await call.ours.get(f"/checkouts/{payment_id}", Checkout)
    offer = shown.offer_for(checkout.offers, term_of(told), checkout.decided_at)
    assert offer is not None  # the page has shown it
    await store.agree(call.services.pool, order, offer.offer_id, call.now)
    plan: Plan = await call.ours.post("/plans", {"offer_id": offer.offer_id}, digest_of(payment_id), PlanAfter)
    await store.set_plan(call.services.pool, order, plan.plan_id)
    if "confirm" in plan.next_actions:
        plan = await call.ours.post(f"/plans/{plan.plan_id}/confirm", {}, digest_of(payment_id), PlanAfter)
    whole = {"amount": plan.amount, "final": True}
    await call.ours.post(f"/plans/{plan.plan_id}/capture", whole, digest_of(payment_id), PlanAfter)


def _reference(body: CreateBody, digest: bytes) -> str:
    """The shop's reference of the purchase; what names none is known by what it says."""
    named = next((one.merchant_reference for one in body.all_orders if one.merchant_reference), None)
    return named or f"alma-{digest.hex()[:32]}"


def _buyer(call: Call, body: CreateBody, reference: str) -> str:
    """By what the shop knows who buys: a number of its own, an e-mail, a telephone; else this purchase alone."""
    customer = body.customer
    if customer is None:
        return f"alma-{reference}"
    if customer.customer_id:
        return customer.customer_id
    if customer.email:
        return by_email(customer.email, call.merchant.is_test)
    return customer.phone or f"alma-{reference}"


async def _is_captured(call: Call, plan_id: str) -> bool:
    return bool((await call.ours.get(f"/plans/{plan_id}", Plan)).captured)


def _with_id(url: str | None, payment_id: str) -> str | None:
    return url and f"{url}{'&' if '?' in url else '?'}{urlencode({'pid': payment_id})}"


SIDE: Final = Side(lambda merchant_id, payment_id: bucket_of(payment_id), offered, take)
