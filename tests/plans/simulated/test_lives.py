"""Lives of plans by chance keep every equation: 20,000 of them each time, others with `make simulate`.

`make simulate` folds all facts at once after every step of every life; otherwise that is done in a tenth of them.
"""

import os
from collections import defaultdict
from enum import StrEnum
from typing import Any, get_args

import pytest
from msgspec.structs import fields

import service.app  # noqa: F401 - knows of all verbs
from service.plans.book import PlanCommand
from service.plans.reading_store import fold
from service.plans.running.facts import Captured, Event
from service.plans.state import PlanState
from service.terms.allocation_rule import PaymentKind
from service.terms.terms import DownPaymentAt
from tests.plans.simulated import life
from tests.plans.simulated.equations import EQUATIONS
from tests.plans.simulated.life import Broken, Simulated
from tests.plans.simulated.seen import Seen

SEEDS = os.environ.get("TENOR_SEEDS")
REACHING = 1_500  # the first of them, which one test lives to see what they reach
FIRST, _, END = (SEEDS or f"{REACHING}-20000").partition("-")
AT_ONCE = 200  # lives in one test, so that the cores share them


@pytest.mark.parametrize("first", range(int(FIRST), int(END), AT_ONCE))
def test_lives(first: int) -> None:
    for seed in range(first, min(first + AT_ONCE, int(END))):
        Simulated(seed, at_every_step=True if SEEDS else None).live()


def test_what_is_proved_only_after_a_step_is_found_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fold of all facts at once that forgets the last one, as long as there are two of them."""
    seed = 0
    monkeypatch.setattr(life, "fold", lambda terms, facts: fold(terms, facts[:-1] if len(facts) == 2 else facts))
    Simulated(seed, at_every_step=False).live()
    with pytest.raises(Broken, match="at once is step by step"):
        Simulated(seed, at_every_step=True).live()


def test_a_seed_is_always_the_same_life() -> None:
    assert Simulated(7).live().steps == Simulated(7).live().steps


def test_what_breaks_is_told_with_its_seed_and_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing_is_captured(seen: Seen) -> tuple[int, int]:
        return len(seen.those_of(Captured)), 0

    seed = next(seed for seed in range(100) if any(" Capture plan " in step for step in Simulated(seed).live().steps))
    monkeypatch.setattr(life, "EQUATIONS", (*EQUATIONS, nothing_is_captured))
    with pytest.raises(Broken) as told:
        Simulated(seed).live()
    first, *steps = str(told.value).splitlines()
    assert first == f"seed {seed}: nothing is captured: 1 is not 0"
    assert "authorize plan 1: " in steps[0]
    assert " Capture plan " in steps[-1] or " Claim plan " in steps[-1]


def test_chance_reaches_every_verb_fact_and_state() -> None:
    """Whatever may happen to a plan does happen, and is not only refused: a new verb or fact has its steps, too."""
    done, facts, kinds, states = set[str](), set[type](), set[PaymentKind](), set[str]()
    went_back_unpaid = parts_settled = held = proved = 0
    for seed in range(REACHING):
        lived = Simulated(seed).live()
        is_proof = [" a payment is proved" in step for step in lived.steps]
        held, proved = held + len(lived.held), proved + sum(is_proof)
        done |= {step.split()[1] for step in lived.steps if " -> " not in step and " a payment is proved" not in step}
        for seen in lived.plans.values():
            standing = seen.plan.standing
            facts |= {type(one.fact) for one in seen.recorded}
            kinds |= {one.kind for one in standing.allocations.values()}
            states.add(seen.plan.state)
            went_back_unpaid += standing.went_back_unpaid > 0
            parts_settled += bool(standing.settled_parts)
    assert {verb.__name__ for verb in _every(PlanCommand)} | {"authorize", "sale", "buy_back"} == done
    assert set(get_args(Event)) == facts
    assert set(PaymentKind) == kinds
    assert set(PlanState) == states
    assert held, "no merchant's word was left unproved"
    assert proved, "no merchant's word was proved"
    assert went_back_unpaid, "no payment bounced of which a part had gone back to the consumer"
    assert parts_settled, "no part of a plan was settled early"


def test_chance_reaches_every_term() -> None:
    """Plans that were captured have said everything that a price list may, whatever it was, and what goes beside it."""
    said: defaultdict[str, set[Any]] = defaultdict(set)
    for seed in range(REACHING):
        for seen in Simulated(seed).live().plans.values():
            if Captured in seen.sums:
                offer = seen.plan.offer
                late = offer.servicing.late_fee
                for told in (offer.terms, offer.servicing, offer.leeway, *offer.terms.costs, *([late] if late else [])):
                    for field in fields(told):
                        said[f"{type(told).__name__}.{field.name}"].add(getattr(told, field.name))
    unsaid = {name for name, values in said.items() if len(values) < 2}
    assert unsaid == NOT_BY_CHANCE
    for values in said.values():
        kind = next((type(one) for one in values if isinstance(one, StrEnum)), None)
        if kind and kind is not DownPaymentAt:
            assert {*kind} <= values, kind


# A price list does not say them, or says them of what is before a plan; collecting has tests of its own.
NOT_BY_CHANCE = {
    "Terms.first_due_on", "Servicing.retry", "Servicing.dispute_days",
}  # fmt: skip


def _every(kind: type[PlanCommand]) -> set[type[PlanCommand]]:
    """Whatever is one of the service's, at any depth."""
    below = {one for each in kind.__subclasses__() for one in (each, *_every(each))}
    return {one for one in below if one.__module__.startswith("service.")}
