"""Finance partners are paid what a day's settlement owes them: ordered by two people, told what became of it, once."""

import asyncio
import xml.etree.ElementTree as ET
from copy import copy
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from sepaxml.validation import try_valid_xml

from service.partners.daily_flow import make_day
from service.partners.signing import Signer
from tests.flows.test_partner_news import news
from tests.flows.world import NOON, SHARED, World

ACCOUNT = {"holder": "Alster Bank", "iban": "FR1420041010050500013M02606", "bic": "PSSTFRPPPAR"}
PAYER = {"holder": "Alster Credit AG", "iban": "DE75512108001245126199"}
UNTIL = "2026-12-31"
NS = {"m": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
ORDERS = "/v1/operator/partner-payment-orders"
FIRST = NOON.date() + timedelta(days=1)


async def agree(world: World, account: dict[str, Any] | None = ACCOUNT, **changes: Any) -> httpx.Response:
    """The next version of the programme, with an account of the partner's."""
    path = f"/v1/operator/programmes/{world.demo.programme_id}"
    terms = (await world.operator.get(path)).json()["versions"][-1]["terms"] | changes
    terms["participants"][0]["account"] = account
    return await world.seconded(await world.operator.post(f"{path}/versions", terms))


async def filed(world: World, on: date) -> None:
    """The days up to this one are closed, and their files made."""
    signer = Signer("a secret of the tests that is long enough")
    at = datetime.combine(on, NOON.timetz())
    await make_day(world.pool, signer, world.demo.programme_id, on, at)


async def owed_on(world: World, on: date) -> None:
    """A plan that is funded until the day before is paid 100.00 on a day, of which the partner is owed 70.00."""
    plan = await world.plan(await world.consumer(limit=1_000_00), 600_00)
    await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 600_00})
    await filed(world, on - timedelta(days=1))
    await world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": 100_00})
    await filed(world, on)


async def order(world: World, **more: Any) -> httpx.Response:
    """From the programme's account, if it has one."""
    iban = await world.pool.fetchval("select iban from bank_accounts where programme_id = $1", world.demo.programme_id)
    body = {"currency": "EUR", "payer": PAYER | ({"iban": iban} if iban else {}), "until": UNTIL} | more
    proposed = await world.operator.post(ORDERS, body)
    if proposed.status_code != 202:
        return proposed
    approver = copy(world.second_operator)
    approver.now = world.operator.now
    return await approver.post(f"/v1/operator/approvals/{proposed.json()['id']}/approve")


async def ordered_on(world: World, on: date) -> dict[str, Any]:
    """What a day owes the partner is ordered: the payout."""
    await agree(world)
    await owed_on(world, on)
    made = await order(world)
    assert made.status_code == 200, made.text
    return (await payouts(world))[-1]


async def tell(world: World, payout: dict[str, Any], step: str, reference: str = "AC04") -> httpx.Response:
    return await world.operator.post(f"/v1/operator/partner-payouts/{payout['id']}/{step}", {"reference": reference})


async def payouts(world: World) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await world.partner.get("/v1/partner/payouts")).json()["payouts"]
    return listed


async def balances(world: World) -> dict[str, int]:
    """What the places say that partners are paid from, credits positive."""
    rows = await world.pool.fetch(
        "select place, sum(amount)::bigint as amount from (select credit as place, amount from transfers union all "
        "select debit, - amount from transfers) t "
        "where place in ('partner_payable', 'payout_clearing', 'cash') group by place having sum(amount) <> 0"
    )
    return {row["place"]: row["amount"] for row in rows}


