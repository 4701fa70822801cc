"""What plans hold of schemes, and what schemes paid for them: written with the plans, read where more is granted."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from service import ids
from service.db import Connection, Pool, load_queries
from service.plans.book import Moved
from service.plans.offer import Agreement
from service.plans.plan import Plan
from service.plans.recorded import facts_of
from service.plans.running.facts import Corrected
from service.plans.running.subsidy_facts import BoughtDown, Subsidised, SubsidyReturned
from service.plans.subsidy import SubsidyKind, by_merchant, held_by, paid_by
from service.statement import Int, SmallInt, Statement
from service.subsidies.claim import Granted
from service.subsidies.interest import Used
from service.subsidies.offered import SchemeNow

Q: Final = load_queries(Path(__file__).with_name("subsidies.sql"))

UsedOf = dict[tuple[str, str], dict[str, Used]]  # by scheme and person, then by lender


class HeldSubsidy(Struct, frozen=True):
    """What a plan holds of a scheme."""

    bucket: SmallInt
    plan_id: str
    scheme_id: str
    version: Int
    lender_id: str
    is_small: bool
    currency: str
    amount: int
    held: int
    paid: int
    by_merchant: int


class PaidSubsidy(Struct, frozen=True):
    """What a scheme paid for a plan, or got back."""

    bucket: SmallInt
    plan_id: str
    number: Int
    scheme_id: str
    version: Int
    kind: SubsidyKind
    base: int
    days: Int
    rate_bps: Int
    amount: int
    before: int
    booked_on: date


_HOLD: Final = Statement(Q.hold, held=HeldSubsidy)
_PAY: Final = Statement(Q.pay, paid=PaidSubsidy)


async def save(conn: Connection, moved: Sequence[tuple[Moved, date]]) -> None:
    """Writes what plans that moved hold, and what was paid for them on a business day; mostly, there is nothing."""
    moved = [(one, on) for one, on in moved if one.plan.offer.subsidy is not None]
    if moved:
        plans = {one.plan.plan_id: one.plan for one, _ in moved}  # each as it is after the last change
        await _HOLD.execute(conn, held=[_held(plan) for plan in plans.values()])
        if paid := [row for one, on in moved for row in _paid(one, on)]:
            await _PAY.execute(conn, paid=paid)


async def used_of(conn: Connection | Pool, persons: Mapping[str, str]) -> UsedOf:
    """What each scheme holds for a person, given by scheme."""
    found: UsedOf = {one: {} for one in persons.items()}
    buckets = [ids.bucket_of(one) for one in persons.values()]
    for scheme_id, person_id, lender_id, total, small in await conn.fetch(
        Q.used_of, list(persons), list(persons.values()), buckets
    ):
        found[scheme_id, person_id][lender_id] = Used(total, small)
    return found


async def used_for(conn: Connection, agreements: Iterable[Agreement]) -> UsedOf:
    """The same of the people and schemes of agreements."""
    found: UsedOf = {}
    for one in agreements:
        if (subsidy := one.offer.subsidy) is not None and (subsidy.scheme_id, one.person_id) not in found:
            found |= await used_of(conn, {subsidy.scheme_id: one.person_id})
    return found


async def schemes_for(pool: Pool, schemes: Sequence[SchemeNow], person_id: str) -> tuple[SchemeNow, ...]:
    """The schemes with what is left of their budgets, and what the person has had of each."""
    if not schemes:
        return ()
    used = await used_of(pool, {one.scheme_id: person_id for one in schemes})
    rows = await pool.fetch(Q.taken_of, [one.scheme_id for one in schemes])
    taken = {row["budget"]: row["taken"] for row in rows}
    return tuple([
        replace(
            one,
            left=max(0, one.document.budget - taken.get(one.scheme_id, 0)) if one.document.budget else None,
            used=used[one.scheme_id, person_id],
        )
        for one in schemes
    ])  # fmt: skip


async def paid_in(pool: Pool, scheme_id: str, begin_on: date, end_on: date) -> list[tuple[int, Granted]]:
    """What a scheme paid for plans in a period, or got back, with the version that each plan is of."""
    return [
        (row["version"], Granted(row["plan_id"], row["kind"], *list(row.values())[3:]))
        for row in await pool.fetch(Q.paid_in, scheme_id, begin_on, end_on)
    ]


def _held(plan: Plan) -> HeldSubsidy:
    subsidy = plan.offer.subsidy
    assert subsidy is not None
    return HeldSubsidy(
        plan.bucket, plan.plan_id, subsidy.scheme_id, subsidy.version, plan.funding.lender, subsidy.is_small,
        plan.currency, subsidy.amount, held_by(plan.offer, plan.standing), paid_by(plan.standing),
        by_merchant(plan.offer, plan.standing),
    )  # fmt: skip


def _paid_again(plan: Plan, undone: str) -> int:
    """What a scheme pays in again, as the fact `undone`, by which it got something back, never happened.

    Below zero: what it gets back, as it had paid in by that fact.
    """
    fact = next((one for one in facts_of(plan) if one.id == undone), None)
    return fact.returned - fact.paid_in if isinstance(fact, BoughtDown) else 0


def _paid(moved: Moved, on: date) -> list[PaidSubsidy]:
    plan, subsidy = moved.plan, moved.plan.offer.subsidy
    assert subsidy is not None
    before = paid_by(moved.before.standing) if moved.before else 0
    kind = SubsidyKind.INTEREST if subsidy.buy_down is None else SubsidyKind.BUY_DOWN
    rows: list[PaidSubsidy] = []
    for one in moved.facts:
        match one.fact:
            case Subsidised(amount=amount, base=base, days=days, rate_bps=rate):
                of = base, days, rate, amount
            case SubsidyReturned(amount=back):
                of = 0, 0, 0, -back
            case BoughtDown(paid_in=paid_in, returned=back) if subsidy.buy_down and paid_in != back:
                lent = sum(plan.standing.lent) if paid_in > 0 else 0
                of = lent, 0, subsidy.buy_down.yield_bps, paid_in - back
            case Corrected(fact_id=undone) if subsidy.buy_down and (again := _paid_again(plan, undone)):
                of = sum(plan.standing.lent) if again > 0 else 0, 0, subsidy.buy_down.yield_bps, again
            case _:
                continue
        rows.append(
            PaidSubsidy(
                plan.bucket, plan.plan_id, one.number, subsidy.scheme_id, subsidy.version, kind, *of, before, on
            )
        )  # fmt: skip
        before += of[-1]
    return rows
