"""A merchant's invoices are bought: advanced, collected, released, given back; what it is owed goes out with its
settlements."""

from datetime import timedelta
from typing import Any

import pytest

from tests.flows.factoring import TERMS as PRICE
from tests.flows.factoring import assignment, at, bought, events, pay, purchase, receivable
from tests.flows.test_settling_merchants import TERMS as SETTLED
from tests.flows.test_settling_merchants import agree, close, lines, settlements
from tests.flows.world import NOON, SHARED, World


async def balances(world: World) -> dict[str, int]:
    listed = (await world.operator.get("/v1/operator/ledger/trial-balance")).json()["accounts"]
    return {one["account"]: one["balance"] for one in listed if one["currency"] == "EUR"}


@pytest.mark.parametrize(("day", "paid_on", "released"), [(60, "2026-05-01", 1_306_67), (75, "2026-05-16", 1_278_33)])
async def test_an_invoice_is_advanced_and_the_rest_released(
    world: World, day: int, paid_on: str, released: int
) -> None:
    await agree(world, **SETTLED)
    invoice = await receivable(world, reference="2026-117")
    one = await bought(world, invoice)
    assert (one["position"]["advance"], one["position"]["service"], one["state"]) == (8_500_00, 80_00, "purchased")
    await close(world, NOON + timedelta(days=1))
    (first,) = await settlements(world)
    (line,) = await lines(world, first)
    assert (first["factored"], first["payout"]) == (8_500_00, 8_500_00)
    assert (line["kind"], line["net"], line["reference"]) == ("factoring_advance", 8_500_00, "2026-117")

    at(world, day)
    await pay(world, invoice, 10_000_00, paid_on)
    done = await assignment(world, one["id"])
    assert (done["state"], done["position"]["released"], done["ended_on"]) == ("collected", released, paid_on)
    await close(world, NOON + timedelta(days=day + 1))
    second = (await settlements(world))[-1]
    (line,) = await lines(world, second)
    assert (line["kind"], second["payout"]) == ("factoring_release", released)
    (told,) = await events(world, "receivable.ended")
    assert (told["state"], told["released"]) == ("collected", released)
    books = await balances(world)
    assert books["factoring_income"] == -(10_000_00 - 8_500_00 - released)
    assert (books["cash"], books.get("advances", 0)) == (10_000_00, 0)
    page = await world.merchant.get(f"/v1/settlements/{second['id']}/statement")
    assert page.json()["settlement"]["factored"] == released


async def test_a_seller_buys_back_what_is_not_paid(world: World) -> None:
    await agree(world, **SETTLED)
    invoice = await receivable(world)
    one = await bought(world, invoice, terms=PRICE | {"recourse_after_days": 60})
    await close(world, NOON + timedelta(days=1))
    path = f"/v1/operator/assignments/{one['id']}/repurchase"
    at(world, 100)
    early = await world.operator.post(path)
    assert (early.status_code, early.json()["code"]) == (409, "state_forbids")
    assert "2026-06-30" in early.json()["detail"]  # 60 days after 1 May
    at(world, 150)
    done = await world.operator.post(path)
    assert done.status_code == 200, done.text
    assert (done.json()["state"], done.json()["position"]["released"]) == ("repurchased", -8_863_33)
    await close(world, NOON + timedelta(days=151))
    last = (await settlements(world))[-1]
    (line,) = await lines(world, last)
    assert (line["kind"], line["net"], last["closing"]) == ("factoring_recourse", -8_863_33, -8_863_33)
    again = await world.operator.post(path)
    assert again.status_code == 409
    late = await world.operator.post("/v1/operator/assignments", purchase(invoice))
    assert (late.status_code, late.json()["code"]) == (409, "past_due")
    assert (await balances(world))["factoring_income"] == -363_33


async def test_a_dispute_goes_back_to_the_seller_and_a_default_does_not(world: World) -> None:
    disputed, defaulted = await receivable(world), await receivable(world)
    one, other = [await bought(world, invoice, recourse="dispute_only") for invoice in (disputed, defaulted)]
    at(world, 200)
    refused = await world.operator.post(f"/v1/operator/assignments/{other['id']}/repurchase")
    assert (refused.status_code, refused.json()["code"]) == (409, "state_forbids")
    lost = await world.operator.post(f"/v1/operator/assignments/{other['id']}/write-off")
    assert (lost.json()["state"], lost.json()["position"]["lost"], lost.json()["position"]["released"]) == (
        "written_off", 8_500_00, 0,
    )  # fmt: skip
    await world.merchant.post(f"/v1/receivables/{disputed}/disputes", {"amount": 1_000_00})
    back = await world.operator.post(f"/v1/operator/assignments/{one['id']}/repurchase")
    assert back.json()["position"]["released"] == -(8_500_00 + 80_00 + 377_78)
    assert (await balances(world))["credit_losses"] == 8_500_00