async def test_what_a_day_owes_is_ordered_and_paid(world: World) -> None:
    await agree(world)
    await owed_on(world, FIRST)
    (payout,) = await payouts(world)
    (leg,) = await world.pool.fetch(
        "select end_to_end_id, settlement_id, amount from daily_legs join daily_files using (file_id)"
        " where business_on = $1", FIRST,
    )  # fmt: skip
    assert (payout["state"], payout["obstacle"], payout["pays_on"]) == ("due", None, "2026-03-04")
    assert (payout["amount"], payout["end_to_end_id"], payout["settlement_id"]) == (
        leg["amount"], leg["end_to_end_id"], leg["settlement_id"]
    )  # fmt: skip
    owed = await balances(world)
    assert owed == {"partner_payable": 70_00}
    assert (await order(world, until="2026-03-03")).json()["code"] == "state_forbids"

    made = (await order(world)).json()["result"]
    assert (made["payouts"], made["amount"]) == (1, 70_00)
    assert await balances(world) == {"payout_clearing": 70_00}
    written = await world.operator.get(f"/v1/operator/payment-orders/{made['id']}/content")
    try_valid_xml(written.content, "pain.001.001.09")
    sent = ET.fromstring(written.content)
    told = {name: sent.findtext(f".//m:{name}", None, NS) for name in ("NbOfTxs", "CtrlSum", "EndToEndId")}
    assert told == {
        "NbOfTxs": "1", "CtrlSum": f"{Decimal(leg['amount']) / 100:.2f}", "EndToEndId": leg["end_to_end_id"]
    }  # fmt: skip
    assert [one.text for one in sent.iterfind(".//m:IBAN", NS)] == [PAYER["iban"], ACCOUNT["iban"]]
    assert (await world.operator.get("/v1/operator/payment-orders")).json()["orders"] == [made]

    paid = (await tell(world, payout, "paid", "bank 77")).json()
    assert (paid["state"], paid["reference"], paid["order_id"]) == ("paid", "bank 77", made["id"])
    assert await balances(world) == {"cash": 70_00}
    again = await tell(world, payout, "paid")
    assert (again.status_code, again.json()["code"], again.json()["actions"]) == (409, "state_forbids", ["returned"])


async def test_what_comes_back_is_ordered_once_more_and_then_stays_owed(world: World) -> None:
    payout = await ordered_on(world, FIRST)
    assert (await tell(world, payout, "returned")).json()["state"] == "due"
    assert await balances(world) == {"partner_payable": 70_00}
    await agree(world, PAYER)
    made = (await order(world)).json()["result"]
    sent = (await world.operator.get(f"/v1/operator/payment-orders/{made['id']}/content")).text
    assert sent.count(PAYER["iban"]) == 2, "it goes to the account as it is agreed now"
    assert payout["end_to_end_id"] in sent
    await tell(world, payout, "paid")  # and comes back later
    given_up = (await tell(world, payout, "returned")).json()
    assert (given_up["state"], given_up["tries"], given_up["reference"]) == ("given_up", 2, "AC04")
    assert await balances(world) == {"partner_payable": 70_00}
    assert (await order(world)).status_code == 409
    assert await payouts(world) == [given_up]
    told = [one for one in await news(world) if one["type"].startswith("partner_payout.")]
    assert [(one["type"].partition(".")[2], one["data"]["tries"], one["data"].get("given_up")) for one in told] == [
        ("ordered", 1, None), ("returned", 1, False), ("ordered", 2, None), ("paid", 2, None), ("returned", 2, True)
    ]  # fmt: skip
    last = told[-1]["data"]
    assert (last["payout_id"], last["amount"], last["currency"], last["reference"]) == (
        payout["id"], payout["amount"], "EUR", "AC04"
    )  # fmt: skip
    assert (last["end_to_end_id"], last["business_on"]) == (payout["end_to_end_id"], payout["business_on"])


async def test_without_an_account_nothing_is_ordered_and_why_is_told(world: World) -> None:
    await owed_on(world, FIRST)
    refused = await order(world)
    assert (refused.status_code, refused.json()["code"]) == (409, "state_forbids")
    (payout,) = (await world.operator.get("/v1/operator/partner-payouts", in_state="due")).json()["payouts"]
    assert (payout["state"], payout["obstacle"]) == ("due", "no_account")
    await agree(world)
    (payout,) = await payouts(world)
    assert payout["obstacle"] is None
    assert (await order(world)).status_code == 200


