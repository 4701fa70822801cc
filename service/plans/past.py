"""A plan as it was after some of its facts: what was known on a day, or the version that was told then. Pure."""

from collections.abc import Sequence
from datetime import date

from msgspec.structs import replace

from service.errors import Code, Refused
from service.plans.amounts import amounts_of
from service.plans.billed import bill_of
from service.plans.book import Recorded
from service.plans.offer import Kind
from service.plans.plan import Plan, business_day
from service.plans.running.facts import Captured, Corrected, undone_by
from service.plans.running.versions import lines_of
from service.plans.state import PlanState, has_ended, state_of
from service.plans.timeline import steps


def known_on(plan: Plan, facts: Sequence[Recorded], on: date, today: date) -> Plan:
    """The plan as it was known when a day ended in its time zone. Refused: INVALID_FIELD (a day without the plan)."""
    if on > today:
        raise Refused(Code.INVALID_FIELD, f"{on} is after today, {today}, in the plan's time zone.", "/known_on")
    known = [one for one in facts if business_day(one.recorded_at, plan.offer.time_zone) <= on]
    if not known:
        opened_on = business_day(facts[0].recorded_at, plan.offer.time_zone)
        raise Refused(Code.INVALID_FIELD, f"The plan was opened on {opened_on}.", "/known_on")
    return plan_after(plan, known)


def version_of(plan: Plan, facts: Sequence[Recorded], version: int) -> Plan:
    """The plan after so many facts. Refused: INVALID_FIELD (it has fewer)."""
    if version > len(facts):
        raise Refused(Code.INVALID_FIELD, f"The plan has {len(facts)} versions.", "/version")
    return plan_after(plan, facts[:version])


def plan_after(plan: Plan, facts: Sequence[Recorded]) -> Plan:
    """The plan after its first facts, as many as are given."""
    closed_at, began = None, facts[0]
    state: PlanState | None = None
    for step in steps(plan.kind, plan.offer.terms, facts):
        standing, at, before = step.after, step.recorded.recorded_at, state
        state = state_of(plan.kind, standing, amounts_of(standing))
        closed_at = (closed_at or at) if has_ended(state) else None
        began = began if state is before else step.recorded
    never = {undone_by(one.fact): one.fact for one in facts}
    captures = [
        (one.recorded_at, one.fact, one.fact.id in never)
        for one in facts
        if isinstance(one.fact, Captured) and not isinstance(never.get(one.fact.id), Corrected)
    ]
    claims = [at for at, fact, _ in captures if fact.amount + fact.from_held and plan.kind is Kind.DEPOSIT]
    last = facts[-1]
    return replace(
        plan,
        standing=standing,
        amounts=amounts_of(standing),
        lines=lines_of(standing),
        version=last.number,
        changed_at=last.recorded_at,
        changed_by=last.actor.kind,
        closed_at=closed_at,
        began=None if began is last else (began.recorded_at, began.actor.kind),
        claimed_at=claims[-1] if claims else None,
        bills=tuple(bill_of(number, at, fact, is_reversed=gone) for number, (at, fact, gone) in enumerate(captures, 1)),
    )
