"""An authorization from its first day to its last: announced, extended, and never ended in silence."""

from datetime import timedelta
from typing import Any

from tests.flows.world import NOON, World


async def close(world: World, days: float) -> dict[str, Any]:
    """The day is closed so many days after the beginning."""
    world.merchant.now = world.operator.now = NOON + timedelta(days=days)
    closed: dict[str, Any] = (await world.operator.post("/v1/operator/day-close")).json()
    return {name: closed[name] for name in ("expires_soon", "extended", "expired")}


async def events(world: World, plan_id: str) -> list[dict[str, Any]]:
    """What the merchant was told of the plan, without what is known."""
    told = (await world.merchant.get("/v1/events", limit=500)).json()["events"]
    return [{"type": event["type"]} | event["data"] for event in told if event["data"].get("plan_id") == plan_id]


async def test_the_end_is_announced_put_off_and_announced_again(world: World) -> None:
    consumer = await world.consumer(limit=1_000_00)
    plan = await world.plan(consumer, 600_00)
    path = f"/v1/plans/{plan['id']}"
    assert (plan["capture_by"], plan["extendable_days"]) == ("2026-04-01T12:00:00Z", 30)
    assert "extend_authorization" in plan["next_actions"]

    nothing = {"expires_soon": 0, "extended": 0, "expired": 0}
    assert [await close(world, day) for day in (22, 23.5, 24)] == [nothing, nothing | {"expires_soon": 1}, nothing]
    assert (await close(world, 29.5))["expires_soon"] == 1
    foretold = await world.merchant.post(f"{path}/extend_authorization?dry_run=true", {"days": 10})
    extended = await world.merchant.post(f"{path}/extend_authorization", {"days": 10})
    assert foretold.json()["plan"]["capture_by"] == extended.json()["capture_by"] == "2026-04-11T12:00:00Z"
    assert extended.json()["extendable_days"] == 20
    too_long = await world.merchant.post(f"{path}/extend_authorization", {"days": 21})
    assert (too_long.status_code, too_long.json()["code"]) == (422, "impossible_terms")
    assert "20 days at most, until 2026-05-01T12:00:00+00:00" in too_long.json()["detail"]

    # two days were missed: the week before is past, the day before is still of use
    assert (await close(world, 39.5))["expires_soon"] == 1
    assert await close(world, 40.5) == nothing | {"expired": 1}
    assert (await world.account(consumer))["available"] == 1_000_00
    late = await world.merchant.post(f"{path}/extend_authorization")
    assert (late.status_code, late.json()["code"]) == (409, "state_forbids")
    assert "expired since 2026-04-12T00:00:00+00:00, by the day" in late.json()["detail"]

    told = await events(world, plan["id"])
    assert [one["type"] for one in told] == [
        "plan.authorized", "plan.expires_soon", "plan.expires_soon", "plan.authorization_extended",
        "plan.expires_soon", "plan.expired",
    ]  # fmt: skip
    assert [one["days"] for one in told[1:5]] == [7, 1, 10, 1]
    assert told[4]["capture_by"] == "2026-04-11T12:00:00Z"
    assert (told[5]["amount"], told[5]["state"]) == (600_00, "expired")
    entries = (await world.merchant.get(f"{path}/timeline")).json()["entries"]
    assert [one["sentence"] for one in entries][1:4] == [
        "The merchant was told that what is left ends in 7 days.",
        "The merchant was told that what is left ends in 1 day.",
        "It may be captured 10 days longer.",
    ]


async def test_what_is_captured_is_no_longer_guarded_and_the_rest_is(world: World) -> None:
    consumer = await world.consumer(limit=2_000_00)
    whole, part = [await world.plan(consumer, 600_00) for _ in range(2)]
    await world.merchant.post(f"/v1/plans/{whole['id']}/capture", {"amount": 600_00})
    await world.merchant.post(f"/v1/plans/{part['id']}/capture", {"amount": 200_00})
    assert (await close(world, 23.5))["expires_soon"] == 1
    assert (await close(world, 31))["expired"] == 1
    assert "plan.expires_soon" not in [one["type"] for one in await events(world, whole["id"])]
    assert (await events(world, part["id"]))[2]["remaining"] == 400_00
    found = (await world.merchant.get(f"/v1/plans/{part['id']}")).json()
    assert (found["state"], found["voided"], found["captured"]) == ("active", 400_00, 200_00)
