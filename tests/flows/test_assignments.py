"""A receivable is assigned once, or pledged in parts up to its amount, however many try at once; who may be paid."""

import asyncio
import csv
import uuid

from tests.flows.factoring import (
    BUYER,
    TERMS,
    UNIT,
    assignment,
    at,
    bought,
    events,
    pay,
    pledge,
    purchase,
    receivable,
)
from tests.flows.test_settling_merchants import TERMS as SETTLED
from tests.flows.test_settling_merchants import agree
from tests.flows.world import SHARED, World

PATH = "/v1/operator/assignments"


@SHARED
async def test_fifty_buy_one_receivable_and_one_has_it(world: World) -> None:
    invoice = await receivable(world)
    tried = await asyncio.gather(*(world.operator.ask(PATH, purchase(invoice)) for _ in range(50)))
    assert sorted(one.status_code for one in tried) == [201] + [409] * 49
    refused = next(one.json() for one in tried if one.status_code == 409)
    assert refused["code"] == "already_assigned"
    assert "0.00 EUR of it are left" in refused["detail"]


@SHARED
async def test_fifty_pledge_and_never_more_than_there_is(world: World) -> None:
    unit = await receivable(world, UNIT)
    tried = await asyncio.gather(*(world.operator.ask(PATH, pledge(unit, 400_00)) for _ in range(50)))
    assert sorted(one.status_code for one in tried) == [201] * 12 + [409] * 38
    assert {one.json()["code"] for one in tried if one.status_code == 409} == {"over_pledged"}
    seen = (await world.merchant.get(f"/v1/receivables/{unit}")).json()
    assert seen["pledged"] == 4_800_00


async def test_sixty_and_fifty_per_cent_are_too_much(world: World) -> None:
    unit = await receivable(world, UNIT)
    first = await world.operator.post(PATH, pledge(unit, 3_000_00))
    second = await world.operator.post(PATH, pledge(unit, 2_500_00))
    assert (first.status_code, second.status_code, second.json()["code"]) == (201, 409, "over_pledged")
    assert "2000.00 EUR" in second.json()["detail"]
    assert (await world.operator.post(PATH, pledge(unit, 2_000_00))).status_code == 201
    sold = await world.operator.post(PATH, purchase(unit))
    assert (sold.status_code, sold.json()["code"]) == (409, "already_assigned")
    await world.operator.post(f"{PATH}/{first.json()['id']}/release")
    assert (await world.operator.post(PATH, pledge(unit, 3_000_01))).status_code == 409
    assert (await world.operator.post(PATH, pledge(unit, 3_000_00))).status_code == 201
    again = await world.operator.post(f"{PATH}/{first.json()['id']}/release")
    assert again.status_code == 409


async def test_one_unit_of_a_channel_an_acquirer_and_a_day(world: World) -> None:
    await receivable(world, UNIT)
    again = await world.merchant.post("/v1/receivables", UNIT | {"reference": "another", "amount": 1})
    assert (again.status_code, again.json()["code"]) == (409, "reference_used")
    assert (await world.other_merchant.post("/v1/receivables", UNIT)).status_code == 201
    await receivable(world, UNIT, due_on="2026-03-21")


async def test_the_register_lists_each_live_assignment_once(world: World) -> None:
    partner = world.demo.partner_id
    ours, theirs = await receivable(world), await receivable(world, reference="=1+1")
    unit = await receivable(world, UNIT)
    one = await bought(world, ours)
    other = await bought(world, theirs, terms=None, assignee_id=partner, recourse="none")
    held = (await world.operator.post(PATH, pledge(unit, 100_00, assignee_id=partner))).json()
    released = (await world.operator.post(PATH, pledge(unit, 50_00))).json()
    await world.operator.post(f"{PATH}/{released['id']}/release")
    rows = list(csv.DictReader((await world.operator.get(f"{PATH}/content")).text.splitlines()))
    assert sorted(row["assignment_id"] for row in rows) == sorted(row["id"] for row in (one, other, held))
    by_id = {row["assignment_id"]: row for row in rows}
    assert (by_id[held["id"]]["amount"], by_id[held["id"]]["face"]) == ("100.00", "5000.00")
    assert by_id[other["id"]]["reference"] == "'=1+1"
    assert by_id[one["id"]]["buyer_number"] == BUYER["number"]
    of_partner = csv.DictReader((await world.partner.get("/v1/partner/assignments/content")).text.splitlines())
    assert {row["assignment_id"] for row in of_partner} == {other["id"], held["id"]}
    listed = (await world.partner.get("/v1/partner/assignments")).json()["assignments"]
    assert {row["id"] for row in listed} == {other["id"], held["id"]}
    mine = (await world.merchant.get("/v1/assignments", live=True)).json()["assignments"]
    assert {row["id"] for row in mine} == set(by_id)
    assert (await world.other_merchant.get("/v1/assignments")).json()["assignments"] == []


