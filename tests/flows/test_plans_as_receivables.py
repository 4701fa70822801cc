"""What a consumer owes is ours from the capture on: a default costs the merchant nothing, a lost dispute all of it."""

from datetime import timedelta

from tests.flows.test_settling_merchants import TERMS, agree, close, lines, sell, settlements
from tests.flows.world import NOON, World


async def captured(world: World) -> tuple[str, int]:
    """A plan of 600.00, captured and settled; what the merchant was paid for it."""
    await agree(world, **TERMS)
    plan = await sell(world, 600_00)
    await close(world, NOON + timedelta(days=1))
    (one,) = await settlements(world)
    assert one["payout"] == 600_00 - one["fees"] - one["taxes"]
    return plan, one["payout"]


async def bought(world: World, plan: str) -> dict[str, int]:
    answered = await world.merchant.get(f"/v1/plans/{plan}/receivable")
    assert answered.status_code == 200, answered.text
    one: dict[str, int] = answered.json()
    return one


async def test_a_default_costs_the_merchant_nothing(world: World) -> None:
    plan, payout = await captured(world)
    world.operator.now = NOON + timedelta(days=200)
    given_up = await world.seconded(await world.operator.post(f"/v1/operator/plans/{plan}/charge_off"))
    assert given_up.status_code in (200, 201), given_up.text
    await close(world, NOON + timedelta(days=202))
    later = (await settlements(world))[1:]
    assert [(one["payout"], one["closing"], one["lines"]) for one in later] == []
    one = await bought(world, plan)
    assert (one["bought"], one["borne"], one["charged_back"]) == (600_00, 0, 0)
    assert one["bought"] - one["kept"] == payout  # and all of it stays the merchant's


async def test_an_upheld_dispute_charges_all_of_it_back(world: World) -> None:
    plan, _ = await captured(world)
    for client in (world.merchant, world.operator):
        client.now = NOON + timedelta(days=3)
    opened = await world.operator.post(f"/v1/operator/plans/{plan}/disputes", {"reason": "not_received"})
    assert opened.status_code == 201, opened.text
    lost = await world.operator.post(f"/v1/operator/plans/{plan}/disputes/decide", {"outcome": "lost"})
    assert lost.status_code == 200, lost.text
    await close(world, NOON + timedelta(days=4))
    last = (await settlements(world))[-1]
    (line,) = await lines(world, last)
    assert (line["kind"], line["plan_id"], line["gross"]) == ("chargeback", plan, -600_00)
    assert (last["charged_back"], last["closing"]) == (600_00, line["net"])
    one = await bought(world, plan)
    assert (one["bought"], one["charged_back"], one["borne"], one["refunded"]) == (600_00, 600_00, 0, 0)
    assert (await world.other_merchant.get(f"/v1/plans/{plan}/receivable")).status_code == 404


async def test_a_default_and_then_an_upheld_dispute_on_the_same_plan(world: World) -> None:
    plan, _ = await captured(world)
    world.merchant.now = world.operator.now = NOON + timedelta(days=200)
    given_up = await world.operator.post(f"/v1/operator/plans/{plan}/charge_off")
    assert given_up.status_code == 200, given_up.text
    await close(world, NOON + timedelta(days=202))
    assert len(await settlements(world)) == 1
    world.merchant.now = world.operator.now = NOON + timedelta(days=203)
    opened = await world.operator.post(f"/v1/operator/plans/{plan}/disputes", {"reason": "not_received"})
    assert opened.status_code == 201, opened.text
    lost = await world.operator.post(f"/v1/operator/plans/{plan}/disputes/decide", {"outcome": "lost"})
    assert lost.status_code == 200, lost.text
    await close(world, NOON + timedelta(days=204))
    last = (await settlements(world))[-1]
    assert last["charged_back"] == 600_00
    one = await bought(world, plan)
    assert (one["charged_back"], one["borne"]) == (600_00, 0)