async def test_what_comes_after_it_was_written_off_is_ours_first(world: World) -> None:
    """8,500.00 were lost; the service is 80.00, the discount of 200 days 377.78. 3,000.00 come, then 6,000.00, and the
    last 1,000.00: the seller gets what is left, 1,042.22 in all."""
    await agree(world, **SETTLED)
    invoice = await receivable(world, reference="2026-118")
    one = await bought(world, invoice)
    await close(world, NOON + timedelta(days=1))
    at(world, 200)
    await world.operator.post(f"/v1/operator/assignments/{one['id']}/write-off")
    at(world, 230)
    found = []
    for amount in (3_000_00, 6_000_00, 1_000_00):
        await pay(world, invoice, amount, "2026-10-18")
        position = (await assignment(world, one["id"]))["position"]
        found.append([position[name] for name in ("lost", "service", "discount", "released")])
    assert found == [[5_500_00, 0, 0, 0], [0, 80_00, 377_78, 42_22], [0, 80_00, 377_78, 1_042_22]]
    books = await balances(world)
    assert (books["credit_losses"], books["recoveries"], books["factoring_income"]) == (8_500_00, -8_500_00, -457_78)
    assert (books["cash"], books.get("advances", 0)) == (10_000_00, 0)
    done = await assignment(world, one["id"])
    assert (done["state"], done["ended_on"]) == ("written_off", "2026-09-18")
    assert [each["released"] for each in await events(world, "receivable.ended")] == [0, 42_22, 1_042_22]
    too_much = await world.operator.post(
        f"/v1/operator/receivables/{invoice}/payments", {"amount": 1, "paid_on": "2026-10-18"}
    )
    assert too_much.json()["code"] == "amount_exceeds_outstanding"
    await close(world, NOON + timedelta(days=231))
    last = (await settlements(world))[-1]
    assert sorted((line["kind"], line["net"]) for line in await lines(world, last)) == [
        ("factoring_release", 42_22), ("factoring_release", 1_000_00),
    ]  # fmt: skip


async def test_what_the_seller_collects_after_that_is_handed_on(world: World) -> None:
    """As our agent it must hand 2,000.00 on; what it credited besides is asked of nobody any more."""
    await agree(world, **SETTLED)
    invoice = await receivable(world)
    one = await bought(world, invoice)
    at(world, 200)
    await world.operator.post(f"/v1/operator/assignments/{one['id']}/write-off")
    body = {"amount": 2_000_00, "dilution": 500_00, "paid_on": "2026-09-18"}
    made = await world.merchant.post(f"/v1/receivables/{invoice}/payments", body)
    assert made.status_code == 201, made.text
    assert made.json()["remit_by"] == "2026-09-21"  # a Monday
    books = await balances(world)
    assert (books["remittance_receivable"], books["recoveries"], books.get("cash", 0)) == (2_000_00, -2_000_00, 0)
    at(world, 203)
    path = f"/v1/operator/receivable-payments/{made.json()['id']}/remitted"
    done = await world.operator.post(path, {"remitted_on": "2026-09-21"})
    assert done.status_code == 200, done.text
    books = await balances(world)
    assert (books.get("remittance_receivable", 0), books["cash"]) == (0, 2_000_00)
    assert (await assignment(world, one["id"]))["position"]["lost"] == 6_500_00


@pytest.mark.parametrize("told", [("2026-03-12", "2026-04-01"), ("2026-04-01", "2026-03-12")])
async def test_in_whatever_order_it_is_told_the_days_count_on_which_it_came(
    world: World, told: tuple[str, str]
) -> None:
    """8,500 for 10 days, 6,500 for 20 and 2,500 for 30 at 8 % of 360 days are 64.44: with 80.00 besides, 1,355.56 are
    left of 10,000."""
    at(world, 0)
    one = await receivable(world)
    made = await bought(world, one)
    at(world, 34)
    refused = await world.operator.post(
        f"/v1/operator/receivables/{one}/payments", {"amount": 1, "paid_on": "2026-03-01"}
    )
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/paid_on")
    for on in told:
        await pay(world, one, {"2026-03-12": 2_000_00, "2026-04-01": 4_000_00}[on], on)
    at(world, 60)
    await pay(world, one, 4_000_00, "2026-05-01")
    position = (await assignment(world, made["id"]))["position"]
    assert (position["discount"], position["released"]) == (64_44, 1_355_56)