@SHARED
async def test_what_is_paid_to_the_old_account_after_notice_is_misdirected(world: World) -> None:
    await agree(world, **SETTLED)
    invoice = await receivable(world)
    one = await bought(world, invoice, notified_on="2026-03-02")
    at(world, 4)  # a Friday
    paid = await world.merchant.post(
        f"/v1/receivables/{invoice}/payments", {"amount": 10_000_00, "paid_on": "2026-03-06"}
    )
    assert (paid.json()["is_misdirected"], paid.json()["remit_by"]) == (True, "2026-03-09")
    assert (await world.merchant.get(f"/v1/receivables/{invoice}")).json()["paid"] == 0
    (found,) = (await world.operator.get("/v1/operator/receivable-findings")).json()["findings"]
    assert (found["kind"], found["state"], found["amount"]) == ("MISDIRECTED_PAYMENT", "open", 10_000_00)
    (told,) = await events(world, "receivable.remit")
    assert (told["is_misdirected"], told["due_on"]) == (True, "2026-03-09")
    at(world, 8)
    (late,) = (await world.merchant.get("/v1/receivable-findings")).json()["findings"]
    assert late["state"] == "overdue"
    path = f"/v1/operator/receivable-payments/{found['id']}/remitted"
    done = await world.operator.post(path, {"remitted_on": "2026-03-10"})
    assert done.status_code == 200, done.text
    (ended,) = (await world.operator.get("/v1/operator/receivable-findings")).json()["findings"]
    assert (ended["state"], ended["resolved_on"]) == ("resolved", "2026-03-10")
    position = (await assignment(world, one["id"]))["position"]
    assert (position["discount"], position["collected"]) == (15_11, 10_000_00)  # 8 days, until it came
    assert (await world.operator.post(path, {"remitted_on": "2026-03-10"})).status_code == 409


async def test_an_undisclosed_assignment_is_collected_by_the_seller_as_an_agent(world: World) -> None:
    await agree(world, **SETTLED | {"calendar": "DE"})
    invoice = await receivable(world)
    one = await bought(world, invoice)
    at(world, 31)  # Maundy Thursday: Friday and Monday are closed
    paid = await world.merchant.post(
        f"/v1/receivables/{invoice}/payments", {"amount": 4_000_00, "paid_on": "2026-04-02"}
    )
    assert (paid.json()["is_misdirected"], paid.json()["remit_by"]) == (False, "2026-04-07")
    assert (await assignment(world, one["id"]))["state"] == "part_collected"
    (found,) = (await world.merchant.get("/v1/receivable-findings")).json()["findings"]
    assert (found["kind"], found["state"]) == ("REMITTANCE_DUE", "open")
    path = f"/v1/operator/receivable-payments/{paid.json()['id']}/remitted"
    early = await world.operator.post(path, {"remitted_on": "2026-04-01"})
    assert (early.status_code, early.json()["pointer"]) == (400, "/remitted_on")
    assert (await world.operator.post(path, {"remitted_on": "2026-04-02"})).status_code == 200
    books = (await world.operator.get("/v1/operator/ledger/trial-balance")).json()["accounts"]
    by_name = {row["account"]: row["balance"] for row in books}
    assert (by_name["cash"], by_name["remittance_receivable"], by_name["advances"]) == (4_000_00, 0, 4_500_00)

    noticed = await world.operator.post(f"{PATH}/{one['id']}/notify", {"notified_on": "2026-04-02"})
    assert noticed.json()["notified_on"] == "2026-04-02"
    again = await world.operator.post(f"{PATH}/{one['id']}/notify", {"notified_on": "2026-04-02"})
    assert again.status_code == 409
    (told,) = await events(world, "receivable.notified")
    assert told["receivable_id"] == invoice
    astray = await world.merchant.post(
        f"/v1/receivables/{invoice}/payments", {"amount": 1_000_00, "paid_on": "2026-04-02"}
    )
    assert astray.json()["is_misdirected"] is True
    before = await world.merchant.post(
        f"/v1/receivables/{invoice}/payments", {"amount": 1_000_00, "paid_on": "2026-04-01"}
    )
    assert (before.json()["is_misdirected"], before.json()["remit_by"]) == (False, "2026-04-07")
    position = (await assignment(world, one["id"]))["position"]
    assert (position["collected"], position["since"]) == (5_000_00, "2026-04-02")
    assert position["unit_days"] == 8_500_00 * 30 + 7_500_00  # it came a day before the other


