"""What time alone brings about."""

from datetime import timedelta

from tests.flows.world import NOON, World


async def test_an_authorization_nobody_captured_gives_the_limit_back(world: World) -> None:
    consumer = await world.consumer(limit=1_000_00)
    plan = await world.plan(consumer, 600_00)

    world.operator.now = NOON + timedelta(days=1)
    assert (await world.operator.post("/v1/operator/day-close")).json()["expired"] == 0
    world.operator.now = NOON + timedelta(days=400)
    assert (await world.operator.post("/v1/operator/day-close")).json()["expired"] == 1
    assert (await world.operator.post("/v1/operator/day-close")).json()["expired"] == 0

    assert (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()["state"] == "expired"
    assert (await world.account(consumer))["available"] == 1_000_00
