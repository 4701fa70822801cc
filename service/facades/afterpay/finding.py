"""An order of Afterpay's, found by its token or its id."""

from typing import Any, Final

import msgspec

from service import ids
from service.errors import Code, Refused
from service.facades.afterpay.order import order as shown
from service.facades.afterpay.wire import Told
from service.facades.door import Call, Reply
from service.facades.finding import plan_of, timeline_of
from service.facades.seen import Checkout, Plan
from service.facades.store import Order, Orders

NAME: Final = "afterpay"
ORDERS: Final = Orders(NAME, Told)


async def find(call: Call, token: str) -> tuple[Order, Told]:
    """The order of a token. Refused: NOT_FOUND at `/token`, ERASED."""
    found, services = None, call.services
    if ids.is_id(token, ids.DECISION):
        found = await ORDERS.find(services.pool, services.secrets, ids.bucket_of(token), call.merchant_id, token)
    if found is None:
        raise Refused(Code.NOT_FOUND, f"There is no token {token[:100]!r}.", "/token")
    return found


async def find_plan(call: Call, order_id: str) -> tuple[Order, Told, Plan]:
    """The order with this id, or `token:` and its token. Refused: NOT_FOUND."""
    if order_id.startswith("token:"):
        token = order_id.removeprefix("token:")
        order, told = await find(call, token)
        plan = await plan_of(call.ours, order, await call.ours.get(f"/checkouts/{token}", Checkout))
        if plan is None:
            raise _no_order(order_id)
        return order, told, plan
    if not ids.is_id(order_id, ids.PLAN):
        raise _no_order(order_id)
    plan = await call.ours.get(f"/plans/{order_id}", Plan)
    return *await find(call, plan.decision_id), plan


async def made_of(call: Call, order: Order, plan: Plan) -> dict[str, Any]:
    """The order as it stands now, as its client reads it."""
    _, told = await find(call, order.reference)
    return shown(order.reference, told, plan, await timeline_of(call.ours, plan))


def said(what: Any, status: int = 200) -> Reply:
    """JSON."""
    return Reply(msgspec.json.encode(what), status)


def _no_order(order_id: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"There is no order {order_id[:100]!r}.", "/id")
