"""A consumer agrees once to all orders of a scenario, and takes that back: orders that are confirmed go on."""

from datetime import timedelta
from typing import Any

import pytest

from tests.flows.world import NOON, World

TRIALS = {"scenario": "trial", "evidence": "checkbox 3"}


async def permit(world: World, consumer: str, **body: Any) -> Any:
    return await world.merchant.post(f"/v1/consumers/{consumer}/permissions", TRIALS | body)


async def trial(world: World, consumer: str) -> dict[str, Any]:
    return await world.plan(consumer, 200_00, "pay_after_use", category="trial")


async def told(world: World) -> list[tuple[str, dict[str, Any]]]:
    events = (await world.merchant.get("/v1/events", limit=500)).json()["events"]
    return [(event["type"], event["data"]) for event in events]


async def test_an_order_that_is_permitted_need_not_be_confirmed(world: World) -> None:
    consumer = await world.consumer(limit=1_000_00)
    waiting = await trial(world, consumer)
    given = await permit(world, consumer)
    assert given.status_code == 201, given.text
    permission = given.json()["id"]
    plan = await trial(world, consumer)
    assert (plan["use"]["confirmed_at"], plan["use"]["permission_id"]) == ("2026-03-02T12:00:00Z", permission)
    assert (plan["use"]["confirm_by"], plan["version"], plan["recorded"]["fact"]) == (None, 2, "authorized")
    assert plan["capture_by"] == "2026-04-01T12:00:00Z"
    assert (await world.merchant.get(f"/v1/plans/{plan['id']}")).json() == {
        name: value for name, value in plan.items() if name != "recorded"
    }
    assert [kind for kind, _ in await told(world)][1:] == ["permission.given", "plan.authorized", "plan.confirmed"]
    data = (await told(world))[-1][1]
    assert (data["permission_id"], data["remaining"], data["version"]) == (permission, 200_00, 2)
    entries = (await world.merchant.get(f"/v1/plans/{plan['id']}/timeline")).json()["entries"]
    assert entries[1]["sentence"] == "The consumer has permitted all such orders."
    twice = await world.merchant.post(f"/v1/plans/{plan['id']}/confirm")
    assert (twice.status_code, twice.json()["code"]) == (409, "state_forbids")
    assert (await world.merchant.post(f"/v1/plans/{plan['id']}/use/start")).status_code == 200
    # one that waited before still does
    assert (await world.merchant.post(f"/v1/plans/{waiting['id']}/use/start")).status_code == 409


async def test_revoked_it_holds_for_no_new_order(world: World) -> None:
    consumer = await world.consumer(limit=1_000_00)
    permission = (await permit(world, consumer)).json()["id"]
    before = await trial(world, consumer)
    world.merchant.now = NOON + timedelta(hours=1)
    revoked = await world.merchant.post(f"/v1/permissions/{permission}/revoke")
    assert revoked.json()["revoked_at"] == "2026-03-02T13:00:00Z"
    after = await trial(world, consumer)
    assert (after["use"]["confirmed_at"], after["use"]["permission_id"]) == (None, None)
    assert (await world.merchant.post(f"/v1/plans/{after['id']}/capture", {"amount": 1_00})).status_code == 409
    for verb, body in (("use/start", {}), ("capture", {"amount": 150_00})):
        assert (await world.merchant.post(f"/v1/plans/{before['id']}/{verb}", body)).status_code == 200
    world.merchant.now = NOON + timedelta(hours=2)
    again = await world.merchant.post(f"/v1/permissions/{permission}/revoke")
    assert again.json() == revoked.json()
    kinds = [kind for kind, _ in await told(world)]
    assert (kinds.count("permission.given"), kinds.count("permission.revoked")) == (1, 1)
    # it may be given anew
    anew = (await permit(world, consumer)).json()["id"]
    assert (await trial(world, consumer))["use"]["permission_id"] == anew
    page = (await world.merchant.get(f"/v1/consumers/{consumer}/permissions")).json()
    assert [(one["id"], one["revoked_at"]) for one in page["permissions"]] == [
        (permission, "2026-03-02T13:00:00Z"), (anew, None),
    ]  # fmt: skip
    assert (await world.merchant.get(f"/v1/consumers/{consumer}/permissions", after=anew)).json()["permissions"] == []


async def test_one_of_a_scenario_is_in_force_at_a_time(world: World) -> None:
    consumer = await world.consumer()
    assert (await permit(world, consumer)).status_code == 201
    twice = await permit(world, consumer)
    assert (twice.status_code, twice.json()["code"], twice.json()["pointer"]) == (409, "state_forbids", "/scenario")
    assert (await permit(world, consumer, scenario="stay")).status_code == 201


async def test_it_is_for_its_scenario_and_its_consumer_alone(world: World) -> None:
    consumer, other = await world.consumer(limit=1_000_00), await world.consumer(limit=1_000_00)
    await permit(world, consumer, scenario="ride")
    await permit(world, other)
    assert (await trial(world, consumer))["use"]["permission_id"] is None
    plain = await world.plan(other, 50_00, "pay_after_use")  # of a product that asks for no confirmation
    assert (plain["use"]["confirmed_at"], plain["version"]) == (None, 1)


async def test_a_dry_run_foretells_it(world: World) -> None:
    consumer = await world.consumer(limit=1_000_00)
    permission = (await permit(world, consumer)).json()["id"]
    offer = await world.offer(consumer, 200_00, "pay_after_use", category="trial")
    before = await world.row_counts()
    foretold = await world.merchant.post("/v1/plans?dry_run=true", {"offer_id": offer["id"]})
    assert foretold.json()["plan"]["use"]["permission_id"] == permission
    assert await world.row_counts() == before


@pytest.mark.parametrize("verb", ["permissions", "revoke"])
async def test_another_merchants_consumer_is_not_there(world: World, verb: str) -> None:
    consumer = await world.consumer()
    permission = (await permit(world, consumer)).json()["id"]
    path = f"/v1/consumers/{consumer}/permissions" if verb == "permissions" else f"/v1/permissions/{permission}/revoke"
    refused = await world.other_merchant.post(path, TRIALS if verb == "permissions" else {})
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert (await world.merchant.post("/v1/permissions/nobody/revoke")).status_code == 404
    page = (await world.merchant.get(f"/v1/consumers/{consumer}/permissions")).json()["permissions"]
    assert [one["revoked_at"] for one in page] == [None]
