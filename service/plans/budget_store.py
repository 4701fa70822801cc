"""What plans take of budgets of programmes, and what comes back of it, written with the plans."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct, structs

from service import ids
from service.db import Connection
from service.engine.faults import need_all
from service.plans.book import Change
from service.plans.plan import Plan
from service.plans.reading_store import Q
from service.plans.rows import Changed
from service.plans.running.facts import Captured
from service.plans.subsidy import held_by
from service.statement import Int, SmallInt, Statement
from service.support import enrolling_store
from service.support.enrolling_store import CapturedPlan, enrol_captured


class UsedBudget(Struct, frozen=True):
    """What a plan that is opened takes of a budget."""

    bucket: SmallInt
    plan_id: str
    budget: str
    lease_id: str
    amount: int
    share_bps: Int
    is_book: bool
    is_subsidy: bool


class StillUsed(Struct, frozen=True):
    """What a plan still takes: of what was lent to it or is promised, of that what is out; and of a scheme's budget."""

    bucket: SmallInt
    plan_id: str
    lent_or_promised: int
    out: int
    subsidy: int


_USE_BUDGETS: Final = Statement(Q.use_budgets, used=UsedBudget)
_RETURN_TO_BUDGETS: Final = Statement(Q.return_to_budgets, moved=StillUsed)
_TAKE_AGAIN: Final = Statement(Q.take_again, moved=StillUsed)


async def save(conn: Connection, changes: Sequence[Change], moved: Iterable[Plan]) -> None:
    """Writes what plans that were opened took, and what is left of it of those that moved; mostly, there is nothing.

    Plans that were captured are enrolled in their programme's cover sets.
    """
    if used := [row for change in changes for row in _used(change)]:
        await _USE_BUDGETS.execute(conn, used=used)
    if counted := [_still_used(plan) for plan in moved if plan.funding.is_counted]:
        await _RETURN_TO_BUDGETS.execute(conn, moved=counted)
        if captured := [row for change in changes for row in _captured(change)]:
            need_all(conn)
            await enrol_captured(conn, captured)


async def follow(conn: Connection, changed: Changed) -> None:
    """The cover of plans that have ended is released, and that of plans that owe again is taken again."""
    await enrolling_store.follow(conn, changed.ended, changed.reopened)
    if changed.reopened:
        again = {one.plan_id for one in changed.reopened}
        rows = [_still_used(plan) for plan in changed.plans if plan.plan_id in again]
        await _TAKE_AGAIN.execute(conn, moved=rows)


async def return_ended(conn: Connection, plan_ids: Sequence[str]) -> None:
    """Nothing of plans that have ended is out any more."""
    await conn.execute(Q.return_ended, _buckets_of(plan_ids), list(plan_ids))


async def give_up(conn: Connection, budget: str, plan_ids: Sequence[str]) -> None:
    """Plans take nothing of a budget any more, whatever they owe."""
    await conn.execute(Q.take_nothing, budget, _buckets_of(plan_ids), list(plan_ids))


async def counted(conn: Connection, budget: str) -> int:
    """What is taken of a budget, with all that came back; nobody takes of it until the transaction ends."""
    taken: int = await conn.fetchval(Q.counted_budget, budget)
    return taken


async def use(conn: Connection, used: Sequence[UsedBudget]) -> None:
    """Writes what plans take that were opened before."""
    await _USE_BUDGETS.execute(conn, used=used)


def _buckets_of(plan_ids: Sequence[str]) -> list[int]:
    return sorted({ids.bucket_of(one) for one in plan_ids})


def _used(change: Change) -> list[UsedBudget]:
    plan = change.plan
    return [UsedBudget(plan.bucket, plan.plan_id, *structs.astuple(one)) for one in change.uses]


def _captured(change: Change) -> list[CapturedPlan]:
    return [
        CapturedPlan(
            plan.bucket, plan.plan_id, plan.funding.programme_id, plan.funding.programme_version,
            sum(plan.standing.lent), plan.currency, plan.changed_at,
        )
        for moved in change.moved
        if (plan := moved.plan).funding.is_counted
        and plan.funding.programme_id is not None
        and any(isinstance(one.fact, Captured) for one in moved.facts)
    ]  # fmt: skip


def _still_used(plan: Plan) -> StillUsed:
    standing, amounts = plan.standing, plan.amounts
    lent_or_promised = (standing.authorized or 0) - standing.given_back
    out = amounts.reserved + amounts.used
    return StillUsed(plan.bucket, plan.plan_id, lent_or_promised, out, held_by(plan.offer, plan.standing))
