"""Lists for a back office: everybody sees their own, page after page, narrowed, as JSON and as CSV."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from service.api import lists
from service.api.queries import Q
from tests.flows.test_platforms import acting, bought
from tests.flows.world import NOON, SHARED, Client, World

TODAY = NOON.date().isoformat()
NOBODY = "me_00000000000000000000000000"


class Sheets(Client):
    """A client that would rather have CSV."""

    def __init__(self, http: httpx.AsyncClient, key: str) -> None:
        super().__init__(http, key)
        self._auth |= {"Accept": "text/csv"}


async def all_of(client: Client, path: str, what: str, limit: int, **asked: Any) -> list[dict[str, Any]]:
    """Page after page, until one is empty and its `after` stands still."""
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        page = await client.get(path, after=after, limit=limit, **asked)
        assert page.status_code == 200, page.text
        found += page.json()[what]
        if page.json()["after"] == after and not page.json()[what]:
            return found
        after = page.json()["after"]


async def shop(world: World) -> list[dict[str, Any]]:
    """Five plans of one consumer, 100.00 to 500.00: the last two are captured, the third is voided."""
    consumer = await world.consumer(10_000_00)
    plans = [await world.plan(consumer, amount * 100_00) for amount in range(1, 6)]
    assert (await world.merchant.post(f"/v1/plans/{plans[2]['id']}/void")).is_success
    for plan in plans[3:]:
        assert (await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": plan["amount"]})).is_success
    return plans


@pytest.mark.parametrize("limit", [1, 2, 1_000])
async def test_plans_are_listed_by_what_is_asked_for_and_none_is_skipped(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr("service.api.merchant_lists.LOOKED_AT_MAX", 2)
    plans = await shop(world)
    newest = sorted((plan["id"] for plan in plans), reverse=True)
    captured, voided = {plan["id"] for plan in plans[3:]}, {plans[2]["id"]}
    middle = {plan["id"] for plan in plans[1:4]}
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({}, {*newest}),
        ({"in_state": "active"}, captured),
        ({"in_state": "voided"}, voided),
        ({"amount_min": 200_00, "amount_max": 400_00}, middle),
        ({"kind": "deposit"}, set()),
        ({"merchant_reference": plans[2]["merchant_reference"]}, voided),
        ({"merchant_reference": plans[2]["merchant_reference"], "in_state": "active"}, set()),
        ({"merchant_reference": "nobody's"}, set()),
        ({"consumer": plans[0]["consumer"]}, {*newest}),
        ({"consumer": "co_00000000000000000000000000"}, set()),
        ({"currency": "EUR", "first_on": TODAY, "last_on": TODAY}, {*newest}),
        ({"last_on": (NOON.date() - timedelta(days=1)).isoformat()}, set()),
        ({"first_on": (NOON.date() + timedelta(days=1)).isoformat()}, set()),
    ]
    for asked, expected in cases:
        listed = await all_of(world.merchant, "/v1/lists/plans", "plans", limit, **asked)
        assert [one["id"] for one in listed] == [one for one in newest if one in expected], asked
    of = {"merchant_id": world.demo.merchant_id}
    theirs = await all_of(world.operator, "/v1/operator/lists/plans", "plans", limit, **of)
    assert theirs == await all_of(world.merchant, "/v1/lists/plans", "plans", limit)


async def test_everybody_sees_their_own(world: World) -> None:
    plans = await shop(world)
    for what in ("plans", "checkouts", "consumers"):
        assert (await world.other_merchant.get(f"/v1/lists/{what}")).json() == {what: [], "after": ""}
    selling, seller = await acting(world)
    plan = await bought(selling)
    assert [one["id"] for one in await all_of(selling, "/v1/lists/plans", "plans", 10)] == [plan]
    of = {"merchant_id": world.demo.merchant_id}
    mine = await all_of(world.merchant, "/v1/lists/plans", "plans", 10, **of)
    assert {one["id"] for one in mine} == {one["id"] for one in plans}
    assert {one["merchant_id"] for one in mine} == {world.demo.merchant_id}
    sellers = await world.operator.get("/v1/operator/merchants", platform_id=world.demo.merchant_id)
    assert [one["id"] for one in sellers.json()["merchants"]] == [seller]
    everybody = {one["id"] for one in await all_of(world.operator, "/v1/operator/merchants", "merchants", 1)}
    assert everybody == {
        seller, world.demo.merchant_id, world.demo.second_merchant_id, world.demo.test_merchant_id
    }  # fmt: skip
    partners = (await world.operator.get("/v1/operator/partners")).json()["partners"]
    assert [one["id"] for one in partners] == [world.demo.partner_id]
    assert (await world.merchant.get("/v1/operator/lists/plans")).status_code == 403


async def test_checkouts_and_consumers(world: World) -> None:
    plans = await shop(world)
    asked = {"outcome": "approved", "merchant_reference": plans[1]["merchant_reference"]}
    (one,) = await all_of(world.merchant, "/v1/lists/checkouts", "checkouts", 2, **asked)
    assert (one["amount"], one["consumer"]) == (200_00, plans[0]["consumer"])
    assert await all_of(world.merchant, "/v1/lists/checkouts", "checkouts", 2, outcome="declined") == []
    consumers = await all_of(world.merchant, "/v1/lists/consumers", "consumers", 1)
    assert [one["id"] for one in consumers] == [plans[0]["consumer"]]


async def test_a_consumer_is_found_by_the_reference_of_its_merchant_alone(world: World) -> None:
    for reference in ("anna", "ben", "=2+2"):
        assert (await world.merchant.post("/v1/consumers", {"reference": reference})).status_code == 201
    known = {
        reference: (await world.merchant.post("/v1/consumers", {"reference": reference})).json()["id"]
        for reference in ("anna", "ben", "=2+2")
    }
    for reference, consumer in known.items():
        (one,) = (await world.merchant.get("/v1/lists/consumers", reference=reference)).json()["consumers"]
        assert one["id"] == consumer
        of = {"merchant_id": world.demo.merchant_id, "reference": reference}
        assert (await world.operator.get("/v1/operator/lists/consumers", **of)).json()["consumers"] == [one]
        assert (await world.other_merchant.get("/v1/lists/consumers", reference=reference)).json()["consumers"] == []
    assert (await world.merchant.get("/v1/lists/consumers", reference="carl")).json()["consumers"] == []


async def test_payments_are_listed_by_their_reference_and_amount(world: World) -> None:
    plans = await shop(world)
    for number, plan in enumerate(plans[3:], 1):
        world.merchant.now = NOON + timedelta(seconds=number)  # ids of one instant have no order
        body = {"amount": number * 10_00, "reference": f"PSP {number}"}
        assert (await world.merchant.post(f"/v1/plans/{plan['id']}/payments", body)).status_code == 201
    newest = await all_of(world.merchant, "/v1/lists/payments", "payments", 1)
    assert [(one["plan_id"], one["amount"], one["reference"]) for one in newest] == [
        (plans[4]["id"], 20_00, "psp 2"), (plans[3]["id"], 10_00, "psp 1")
    ]  # fmt: skip
    parts = [one["principal"] + one["interest"] + one["fee"] + one["penalty"] + one["overpaid"] for one in newest]
    assert parts == [20_00, 10_00]
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({"reference": "psp  2"}, [20_00]), ({"plan_id": plans[3]["id"]}, [10_00]), ({"amount_min": 15_00}, [20_00]),
        ({"currency": "USD"}, []), ({"first_on": TODAY, "last_on": TODAY}, [20_00, 10_00]),
    ]  # fmt: skip
    for asked, amounts in cases:
        listed = (await world.merchant.get("/v1/lists/payments", **asked)).json()["payments"]
        assert [one["amount"] for one in listed] == amounts, asked
    of = {"merchant_id": world.demo.merchant_id}
    assert await all_of(world.operator, "/v1/operator/lists/payments", "payments", 1, **of) == newest
    assert (await world.other_merchant.get("/v1/lists/payments")).json()["payments"] == []
    sheet = await Sheets(world.http, world.demo.merchant_key).get("/v1/lists/payments")
    assert [row["reference"] for row in csv.DictReader(io.StringIO(sheet.text))] == ["psp 2", "psp 1"]


async def test_refunds_are_listed_of_disputes_too(world: World) -> None:
    """What a merchant refunds, less what it keeps for the way back; and what a dispute that it accepts takes back."""
    plans = await shop(world)
    back = {"amount": 50_00, "return_fee": 5_00}
    assert (await world.merchant.post(f"/v1/plans/{plans[3]['id']}/refunds", back)).is_success
    world.merchant.now = NOON + timedelta(seconds=1)
    body = {"reason": "not_received", "amount": 30_00}
    assert (await world.merchant.post(f"/v1/plans/{plans[4]['id']}/disputes", body)).status_code == 201
    assert (await world.merchant.post(f"/v1/plans/{plans[4]['id']}/disputes/accept")).status_code == 200
    listed = await all_of(world.merchant, "/v1/lists/refunds", "refunds", 1)
    assert [(one["plan_id"], one["amount"], one["return_fee"]) for one in listed] == [
        (plans[4]["id"], 30_00, 0), (plans[3]["id"], 45_00, 5_00)
    ]  # fmt: skip
    assert all(one["id"].startswith("fa_") for one in listed)
    sheet = await Sheets(world.http, world.demo.merchant_key).get("/v1/lists/refunds")
    assert [row["amount"] for row in csv.DictReader(io.StringIO(sheet.text))] == ["3000", "4500"]
    assert (await world.other_merchant.get("/v1/lists/refunds")).json()["refunds"] == []


async def test_disputes_are_listed_where_they_are(world: World) -> None:
    plans = await shop(world)
    for number, plan in enumerate(plans[3:]):
        world.merchant.now = NOON + timedelta(seconds=number)
        body = {"reason": "not_received", "amount": 50_00}
        assert (await world.merchant.post(f"/v1/plans/{plan['id']}/disputes", body)).status_code == 201
    assert (await world.merchant.post(f"/v1/plans/{plans[3]['id']}/disputes/accept")).status_code == 200
    listed = await all_of(world.merchant, "/v1/lists/disputes", "disputes", 1)
    assert [(one["plan_id"], one["state"], one["respond_by"] is None) for one in listed] == [
        (plans[4]["id"], "needs_response", False), (plans[3]["id"], "accepted", True)
    ]  # fmt: skip
    for state, found in (("open", 1), ("accepted", 1), ("won", 0)):
        asked = {"merchant_id": world.demo.merchant_id, "in_state": state}
        assert len((await world.operator.get("/v1/operator/lists/disputes", **asked)).json()["disputes"]) == found


@SHARED
@pytest.mark.parametrize(
    ("path", "column"),
    [
        ("settlements", "pays_on"),
        ("payouts", "state"),
        ("keys", "prefix"),
        ("endpoints/{endpoint}/deliveries", "state"),
    ],
)
async def test_older_lists_are_sheets_too(world: World, path: str, column: str) -> None:
    made = await world.merchant.post("/v1/endpoints", {"url": "https://shop.example/tenor"})
    path = path.replace("{endpoint}", made.json().get("id", ""))
    sheet = await Sheets(world.http, world.demo.merchant_key).get(f"/v1/{path}")
    assert (sheet.status_code, sheet.headers["content-type"].partition(";")[0]) == (200, "text/csv"), sheet.text
    listed = (await world.merchant.get(f"/v1/{path}")).json()
    rows = next(value for value in listed.values() if isinstance(value, list))
    assert sheet.headers["tenor-after"] == str(listed["after"])
    assert len(list(csv.DictReader(io.StringIO(sheet.text)))) == len(rows)
    assert column in sheet.text.partition("\n")[0]


async def test_the_same_as_csv_without_formulas(world: World) -> None:
    consumer = await world.consumer(10_000_00)
    for reference in ("=1+1", "order, 7", '@"x"'):
        await world.plan(consumer, 100_00, merchant_reference=reference)
    answered = await Sheets(world.http, world.demo.merchant_key).get("/v1/lists/plans", limit=2)
    assert answered.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answered.text)))
    listed = (await world.merchant.get("/v1/lists/plans", limit=2)).json()
    assert answered.headers["tenor-after"] == listed["after"]
    shown = {"=1+1": "'=1+1", "order, 7": "order, 7", '@"x"': '\'@"x"'}
    assert [(row["id"], row["merchant_reference"], int(row["amount"])) for row in rows] == [
        (one["id"], shown[one["merchant_reference"]], 100_00) for one in listed["plans"]
    ]


@SHARED
@pytest.mark.parametrize(
    ("path", "asked", "field"),
    [
        ("/v1/lists/plans", {"after": "co_00000000000000000000000000"}, "after"),
        ("/v1/lists/plans", {"after": "7"}, "after"),
        ("/v1/lists/checkouts", {"after": "pl_00000000000000000000000000"}, "after"),
        ("/v1/lists/plans", {"in_state": "asleep"}, "in_state"),
        ("/v1/lists/plans", {"first_on": "2026-03-02", "last_on": "2026-03-01"}, "last_on"),
        ("/v1/lists/plans", {"amount_min": -1}, "amount_min"),
        ("/v1/lists/plans", {"limit": 1_001}, "limit"),
    ],
)
async def test_what_cannot_be_asked_is_refused(world: World, path: str, asked: dict[str, Any], field: str) -> None:
    refused = await world.merchant.get(path, **asked)
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["pointer"]) == (400, "invalid_field", f"/{field}")
    whose = await world.operator.get("/v1/operator/lists/plans", merchant_id=NOBODY)
    assert (whose.status_code, whose.json()["pointer"]) == (400, "/merchant_id")


async def test_of_many_plans_a_page_reads_its_own(world: World) -> None:
    """By the index of the merchant's, however many others there are."""
    await world.plan(await world.consumer(1_000_00), 100_00)
    columns = await world.pool.fetch(
        "select column_name from information_schema.columns where table_name = 'plans' and is_generated = 'NEVER'"
    )
    other = {
        "plan_id": "'pl_' || lpad(n::text, 26, '0')",
        "decision_id": "'de_' || n",
        "merchant_id": "'me_' || n % 50",
    }
    names = [row["column_name"] for row in columns]
    picked = ", ".join(other.get(name, f"p.{name}") for name in names)
    async with world.pool.acquire() as conn:
        filling = conn.transaction()
        await filling.start()
        await conn.execute(
            f"insert into plans ({', '.join(names)}) select {picked} from plans p, generate_series(1, 20000) n"
        )
        await conn.execute("analyze plans")
        wanted = (None,) * 8
        plan = await conn.fetch(f"explain {Q.list_plans}", "me_7", lists.HIGHEST, 100, 100, *wanted, "")
        await filling.rollback()
    text = "\n".join(row[0] for row in plan)
    assert "plans_of_merchant" in text, text
    assert "Seq Scan" not in text, text


