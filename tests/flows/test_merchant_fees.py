"""A merchant's fees by what it sells and how much, and the tax on them: decided at the capture, and kept for good."""

from datetime import timedelta
from typing import Any

from msgspec.json import encode

from tests.flows.test_settling_merchants import TERMS, agree, close, sell, settlements
from tests.flows.world import NOON, World

TIERED = {"bps": 290, "fixed": 30, "terms": {"tiers": [{"volume": 500_00, "bps": 200}]}}


async def fees(world: World, country: str = "DE", **schedule: Any) -> None:
    """The merchant's fees are others from now on."""
    await world.pool.execute(
        "update merchants set fees = $2, country = $3 where merchant_id = $1", world.demo.merchant_id,
        encode({"instalments": TIERED | schedule}).decode(), country,
    )  # fmt: skip
    await world.app.state["services"].registry.reload()


async def kept(world: World, plan: str) -> tuple[int, int]:
    """What the books say that we keep of a plan, and the tax on it."""
    row = await world.pool.fetchrow(
        "select sum(fee)::bigint as fee, sum(tax)::bigint as tax from merchant_bookings where plan_id = $1", plan
    )
    assert row is not None
    return row["fee"], row["tax"]


async def test_who_sells_much_in_a_month_pays_less_from_the_next_day_on(world: World) -> None:
    await fees(world)
    await agree(world, **TERMS)
    first = await sell(world, 600_00)
    late = await sell(world, 600_00)  # the same day: the volume is that of the days before
    assert await kept(world, first) == await kept(world, late)
    await close(world, NOON + timedelta(days=1))
    world.merchant.now = NOON + timedelta(days=1)
    second = await sell(world, 600_00)
    assert await kept(world, second) == (18_00, 0)  # 2 %, and 1 % so that it costs the consumer nothing
    view = (await world.merchant.get(f"/v1/plans/{second}")).json()
    assert view["merchant_fee"]["terms"]["tiers"][0]["bps"] == 300
    reversed_ = await world.merchant.post(f"/v1/plans/{second}/captures/reverse", {"capture": 1})
    assert reversed_.status_code == 200, reversed_.text
    assert await kept(world, second) == (0, 0)
    world.merchant.now = NOON + timedelta(days=30)  # another month
    assert await kept(world, await sell(world, 600_00)) == await kept(world, first)


async def test_what_a_merchant_pays_so_that_it_costs_the_consumer_nothing_is_not_bound_by_its_fee(world: World) -> None:
    await fees(world, bps=290, fixed=30, terms={"minimum": 1_00, "maximum": 12_00})
    plan = await sell(world, 600_00)
    assert await kept(world, plan) == (12_00 + 6_00, 0)  # 17.70 are 12.00 at most, and 1 % besides
    view = (await world.merchant.get(f"/v1/plans/{plan}")).json()
    assert view["merchant_fee"]["terms"]["besides"] == {"bps": 100, "fixed": 0}


async def test_the_tax_on_fees_is_owed_to_the_state_and_told(world: World) -> None:
    await fees(world, country="IN")
    await agree(world, **TERMS)
    plan = await sell(world, 600_00)
    fee, tax = await kept(world, plan)
    assert tax == (fee * 18 + 50) // 100
    owed = await world.pool.fetchval("select sum(amount) from transfers where credit = 'tax_payable'")
    assert owed == tax
    await close(world, NOON + timedelta(days=1))
    (one,) = await settlements(world)
    assert (one["fees"], one["taxes"], one["payout"]) == (fee, tax, 600_00 - fee - tax)


async def test_goods_of_a_category_have_a_fee_of_their_own(world: World) -> None:
    await fees(world, categories={"domestic appliances": {"bps": 100}})
    plan = await world.plan(await world.consumer(limit=5_000_00), 600_00, category="domestic appliances")
    await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 600_00})
    other = await sell(world, 600_00)
    assert plan["merchant_fee"]["bps"] < (await world.merchant.get(f"/v1/plans/{other}")).json()["merchant_fee"]["bps"]
    assert (await kept(world, plan["id"]))[0] < (await kept(world, other))[0]


async def test_fees_that_cannot_be_are_refused(world: World) -> None:
    body = {
        "name": "Shop", "country": "DE", "time_zone": "Europe/Berlin",
        "fees": {"instalments": {"bps": 290, "terms": {"minimum": 5, "maximum": 4}}},
    }  # fmt: skip
    refused = await world.operator.post("/v1/operator/merchants", body)
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/fees/instalments/terms/maximum")
    body["fees"] = {"instalments": TIERED}
    assert (await world.operator.post("/v1/operator/merchants", body)).status_code == 201
