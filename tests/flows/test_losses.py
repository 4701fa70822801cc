"""Who bears the loss of a plan that was given up: an appliance of 6,000.00, of which 4,500.00 was open, to the cent."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from service.support import capacity_flow
from service.terms.terms import Terms, Unit
from tests.flows.published import policy_of, publish
from tests.flows.test_programmes import agreed as programme
from tests.flows.test_shared_plans import act, another_partner, held, on
from tests.flows.test_support import ARRANGEMENTS, arrangement, party, waterfall
from tests.flows.world import NOON, World
from tests.partners.contracts import participant

FREE = Terms(instalments=12, every=1, unit=Unit.MONTH, rate_percent=Decimal(0))
PRICE, OPEN, CHARGES = 6_000_00, 4_500_00, 136_30
LOSSES = "/v1/operator/losses"
TO_BLAME = ["dispute", "fraud", "merchant_failure"]


async def fund(world: World, one: str, amount: int) -> None:
    told = await world.operator.post(f"{ARRANGEMENTS}/{one}/fund", {"amount": amount, "reference": "paid in"})
    assert told.status_code == 200, told.text


async def capacity(world: World, one: str) -> dict[str, Any]:
    told: dict[str, Any] = (await world.operator.get(f"{ARRANGEMENTS}/{one}/capacity")).json()
    return told


async def tiers(world: World, pool: int = 100_000_00, **of_pool: Any) -> list[str]:
    """The merchant in full where it is to blame, else its share up to 350.00; an insurer, and a pool."""
    first = {"kind": "each_and_every", "amount": 250_00}
    insurer, funder = await party(world, "Elbe Insurance"), await party(world, "Pool of Hamburg")
    made = [
        await arrangement(world, kind="merchant_recourse", causes=TO_BLAME),
        await arrangement(world, kind="reserve", cover_bps=1_000, funded=True),
        await arrangement(
            world, kind="consumer_insurance", provider_id=insurer, cover_bps=8_000, debtor_max=5_000_00,
            attachment=first,
        ),
        await arrangement(
            world, kind="compensation_pool", provider_id=funder, cover_bps=4_000, funded=True, **of_pool
        ),
    ]  # fmt: skip
    await fund(world, made[1], 350_00)
    await fund(world, made[3], pool)
    return made


async def plan_of_two(world: World, **programme_says: Any) -> tuple[str, str, str]:
    """A plan of 6,000.00 on the money of two partners, 1,500.00 paid, 136.30 of charges; and the partners."""
    await publish(world, policy_of({"free": (FREE, PRICE)}))
    on(world, 0)
    first, second = world.demo.partner_id, await another_partner(world)
    shares = [
        participant(7_000, first, interest_bps=7_000, fee_bps=7_000),
        participant(3_000, second, interest_bps=3_000, fee_bps=3_000),
    ]
    await programme(world, priority=1, kind="assisted", participants=shares, **programme_says)
    plan = await world.plan(await world.consumer(limit=PRICE), PRICE, category="free")
    await act(world, plan["id"], "capture", amount=PRICE)
    await act(world, plan["id"], "payments", amount=PRICE - OPEN)
    levied = await world.operator.post(f"/v1/operator/plans/{plan['id']}/fees", {"amount": CHARGES})
    assert levied.is_success, levied.text
    return str(plan["id"]), first, second


async def given_up(world: World, plan: str, **says: str) -> str:
    assert (await world.operator.post(f"/v1/operator/plans/{plan}/charge_off", says)).status_code == 200
    (one,) = [one for one in (await world.operator.get(LOSSES)).json()["losses"] if one["plan_id"] == plan]
    assert (one["state"], one["version"]) == ("open", 0)
    return str(one["id"])


async def allocate(world: World, loss: str, **says: Any) -> dict[str, Any]:
    """Simulated and then allocated: the same bytes."""
    simulated = await world.operator.post(f"{LOSSES}/{loss}/simulate", says)
    told = await world.operator.post(f"{LOSSES}/{loss}/allocate", says)
    assert told.status_code == 200, told.text
    assert simulated.content == told.content
    found: dict[str, Any] = told.json()
    return found


def parts(found: dict[str, Any]) -> tuple[list[int], list[int]]:
    one = found["allocation"]
    return [tier["amount"] for tier in one["tiers"]], [held["amount"] for held in one["rest"]]


async def recover(world: World, loss: str, **came: Any) -> httpx.Response:
    return await world.operator.post(f"{LOSSES}/{loss}/recoveries", {"source": "collection"} | came)


@pytest.fixture
async def appliance(world: World) -> tuple[str, str, list[str], str, str]:
    """Given up, and then 300.00 of it paid: plan, loss, tiers, partners."""
    plan, first, second = await plan_of_two(world)
    loss = await given_up(world, plan)
    await act(world, plan, "payments", amount=300_00)
    return plan, loss, await tiers(world), first, second


Appliance = tuple[str, str, list[str], str, str]


async def test_a_loss_is_borne_and_booked(world: World, appliance: Appliance) -> None:
    plan, loss, made, first, second = appliance
    before = await held(world, plan, first, second)
    assert [one["partner_payable"] for one in before] == [-1_050_00 - 210_00, -450_00 - 90_00]
    which = await waterfall(world, *made)
    found = await allocate(world, loss, waterfall_id=which)
    assert parts(found) == ([0, 350_00, 2_880_00, 388_00], [407_40, 174_60, 0])
    assert (found["loss"]["recovered"], found["allocation"]["written_off"]) == (300_00, CHARGES)
    assert found["allocation"]["tiers"][0]["limit"] == "excluded_cause"
    after = await held(world, plan, first, second)
    relief = [was["partner_payable"] - now["partner_payable"] for was, now in zip(before, after, strict=True)]
    assert relief == [2_940_00 - 407_40, 1_260_00 - 174_60]
    places = (await world.operator.get(f"/v1/operator/plans/{plan}/ledger")).json()["places"]
    books = {one["account"]: one["balance"] for one in places}
    assert (books["insurer_receivable"], books["guarantor_receivable"]) == (2_880_00, 388_00)
    (seen,) = (await world.operator.get(f"{LOSSES}/{loss}")).json()["versions"]
    assert seen == found
    assert (await capacity(world, made[3]))["available"] == 100_000_00 - 388_00
    again = await allocate(world, loss)
    assert again == found  # nothing is known now that was not known then


async def test_a_pool_pays_what_it_has(world: World) -> None:
    plan, *_ = await plan_of_two(world)
    loss = await given_up(world, plan)
    await act(world, plan, "payments", amount=300_00)
    found = await allocate(world, loss, waterfall_id=await waterfall(world, *await tiers(world, pool=200_00)))
    assert parts(found) == ([0, 350_00, 2_880_00, 200_00], [539_00, 231_00, 0])


async def test_what_a_plan_was_given_up_for_is_the_cause_of_its_loss(world: World) -> None:
    """Nobody says it again: the merchant, who is to blame for fraud at its till, bears it in full."""
    plan, *_ = await plan_of_two(world)
    loss = await given_up(world, plan, cause="fraud")
    found = await allocate(world, loss, waterfall_id=await waterfall(world, *await tiers(world)))
    assert found["loss"]["cause"] == "fraud"
    assert parts(found) == ([OPEN, 0, 0, 0], [0, 0, 0])


async def test_a_dispute_that_the_merchant_lost_is_the_merchants(world: World, appliance: Appliance) -> None:
    _, loss, made, *_ = appliance
    found = await allocate(world, loss, waterfall_id=await waterfall(world, *made), cause="dispute")
    assert parts(found) == ([4_200_00, 0, 0, 0], [0, 0, 0])
    assert {tier["limit"] for tier in found["allocation"]["tiers"][1:]} == {"excluded_cause"}


async def test_partners_and_the_merchant_are_told(world: World, appliance: Appliance) -> None:
    plan, loss, made, *_ = appliance
    await allocate(world, loss, waterfall_id=await waterfall(world, *made))
    events = (await world.partner.get("/v1/partner/events")).json()["events"]
    told = [(one["type"], one["principal"]) for one in events if one["plan_id"] == plan]
    assert told[-1] == ("loss", 2_940_00 - 407_40)
    on(world, 1)
    assert (await world.operator.post("/v1/operator/day-close")).is_success
    (one,) = (await world.merchant.get("/v1/settlements")).json()["settlements"]
    assert one["recourse"] == 350_00
    assert {line["kind"]: line["net"] for line in one["totals"]}["recourse"] == -350_00


@pytest.mark.parametrize(("order", "to_tiers", "to_rest"), [
    ("pari_passu", [0, 67_50, 555_43, 74_83], [78_57, 33_67, 0]),
    ("reverse", [0, 0, 0, 228_00], [407_40, 174_60, 0]),
    ("subrogated", [0, 0, 810_00, 0], [0, 0, 0]),
])  # fmt: skip
async def test_who_gets_what_comes_later(
    world: World, appliance: Appliance, order: str, to_tiers: list[int], to_rest: list[int]
) -> None:
    plan, loss, made, first, second = appliance
    await allocate(world, loss, waterfall_id=await waterfall(world, *made, order=order))
    before = await held(world, plan, first, second)
    told = await recover(world, loss, gross=900_00, cost=90_00)
    assert told.status_code == 201, told.text
    (came,) = told.json()["recoveries"]
    assert (came["shared"]["tiers"], came["shared"]["rest"]) == (to_tiers, to_rest)
    after = await held(world, plan, first, second)
    got = [was["partner_payable"] - now["partner_payable"] for was, now in zip(before, after, strict=True)]
    assert got == to_rest[:2]


async def test_nobody_gets_more_than_they_bore(world: World, appliance: Appliance) -> None:
    plan, loss, made, *_ = appliance
    await allocate(world, loss, waterfall_id=await waterfall(world, *made))
    assert (await recover(world, loss, gross=900_00, cost=90_00)).status_code == 201
    told = (await recover(world, loss, gross=5_000_00)).json()["recoveries"]
    second = told[1]["shared"]
    assert sum(second["tiers"]) + sum(second["rest"]) == 3_390_00
    assert (second["written_off"], second["to_consumer"]) == (CHARGES, 1_473_70)
    back = [sum(got) for got in zip(*[each["shared"]["tiers"] for each in told], strict=True)]
    assert back == [0, 350_00, 2_880_00, 388_00]
    assert (await world.merchant.get(f"/v1/plans/{plan}")).json()["overpaid"] == 1_473_70
    assert (await world.operator.get(f"{LOSSES}/{loss}")).json()["loss"]["state"] == "closed"
    has = await capacity(world, made[3])
    assert (has["paid"], has["returned"], has["available"]) == (388_00, 388_00, 100_000_00 - 388_00)


async def test_a_refund_that_was_found_later_quantifies_it_anew(world: World, appliance: Appliance) -> None:
    plan, loss, made, first, second = appliance
    await allocate(world, loss, waterfall_id=await waterfall(world, *made))
    before = await held(world, plan, first, second)
    await act(world, plan, "refunds", amount=400_00)
    found = await allocate(world, loss)
    assert found["version"] == 2
    assert parts(found) == ([0, 350_00, 2_560_00, 356_00], [373_80, 160_20, 0])
    after = await held(world, plan, first, second)
    got = [was["partner_payable"] - now["partner_payable"] for was, now in zip(before, after, strict=True)]
    assert got == [407_40 - 373_80, 174_60 - 160_20]
    events = (await world.partner.get("/v1/partner/events")).json()["events"]
    told = [(one["type"], one["principal"]) for one in events if one["plan_id"] == plan]
    assert told[-1] == ("loss", -(2_940_00 - 2_660_00) + 407_40 - 373_80)  # 70 % of the refund was no loss of its own
    entries = (await world.operator.get(f"/v1/operator/plans/{plan}/ledger")).json()["places"]
    books = {one["account"]: one["balance"] for one in entries}
    assert (books["insurer_receivable"], books["guarantor_receivable"]) == (2_560_00, 356_00)


async def test_it_is_allocated_by_itself_where_its_programme_says_how(world: World) -> None:
    which = await waterfall(world, *await tiers(world))
    plan, *_ = await plan_of_two(world, waterfall_id=which)
    loss = await given_up(world, plan)
    on(world, 1)
    closed = (await world.operator.post("/v1/operator/day-close")).json()
    assert closed["allocated"] == 1
    seen = (await world.operator.get(f"{LOSSES}/{loss}")).json()
    assert (seen["loss"]["state"], seen["versions"][0]["waterfall_id"]) == ("allocated", which)
    await act(world, plan, "payments", amount=810_00)  # the consumer pays after all
    assert (await world.operator.post("/v1/operator/day-close")).json()["allocated"] == 1
    (version,) = (await world.operator.get(f"{LOSSES}/{loss}")).json()["versions"]
    (came,) = version["recoveries"]
    assert (came["gross"], came["source"]) == (810_00, "consumer")
    assert (await world.operator.post("/v1/operator/day-close")).json()["allocated"] == 0


async def test_a_payment_that_bounces_takes_its_recovery_back(world: World, appliance: Appliance) -> None:
    plan, loss, made, first, second = appliance
    await allocate(world, loss, waterfall_id=await waterfall(world, *made))
    before = await held(world, plan, first, second)
    paid = await act(world, plan, "payments", amount=810_00)
    assert len((await allocate(world, loss))["recoveries"]) == 1
    body = {"payment_id": paid["recorded"]["id"]}
    assert (await world.operator.post(f"/v1/operator/plans/{plan}/payments/return", body)).is_success
    found = await allocate(world, loss)
    assert (found["version"], found["recoveries"]) == (1, [])
    assert await held(world, plan, first, second) == before


async def test_what_a_claim_is_not_granted_falls_on_the_next(world: World, appliance: Appliance) -> None:
    """The insurer grants 1,000.00 of the 2,880.00: the pool bears 40 % of 2,850.00, and the partners the rest."""
    _, loss, made, *_ = appliance
    await allocate(world, loss, waterfall_id=await waterfall(world, *made))
    for granted, version, borne, rest in [
        (1_000_00, 2, [0, 350_00, 1_000_00, 1_140_00], [1_197_00, 513_00, 0]),
        (0, 3, [0, 350_00, 0, 1_540_00], [1_617_00, 693_00, 0]),
    ]:
        async with world.pool.acquire() as conn, conn.transaction():
            await capacity_flow.decide(conn, made[2], loss, granted, NOON)
        assert (await world.operator.post("/v1/operator/day-close")).json()["allocated"] == 1
        found = (await world.operator.get(f"{LOSSES}/{loss}")).json()["versions"][-1]
        assert (found["version"], *parts(found)) == (version, borne, rest)
        assert found["allocation"]["tiers"][2]["limit"] == "not_granted"
    assert (await capacity(world, made[2]))["reserved"] == 0
    assert await allocate(world, loss) == found


async def test_what_cannot_be(world: World, appliance: Appliance) -> None:
    _, loss, made, *_ = appliance
    unnamed = await world.operator.post(f"{LOSSES}/{loss}/allocate", {})
    assert (unnamed.status_code, unnamed.json()["code"]) == (409, "state_forbids")
    early = await recover(world, loss, gross=1_00)
    assert (early.status_code, early.json()["code"]) == (409, "state_forbids")
    nothing = await recover(world, loss, gross=1_00, cost=1_00)
    assert (nothing.status_code, nothing.json()["pointer"]) == (400, "/cost")
    foreign = await waterfall(world, await arrangement(world, currency="CNY"))
    refused = await world.operator.post(f"{LOSSES}/{loss}/allocate", {"waterfall_id": foreign})
    assert (refused.status_code, refused.json()["code"]) == (422, "currency_mismatch")
    too_much = await world.operator.post(f"{ARRANGEMENTS}/{made[3]}/fund", {"amount": -100_000_01, "reference": "out"})
    assert (too_much.status_code, too_much.json()["code"]) == (409, "capacity_exceeded")
