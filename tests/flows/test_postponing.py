"""A consumer puts due dates off through the merchant: twice, and no more; too far, too late, and of whose plan."""

from datetime import timedelta
from typing import Any

import httpx
import msgspec

from service.demo.seed import POLICY
from tests.flows.published import publish
from tests.flows.world import NOON, World


async def shipped(world: World, kind: str = "instalments", **more: Any) -> str:
    """The path of a plan of 400.00 that was captured on 2 March; of four parts the first is paid."""
    plan = await world.plan(await world.consumer(), 400_00, kind, **more)
    path = f"/v1/plans/{plan['id']}"
    captured = await world.merchant.post(f"{path}/capture", {"amount": 400_00})
    assert captured.status_code == 200, captured.text
    if kind == "instalments":
        assert (await world.merchant.post(f"{path}/payments", {"amount": 100_00})).status_code == 201
    return path


def due_dates(plan: dict[str, Any]) -> list[str]:
    return [one["due_on"] for one in plan["schedule"] if one["paid_on"] is None]


async def put_off(world: World, path: str, due_on: str, to: str, query: str = "") -> httpx.Response:
    return await world.merchant.post(f"{path}/due_dates{query}", {"due_on": due_on, "to": to})


def is_refused(answered: httpx.Response, status: int, code: str, words: str) -> None:
    problem = answered.json()
    assert (answered.status_code, problem["code"]) == (status, code), answered.text
    assert words in problem["detail"]


async def test_twice_and_no_more(world: World) -> None:
    path = await shipped(world)
    plan = (await world.merchant.get(path)).json()
    assert due_dates(plan) == ["2026-03-16", "2026-03-30", "2026-04-13"]
    assert "postpone_due_date" in plan["next_actions"]
    before = await world.row_counts()
    too_far = await put_off(world, path, "2026-03-16", "2026-03-31")
    is_refused(too_far, 422, "impossible_terms", "each by at most 14 days, of which 2 are left")
    assert too_far.json()["pointer"] == "/to"
    foretold = await put_off(world, path, "2026-03-16", "2026-03-30", "?dry_run=true")
    counts = await world.row_counts()
    assert counts | {"idempotency": 0} == before | {"idempotency": 0}  # a refusal is kept under its key

    first = await put_off(world, path, "2026-03-16", "2026-03-30")
    assert (first.status_code, first.json()["recorded"]["fact"]) == (200, "due_moved")
    assert first.json()["schedule"] == foretold.json()["plan"]["schedule"]
    assert due_dates(first.json()) == ["2026-03-30", "2026-04-13", "2026-04-27"]
    world.merchant.now = world.operator.now = NOON + timedelta(28)
    second = await put_off(world, path, "2026-03-30", "2026-04-02")
    assert due_dates(second.json()) == ["2026-04-02", "2026-04-16", "2026-04-30"]
    assert second.json()["days_past_due"] == 0
    assert "postpone_due_date" not in second.json()["next_actions"]
    third = await put_off(world, path, "2026-04-02", "2026-04-03")
    is_refused(third, 409, "state_forbids", "its product allows 2 in a plan's life")
    assert "is active since 2026-03-02T12:00:00+00:00, by the merchant" in third.json()["detail"]
    assert third.json()["actions"] == ["pay"]

    moved = {"due_on": "2026-04-02", "to": "2026-06-01"}
    lender = await world.operator.post(f"/v1/operator{path.removeprefix('/v1')}/due_dates", moved)
    assert (lender.status_code, due_dates(lender.json())[0]) == (200, "2026-06-01")
    entries = (await world.merchant.get(f"{path}/timeline")).json()["entries"]
    told = [(one["actor"], one["sentence"]) for one in entries if one["fact"] == "due_moved"]
    assert told == [
        ("merchant", "The instalment due on 2026-03-16 is due on 2026-03-30, and those after it follow."),
        ("merchant", "The instalment due on 2026-03-30 is due on 2026-04-02, and those after it follow."),
        ("operator", "The instalment due on 2026-04-02 is due on 2026-06-01, and those after it follow."),
    ]
    events = (await world.merchant.get("/v1/events", limit=500)).json()["events"]
    changed = [(one["actor"], one["data"]["change"]) for one in events if one["type"] == "plan.rescheduled"]
    assert changed == [("merchant", "due_moved")] * 2 + [("operator", "due_moved")]


async def test_a_date_that_was_put_off_is_not_late_until_its_new_day_is_over(world: World) -> None:
    path = await shipped(world)
    await put_off(world, path, "2026-03-16", "2026-03-30")
    world.merchant.now = world.operator.now = NOON + timedelta(28)
    assert (await world.operator.post("/v1/operator/day-close")).status_code == 200
    assert (await world.merchant.get(path)).json()["days_past_due"] == 0
    world.merchant.now = world.operator.now = NOON + timedelta(29)
    await world.operator.post("/v1/operator/day-close")
    late = (await world.merchant.get(path)).json()
    assert (late["days_past_due"], "postpone_due_date" in late["next_actions"]) == (1, False)
    is_refused(
        await put_off(world, path, "2026-04-13", "2026-04-14"), 409, "state_forbids",
        "the instalment due on 2026-03-30 is 1 days past due, of which 0 are grace",
    )  # fmt: skip


async def test_not_while_it_is_disputed_and_nobody_elses(world: World) -> None:
    path = await shipped(world)
    body = {"due_on": "2026-03-16", "to": "2026-03-20"}
    others = await world.other_merchant.post(f"{path}/due_dates", body)
    assert (others.status_code, others.json()["code"]) == (404, "not_found")
    disputed = await world.merchant.post(f"{path}/disputes", {"reason": "not_received"})
    assert disputed.status_code == 201, disputed.text
    is_refused(
        await put_off(world, path, "2026-03-16", "2026-03-20"), 409, "state_forbids", "collection rests, for dispute"
    )


async def test_a_product_that_allows_none_says_who_may(world: World) -> None:
    await publish(world, msgspec.json.decode(POLICY.read_bytes()) | {"servicing": {}})
    world.operator.now = world.second_operator.now = NOON
    path = await shipped(world, "pay_after_use")
    (due_on,) = due_dates((await world.merchant.get(path)).json())
    refused = await put_off(world, path, due_on, "2026-12-01")
    is_refused(refused, 409, "state_forbids", "its product lets the consumer put off none, and only the lender may")
    moved = {"due_on": due_on, "to": "2026-06-01"}
    lender = await world.operator.post(f"/v1/operator{path.removeprefix('/v1')}/due_dates", moved)
    assert due_dates(lender.json()) == ["2026-06-01"]
