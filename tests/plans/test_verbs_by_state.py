"""Every verb in every state: the table that people read is what the code does. VERBS=write writes it anew."""

import os
from pathlib import Path

from service.plans.book import PlanCommand
from service.plans.days import PassDays
from service.plans.guard import Guard
from service.plans.state import PlanState
from tests.contract.app import ROUTES
from tests.plans.verbs_by_state import lives, table
from tests.plans.verbs_of_routes import COMMANDS, VERBS, WHATEVER_STATE, route_of

TABLE = Path(__file__).with_suffix("").with_name("verbs_by_state.md")
OF_THE_DAY = {Guard, PassDays}
A_DISPUTE = "POST /v1/processor/disputes"  # it names its plan by a charge


def test_the_table_is_what_the_code_does() -> None:
    made = table()
    if os.environ.get("VERBS") == "write":
        TABLE.write_text(made)
    assert TABLE.read_text() == made


def test_every_post_about_a_plan_is_in_it() -> None:
    """A new route is not forgotten: the app's own are what is named."""
    posts = {route for route in ROUTES if route.startswith("POST ") and "{plan_id}" in route}
    posts |= {route for route in ROUTES if route.startswith(A_DISPUTE)}
    assert {route_of(name) for name in [*VERBS, *WHATEVER_STATE]} == posts


def test_every_command_and_every_state_is_in_it() -> None:
    ours = {verb for verb in PlanCommand.__subclasses__() if verb.__module__.startswith("service.")}  # tests have some
    assert ours == COMMANDS | OF_THE_DAY
    assert {life.plans[plan_id].state for _, (life, plan_id) in lives()} == set(PlanState)
