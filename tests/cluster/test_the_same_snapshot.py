"""What is known of a consumer is the same, asked in one statement or step by step, as on a cluster."""

from typing import Any

from service import ids
from service.checkout.flow import Q
from tests.flows.world import World


def told(row: Any) -> dict[str, Any]:
    """What a row tells of a consumer; not how many plans were read for it, which on a cluster nobody counts."""
    return {name: value for name, value in row.items() if name != "over_plans"}


async def test_both_ways_tell_the_same(world: World) -> None:
    consumers = [await world.consumer(limit=3000_00), await world.consumer(), await world.consumer(limit=1000_00)]
    for amount in (100_00, 200_00):
        plan = await world.plan(consumers[0], amount)
        done = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": amount})
        assert done.status_code == 200, done.text
    for whose in (world.merchant, world.operator, world.operator):  # the first is a merchant's word
        plan, of = await world.plan(consumers[0], 100_00), "/operator" if whose is world.operator else ""
        await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 100_00})
        assert (await whose.post(f"/v1{of}/plans/{plan['id']}/payments", {"amount": 100_00})).status_code == 201
    await world.plan(consumers[2], 50_00, "pay_after_use")
    asked = ([ids.bucket_of(one) for one in consumers], consumers, ["EUR"] * len(consumers))
    one, other = [
        sorted([told(row) for row in await world.pool.fetch(text, *asked)], key=lambda row: row["consumer_id"])
        for text in (Q.load_snapshots, Q.load_snapshots_step_by_step)
    ]
    assert [(row["open_plans"], row["paid_off_plans"]) for row in one if row["consumer_id"] == consumers[0]] == [(2, 2)]
    assert one == other
