"""Partners and schemes that are switched off: nothing new is funded or granted, and what there is goes on."""

from typing import Any

from tests.flows.test_interest_subsidies import DUE_ON, STATE, YEAR, bought, pays, priced
from tests.flows.test_vouchers import agreed
from tests.flows.world import World


async def lender_of(world: World, plan: dict[str, Any]) -> str | None:
    seen = (await world.operator.get(f"/v1/operator/plans/{plan['id']}")).json()
    funder: str | None = seen["funding"]["programme_id"]
    return funder


async def test_a_suspended_partner_funds_nothing_new_until_two_resume_it(world: World) -> None:
    path = f"/v1/operator/partners/{world.demo.partner_id}"
    consumer = await world.consumer(limit=5_000_00)
    before = await world.plan(consumer, 100_00)
    assert await lender_of(world, before) == world.demo.programme_id
    offered = await world.offer(consumer, 100_00, "instalments")  # by the partner's money, and accepted later
    suspended = await world.operator.post(f"{path}/suspend")
    assert suspended.status_code == 200, suspended.text
    assert (await world.operator.post(f"{path}/suspend")).json()["code"] == "state_forbids"
    late = (await world.merchant.post("/v1/plans", {"offer_id": offered["id"]})).json()
    for plan in (late, await world.plan(consumer, 100_00)):
        assert await lender_of(world, plan) is None
    listed = (await world.operator.get("/v1/operator/partners", active="false")).json()["partners"]
    assert [(one["id"], one["active"]) for one in listed] == [(world.demo.partner_id, False)]
    assert (await world.merchant.post(f"/v1/plans/{before['id']}/capture", {"amount": 100_00})).status_code == 200
    assert (await world.partner.get("/v1/partner/plans")).status_code == 200  # its own keys live on

    waits = await world.operator.post(f"{path}/resume")
    assert waits.status_code == 202
    alone = await world.operator.post(f"/v1/operator/approvals/{waits.json()['id']}/approve")
    assert alone.json()["code"] == "four_eyes"
    assert (await world.seconded(waits)).status_code == 201
    assert await lender_of(world, await world.plan(consumer, 100_00)) == world.demo.programme_id
    assert (await world.operator.post(f"{path}/resume")).json()["code"] == "state_forbids"
    said = (await world.operator.get("/v1/operator/audit", thing="partner", thing_id=world.demo.partner_id)).json()
    changes = [(one["before"]["active"], one["after"]["active"]) for one in said["entries"] if one["verb"] == "changed"]
    assert changes == [(True, False), (False, True)]


async def test_a_partner_gets_another_name(world: World) -> None:
    path = f"/v1/operator/partners/{world.demo.partner_id}/change"
    assert (await world.operator.post(path, {"name": "Alster Bank II"})).status_code == 200
    (one,) = (await world.operator.get("/v1/operator/partners")).json()["partners"]
    assert (one["name"], one["active"]) == ("Alster Bank II", True)
    nobody = path.replace(world.demo.partner_id, "pa_01JD8Q4Z7K0000000000000000")
    for wrong in (nobody, path.replace(world.demo.partner_id, "nothing")):
        refused = await world.operator.post(wrong, {"name": "Alster Bank III"})
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert (await world.operator.post(path, {"name": ""})).json()["pointer"] == "/name"


async def test_a_scheme_that_ended_grants_nothing_and_pays_what_it_granted(world: World) -> None:
    await priced(world, YEAR)
    scheme = await agreed(world, **STATE)
    plan = await bought(world)
    path = f"/v1/operator/schemes/{scheme}/end"
    waits = await world.operator.post(path, {"ends_on": "2026-03-01"})
    assert waits.status_code == 202, waits.text
    assert (await world.offer(await world.consumer(), 12_000_00, "instalments", category="year"))["subsidy"]
    assert (await world.seconded(waits)).json()["version"] == 2
    offer = await world.offer(await world.consumer(), 12_000_00, "instalments", category="year")
    assert offer["subsidy"] is None
    assert (await pays(world, plan, DUE_ON[0]))["subsidy"]["paid"] == 10_00
    again = await world.operator.post(path, {"ends_on": "2026-03-01"})
    assert (again.status_code, again.json()["code"]) == (409, "state_forbids")
    nobody = await world.operator.post("/v1/operator/schemes/sc_01JD8Q4Z7K0000000000000000/end")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "not_found")
