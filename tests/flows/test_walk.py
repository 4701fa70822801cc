"""A state machine over HTTP: chance walks through the verbs, and a small model says what the service must answer.

`make test` has 10 sequences of 30 steps and `make test-long` 10 others; `make walk` has 300, and `make walk SEED=7`
those of one seed again.
"""

import asyncio
import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.flows import walk_facts, walk_verbs
from tests.flows.walk import PRODUCTS, Mismatch, Walk, ready, replay
from tests.flows.walk_banks import PROCESSORS
from tests.flows.walk_money import LENDERS, MERCHANTS, OPERATORS
from tests.flows.walk_steps import Step, steps
from tests.flows.world import World
from tests.plans.verbs_of_routes import VERBS

SEQUENCES, STEPS = 10, 30  # of more than ten hypothesis makes each from parts of those before, and steps repeat
SEEDS = os.environ.get("TENOR_WALKS", "0-1")
FIRST, _, END = SEEDS.partition("-")


class Machine(RuleBasedStateMachine):
    """The steps of one sequence; the world lives in another thread's loop."""

    world: World
    loop: asyncio.AbstractEventLoop
    walk: Walk

    @initialize(product=st.sampled_from(list(PRODUCTS)), amount=st.sampled_from([300_00, 100_01]))
    def begin(self, product: str, amount: int) -> None:
        """A consumer buys."""
        self.walk = self._wait(Walk.begin(self.world, product, amount))

    @rule(step=st.runner().flatmap(lambda self: self.next_steps()))
    def go(self, step: Step) -> None:
        """One step."""
        self._wait(self.walk.go(step))

    def next_steps(self) -> st.SearchStrategy[Step]:
        """What may come next."""
        return steps(self.walk.plan, self.walk.plan.today(self.walk.now), self.walk.limit)

    def _wait(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)


async def walk_all(world: World, number: int, phases: tuple[Phase, ...] = (Phase.generate, Phase.shrink)) -> None:
    """All sequences of a seed; one with a mismatch is made as short as it can be."""
    machine = seed(number)(type("Machine", (Machine,), {"world": world, "loop": asyncio.get_running_loop()}))
    tried = settings(
        max_examples=SEQUENCES, stateful_step_count=STEPS + 1, deadline=None, database=None, derandomize=False,
        suppress_health_check=list(HealthCheck), phases=phases, print_blob=False,
    )  # fmt: skip
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=tried)


@pytest.mark.parametrize("half", [0, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("number", range(int(FIRST), int(END)))
async def test_the_service_does_what_the_model_says(world: World, number: int, half: int) -> None:
    await ready(world)
    try:
        await walk_all(world, 2 * number + half)
    except Mismatch as mismatch:
        mismatch.add_note(f"To walk it again: make walk SEED={number}")
        raise


def test_the_walk_takes_every_verb() -> None:
    """Those of the table of verbs by state, which are all that the app has."""
    operators = {f"operator/{verb}" for verb in [*OPERATORS, *LENDERS]}
    assert {*MERCHANTS, *operators, *PROCESSORS} == set(VERBS)


PAID = Step("payments", {"amount": 100_00}, "twice")
BOUGHT = [Step("capture", {"amount": 300_00}), PAID, Step("wait", {"hours": 24})]
FEE = Step("fees", {"amount": 2_50}, "after a dry run")


async def test_a_walk_without_a_fault_goes_to_its_end(world: World) -> None:
    await ready(world)
    walk = await replay(world, "pay in 4", 300_00, [*BOUGHT, FEE, Step("payments", {"amount": 202_50})])
    assert walk.plan.shown() | {"state": "paid_off", "paid": 302_50, "outstanding": 0} == walk.plan.shown()


@pytest.mark.parametrize(
    "steps",
    [
        [  # what was paid ahead stays paid when the rest is called due
            Step("credits", {"kind": "goodwill", "amount": 300_00}),
            Step("accelerate", {"due_on": "2026-03-16", "why": "fraud"}),
        ],
        [  # let go, then a payment comes back: it is owed again, and earns nothing
            Step("payments", {"amount": 100_00}),
            Step("forgive"),
            Step("payments/charge_back", {"amount": 50_00, "payment_id": "fact 2"}),
        ],
    ],
)
async def test_what_went_wrong_once(world: World, steps: list[Step]) -> None:
    await ready(world)
    walk = await replay(world, "by the period", 300_00, [Step("capture", {"amount": 300_00}), *steps])
    assert walk.plan.shown()["state"] == "active"


async def test_a_model_that_is_wrong_by_a_cent_is_found_with_the_steps_to_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = walk_facts.RULES["levied"]

    def wrong(stand: walk_facts.Stand, fact: walk_facts.Fact) -> None:
        right(stand, replace(fact, amount=fact.amount + 1))

    monkeypatch.setitem(walk_facts.RULES, "levied", wrong)
    await ready(world)
    with pytest.raises(Mismatch) as found:
        await replay(world, "pay in 4", 300_00, [*BOUGHT, FEE])
    first, again, *steps = str(found.value).splitlines()
    assert first == "outstanding: the service says 20250, the model 20251"
    assert again == "await replay(world, 'pay in 4', 30000, ["
    assert steps == [f"    {step}," for step in [*BOUGHT, FEE]] + ["])"]


async def test_chance_finds_a_model_that_forgets_what_a_payment_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(walk_facts.RULES, "paid", lambda stand, fact: None)
    await ready(world)
    with pytest.raises(Mismatch, match=r"the service says (?s:.*)await replay\(world"):
        await walk_all(world, 0, phases=(Phase.generate,))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"state": "active"}, "state: the service says active, the model paid_off"),
        ({"version": 2}, "nothing was recorded: the service says 2, the model 3"),
    ],
)
async def test_a_service_that_says_something_else_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], sentence: str
) -> None:
    """The plan as it is read after a refusal, with one word changed."""
    await ready(world)
    paid = [Step("capture", {"amount": 300_00}), Step("payments", {"amount": 300_00})]
    walk = await replay(world, "pay in 4", 300_00, paid)
    shown = await walk.shown()

    async def other(_: Walk) -> dict[str, Any]:
        return shown | changed

    monkeypatch.setattr(Walk, "shown", other)
    with pytest.raises(Mismatch, match=sentence):
        await walk.go(Step("void"))


async def test_an_answer_that_the_model_does_not_foresee_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that takes a capture of more than is left for one of the rest."""
    await ready(world)
    monkeypatch.setattr(walk_verbs, "refuse_if", lambda condition, code="": None)
    with pytest.raises(Mismatch, match=r"the answer is amount_exceeds_authorized .* the model says accepted"):
        await replay(world, "pay in 4", 300_00, [Step("capture", {"amount": 300_01})])
