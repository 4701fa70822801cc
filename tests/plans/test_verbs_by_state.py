"""Every verb in every state: the table that people read is what the code does. VERBS=write writes it anew."""

import os
from pathlib import Path

from service.plans.book import PlanCommand
from service.plans.days import PassDays
from service.plans.state import PlanState
from tests.plans.verbs_by_state import OF_THE_DAY, VERBS, lives, table

TABLE = Path(__file__).with_suffix("").with_name("verbs_by_state.md")


def test_the_table_is_what_the_code_does() -> None:
    made = table()
    if os.environ.get("VERBS") == "write":
        TABLE.write_text(made)
    assert TABLE.read_text() == made


def test_every_verb_and_every_state_is_in_it() -> None:
    ours = {verb for verb in PlanCommand.__subclasses__() if verb.__module__.startswith("service.")}  # tests have some
    assert {verb for verb, _, _ in VERBS.values()} | OF_THE_DAY | {PassDays} == ours
    assert {life.plans[plan_id].state for _, (life, plan_id) in lives()} == set(PlanState)
