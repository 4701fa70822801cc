"""A settlement proves itself: each line names what it is about and the event that told of it, and sums are by type."""

from datetime import timedelta
from typing import Any

import pytest

from tests.flows.test_paying_merchants import order, owed, payouts, tell
from tests.flows.test_settling_merchants import TERMS, agree, close, lines, sell, settlements
from tests.flows.world import NOON, SHARED, World


async def adjust(world: World, amount: int, **more: Any) -> dict[str, Any]:
    body = {"currency": "EUR", "amount": amount, "reason": "fee_correction", "reference": "fees of March"} | more
    path = f"/v1/operator/merchants/{world.demo.merchant_id}/adjustments"
    done = await world.seconded(await world.operator.post(path, body))
    assert done.status_code == 201, done.text
    made: dict[str, Any] = done.json()
    return made


async def events(world: World) -> dict[str, dict[str, Any]]:
    told = (await world.merchant.get("/v1/events", limit=500)).json()["events"]
    return {one["id"]: one for one in told}


async def lose_a_dispute(world: World, plan: str, amount: int) -> str:
    opened = await world.merchant.post(f"/v1/plans/{plan}/disputes", {"reason": "not_received", "amount": amount})
    assert opened.is_success, opened.text
    accepted = await world.merchant.post(f"/v1/plans/{plan}/disputes/accept")
    assert accepted.is_success, accepted.text
    return str(opened.json()["dispute"]["id"])


async def test_every_line_names_what_it_is_about_and_joins_its_event(world: World) -> None:
    await agree(world, **TERMS)
    plan = await sell(world, 600_00, reference="parcel 7")
    await world.merchant.post(f"/v1/plans/{plan}/refunds", {"amount": 100_00})
    dispute = await lose_a_dispute(world, plan, 80_00)
    given = await adjust(world, 12_50)
    await close(world, NOON + timedelta(days=1))
    (one,) = await settlements(world)
    told, found = await events(world), {line["kind"]: line for line in await lines(world, one)}
    assert {kind: told[line["event_id"]]["type"] for kind, line in found.items()} == {
        "capture": "plan.captured", "refund": "plan.refunded", "chargeback": "dispute.closed",
        "adjustment": "settlement.adjusted",
    }  # fmt: skip
    view = (await world.merchant.get(f"/v1/plans/{plan}")).json()
    assert found["capture"]["capture_id"] == view["captures"][0]["id"]
    refunds = [event["data"]["refund_id"] for event in told.values() if event["type"] == "plan.refunded"]
    assert [found[kind]["refund_id"] for kind in ("refund", "chargeback")] == refunds
    assert (found["chargeback"]["dispute_id"], found["chargeback"]["net"]) == (dispute, -80_00)
    assert (found["adjustment"]["reference"], found["adjustment"]["net"]) == (given["reference"], 12_50)
    assert (one["refunded"], one["charged_back"], one["adjusted"]) == (100_00, 80_00, 12_50)
    assert one["payout"] == 600_00 - one["fees"] - 100_00 - 80_00 + 12_50
    totals = {total.pop("kind"): total for total in one["totals"]}
    assert totals["capture"] == {"lines": 1, "gross": 600_00, "fee": one["fees"], "tax": 0, "net": 600_00 - one["fees"]}
    assert sum(total["net"] for total in totals.values()) == one["payout"]
    made = [event for event in told.values() if event["type"] == "settlement.made"]
    assert [(event["actor"], event["data"]["settlement_id"], event["data"]["payout"]) for event in made] == [
        ("day", one["id"], one["payout"])
    ]


async def test_a_payouts_steps_are_told(world: World) -> None:
    payout = await owed(world)
    for tries in (1, 2):
        await order(world)
        if tries == 2:
            await tell(world, payout, "paid", "bank 77")
        await tell(world, payout, "returned")
    told = [one for one in (await events(world)).values() if one["type"].startswith("payout.")]
    assert [(one["type"], one["data"]["tries"], one["data"].get("given_up")) for one in told] == [
        ("payout.ordered", 1, None), ("payout.returned", 1, False), ("payout.ordered", 2, None),
        ("payout.paid", 2, None), ("payout.returned", 2, True),
    ]  # fmt: skip
    assert {one["data"]["payout_id"] for one in told} == {payout["id"]}
    assert (await payouts(world))[0]["state"] == "given_up"
    await close(world, NOON + timedelta(days=3))
    (line,) = await lines(world, (await settlements(world))[1])
    assert line["event_id"] == told[-1]["id"]


