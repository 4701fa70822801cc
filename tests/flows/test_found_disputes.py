"""Disputes at Stripe are read: they open the plan's dispute, take its answer to the bank, and decide it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from service.config import Settings
from tests.flows.stripe_account import StripeTill, stripe_till
from tests.flows.world import NOON, World

MINUTE = timedelta(minutes=1)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, processor_keys="stripe=sk_test_1")


@pytest.fixture
async def at(world: World) -> AsyncIterator[StripeTill]:
    """A till at Stripe."""
    async with stripe_till(world) as at:
        yield at


async def charged(at: StripeTill, amount: int = 150_00) -> tuple[str, str]:
    plan = await at.plan("")
    made = await at.pay(plan, amount=amount)
    assert (made.status_code, made.json()["state"]) == (201, "succeeded"), made.text
    return plan["id"], made.json()["id"]


async def listed(at: StripeTill) -> list[dict[str, Any]]:
    """What operators see."""
    page = await at.world.operator.get("/v1/operator/processor-disputes")
    assert page.status_code == 200, page.text
    found: list[dict[str, Any]] = page.json()["disputes"]
    return found


async def plan_now(at: StripeTill, plan_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await at.world.merchant.get(f"/v1/plans/{plan_id}")).json()
    return found


async def told(at: StripeTill, plan_id: str) -> list[str]:
    page = (await at.world.merchant.get("/v1/events", limit=500)).json()["events"]
    return [one["type"] for one in page if one["plan_id"] == plan_id]


async def test_opened_answered_and_lost(at: StripeTill) -> None:
    plan_id, charge_id = await charged(at)
    reference = at.account.dispute(charge_id, NOON, 150_00)
    await at.day(minutes=1)
    dispute = (await plan_now(at, plan_id))["dispute"]
    assert [dispute[name] for name in ("state", "reason", "opened_by", "amount", "respond_by")] == [
        "needs_response", "not_received", "processor", 150_00, "2026-03-11",
    ]  # fmt: skip
    (row,) = await listed(at)
    assert [row[name] for name in ("reference", "payment", "charge_id", "plan_id", "status", "state", "note")] == [
        reference, "pi_1", charge_id, plan_id, "needs_response", "open", "",
    ]  # fmt: skip

    await at.world.merchant.post(f"/v1/plans/{plan_id}/disputes/answer", {"evidence": "Signed for: GLS 4711, Müller."})
    await asyncio.gather(*[at.day(minutes=2) for _ in range(3)])
    await at.day(minutes=4)
    sent = {"evidence[uncategorized_text]": "Signed for: GLS 4711, Müller.", "submit": "true"}
    assert {path for path, _ in at.account.posted} == {f"/v1/disputes/{reference}"}
    assert [form for _, form in at.account.posted] == [sent] * len(at.account.posted)
    handed = len(at.account.posted)
    await at.day(minutes=6)
    assert len(at.account.posted) == handed, "once taken, it is not sent again"
    assert (await listed(at))[0]["handed_at"] is not None

    at.account.tell(reference, NOON + 7 * MINUTE, "closed", status="lost")
    await asyncio.gather(*[at.day(minutes=8) for _ in range(3)])
    await at.day(minutes=10)
    after = await plan_now(at, plan_id)
    assert (after["dispute_state"], after["refunded"]) == ("lost", 150_00)
    assert after["outstanding"] == 450_00, "what was disputed is refunded, and its payment went back to the consumer"
    assert [one["state"] for one in await at.charges({"id": plan_id})] == ["returned"]
    types = await told(at, plan_id)
    once = ("dispute.opened", "dispute.answered", "dispute.closed", "plan.refunded", "charge.returned")
    assert [types.count(one) for one in once] == [1, 1, 1, 1, 1], types
    assert [one["state"] for one in await listed(at)] == ["decided"]
    reads = at.account.reads
    await at.day(minutes=12)
    assert at.account.reads == reads, "an event that is listed again is not read again"


async def test_the_end_comes_before_the_beginning_and_twice(at: StripeTill) -> None:
    plan_id, charge_id = await charged(at)
    reference = at.account.dispute(charge_id, NOON, 150_00)
    at.account.tell(reference, NOON, "funds_withdrawn")
    at.account.tell(reference, NOON, "closed", status="won")
    at.account.events.reverse()
    at.account.is_away = True
    await at.day(minutes=1)
    assert await listed(at) == [], "what is not heard is read again"
    at.account.is_away = False
    await at.day(minutes=2)
    at.account.tell(reference, NOON + 2 * MINUTE, "updated")
    await at.day(minutes=3)
    after = await plan_now(at, plan_id)
    assert (after["dispute_state"], after["refunded"], after["paid"]) == ("won", 0, 150_00)
    assert (await told(at, plan_id)).count("dispute.opened") == 1
    assert [(one["status"], one["state"]) for one in await listed(at)] == [("won", "decided")]


async def test_an_inquiry_that_is_closed_was_withdrawn(at: StripeTill) -> None:
    plan_id, charge_id = await charged(at)
    reference = at.account.dispute(charge_id, NOON, 150_00, status="warning_needs_response", reason="fraudulent")
    await at.day(minutes=1)
    assert (await plan_now(at, plan_id))["dispute"]["reason"] == "not_authorized"
    at.account.tell(reference, NOON + MINUTE, "closed", status="warning_closed")
    await at.day(minutes=2)
    after = await plan_now(at, plan_id)
    assert (after["dispute_state"], after["paid"]) == ("withdrawn", 150_00)


async def test_what_the_merchant_accepts_is_given_up_at_the_bank(at: StripeTill) -> None:
    plan_id, charge_id = await charged(at)
    reference = at.account.dispute(charge_id, NOON, 150_00)
    await at.day(minutes=1)
    accepted = await at.world.merchant.post(f"/v1/plans/{plan_id}/disputes/accept")
    assert accepted.status_code == 200, accepted.text
    await at.day(minutes=2)
    assert at.account.posted == [(f"/v1/disputes/{reference}/close", {})]
    at.account.tell(reference, NOON + 2 * MINUTE, "closed")
    await at.day(minutes=3)
    after = await plan_now(at, plan_id)
    assert (after["dispute_state"], after["refunded"], after["outstanding"]) == ("accepted", 150_00, 450_00)
    assert [(one["state"], one["note"]) for one in await listed(at)] == [("decided", "")]


async def test_what_does_not_go_stays_to_be_seen(at: StripeTill) -> None:
    plan_id, charge_id = await charged(at)
    path = f"/v1/operator/plans/{plan_id}/disputes"
    await at.world.operator.post(path, {"reason": "duplicate", "amount": 10_00})
    at.account.dispute(charge_id, NOON, 150_00)
    at.account.dispute(None, NOON, 20_00)
    await at.day(minutes=1)
    stuck, unknown = sorted(await listed(at), key=lambda one: one["reference"])
    assert stuck["state"] == "stuck"
    assert stuck["note"].startswith("A dispute is open since 2026-03-02 already.")
    assert [unknown[name] for name in ("state", "charge_id", "payment", "amount")] == [
        "unknown", None, "ch_1theirs", 20_00,
    ]  # fmt: skip
    only = (await at.world.operator.get("/v1/operator/processor-disputes", in_state="unknown")).json()["disputes"]
    assert only == [unknown]
    await at.world.operator.post(f"{path}/decide", {"outcome": "withdrawn"})
    await at.day(minutes=2)
    assert [one["state"] for one in await listed(at)].count("open") == 1
    assert (await plan_now(at, plan_id))["dispute"]["opened_by"] == "processor"


async def test_a_part_that_is_lost_is_left_to_an_operator(at: StripeTill) -> None:
    plan_id, charge_id = await charged(at)
    at.account.dispute(charge_id, NOON, 50_00, status="lost")
    await at.day(minutes=1)
    after = await plan_now(at, plan_id)
    assert (after["dispute_state"], after["refunded"], after["outstanding"]) == ("lost", 50_00, 400_00)
    (row,) = await listed(at)
    assert (row["state"], row["note"]) == ("decided", "The bank took back 5000 of the 15000 minor units charged.")
