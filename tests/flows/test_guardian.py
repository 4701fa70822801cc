"""An authorization from its first day to its last: announced, extended, and never ended in silence."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec

from service.demo.seed import POLICY
from tests.flows.published import publish
from tests.flows.world import NOON, World


async def with_leeway(world: World, **leeway: Any) -> None:
    """The demo's policy, with this leeway."""
    clocks = world.operator.now, world.second_operator.now
    await publish(world, msgspec.json.decode(POLICY.read_bytes()) | {"leeway": leeway})
    world.operator.now, world.second_operator.now = clocks


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
    told = next(one for one in await events(world, part["id"]) if one["type"] == "plan.expires_soon")
    assert told["remaining"] == 400_00
    found = (await world.merchant.get(f"/v1/plans/{part['id']}")).json()
    assert (found["state"], found["voided"], found["captured"]) == ("active", 400_00, 200_00)


async def test_a_late_capture_takes_its_reference_and_the_limit_again_unless_another_plan_has(world: World) -> None:
    await with_leeway(world, late_capture_grace_days=7)
    consumer, somebody_else = await world.consumer(limit=1_000_00), await world.consumer(limit=1_000_00)
    plans = [await world.plan(consumer, 300_00) for _ in range(3)]
    assert (await close(world, 30.5))["expired"] == 3
    assert [one.get("late_capture_until") for one in await events(world, plans[0]["id"])][-1] == "2026-04-08T12:00:00Z"

    captured = await world.merchant.post(f"/v1/plans/{plans[0]['id']}/capture", {"amount": 200_00})
    assert (captured.status_code, captured.json()["state"], captured.json()["voided"]) == (200, "active", 100_00)
    reference = plans[0]["merchant_reference"]
    found = (await world.merchant.get("/v1/plans", merchant_reference=reference)).json()["plans"]
    assert [one["id"] for one in found] == [plans[0]["id"]]
    asked = {"merchant_reference": reference, "consumer": consumer, "currency": "EUR", "amount": 300_00}
    assert (await world.merchant.post("/v1/checkouts", asked)).json()["code"] == "reference_used"

    again = {"merchant_reference": plans[1]["merchant_reference"], "consumer": somebody_else, "currency": "EUR"}
    offers = (await world.merchant.post("/v1/checkouts", again | {"amount": 300_00})).json()["offers"]
    assert (await world.merchant.post("/v1/plans", {"offer_id": offers[0]["id"]})).status_code == 201
    path = f"/v1/plans/{plans[1]['id']}/capture"
    for dry_run in ("?dry_run=true", ""):
        taken = await world.merchant.post(f"{path}{dry_run}", {"amount": 300_00})
        assert (taken.status_code, taken.json()["code"]) == (409, "reference_used")

    await world.operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": 499_99})
    path = f"/v1/plans/{plans[2]['id']}/capture"
    full = await world.merchant.post(path, {"amount": 300_00})
    assert (full.status_code, full.json()["code"], full.json()["pointer"]) == (409, "limit_exceeded", "/amount")
    assert (await world.merchant.post(path, {"amount": 299_99})).status_code == 200
    assert (await world.account(consumer))["available"] == 0
    sentence = (await world.merchant.get(f"/v1/plans/{plans[2]['id']}/timeline")).json()["entries"][-1]["sentence"]
    assert sentence.startswith("299.99 EUR were captured, although they had expired, due until ")


async def test_a_tip_is_captured_as_far_as_the_product_allows(world: World) -> None:
    await with_leeway(world, capture_tolerance_bps=1_000)
    consumer = await world.consumer(limit=1_000_00)
    plan = await world.plan(consumer, 500_00, "pay_after_use")
    assert plan["leeway"]["capture_tolerance_bps"] == 1_000
    path = f"/v1/plans/{plan['id']}/capture"
    too_much = await world.merchant.post(path, {"amount": 550_01})
    assert (too_much.status_code, too_much.json()["code"]) == (422, "amount_exceeds_authorized")
    assert "50000 minor units that may still be captured, and 5000 more" in too_much.json()["detail"]
    captured = (await world.merchant.post(path, {"amount": 550_00})).json()
    assert (captured["amount"], captured["captured"], captured["outstanding"]) == (550_00, 550_00, 550_00)
    assert (await events(world, plan["id"]))[-1]["beyond"] == 50_00
    assert (await world.account(consumer))["used"] == 550_00


