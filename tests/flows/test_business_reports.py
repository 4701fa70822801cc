"""Reports on merchants and buyers: how they pay, from which sources, read on grounds, and the same bytes for a day."""

import hashlib
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.flows.factoring import BUYER, at, bought, receivable
from tests.flows.test_settling_merchants import TERMS as SETTLED
from tests.flows.test_settling_merchants import agree
from tests.flows.world import NOON, SHARED, Client, World


async def invoice(client: Client, reference: str, amount: int, due_on: str, paid_on: str | None) -> str:
    """An invoice of a supplier's, and when it was paid."""
    body = {
        "kind": "invoice", "currency": "EUR", "amount": amount, "due_on": due_on, "reference": reference,
        "buyer": BUYER,
    }  # fmt: skip
    made = await client.post("/v1/receivables", body)
    assert made.status_code == 201, made.text
    if paid_on:
        path = f"/v1/receivables/{made.json()['id']}/payments"
        paid = await client.post(path, {"amount": amount, "paid_on": paid_on})
        assert paid.status_code == 201, paid.text
    return str(made.json()["buyer_id"])


async def opened(world: World, subject: str, **more: Any) -> httpx.Response:
    consent = await world.operator.post(
        "/v1/operator/report-consents",
        {"subject_id": subject, "purpose": "credit_decision", "ends_on": "2027-12-31", "reference": "letter 1"},
    )
    assert consent.status_code == 201, consent.text
    body = {"subject_id": subject, "purpose": "credit_decision", "basis": {"consent_id": consent.json()["id"]}}
    return await world.operator.post("/v1/operator/business-reports", body | more)


async def report(world: World, subject: str, **more: Any) -> dict[str, Any]:
    access = await opened(world, subject, **more)
    assert access.status_code == 201, access.text
    read = await world.operator.get(f"/v1/operator/business-reports/{access.json()['id']}")
    assert read.status_code == 200, read.text
    assert hashlib.sha256(read.content).hexdigest() == access.json()["sha256"]
    seen: dict[str, Any] = read.json()
    return seen


@pytest.mark.parametrize(("paid", "rating", "index"), [
    ([(60_000_00, "2026-03-01"), (30_000_00, "2026-03-31"), (10_000_00, "2026-06-29")], "RATED", "65.0"),
    ([(100_00, "2026-03-01")] * 3 + [(100_00, "2026-03-31")], "RATED", "72.5"),
    ([(100_00, "2026-03-01")] * 2, "NOT_RATED", None),
])  # fmt: skip
async def test_the_payment_index_of_a_buyer(
    world: World, paid: list[tuple[int, str]], rating: str, index: str | None
) -> None:
    at(world, 130)
    buyer = ""
    for number, (amount, paid_on) in enumerate(paid):
        client = world.other_merchant if number % 2 else world.merchant
        buyer = await invoice(client, f"2026-{number}", amount, "2026-03-01", paid_on)
    at(world, 131)
    (trade,) = (await report(world, buyer))["trade"]
    assert (trade["rating"], trade["index"]) == (rating, index)
    assert (trade["experiences"], trade["suppliers"]) == (len(paid), 2)
    assert trade["amount"] == sum(amount for amount, _ in paid)


async def test_of_one_supplier_alone_there_is_no_index(world: World) -> None:
    for number in range(4):
        buyer = await invoice(world.merchant, f"2026-{number}", 100_00, "2026-03-02", "2026-03-02")
    at(world, 1)
    (trade,) = (await report(world, buyer))["trade"]
    assert (trade["rating"], trade["index"], trade["experiences"]) == ("NOT_RATED", None, 4)


async def test_what_is_overdue_counts_and_what_is_disputed_does_not(world: World) -> None:
    for number in range(2):
        buyer = await invoice(world.merchant, f"2026-{number}", 100_00, "2026-03-01", "2026-03-01")
    await invoice(world.other_merchant, "2026-9", 200_00, "2026-03-02", None)
    disputed = await receivable(world, due_on="2026-03-02", amount=50_00)
    await world.merchant.post(f"/v1/receivables/{disputed}/disputes", {"amount": 50_00})
    at(world, 31)
    one = await report(world, buyer)
    (trade,) = one["trade"]
    assert (trade["index"], trade["overdue"]) == ("65.0", 200_00)  # (2 x 80 + 2 x 50) / 4: 30 days late until 1 April
    (exposure,) = one["exposures"]
    assert (exposure["owed_to_merchants"], exposure["overdue"]) == (250_00, 250_00)
    assert one["disputes"] == [{"currency": "EUR", "by_it": 50_00, "lost": 0, "times_lost": 0}]