async def test_a_credit_lowers_the_release(world: World) -> None:
    invoice = await receivable(world)
    one = await bought(world, invoice)
    at(world, 60)
    await pay(world, invoice, 5_000_00, "2026-05-01")
    part = await assignment(world, one["id"])
    assert (part["state"], part["position"]["collected"]) == ("part_collected", 5_000_00)
    too_much = await world.operator.post(
        f"/v1/operator/receivables/{invoice}/payments", {"amount": 5_000_01, "paid_on": "2026-05-01"}
    )
    assert (too_much.status_code, too_much.json()["code"]) == (422, "amount_exceeds_outstanding")
    assert "5000.00 EUR" in too_much.json()["detail"]
    await pay(world, invoice, 4_900_00, "2026-05-01", dilution=100_00)
    done = await assignment(world, one["id"])
    assert (done["state"], done["position"]["released"]) == ("collected", 1_206_67)


@SHARED
@pytest.mark.parametrize(("receivable_more", "purchase_more", "status", "code", "said"), [
    ({}, {"currency": "CNY"}, 422, "currency_mismatch", "10000.00 EUR"),
    ({"due_on": "2026-03-01"}, {}, 409, "past_due", "2026-03-02"),
    ({}, {"terms": None}, 400, "invalid_field", "terms"),
    ({}, {"amount": 5}, 400, "invalid_field", "amount"),
    ({}, {"assignee_id": "pa_01M8MTMBJ2DXDR3KWWQ4RXTT00", "terms": None}, 404, "not_found", "partner"),
])  # fmt: skip
async def test_what_is_not_bought(
    world: World, receivable_more: dict[str, Any], purchase_more: dict[str, Any], status: int, code: str, said: str
) -> None:
    invoice = await receivable(world, **receivable_more)
    refused = await world.operator.post("/v1/operator/assignments", purchase(invoice, **purchase_more))
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    assert said in refused.json()["detail"]


async def test_a_disputed_invoice_is_not_bought_until_it_is_settled(world: World) -> None:
    invoice = await receivable(world)
    path = f"/v1/receivables/{invoice}/disputes"
    await world.merchant.post(path, {"amount": 2_500_00})
    refused = await world.operator.post("/v1/operator/assignments", purchase(invoice))
    assert (refused.status_code, refused.json()["code"]) == (409, "disputed_receivable")
    assert "7500.00 EUR" in refused.json()["detail"]
    await world.merchant.post(path, {"amount": 0})
    await bought(world, invoice)


async def test_a_receivable_is_registered_once_and_seen_by_its_merchant_alone(world: World) -> None:
    invoice = await receivable(world, reference="2026-1")
    again = await world.merchant.post(
        "/v1/receivables",
        {
            "kind": "invoice", "currency": "EUR", "amount": 5, "due_on": "2026-06-01", "reference": "2026-1",
            "buyer": {"country": "DE", "number": "HRB4711", "name": "another spelling"},
        },
    )  # fmt: skip
    assert (again.status_code, again.json()["code"]) == (409, "reference_used")
    assert invoice in again.json()["detail"]
    for path in ("", "/payments"):
        assert (await world.other_merchant.get(f"/v1/receivables/{invoice}{path}")).status_code == 404
    theirs = await world.other_merchant.post(
        f"/v1/receivables/{invoice}/payments", {"amount": 1, "paid_on": "2026-03-02"}
    )
    assert theirs.status_code == 404


async def test_a_large_advance_takes_two_people(world: World) -> None:
    invoice = await receivable(world, amount=600_000_00)
    waits = await world.operator.post("/v1/operator/assignments", purchase(invoice))
    assert waits.status_code == 202, waits.text
    done = await world.seconded(waits)
    assert (done.json()["state"], done.json()["position"]["advance"]) == ("purchased", 510_000_00)
    given_up = await world.operator.post(f"/v1/operator/assignments/{done.json()['id']}/write-off")
    assert given_up.status_code == 202, given_up.text
    lost = (await world.seconded(given_up)).json()
    assert (lost["state"], lost["position"]["lost"]) == ("written_off", 510_000_00)
