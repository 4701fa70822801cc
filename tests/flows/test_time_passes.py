"""What time brings about on plans that are owed: told once, whoever closes the day and however often."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from service.plans import days
from service.plans.book import Moved
from service.plans.plan import Plan
from tests.flows.world import NOON, World


async def close(world: World, days: float) -> int:
    """The day is closed so many days after the beginning: how many plans had something to be done."""
    world.merchant.now = world.operator.now = NOON + timedelta(days=days)
    answer = await world.operator.post("/v1/operator/day-close")
    assert answer.status_code == 200, answer.text
    passed: int = answer.json()["passed"]
    return passed


async def told_of(world: World, plan_id: str) -> list[dict[str, Any]]:
    """What the merchant was told of the plan since its capture."""
    told = (await world.merchant.get("/v1/events", limit=500)).json()["events"]
    return [one for one in told if one["data"].get("plan_id") == plan_id][2:]


async def captured(world: World, amount: int = 400_00) -> dict[str, Any]:
    """A plan of four, a fortnight apart."""
    plan = await world.plan(await world.consumer(), amount)
    shipped = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": amount})
    assert shipped.status_code == 200, shipped.text
    found: dict[str, Any] = shipped.json()
    return found


async def test_due_dates_are_announced_come_and_pass(world: World) -> None:
    plan = await captured(world)
    due_on = plan["schedule"][1]["due_on"]
    assert (plan["schedule"][0]["due_on"], due_on) == ("2026-03-02", "2026-03-16")
    assert await close(world, 0) == 0
    assert await close(world, 1) == 1  # the first was due on the day of its capture
    assert await close(world, 10) == 0
    assert await close(world, 11) == 1
    assert await close(world, 11.2) == 0
    assert await close(world, 15) == 1
    told = await told_of(world, plan["id"])
    assert [one["type"] for one in told] == [
        "instalment.overdue", "plan.aged", "instalment.due_soon", "instalment.due", "instalment.overdue"
    ]  # fmt: skip
    assert told[2]["data"] | {"instalment": 2, "due_on": due_on, "amount": 100_00} == told[2]["data"]
    assert {one["actor"] for one in told} == {"day"}
    shown = (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()
    assert (shown["days_past_due"], shown["overdue"], shown["collection_state"]) == (15, 200_00, "collecting")


async def test_days_that_nobody_closed_are_made_up_for_before_anything_else(world: World) -> None:
    """A payment after three weeks finds all that time has brought about: told before it, and by the day."""
    plan = await captured(world)
    world.merchant.now = NOON + timedelta(days=20)
    paid = await world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": 400_00})
    assert (paid.status_code, paid.json()["recorded"]["fact"]) == (201, "paid")
    told = await told_of(world, plan["id"])
    assert [(one["type"], one["actor"]) for one in told[-3:]] == [
        ("instalment.due", "day"), ("instalment.overdue", "day"), ("payment.recorded", "merchant")
    ]  # fmt: skip
    assert await close(world, 60) == 0


async def test_several_who_close_one_day_tell_everything_once(world: World) -> None:
    plans = [await captured(world, 100_00 + number) for number in range(12)]
    world.operator.now = NOON + timedelta(days=1)
    closed = await asyncio.gather(*[world.operator.post("/v1/operator/day-close") for _ in range(4)])
    passed = [answer.json()["passed"] for answer in closed if answer.status_code == 200]
    assert sum(passed) + await close(world, 1.1) == len(plans)
    for plan in plans:
        assert [one["type"] for one in await told_of(world, plan["id"])] == ["instalment.overdue", "plan.aged"]


async def test_nothing_is_collected_while_goods_are_on_their_way_back(world: World) -> None:
    plan = await captured(world)
    path = f"/v1/plans/{plan['id']}"
    announced = await world.merchant.post(f"{path}/returns")
    assert (announced.status_code, announced.json()["collection_state"]) == (201, "paused")
    assert announced.json()["paused_for"] == ["return"]
    again = await world.merchant.post(f"{path}/returns")
    assert (again.status_code, again.json()["code"]) == (409, "state_forbids")
    await close(world, 5)
    assert (await world.merchant.get(path)).json()["days_past_due"] == 0
    refunded = await world.merchant.post(f"{path}/refunds", {"amount": 50_00})
    assert (refunded.json()["collection_state"], refunded.json()["paused_for"]) == ("collecting", [])
    await close(world, 7)
    assert (await world.merchant.get(path)).json()["days_past_due"] == 3  # the 5th day, on which it went on, is one
    sentences = [one["sentence"] for one in (await world.merchant.get(f"{path}/timeline")).json()["entries"]]
    assert "Nothing is collected from 2026-03-02 on, because goods are on their way back." in sentences


async def test_only_a_lender_pauses_for_hardship(world: World) -> None:
    plan = await captured(world)
    paused = await world.operator.post(f"/v1/operator/plans/{plan['id']}/collection/pause", {"why": "hardship"})
    assert (paused.status_code, paused.json()["collection_state"]) == (200, "paused")
    withdrawn = await world.merchant.post(f"/v1/plans/{plan['id']}/returns/withdraw")
    assert (withdrawn.status_code, withdrawn.json()["code"]) == (409, "state_forbids")
    resumed = await world.operator.post(f"/v1/operator/plans/{plan['id']}/collection/resume", {"why": "hardship"})
    assert (resumed.status_code, resumed.json()["collection_state"]) == (200, "collecting")


async def test_a_plan_that_fails_stops_no_other_and_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """In whichever part of the buckets it is: the others' days are passed, and the close says that it is not done."""
    plans = [await captured(world, 100_00 + number) for number in range(6)]
    broken, real = plans[0]["id"], days.passed

    def passed(before: Plan, command_id: str, now: datetime) -> Moved | None:
        assert before.plan_id != broken
        return real(before, command_id, now)

    world.operator.now = NOON + timedelta(days=1)
    with monkeypatch.context() as patch:
        patch.setattr(days, "passed", passed)
        closed = await world.operator.post("/v1/operator/day-close")
        assert (closed.status_code, closed.json()["code"]) == (503, "unavailable")
        assert "Days of 1 plans" in closed.json()["detail"]
        assert [len(await told_of(world, plan["id"])) for plan in plans] == [0, 2, 2, 2, 2, 2]
    assert await close(world, 1.1) == 1


async def test_years_went_by_and_the_next_request_is_done(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """More days are to be passed than one transaction passes: they are passed in several before it."""
    monkeypatch.setattr(days, "AT_ONCE", 3)
    plan = await world.plan(await world.consumer(), 600_00)
    path = f"/v1/plans/{plan['id']}"
    await world.merchant.post(f"{path}/capture", {"amount": 600_00})
    world.merchant.now = NOON + timedelta(days=400)
    foretold = await world.merchant.post(f"{path}/payments?dry_run=true", {"amount": 600_00})
    paid = await world.merchant.post(f"{path}/payments", {"amount": 600_00}, key="late")
    assert (foretold.status_code, paid.status_code, paid.json()["state"]) == (200, 201, "paid_off")
    assert (await world.merchant.post(f"{path}/payments", {"amount": 600_00}, key="late")).content == paid.content
    told = [event["type"] for event in (await world.merchant.get("/v1/events", limit=500)).json()["events"]]
    assert (told.count("instalment.due"), told.count("instalment.overdue"), told[-1]) == (3, 4, "payment.recorded")
