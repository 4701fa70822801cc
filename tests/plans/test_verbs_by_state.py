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
    assert {verb for verb, _, _ in VERBS.values()} | OF_THE_DAY | {PassDays} == set(PlanCommand.__subclasses__())
    assert {life.plans[plan_id].state for _, (life, plan_id) in lives()} == set(PlanState)