async def test_a_day_on_which_the_partner_owes_us_orders_nothing(world: World) -> None:
    await agree(world)
    await owed_on(world, FIRST)
    nets = await world.pool.fetch("select sum(amount)::bigint as net from daily_legs group by file_id order by file_id")
    assert [row["net"] for row in nets] == [-420_00, 70_00]
    assert [one["business_on"] for one in await payouts(world)] == [FIRST.isoformat()]


async def test_gross_what_we_owe_is_paid_whole(world: World) -> None:
    """A day on which it owes us 420.00 and we owe it 70.00 has two payments, of which ours is ordered."""
    await agree(world, netting="gross")
    plan = await world.plan(await world.consumer(limit=1_000_00), 600_00)
    await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 600_00})
    await world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": 100_00})
    await filed(world, NOON.date())
    (payout,) = await payouts(world)
    legs = await world.pool.fetch("select end_to_end_id, amount from daily_legs order by amount")
    assert [row["amount"] for row in legs] == [-420_00, 70_00]
    assert (payout["end_to_end_id"], payout["amount"]) == (legs[1]["end_to_end_id"], 70_00)
    assert (await order(world)).json()["result"]["amount"] == 70_00


async def test_two_orders_at_once_order_each_payout_once(world: World) -> None:
    await agree(world)
    await owed_on(world, FIRST)
    body = {"currency": "EUR", "payer": PAYER, "until": UNTIL}
    proposed = [await world.operator.post(ORDERS, body) for _ in range(4)]
    world.second_operator.now = world.operator.now
    done = await asyncio.gather(
        *(world.second_operator.post(f"/v1/operator/approvals/{one.json()['id']}/approve") for one in proposed)
    )
    assert sorted(one.status_code for one in done) == [200, 409, 409, 409]
    assert (await payouts(world))[0]["tries"] == 1
    assert await balances(world) == {"payout_clearing": 70_00}


async def test_nobody_orders_alone(world: World) -> None:
    await agree(world)
    await owed_on(world, FIRST)
    proposed = await world.operator.post(ORDERS, {"currency": "EUR", "payer": PAYER, "until": UNTIL})
    alone = await world.operator.post(f"/v1/operator/approvals/{proposed.json()['id']}/approve")
    assert (alone.status_code, alone.json()["code"]) == (403, "four_eyes")
    assert (await payouts(world))[0]["state"] == "due"


async def test_making_the_files_again_owes_nothing_twice(world: World) -> None:
    await owed_on(world, FIRST)
    await filed(world, FIRST)
    assert len(await payouts(world)) == 1


async def test_a_partner_sees_its_own_payouts_alone(world: World) -> None:
    payout = await ordered_on(world, FIRST)
    stranger = (await world.operator.post("/v1/operator/partners", {"name": "Another"})).json()
    key = await world.key(audience="partner", owner_id=stranger["id"], scopes=["*"])
    seen = await world.http.get("/v1/partner/payouts", headers={"Authorization": f"Bearer {key}"})
    assert seen.json() == {"payouts": [], "after": ""}
    assert (await world.operator.get("/v1/operator/partner-payouts", in_state="ordered")).json()["payouts"] == [payout]


@SHARED
@pytest.mark.parametrize(
    ("more", "pointer"),
    [({"currency": "XXX"}, "/currency"), ({"payer": PAYER | {"iban": "DE75512108001245126190"}}, "/payer/iban")],
)
async def test_an_order_that_cannot_be_is_refused(world: World, more: dict[str, Any], pointer: str) -> None:
    refused = await order(world, **more)
    assert (refused.status_code, refused.json()["pointer"]) == (400, pointer), refused.text


async def test_an_account_with_wrong_check_digits_is_not_agreed(world: World) -> None:
    refused = await agree(world, ACCOUNT | {"iban": "FR1520041010050500013M02606"})
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/participants/0/account/iban")


async def test_of_a_payout_that_is_not_there_nothing_is_told(world: World) -> None:
    for payout_id in ("pp_01JD8Q4Z7K0000000000000000", "nothing"):
        refused = await tell(world, {"id": payout_id}, "paid")
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