async def test_what_a_partner_bought_is_paid_to_it_and_books_nothing(world: World) -> None:
    invoice = await receivable(world)
    one = await bought(world, invoice, terms=None, assignee_id=world.demo.partner_id, recourse="none")
    await pay(world, invoice, 4_000_00, "2026-03-02")
    assert (await assignment(world, one["id"]))["state"] == "part_collected"
    await pay(world, invoice, 6_000_00, "2026-03-02")
    assert (await assignment(world, one["id"]))["state"] == "collected"
    assert await world.pool.fetchval("select count(*) from transfers where occasion like 'factoring%'") == 0
    back = await world.operator.post(f"{PATH}/{one['id']}/write-off")
    assert back.status_code == 409


@SHARED
async def test_a_batch_buys_what_may_be_bought_and_counts_both(world: World) -> None:
    amounts = [1_000_03 + 7 * number for number in range(100)]
    made = [await receivable(world, amount=amount) for amount in amounts]
    past = [await receivable(world, due_on="2026-03-01") for _ in range(2)]
    yuan = await receivable(world, currency="CNY")
    disputed, sold, pledged = [await receivable(world) for _ in range(3)]
    await world.merchant.post(f"/v1/receivables/{disputed}/disputes", {"amount": 1})
    await bought(world, sold)
    await world.operator.post(PATH, pledge(pledged, 1_00))
    nowhere = "rv_01M8MTMBJ2DXDR3KWWQ4RXTT00"
    failing = [*past, yuan, disputed, sold, pledged, nowhere]
    asked = [*failing, *made[:93]]
    body = {
        "external_id": uuid.uuid4().hex, "merchant_id": world.demo.merchant_id, "currency": "EUR",
        "receivable_ids": asked, "terms": TERMS, "recourse": "full",
    }  # fmt: skip
    batch = (await world.operator.post("/v1/operator/assignment-batches", body)).json()
    assert (batch["state"], batch["items_total"], batch["items_kept"]) == ("open", 100, None)
    done = await world.operator.post(f"/v1/operator/assignment-batches/{batch['id']}/settle")
    assert done.status_code == 200, done.text
    prices = [(amount * 8_500 + 5_000) // 10_000 for amount in amounts[:93]]
    assert (done.json()["state"], done.json()["items_kept"], done.json()["price"]) == ("settled", 93, sum(prices))
    seen = (await world.operator.get(f"/v1/operator/assignment-batches/{batch['id']}")).json()
    assert [item["reason"] for item in seen["items"][:7]] == [
        "past_due", "past_due", "currency_mismatch", "disputed_receivable", "already_assigned", "already_assigned",
        "not_found",
    ]  # fmt: skip
    assert [item["price"] for item in seen["items"][7:]] == prices
    told = [one for one in await events(world, "receivable.bought") if one["batch_id"] == batch["id"]]
    assert {one["receivable_id"] for one in told} == set(made[:93])
    assert len(told) == 93
    assert sum(one["advance"] for one in told) == sum(prices)
    again = await world.operator.post(f"/v1/operator/assignment-batches/{batch['id']}/settle")
    assert again.status_code == 409
    twice = await world.operator.post("/v1/operator/assignment-batches", body)
    assert (twice.status_code, twice.json()["code"]) == (409, "reference_used")


@SHARED
async def test_a_large_batch_waits_for_a_second_person_and_may_be_cancelled(world: World) -> None:
    large = [await receivable(world, amount=400_000_00) for _ in range(2)]
    body = {
        "external_id": "large", "merchant_id": world.demo.merchant_id, "currency": "EUR", "receivable_ids": large,
        "terms": TERMS,
    }  # fmt: skip
    batch = (await world.operator.post("/v1/operator/assignment-batches", body)).json()
    path = f"/v1/operator/assignment-batches/{batch['id']}"
    waits = await world.operator.post(f"{path}/settle")
    assert waits.status_code == 202, waits.text
    assert (await world.operator.get(path)).json()["batch"]["state"] == "awaiting_approval"
    await world.merchant.post(f"/v1/receivables/{large[0]}/disputes", {"amount": 1})
    done = (await world.seconded(waits)).json()
    assert (done["state"], done["items_kept"], done["price"]) == ("settled", 1, 340_000_00)
    assert (await world.operator.post(f"{path}/cancel")).status_code == 409
    other = (await world.operator.post("/v1/operator/assignment-batches", body | {"external_id": "other"})).json()
    cancelled = await world.operator.post(f"/v1/operator/assignment-batches/{other['id']}/cancel")
    assert cancelled.json()["state"] == "cancelled"
    double = await world.operator.post(
        "/v1/operator/assignment-batches", body | {"external_id": "x", "receivable_ids": [large[0]] * 2}
    )
    assert (double.status_code, double.json()["pointer"]) == (400, "/receivable_ids")
