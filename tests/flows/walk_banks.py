"""Disputes in the walk that a processor tells of: the consumer's bank disputes a charge, and decides.

One reference of one charge is one dispute for good: told again it is answered as it stands. It is the plan's dispute
like any other, so that only one is open at a time.
"""

from datetime import date, timedelta
from typing import Final

from tests.flows.walk_facts import Fact, Refusal
from tests.flows.walk_model import Plan
from tests.flows.walk_money import respond_by
from tests.flows.walk_verbs import Asked, Verb, refuse_if

ANSWER_WITHIN: Final = timedelta(180)

Of = tuple[str, str]  # the charge, as the walk calls it, and the processor's reference


def known_state(plan: Plan, of: Of) -> str | None:
    """How a dispute that the processor has told of stands; None: there is none."""
    opened = _opened(plan, of)
    undone = {fact.undoes for fact in plan.facts if fact.undoes}
    if opened is None or opened.name in undone:
        return None
    if plan.stand.dispute.get("name") == opened.name:
        return str(plan.stand.dispute["state"])
    closed = [fact for fact in plan.facts if fact.get("dispute") == opened.name and fact.kind == "dispute_closed"]
    return str(next(fact.get("outcome") for fact in reversed(closed) if not fact.name or fact.name not in undone))


def _opened(plan: Plan, of: Of) -> Fact | None:
    return next((fact for fact in plan.facts if fact.kind == "dispute_opened" and fact.get("of") == of), None)


def of_charge(plan: Plan, asked: Asked) -> Of:
    """What a request is about. Refusal: a charge that is not there."""
    charges = plan.card.charges if plan.card is not None else {}
    refuse_if(asked.get("charge_id") not in charges, "not_found")
    return asked.get("charge_id"), asked.get("reference")


def told_before(plan: Plan, verb: str, asked: Asked) -> bool:
    """Whether it changes nothing: the dispute was opened before, or has come to that end."""
    try:
        state = known_state(plan, of_charge(plan, asked))
    except Refusal:
        return False
    return state is not None and (verb == OPENS or state == asked.get("outcome"))


def open_at_bank(plan: Plan, asked: Asked) -> None:
    """The bank disputes a charge that brought money."""
    of = of_charge(plan, asked)
    charged, came = plan.card.charges[of[0]]
    amount, said = asked.get("amount"), asked.day("respond_by")
    refuse_if(not came)
    refuse_if(amount > charged, "amount_exceeds_outstanding")
    refuse_if(_opened(plan, of) is not None)  # and was undone
    refuse_if(said is not None and not asked.today <= said <= asked.today + ANSWER_WITHIN, "invalid_field")
    until: date = said or respond_by(plan, asked.today)
    plan.happens(asked.fact("dispute_opened", amount, until=until, of=of))


def decide_at_bank(plan: Plan, asked: Asked) -> None:
    """The bank has decided."""
    of = of_charge(plan, asked)
    opened = _opened(plan, of)
    if opened is None or known_state(plan, of) is None:
        raise Refusal("not_found")
    refuse_if(plan.stand.dispute.get("name") != opened.name)  # another was opened since
    first, *rest = plan.closing(plan.stand.dispute, asked.get("outcome"), asked.today, asked.today)
    plan.happens(asked.fact("dispute_closed", **first.more))
    for fact in rest:
        plan.happens(fact)


OPENS: Final = "processor/disputes"
PROCESSORS: Final[dict[str, Verb]] = {OPENS: open_at_bank, f"{OPENS}/decide": decide_at_bank}
