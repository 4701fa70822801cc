"""Many captures of one plan, each with its reference and lines: listed, captured once, reversed on their own day."""

from datetime import timedelta
from typing import Any

import httpx

from tests.flows.world import NOON, SHARED, World


async def capture(world: World, plan_id: str, amount: int, reference: str | None = None, **more: Any) -> httpx.Response:
    body = {"amount": amount, "reference": reference} | more
    return await world.merchant.post(f"/v1/plans/{plan_id}/capture", body)


async def reverse(world: World, plan_id: str, number: int, query: str = "") -> httpx.Response:
    return await world.merchant.post(f"/v1/plans/{plan_id}/captures/reverse{query}", {"capture": number})


@SHARED
async def test_each_parcel_is_captured_once_under_its_own_reference(world: World) -> None:
    consumer = await world.consumer(limit=1_000_00)
    plan = await world.plan(consumer, 600_00)
    first = (await capture(world, plan["id"], 200_00, "P-1", items=[{"name": "Chair", "amount": 200_00}])).json()
    again = await capture(world, plan["id"], 200_00, "p-1")
    assert (again.status_code, again.json()["code"], again.json()["pointer"]) == (
        409,
        "duplicate_capture",
        "/reference",
    )
    assert "Capture 1, of 20000 minor units" in again.json()["detail"]
    assert "40000 minor units may still be captured" in again.json()["detail"]
    second = (await capture(world, plan["id"], 150_00, "P-2")).json()
    assert (await capture(world, plan["id"], 250_00)).status_code == 200

    # equal amounts under different keys are two refunds; each is bound to a capture
    for _ in range(2):
        refunded = await world.merchant.post(f"/v1/plans/{plan['id']}/refunds", {"amount": 110_00})
        assert refunded.status_code == 201
    captures = refunded.json()["captures"]
    assert [(one["number"], one["amount"], one["reference"], one["refunded"]) for one in captures] == [
        (1, 200_00, "P-1", 200_00), (2, 150_00, "P-2", 20_00), (3, 250_00, None, 0),
    ]  # fmt: skip
    assert captures[0]["lines"] == [{"number": 1, "name": "Chair", "amount": 200_00, "kind": "item"}]
    assert [one["id"] for one in captures[:2]] == [first["recorded"]["id"], second["recorded"]["id"]]
    assert not any(one["is_reversed"] for one in captures)
    assert (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()["captures"] == captures


@SHARED
async def test_a_capture_by_mistake_is_taken_back_on_its_day(world: World) -> None:
    consumer = await world.consumer(limit=600_00)
    plan = await world.plan(consumer, 600_00)
    await capture(world, plan["id"], 200_00, "P-1")
    await capture(world, plan["id"], 400_00, "P-2")
    await world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": 250_00})
    foretold = (await reverse(world, plan["id"], 2, "?dry_run=true")).json()
    taken_back = (await reverse(world, plan["id"], 2)).json()
    assert taken_back["captures"] == foretold["plan"]["captures"]
    assert (taken_back["state"], taken_back["captured"], taken_back["remaining"]) == ("part_captured", 200_00, 400_00)
    assert [one["is_reversed"] for one in taken_back["captures"]] == [False, True]
    # what was paid settles the first, and the rest is owed back
    assert (taken_back["outstanding"], taken_back["overpaid"]) == (0, 50_00)
    account = await world.account(consumer)
    assert (account["reserved"], account["used"]) == (400_00, 0)
    event = (await world.merchant.get("/v1/events", limit=500)).json()["events"][-1]
    assert event["type"] == "plan.capture_reversed"
    assert (event["data"]["capture"], event["data"]["reference"], event["data"]["merchant_fee"]) == (2, "P-2", 15_90)
    entry = (await world.merchant.get(f"/v1/plans/{plan['id']}/timeline")).json()["entries"][-1]
    assert entry["sentence"] == (
        "The capture of 400.00 EUR of 2026-03-02 was reversed: the plan stands as if it had not happened."
    )
    assert entry["about"] == taken_back["captures"][1]["id"]

    twice = await reverse(world, plan["id"], 2)
    assert (twice.status_code, twice.json()["code"]) == (409, "state_forbids")
    assert (await reverse(world, plan["id"], 3)).status_code == 404
    shipped = (await capture(world, plan["id"], 400_00, "P-2")).json()
    assert [one["number"] for one in shipped["captures"]] == [1, 2, 3]
    assert {row["capture"] for row in shipped["schedule"]} == {1, 3}
    assert (shipped["outstanding"], shipped["overpaid"]) == (350_00, 0)

    world.merchant.now = NOON + timedelta(hours=12)
    late = await reverse(world, plan["id"], 3)
    assert (late.status_code, late.json()["code"], late.json()["actions"]) == (409, "state_forbids", ["refund"])
    assert "Capture 3 was made on 2026-03-02, and is reversed on its own day only." in late.json()["detail"]
    known = (await world.merchant.get(f"/v1/plans/{plan['id']}", version="4")).json()
    assert [one["is_reversed"] for one in known["captures"]] == [False, False]


@SHARED
async def test_the_only_capture_reversed_leaves_an_authorization(world: World) -> None:
    consumer = await world.consumer(limit=600_00)
    plan = await world.plan(consumer, 600_00)
    await capture(world, plan["id"], 600_00)
    assert (await reverse(world, plan["id"], 1)).json()["state"] == "authorized"
    found = (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()
    assert [one["is_reversed"] for one in found["captures"]] == [True]
    assert (await world.merchant.post(f"/v1/plans/{plan['id']}/void")).json()["state"] == "voided"
    assert (await world.account(consumer))["available"] == 600_00
