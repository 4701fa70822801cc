"""Plans in cover sets: enrolled by an operator's list, all of them or none, and released when they have ended.

What they take comes of the same budget as what is enrolled by programmes (service/partners/lease_flow.py): so both
together are never more than was sanctioned.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from service import ids
from service.db import Connection, Pool
from service.errors import Code, Refused
from service.event_type import EventType
from service.money import BPS
from service.partners import programme_flow
from service.partners.lease_flow import ONE_S
from service.partners.telling_flow import Teller
from service.plans import budget_store
from service.plans.budget_store import UsedBudget
from service.plans.plan import Plan
from service.plans.reading_store import load_plans
from service.plans.state import PlanState
from service.support import documents_flow, pool_flow
from service.support import enrolling_store as store
from service.support.enrolling_store import Listed, Reopened, Taking
from service.support.telling_flow import tell_party

NO_ROOM: Final = "no_room"  # it would be more than the set, or its pool, takes
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


async def release_ended(pool: Pool) -> int:
    """Releases plans that have ended without a loss: revolving sets have what they took again. How many."""
    async with pool.acquire() as conn, conn.transaction():
        ended = await store.release_all_ended(conn)
        await budget_store.return_ended(conn, ended)
    return len(ended)


async def settle_reopened(pool: Pool, now: datetime) -> int:
    """Plans that had ended and owe again: as long as there is room they are covered again, the first before the last.

    Those that there is no room for are void, and who would have borne their losses is told. How many those are.
    """
    lost = 0
    for one in await store.reopened(pool):
        async with pool.acquire() as conn, conn.transaction():
            lost += await _settle(conn, one, now)
    return lost


async def _settle(conn: Connection, one: Reopened, now: datetime) -> int:
    agreed = await documents_flow.arrangement(conn, one.arrangement_id)
    assert agreed is not None
    over = await pool_flow.beyond(conn, one.arrangement_id, agreed.document)
    if one.revolving:
        over = max(over, await budget_store.counted(conn, one.cover_set_id) - one.sanctioned)
    again: list[str] = []
    lost: list[str] = []
    for plan_id, owed in await store.lock_reopened(conn, one.cover_set_id):
        (lost if over > 0 else again).append(plan_id)
        over -= owed
    await store.settle_reopened(conn, one.cover_set_id, again)
    await store.settle_reopened(conn, one.cover_set_id, lost, NO_ROOM)
    await budget_store.give_up(conn, one.cover_set_id, lost)
    for plan_id in lost:
        data = {"arrangement_id": one.arrangement_id, "cover_set_id": one.cover_set_id, "plan_id": plan_id}
        provider = agreed.document.provider_id or ""
        await tell_party(conn, provider, EventType.COVER_LOST, Teller.DAY, data | {"reason": NO_ROOM}, now)
    return len(lost)


def _listed(into: Taking, plan: Plan | None, plan_id: str, number: int) -> Listed:
    pointer = f"/plans/{number}"
    if plan is None:
        raise Refused(Code.NOT_FOUND, f"There is no plan {plan_id!r}.", pointer)
    if plan.currency != into.currency:
        raise Refused(Code.CURRENCY_MISMATCH, f"The cover set is in {into.currency}.", pointer)
    if plan.state not in ENROLLED:
        raise Refused(Code.STATE_FORBIDS, f"The plan is {plan.state}: it is covered while it is paid back.", pointer)
    standing, amounts = plan.standing, plan.amounts
    promised = (standing.authorized or 0) - standing.given_back
    takes = amounts.reserved + amounts.used if into.revolving else promised
    return Listed(plan.bucket, plan.plan_id, sum(standing.lent), takes)


async def _take(conn: Connection, into: Taking, listed: Sequence[Listed], now: datetime) -> None:
    needed = sum(one.takes for one in listed)
    lease_id = ids.new_id(ids.LEASE, 0, int(now.timestamp() * 1000))
    leased = await conn.fetchval(
        programme_flow.Q.lease_budget, into.cover_set_id, into.sanctioned, needed, lease_id, WHOLE, ONE_S, ONE_S
    )
    if not leased:
        taken = await conn.fetchval(programme_flow.Q.taken_of, into.cover_set_id) or 0
        sentence = f"{needed} is more than the {max(into.sanctioned - taken, 0)} minor units that it still takes."
        raise Refused(Code.CAPACITY_EXCEEDED, sentence, "/plans")
    used = [
        UsedBudget(one.bucket, one.plan_id, into.cover_set_id, lease_id, one.takes, BPS, into.revolving, False)
        for one in listed
    ]
    await budget_store.use(conn, used)
