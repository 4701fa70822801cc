"""Worked figures of insurers, regulators and pools, to the cent over HTTP, from documents that two people agreed."""

import asyncio
from typing import Any

import httpx
import pytest

from service.app import create_app, services
from service.config import Settings
from tests.flows.insuring import asked, insured
from tests.flows.published import policy_of, publish
from tests.flows.test_cover_sets import cover_set, covered_programme, enrol, funding
from tests.flows.test_insured_losses import limited, posted
from tests.flows.test_loss_claims import ONE, at, closed_on
from tests.flows.test_pools import Pooled
from tests.flows.test_support import arrangement, loss, simulated, waterfall
from tests.flows.world import ALONE, SHARED, Client, World

# Attachments ----------------------------------------------------------------------------------------------------------


@SHARED
@pytest.mark.parametrize(("kind", "amount", "cover", "pays"), [
    ("threshold", 1_000_00, 8_500, {900_00: 0, 5_000_00: 4_250_00}),
    ("minimum_retention", 1_000_00, 8_500, {5_000_00: 4_000_00, 10_000_00: 8_500_00}),
    ("each_and_every", 5_000_00, 9_000, {50_000_00: 40_500_00}),
])  # fmt: skip
async def test_from_where_on_it_pays(world: World, kind: str, amount: int, cover: int, pays: dict[int, int]) -> None:
    """Munich Re's first losses, and a deductible of 5,000.00."""
    one = await arrangement(world, cover_bps=cover, attachment={"kind": kind, "amount": amount})
    which = await waterfall(world, one)
    for lost, pay in pays.items():
        (found,) = await simulated(world, which, [{"loss": loss(world, lost)}])
        (tier,) = found["allocation"]["tiers"]
        assert (tier["amount"], tier["limit"]) == (pay, None if pay else "attachment")


@SHARED
@pytest.mark.parametrize(("kind", "pays"), [
    ("aggregate_by_loss", [0, 0, 2_400_00]), ("aggregate_by_indemnity", [0, 0, 400_00]),
])  # fmt: skip
async def test_first_losses_of_a_year_add_up(world: World, kind: str, pays: list[int]) -> None:
    """499.99 never counts; 6,000.00 and 7,000.00 use up the first 10,000.00: of the losses, or of what is paid."""
    terms = {"cover_bps": 8_000, "attachment": {"kind": kind, "amount": 10_000_00}, "small_loss_max": 500_00}
    which = await waterfall(world, await arrangement(world, **terms))
    losses = [{"loss": loss(world, amount)} for amount in (499_99, 6_000_00, 7_000_00)]
    found = await simulated(world, which, losses)
    assert [one["allocation"]["tiers"][0]["amount"] for one in found] == pays


# Portfolios -----------------------------------------------------------------------------------------------------------


