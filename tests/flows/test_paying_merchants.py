"""Merchants are paid: payouts are ordered by two people, told what became of them, and never paid twice."""

import asyncio
import xml.etree.ElementTree as ET
from copy import copy
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.flows.test_settling_merchants import ACCOUNT, TERMS, agree, close, lines, sell, settlements
from tests.flows.test_test_merchants import trying
from tests.flows.test_test_mode_stories import advanced, bought
from tests.flows.world import NOON, SHARED, World

PAYER = {"holder": "Alster Credit AG", "iban": "DE75512108001245126199"}
UNTIL = "2026-12-31"
NS = {"m": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}


async def order(world: World, **more: Any) -> httpx.Response:
    body = {"currency": "EUR", "payer": PAYER, "until": UNTIL} | more
    proposed = await world.operator.post("/v1/operator/payment-orders", body)
    if proposed.status_code != 202:
        return proposed
    approver = copy(world.second_operator)
    approver.now = world.operator.now
    return await approver.post(f"/v1/operator/approvals/{proposed.json()['id']}/approve")


async def tell(world: World, payout: dict[str, Any], step: str, reference: str = "AC04") -> httpx.Response:
    return await world.operator.post(f"/v1/operator/payouts/{payout['id']}/{step}", {"reference": reference})


async def payouts(world: World, **asked: Any) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await world.merchant.get("/v1/payouts", **asked)).json()["payouts"]
    return listed


async def owed(world: World, amount: int = 600_00) -> dict[str, Any]:
    """A payout that is due, of what was captured of one plan."""
    await agree(world, **TERMS)
    await sell(world, amount)
    await close(world, NOON + timedelta(days=1))
    (payout,) = await payouts(world)
    return payout


async def test_a_payout_is_ordered_and_paid(world: World) -> None:
    payout = await owed(world)
    (settlement,) = await settlements(world)
    assert (payout["state"], payout["amount"], payout["pays_on"]) == ("due", settlement["payout"], "2026-03-04")
    assert payout["settlement_id"] == settlement["id"]
    too_early = await order(world, until="2026-03-03")
    assert (too_early.status_code, too_early.json()["code"]) == (409, "state_forbids")
    made = (await order(world)).json()["result"]
    assert (made["payouts"], made["amount"]) == (1, payout["amount"])
    (ordered,) = await payouts(world)
    assert (ordered["state"], ordered["tries"], ordered["order_id"]) == ("ordered", 1, made["id"])

    written = await world.operator.get(f"/v1/operator/payment-orders/{made['id']}/content")
    message = ET.fromstring(written.content)
    told = {name: message.findtext(f".//m:{name}", None, NS) for name in ("NbOfTxs", "CtrlSum", "EndToEndId", "MsgId")}
    assert told == {
        "NbOfTxs": "1", "CtrlSum": f"{Decimal(payout['amount']) / 100:.2f}", "EndToEndId": f"{payout['id'][3:]}-1",
        "MsgId": made["id"].replace("_", "-"),
    }  # fmt: skip
    assert [one.text for one in message.iterfind(".//m:IBAN", NS)] == [PAYER["iban"], ACCOUNT["iban"]]
    assert (await world.operator.get("/v1/operator/payment-orders")).json()["orders"] == [made]

    paid = await tell(world, payout, "paid", "bank 77")
    assert (paid.json()["state"], paid.json()["reference"]) == ("paid", "bank 77")
    again = await tell(world, payout, "paid")
    assert (again.status_code, again.json()["code"], again.json()["actions"]) == (
        409,
        "state_forbids",
        ["returned"],
    )


async def test_what_comes_back_is_ordered_once_more_and_then_owed_again(world: World) -> None:
    payout = await owed(world)
    for tries in (1, 2):
        assert (await order(world)).status_code == 200
        assert (await payouts(world))[0]["tries"] == tries
        if tries == 2:
            await tell(world, payout, "paid")  # and comes back later
        await tell(world, payout, "returned")
    (given_up,) = await payouts(world)
    assert (given_up["state"], given_up["reference"]) == ("given_up", "AC04")
    assert (await order(world)).status_code == 409
    assert await close(world, NOON + timedelta(days=3)) == 1
    _, settlement = await settlements(world)
    (line,) = await lines(world, settlement)
    assert (line["kind"], line["net"], line["plan_id"]) == ("payout_returned", payout["amount"], None)
    assert (settlement["payouts_returned"], settlement["payout"]) == (payout["amount"], payout["amount"])


