"""Orders of a payment, as Alma's client adds, replaces and reads them."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from service.api.body import Body
from service.api.guard import require_scope
from service.errors import Code, Refused
from service.facades.alma import payment as shown
from service.facades.alma.finding import asked_of, find, page_of, retell, said
from service.facades.alma.wire import ORDERS_MAX, OrderBody, OrdersBody, Told
from service.facades.door import Call, Reply

_orders, _order = Body(OrdersBody), Body(OrderBody)

AllOrders = tuple[OrderBody, ...]


async def add_orders(call: Call, payment_id: str) -> Reply:
    """More orders of a payment."""
    body = _orders.read(call.body, call.json_type)
    return await _with_orders(call, payment_id, lambda now: now + tuple(one for one in body.orders if one not in now))


async def set_orders(call: Call, payment_id: str) -> Reply:
    """Other orders of a payment than before."""
    body = _orders.read(call.body, call.json_type)
    return await _with_orders(call, payment_id, lambda _: body.orders)


async def list_orders_of(call: Call, payment_id: str) -> Reply:
    """The orders of a payment."""
    require_scope(call.ours.principal, "checkouts", "read")
    _, told = await find(call, payment_id)
    return said(shown.orders_of(payment_id, told.orders))


async def get_order(call: Call, order_id: str) -> Reply:
    """An order."""
    require_scope(call.ours.principal, "checkouts", "read")
    payment_id, place = _place(order_id)
    _, told = await find(call, payment_id)
    return said(_order_at(payment_id, told, place))


async def change_order(call: Call, order_id: str) -> Reply:
    """Say what is another of an order."""
    body = _order.read(call.body, call.json_type)
    require_scope(call.ours.principal, "checkouts", "write")
    payment_id, place = _place(order_id)
    order, told = await find(call, payment_id)
    _order_at(payment_id, told, place)
    given = {name: value for name in body.__struct_fields__ if (value := getattr(body, name))}

    def changed(now: Told) -> Told:
        orders = [*now.orders]
        orders[place - 1] = replace(orders[place - 1], **given)
        return replace(now, orders=tuple(orders))

    _, told = await retell(call, order, changed)
    return said(_order_at(payment_id, told, place))


async def list_orders(call: Call) -> Reply:
    """Orders of the newest payments first."""
    require_scope(call.ours.principal, "checkouts", "read")
    limit, after = asked_of(call, {"limit", "starting_after"})
    found: list[dict[str, Any]] = []
    if after and "-" in after:  # the rest of its payment's
        after, place = _place(after)
        found += shown.orders_of(after, (await find(call, after))[1].orders)[place:]
    while len(found) <= limit:
        page = await page_of(call, after, limit)
        found += [one for order, told in page for one in shown.orders_of(order.reference, told.orders)]
        if len(page) < limit:
            break
        after = page[-1][0].reference
    return said({"data": found[:limit], "has_more": len(found) > limit})


async def _with_orders(call: Call, payment_id: str, change: Callable[[AllOrders], AllOrders]) -> Reply:
    require_scope(call.ours.principal, "checkouts", "write")
    order, _ = await find(call, payment_id)
    _, told = await retell(call, order, lambda now: replace(now, orders=change(now.orders)[:ORDERS_MAX]))
    return said(shown.orders_of(payment_id, told.orders))


def _place(order_id: str) -> tuple[str, int]:
    payment_id, _, place = order_id.partition("-")
    if not (place.isascii() and place.isdigit() and len(place) < 4):
        raise Refused(Code.NOT_FOUND, f"There is no order {order_id[:100]!r}.", "/id")
    return payment_id, int(place)


def _order_at(payment_id: str, told: Told, place: int) -> dict[str, Any]:
    if not 1 <= place <= len(told.orders):
        raise Refused(Code.NOT_FOUND, f"There is no order {payment_id}-{place}.", "/id")
    return shown.orders_of(payment_id, told.orders)[place - 1]
