"""A platform acts for its sellers and nobody else's, takes its share of their fees, and a seller sees itself alone."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from msgspec.json import encode

from tests.bench.cast import ATTRIBUTES
from tests.flows.test_paying_merchants import order, payouts
from tests.flows.test_settling_merchants import ACCOUNT, TERMS, close, lines, settlements
from tests.flows.world import NOON, SHARED, Client, World

SHOP = {"name": "Bahnhof Books", "country": "DE", "time_zone": "Europe/Berlin"}
AMOUNT = 600_00


class Selling(Client):
    """A platform's key, as it acts for one seller."""

    def __init__(self, http: httpx.AsyncClient, key: str, seller: str) -> None:
        super().__init__(http, key)
        self._auth |= {"Tenor-Merchant": seller}


async def seller_of(world: World, platform: Client, **more: Any) -> str:
    made = await platform.post("/v1/sellers", SHOP | more)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def made_platform(world: World, merchant_id: str, **terms: Any) -> None:
    await world.pool.execute(
        "update merchants set platform = $2 where merchant_id = $1", merchant_id, encode(terms).decode()
    )
    await world.app.state["services"].registry.reload()


async def acting(world: World) -> tuple[Selling, str]:
    """The demo's merchant, which is a platform, as it acts for a new seller."""
    seller = await seller_of(world, world.merchant)
    return Selling(world.http, world.demo.merchant_key, seller), seller


async def bought(client: Client) -> str:
    """A plan that was captured for a seller."""
    consumer = await client.post("/v1/consumers", {"reference": "customer-1", "attributes": ATTRIBUTES})
    assert consumer.status_code == 201, consumer.text
    checkout = await client.post(
        "/v1/checkouts",
        {"merchant_reference": "order-1", "consumer": consumer.json()["id"], "currency": "EUR", "amount": AMOUNT,
         "kinds": ["instalments"]},
    )  # fmt: skip
    plan = await client.post("/v1/plans", {"offer_id": checkout.json()["offers"][0]["id"]})
    assert plan.status_code == 201, plan.text
    captured = await client.post(f"/v1/plans/{plan.json()['id']}/capture", {"amount": AMOUNT})
    assert captured.status_code == 200, captured.text
    return str(plan.json()["id"])


async def test_a_platform_takes_a_seller_on_and_sells_for_it(world: World) -> None:
    selling, seller = await acting(world)
    listed = (await world.merchant.get("/v1/sellers")).json()["sellers"]
    assert [(one["id"], one["name"], one["is_test"]) for one in listed] == [(seller, SHOP["name"], False)]
    plan = await bought(selling)
    told = (await selling.get("/v1/events")).json()["events"]
    assert {one["actor"] for one in told} == {"platform"}
    assert (await world.merchant.get("/v1/events")).json()["events"] == []
    assert (await selling.get(f"/v1/plans/{plan}")).json()["state"] == "active"
    assert (await world.merchant.get(f"/v1/plans/{plan}")).status_code == 404  # without the header it asks for itself
    refunded = await selling.post(f"/v1/plans/{plan}/refunds", {"amount": 10_00})
    assert refunded.is_success, refunded.text


async def test_a_platforms_share_of_the_fee_is_in_its_own_settlement(world: World) -> None:
    selling, seller = await acting(world)
    await world.seconded(await world.operator.post(f"/v1/operator/merchants/{seller}/settlement-terms", TERMS))
    plan = await bought(selling)
    await close(world, NOON + timedelta(days=1))
    (of_seller,) = (await selling.get("/v1/settlements")).json()["settlements"]
    both = await settlements(world)
    assert sorted(one["merchant_id"] for one in both) == sorted([seller, world.demo.merchant_id])
    (own,) = await settlements(world, merchant_id=world.demo.merchant_id)
    share = (of_seller["fees"] * 2_000 + 5_000) // 10_000
    assert of_seller["payout"] == AMOUNT - of_seller["fees"]
    assert (own["shared"], own["captured"], own["closing"]) == (share, 0, share)
    (line,) = await lines(world, own)
    assert (line["kind"], line["plan_id"], line["net"]) == ("platform_share", plan, share)
    told = {one["id"]: one for one in (await selling.get("/v1/events", limit=500)).json()["events"]}
    assert told[line["event_id"]]["type"] == "plan.captured"
    back = await selling.post(f"/v1/plans/{plan}/captures/reverse", {"capture": 1})
    assert back.status_code == 200, back.text
    books = await world.pool.fetchval(
        "select sum(net) from merchant_bookings where merchant_id = $1", world.demo.merchant_id
    )
    assert books == 0  # its fee was given back, and the share with it


