"""A compensation pool over HTTP: paid in by two funders, levered, paid for losses, stopped at its line, and told of."""

import asyncio
from typing import Any

import pytest

from tests.flows.published import policy_of, publish
from tests.flows.test_cover_sets import cover_set, covered_programme, enrol, funding
from tests.flows.test_loss_claims import CLAIMS, ONE, at, balance, bought, closed_on, do, lost
from tests.flows.test_losses import LOSSES, capacity
from tests.flows.test_support import ARRANGEMENTS, agreed, document, loss, simulated, waterfall
from tests.flows.test_support_party import borne_by
from tests.flows.world import SHARED, Client, World

AT_ONCE = {"file_within_days": 3_650, "decide_within_days": 60, "evidence": []}
PRICE = 970_00


class Pooled:
    """A pool of two funders, the first of whom looks after it, and their clients."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.parties: list[str] = []
        self.clients: list[Client] = []
        self.pool = ""

    async def agree(self, *, funded: int = 100_000_00, pool: dict[str, Any] | None = None, **says: Any) -> str:
        for name in ("City of Hamburg", "Platform fund"):
            party, client = await self.world.take_on(name)
            self.parties.append(party)
            self.clients.append(client)
        shares = [
            {"party_id": party, "share_bps": bps} for party, bps in zip(self.parties, (7_000, 3_000), strict=True)
        ]
        terms = {
            "kind": "compensation_pool", "name": "Pool", "funded": True, "cover_bps": 4_000, "claims": AT_ONCE,
            "pool": {"funders": shares} | (pool or {}), "ends_on": "2027-12-31",
        }  # fmt: skip
        self.pool = await borne_by(self.world, self.parties[0], **terms | says)
        for party, amount in zip(self.parties, (funded * 7 // 10, funded * 3 // 10), strict=True):
            body = {"party_id": party, "amount": amount, "reference": "paid in"}
            told = await self.world.operator.post(f"{ARRANGEMENTS}/{self.pool}/contributions", body)
            assert told.status_code == 201, told.text
        return self.pool

    async def paid(self, plan: str, which: str) -> tuple[str, str]:
        """The plan is given up, claimed, decided and paid; loss and claim."""
        one = await lost(self.world, plan, which)
        for client in self.clients:
            client.now = self.world.operator.now
        made = await self.world.operator.post(CLAIMS, {"loss_id": one, "arrangement_id": self.pool})
        claim = made.json()
        assert (await do(self.world, claim["id"], "lodge")).status_code == 200
        for verb, body in (
            ("decide", {"approved": claim["claimed"]}),
            ("pay", {"amount": claim["claimed"], "reference": "transfer"}),
        ):
            done = await self.clients[0].post(f"/v1/support/claims/{claim['id']}/{verb}", body)
            assert done.status_code == 200, done.text
        return one, str(claim["id"])

    async def standing(self) -> dict[str, Any]:
        told = await self.world.operator.get(f"{ARRANGEMENTS}/{self.pool}/pool")
        assert told.status_code == 200, told.text
        found: dict[str, Any] = told.json()
        return found

    async def statement(self, month: str) -> dict[str, Any]:
        told = await self.world.operator.get(f"{ARRANGEMENTS}/{self.pool}/pool-statement", month=month)
        assert told.status_code == 200, told.text
        found: dict[str, Any] = told.json()
        for line in found["funders"]:
            came = line["opening"] + line["contributions"] + line["returns"]
            assert line["closing"] == came - line["compensation"] - line["paid_out"]
        return found

    async def news(self, number: int = 0) -> list[dict[str, Any]]:
        told = (await self.clients[number].get("/v1/support/events")).json()["events"]
        return [one["data"] for one in told if one["type"] == "arrangement.changed"]


@pytest.fixture
async def pooled(world: World) -> Pooled:
    at(world, "2026-06-30")
    await publish(world, policy_of({"one": (ONE, PRICE)}))
    at(world, "2026-06-30")
    return Pooled(world)


async def bought_and_late(world: World, which: str = "parcel 1") -> str:
    at(world, "2026-07-01")
    plan = await bought(world, PRICE, reference=which)
    at(world, "2026-10-15")
    return plan


async def test_what_it_pays_and_gets_back_is_its_funders(world: World, pooled: Pooled) -> None:
    pool = await pooled.agree(reinstatable=True)
    assert -(await balance(world, "pool_funds")) == 100_000_00
    one, claim = await pooled.paid(await bought_and_late(world), await waterfall(world, pool))
    assert -(await balance(world, "pool_funds")) == 100_000_00 - 388_00
    assert await balance(world, "guarantor_receivable") == 0
    came = await world.operator.post(f"{LOSSES}/{one}/recoveries", {"gross": 187_07, "source": "collection"})
    back = came.json()["recoveries"][0]["shared"]["tiers"][0]
    assert back == 74_83
    assert (await capacity(world, pool))["available"] == 100_000_00 - 388_00 + 74_83
    assert (await world.operator.get(f"{CLAIMS}/{claim}")).json()["state"] == "recovery"
    await closed_on(world, "2026-10-15")
    assert -(await balance(world, "pool_funds")) == 100_000_00 - 388_00 + 74_83
    assert await balance(world, "guarantor_receivable") == 0
    told = await pooled.statement("2026-10")
    assert [(line["compensation"], line["returns"], line["paid_out"]) for line in told["funders"]] == [
        (271_60, 52_38, 0), (116_40, 22_45, 0),
    ]  # fmt: skip
    assert [line["opening"] for line in told["funders"]] == [70_000_00, 30_000_00]
    assert sum(line["closing"] for line in told["funders"]) == -(await balance(world, "pool_funds"))
    assert [(line["region"], line["losses"], line["amount"]) for line in told["places"]] == [("DE", 1, 388_00)]
    june = await pooled.statement("2026-06")
    assert [(line["opening"], line["contributions"], line["closing"]) for line in june["funders"]] == [
        (0, 70_000_00, 70_000_00), (0, 30_000_00, 30_000_00),
    ]  # fmt: skip
    own = await pooled.clients[1].get(f"/v1/support/pools/{pool}/statement", month="2026-10")
    assert [line["party_id"] for line in own.json()["funders"]] == pooled.parties[1:]
    _, stranger = await world.take_on("Nobody")
    assert (await stranger.get(f"/v1/support/pools/{pool}/statement", month="2026-10")).status_code == 404


async def test_what_cannot_be_paid_again_is_owed_to_the_funders(world: World, pooled: Pooled) -> None:
    pool = await pooled.agree()
    one, _ = await pooled.paid(await bought_and_late(world), await waterfall(world, pool))
    await world.operator.post(f"{LOSSES}/{one}/recoveries", {"gross": 187_07, "source": "collection"})
    await closed_on(world, "2026-10-15")
    assert (await capacity(world, pool))["available"] == 100_000_00 - 388_00
    assert -(await balance(world, "pool_funds")) == 100_000_00 - 388_00
    assert -(await balance(world, "pool_payable")) == 74_83
    told = await pooled.statement("2026-10")
    assert [line["paid_out"] for line in told["funders"]] == [52_38, 22_45]


async def test_what_comes_back_before_it_pays_is_set_off(world: World, pooled: Pooled) -> None:
    """It bears 388.00, of which 74.83 came before it paid: 313.17 are left to pay, and the day closes all the same."""
    pool = await pooled.agree()
    one = await lost(world, await bought_and_late(world), await waterfall(world, pool))
    await world.operator.post(f"{LOSSES}/{one}/recoveries", {"gross": 187_07, "source": "collection"})
    await closed_on(world, "2026-10-16")
    assert (-(await balance(world, "pool_funds")), -(await balance(world, "pool_payable"))) == (99_925_17, 74_83)
    claim = (await world.operator.post(CLAIMS, {"loss_id": one, "arrangement_id": pool})).json()["id"]
    await do(world, claim, "lodge")
    for client in pooled.clients:
        client.now = world.operator.now
    for verb, body in (("decide", {"approved": 388_00}), ("pay", {"amount": 313_17, "reference": "transfer"})):
        done = await pooled.clients[0].post(f"/v1/support/claims/{claim}/{verb}", body)
        assert done.status_code == 200, done.text
    await closed_on(world, "2026-10-17")
    assert (-(await balance(world, "pool_funds")), await balance(world, "guarantor_receivable")) == (99_612_00, 0)
    told = await pooled.statement("2026-10")
    assert sum(line["compensation"] for line in told["funders"]) == 388_00


async def test_rates_by_who_buys_and_what(world: World, pooled: Pooled) -> None:
    rates = [{"cover_bps": 6_000, "is_first_time": True}]
    pool = await pooled.agree(rates=rates, categories=["appliances"])
    which = await waterfall(world, pool)
    losses = [
        {"loss": loss(world, 970_00, category="appliances")},
        {"loss": loss(world, 970_00, category="appliances", is_first_time=True)},
        {"loss": loss(world, 970_00, category="travel")},
    ]
    found = await simulated(world, which, losses, given={pool: {"available": 100_000_00}})
    tiers = [one["allocation"]["tiers"][0] for one in found]
    assert [tier["amount"] for tier in tiers] == [388_00, 582_00, 0]
    assert tiers[2]["limit"] == "out_of_scope"


async def test_rates_by_segment_and_region(world: World, pooled: Pooled) -> None:
    """A matrix: small firms in Hamburg 80 %, in all of Germany 50 %, others in Germany 30 %; nothing elsewhere."""
    rates = [
        {"cover_bps": 8_000, "segment": "small", "region": "DE-HH"},
        {"cover_bps": 5_000, "segment": "small", "region": "DE"},
    ]
    pool = await pooled.agree(rates=rates, regions=["DE"], cover_bps=3_000)
    which = await waterfall(world, pool)
    asked: list[dict[str, Any]] = [
        {"segment": "small", "region": "DE-HH"}, {"segment": "small", "region": "DE-BY"},
        {"segment": "small", "region": "DE"}, {"region": "DE-HH"}, {"segment": "small", "region": "AT"},
        {"segment": "small"},
    ]  # fmt: skip
    losses = [{"loss": loss(world, 970_00, **one)} for one in asked]
    found = await simulated(world, which, losses, given={pool: {"available": 100_000_00}})
    tiers = [one["allocation"]["tiers"][0] for one in found]
    assert [tier["amount"] for tier in tiers] == [776_00, 485_00, 485_00, 291_00, 0, 0]
    assert [tier["limit"] for tier in tiers] == [None, None, None, None, "out_of_scope", "out_of_scope"]


async def test_a_sale_is_in_the_merchants_country_unless_it_is_said_otherwise(world: World, pooled: Pooled) -> None:
    pool = await pooled.agree(rates=[{"cover_bps": 8_000, "region": "DE-HH"}], regions=["DE"], reinstatable=True)
    which, plan = await waterfall(world, pool), await bought_and_late(world)
    assert (await world.operator.post(f"/v1/operator/plans/{plan}/charge_off")).status_code == 200
    one = f"{LOSSES}/lo{plan[2:]}"
    told = await world.operator.post(f"{one}/allocate", {"waterfall_id": which})
    assert told.json()["loss"]["region"] == "DE"
    assert told.json()["allocation"]["tiers"][0]["amount"] == 388_00
    told = await world.operator.post(f"{one}/allocate", {"region": "DE-HH"})
    assert (told.json()["version"], told.json()["allocation"]["tiers"][0]["amount"]) == (2, 776_00)
    again = await world.operator.post(f"{one}/allocate", {})
    assert again.content == told.content  # it stays as it was said
    claim = (await world.operator.post(CLAIMS, {"loss_id": f"lo{plan[2:]}", "arrangement_id": pool})).json()
    await do(world, claim["id"], "lodge")
    for verb, body in (("decide", {"approved": 776_00}), ("pay", {"amount": 776_00, "reference": "transfer"})):
        pooled.clients[0].now = world.operator.now
        done = await pooled.clients[0].post(f"/v1/support/claims/{claim['id']}/{verb}", body)
        assert done.status_code == 200, done.text
    places = (await pooled.statement("2026-10"))["places"]
    assert [(line["region"], line["amount"]) for line in places] == [("DE-HH", 776_00)]


async def test_what_comes_back_is_theirs_who_paid_it(world: World, pooled: Pooled) -> None:
    """The first paid 70 % of 388.00; when 74.83 come back, it has 20 %: it gets 52.38 all the same."""
    pool = await pooled.agree(reinstatable=True)
    one, _ = await pooled.paid(await bought_and_late(world), await waterfall(world, pool))
    before = (await world.operator.get(f"{ARRANGEMENTS}", limit=100)).json()["arrangements"]
    (agreed_to,) = [each["document"] for each in before if each["id"] == pool]
    shares = [{"party_id": party, "share_bps": bps} for party, bps in zip(pooled.parties, (2_000, 8_000), strict=True)]
    await agreed(world, ARRANGEMENTS, agreed_to | {"pool": {"funders": shares}}, arrangement_id=pool)
    await world.operator.post(f"{LOSSES}/{one}/recoveries", {"gross": 187_07, "source": "collection"})
    await closed_on(world, "2026-10-15")
    told = await pooled.statement("2026-10")
    assert [(line["compensation"], line["returns"]) for line in told["funders"]] == [(271_60, 52_38), (116_40, 22_45)]
    assert await balance(world, "guarantor_receivable") == 0


@SHARED
@pytest.mark.parametrize(
    ("says", "pointer"),
    [
        ({"regions": ["DE", "DE"]}, "/document/regions"),
        ({"regions": ["DE"], "rates": [{"cover_bps": 1, "region": "AT"}]}, "/document/rates/0/region"),
        ({"rates": [{"cover_bps": 1, "region": "DE"}, {"cover_bps": 2, "region": "DE"}]}, "/document/rates/1"),
        ({"regions": ["Germany"]}, "/document/regions/0"),
    ],
)
async def test_regions_that_contradict_themselves(world: World, says: dict[str, Any], pointer: str) -> None:
    told = await world.operator.post(ARRANGEMENTS, {"document": await document(world, **says)})
    assert (told.status_code, told.json()["code"], told.json()["pointer"]) == (400, "invalid_field", pointer)


async def test_plans_are_covered_up_to_its_leverage(world: World, pooled: Pooled) -> None:
    pool = await pooled.agree(funded=100_00, pool={"leverage": 10})
    which = await cover_set(world, pool)
    at(world, "2026-07-01")
    plans = [await bought(world, PRICE, reference=f"parcel {number}") for number in range(2)]
    assert (await pooled.standing())["room"] == 1_000_00
    assert (await enrol(world, which, plans[0])).is_success
    assert (await pooled.standing())["room"] == 30_00
    refused = await enrol(world, which, plans[1])
    assert (refused.status_code, refused.json()["code"]) == (422, "leverage_exceeded")
    assert "3000 minor units more" in refused.json()["detail"]
    assert (await pooled.standing())["outstanding"] == PRICE


async def test_it_warns_and_stops_once_and_checkouts_go_to_the_next(world: World, pooled: Pooled) -> None:
    """40 % of one plan of three that are covered is 13.33 % of what was covered: beyond both lines."""
    pool = await pooled.agree(pool={"alarm_bps": 1_000, "stop_bps": 1_333})
    which = await cover_set(world, pool)
    named = await covered_programme(world, which)
    at(world, "2026-07-01")
    plans = [await bought(world, PRICE, reference=f"parcel {number}") for number in range(3)]
    assert {await funding(world, plan) for plan in plans} == {named}
    assert (await pooled.standing())["disbursed"] == 3 * PRICE
    at(world, "2026-10-15")
    await pooled.paid(plans[0], await waterfall(world, pool))
    seen = await pooled.standing()
    assert (seen["ratio_bps"], seen["state"]) == (1_333, "suspended")
    told = [{"arrangement_id": pool, "state": state, "ratio_bps": 1_333} for state in ("alarm", "suspended")]
    for number in range(2):
        assert await pooled.news(number) == told
    await asyncio.sleep(1)
    later = await bought_without_line(world)
    assert await funding(world, later) != named
    await closed_on(world, "2026-10-16")
    assert await pooled.news() == told, "once"


@pytest.mark.parametrize(("ratio_of", "ratio"), [("disbursed", 1_333), ("outstanding", 2_000), ("matured", 4_000)])
async def test_what_its_ratio_is_of(world: World, pooled: Pooled, ratio_of: str, ratio: int) -> None:
    """388.00 are paid: of three plans of 970.00 that were ever covered, of two that are owed, of one that ended."""
    pool = await pooled.agree(pool={"ratio_of": ratio_of})
    which = await cover_set(world, pool)
    at(world, "2026-07-01")
    plans = [await bought(world, PRICE, reference=f"parcel {number}") for number in range(3)]
    assert (await enrol(world, which, *plans)).is_success
    at(world, "2026-10-15")
    await pooled.paid(plans[0], await waterfall(world, pool))
    seen = await pooled.standing()
    assert (seen["ratio_bps"], seen["disbursed"], seen["outstanding"], seen["matured"]) == (
        ratio, 3 * PRICE, 2 * PRICE, PRICE,
    )  # fmt: skip


async def bought_without_line(world: World) -> str:
    consumer = await world.consumer(limit=10_000_00)
    return str((await world.plan(consumer, PRICE, category="one"))["id"])


async def test_who_pays_in_is_one_of_its_funders(world: World, pooled: Pooled) -> None:
    pool = await pooled.agree()
    stranger, _ = await world.take_on("Nobody")
    body = {"party_id": stranger, "amount": 1, "reference": "?"}
    assert (await world.operator.post(f"{ARRANGEMENTS}/{pool}/contributions", body)).status_code == 404
    told = await world.operator.post(f"{ARRANGEMENTS}/{pool}/fund", {"amount": 1, "reference": "?"})
    assert (told.status_code, told.json()["actions"]) == (409, ["contributions"])
