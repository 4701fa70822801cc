"""Collecting: what is due is pulled once, whatever the processor does, and what was declined is tried again in time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from service.demo.seed import POLICY
from service.payments.flow import Charging
from service.payments.retry import ASK_AFTER
from tests.flows.collecting import Till, due_in, registered, till
from tests.flows.published import publish
from tests.flows.world import NOON, World


@pytest.fixture
async def at(world: World) -> AsyncIterator[Till]:
    """A till."""
    async with till(world) as at:
        yield at


def charging(at: Till) -> Charging:
    service: Charging = at.world.app.state["services"].charging
    return service


async def plan_now(at: Till, plan: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await at.world.merchant.get(f"/v1/plans/{plan['id']}")).json()
    return found


async def told(at: Till, plan: dict[str, Any]) -> Counter[str]:
    """How often what was told of a plan."""
    page = (await at.world.merchant.get("/v1/events", limit=500)).json()["events"]
    return Counter(event["type"] for event in page if event["plan_id"] == plan["id"])


async def until(at: Till, plan: dict[str, Any], state: str) -> dict[str, Any]:
    """The plan's last charge, once it is in this state."""
    async with asyncio.timeout(10):
        while (last := (await at.charges(plan))[-1])["state"] != state:
            await asyncio.sleep(0.05)
    return last


# Pay now --------------------------------------------------------------------------------------------------------------


async def test_pay_now(at: Till) -> None:
    plan = await at.plan("ok")
    first = await at.pay(plan, amount=100_00)
    assert first.status_code == 201, first.text
    charge = first.json()
    assert (charge["state"], charge["amount"], charge["origin"], charge["made_by"]) == (
        "succeeded", 100_00, "requested", "merchant",
    )  # fmt: skip
    assert await at.charges(plan) == [charge]
    now = await plan_now(at, plan)
    assert (now["paid"], now["outstanding"]) == (100_00, 500_00)
    assert await told(at, plan) >= Counter(["charge.made", "charge.succeeded", "payment.recorded"])
    life = (await at.world.merchant.get(f"/v1/plans/{plan['id']}/timeline")).json()["entries"]
    paid = next(one for one in life if one["fact"] == "paid")
    assert (paid["id"], paid["actor"], paid["reference"]) == (charge["payment_id"], "processor", charge["id"].lower())


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({}, 409, "nothing_due"),
    ({"amount": 450_01}, 422, "amount_exceeds_outstanding"),
    ({"amount": 1, "instrument_id": "in_00000000000000000000000000"}, 409, "no_instrument"),
]


async def test_what_cannot_be_charged(at: Till) -> None:
    plan = await at.plan("ok")
    paid = await at.world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": 150_00})
    assert paid.status_code == 201
    for body, status, code in REFUSED:
        refused = await at.pay(plan, **body)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    unnamed = await at.world.plan(plan["consumer"], 100_00)
    await at.world.merchant.post(f"/v1/plans/{unnamed['id']}/capture", {"amount": 100_00})
    refused = await at.pay(unnamed, amount=1)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_instrument")
    theirs = await at.world.other_merchant.post(f"/v1/plans/{plan['id']}/charges", {"amount": 1})
    assert theirs.status_code == 404
    assert not at.sandbox.calls


DECLINED = [
    ("insufficient", "insufficient_funds"), ("limit", "limit_reached"), ("declined", "declined"),
    ("away", "processor_away"), ("confirm", "authentication_required"), ("expired", "expired"),
    ("closed", "account_closed"), ("blocked", "blocked"), ("revoked", "revoked"),
]  # fmt: skip


async def test_a_decline_says_why_and_books_nothing(at: Till) -> None:
    for ending, reason in DECLINED:
        plan = await at.plan(ending)
        charge = (await at.pay(plan, amount=100_00)).json()
        assert (charge["state"], charge["reason"], charge["payment_id"]) == ("declined", reason, None)
        assert (await plan_now(at, plan))["paid"] == 0
        assert (await told(at, plan))["charge.declined"] == 1


async def test_one_request_sent_again_pulls_once(at: Till) -> None:
    plan = await at.plan("ok")
    path, body = f"/v1/plans/{plan['id']}/charges", {"amount": 100_00}
    first, again = [await at.world.merchant.post(path, body, key="k") for _ in range(2)]
    assert again.content == first.content
    assert at.sandbox.calls.total() == 1
    assert (await plan_now(at, plan))["paid"] == 100_00


