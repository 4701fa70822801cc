"""A payment of Alma's, found: its order, its decision and its plan, and how the client reads it."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from service import ids
from service.errors import Code, Refused
from service.facades.agreeing import address_of
from service.facades.alma import payment as shown
from service.facades.alma.wire import Term, Told
from service.facades.door import Call, Reply
from service.facades.finding import plan_of, timeline_of
from service.facades.seen import Checkout
from service.facades.store import Order, Orders, plan_states
from service.plans.offer import Kind

NAME: Final = "alma"
LIST_MAX: Final = 100
SCANNED_AT_ONCE: Final = 200
KINDS: Final = (Kind.INSTALMENTS, Kind.PAY_AFTER_USE)

ORDERS: Final = Orders(NAME, Told)


def bucket_of(payment_id: str) -> int:
    """Where a payment stands, by its id. Refused: NOT_FOUND, for what is none."""
    if not ids.is_id(payment_id, ids.DECISION):
        raise _no_payment(payment_id)
    return ids.bucket_of(payment_id)


async def find(call: Call, payment_id: str) -> tuple[Order, Told]:
    """The order behind a payment. Refused: NOT_FOUND, ERASED."""
    services = call.services
    found = await ORDERS.find(services.pool, services.secrets, bucket_of(payment_id), call.merchant_id, payment_id)
    if found is None:
        raise _no_payment(payment_id)
    return found


async def retell(call: Call, order: Order, change: Callable[[Told], Told]) -> tuple[Order, Told]:
    """Changes what the shop is told again."""
    return await ORDERS.retell(call.services.pool, call.services.secrets, order, change)


async def payment_of(call: Call, order: Order, told: Told) -> dict[str, Any]:
    """The payment as its client reads it."""
    checkout = await call.ours.get(f"/checkouts/{order.reference}", Checkout)
    plan = await plan_of(call.ours, order, checkout)
    timeline = await timeline_of(call.ours, plan) if plan and plan.refunded else ()
    offer = shown.offer_for(checkout.offers, term_of(told), checkout.decided_at)
    url = address_of(call, NAME, order.reference)
    return shown.payment(order.reference, told, checkout, offer, plan, timeline, call.now, url)


async def view(call: Call, payment_id: str) -> Reply:
    """The payment, answered."""
    return said(await payment_of(call, *await find(call, payment_id)))


async def payments_in(call: Call, states: set[str] | None, before: str | None, most: int) -> list[dict[str, Any]]:
    """At most so many payments in one of these states, or in any; the newest first, before the one named."""
    found: list[dict[str, Any]] = []
    at_once = SCANNED_AT_ONCE if states else most
    while True:
        page = await page_of(call, before, at_once)
        known = await plan_states(call.services.pool, (order for order, _ in page)) if states else {}
        for order, told in page:
            if states and states.isdisjoint(shown.may_be(known.get(order.plan_id or ""))):
                continue
            view = await payment_of(call, order, told)
            if states is None or view["state"] in states:
                found.append(view)
            if len(found) == most:
                return found
        if len(page) < at_once:
            return found
        before = page[-1][0].reference


async def page_of(call: Call, before: str | None, most: int) -> list[tuple[Order, Told]]:
    """Orders, the newest first, before the one named; fewer than so many are the last."""
    services = call.services
    return await ORDERS.page(services.pool, services.secrets, call.merchant_id, before, most)


def asked_of(call: Call, known: set[str]) -> tuple[int, str | None]:
    """How many of a list are asked for, and after which. Refused: INVALID_FIELD."""
    for name in call.query:
        if name not in known:
            raise Refused(Code.INVALID_FIELD, f"There is no parameter {name[:100]!r} here.", f"/{name[:100]}")
    text = call.query.get("limit", "20")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:5]) <= LIST_MAX):
        raise Refused(Code.INVALID_FIELD, f"limit is a number from 1 to {LIST_MAX}.", "/limit")
    after = call.query.get("starting_after")
    if after is not None:
        bucket_of(after.partition("-")[0])  # of an order: its payment
    return int(text), after


def term_of(told: Told) -> Term:
    """How it is to be paid."""
    fields = told.fields
    return Term(fields.installments_count, fields.deferred_days, fields.deferred_months)


def kinds_for(term: Term) -> tuple[Kind, ...]:
    """What of ours is paid so."""
    return (Kind.INSTALMENTS,) if term.installments_count > 1 else KINDS


def said(what: Any) -> Reply:
    """JSON."""
    return Reply(msgspec.json.encode(what))


def _no_payment(payment_id: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"There is no payment {payment_id[:100]!r}.", "/id")
