"""Plans that an operator enrols in a cover set, by a list: all of them or none, up to what the set takes.

What they take comes of the same budget as what is enrolled by programmes (service/partners/lease_flow.py): so both
together are never more than was sanctioned.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from service import ids
from service.db import Connection
from service.errors import Code, Refused
from service.money import BPS
from service.partners import programme_flow
from service.partners.lease_flow import ONE_S
from service.plans import budget_store
from service.plans.budget_store import UsedBudget
from service.plans.plan import Plan
from service.plans.reading_store import load_plans
from service.plans.state import PlanState
from service.support import documents_flow, pool_flow
from service.support import enrolling_store as store
from service.support.enrolling_store import Listed, Taking

WHOLE: Final = 2**31 - 1  # of what is left: so exactly what is needed is leased
ENROLLED: Final = frozenset({PlanState.PART_CAPTURED, PlanState.ACTIVE, PlanState.PAYMENT_DUE})


async def enrol(conn: Connection, cover_set_id: str, plan_ids: Sequence[str], now: datetime) -> int:
    """Enrols plans that owe something in a set; how many were not in it before.

    Refused: NOT_FOUND, SET_FROZEN, STATE_FORBIDS (the arrangement is suspended, a plan owes nothing, or is lost),
    CURRENCY_MISMATCH, EXCLUSIVE_COVER, LEVERAGE_EXCEEDED and CAPACITY_EXCEEDED with what is left.
    """
    into = await store.require_taking(conn, cover_set_id)
    known = await store.enrolled_of(conn, cover_set_id, plan_ids)
    found = {plan.plan_id: plan for plan in await load_plans(conn, plan_ids)}
    listed = [
        _listed(into, found.get(plan_id), plan_id, number)
        for number, plan_id in enumerate(plan_ids)
        if plan_id not in known
    ]
    if listed:
        agreed = await documents_flow.arrangement(conn, into.arrangement_id)
        assert agreed is not None
        wanted = sum(one.principal for one in listed)
        await pool_flow.require_room(conn, into.arrangement_id, agreed.document, wanted)
        await _take(conn, into, listed, now)
        await store.enrol(conn, into, listed, now)
    return len(listed)


def _listed(into: Taking, plan: Plan | None, plan_id: str, number: int) -> Listed:
    pointer = f"/plans/{number}"
    if plan is None:
        raise Refused(Code.NOT_FOUND, f"There is no plan {plan_id!r}.", pointer)
    if plan.currency != into.currency:
        raise Refused(Code.CURRENCY_MISMATCH, f"The cover set is in {into.currency}.", pointer)
    if plan.state not in ENROLLED:
        raise Refused(Code.STATE_FORBIDS, f"The plan is {plan.state}: it is covered while it is paid back.", pointer)
    promised = (plan.standing.authorized or 0) - plan.standing.given_back
    return Listed(plan.bucket, plan.plan_id, sum(plan.standing.lent), promised)


async def _take(conn: Connection, into: Taking, listed: Sequence[Listed], now: datetime) -> None:
    needed = sum(one.promised for one in listed)
    lease_id = ids.new_id(ids.LEASE, 0, int(now.timestamp() * 1000))
    leased = await conn.fetchval(
        programme_flow.Q.lease_budget, into.cover_set_id, into.sanctioned, needed, lease_id, WHOLE, ONE_S, ONE_S
    )
    if not leased:
        taken = await conn.fetchval(programme_flow.Q.taken_of, into.cover_set_id) or 0
        sentence = f"{needed} is more than the {max(into.sanctioned - taken, 0)} minor units that it still takes."
        raise Refused(Code.CAPACITY_EXCEEDED, sentence, "/plans")
    used = [
        UsedBudget(one.bucket, one.plan_id, into.cover_set_id, lease_id, one.promised, BPS, False, False)
        for one in listed
    ]
    await budget_store.use(conn, used)
