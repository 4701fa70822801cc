"""Disputes over HTTP: who may do what, what is told, and where the money is."""

from datetime import timedelta
from typing import Any

from tests.flows.world import NOON, World


async def bought(world: World) -> str:
    """The path of a plan, all of it captured."""
    plan = await world.plan(await world.consumer(), 400_00)
    await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 400_00})
    return f"/plans/{plan['id']}"


async def test_a_dispute_is_opened_answered_asked_about_again_and_lost(world: World) -> None:
    path = await bought(world)
    opened = await world.operator.post(f"/v1/operator{path}/disputes", {"reason": "not_received", "amount": 100_00})
    assert (opened.status_code, opened.json()["dispute_state"]) == (201, "needs_response")
    assert opened.json()["dispute"]["respond_by"] == "2026-03-23"
    answered = await world.merchant.post(f"/v1{path}/disputes/answer", {"evidence": "Signed for."})
    assert (answered.status_code, answered.json()["dispute"]["state"]) == (200, "under_review")
    again = await world.operator.post(f"/v1/operator{path}/disputes/ask_again")
    assert (again.json()["dispute"]["round"], again.json()["dispute"]["state"]) == (2, "needs_response")
    foretold = await world.operator.post(f"/v1/operator{path}/disputes/decide?dry_run=true", {"outcome": "lost"})
    assert foretold.json()["plan"]["outstanding"] == 300_00
    decided = await world.operator.post(f"/v1/operator{path}/disputes/decide", {"outcome": "lost"})
    shown: dict[str, Any] = decided.json()
    assert (decided.status_code, shown["dispute_state"], shown["refunded"], shown["outstanding"]) == (
        200, "lost", 100_00, 300_00,
    )  # fmt: skip
    told = (await world.merchant.get("/v1/events", limit=500)).json()["events"]
    assert [one["type"] for one in told][-5:] == [
        "dispute.opened", "dispute.answered", "dispute.asked_again", "dispute.closed", "plan.refunded"
    ]  # fmt: skip
    assert told[-1]["data"]["refund_id"].startswith("fa_")
    sentences = [one["sentence"] for one in (await world.merchant.get(f"/v1{path}/timeline")).json()["entries"]]
    assert sentences[2:4] == [
        "The consumer disputes 100.00 EUR (not received); the merchant is to answer until 2026-03-23 ends.",
        "The merchant has answered the dispute.",
    ]
    assert sentences[5] == "The dispute is closed: the consumer was right."


async def test_a_merchant_who_says_nothing_has_lost_when_the_day_is_closed(world: World) -> None:
    path = await bought(world)
    await world.merchant.post(f"/v1{path}/disputes", {"reason": "returned"})
    for days, state in ((21, "needs_response"), (22, "lost")):
        world.operator.now = NOON + timedelta(days=days)
        assert (await world.operator.post("/v1/operator/day-close")).status_code == 200
        assert (await world.merchant.get(f"/v1{path}")).json()["dispute_state"] == state
    assert (await world.merchant.get(f"/v1{path}")).json()["state"] == "refunded"


async def test_what_is_not_a_merchants_to_decide(world: World) -> None:
    path = await bought(world)
    none = await world.merchant.post(f"/v1{path}/disputes/accept")
    assert (none.status_code, none.json()["code"]) == (409, "state_forbids")
    too_much = await world.merchant.post(f"/v1{path}/disputes", {"reason": "other", "amount": 400_01})
    assert (too_much.status_code, too_much.json()["pointer"]) == (422, "/amount")
    await world.merchant.post(f"/v1{path}/disputes", {"reason": "other"})
    decided = await world.merchant.post(f"/v1{path}/disputes/decide", {"outcome": "won"})
    assert decided.status_code == 404
    accepted = await world.merchant.post(f"/v1{path}/disputes/accept")
    assert (accepted.json()["dispute_state"], accepted.json()["state"]) == ("accepted", "refunded")
