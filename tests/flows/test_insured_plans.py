"""An insurer's limit of a debtor binds the waterfall that bears a plan's loss."""

from typing import Any

from tests.flows.insuring import agreed, asked, document
from tests.flows.test_losses import LOSSES, given_up, plan_of_two, tiers
from tests.flows.test_support import waterfall
from tests.flows.world import World


async def insurers_part(world: World, loss: str, which: str) -> tuple[int, str | None]:
    told = await world.operator.post(f"{LOSSES}/{loss}/simulate", {"waterfall_id": which})
    assert told.status_code == 200, told.text
    tier: dict[str, Any] = told.json()["allocation"]["tiers"][2]
    return tier["amount"], tier["limit"]


async def test_the_limit_of_the_day_of_the_sale_is_what_is_insured(world: World) -> None:
    plan, *_ = await plan_of_two(world)
    loss, made = await given_up(world, plan), await tiers(world)
    which = await waterfall(world, *made)
    assert await insurers_part(world, loss, which) == (3_120_00, None)  # 80 % of 4,150.00 less 250.00
    one = await document(world) | {"arrangement_id": made[2], "discretionary_max": 3_000_00}
    policy = await agreed(world, one)
    assert await insurers_part(world, loss, which) == (0, "debtor_max")
    consumer = await world.pool.fetchval("select consumer_id from plans where plan_id = $1", plan)
    limit = {"from_on": "2026-01-01", "discretionary": True}
    await asked(world, policy, consumer, 3_000_00, **limit)
    assert await insurers_part(world, loss, which) == (2_200_00, "debtor_max")
    await asked(world, policy, consumer, 4_000_00)  # of the insurer, which has not answered
    assert await insurers_part(world, loss, which) == (2_200_00, "debtor_max")


async def test_a_limit_that_begins_after_the_sale_insures_nothing_of_it(world: World) -> None:
    plan, *_ = await plan_of_two(world)
    loss, made = await given_up(world, plan), await tiers(world)
    which = await waterfall(world, *made)
    policy = await agreed(world, await document(world) | {"arrangement_id": made[2], "discretionary_max": 3_000_00})
    consumer = await world.pool.fetchval("select consumer_id from plans where plan_id = $1", plan)
    await asked(world, policy, consumer, 3_000_00, from_on="2026-03-03", discretionary=True)
    assert await insurers_part(world, loss, which) == (0, "debtor_max")
