"""What settlements owe who bears losses is ordered, and paid as the bank's statement shows; so is what they owe us.

What came back of losses that they had paid is in them."""

import asyncio
import xml.etree.ElementTree as ET
from typing import Any

import httpx
import pytest
from sepaxml.validation import try_valid_xml

from tests.flows.insuring import insured
from tests.flows.test_bank_statements import hand_in
from tests.flows.test_insured_losses import at as instant
from tests.flows.test_insured_losses import balances, declared, limited, posted
from tests.flows.test_loss_claims import AT_ONCE, CLAIMS, at, balance, closed_on
from tests.flows.test_losses import LOSSES, allocate, given_up, parts, plan_of_two
from tests.flows.test_paying_partners import NS, PAYER
from tests.flows.test_payouts_at_the_bank import findings, opened_for_merchants, told
from tests.flows.test_pools import Pooled, bought_and_late
from tests.flows.test_pools import pooled as pooled  # the fixture
from tests.flows.test_settling_with_insurers import SETTLEMENTS, pay, settle
from tests.flows.test_shared_plans import act
from tests.flows.test_support import arrangement, waterfall
from tests.flows.test_support_party import borne_by
from tests.flows.world import Client, World
from tests.reconciling.messages import IBAN, entry, message

ACCOUNT = {"holder": "Elbe Insurance", "iban": "FR1420041010050500013M02606", "bic": "PSSTFRPPPAR"}


async def known(world: World, party: str, account: dict[str, Any] = ACCOUNT) -> None:
    """Where a party is paid."""
    asked = {"currency": "EUR", "account": account}
    named = await world.seconded(await world.operator.post(f"/v1/operator/support-parties/{party}/account", asked))
    assert named.status_code == 201, named.text


async def order(world: World, until: str = "2026-12-31") -> httpx.Response:
    body = {"currency": "EUR", "payer": PAYER | {"iban": IBAN}, "until": until}
    waits = await world.operator.post("/v1/operator/insurer-payment-orders", body)
    assert waits.status_code == 202, waits.text
    world.second_operator.now = world.operator.now
    return await world.second_operator.post(f"/v1/operator/approvals/{waits.json()['id']}/approve")


async def shown(world: World, *entries: tuple[int, str, str]) -> None:
    """A statement of 2 March with these payments, handed in on that day."""
    world.operator.now = instant("2026-03-02")
    await told(world, *entries)


async def owed(world: World) -> tuple[str, Client, dict[str, Any]]:
    """An insurer is owed 4,375.00 of premium for January; its settlement."""
    insurer, client = await world.take_on()
    policy = await insured(world, "domestic", terms={"provider_id": insurer})
    await declared(world, policy, 1, {"insured": 1_250_000_00})
    assert (await opened_for_merchants(world)).status_code == 201
    world.operator.now = instant("2026-02-02")
    made = await settle(world, insurer, "2026-01-31")
    assert (made.status_code, made.json()["net"], made.json()["state"]) == (201, 4_375_00, "due"), made.text
    return insurer, client, made.json()


async def now(world: World, one: dict[str, Any]) -> tuple[str, int, str | None]:
    listed = (await world.operator.get(SETTLEMENTS)).json()["settlements"]
    (found,) = [each for each in listed if each["id"] == one["id"]]
    return found["state"], found["tries"], found["word_of"]


async def test_what_we_owe_is_ordered_and_paid_as_the_bank_shows(world: World) -> None:
    insurer, client, one = await owed(world)
    assert (await order(world)).json()["code"] == "state_forbids"  # nobody knows where it is paid
    await known(world, insurer)
    made = (await order(world)).json()["result"]
    assert (made["payouts"], made["amount"]) == (1, 4_375_00)
    written = await world.operator.get(f"/v1/operator/payment-orders/{made['id']}/content")
    try_valid_xml(written.content, "pain.001.001.09")
    sent = ET.fromstring(written.content)
    assert sent.findtext(".//m:EndToEndId", None, NS) == one["end_to_end_id"] == f"{one['id'][3:]}S20260131"
    assert [each.text for each in sent.iterfind(".//m:IBAN", NS)] == [IBAN, ACCOUNT["iban"]]
    assert (await balance(world, "insurer_payable"), await balance(world, "payout_clearing")) == (0, -4_375_00)
    assert (await order(world)).json()["code"] == "state_forbids"  # once
    name = one["end_to_end_id"]
    await shown(world, (-4_375_00, name, "B1"))
    assert await now(world, one) == ("paid", 1, "bank")
    await shown(world, (4_375_00, name, "B2"))  # its bank did not take it
    assert await now(world, one) == ("due", 1, "bank")
    assert (await balances(world, "EUR"))["insurer_payable"] == -4_375_00
    assert (await order(world)).is_success
    await shown(world, (-4_375_00, name, "B3"))
    assert await now(world, one) == ("paid", 2, "bank")
    await shown(world, (4_375_00, name, "B4"))
    assert await now(world, one) == ("given_up", 2, "bank")
    assert (await order(world)).json()["code"] == "state_forbids"
    assert await findings(world) == []
    events = (await client.get("/v1/support/events")).json()["events"]
    states = [each["data"]["state"] for each in events if each["type"] == "insurer_settlement.changed"]
    assert states == ["made", *["ordered", "paid", "returned"] * 2]


