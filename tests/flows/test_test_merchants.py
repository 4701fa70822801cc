"""A test merchant: nobody's money, and its own time, in which everything that is done to its plans is done."""

import uuid
from datetime import datetime, timedelta

from service.merchants.flow import move_clock
from tests.bench.cast import ATTRIBUTES
from tests.flows.world import NOON, Client, World

AHEAD = timedelta(days=20)


async def trying(world: World) -> str:
    """The id of a new test merchant, which is the world's merchant from now on."""
    body = {"name": "Try Things", "country": "DE", "time_zone": "Europe/Berlin", "is_test": True}
    made = await world.operator.post("/v1/operator/merchants", body)
    assert made.status_code == 201, made.text
    merchant_id: str = made.json()["id"]
    key = {"audience": "merchant", "owner_id": merchant_id}
    world.merchant = Client(world.http, await world.key(**key))
    return merchant_id


async def consumer(world: World, reference: str = "") -> str:
    """A consumer's id, of a reference that ends so."""
    body = {"reference": f"{uuid.uuid4().hex}{reference}", "attributes": ATTRIBUTES}
    made = await world.merchant.post("/v1/consumers", body)
    assert made.status_code == 201, made.text
    found: str = made.json()["id"]
    return found


async def test_no_programme_funds_its_plans(world: World) -> None:
    """The demo's programme funds instalments; of a test merchant's none."""
    others = await world.plan(await world.consumer(), 600_00)
    await trying(world)
    plan = await world.plan(await consumer(world), 600_00)
    funded = [
        (await world.operator.get(f"/v1/operator/plans/{one['id']}")).json()["funding"]["programme_id"]
        for one in (others, plan)
    ]
    assert funded == [world.demo.programme_id, None]


async def test_everybody_acts_on_its_plans_at_its_time(world: World) -> None:
    """The merchant, the operator and the day; another merchant's time is real."""
    merchant_id = await trying(world)
    await move_clock(world.pool, merchant_id, AHEAD)
    await move_clock(world.pool, merchant_id, AHEAD / 2)  # never back
    registry = world.app.state["services"].registry
    await registry.reload()
    assert registry.time_at(merchant_id, NOON) == NOON + AHEAD
    assert registry.time_at(world.demo.merchant_id, NOON) == NOON
    answer = await world.checkout(await consumer(world), 600_00, kinds=["instalments"])
    assert datetime.fromisoformat(answer["decided_at"]) == NOON + AHEAD
    opened = await world.merchant.post("/v1/plans", {"offer_id": answer["offers"][0]["id"]})
    path = f"/v1/operator/plans/{opened.json()['id']}"
    for verb, client in (("capture", world.merchant), ("levy", world.operator)):
        way = path if client is world.operator else path.replace("/operator", "")
        body = {"amount": 600_00} if verb == "capture" else {"amount": 1_00, "due_on": "2026-05-01"}
        done = await client.post(f"{way}/{'capture' if verb == 'capture' else 'fees'}", body)
        assert done.status_code < 300, done.text
    timeline = (await world.operator.get(f"{path}/timeline")).json()["entries"]
    assert {one["recorded_at"] for one in timeline} == {(NOON + AHEAD).isoformat().replace("+00:00", "Z")}
