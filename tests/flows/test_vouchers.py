"""Vouchers of a scheme: one of a type a person, never more than the budget, and what comes back is the scheme's."""

import asyncio
import csv
from datetime import timedelta
from typing import Any

import pytest

from tests.flows.test_settling_merchants import TERMS, agree, close, lines, settlements
from tests.flows.world import NOON, SHARED, World

TRADE_IN = {
    "name": "Trade-in 2026", "currency": "EUR", "begins_on": "2026-01-01", "ends_on": "2026-12-31",
    "funders": [
        {"name": "central", "kind": "state", "share_bps": 9_000},
        {"name": "province", "kind": "state", "share_bps": 1_000},
    ],
    "voucher": {"grades": {"1": 2_000, "2": 1_500}, "maximum": 2_000_00, "times": {"air conditioner": 3}},
}  # fmt: skip
PRICE = 7_999_00


async def agreed(world: World, **more: Any) -> str:
    body = {"document": TRADE_IN | more}
    made = await world.seconded(await world.operator.post("/v1/operator/schemes", body))
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def wanted(scheme: str, consumer: str, **more: Any) -> dict[str, Any]:
    return {
        "scheme_id": scheme, "consumer": consumer, "type": "refrigerator", "grade": "1", "price": PRICE,
        "reference": "order-1",
    } | more  # fmt: skip


async def reserved(world: World, scheme: str, reference: str = "order-1", **more: Any) -> dict[str, Any]:
    body = wanted(scheme, await world.consumer(), reference=reference) | more
    made = await world.merchant.post("/v1/vouchers", body)
    assert made.status_code == 201, made.text
    voucher: dict[str, Any] = made.json()
    return voucher


async def redeemed(world: World, **more: Any) -> tuple[str, dict[str, Any]]:
    scheme = await agreed(world, **more)
    voucher = await reserved(world, scheme)
    done = await world.merchant.post(f"/v1/vouchers/{voucher['id']}/redeem")
    assert done.status_code == 200, done.text
    return scheme, done.json()


async def claim(world: World, scheme: str, funder: str) -> list[dict[str, str]]:
    path = f"/v1/operator/schemes/{scheme}/claims"
    text = (await world.operator.get(path, funder=funder, begin_on="2026-03-01", end_on="2026-03-31")).text
    return list(csv.DictReader(text.splitlines()))


async def test_a_voucher_is_paid_by_the_scheme_and_given_back_to_it(world: World) -> None:
    await agree(world, **TERMS)
    scheme, voucher = await redeemed(world)
    assert (voucher["amount"], voucher["state"]) == (1_599_80, "redeemed")
    await close(world, NOON + timedelta(days=1))
    (one,) = await settlements(world)
    (line,) = await lines(world, one)
    told = (await world.merchant.get("/v1/events")).json()["events"]
    assert {event["id"]: event["type"] for event in told}[line["event_id"]] == "voucher.redeemed"
    assert (one["vouchers"], one["payout"], line["kind"]) == (1_599_80, 1_599_80, "voucher")
    assert [row["amount"] for row in await claim(world, scheme, "central")] == ["1439.82", "1439.82"]
    assert [row["amount"] for row in await claim(world, scheme, "province")] == ["159.98", "159.98"]

    world.merchant.now = NOON + timedelta(days=1)
    back = await world.merchant.post(f"/v1/vouchers/{voucher['id']}/refunds", {"amount": PRICE})
    given = back.json()
    assert (given["to_scheme"], given["to_consumer"], given["voucher"]["state"]) == (1_599_80, 6_399_20, "released")
    assert [row["amount"] for row in await claim(world, scheme, "central")] == ["1439.82", "-1439.82", "0.00"]
    (listed,) = (await world.operator.get("/v1/operator/schemes")).json()["schemes"]
    assert (listed["granted"], listed["version"]) == (0, 1)
    again = await world.merchant.post(f"/v1/vouchers/{voucher['id']}/refunds", {"amount": 1})
    assert (again.status_code, again.json()["code"]) == (409, "state_forbids")