@SHARED
@pytest.mark.parametrize(("lost", "left"), [(3_800_00, 0), (5_000_00, 0), (6_800_00, 1_800_00)])
async def test_what_a_first_loss_guarantee_leaves_of_an_expected_loss(world: World, lost: int, left: int) -> None:
    """Of 100,000.00 lent 5 % are guaranteed: of an expected loss of 3.8 % nothing is left, of one of 6.8 % 1.8 %."""
    cap = {"rate_bps": 500, "base": "payments"}
    one = await arrangement(world, kind="portfolio_guarantee", cap=cap, provider_id=world.demo.partner_id)
    given = {one: {"covered": 100_000_00}}
    which, losses = await waterfall(world, one), [{"loss": loss(world, lost // 4)} for _ in range(4)]
    found = await simulated(world, which, losses, given=given)
    assert sum(held["amount"] for each in found for held in each["allocation"]["rest"]) == left


# Credit insurance -----------------------------------------------------------------------------------------------------


@SHARED
async def test_half_of_a_debt_is_insured_and_half_of_what_comes_is_the_insurers(world: World) -> None:
    """Debt 30,000.00, limit 15,000.00, recovered 15,000.00: 7,500.00 each."""
    policy = await insured(world, "domestic", terms={"cover_bps": 10_000})
    debtor = await limited(world, policy, 15_000_00)
    lost = {"debtor_id": debtor, "cause": "credit", "on": "2026-03-01",
            "sales": [{"on": "2026-02-01", "amount": 30_000_00}]}  # fmt: skip
    told = await posted(world, f"insurance-policies/{policy}/losses", lost)
    assert (told["insured"], told["indemnity"]) == (15_000_00, 15_000_00)
    back = await posted(world, f"insurance-policies/{policy}/losses/{told['id']}/recoveries", {"gross": 15_000_00})
    assert (back["to_insurer"], back["to_insured"]) == (7_500_00, 7_500_00)


@ALONE
@pytest.mark.parametrize(("days_late", "state"), [((14, 14, 14), "granted"), ((14, 14, 15), "requested")])
async def test_an_index_of_70_is_granted_by_rule_and_one_below_is_asked(
    world: World, days_late: tuple[int, ...], state: str
) -> None:
    """Three orders 14 days late are 70.0; with one a day later it is 69.5."""
    await priced(world, 300_00)
    policy, consumer = await insured(world), await world.consumer(limit=100_000_00)
    for days in days_late:
        at(world, "2026-07-01")
        plan = (await world.plan(consumer, 300_00, category="one 0"))["id"]
        assert (await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": 300_00})).is_success
        at(world, f"2026-08-{days}")  # it was due on 31 July
        body = {"amount": 300_00, "reference": plan}
        assert (await world.operator.post(f"/v1/operator/plans/{plan}/payments", body)).status_code == 201
    at(world, "2026-09-01")
    debtor = await asked(world, policy, consumer, 5_000_00)
    assert (debtor["state"], debtor["rule_id"]) == (state, "prompt-payers" if state == "granted" else None)


# Compensation pools ---------------------------------------------------------------------------------------------------


async def priced(world: World, *prices: int) -> Pooled:
    """A pool to be agreed, and products of these prices in one category."""
    at(world, "2026-06-30")
    await publish(world, policy_of({f"one {number}": (ONE, price) for number, price in enumerate(prices)}))
    at(world, "2026-06-30")
    return Pooled(world)


@ALONE
async def test_a_pool_of_1_000_000_covers_10_000_000_and_a_cent_less_for_each_ten_that_it_pays(world: World) -> None:
    """100,000.00 are paid: 9,000,000.00 may be covered. What is covered stays so, and beyond it nothing is."""
    large, lost, cent = 9_750_000_00, 250_000_00, 1
    pooled = await priced(world, large, lost, cent)
    pool = await pooled.agree(funded=1_000_000_00, pool={"leverage": 10})
    which = await cover_set(world, pool, sanctioned=100_000_000_00)
    at(world, "2026-07-01")
    plans = [await bought_at(world, number, price) for number, price in enumerate((large, lost, cent, cent))]
    assert (await enrol(world, which, *plans[:2])).is_success
    assert (await pooled.standing())["room"] == 0
    beyond = await enrol(world, which, plans[2])
    assert (beyond.status_code, beyond.json()["code"]) == (422, "leverage_exceeded")
    assert "0 minor units" in beyond.json()["detail"]

    at(world, "2026-10-15")
    await pooled.paid(plans[1], await waterfall(world, pool))
    has = await pooled.standing()
    assert (has["available"], has["outstanding"], has["room"], has["state"]) == (900_000_00, large, 0, "open")
    states = (await world.operator.get(f"/v1/operator/cover-sets/{which}/enrolments")).json()["enrolments"]
    assert {one["plan_id"]: one["state"] for one in states} == {plans[0]: "active", plans[1]: "claimed"}
    for paid, room in ((large - 9_000_000_00, 0), (1, 1)):
        body = {"amount": paid, "reference": f"paid {paid}"}
        assert (await world.merchant.post(f"/v1/plans/{plans[0]}/payments", body)).status_code == 201
        assert (await pooled.standing())["room"] == room
    assert (await enrol(world, which, plans[2])).is_success
    assert (await enrol(world, which, plans[3])).status_code == 422


async def bought_at(world: World, number: int, price: int) -> str:
    """A plan of a product of this price, captured at once."""
    consumer = (await world.merchant.post("/v1/consumers", {"reference": f"buyer-{number}"})).json()["id"]
    limit = await world.operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": 20_000_000_00})
    assert limit.is_success, limit.text
    plan = str((await world.plan(consumer, price, category=f"one {min(number, 2)}"))["id"])
    done = await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": price, "reference": f"parcel {number}"})
    assert done.is_success, done.text
    return plan


@ALONE
async def test_at_3_per_cent_of_20_000_000_it_stops_in_every_process_within_a_second(
    world: World, settings: Settings
) -> None:
    """599,999.99 are paid: it covers on. With the next cent it is suspended, once; the other process of the service
    sends the next plan to the next programme."""
    first, cent, large = 599_999_99, 1, 19_400_000_00
    pooled = await priced(world, first, cent, large)
    pool = await pooled.agree(funded=1_000_000_00, cover_bps=10_000, pool={"alarm_bps": 200, "stop_bps": 300})
    which = await cover_set(world, pool, sanctioned=100_000_000_00)
    at(world, "2026-07-01")
    plans = [await bought_at(world, number, price) for number, price in enumerate((first, cent, large))]
    assert (await enrol(world, which, *plans)).is_success
    named = await covered_programme(world, which)
    order = await waterfall(world, pool)
    at(world, "2026-10-15")
    beside: Any = create_app(settings)
    async with services(settings) as beside.state["services"]:
        transport = httpx.ASGITransport(app=beside)
        async with httpx.AsyncClient(transport=transport, base_url="http://tenor") as http:
            there = Client(http, world.demo.merchant_key)
            there.now = world.merchant.now
            await pooled.paid(plans[0], order)
            assert ((await pooled.standing())["disbursed"], (await pooled.standing())["state"]) == (
                20_000_000_00, "open",
            )  # fmt: skip
            assert [one["state"] for one in await pooled.news()] == ["alarm"]
            assert await funding(world, await opened_at(world, there, 3, cent)) == named
            await pooled.paid(plans[1], order)
            assert ((await pooled.standing())["net_paid"], (await pooled.standing())["state"]) == (
                600_000_00, "suspended",
            )  # fmt: skip
            await asyncio.sleep(1)
            for number, client in ((4, there), (5, world.merchant)):
                assert await funding(world, await opened_at(world, client, number, cent)) != named
    await closed_on(world, "2026-10-16")
    assert [one["state"] for one in await pooled.news()] == ["alarm", "suspended"], "each once"


async def opened_at(world: World, client: Client, number: int, price: int) -> str:
    """A plan that is opened at one process of the service."""
    consumer = (await client.post("/v1/consumers", {"reference": f"buyer-{number}"})).json()["id"]
    await world.operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": 1_000_00})
    body = {
        "merchant_reference": f"late-{number}", "consumer": consumer, "currency": "EUR", "amount": price,
        "category": "one 1", "kinds": ["instalments"],
    }  # fmt: skip
    offers = (await client.post("/v1/checkouts", body)).json()["offers"]
    made = await client.post("/v1/plans", {"offer_id": offers[0]["id"]})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])
