"""A slice of the first day through the whole API. The invariants are checked after it, as after every flow."""

from collections import Counter
from collections.abc import Mapping
from datetime import date

from rich.console import Console

from service.demo.applications import read_applications
from service.demo.connections import Answered, Send
from service.demo.first_day import accounts_of_one_person
from service.demo.made_up import made_up
from service.demo.replay import Replay
from service.demo.summary import decisions_table, one_limit, plans_table
from tests.flows.world import World

FIRST_DAY_ON = date(2025, 3, 31)
TODAY = date(2026, 3, 31)


def through(world: World) -> Send:
    """To the service in this process."""

    async def send(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answered:
        answered = await world.http.request(method, path, headers=headers, content=body)
        return Answered(answered.status_code, answered.content)

    return send


async def test_a_slice_of_the_first_day_and_again(world: World) -> None:
    applications = read_applications()[:24]
    told: Counter[str] = Counter()
    replay = Replay(through(world), world.demo, FIRST_DAY_ON, TODAY)
    await replay.run(applications, lambda step: told.update([step]))
    assert told == {"decided": 24, "done": 24}

    summary = (await world.operator.get("/v1/operator/summary")).json()
    assert sum(row["decisions"] for row in summary["decisions"]) == 24
    assert sum(row["plans"] for row in summary["plans"]) > 0
    assert (await world.operator.get("/v1/operator/ledger/trial-balance")).json()["total"] == 0

    await replay.run(applications, lambda _: None)  # cut short and started again: nothing doubles
    assert (await world.operator.get("/v1/operator/summary")).json() == summary


async def test_what_is_made_up_shows_the_other_kinds_in_all_their_endings(world: World) -> None:
    await Replay(through(world), world.demo, FIRST_DAY_ON, TODAY).run(made_up(), lambda _: None)
    world.operator.now = None
    summary = (await world.operator.get("/v1/operator/summary")).json()
    states = {(row["kind"], row["state"]): (row["plans"], row["overdue_plans"] > 0) for row in summary["plans"]}
    assert states == {
        ("pay_after_use", "paid_off"): (25, False),
        ("pay_after_use", "payment_due"): (3, True),
        ("pay_after_use", "voided"): (4, False),
        ("deposit", "closed"): (13, False),
        ("deposit", "payment_due"): (1, True),
    }
    shown = Console(width=120, record=True)
    shown.print(decisions_table(summary["decisions"]), plans_table(summary["plans"]))
    assert "All made up" in shown.export_text()


async def test_one_person_at_two_shops_has_one_limit(world: World) -> None:
    accounts = await accounts_of_one_person(through(world), world.demo)
    said = "known at 2 shops by one number: a limit of 1,000.00, 1,000.00 of it available"
    assert one_limit(accounts) == said
    plan = await world.plan(accounts[0]["consumer"], 400_00)
    assert plan["state"] == "authorized"
    again = await accounts_of_one_person(through(world), world.demo)
    assert one_limit(again) == said.replace("1,000.00 of", "600.00 of")