async def test_an_order_is_amended_in_place_and_disclosed_anew(world: World) -> None:
    consumer = await world.consumer(limit=1_500_00)
    offer = await world.offer(consumer, 1_200_00, "instalments", instalments=12, category="business")
    plan = (await world.merchant.post("/v1/plans", {"offer_id": offer["id"]})).json()
    path = f"/v1/plans/{plan['id']}"
    assert offer["amount_min"] <= 1_200_00 <= offer["amount_max"]
    assert "amend" in plan["next_actions"]

    foretold = (await world.merchant.post(f"{path}/amend?dry_run=true", {"amount": 1_400_00})).json()
    amended = (await world.merchant.post(f"{path}/amend", {"amount": 1_400_00})).json()
    assert amended["schedule"] == foretold["plan"]["schedule"]
    assert foretold["account_after"]["reserved"] == 1_400_00
    assert (amended["amount"], amended["remaining"], amended["terms"]) == (1_400_00, 1_400_00, offer["terms"])
    assert sum(row["principal"] for row in amended["schedule"]) == 1_400_00
    told = (await events(world, plan["id"]))[-1]
    assert (told["type"], told["amount_before"], told["amount"]) == ("plan.amended", 1_200_00, 1_400_00)
    assert told["total_payable"] == sum(row["principal"] + row["interest"] + row["fee"] for row in amended["schedule"])
    said = (await world.merchant.get(f"{path}/disclosure")).json()
    lines = {line["name"]: line["value"] for line in said["lines"]}
    cost = told["total_cost"]
    assert (lines["cash_price"], lines["total_cost"]) == ("1,400.00 EUR", f"{cost // 100}.{cost % 100:02} EUR")
    assert (await world.merchant.get(f"/v1/offers/{offer['id']}/disclosure")).json() != said

    too_much = await world.merchant.post(f"{path}/amend", {"amount": 1_500_01})
    assert (too_much.status_code, too_much.json()["code"], too_much.json()["pointer"]) == (
        409,
        "limit_exceeded",
        "/amount",
    )
    assert (await world.merchant.post(f"{path}/capture", {"amount": 400_00})).status_code == 200
    below = await world.merchant.post(f"{path}/amend", {"amount": 399_99})
    assert (below.status_code, below.json()["code"]) == (409, "state_forbids")
    assert "40000 minor units are captured already" in below.json()["detail"]
    less = (await world.merchant.post(f"{path}/amend", {"amount": 900_00})).json()
    assert (less["state"], less["captured"], less["remaining"]) == ("part_captured", 400_00, 500_00)
    assert (await world.account(consumer))["available"] == 600_00
    whole = (await world.merchant.post(f"{path}/capture", {"amount": 500_00})).json()
    assert (whole["state"], whole["captured"], whole["voided"]) == ("active", 900_00, 0)
    agreed = (await events(world, plan["id"]))[-2]
    assert whole["outstanding"] <= agreed["total_payable"]
    entries = (await world.merchant.get(f"{path}/timeline")).json()["entries"]
    assert entries[1]["sentence"].startswith(
        "The order was amended: 1400.00 EUR may be captured in all; that would cost"
    )


async def test_a_deposit_is_topped_up_and_disclosed_anew(world: World) -> None:
    consumer = await world.consumer(limit=1_000_00)
    offer = await world.offer(consumer, 500_00, "deposit", deposit_amount=1_000_00, category="cameras")
    plan = (await world.merchant.post("/v1/plans", {"offer_id": offer["id"]})).json()
    path = f"/v1/plans/{plan['id']}"
    topped_up = (await world.merchant.post(f"{path}/top_up", {"amount": 400_00})).json()
    assert (topped_up["amount"], topped_up["held"], topped_up["version"]) == (1_400_00, 400_00, 2)
    assert sum(row["principal"] for row in topped_up["schedule"]) == 1_000_00
    told = (await events(world, plan["id"]))[-1]
    assert (told["type"], told["amount"], told["waived"], told["held"]) == (
        "deposit.topped_up", 400_00, 200_00, 200_00
    )  # fmt: skip
    said = (await world.merchant.get(f"{path}/disclosure")).json()
    lines = {line["name"]: line["value"] for line in said["lines"]}
    assert (lines["deposit"], lines["held"], lines["waived"]) == ("1,400.00 EUR", "400.00 EUR", "1,000.00 EUR")
    too_much = await world.merchant.post(f"{path}/top_up", {"amount": 3_600_01})
    assert (too_much.status_code, too_much.json()["code"], too_much.json()["pointer"]) == (
        422, "impossible_terms", "/amount"
    )  # fmt: skip
    entries = (await world.merchant.get(f"{path}/timeline")).json()["entries"]
    sentence = "The deposit was topped up to 1400.00 EUR: 1000.00 EUR on credit, 400.00 EUR held on the card."
    assert entries[1]["sentence"] == sentence


async def test_two_who_close_the_day_at_once_do_each_thing_once(world: World) -> None:
    consumer = await world.consumer(limit=1_000_00)
    plans = [await world.plan(consumer, 100_00) for _ in range(9)]
    world.operator.now = world.merchant.now = NOON + timedelta(days=31)
    closed = await asyncio.gather(*[world.operator.post("/v1/operator/day-close") for _ in range(3)])
    assert [one.status_code for one in closed] == [200] * 3
    assert sum(one.json()["expired"] for one in closed) == len(plans)
    told = (await world.merchant.get("/v1/events", limit=500)).json()["events"]
    assert [event["type"] for event in told].count("plan.expired") == len(plans)
    assert (await world.account(consumer))["available"] == 1_000_00
