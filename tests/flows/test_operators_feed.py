"""Operators hear what waits for a person, and what became of it, numbered without gaps."""

from datetime import timedelta
from typing import Any

from service.jobs.telling_referrals import tell_old_referrals, tell_referrals
from tests.flows.test_partner import bought
from tests.flows.world import NOON, World

DAY = NOON.date().isoformat()


async def heard(world: World, after: int = 0, **asked: Any) -> list[dict[str, Any]]:
    listed = await world.operator.get("/v1/operator/events", after=after, **asked)
    assert listed.status_code == 200, listed.text
    told: list[dict[str, Any]] = listed.json()["events"]
    return told


async def test_an_act_that_waits_and_what_became_of_it(world: World) -> None:
    before = len(await heard(world))
    waits = await world.operator.post("/v1/operator/operators", {"name": "Hedy"})
    await world.seconded(waits)
    told = await heard(world, before)
    assert [one["number"] for one in told] == [before + 1, before + 2]
    approval = waits.json()["id"]
    assert [(one["type"], one["actor"], one["data"]) for one in told] == [
        ("approval.proposed", "operator", {"approval_id": approval, "act": "enrol", "thing": "operator"}),
        (
            "approval.decided", "operator",
            {"approval_id": approval, "act": "enrol", "thing": "operator", "state": "approved"},
        ),
    ]  # fmt: skip
    assert (await world.merchant.get("/v1/events")).json()["events"] == []  # no merchant hears of it
    assert (await world.merchant.get("/v1/operator/events")).status_code == 403


async def test_a_referral_is_told_once(world: World) -> None:
    consumer = await world.consumer(limit=5_000_00)
    reference = "order-referred"
    asked = await world.checkout(consumer, 16_000_00, merchant_reference=reference)
    assert asked["outcome"] == "referred"
    assert [await tell_referrals(world.pool, NOON) for _ in range(2)] == [1, 0]
    (one,) = await heard(world, of_type="checkout.referred")
    data = one["data"]
    assert (data["decision_id"], data["amount"], data["merchant_reference"]) == (asked["id"], 16_000_00, reference)
    assert data["review_by"].startswith("2026-04-01T12:00:00")
    await world.plan(consumer, 100_00)  # what is approved waits for nobody
    assert await tell_referrals(world.pool, NOON) == 0


async def test_a_referral_that_nobody_told_of_for_days_is_told_as_long_as_it_may_be_decided(world: World) -> None:
    """No worker ran for three days; for thirty, and it is too late."""
    consumer = await world.consumer(limit=5_000_00)
    for days, again in ((3, 1), (30, 0)):
        asked = await world.checkout(consumer, 16_000_00, merchant_reference=f"order-{days}")
        assert asked["outcome"] == "referred"
        later = NOON + timedelta(days=days, seconds=1)
        assert await tell_referrals(world.pool, later) == 0
        for told in (again, 0):
            assert await tell_old_referrals(world.pool, timedelta(days=400), later) == told
    assert await tell_old_referrals(world.pool, timedelta(days=2), NOON + timedelta(days=3)) == 0  # forgotten, perhaps
    (one,) = await heard(world, of_type="checkout.referred")
    assert one["data"]["merchant_reference"] == "order-3"


async def test_breaks_and_comparisons_are_heard_by_both(world: World) -> None:
    await bought(world)
    programme = world.demo.programme_id
    await world.operator.post(f"/v1/operator/programmes/{programme}/files", {"business_on": DAY})
    news = (await world.partner.get("/v1/partner/news")).json()["events"]
    files = {one["data"]["kind"]: one["data"]["file_id"] for one in news}
    where = f"/v1/partner/files/received?programme_id={programme}&business_on={DAY}&of_type="
    for kind in ("POS", "TXN"):
        content = (await world.partner.get(f"/v1/partner/files/{files[kind]}/content")).text
        content = content.replace("70.00,0.00", "75.00,0.00") if kind == "TXN" else content
        csv = {"Content-Type": "text/csv"}
        assert (await world.partner.post(where + kind, content=content.encode(), headers=csv)).status_code == 201
    await world.operator.post(f"/v1/operator/programmes/{programme}/reconciliations", {"business_on": DAY})
    (finished,) = await heard(world, of_type="reconciliation.finished")
    (opened,) = await heard(world, of_type="break.opened")
    news = (await world.partner.get("/v1/partner/news")).json()["events"]
    theirs = {one["type"]: one["data"] for one in news}
    assert (finished["data"], opened["data"]) == (theirs["reconciliation.finished"], theirs["break.opened"])
    assert opened["id"] not in [one["id"] for one in news]
