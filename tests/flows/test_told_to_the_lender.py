"""A consumer who pays or tells the lender, and not the shop: the lender records it on the plan."""

from tests.flows.world import SHARED, World


async def captured(world: World) -> str:
    plan = str((await world.plan(await world.consumer(), 600_00))["id"])
    answered = await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": 600_00})
    assert answered.status_code == 200, answered.text
    return plan


@SHARED
async def test_a_transfer_to_the_lenders_own_account(world: World) -> None:
    plan = await captured(world)
    path = f"/v1/operator/plans/{plan}/payments"
    asked = await world.operator.post(f"{path}?dry_run=true", {"amount": 150_00, "reference": "bank-7"})
    assert (asked.status_code, asked.json()["plan"]["outstanding"]) == (200, 450_00)
    paid = await world.operator.post(path, {"amount": 150_00, "reference": "bank-7"})
    assert (paid.status_code, paid.json()["outstanding"]) == (201, 450_00)
    entry = (await world.merchant.get(f"/v1/plans/{plan}/timeline")).json()["entries"][-1]
    assert entry["actor"] == "operator"
    told = (await world.merchant.get("/v1/events", limit=500)).json()["events"][-1]
    assert (told["type"], told["data"]["amount"]) == ("payment.recorded", 150_00)
    again = await world.operator.post(path, {"amount": 150_00, "reference": "bank-7"})
    assert (again.status_code, again.json()["code"]) == (409, "duplicate_payment")


@SHARED
async def test_goods_that_came_back_are_the_merchants_to_bear(world: World) -> None:
    plan = await captured(world)
    refunded = await world.operator.post(f"/v1/operator/plans/{plan}/refunds", {"amount": 200_00})
    assert (refunded.status_code, refunded.json()["refunded"]) == (201, 200_00)
    too_much = await world.operator.post(f"/v1/operator/plans/{plan}/refunds", {"amount": 400_01})
    assert (too_much.status_code, too_much.json()["code"]) == (422, "amount_exceeds_outstanding")


@SHARED
async def test_a_notice_of_withdrawal_reached_the_lender(world: World) -> None:
    plan = await captured(world)
    withdrawn = await world.operator.post(f"/v1/operator/plans/{plan}/withdrawal", {})
    assert withdrawn.status_code == 201, withdrawn.text
    assert withdrawn.json()["withdrawal"]


@SHARED
async def test_a_settlement_asked_for_at_the_lender(world: World) -> None:
    plan = await captured(world)
    quoted = await world.operator.post(f"/v1/operator/plans/{plan}/settlement_quotes", {})
    assert quoted.status_code == 201, quoted.text
    amount = quoted.json()["settlement_quote"]["amount"]
    paid = await world.operator.post(f"/v1/operator/plans/{plan}/payments", {"amount": amount})
    assert (paid.json()["state"], paid.json()["outstanding"]) == ("paid_off", 0)
