"""A consumer's bank disputes a charge: its processor opens the dispute by its own reference, and tells how it ends."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.flows.collecting import Till, due_in, registered, till
from tests.flows.world import NOON, Client, World

DISPUTES = "/v1/processor/disputes"
DECIDE = f"{DISPUTES}/decide"


@pytest.fixture
async def at(world: World) -> AsyncIterator[Till]:
    """A till."""
    async with till(world) as at:
        yield at


async def charged(at: Till, amount: int = 150_00, ending: str = "ok") -> tuple[str, str]:
    """A plan of 600.00, and a charge of it."""
    plan = await at.plan(ending)
    made = await at.pay(plan, amount=amount)
    assert made.status_code == 201, made.text
    return plan["id"], made.json()["id"]


async def opened(at: Till, charge_id: str, reference: str = "dp-1", **more: Any) -> httpx.Response:
    body = {"charge_id": charge_id, "reference": reference, "reason": "not_received", "amount": 100_00}
    return await at.client.post(DISPUTES, body | more)


async def decided(at: Till, charge_id: str, outcome: str, reference: str = "dp-1") -> httpx.Response:
    return await at.client.post(DECIDE, {"charge_id": charge_id, "reference": reference, "outcome": outcome})


async def plan_now(at: Till, plan_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await at.world.merchant.get(f"/v1/plans/{plan_id}")).json()
    return found


async def told(at: Till, plan_id: str, type_: str) -> list[dict[str, Any]]:
    """The data of a plan's events of this type."""
    page = (await at.world.merchant.get("/v1/events", limit=500)).json()["events"]
    return [one["data"] for one in page if one["plan_id"] == plan_id and one["type"] == type_]


async def refund_of(at: Till, plan_id: str) -> list[tuple[Any, ...]]:
    """What the books say of the last refund of a plan: from which account to which, and how much."""
    rows = await at.world.pool.fetch(
        "select debit, credit, amount from transfers where plan_id = $1 and cause_id ="
        " (select cause_id from facts where plan_id = $1 and fact = 'refunded' order by number desc limit 1)"
        " order by amount, debit, credit",
        plan_id,
    )
    return [tuple(row) for row in rows]


async def test_it_is_opened_and_lost_as_any_dispute_is(at: Till) -> None:
    plan_id, charge_id = await charged(at)
    first = await opened(at, charge_id, respond_by="2026-03-12")
    assert first.status_code == 201, first.text
    dispute = first.json()
    assert dispute | {"id": ""} == {
        "id": "", "charge_id": charge_id, "plan_id": plan_id, "reference": "dp-1", "currency": "EUR", "amount": 100_00,
        "reason": "not_received", "state": "needs_response", "evidence": None, "opened_on": "2026-03-02",
        "respond_by": "2026-03-12", "closed_on": None,
    }  # fmt: skip
    shown = (await plan_now(at, plan_id))["dispute"]
    assert (shown["id"], shown["opened_by"], shown["respond_by"]) == (dispute["id"], "processor", "2026-03-12")
    (event,) = await told(at, plan_id, "dispute.opened")
    assert (event["opened_by"], event["reference"], event["words"]) == ("processor", "dp-1", "")
    entry = (await at.world.merchant.get(f"/v1/plans/{plan_id}/timeline")).json()["entries"][-1]
    assert (entry["actor"], entry["reference"]) == ("processor", "dp-1")
    assert entry["sentence"].startswith("The processor disputes 100.00 EUR (not received);")

    resting = await at.pay({"id": plan_id}, amount=1_00)
    assert (resting.status_code, resting.json()["code"]) == (409, "state_forbids")
    answer = await at.world.merchant.post(f"/v1/plans/{plan_id}/disputes/answer", {"evidence": "Signed for."})
    assert answer.status_code == 200
    again = await opened(at, charge_id)
    answered = {"state": "under_review", "evidence": "Signed for.", "respond_by": None}
    assert (again.status_code, again.json()) == (201, dispute | answered)

    lost = await decided(at, charge_id, "lost")
    assert (lost.status_code, lost.json()["state"], lost.json()["closed_on"]) == (200, "lost", "2026-03-02")
    after = await plan_now(at, plan_id)
    assert (after["refunded"], after["outstanding"], after["dispute_state"]) == (100_00, 350_00, "lost")

    twin, _ = await charged(at)
    await at.world.operator.post(f"/v1/operator/plans/{twin}/disputes", {"reason": "not_received", "amount": 100_00})
    await at.world.operator.post(f"/v1/operator/plans/{twin}/disputes/decide", {"outcome": "lost"})
    assert await refund_of(at, plan_id) == await refund_of(at, twin) != []
    assert (await at.pay({"id": plan_id}, amount=1_00)).status_code == 201


