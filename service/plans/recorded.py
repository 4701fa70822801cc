"""What was recorded of a plan, for the commands that have all its facts loaded. Pure."""

from collections.abc import Sequence

from service.plans.plan import Plan
from service.plans.running.facts import AnyFact, undone_by


def facts_of(plan: Plan) -> Sequence[AnyFact]:
    """All facts, in the order in which they take effect."""
    assert plan.standing.done is not None, "the facts were not loaded"
    return plan.standing.done


def undoing(plan: Plan, fact_id: str) -> AnyFact | None:
    """The fact after which another one never happened."""
    return next((fact for fact in facts_of(plan) if undone_by(fact) == fact_id), None)
