"""A loss that is looked at again: by another waterfall, by newer terms, and when money that was spent again bounces."""

from typing import Any

import httpx
import pytest

from service.app import create_app, services
from service.config import Settings
from tests.flows.test_losses import OPEN, PRICE, allocate, capacity, fund, given_up, parts, plan_of_two
from tests.flows.test_shared_plans import act
from tests.flows.test_support import ARRANGEMENTS, agreed, arrangement, document, party, waterfall
from tests.flows.world import Client, World


async def guarantee(world: World, **says: Any) -> str:
    return await arrangement(world, kind="loan_guarantee", provider_id=await party(world, "Bank"), **says)


async def another_loss(world: World) -> str:
    """Of another consumer's appliance, of which nothing was paid."""
    plan = await world.plan(await world.consumer(limit=PRICE), PRICE, category="free")
    await act(world, plan["id"], "capture", amount=PRICE)
    return await given_up(world, str(plan["id"]))


async def test_by_another_waterfall_the_first_holds_nothing(world: World) -> None:
    plan, *_ = await plan_of_two(world)
    loss = await given_up(world, plan)
    one, two = [await guarantee(world, cover_bps=bps, funded=True) for bps in (5_000, 4_000)]
    for each in (one, two):
        await fund(world, each, 10_000_00)
    await allocate(world, loss, waterfall_id=await waterfall(world, one))
    assert (await capacity(world, one))["reserved"] == 2_250_00
    found = await allocate(world, loss, waterfall_id=await waterfall(world, two))
    assert parts(found)[0] == [1_800_00]
    assert ((await capacity(world, one))["reserved"], (await capacity(world, two))["reserved"]) == (0, 1_800_00)


async def test_a_first_loss_that_was_lowered_is_used_up(world: World) -> None:
    """4,000.00 of the first 4,500.00 is who is covered's own; by the newer terms it would have been 1,000.00."""
    terms = {"kind": "loan_guarantee", "provider_id": await party(world, "Bank"), "cover_bps": 8_000}
    first: dict[str, Any] = {"kind": "aggregate_by_loss", "amount": 4_000_00}
    plan, *_ = await plan_of_two(world)
    one = await arrangement(world, **terms, attachment=first)
    which = await waterfall(world, one)
    assert parts(await allocate(world, await given_up(world, plan), waterfall_id=which))[0] == [400_00]
    newer = await document(world, **terms, attachment=first | {"amount": 1_000_00})
    await agreed(world, ARRANGEMENTS, newer, arrangement_id=one)
    found = await allocate(world, await another_loss(world), waterfall_id=which)
    assert parts(found)[0] == [4_800_00]


async def test_what_was_reinstated_spent_again_and_bounces_is_no_longer_borne(world: World) -> None:
    """4,500.00 are paid in: 1,000.00 came back and were reserved for another loss, before the payment bounced."""
    plan, *_ = await plan_of_two(world)
    loss = await given_up(world, plan)
    one = await guarantee(world, funded=True, reinstatable=True)
    await fund(world, one, OPEN)
    which = await waterfall(world, one)
    assert parts(await allocate(world, loss, waterfall_id=which))[0] == [OPEN]
    paid = await act(world, plan, "payments", amount=1_000_00)
    assert len((await allocate(world, loss))["recoveries"]) == 1
    assert parts(await allocate(world, await another_loss(world), waterfall_id=which))[0] == [1_000_00]
    body = {"payment_id": paid["recorded"]["id"]}
    assert (await world.operator.post(f"/v1/operator/plans/{plan}/payments/return", body)).is_success
    assert (await world.operator.post("/v1/operator/day-close")).json()["allocated"] == 1
    found = await allocate(world, loss)
    assert (parts(found), found["allocation"]["tiers"][0]["limit"]) == (([3_500_00], [700_00, 300_00, 0]), "no_money")
    has = await capacity(world, one)
    assert (has["reserved"], has["paid"], has["returned"], has["available"]) == (OPEN, 0, 0, 0)


async def test_what_came_before_it_was_borne_anew_is_booked(world: World) -> None:
    """1,000.00 that came is shared anew when a refund of 600.00 is found, and the books say so."""
    plan, *_ = await plan_of_two(world)
    loss = await given_up(world, plan)
    which = await waterfall(world, await guarantee(world, cover_bps=5_000))
    await allocate(world, loss, waterfall_id=which)
    await act(world, plan, "payments", amount=1_000_00)
    assert (await allocate(world, loss))["recoveries"][0]["shared"]["tiers"] == [500_00]
    assert (await world.merchant.post(f"/v1/plans/{plan}/refunds", {"amount": 600_00})).is_success
    found = await allocate(world, loss)
    assert (found["version"], parts(found)[0], len(found["recoveries"])) == (2, [1_950_00], 1)


@pytest.mark.parametrize("newer", [{"funded": True}, {"funded": True, "reinstatable": True}])
async def test_terms_by_which_it_would_have_less_than_it_bears(world: World, newer: dict[str, Any]) -> None:
    """3,600.00 are borne by a promise: before it pays from what was paid in, as much is paid in."""
    terms = {"kind": "loan_guarantee", "provider_id": await party(world, "Bank"), "cover_bps": 8_000}
    plan, *_ = await plan_of_two(world)
    one = await arrangement(world, **terms)
    await allocate(world, await given_up(world, plan), waterfall_id=await waterfall(world, one))
    asked = {"document": await document(world, **terms | newer), "arrangement_id": one}
    refused = await world.operator.post(ARRANGEMENTS, asked)
    assert (refused.status_code, refused.json()["code"]) == (409, "capacity_exceeded")
    assert "360000" in refused.json()["detail"]
    await fund(world, one, 3_600_00)
    waits = await world.operator.post(ARRANGEMENTS, asked)
    await allocate(world, await another_loss(world), waterfall_id=await waterfall(world, one))
    approval = f"/v1/operator/approvals/{waits.json()['id']}/approve"
    assert (await world.second_operator.post(approval)).json()["code"] == "capacity_exceeded"
    await fund(world, one, 4_800_00)
    assert (await world.second_operator.post(approval)).status_code == 200
    assert (await capacity(world, one))["available"] == 0


async def test_another_start_of_the_service_says_the_same_to_the_byte(world: World, settings: Settings) -> None:
    plan, *_ = await plan_of_two(world)
    loss = await given_up(world, plan)
    which = await waterfall(world, await guarantee(world, cover_bps=5_000))
    first = await allocate(world, loss, waterfall_id=which)
    app: Any = create_app(settings)
    async with services(settings) as app.state["services"]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://tenor") as http:
            operator = Client(http, world.demo.operator_key)
            path = f"/v1/operator/losses/{loss}"
            (kept,) = (await operator.get(path)).json()["versions"]
            again = await operator.post(f"{path}/simulate", {"waterfall_id": which})
    assert kept == again.json() == first
    assert len(first["sha256"]) == 64