async def test_a_payout_in_yen_goes_to_a_number_of_the_zengin_clearing(world: World) -> None:
    account = {"holder": "本の店", "number": "1234567", "clearing": {"system": "JPZGN", "member": "0001001"}}
    agreed = await agree(world, **TERMS | {"accounts": {"JPY": account}})
    assert agreed.status_code == 201, agreed.text
    given = {"currency": "JPY", "amount": 12_345, "reason": "goodwill", "reference": "a parcel that was late"}
    made = await world.operator.post(f"/v1/operator/merchants/{world.demo.merchant_id}/adjustments", given)
    assert made.is_success, made.text
    await close(world, NOON + timedelta(days=1))
    payer = {"holder": "Alster Credit KK", "number": "7654321", "bic": "BOTKJPJT"}
    missing = await order(world, currency="JPY", payer={"holder": "Alster Credit KK", "number": "7654321"})
    assert (missing.status_code, missing.json()["pointer"]) == (400, "/payer/clearing")
    made = await order(world, currency="JPY", payer=payer)
    assert made.status_code == 200, made.text
    (payout,) = await payouts(world)
    assert (payout["state"], payout["amount"], payout["currency"]) == ("ordered", 12_345, "JPY")
    written = await world.operator.get(f"/v1/operator/payment-orders/{payout['order_id']}/content")
    told = ET.fromstring(written.content)
    assert [(one.get("Ccy"), one.text) for one in told.iterfind(".//m:InstdAmt", NS)] == [("JPY", "12345")]
    assert [one.text for one in told.iterfind(".//m:MmbId", NS)] == ["0001001"]


async def test_the_second_try_goes_to_the_account_of_the_terms_as_they_are_then(world: World) -> None:
    payout = await owed(world)
    await order(world)
    await tell(world, payout, "returned")
    corrected = {"holder": "Bahnhof Books GmbH", "iban": "FR1420041010050500013M02606", "bic": "PSSTFRPPPAR"}
    await agree(world, **TERMS | {"accounts": {"EUR": corrected}})
    made = (await order(world)).json()["result"]
    written = await world.operator.get(f"/v1/operator/payment-orders/{made['id']}/content")
    assert corrected["iban"] in written.text
    assert f"{payout['id'][3:]}-2" in written.text


async def test_two_orders_at_once_order_each_payout_once(world: World) -> None:
    await owed(world)
    proposed = [
        await world.operator.post(
            "/v1/operator/payment-orders", {"currency": "EUR", "payer": PAYER, "until": UNTIL}
        )
        for _ in range(4)
    ]  # fmt: skip
    world.second_operator.now = world.operator.now
    done = await asyncio.gather(
        *(world.second_operator.post(f"/v1/operator/approvals/{one.json()['id']}/approve") for one in proposed)
    )
    assert sorted(one.status_code for one in done) == [200, 409, 409, 409]
    assert (await payouts(world))[0]["tries"] == 1


async def test_nobody_orders_alone(world: World) -> None:
    await owed(world)
    proposed = await world.operator.post(
        "/v1/operator/payment-orders", {"currency": "EUR", "payer": PAYER, "until": UNTIL}
    )
    alone = await world.operator.post(f"/v1/operator/approvals/{proposed.json()['id']}/approve")
    assert (alone.status_code, alone.json()["code"]) == (403, "four_eyes")
    assert (await payouts(world))[0]["state"] == "due"


async def test_a_test_merchants_payouts_are_paid_by_themselves(world: World) -> None:
    """Nobody's money is in no order to a bank."""
    merchant_id = await trying(world)
    path = f"/v1/operator/merchants/{merchant_id}/settlement-terms"
    await world.seconded(await world.operator.post(path, TERMS))
    await bought(world)
    await advanced(world, days=1)
    (payout,) = await payouts(world)
    assert (payout["state"], (await order(world)).status_code) == ("due", 409)
    await advanced(world, days=5)
    (payout,) = await payouts(world)
    assert (payout["state"], payout["tries"], payout["order_id"]) == ("paid", 1, None)


async def test_a_merchant_sees_its_own_payouts_alone(world: World) -> None:
    payout = await owed(world)
    assert (await world.other_merchant.get("/v1/payouts")).json()["payouts"] == []
    assert (await world.operator.get("/v1/operator/payouts", in_state="due")).json()["payouts"] == [payout]
    assert (await world.operator.get("/v1/operator/payouts", in_state="paid")).json()["payouts"] == []


@SHARED
@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"currency": "XXX"}, "/currency"),
        ({"payer": PAYER | {"iban": "DE75512108001245126190"}}, "/payer/iban"),
        ({"payer": {"holder": "", "iban": PAYER["iban"]}}, "/payer/holder"),
        ({"until": "2026-02-30"}, "/until"),
        ({"bank": 1}, "/bank"),
    ],
)
async def test_an_order_that_cannot_be_is_refused(world: World, more: dict[str, Any], pointer: str) -> None:
    refused = await order(world, **more)
    assert (refused.status_code, refused.json()["pointer"]) == (400, pointer), refused.text


async def test_of_a_payout_that_is_not_there_nothing_is_told(world: World) -> None:
    for payout_id in ("pt_01JD8Q4Z7K0000000000000000", "nothing"):
        refused = await tell(world, {"id": payout_id}, "paid")
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