async def test_two_orders_at_once_order_it_once(world: World) -> None:
    insurer, _, one = await owed(world)
    await known(world, insurer)
    body = {"currency": "EUR", "payer": PAYER | {"iban": IBAN}, "until": "2026-12-31"}
    waits = [await world.operator.post("/v1/operator/insurer-payment-orders", body) for _ in range(4)]
    world.second_operator.now = world.operator.now
    done = await asyncio.gather(
        *(world.second_operator.post(f"/v1/operator/approvals/{each.json()['id']}/approve") for each in waits)
    )
    assert sorted(each.status_code for each in done) == [200, 409, 409, 409]
    assert await now(world, one) == ("ordered", 1, None)
    assert await balance(world, "payout_clearing") == -4_375_00


async def test_one_sum_of_an_order_pays_all_of_it(world: World) -> None:
    insurer, _, one = await owed(world)
    await known(world, insurer)
    made = (await order(world)).json()["result"]
    group = f"<NtryDtls><Btch><PmtInfId>{made['id'].replace('_', '-')}-1</PmtInfId></Btch>"
    whole = entry("-4375.00").replace("<NtryDtls>", group)
    world.operator.now = instant("2026-03-02")
    assert (await hand_in(world, message([whole], "0.00", "-4375.00"))).status_code == 201
    assert await now(world, one) == ("paid", 1, "bank")


async def test_an_operators_word_stands_until_the_bank_shows_it(world: World) -> None:
    _, _, one = await owed(world)
    assert (await pay(world, one, "2026-02-02"))["word_of"] == "operator"
    await shown(world, (-4_375_00, one["end_to_end_id"], "B1"))
    assert await now(world, one) == ("paid", 0, "bank")
    assert await balance(world, "cash") == -4_375_00, "once"
    assert await findings(world) == []
    await shown(world, (-4_375_00, one["end_to_end_id"], "B2"))  # and again
    (found,) = await findings(world)
    assert (found["kind"], found["amount"]) == ("out_of_turn", 4_375_00)


async def test_what_is_not_as_much_or_late_is_a_break(world: World) -> None:
    insurer, _, one = await owed(world)
    await known(world, insurer)
    await order(world)
    await shown(world, (-4_000_00, one["end_to_end_id"], "B1"))
    assert await now(world, one) == ("ordered", 1, None)
    assert {(each["kind"], each["amount"]) for each in await findings(world)} == {
        ("amount_diff", -375_00), ("cash_short", -4_375_00),
    }  # fmt: skip


async def test_what_comes_back_by_an_operators_word(world: World) -> None:
    insurer, _, one = await owed(world)
    await known(world, insurer)
    path = f"{SETTLEMENTS}/{one['id']}/returned"
    early = await world.operator.post(path, {"reference": "AC04"})
    assert (early.status_code, early.json()["code"]) == (409, "state_forbids")
    await order(world)
    back = await world.operator.post(path, {"reference": "AC04"})
    assert (back.status_code, back.json()["state"], back.json()["reference"]) == (200, "due", "AC04")


async def owes(world: World) -> dict[str, Any]:
    """An insurer that owes us 22,500.00 for a loss of February; its settlement."""
    insurer, _ = await world.take_on()
    policy = await insured(world, "domestic", terms={"provider_id": insurer})
    debtor = await limited(world, policy, 25_000_00)
    assert (await opened_for_merchants(world)).status_code == 201
    world.operator.now = instant("2026-02-20")
    sales = [{"on": "2026-02-01", "amount": 30_000_00}]
    lost = {"debtor_id": debtor, "cause": "credit", "on": "2026-02-20", "sales": sales}
    await posted(world, f"insurance-policies/{policy}/losses", lost)
    world.operator.now = instant("2026-03-02")
    made = (await settle(world, insurer, "2026-02-28")).json()
    assert made["net"] == -22_500_00
    found: dict[str, Any] = made
    return found