@SHARED
async def test_a_report_says_what_sources_said_and_is_the_same_for_its_day(world: World) -> None:
    subject = world.demo.merchant_id
    await agree(world, **SETTLED)
    said: list[dict[str, Any]] = [
        {"identity": {"legal_name": "Books GmbH", "country": "DE", "number": BUYER["number"], "activity": "books"}},
        {"ownership": {"owners": [
            {"kind": "company", "name": "Books Holding AG", "share_bps": 7_500}, {"kind": "person", "share_bps": 2_500},
        ]}},
        {"public_record": {"kind": "judgment", "happened_on": "2025-05-05", "reference": "12 C 34/25"}},
        {"evaluation": {"method": "platform 3", "score": 882}},
    ]  # fmt: skip
    for number, one in enumerate(said):
        made = await world.operator.post(
            "/v1/operator/business-records",
            {"subject_id": subject, "source": f"source {number}", "as_of": "2026-03-01"} | one,
        )
        assert made.status_code == 201, made.text
    await bought(world, await receivable(world))
    at(world, 1)
    access = (await opened(world, subject)).json()
    path = f"/v1/operator/business-reports/{access['id']}"
    first = await world.operator.get(path)
    one = first.json()
    assert (one["as_of"], one["subject_kind"]) == ("2026-03-02", "merchant")
    assert (one["grade"]["grade"], one["grade"]["evaluation"]["score"]) == ("A", 882)
    assert one["identity"]["said"]["legal_name"] == "Books GmbH"
    assert one["ownership"]["said"]["owners"][1] == {"kind": "person", "share_bps": 2_500, "name": None}
    assert one["public_records"][0]["source"] == "source 2"
    assert [(source["name"], source["as_of"]) for source in one["sources"]] == [
        ("our own books", "2026-03-02"), *((f"source {number}", "2026-03-01") for number in range(4)),
    ]  # fmt: skip
    (exposure,) = one["exposures"]
    assert (exposure["advanced"], exposure["owed_to_merchants"]) == (8_500_00, 10_000_00)  # its number is the buyer's

    # What comes later changes nothing of that day, whoever asks.
    await world.operator.post(
        "/v1/operator/business-records",
        {"subject_id": subject, "source": "later", "as_of": "2026-03-01", **said[3], "evaluation": {
            "method": "platform 4", "score": 100,
        }},
    )  # fmt: skip
    at(world, 5)
    again = (await opened(world, subject, as_of="2026-03-02")).json()
    assert again["sha256"] == access["sha256"]
    mine = await world.merchant.get("/v1/business-report", as_of="2026-03-02")
    assert mine.content == first.content
    assert (await report(world, subject))["grade"]["grade"] == "D"


async def test_a_page_to_print(world: World) -> None:
    await invoice(world.merchant, "2026-1", 1_234_50, "2026-03-02", None)
    buyer = await world.pool.fetchval("select buyer_id from buyers")
    at(world, 1)
    access = (await opened(world, buyer)).json()
    read = await world.http.get(
        f"/v1/operator/business-reports/{access['id']}",
        headers={
            "Authorization": world.operator.authorization, "Accept": "text/html",
            "Tenor-Clock": (NOON + timedelta(days=1)).isoformat(),
        },
    )  # fmt: skip
    assert read.headers["content-type"].startswith("text/html")
    for words in (BUYER["name"], "1,234.50 EUR", "2 March 2026", access["sha256"], "our own books"):
        assert words in read.text
    (view,) = (await world.operator.get("/v1/operator/report-views", business=buyer)).json()["views"]
    assert view["form"] == "page"