async def test_fees_are_billed_with_the_month_and_captures_paid_whole(world: World) -> None:
    await agree(world, **TERMS, billing="monthly")
    await sell(world, 600_00)
    await close(world, NOON + timedelta(days=1))
    (one,) = await settlements(world)
    assert (one["payout"], one["fees_deferred"], one["bill_on"]) == (600_00, one["fees"], "2026-04-01")
    assert one["fees"] > 0
    await close(world, NOON + timedelta(days=40))
    _, bill = await settlements(world)
    assert (bill["business_on"], bill["fees_billed"], bill["closing"]) == ("2026-04-01", one["fees"], -one["fees"])
    world.merchant.now = world.operator.now = NOON + timedelta(days=41)
    await agree(world, **TERMS)
    await sell(world, 600_00)
    await close(world, NOON + timedelta(days=42))
    _, _, rest = await settlements(world)
    assert (rest["fees_billed"], rest["payout"]) == (0, 600_00 - one["fees"] - rest["fees"])


async def test_a_large_adjustment_takes_two_people(world: World) -> None:
    path = f"/v1/operator/merchants/{world.demo.merchant_id}/adjustments"
    body = {"currency": "EUR", "amount": -500_000_01, "reason": "penalty", "reference": "contract, 7.2"}
    proposed = await world.operator.post(path, body)
    assert proposed.status_code == 202
    alone = await world.operator.post(f"/v1/operator/approvals/{proposed.json()['id']}/approve")
    assert (alone.status_code, alone.json()["code"]) == (403, "four_eyes")
    assert (await world.seconded(proposed)).json()["amount"] == -500_000_01
    await close(world, NOON + timedelta(days=1))
    (one,) = await settlements(world)
    assert (one["adjusted"], one["closing"], one["payout"]) == (-500_000_01, -500_000_01, 0)


@SHARED
@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"amount": 0}, "/amount"),
        ({"currency": "XXX"}, "/currency"),
        ({"reason": "because"}, "/reason"),
        ({"reference": ""}, "/reference"),
        ({"reference": "a\nb"}, "/reference"),
        ({"plan": "pl"}, "/plan"),
    ],
)
async def test_an_adjustment_that_cannot_be_is_refused(world: World, more: dict[str, Any], pointer: str) -> None:
    path = f"/v1/operator/merchants/{world.demo.merchant_id}/adjustments"
    body = {"currency": "EUR", "amount": 1_00, "reason": "goodwill", "reference": "x"} | more
    refused = await world.operator.post(path, body)
    assert (refused.status_code, refused.json()["pointer"]) == (400, pointer), refused.text
    nobody = await world.operator.post("/v1/operator/merchants/me_01JD8Q4Z7K0000000000000000/adjustments", body)
    assert nobody.status_code in (400, 404)


async def test_a_statement_is_a_page_to_print(world: World) -> None:
    await agree(world, **TERMS)
    await sell(world, 600_00, reference="<script>alert(1)</script>")
    await close(world, NOON + timedelta(days=1))
    (one,) = await settlements(world)
    path = f"/v1/settlements/{one['id']}/statement"
    plain = (await world.merchant.get(path)).json()
    assert (plain["settlement"], plain["more_lines"], len(plain["lines"])) == (one, 0, 1)
    asked = {"Accept": "text/html", "Authorization": world.merchant.authorization}
    printed = await world.http.get(path, headers=asked)
    assert printed.headers["content-type"].startswith("text/html")
    assert "frame-ancestors 'none'" in printed.headers["content-security-policy"]
    assert "<script>" not in printed.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in printed.text
    assert "600.00" in printed.text
    assert (await world.other_merchant.get(path)).status_code == 404