async def test_what_it_owes_us_is_paid_as_the_bank_shows(world: World) -> None:
    one = await owes(world)
    assert (await order(world)).json()["code"] == "state_forbids"
    await shown(world, (22_000_00, one["end_to_end_id"], "B1"))
    assert await now(world, one) == ("due", 0, None)
    (found,) = await findings(world)
    assert (found["kind"], found["amount"]) == ("amount_diff", 500_00)
    await shown(world, (22_500_00, one["end_to_end_id"], "B2"))
    assert await now(world, one) == ("paid", 0, "bank")
    assert (await balances(world, "EUR"))["insurer_receivable"] == 0
    back = await world.operator.post(f"{SETTLEMENTS}/{one['id']}/returned", {"reference": "?"})
    assert back.json()["code"] == "state_forbids"


# What comes back of losses of plans -----------------------------------------------------------------------------------


async def test_what_was_paid_too_much_is_given_back(world: World) -> None:
    """The insurer paid 2,880.00 and the pool 388.00, before a refund of 400.00 was found: 320.00 and 32.00 go back."""
    plan, *_ = await plan_of_two(world)
    loss = await given_up(world, plan)
    await act(world, plan, "payments", amount=300_00)
    (insurer, first), (guarantor, second) = await world.take_on(), await world.take_on("Pool of Hamburg")
    terms = {"claims": AT_ONCE, "ends_on": "2027-12-31"}
    share = await arrangement(world, kind="reserve", cover_bps=1_000, funded=True)
    attachment = {"kind": "each_and_every", "amount": 250_00}
    policy = await borne_by(
        world, insurer, kind="consumer_insurance", cover_bps=8_000, attachment=attachment, **terms
    )  # fmt: skip
    pool = await borne_by(world, guarantor, kind="compensation_pool", cover_bps=4_000, **terms)
    await world.operator.post(f"/v1/operator/support-arrangements/{share}/fund", {"amount": 350_00, "reference": "1"})
    await allocate(world, loss, waterfall_id=await waterfall(world, share, policy, pool))
    at(world, "2026-04-02", first, second)
    for client, one, amount in ((first, policy, 2_880_00), (second, pool, 388_00)):
        claim = (await world.operator.post(CLAIMS, {"loss_id": loss, "arrangement_id": one})).json()["id"]
        await world.operator.post(f"{CLAIMS}/{claim}/lodge")
        for verb, body in (("decide", {"approved": amount}), ("pay", {"amount": amount, "reference": "1"})):
            done = await client.post(f"/v1/support/claims/{claim}/{verb}", body)
            assert done.status_code == 200, done.text
    assert (await world.merchant.post(f"/v1/plans/{plan}/refunds", {"amount": 400_00})).is_success
    assert parts(await allocate(world, loss))[0] == [350_00, 2_560_00, 356_00]
    assert (await balance(world, "insurer_receivable"), await balance(world, "guarantor_receivable")) == (
        -320_00, -32_00,
    )  # fmt: skip
    at(world, "2026-05-02", first, second)
    for party, back in ((insurer, 320_00), (guarantor, 32_00)):
        made = (await settle(world, party, "2026-04-30")).json()
        assert [made[name] for name in ("premium", "given_back", "indemnity", "net")] == [0, back, 0, back]
        await known(world, party)
        again = await settle(world, party, "2026-04-30")
        assert again.json()["code"] == "state_forbids"
    assert (await balance(world, "insurer_receivable"), await balance(world, "guarantor_receivable")) == (0, 0)
    assert (await order(world)).json()["result"]["amount"] == 352_00
    at(world, "2026-06-02")
    assert (await settle(world, insurer, "2026-05-31")).json()["code"] == "state_forbids", "it was given back once"


