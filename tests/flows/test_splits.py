"""A capture is split among sellers: each is settled and paid its part, and bears its part of what comes back."""

from datetime import timedelta
from typing import Any

from tests.bench.cast import ATTRIBUTES
from tests.flows.test_paying_merchants import order
from tests.flows.test_platforms import seller_of
from tests.flows.test_settling_merchants import TERMS, close, lines, settlements
from tests.flows.world import NOON, World

AMOUNT = 600_00


async def authorized(world: World) -> str:
    consumer = (await world.merchant.post("/v1/consumers", {"reference": "c-1", "attributes": ATTRIBUTES})).json()
    cart = {"merchant_reference": "order-1", "consumer": consumer["id"], "currency": "EUR", "amount": AMOUNT}
    checkout = (await world.merchant.post("/v1/checkouts", cart | {"kinds": ["instalments"]})).json()
    plan = await world.merchant.post("/v1/plans", {"offer_id": checkout["offers"][0]["id"]})
    return str(plan.json()["id"])


def split(*parts: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"merchant_id": seller, "amount": amount} for seller, amount in parts]


async def of_seller(world: World, seller: str) -> list[dict[str, Any]]:
    listed = await world.operator.get(f"/v1/operator/merchants/{seller}/settlements")
    assert listed.status_code == 200, listed.text
    found: list[dict[str, Any]] = listed.json()["settlements"]
    return found


async def test_each_seller_is_settled_and_paid_its_part(world: World) -> None:
    books, lamps = await seller_of(world, world.merchant), await seller_of(world, world.merchant)
    everybody = (world.demo.merchant_id, books, lamps)
    for one in everybody:
        path = f"/v1/operator/merchants/{one}/settlement-terms"
        await world.seconded(await world.operator.post(path, TERMS))
    plan = await authorized(world)
    body = {"amount": AMOUNT, "splits": split((books, 400_00), (lamps, 150_00))}
    captured = (await world.merchant.post(f"/v1/plans/{plan}/capture", body)).json()
    assert captured["captures"][0]["splits"] == body["splits"]
    await close(world, NOON + timedelta(days=1))
    assert await close(world, NOON + timedelta(days=1)) == 0  # nothing is settled twice

    (own,) = await settlements(world, merchant_id=world.demo.merchant_id)
    assert (own["captured"], own["split"], own["payout"]) == (AMOUNT, -550_00, AMOUNT - 550_00 - own["fees"])
    assert [(one["kind"], one["net"]) for one in await lines(world, own) if one["kind"] == "split"] == [
        ("split", -550_00)
    ]
    for seller, part in ((books, 400_00), (lamps, 150_00)):
        (theirs,) = await of_seller(world, seller)
        assert (theirs["captured"], theirs["fees"], theirs["split"], theirs["payout"]) == (0, 0, part, part)
        (total,) = theirs["totals"]
        assert (total["kind"], total["lines"], total["net"]) == ("split", 1, part)
    told = {one["id"]: one["type"] for one in (await world.merchant.get("/v1/events", limit=500)).json()["events"]}
    assert {told[one["event_id"]] for one in await lines(world, own)} == {"plan.captured"}
    ordered = (await order(world)).json()["result"]
    assert (ordered["payouts"], ordered["amount"]) == (3, AMOUNT - own["fees"])

    world.merchant.now = NOON + timedelta(days=2)
    back = await world.merchant.post(f"/v1/plans/{plan}/refunds", {"amount": 100_01})
    assert back.status_code == 201, back.text
    await close(world, NOON + timedelta(days=3))
    closing = {one: (await of_seller(world, one))[-1] for one in everybody}
    assert [closing[one]["closing"] for one in everybody] == [-8_33, -66_67, -25_01]  # they owe it, and sum to 100.01
    assert (closing[world.demo.merchant_id]["refunded"], closing[world.demo.merchant_id]["split"]) == (100_01, 91_68)

    await world.merchant.post(f"/v1/plans/{plan}/refunds", {"amount": AMOUNT - 100_01})
    world.merchant.now = None
    net = await world.pool.fetch("select merchant_id, sum(net) from merchant_bookings group by merchant_id")
    assert dict(map(tuple, net)) == {books: 0, lamps: 0, world.demo.merchant_id: 0 - own["fees"]}


async def test_what_cannot_be_split_changes_nothing(world: World) -> None:
    seller, plan = await seller_of(world, world.merchant), await authorized(world)
    before = await world.row_counts()
    stranger = world.demo.second_merchant_id
    for splits, status, pointer in (
        (split((seller, AMOUNT + 1)), 422, "/splits"),
        (split((seller, 1), (seller, 1)), 400, "/splits/1/merchant_id"),
        (split((stranger, 1)), 404, "/splits/0/merchant_id"),
        (split((world.demo.merchant_id, 1)), 404, "/splits/0/merchant_id"),
        (split((seller, 0)), 400, "/splits/0/amount"),
        (split(("me_x", 1)), 400, "/splits/0/merchant_id"),
    ):
        refused = await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": AMOUNT, "splits": splits})
        assert (refused.status_code, refused.json()["pointer"]) == (status, pointer), refused.text
    assert await world.row_counts() == before


async def test_a_capture_that_is_reversed_is_split_no_more(world: World) -> None:
    seller, plan = await seller_of(world, world.merchant), await authorized(world)
    await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": AMOUNT, "splits": split((seller, 400_00))})
    back = await world.merchant.post(f"/v1/plans/{plan}/captures/reverse", {"capture": 1})
    assert back.status_code == 200, back.text
    owed = await world.pool.fetch("select merchant_id, sum(net + fee) from merchant_bookings group by merchant_id")
    assert {row["sum"] for row in owed} == {0}