async def test_won_it_is_collected_again(at: Till) -> None:
    plan_id, charge_id = await charged(at, 10_00)
    await opened(at, charge_id, amount=10_00, respond_by=(NOON + timedelta(days=100)).date().isoformat())
    plan = await plan_now(at, plan_id)
    due = due_in(plan)
    assert await at.day(days=due.days) == 0
    at.client.now = NOON + due
    won = await decided(at, charge_id, "won")
    assert (won.status_code, won.json()["state"]) == (200, "won")
    assert await at.day(days=due.days) == 1
    after = await plan_now(at, plan_id)
    assert (after["refunded"], after["paid"]) == (0, 150_00)
    assert (await decided(at, charge_id, "won")).json() == won.json(), "said again, it changes nothing"
    other = await decided(at, charge_id, "lost")
    assert (other.status_code, other.json()["code"]) == (409, "state_forbids")
    assert "was closed on" in other.json()["detail"]
    assert "pay" in other.json()["actions"]


async def test_one_reference_is_one_dispute(at: Till) -> None:
    plan_id, charge_id = await charged(at)
    made = await asyncio.gather(*[opened(at, charge_id) for _ in range(5)])
    assert [one.status_code for one in made] == [201] * 5
    assert len({one.json()["id"] for one in made}) == 1
    assert len(await told(at, plan_id, "dispute.opened")) == 1
    beside = await opened(at, charge_id, "dp-2")
    assert (beside.status_code, beside.json()["code"]) == (409, "state_forbids")
    assert "pay" in beside.json()["actions"]
    await decided(at, charge_id, "withdrawn")
    second = await opened(at, charge_id, "dp-2")
    assert (second.status_code, second.json()["state"]) == (201, "needs_response")
    assert second.json()["id"] != made[0].json()["id"]
    first = await opened(at, charge_id)
    assert (first.status_code, first.json()["state"]) == (201, "withdrawn"), "the first is not opened anew"
    late = await decided(at, charge_id, "lost")
    assert (late.status_code, late.json()["code"]) == (409, "state_forbids")
    assert (await plan_now(at, plan_id))["dispute_state"] == "needs_response", "the second is not decided by that"


async def test_its_processor_hears_what_the_merchant_answers(at: Till) -> None:
    """Both rounds; the words are open in its answer alone, and kept sealed."""
    plan_id, charge_id = await charged(at)
    await opened(at, charge_id)
    path = f"/v1/plans/{plan_id}/disputes/answer"
    assert (await at.world.merchant.post(path, {"evidence": "Signed for: GLS 4711, Müller."})).is_success
    assert (await at.world.operator.post(f"/v1/operator/plans/{plan_id}/disputes/ask_again")).is_success
    assert (await at.world.merchant.post(path, {"evidence": "A photograph: https://shop.example/4711"})).is_success
    body = {"charge_id": charge_id, "reference": "dp-1", "reason": "not_received", "amount": 100_00}
    heard = [await at.client.post(DISPUTES, body, key="heard") for _ in range(2)]
    said = "Signed for: GLS 4711, Müller.\n\nA photograph: https://shop.example/4711"
    assert [one.json()["evidence"] for one in heard] == [said, said]
    lost = await decided(at, charge_id, "lost")
    assert lost.json()["evidence"] == said
    kept = await at.world.pool.fetch("select answer from idempotency where answer is not null")
    assert not [row for row in kept if b"GLS" in row["answer"] or b"4711" in row["answer"]]


