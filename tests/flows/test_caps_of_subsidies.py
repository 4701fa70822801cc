"""What a person may have of a scheme at one lender: 2,950.00 of 3,000.00 used, so of 120.00 it pays 50.00.

Source of the figures: the Chinese scheme of 2025 for personal consumption loans, 3,000.00 for each person and lender,
of which 1,000.00 for purchases under 50,000.00.
"""

import asyncio
import uuid
from typing import Any

import pytest

from service import db
from service.config import Settings
from tests.engine.processes import serving, world_of
from tests.flows.test_interest_subsidies import DUE_ON, STATE, YEAR, bought, on, priced, terms
from tests.flows.test_programmes import PROGRAMMES
from tests.flows.test_vouchers import agreed
from tests.flows.world import NOON, World

ROUNDS = 12
LARGE, SMALL, LITTLE = 539_679_54, 43_905_03, 21_952_60  # at 6 % a sixth of their interest is
OF_LARGE, OF_SMALL, OF_LITTLE = 2_950_00, 240_00, 120_00
PRICES = {
    "large": (terms("6"), LARGE), "small": (terms("6"), SMALL), "little": (terms("6"), LITTLE),
}  # fmt: skip
WHOLE: dict[str, Any] = STATE | {"interest": STATE["interest"] | {"spend_max": 0}}  # all of a purchase counts


async def borne(world: World, consumer: str, amount: int, category: str) -> int:
    """What the scheme bears of a plan that was captured."""
    return int((await bought(world, amount, category, consumer))["subsidy"]["amount"])


async def lenders(world: World) -> list[str]:
    rows = await world.pool.fetch("select distinct lender_id from plan_subsidies order by 1")
    return [row["lender_id"] for row in rows]


async def test_of_the_last_plan_it_pays_what_is_left_and_another_lender_counts_from_nothing(world: World) -> None:
    await priced(world, PRICES)
    await agreed(world, **WHOLE)
    consumer = await world.consumer(limit=1_000_000_00)
    assert await borne(world, consumer, LARGE, "large") == OF_LARGE
    assert await borne(world, consumer, LITTLE, "little") == 50_00
    one = await lenders(world)
    assert len(one) == 1
    nothing = await world.offer(consumer, LITTLE, "instalments", category="little")
    assert nothing["subsidy"] is None
    # A programme is suspended, or there is one from now on: the money is somebody else's.
    stopped = await world.operator.post(f"{PROGRAMMES}/{world.demo.programme_id}/suspend")
    assert stopped.status_code == 200, stopped.text
    assert await borne(world, consumer, LITTLE, "little") == OF_LITTLE
    assert len(await lenders(world)) == 2


async def test_the_cap_of_small_purchases_comes_first(world: World) -> None:
    await priced(world, PRICES)
    await agreed(world, **WHOLE)
    consumer = await world.consumer(limit=1_000_000_00)
    small = [await borne(world, consumer, SMALL, "small") for _ in range(5)]
    assert small == [OF_SMALL] * 4 + [40_00]  # of 1,000.00 for purchases under 50,000.00
    assert (await world.offer(consumer, LITTLE, "instalments", category="little"))["subsidy"] is None
    assert await borne(world, consumer, LARGE, "large") == 2_000_00  # what is left of 3,000.00


@pytest.mark.long
async def test_two_plans_of_one_person_at_once_never_pass_the_cap(settings: Settings, pool: db.Pool) -> None:
    """In two processes, round after round: opened in one instant, captured in one instant, and paid on one day."""
    caps = {"small_person_max": 100_00, "person_max": 100_00}
    with serving(settings) as service:
        async with world_of(service, pool) as world:
            await priced(world, YEAR)
            scheme = await agreed(world, **STATE | {"interest": STATE["interest"] | caps})
            world.merchant.now = NOON
            plans = []
            for _ in range(ROUNDS):
                plans += await two_at_once(world)
            assert len(service.workers()) == 2
            for day in DUE_ON[:2]:
                await on(world, day, plans[0])
            rows = await pool.fetch(
                "select person_id, count(*) as plans, sum(s.held)::bigint as held, sum(s.paid)::bigint as paid"
                " from plan_subsidies s join plans using (bucket, plan_id) where scheme_id = $1 group by person_id",
                scheme,
            )
    assert len(rows) == ROUNDS
    assert {(row["plans"], row["held"]) for row in rows} == {(2, 100_00)}  # the cap to the cent, and no cent more
    assert all(0 < row["paid"] <= row["held"] for row in rows)


async def two_at_once(world: World) -> list[dict[str, Any]]:
    """A new person's plans: of two offers that want 131.20 together one is accepted, and another after it."""
    consumer = await world.consumer()
    offers = [await world.offer(consumer, 12_000_00, "instalments", category="year") for _ in range(2)]
    opened = await asyncio.gather(*(world.merchant.ask("/v1/plans", {"offer_id": one["id"]}) for one in offers))
    assert sorted(one.status_code for one in opened) == [201, 409], [one.text for one in opened]
    assert [one.json()["code"] for one in opened if one.status_code == 409] == ["subsidy_spent"]
    plans = [one.json() for one in opened if one.status_code == 201]
    plans.append(await world.plan(consumer, 12_000_00, category="year"))
    paths = [f"/v1/plans/{plan['id']}/capture" for plan in plans]
    captured = await asyncio.gather(
        *(world.merchant.ask(path, {"amount": 12_000_00, "reference": uuid.uuid4().hex}) for path in paths)
    )
    assert [one.status_code for one in captured] == [200, 200], [one.text for one in captured]
    assert sorted(one.json()["subsidy"]["held"] for one in captured) == [34_40, 65_60]
    return plans
