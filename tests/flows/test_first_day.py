"""A slice of the first day through the whole API. The invariants are checked after it, as after every flow."""

from collections import Counter
from datetime import date

from service.demo.applications import read_applications
from service.demo.replay import Replay
from tests.flows.world import World

FIRST_DAY_ON = date(2025, 3, 31)
TODAY = date(2026, 3, 31)


async def test_a_slice_of_the_first_day_and_again(world: World) -> None:
    applications = read_applications()[:24]
    told: Counter[str] = Counter()
    replay = Replay(world.http, world.demo, FIRST_DAY_ON, TODAY)
    await replay.run(applications, lambda step: told.update([step]))
    assert told == {"decided": 24, "done": 24}

    summary = (await world.operator.get("/v1/operator/summary")).json()
    assert sum(row["decisions"] for row in summary["decisions"]) == 24
    assert sum(row["plans"] for row in summary["plans"]) > 0
    assert (await world.operator.get("/v1/operator/ledger/trial-balance")).json()["total"] == 0

    await replay.run(applications, lambda _: None)  # cut short and started again: nothing doubles
    assert (await world.operator.get("/v1/operator/summary")).json() == summary
