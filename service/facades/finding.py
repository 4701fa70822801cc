"""What became of an order: its plan, and what happened to that."""

from typing import Final

from service.errors import Code, Refused
from service.facades.ours import Ours
from service.facades.seen import Checkout, Entry, Plan, Plans, Timeline
from service.facades.store import Order

ENTRIES: Final = 500  # of a page


async def plan_of(ours: Ours, order: Order, checkout: Checkout) -> Plan | None:
    """The order's plan, also where it was opened and the answer was lost on the way; None: it has none."""
    if order.plan_id is not None:
        return await ours.get(f"/plans/{order.plan_id}", Plan)
    if order.agreed_at is None:
        return None
    try:
        found = await ours.get("/plans", Plans, merchant_reference=checkout.merchant_reference)
    except Refused as refused:
        if refused.code is not Code.NOT_FOUND:
            raise
        return None
    return next((one for one in found.plans if one.decision_id == checkout.decision_id), None)


async def timeline_of(ours: Ours, plan: Plan) -> tuple[Entry, ...]:
    """All that happened to a plan."""
    entries: tuple[Entry, ...] = ()
    while True:
        after = str(entries[-1].number) if entries else "0"
        page = await ours.get(f"/plans/{plan.plan_id}/timeline", Timeline, after=after, limit=str(ENTRIES))
        entries += page.entries
        if len(page.entries) < ENTRIES:
            return entries
