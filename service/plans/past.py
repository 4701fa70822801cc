"""A plan as it was after some of its facts: what was known on a day, or the version that was told then. Pure."""

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import date

from msgspec.structs import replace

from service.errors import Code, Refused
from service.plans.amounts import amounts_of
from service.plans.billed import bill_of
from service.plans.book import Began, Recorded
from service.plans.offer import Kind
from service.plans.plan import Plan, business_day
from service.plans.running.facts import Captured, Corrected, undone_by
from service.plans.running.versions import lines_of
from service.plans.state import PlanState, has_ended, state_of
from service.plans.timeline import Step, steps
from service.terms.terms import Terms


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


def began_of(kind: Kind, terms: Terms, facts: Sequence[Recorded]) -> Began | None:
    """Since when a plan of these facts is in its state, and who has brought it there; None: its last fact has."""
    last = deque(_states(kind, terms, facts), maxlen=1)
    return _told(last[0][2], facts[-1]) if last else None


def plan_after(plan: Plan, facts: Sequence[Recorded]) -> Plan:
    """The plan after its first facts, as many as are given."""
    closed_at = None
    for step, state, brought in _states(plan.kind, plan.offer.terms, facts):
        standing, at, began = step.after, step.recorded.recorded_at, brought
        closed_at = (closed_at or at) if has_ended(state) else None
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
        began=_told(began, last),
        claimed_at=claims[-1] if claims else None,
        bills=tuple(bill_of(number, at, fact, is_reversed=gone) for number, (at, fact, gone) in enumerate(captures, 1)),
    )


def _states(kind: Kind, terms: Terms, facts: Sequence[Recorded]) -> Iterator[tuple[Step, PlanState, Recorded]]:
    """Each step, the state that it leaves the plan in, and the fact that has brought the plan to that state."""
    before: PlanState | None = None
    for step in steps(kind, terms, facts):
        state = state_of(kind, step.after, amounts_of(step.after))
        if state is not before:
            began = step.recorded
        before = state
        yield step, state, began


def _told(began: Recorded, last: Recorded) -> Began | None:
    return None if began is last else (began.recorded_at, began.actor.kind)
