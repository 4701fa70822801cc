"""A cost that the shop pays is none of the consumer's: it is a line of its settlement, and goods bring it back."""

from datetime import timedelta
from typing import Any

from service.terms.terms import Cost, Payer, Terms
from tests.flows.published import policy_of, publish
from tests.flows.test_settling_merchants import TERMS, agree, close, lines, settlements
from tests.flows.world import NOON, World

CAMPAIGN = Terms(costs=(Cost("campaign", amount=6_00, bps=100, payer=Payer.MERCHANT),))  # 12.00 of 600.00


async def act(world: World, plan: str, verb: str, **body: Any) -> dict[str, Any]:
    answered = await world.merchant.post(f"/v1/plans/{plan}/{verb}", body)
    assert answered.is_success, answered.text
    found: dict[str, Any] = answered.json()
    return found


async def test_the_shop_pays_it_out_of_its_settlement(world: World) -> None:
    await publish(world, policy_of({"campaign": (CAMPAIGN, 600_00)}) | {"jurisdiction": "DE"})
    world.merchant.now = world.operator.now = world.second_operator.now = NOON
    await agree(world, **TERMS)
    consumer = await world.consumer(limit=5_000_00)
    offer = await world.offer(consumer, 600_00, "instalments", category="campaign")
    assert (offer["total_cost"], offer["total_payable"], offer["apr"]["printed"]) == (0, 600_00, "0.0")
    said = (await world.merchant.get(f"/v1/offers/{offer['id']}/disclosure")).json()["lines"]
    assert {line["name"]: line["value"] for line in said}["charges"] == "0.00 EUR"

    plan = (await world.merchant.post("/v1/plans", {"offer_id": offer["id"]})).json()["id"]
    await act(world, plan, "capture", amount=200_00)
    captured = await act(world, plan, "capture", amount=400_00)
    assert captured["outstanding"] == 600_00
    told = (await world.merchant.get("/v1/events", limit=500)).json()["events"]
    data = [one["data"] for one in told if one["type"] == "plan.captured" and one["plan_id"] == plan]
    assert [one["merchant_cost"] for one in data] == [4_00, 8_00]
    fees = sum(one["merchant_fee"] for one in data)

    await close(world, NOON + timedelta(days=1))
    (one,) = await settlements(world)
    assert (one["captured"], one["fees"], one["payout"]) == (600_00, fees + 12_00, 588_00 - fees)
    costs = [line for line in await lines(world, one) if line["kind"] == "merchant_cost"]
    assert sorted((line["gross"], line["fee"], line["net"]) for line in costs) == [(0, 4_00, -4_00), (0, 8_00, -8_00)]
    types = {event["id"]: event["type"] for event in told}
    assert {types[line["event_id"]] for line in costs} == {"plan.captured"}

    for client in (world.merchant, world.operator):
        client.now = NOON + timedelta(days=1)
    await act(world, plan, "refunds", amount=150_00)  # a quarter of the goods, and of 12.00
    await close(world, NOON + timedelta(days=2))
    _, two = await settlements(world)
    assert (two["refunded"], two["fees"], two["closing"]) == (150_00, -3_00, -147_00)
    assert [(line["kind"], line["fee"]) for line in await lines(world, two)] == [
        ("merchant_cost", -3_00), ("refund", 0),
    ]  # fmt: skip


async def test_a_capture_that_was_a_mistake_brings_it_back(world: World) -> None:
    await publish(world, policy_of({"campaign": (CAMPAIGN, 600_00)}) | {"jurisdiction": "DE"})
    world.merchant.now = world.operator.now = NOON
    plan = (await world.plan(await world.consumer(limit=5_000_00), 600_00, category="campaign"))["id"]
    await act(world, plan, "capture", amount=600_00)
    await act(world, plan, "captures/reverse", capture=1)
    told = (await world.merchant.get("/v1/events", limit=500)).json()["events"]
    (data,) = [one["data"] for one in told if one["type"] == "plan.capture_reversed"]
    assert data["merchant_cost"] == 12_00
    left = await world.pool.fetchrow(
        "select sum(net)::bigint as net, sum(fee)::bigint as fee from merchant_bookings where plan_id = $1", plan
    )
    assert left is not None
    assert (left["net"], left["fee"]) == (0, 0)