async def test_one_that_an_operator_has_undone_is_not_taken_for_open(at: Till) -> None:
    plan_id, charge_id = await charged(at)
    dispute = (await opened(at, charge_id)).json()
    path = f"/v1/operator/plans/{plan_id}/corrections"
    undone = await at.world.operator.post(path, {"fact_id": dispute["id"]})
    assert (undone.status_code, undone.json()["dispute"]) == (201, None), undone.text
    again = await opened(at, charge_id)
    assert (again.status_code, again.json()["code"]) == (409, "state_forbids")
    assert again.json()["detail"].startswith(
        "The dispute 'dp-1' was opened before, and undone on 2026-03-02: an operator looks into it."
    )
    late = await decided(at, charge_id, "lost")
    assert (late.status_code, late.json()["pointer"]) == (404, "/reference")


async def test_only_of_a_charge_of_its_own_that_brought_money(at: Till) -> None:
    _, charge_id = await charged(at)
    _, other = await registered(at.world, "http://127.0.0.1:9/", "other")
    stranger = Client(at.world.http, other.key)
    body = {"charge_id": charge_id, "reference": "dp-1", "reason": "duplicate", "amount": 1_00}
    for client, charge in ((stranger, charge_id), (at.client, charge_id[:-4] + "0000")):
        answers = [
            await client.post(DISPUTES, body | {"charge_id": charge}),
            await client.post(DECIDE, {"charge_id": charge, "reference": "dp-1", "outcome": "lost"}),
        ]
        for answered in answers:
            assert (answered.status_code, answered.json()["pointer"]) == (404, "/charge_id")
    unknown = await decided(at, charge_id, "lost", "dp-9")
    assert (unknown.status_code, unknown.json()["pointer"]) == (404, "/reference")
    for wrong, status, pointer in (
        ({"amount": 150_01}, 422, "/amount"), ({"respond_by": "2026-03-01"}, 400, "/respond_by"),
        ({"respond_by": "2026-08-30"}, 400, "/respond_by"), ({"reference": "Ada Lovelace"}, 400, "/reference"),
    ):  # fmt: skip
        refused = await opened(at, charge_id, **wrong)
        assert (refused.status_code, refused.json()["pointer"]) == (status, pointer), refused.text
    declined_plan, declined = await charged(at, ending="closed")
    none = await opened(at, declined)
    assert (none.status_code, none.json()["code"]) == (409, "state_forbids")
    assert (await plan_now(at, declined_plan))["dispute"] is None


async def test_who_opened_it_and_in_which_words_is_kept_sealed_and_told(world: World) -> None:
    words = "The parcel was empty when I opened it."
    plan = await world.plan(await world.consumer(), 400_00)
    path = f"/v1/plans/{plan['id']}"
    await world.merchant.post(f"{path}/capture", {"amount": 400_00})
    body = {"reason": "not_as_described", "opened_by": "merchant", "words": words}
    made = await world.merchant.post(f"{path}/disputes", body)
    assert made.status_code == 201, made.text
    dispute = made.json()["dispute"]
    assert (dispute["opened_by"], dispute["words"]) == ("merchant", words)
    read = (await world.operator.get(f"/v1/operator/plans/{plan['id']}")).json()["dispute"]
    assert read == dispute
    event = (await world.merchant.get("/v1/events", limit=500)).json()["events"][-1]
    assert (event["type"], event["data"]["opened_by"], event["data"]["words"]) == ("dispute.opened", "merchant", words)
    entry = (await world.merchant.get(f"{path}/timeline")).json()["entries"][-1]
    assert entry["sentence"].startswith(f"The merchant disputes 400.00 EUR (not as described: {words});")
    kept = await world.pool.fetchval(
        "select body::text from facts where plan_id = $1 and fact = 'dispute_opened'", plan["id"]
    )
    assert '"words":"sealed.' in kept.replace(" ", "")
    assert words not in kept
    wrong = await world.merchant.post(f"{path}/disputes", body | {"opened_by": "processor"})
    assert (wrong.status_code, wrong.json()["pointer"]) == (400, "/opened_by")
