"""Test mode as stories: months of a plan in seconds, and what each persona brings about."""

import asyncio
from typing import Any

import msgspec

from service.demo.seed import POLICY
from tests.flows.collecting import till
from tests.flows.published import publish
from tests.flows.test_test_merchants import consumer, trying
from tests.flows.world import NOON, World


async def advanced(world: World, **how: Any) -> dict[str, Any]:
    """What a moved clock answers."""
    moved = await world.merchant.post("/v1/test/clock/advance", how)
    assert moved.status_code == 200, moved.text
    answer: dict[str, Any] = moved.json()
    return answer


async def bought(world: World, persona: str = "", **more: Any) -> dict[str, Any]:
    """A captured plan of a new consumer of this persona, in instalments of which the first is due today."""
    offer = await world.offer(await consumer(world, persona), 600_00, "instalments")
    return await captured(world, offer["id"], **more)


async def captured(world: World, offer_id: str, **more: Any) -> dict[str, Any]:
    """The plan of an offer, captured."""
    opened = await world.merchant.post("/v1/plans", {"offer_id": offer_id} | more)
    assert opened.status_code == 201, opened.text
    done = await world.merchant.post(f"/v1/plans/{opened.json()['id']}/capture", {"amount": 600_00})
    assert done.status_code == 200, done.text
    plan: dict[str, Any] = done.json()
    return plan


async def seen(world: World, plan: dict[str, Any]) -> dict[str, Any]:
    """The plan as its merchant sees it now."""
    found: dict[str, Any] = (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()
    return found


async def test_three_months_of_a_plan_that_nobody_pays(world: World) -> None:
    """Each instalment falls due, is late, and costs the product's late fee; the plan ages."""
    late_fee = {"servicing": {"late_fee": {"amount": 5_00, "grace_days": 7}}}
    await publish(world, msgspec.json.decode(POLICY.read_bytes()) | late_fee)
    world.operator.now = NOON
    await trying(world)
    plan = await bought(world)
    told = [await advanced(world, days=30) for _ in range(3)]
    assert told[0]["events"]["instalment.due"] >= 1
    assert told[0]["events"]["instalment.overdue"] >= 1
    later = [row for row in plan["schedule"] if row["due_on"] > NOON.date().isoformat()]
    assert sum(one["events"].get("instalment.due", 0) for one in told) == len(later) >= 2
    assert sum(one["events"].get("fee.levied", 0) for one in told) >= 1
    assert told[2]["events"]["plan.aged"] >= 1
    after = await seen(world, plan)
    assert after["outstanding"] > plan["outstanding"]
    clock = (await world.merchant.get("/v1/test/clock")).json()
    assert clock["days_ahead"] == 90


async def test_an_authorization_expires(world: World) -> None:
    """Nobody captures it in time: it is announced twice and ends."""
    await trying(world)
    offer = await world.offer(await consumer(world), 600_00, "instalments")
    opened = (await world.merchant.post("/v1/plans", {"offer_id": offer["id"]})).json()
    told = await advanced(world, days=60)
    assert told["events"] == {"plan.expired": 1, "plan.expires_soon": 2}
    assert (await seen(world, opened))["state"] == "expired"


async def test_what_falls_due_is_charged_before_it_is_late(world: World) -> None:
    """Paid by itself through the sandbox processor, on its days."""
    await trying(world)
    async with till(world) as desk:
        buyer = await consumer(world)
        instrument = await desk.instrument(buyer, "ok")
        offer = await world.offer(buyer, 600_00, "instalments")
        plan = await captured(world, offer["id"], instrument_id=instrument)
        told = await advanced(world, days=100)
        due = len(plan["schedule"])
        assert told["events"]["charge.succeeded"] == told["events"]["payment.recorded"] == due
        assert "instalment.overdue" not in told["events"]
        assert (await seen(world, plan))["state"] == "paid_off"
        assert set(desk.sandbox.calls.values()) == {1}


async def test_the_same_request_moves_the_clock_once(world: World) -> None:
    """Its key says so; two at once move it as far as the further of them, and each thing happens once."""
    await trying(world)
    plans = [await bought(world) for _ in range(5)]
    first = await world.merchant.post("/v1/test/clock/advance", {"days": 10}, key="ten")
    again = await world.merchant.post("/v1/test/clock/advance", {"days": 10}, key="ten")
    assert first.content == again.content
    clock = (await world.merchant.get("/v1/test/clock")).json()
    assert clock["days_ahead"] == 10
    await asyncio.gather(
        advanced(world, days=70), advanced(world, days=80), world.operator.post("/v1/operator/day-close")
    )
    assert (await world.merchant.get("/v1/test/clock")).json()["days_ahead"] == 90
    events = (await world.merchant.get("/v1/events", limit=500)).json()["events"]
    for plan in plans:
        due = [one["data"]["instalment"] for one in events if one["plan_id"] == plan["id"]
               and one["type"] == "instalment.due"]  # fmt: skip
        assert due == sorted(set(due))
        assert len(due) >= 2


async def test_only_a_test_merchant_has_a_clock(world: World) -> None:
    """And it is moved by so many days, or until a day that comes; not back."""
    refused = await world.merchant.post("/v1/test/clock/advance", {"days": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_a_test")
    assert (await world.merchant.get("/v1/test/clock")).json()["code"] == "not_a_test"
    await trying(world)
    for body in (
        {},
        {"days": 1, "until": "2026-03-04"},
        {"days": 101},
        {"until": "2026-03-02"},
        {"until": "2027-03-02"},
    ):
        wrong = await world.merchant.post("/v1/test/clock/advance", body)
        assert wrong.json()["code"] == "invalid_field", body
    moved = await advanced(world, until="2026-03-05")
    assert moved["now"] == "2026-03-04T23:00:00Z"