async def test_what_comes_back_is_given_back_and_asked_for_again_if_it_bounces(world: World) -> None:
    """The insurer bore and paid all 4,500.00; 1,000.00 come and are given back in April, and bounce in May."""
    plan, *_ = await plan_of_two(world)
    loss = await given_up(world, plan)
    insurer, client = await world.take_on()
    policy = await borne_by(world, insurer, kind="consumer_insurance", claims=AT_ONCE, ends_on="2027-12-31")
    await allocate(world, loss, waterfall_id=await waterfall(world, policy))
    at(world, "2026-04-02", client)
    claim = (await world.operator.post(CLAIMS, {"loss_id": loss, "arrangement_id": policy})).json()["id"]
    await world.operator.post(f"{CLAIMS}/{claim}/lodge")
    for verb, body in (("decide", {"approved": 4_500_00}), ("pay", {"amount": 4_500_00, "reference": "1"})):
        assert (await client.post(f"/v1/support/claims/{claim}/{verb}", body)).status_code == 200
    paid = await act(world, plan, "payments", amount=1_000_00)
    await allocate(world, loss)
    at(world, "2026-05-02", client)
    april = (await settle(world, insurer, "2026-04-30")).json()
    assert april["net"] == 1_000_00
    body = {"payment_id": paid["recorded"]["id"]}
    assert (await world.operator.post(f"/v1/operator/plans/{plan}/payments/return", body)).is_success
    await allocate(world, loss)
    at(world, "2026-06-02", client)
    may = (await settle(world, insurer, "2026-05-31")).json()
    assert (may["given_back"], may["net"]) == (-1_000_00, -1_000_00)
    assert len((await world.operator.get(f"{LOSSES}/{loss}")).json()["versions"]) == 1


async def test_what_a_partner_guarantees_is_settled_with_it_and_paid_by_hand(world: World) -> None:
    """It paid 2,250.00 of 4,500.00; of 1,000.00 that come it is owed 500.00."""
    plan, *_ = await plan_of_two(world)
    loss = await given_up(world, plan)
    guarantor = world.demo.partner_id
    terms = {"cover_bps": 5_000, "claims": AT_ONCE, "ends_on": "2027-12-31"}
    guarantee = await borne_by(world, guarantor, **terms)
    await allocate(world, loss, waterfall_id=await waterfall(world, guarantee))
    at(world, "2026-04-02")
    claim = (await world.operator.post(CLAIMS, {"loss_id": loss, "arrangement_id": guarantee})).json()["id"]
    await world.operator.post(f"{CLAIMS}/{claim}/lodge")
    for verb, body in (("decide", {"approved": 2_250_00}), ("pay", {"amount": 2_250_00, "reference": "1"})):
        done = await world.seconded(await world.operator.post(f"{CLAIMS}/{claim}/{verb}", body))
        assert done.is_success, done.text
    await act(world, plan, "payments", amount=1_000_00)
    await allocate(world, loss)
    at(world, "2026-05-02")
    made = (await settle(world, guarantor, "2026-04-30")).json()
    assert (made["given_back"], made["net"]) == (500_00, 500_00)
    assert (await order(world)).json()["code"] == "state_forbids"
    assert (await pay(world, made, "2026-05-02"))["state"] == "paid"
    assert await balance(world, "guarantor_receivable") == 0


async def test_what_a_pool_owes_its_funders_is_paid_to_them(world: World, pooled: Pooled) -> None:
    """Of 74.83 that came back and cannot be paid out again the first has 52.38, and the second 22.45."""
    pool = await pooled.agree()
    one, _ = await pooled.paid(await bought_and_late(world), await waterfall(world, pool))
    came = await world.operator.post(f"{LOSSES}/{one}/recoveries", {"gross": 187_07, "source": "collection"})
    assert came.is_success
    await closed_on(world, "2026-10-16")
    at(world, "2026-11-02", *pooled.clients)
    backs = [(await settle(world, party, "2026-10-31")).json() for party in pooled.parties]
    assert [(each["given_back"], each["net"]) for each in backs] == [(52_38, 52_38), (22_45, 22_45)]
    assert await balance(world, "pool_payable") == 0


@pytest.mark.parametrize(("differs", "pointer"), [
    ({"account": ACCOUNT | {"iban": "FR1520041010050500013M02606"}}, "/account/iban"),
    ({"currency": "XXX"}, "/currency"),
])  # fmt: skip
async def test_an_account_that_cannot_be(world: World, differs: dict[str, Any], pointer: str) -> None:
    party, _ = await world.take_on()
    body = {"currency": "EUR", "account": ACCOUNT} | differs
    refused = await world.operator.post(f"/v1/operator/support-parties/{party}/account", body)
    assert (refused.status_code, refused.json()["pointer"]) == (400, pointer), refused.text
    for strange in (f"sp_{'0' * 26}", "sp_1"):
        nobody = await world.operator.post(
            f"/v1/operator/support-parties/{strange}/account", {"currency": "EUR", "account": ACCOUNT}
        )
        assert nobody.status_code == 404