async def test_a_report_needs_a_purpose_and_grounds(world: World) -> None:
    subject, path = world.demo.merchant_id, "/v1/operator/business-reports"

    async def code(client: Client, path: str, **body: Any) -> tuple[int, str]:
        answered = await client.post(path, {"subject_id": subject} | body)
        return answered.status_code, answered.json().get("code", "")

    contract = {"contract_id": subject}
    assert await code(world.operator, path, basis=contract) == (422, "no_purpose")
    assert await code(world.operator, path, purpose="factoring") == (422, "no_basis")
    assert await code(world.operator, path, purpose="factoring", basis={}) == (422, "no_basis")
    assert await code(world.operator, path, purpose="factoring", basis=contract) == (422, "no_basis")  # no terms yet
    await agree(world, **SETTLED)
    assert (await code(world.operator, path, purpose="factoring", basis=contract))[0] == 201
    today = await code(world.operator, path, purpose="factoring", basis=contract, as_of="2026-03-02")
    assert today == (400, "invalid_field")

    partner = "/v1/partner/business-reports"
    assert await code(world.partner, partner, purpose="factoring", basis=contract) == (422, "no_basis")
    own = await world.merchant.post(
        "/v1/report-consents",
        {"purpose": "monitoring", "ends_on": "2026-03-31", "viewer_id": world.demo.partner_id},
    )
    consent = {"consent_id": own.json()["id"]}
    assert await code(world.partner, partner, purpose="factoring", basis=consent) == (422, "no_basis")
    assert await code(world.operator, path, purpose="monitoring", basis=consent) == (422, "no_basis")
    access = await world.partner.post(partner, {"subject_id": subject, "purpose": "monitoring", "basis": consent})
    assert access.status_code == 201, access.text
    read = f"{partner}/{access.json()['id']}"
    assert (await world.partner.get(read)).status_code == 200
    assert (await world.operator.get(f"{path}/{access.json()['id']}")).status_code == 404
    revoked = await world.merchant.post(f"/v1/report-consents/{own.json()['id']}/revoke")
    assert revoked.json()["revoked_at"] is not None
    assert (await world.partner.get(read)).json()["code"] == "no_basis"
    assert await code(world.partner, partner, purpose="monitoring", basis=consent) == (422, "no_basis")

    # An assignment that it holds is a contract, for as long as it is live.
    body = {
        "receivable_id": await receivable(world), "mode": "pledge", "currency": "EUR", "amount": 1_00,
        "assignee_id": world.demo.partner_id,
    }  # fmt: skip
    held = (await world.operator.post("/v1/operator/assignments", body)).json()["id"]
    assert (await code(world.partner, partner, purpose="monitoring", basis={"contract_id": held}))[0] == 201
    await world.operator.post(f"/v1/operator/assignments/{held}/release")
    assert await code(world.partner, partner, purpose="monitoring", basis={"contract_id": held}) == (422, "no_basis")


async def test_the_subject_sees_who_looked(world: World) -> None:
    subject = world.demo.merchant_id
    access = (await opened(world, subject)).json()
    assert (await world.merchant.get("/v1/report-views")).json()["views"] == []
    for _ in range(2):
        assert (await world.operator.get(f"/v1/operator/business-reports/{access['id']}")).status_code == 200
    await world.merchant.get("/v1/business-report")
    views = (await world.merchant.get("/v1/report-views")).json()["views"]
    told = [(one["audience"], one["purpose"], one["basis"], one["basis_id"]) for one in views]
    assert sorted(told, key=str) == sorted(
        [("operator", "credit_decision", "consent", access["basis_id"])] * 2 + [("merchant", None, None, None)], key=str
    )
    assert (await world.other_merchant.get("/v1/report-views")).json()["views"] == []
    at(world, 31)
    over = await world.operator.get(f"/v1/operator/business-reports/{access['id']}")
    assert (over.status_code, over.json()["code"]) == (422, "no_basis")


@SHARED
@pytest.mark.parametrize(("said", "pointer"), [
    ({}, "/identity"),
    ({"identity": {"legal_name": "X", "country": "XX", "number": "1"}}, "/identity/country"),
    ({"ownership": {"owners": [{"kind": "person", "name": "Ada", "share_bps": 1}]}}, "/ownership/owners/0/name"),
    ({"ownership": {"owners": [{"kind": "state", "name": "A", "share_bps": 9_999}] * 2}}, "/ownership/owners"),
    ({"evaluation": {"method": "m", "score": 1}, "identity": {"legal_name": "X", "country": "DE", "number": "1"}},
     "/identity"),
    ({"evaluation": {"method": "m", "score": 1}, "as_of": "2026-03-03"}, "/as_of"),
])  # fmt: skip
async def test_records_that_are_refused(world: World, said: dict[str, Any], pointer: str) -> None:
    body = {"subject_id": world.demo.merchant_id, "source": "somebody", "as_of": "2026-03-01"} | said
    refused = await world.operator.post("/v1/operator/business-records", body)
    assert (refused.status_code, refused.json()["pointer"]) == (400, pointer), refused.text