async def test_a_request_cut_short_goes_on_with_its_charge(at: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = await at.plan("ok")
    path, body = f"/v1/plans/{plan['id']}/charges", {"amount": 100_00}
    for place in ("_book", "_end"):
        with monkeypatch.context() as patch:
            patch.setattr(Charging, place, None)  # we die after the call, and after the payment
            assert (await at.world.merchant.post(path, body, key="k")).status_code == 500
        (charge,) = await at.charges(plan)
        assert charge["state"] == "pending"
    refused = await at.pay(plan, amount=1_00)
    assert (refused.status_code, refused.json()["code"]) == (409, "charge_under_way")
    done = await at.world.merchant.post(path, body, key="k")
    assert (done.status_code, done.json()["id"], done.json()["state"]) == (201, charge["id"], "succeeded")
    assert (await plan_now(at, plan))["paid"] == 100_00
    assert (await told(at, plan))["payment.recorded"] == 1


async def test_ten_who_pull_at_once_pull_what_is_due_once(at: Till) -> None:
    plan = await at.plan("ok")
    at.world.merchant.now = NOON + due_in(plan)
    answers = await asyncio.gather(*(at.pay(plan) for _ in range(10)))
    assert Counter(one.status_code for one in answers) == {201: 1, 409: 9}
    assert {one.json()["code"] for one in answers if one.status_code == 409} <= {"charge_under_way", "nothing_due"}
    now = await plan_now(at, plan)
    assert (now["paid"], now["overpaid"]) == (150_00, 0)


# The processor is slow, breaks, says it twice, or late ----------------------------------------------------------------


async def test_an_answer_that_was_lost_is_asked_for(at: Till) -> None:
    plan = await at.plan("lost")
    charging(at).processors.patience_s = 0.3
    charge = (await at.pay(plan, amount=100_00)).json()
    assert (charge["state"], charge["payment_id"]) == ("pending", None)
    assert charge["id"] in at.sandbox.pulled
    await at.day(seconds=14)
    assert (await at.charges(plan))[0]["state"] == "pending"
    await at.day(seconds=15)
    assert (await at.charges(plan))[0]["state"] == "succeeded"
    assert (await plan_now(at, plan))["paid"] == 100_00


@pytest.mark.parametrize(("ending", "calls"), [("broken", 1), ("500", 2)])
async def test_a_processor_that_breaks(at: Till, ending: str, calls: int) -> None:
    plan = await at.plan(ending, autopay=False)
    assert (await at.pay(plan, amount=100_00)).json()["state"] == "pending"
    await at.day(minutes=1)
    (charge,) = await at.charges(plan)
    assert (charge["state"], at.sandbox.calls[charge["id"]]) == ("succeeded", calls)
    assert (await plan_now(at, plan))["paid"] == 100_00


async def test_a_processor_that_is_not_there_is_asked_for_ever(at: Till) -> None:
    plan = await at.plan("ok")
    url, at.desk.secret = at.desk.secret, "another"  # it does not know us any more: 401
    assert (await at.pay(plan, amount=100_00)).json()["state"] == "pending"
    waited = timedelta()
    for wait in (*ASK_AFTER, ASK_AFTER[-1]):
        waited += wait
        await at.day(seconds=waited.total_seconds())
        assert (await at.charges(plan))[0]["state"] == "pending"
    at.desk.secret = url
    await at.day(days=3)
    assert (await at.charges(plan))[0]["state"] == "succeeded"


async def test_what_is_said_twice_is_booked_once(at: Till) -> None:
    plan = await at.plan("twice")
    at.world.merchant.now = at.world.processor.now = None
    charge = (await at.pay(plan, amount=100_00)).json()
    await asyncio.gather(*at.desk.telling)
    for _ in range(3):
        again = await at.client.post("/v1/processor/notifications", {"charge_id": charge["id"]})
        assert (again.status_code, again.json()) == (200, charge)
    assert (await plan_now(at, plan))["paid"] == 100_00
    assert (await told(at, plan)) & Counter(["charge.succeeded"] * 9) == Counter(["charge.succeeded"])


async def test_what_is_said_late_is_booked_then(at: Till) -> None:
    plan = await at.plan("late")
    assert (await at.pay(plan, amount=100_00)).json()["state"] == "pending"
    charge = await until(at, plan, "succeeded")
    assert (await plan_now(at, plan))["paid"] == charge["amount"] == 100_00


async def test_a_payment_that_comes_back_never_was(at: Till) -> None:
    plan = await at.plan("bounces")
    assert (await at.pay(plan, amount=150_00)).json()["state"] == "succeeded"
    assert (await plan_now(at, plan))["paid"] == 150_00
    charge = await until(at, plan, "returned")
    assert charge["reason"] == "insufficient_funds"
    now = await plan_now(at, plan)
    assert (now["paid"], now["outstanding"]) == (0, 600_00)
    assert all(line["penalty"] == 0 for line in now["schedule"]), "the bank's delay costs the consumer nothing"
    seen = await told(at, plan)
    assert (seen["payment.returned"], seen["charge.returned"], seen["fee.levied"]) == (1, 1, 0)
    again = await at.client.post("/v1/processor/notifications", {"charge_id": charge["id"]})
    assert (again.status_code, again.json()["state"]) == (200, "returned")
    assert await told(at, plan) == seen


async def test_news_is_taken_from_the_charges_own_processor(at: Till) -> None:
    plan = await at.plan("ok")
    charge = (await at.pay(plan, amount=100_00)).json()
    body = {"charge_id": charge["id"]}
    assert (await at.world.merchant.post("/v1/processor/notifications", body)).status_code == 403
    key = at.world.processor
    _, other = await registered(at.world, "http://127.0.0.1:9/", "other")
    stranger = type(key)(at.world.http, other.key)
    assert (await stranger.post("/v1/processor/notifications", body)).status_code == 404
    assert (await stranger.get("/v1/processor/charges")).json()["charges"] == []
    assert (await at.client.get("/v1/processor/charges")).json()["charges"] == [charge]


# On due dates ---------------------------------------------------------------------------------------------------------


async def test_what_falls_due_is_charged_by_itself(at: Till) -> None:
    plan = await at.plan("ok")
    due = due_in(plan)
    assert await at.day(days=due.days - 1) == 0
    assert [await at.day(days=due.days) for _ in range(3)] == [1, 0, 0]
    (charge,) = await at.charges(plan)
    assert (charge["state"], charge["amount"], charge["origin"], charge["made_by"]) == (
        "succeeded", 150_00, "autopay", "day",
    )  # fmt: skip
    last = due_in(plan, 4)
    assert await at.day(days=last.days) == 1, "what was missed is made up for by one charge"
    assert (await at.charges(plan))[1]["amount"] == 450_00
    assert (await plan_now(at, plan))["state"] == "paid_off"
    assert await at.day(days=last.days + 400) == 0


async def test_the_ladder_of_tries(at: Till) -> None:
    plan = await at.plan("insufficient3")
    due = due_in(plan).days * 24
    tried = {}
    for hours in (0, 1, 23, 24, 71, 72, 167, 168, 169):
        if await at.day(hours=due + hours):
            tried[hours] = (await at.charges(plan))[-1]["state"]
    assert tried == {0: "declined", 24: "declined", 72: "declined", 168: "succeeded"}
    collection = await at.collection(plan)
    assert (collection["tries"], collection["is_stopped"]) == (0, False)


async def test_a_product_has_a_ladder_of_its_own_for_life(at: Till) -> None:
    document = msgspec.json.decode(POLICY.read_bytes())
    await publish(at.world, document | {"servicing": {"retry": {"insufficient_funds": [6, 30]}}})
    plan = await at.plan("insufficient4")
    await publish(at.world, document)
    due = due_in(plan).days * 24
    tried = [hours for hours in (0, 5, 6, 24, 29, 30, 72, 168) if await at.day(hours=due + hours)]
    assert tried == [0, 6, 30]
    assert (await at.collection(plan))["retry_at"] is None


async def test_the_ladder_ends_and_begins_with_the_next_instalment(at: Till) -> None:
    plan = await at.plan("insufficient4")
    first, second = due_in(plan), due_in(plan, 2)
    made = [await at.day(days=first.days + days) for days in (0, 1, 3, 7, 8, 9, 13)]
    assert made == [1, 1, 1, 1, 0, 0, 0]
    assert (await at.collection(plan))["retry_at"] is None
    assert await at.day(days=second.days) == 1
    charge = (await at.charges(plan))[-1]
    assert (charge["amount"], charge["state"]) == (300_00, "succeeded")


async def test_a_closed_account_is_left_alone_until_another_is_named(at: Till) -> None:
    plan = await at.plan("closed")
    due = due_in(plan)
    made = [await at.day(days=due.days + days) for days in (0, 1, 7, 60)]
    assert made == [1, 0, 0, 0]
    assert (await at.collection(plan))["is_stopped"] is True
    other = await at.instrument(plan["consumer"], "ok")
    at.world.merchant.now = at.world.operator.now
    named = await at.world.merchant.post(f"/v1/plans/{plan['id']}/instrument", {"instrument_id": other})
    assert named.json()["is_stopped"] is False
    assert await at.day(days=due.days + 60) == 1
    assert (await plan_now(at, plan))["overdue"] == 0


async def test_what_is_paid_by_hand_is_not_charged(at: Till) -> None:
    partly, wholly = await at.plan("ok"), await at.plan("ok")
    due = due_in(partly)
    for plan, amount in ((partly, 60_00), (wholly, 150_00)):
        paid = await at.world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": amount})
        assert paid.status_code == 201, paid.text
    assert await at.day(days=due.days) == 1
    assert [one["amount"] for one in await at.charges(partly)] == [90_00]
    assert await at.charges(wholly) == []


async def test_what_may_not_be_charged_by_itself(at: Till) -> None:
    forbidden = await at.plan("ok", autopay=False)
    removed = await at.plan("ok")
    instrument = (await at.collection(removed))["instrument_id"]
    await at.world.merchant.post(f"/v1/instruments/{instrument}/remove")
    given_up = await at.plan("ok")
    done = await at.world.operator.post(f"/v1/operator/plans/{given_up['id']}/charge_off")
    assert done.is_success, done.text
    assert await at.day(days=due_in(forbidden).days) == 0
    assert not at.sandbox.calls


async def test_a_retired_processor_is_asked_and_charged_no_more(at: Till) -> None:
    pending, due = await at.plan("late", autopay=False), await at.plan("ok")
    at.desk.notify = ""
    assert (await at.pay(pending, amount=100_00)).json()["state"] == "pending"
    await at.world.seconded(await at.world.operator.post(f"/v1/operator/processors/{at.processor_id}/retire"))
    refused = await at.pay(due)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_instrument")
    await asyncio.sleep(1.1)
    assert await at.day(minutes=1) == 0
    assert (await at.charges(pending))[0]["state"] == "succeeded"
    assert await at.charges(due) == []


async def test_what_came_back_is_tried_again(at: Till) -> None:
    plan = await at.plan("bounces")
    at.desk.notify = ""  # this test tells the news itself, by its own clock
    due = due_in(plan)
    assert await at.day(days=due.days) == 1
    (charge,) = await at.charges(plan)
    await asyncio.sleep(2.1)
    at.client.now = NOON + due + timedelta(hours=2)
    came_back = await at.client.post("/v1/processor/notifications", {"charge_id": charge["id"]})
    assert came_back.json()["state"] == "returned"
    assert await at.day(hours=due.days * 24 + 23) == 0
    assert await at.day(hours=due.days * 24 + 24) == 1


# Collection rests -----------------------------------------------------------------------------------------------------


async def test_nothing_is_pulled_while_collection_rests_and_then_it_is(at: Till) -> None:
    plan = await at.plan("ok")
    path = f"/v1/operator/plans/{plan['id']}/collection"
    await at.world.operator.post(f"{path}/pause", {"why": "hardship"})
    due = due_in(plan)
    assert await at.day(days=due.days) == 0
    asked = await at.pay(plan, amount=1_00)
    assert (asked.status_code, asked.json()["code"]) == (409, "state_forbids")
    assert "rests (hardship)" in asked.json()["detail"]
    assert not at.sandbox.calls
    await at.world.operator.post(f"{path}/resume", {"why": "hardship"})
    assert await at.day(days=due.days, hours=1) == 1
    assert (await plan_now(at, plan))["paid"] == 150_00


async def test_what_was_declined_is_not_tried_again_while_collection_rests(at: Till) -> None:
    plan = await at.plan("insufficient")
    due = due_in(plan)
    assert await at.day(days=due.days) == 1
    disputed = await at.world.merchant.post(f"/v1/plans/{plan['id']}/disputes", {"reason": "not_received"})
    assert disputed.status_code == 201
    assert await at.day(days=due.days + 2) == 0
    await at.world.operator.post(f"/v1/operator/plans/{plan['id']}/disputes/decide", {"outcome": "won"})
    assert await at.day(days=due.days + 2, hours=1) == 1