@pytest.mark.parametrize(
    ("statement", "more"), [(Q.list_payments, 7), (Q.list_refunds, 6)], ids=["payments", "refunds"]
)
async def test_the_facts_of_a_page_are_found_by_their_plans(world: World, statement: str, more: int) -> None:
    """There is no index of facts by their ids: each would be looked for in its whole bucket."""
    async with world.pool.acquire() as conn, conn.transaction():
        await conn.execute(
            "set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off"
        )
        rows = await conn.fetch(f"explain {statement}", "me_7", lists.HIGHEST, 100, 100, *(None,) * more, "")
    text = "\n".join(row[0] for row in rows)
    assert re.search(r" on facts\w* f .*\n +Index Cond: .*plan_id", text), text


async def test_a_merchant_is_changed_and_switched_off_and_on(world: World) -> None:
    other = world.demo.second_merchant_id
    where = f"/v1/operator/merchants/{other}/change"
    body = {"name": "Harbour Electronics", "fees": {"instalments": {"bps": 100}}, "active": False}
    assert (await world.operator.post(where, body)).status_code == 200
    listed = (await world.operator.get("/v1/operator/merchants", active="false")).json()["merchants"]
    assert [(one["id"], one["name"]) for one in listed] == [(other, "Harbour Electronics")]
    registry = world.app.state["services"].registry
    assert registry.now.merchants[other].active is False
    assert registry.now.merchants[other].fees["instalments"].bps == 100
    consumer = await world.other_merchant.post("/v1/consumers", {"reference": "c", "attributes": {}})
    cart = {"merchant_reference": "o-1", "consumer": consumer.json().get("id"), "currency": "EUR", "amount": 100_00}
    if consumer.status_code == 201:
        consumer = await world.other_merchant.post("/v1/checkouts", cart)
    assert (consumer.status_code, consumer.json()["code"]) == (403, "forbidden")
    assert (await world.operator.post(where, {"active": True})).status_code == 200
    assert registry.now.merchants[other].name == "Harbour Electronics"
    assert registry.now.merchants[other].active is True
    nobody = f"/v1/operator/merchants/{NOBODY}/change"
    assert (await world.operator.post(nobody, {"active": True})).status_code == 404
    acts = (await world.operator.get("/v1/operator/audit", thing="merchant", thing_id=other)).json()["entries"]
    assert [one["before"]["active"] for one in acts] == [True, False]
