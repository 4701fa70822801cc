"""Lives of plans by chance keep every equation: 2,500 of them each time, 17,500 more with the long tests, and others
with `make simulate`.

`make simulate` folds all facts at once after every step of every life; otherwise that is done in a tenth of them.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable
from enum import StrEnum
from typing import Any, get_args

import pytest
from msgspec.structs import fields

import service.app  # noqa: F401 - knows of all verbs
from service.plans.book import PlanCommand
from service.plans.offer import Offer
from service.plans.reading_store import fold
from service.plans.running.facts import AnyFact, Captured
from service.plans.running.rows import RowKind
from service.plans.running.standing import Standing
from service.plans.state import PlanState
from service.terms.allocation_rule import Component, PaymentKind
from service.terms.terms import DownPaymentAt
from tests.plans.simulated import life
from tests.plans.simulated.equations import EQUATIONS
from tests.plans.simulated.life import Broken, Simulated
from tests.plans.simulated.seen import Seen

SEEDS = os.environ.get("TENOR_SEEDS")
REACHING = 1_500  # the first of them, which one test lives to see what they reach
FIRST, _, END = (SEEDS or f"{REACHING}-20000").partition("-")
LONG = int(END) if SEEDS else 2_500  # from here on they are long tests
AT_ONCE = 200  # lives in one test, so that the cores share them


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(first, marks=[pytest.mark.long] if first >= LONG else [])
        for first in range(int(FIRST), int(END), AT_ONCE)
    ],
)
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


def test_chance_reaches_every_verb_fact_state_and_term() -> None:
    """Whatever may happen to a plan does happen, and is not only refused: a new verb or fact has its steps, too.

    And plans that were captured have said everything that a price list may, whatever it was, and what goes beside it.
    """
    done, facts, kinds, states = set[str](), set[type](), set[PaymentKind](), set[str]()
    said: defaultdict[str, set[Any]] = defaultdict(set)
    seldom: Counter[str] = Counter()
    for seed in range(REACHING):
        lived = Simulated(seed).live()
        is_proof = [" a payment is proved" in step for step in lived.steps]
        seldom["a merchant's word was left unproved"] += len(lived.held)
        seldom["a merchant's word was proved"] += sum(is_proof)
        done |= {step.split()[1] for step in lived.steps if " -> " not in step and " a payment is proved" not in step}
        for seen in lived.plans.values():
            facts |= {type(one.fact) for one in seen.recorded}
            kinds |= {one.kind for one in seen.plan.standing.allocations.values()}
            states.add(seen.plan.state)
            seldom += Counter(_seldom(seen))
            if Captured in seen.sums:
                _note_terms(seen.plan.offer, said)
    assert {verb.__name__ for verb in _every(PlanCommand)} | {"authorize", "sale", "buy_back"} == done
    assert set(get_args(AnyFact)) == facts
    assert set(PaymentKind) == kinds
    assert set(PlanState) == states
    assert [one for one in (*SELDOM, "a merchant's word was left unproved") if not seldom[one]] == []
    assert {name for name, values in said.items() if len(values) < 2} == NOT_BY_CHANCE
    for values in said.values():
        kind = next((type(one) for one in values if isinstance(one, StrEnum)), None)
        if kind and kind is not DownPaymentAt:
            assert {*kind} <= values, kind


SELDOM: dict[str, Callable[[Standing], Any] | None] = {
    "a merchant's word was proved": None,
    "a payment bounced of which a part had gone back to the consumer": lambda one: one.went_back_unpaid,
    "a part of a plan was settled early": lambda one: one.settled_parts,
    "costs were due at once": lambda one: any(
        row.kind is RowKind.DOWN_PAYMENT and row.owed[Component.FEE] for row in one.rows
    ),
    "a merchant had a cost back": lambda one: one.merchant_costs_back,
    "costs that were paid came back with a quote": lambda one: one.fees_back,
}


def _seldom(seen: Seen) -> list[str]:
    """What happened to a plan of that which only a few have."""
    return [name for name, is_so in SELDOM.items() if is_so is not None and is_so(seen.plan.standing)]


def _note_terms(offer: Offer, said: defaultdict[str, set[Any]]) -> None:
    late = offer.servicing.late_fee
    for told in (offer.terms, offer.servicing, offer.leeway, *offer.terms.costs, *([late] if late else [])):
        for field in fields(told):
            said[f"{type(told).__name__}.{field.name}"].add(getattr(told, field.name))


# A price list does not say them, or says them of what is before a plan; collecting has tests of its own.
NOT_BY_CHANCE = {
    "Terms.first_due_on", "Servicing.retry", "Servicing.dispute_days",
}  # fmt: skip


def _every(kind: type[PlanCommand]) -> set[type[PlanCommand]]:
    """Whatever is one of the service's, at any depth."""
    below = {one for each in kind.__subclasses__() for one in (each, *_every(each))}
    return {one for one in below if one.__module__.startswith("service.")}
