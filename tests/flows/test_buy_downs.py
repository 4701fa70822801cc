"""Interest that a merchant, a brand and others pay in, so that consumers pay none: 565.09 for 12 x 1,000.00 at 9 %."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from service.terms.terms import Terms, Unit
from tests.flows.published import policy_of
from tests.flows.test_interest_subsidies import DUE_ON, claimed, left_of, on, owed_by, pays, post
from tests.flows.test_settling_merchants import TERMS, agree, close, lines, settlements
from tests.flows.test_timeline import timeline
from tests.flows.test_vouchers import TRADE_IN, agreed
from tests.flows.world import NOON, World

FREE: dict[str, Any] = {
    "name": "0 % on appliances", "voucher": None, "buy_down": {"yield_bps": 900},
    "funders": [{"name": "the shop", "kind": "merchant", "share_bps": 10_000}],
}  # fmt: skip
SHARED = [
    {"name": "the shop", "kind": "merchant", "share_bps": 5_000}, {"name": "Havel", "kind": "brand", "share_bps": 5_000}
]  # fmt: skip
LATER = datetime.combine(DUE_ON[2], time(12), UTC)
INCOME = [85_76, 78_91]  # of the first two months


async def free(world: World, rate: str = "0") -> list[dict[str, Any]]:
    """A policy with twelve months at 0 %, which somebody must buy down; its faults."""
    world.operator.now = world.second_operator.now = world.merchant.now = NOON
    document = policy_of({"year": (Terms(instalments=12, every=1, unit=Unit.MONTH), 12_000_00)})
    document["instalments"][0] |= {"bought_down": True}
    document["instalments"][0]["terms"] |= {"rate_percent": rate}
    made = (await world.operator.post("/v1/operator/policies", document)).json()
    if not made["faults"]:
        path = f"/v1/operator/policies/{made['id']}/versions/{made['version']}/publish"
        assert (await world.second_operator.post(path)).status_code == 200
    faults: list[dict[str, Any]] = made["faults"]
    return faults


async def bought(world: World) -> dict[str, Any]:
    """A plan that was captured on 2 March."""
    plan = await world.plan(await world.consumer(), 12_000_00, category="year")
    return await post(world, plan, "capture", amount=12_000_00)


async def balance(world: World, account: str) -> int:
    """Of an account of the chart, credit above zero."""
    sums = "select sum(case when credit = $1 then amount else -amount end) from transfers"
    return int(await world.pool.fetchval(f"{sums} where $1 in (debit, credit)", account) or 0)


async def test_a_year_without_interest_is_paid_by_the_merchant_and_earned_month_by_month(world: World) -> None:
    assert await free(world) == []
    scheme = await agreed(world, **FREE, budget=1_000_00)
    await agree(world, **TERMS)
    offer = await world.offer(await world.consumer(), 12_000_00, "instalments", category="year")
    assert (offer["total_cost"], offer["subsidy"]["amount"], offer["subsidy"]["consumer_cost"]) == (0, 565_09, 0)
    plan = await bought(world)
    subsidy = plan["subsidy"]
    assert (subsidy["kind"], subsidy["paid"], subsidy["held"], subsidy["earned"]) == ("buy_down", 565_09, 565_09, 0)
    assert (await balance(world, "deferred_subsidy"), await owed_by(world, scheme)) == (565_09, 0)
    assert await left_of(world, scheme) == 1_000_00 - 565_09

    await close(world, NOON + timedelta(days=1))
    (one,) = await settlements(world)
    told = {line["kind"]: line for line in await lines(world, one)}
    assert (one["bought_down"], told["buy_down"]["net"], told["buy_down"]["plan_id"]) == (565_09, -565_09, plan["id"])
    assert told["buy_down"]["event_id"] == told["capture"]["event_id"]
    assert one["payout"] == 12_000_00 - one["fees"] - one["taxes"] - 565_09

    earned = []
    for day in DUE_ON:
        before = await balance(world, "buy_down_income")
        plan = await pays(world, plan, day)
        earned.append(await balance(world, "buy_down_income") - before)
    assert (earned[:2], earned[-1], sum(earned)) == (INCOME, 7_44, 565_09)
    assert (plan["state"], plan["overpaid"], plan["subsidy"]["earned"]) == ("paid_off", 0, 565_09)
    assert await balance(world, "deferred_subsidy") == 0
    assert [row["amount"] for row in await claimed(world, scheme, "the shop")] == ["0.00"]  # it is in the settlement


async def test_what_is_refunded_gives_back_what_was_not_earned(world: World) -> None:
    await free(world)
    scheme = await agreed(world, **FREE, budget=1_000_00)
    await agree(world, **TERMS)
    plan = await bought(world)
    for day in DUE_ON[:3]:
        plan = await pays(world, plan, day)
    assert plan["subsidy"]["earned"] == 565_09 - 328_42
    await close(world, LATER + timedelta(days=1))
    plan = await post(world, plan, "refunds", amount=12_000_00)
    assert (plan["outstanding"], plan["overpaid"], plan["subsidy"]["paid"]) == (0, 3_000_00, 565_09 - 328_42)
    assert (await left_of(world, scheme), await balance(world, "deferred_subsidy")) == (1_000_00 - 236_67, 0)
    await close(world, LATER + timedelta(days=2))
    last = (await settlements(world))[-1]
    assert (last["refunded"], last["bought_down"]) == (12_000_00, -328_42)


async def test_a_refund_of_half_gives_back_half_and_the_rest_is_earned(world: World) -> None:
    await free(world)
    await agreed(world, **FREE)
    plan = await bought(world)
    for day in DUE_ON[:3]:
        plan = await pays(world, plan, day)
    plan = await post(world, plan, "refunds", amount=4_500_00)
    told = [one["sentence"] for one in await timeline(world, plan["id"]) if one["fact"] == "bought_down"]
    assert told[0] == "565.09 EUR were paid in, so that the consumer pays no interest."
    assert told[1] == "85.76 EUR of what was paid in are income."
    assert told[-1] == "164.21 EUR of what was paid in went back."
    assert plan["subsidy"]["paid"] == 565_09 - 164_21
    for day in DUE_ON[3:]:
        plan = await pays(world, plan, day)
    assert plan["subsidy"]["earned"] == 565_09 - 164_21
    assert await balance(world, "deferred_subsidy") == 0


async def test_several_bear_it_in_their_shares(world: World) -> None:
    await free(world)
    scheme = await agreed(world, **FREE | {"funders": SHARED}, budget=1_000_00)
    await agree(world, **TERMS)
    await bought(world)
    assert await owed_by(world, scheme) == 282_54  # 565.09 less the merchant's 282.55
    await close(world, NOON + timedelta(days=1))
    (one,) = await settlements(world)
    assert one["bought_down"] == 282_55
    assert [row["amount"] for row in await claimed(world, scheme, "Havel")] == ["282.54", "282.54"]
    (line, _) = await claimed(world, scheme, "Havel")
    assert (line["kind"], line["base"], line["rate_bps"]) == ("buy_down", "12000.00", "900")


async def test_once_collection_is_given_up_it_bears_the_loss(world: World) -> None:
    await free(world)
    scheme = await agreed(world, **FREE, budget=1_000_00)
    plan = await on(world, DUE_ON[0], await bought(world))
    waits = await world.operator.post(f"/v1/operator/plans/{plan['id']}/charge_off")
    await world.seconded(waits)
    assert (await balance(world, "buy_down_income"), await balance(world, "deferred_subsidy")) == (85_76, 0)
    lost = -12_000_00 * 3 // 10  # of a loan that is 70 % a partner's
    assert await balance(world, "credit_losses") == lost + 565_09 - 85_76
    plan = await on(world, DUE_ON[2], plan)
    assert (plan["subsidy"]["earned"], await left_of(world, scheme)) == (85_76, 1_000_00 - 565_09)


async def test_a_capture_that_was_a_mistake_pays_nothing_in(world: World) -> None:
    await free(world)
    scheme = await agreed(world, **FREE, budget=1_000_00)
    plan = await bought(world)
    plan = await post(world, plan, "captures/reverse", capture=1)
    assert (plan["subsidy"]["paid"], plan["subsidy"]["held"]) == (0, 565_09)
    plan = await post(world, plan, "capture", amount=6_000_00, final=True)
    assert (plan["subsidy"]["paid"], plan["subsidy"]["held"]) == (282_55, 282_55)
    assert (await left_of(world, scheme), await balance(world, "deferred_subsidy")) == (1_000_00 - 282_55, 282_55)


async def test_a_refund_that_was_a_mistake_is_paid_in_again(world: World) -> None:
    await free(world)
    scheme = await agreed(world, **FREE | {"funders": SHARED}, budget=1_000_00)
    await agree(world, **TERMS)
    plan = await bought(world)
    plan = await post(world, plan, "refunds", amount=12_000_00)
    assert (plan["subsidy"]["paid"], await owed_by(world, scheme), await left_of(world, scheme)) == (0, 0, 1_000_00)
    path, body = f"/v1/operator/plans/{plan['id']}/corrections", {"fact_id": plan["recorded"]["id"]}
    await world.seconded(await world.operator.post(path, body))
    plan = (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()
    assert (plan["state"], plan["subsidy"]["paid"], plan["subsidy"]["held"]) == ("active", 565_09, 565_09)
    assert (await owed_by(world, scheme), await balance(world, "deferred_subsidy")) == (282_54, 565_09)
    assert await left_of(world, scheme) == 1_000_00 - 565_09
    await close(world, NOON + timedelta(days=1))
    assert [one["bought_down"] for one in await settlements(world)] == [282_55]
    amounts = [row["amount"] for row in await claimed(world, scheme, "Havel")]
    assert amounts == ["282.54", "-282.54", "282.54", "282.54"]  # and what they come to


async def test_the_budget_ends_exactly_and_nothing_is_offered_that_nobody_bears(world: World) -> None:
    await free(world)
    alone = await world.checkout(await world.consumer(), 12_000_00, category="year", kinds=["instalments"])
    assert (alone["outcome"], alone["offers"]) == ("declined", [])
    scheme = await agreed(world, **FREE, budget=3 * 565_09)
    offers = [await world.offer(await world.consumer(), 12_000_00, "instalments", category="year") for _ in range(5)]
    opened = await asyncio.gather(*(world.merchant.ask("/v1/plans", {"offer_id": one["id"]}) for one in offers))
    assert sorted(done.status_code for done in opened) == [201] * 3 + [409] * 2
    assert await left_of(world, scheme) == 0
    none = await world.checkout(await world.consumer(), 12_000_00, category="year", kinds=["instalments"])
    assert none["offers"] == []


async def test_a_row_that_bears_interest_is_not_bought_down(world: World) -> None:
    (fault,) = await free(world, "6")
    assert fault["pointer"] == "/instalments/0/terms/rate_percent"


async def test_a_yield_that_cannot_be_is_refused(world: World, subtests: pytest.Subtests) -> None:
    for yield_bps in (0, 10_001, "9"):
        with subtests.test(repr(yield_bps)):
            document = TRADE_IN | FREE | {"buy_down": {"yield_bps": yield_bps}}
            refused = await world.operator.post("/v1/operator/schemes", {"document": document})
            told = (refused.status_code, refused.json()["pointer"])
            assert told == (400, "/document/buy_down/yield_bps"), refused.text