async def test_a_platform_is_paid_for_its_sellers_where_that_was_agreed(world: World) -> None:
    await made_platform(world, world.demo.merchant_id, fee_share_bps=0, is_paid=True)
    selling, seller = await acting(world)
    await world.seconded(
        await world.operator.post(f"/v1/operator/merchants/{world.demo.merchant_id}/settlement-terms", TERMS)
    )
    await bought(selling)
    await close(world, NOON + timedelta(days=1))
    (payout,) = (await selling.get("/v1/payouts")).json()["payouts"]
    assert payout["merchant_id"] == seller
    ordered = (await order(world)).json()["result"]
    written = await world.operator.get(f"/v1/operator/payment-orders/{ordered['id']}/content")
    assert ACCOUNT["iban"] in written.text
    (seen,) = await payouts(world)  # it is the seller's payout, to the platform's account
    assert (seen["id"], seen["state"]) == (payout["id"], "ordered")
    assert await payouts(world, merchant_id=world.demo.merchant_id) == []


# Others ---------------------------------------------------------------------------------------------------------------


async def test_another_platforms_seller_is_nobodys_business(world: World) -> None:
    selling, seller = await acting(world)
    plan = await bought(selling)
    await made_platform(world, world.demo.second_merchant_id, fee_share_bps=0)
    theirs = await seller_of(world, world.other_merchant)
    for target, key in (
        (seller, world.demo.second_merchant_key), (theirs, world.demo.merchant_key),
        (world.demo.second_merchant_id, world.demo.merchant_key), (world.demo.merchant_id, world.demo.merchant_key),
        ("me_01JD8Q4Z7K0000000000000000", world.demo.merchant_key), ("", world.demo.merchant_key),
        ("' or true --", world.demo.merchant_key),
    ):  # fmt: skip
        stranger = Selling(world.http, key, target)
        before = await world.row_counts()
        for answered in (
            await stranger.get("/v1/plans/" + plan),
            await stranger.get("/v1/events"),
            await stranger.get("/v1/settlements"),
            await stranger.post(f"/v1/plans/{plan}/refunds", {"amount": 1_00}),
        ):
            assert (answered.status_code, answered.json()["code"]) == (403, "forbidden"), answered.text
            assert answered.json()["pointer"] == "/Tenor-Merchant"
        assert await world.row_counts() == before
    assert [one["id"] for one in (await world.other_merchant.get("/v1/sellers")).json()["sellers"]] == [theirs]


async def test_a_sellers_own_key_sees_this_seller_alone(world: World) -> None:
    selling, seller = await acting(world)
    sibling = await seller_of(world, world.merchant, name="Hafen Books")
    plan = await bought(selling)
    key = await world.key(audience="merchant", owner_id=seller, scopes=["*"])
    own, brother = Client(world.http, key), await world.key(audience="merchant", owner_id=sibling, scopes=["*"])
    assert (await own.get(f"/v1/plans/{plan}")).status_code == 200
    assert (await Client(world.http, brother).get(f"/v1/plans/{plan}")).status_code == 404
    assert (await own.get("/v1/sellers")).json()["sellers"] == []
    for target in (seller, sibling, world.demo.merchant_id):
        answered = await Selling(world.http, key, target).get(f"/v1/plans/{plan}")
        assert (answered.status_code, answered.json()["code"]) == (403, "forbidden")
    for client in (own, selling, world.other_merchant):
        none = await client.post("/v1/sellers", SHOP)
        assert (none.status_code, none.json()["code"]) == (403, "forbidden")


async def test_the_same_idempotency_key_is_another_for_another_seller(world: World) -> None:
    selling, _ = await acting(world)
    other = Selling(world.http, world.demo.merchant_key, await seller_of(world, world.merchant, name="Hafen Books"))
    bodies = {"reference": "customer-1", "attributes": ATTRIBUTES}
    made = [await client.post("/v1/consumers", bodies, key="one") for client in (selling, other, world.merchant)]
    assert len({one.json()["id"] for one in made}) == 3
    again = await selling.post("/v1/consumers", bodies, key="one")
    assert again.json() == made[0].json()


async def test_a_scope_holds_for_sellers_as_well_and_pages_act_for_nobody(world: World) -> None:
    _, seller = await acting(world)
    narrow = await world.key(audience="merchant", owner_id=world.demo.merchant_id, scopes=["plans:read"])
    refused = await Selling(world.http, narrow, seller).get("/v1/events")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    page = await world.key(
        audience="merchant", owner_id=world.demo.merchant_id, scopes=["quotes"], origins=["https://shop.example"]
    )
    asked = Selling(world.http, page, seller)
    answered = await asked.post("/v1/quotes", {}, headers={"Origin": "https://shop.example"})
    assert (answered.status_code, answered.json()["pointer"]) == (403, "/Tenor-Merchant")


@SHARED
@pytest.mark.parametrize(
    ("more", "pointer"),
    [({"country": "XX"}, "/country"), ({"time_zone": "Mars/Base"}, "/time_zone"), ({"fees": {}}, "/fees")],
)
async def test_a_seller_that_cannot_be_is_refused(world: World, more: dict[str, Any], pointer: str) -> None:
    refused = await world.merchant.post("/v1/sellers", SHOP | more)
    assert (refused.status_code, refused.json()["pointer"]) == (400, pointer), refused.text