async def test_one_of_a_type_a_person_and_another_once_it_came_back(world: World) -> None:
    scheme, consumer = await agreed(world), await world.consumer()
    first = await world.merchant.post("/v1/vouchers", wanted(scheme, consumer))
    second = await world.merchant.post("/v1/vouchers", wanted(scheme, consumer, reference="order-2"))
    assert (first.status_code, second.status_code, second.json()["code"]) == (201, 409, "state_forbids")
    coolers = [
        await world.merchant.post("/v1/vouchers", wanted(scheme, consumer, type="air conditioner", reference=f"a-{n}"))
        for n in range(4)
    ]
    assert [one.status_code for one in coolers] == [201, 201, 201, 409]
    released = await world.merchant.post(f"/v1/vouchers/{first.json()['id']}/release")
    assert released.json()["state"] == "released"
    third = await world.merchant.post("/v1/vouchers", wanted(scheme, consumer, reference="order-3"))
    assert third.status_code == 201


async def test_a_budget_ends_exactly_however_many_come_at_once(world: World) -> None:
    scheme = await agreed(world, budget=5 * 1_599_80 + 30_00)
    consumers = [await world.consumer() for _ in range(9)]
    asked = await asyncio.gather(
        *(
            world.merchant.post("/v1/vouchers", wanted(scheme, consumer, reference=f"order-{number}"))
            for number, consumer in enumerate(consumers)
        )
    )
    assert sorted(one.status_code for one in asked) == [201] * 5 + [409] * 4
    last = await world.merchant.post(
        "/v1/vouchers", wanted(scheme, consumers[-1], price=150_00, type="kettle", reference="x")
    )
    assert last.json()["amount"] == 30_00  # the last cent of it
    (listed,) = (await world.operator.get("/v1/operator/schemes")).json()["schemes"]
    assert listed["granted"] == listed["document"]["budget"]


async def test_one_person_at_many_tills_has_one_voucher(world: World) -> None:
    scheme, consumer = await agreed(world), await world.consumer()
    asked = await asyncio.gather(
        *(world.merchant.post("/v1/vouchers", wanted(scheme, consumer, reference=f"order-{n}")) for n in range(6))
    )
    assert sorted(one.status_code for one in asked) == [201] + [409] * 5


async def test_a_voucher_keeps_the_version_and_the_funders_it_was_granted_under(world: World) -> None:
    scheme, _ = await redeemed(world)
    document = TRADE_IN | {"funders": [{"name": "brand", "kind": "brand", "share_bps": 10_000}]}
    body = {"scheme_id": scheme, "document": document}
    assert (await world.seconded(await world.operator.post("/v1/operator/schemes", body))).json()["version"] == 2
    assert [row["amount"] for row in await claim(world, scheme, "central")] == ["1439.82", "1439.82"]
    assert (await reserved(world, scheme, "order-2"))["version"] == 2


async def test_a_merchant_sees_and_redeems_its_own_alone(world: World) -> None:
    voucher = await reserved(world, await agreed(world))
    for path in ("redeem", "release"):
        refused = await world.other_merchant.post(f"/v1/vouchers/{voucher['id']}/{path}")
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert (await world.other_merchant.get("/v1/vouchers")).json()["vouchers"] == []
    assert (await world.merchant.get("/v1/vouchers")).json()["vouchers"] == [voucher]
    used = await world.merchant.post("/v1/vouchers", wanted(voucher["scheme_id"], await world.consumer()))
    assert (used.status_code, used.json()["code"]) == (409, "reference_used")


async def test_a_voucher_that_cannot_be_is_refused(world: World, subtests: pytest.Subtests) -> None:
    good = wanted(await agreed(world), await world.consumer())
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"grade": "3"}, 400, "/grade"),
        ({"price": 0}, 400, "/price"),
        ({"price": 1}, 400, "/price"),
        ({"scheme_id": "sc_01JD8Q4Z7K0000000000000000"}, 404, "/scheme_id"),
        ({"scheme_id": "sc_1"}, 400, "/scheme_id"),
        ({"amount": 1}, 400, "/amount"),
    ]
    for more, status, pointer in cases:
        with subtests.test(str(more)):
            refused = await world.merchant.post("/v1/vouchers", good | more)
            assert (refused.status_code, refused.json()["pointer"]) == (status, pointer), refused.text
            assert await world.pool.fetchval("select count(*) from vouchers") == 0


@SHARED
@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"buy_down": {"yield_bps": 900}}, "/interest"),
        ({"voucher": None}, "/interest"),
        ({"ends_on": "2025-01-01"}, "/ends_on"),
    ],
)
async def test_a_scheme_that_cannot_be_is_refused(world: World, more: dict[str, Any], pointer: str) -> None:
    refused = await world.operator.post("/v1/operator/schemes", {"document": TRADE_IN | more})
    assert (refused.status_code, refused.json()["pointer"]) == (400, pointer), refused.text
