"""A payment that a merchant tells of is its word: it lifts nobody's limit until it is proved."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.flows.collecting import Till, till
from tests.flows.test_limits import review, with_steps
from tests.flows.test_settling_merchants import close
from tests.flows.world import NOON, SHARED, World


async def bought(world: World) -> tuple[str, str]:
    """A consumer with a captured plan of 100.00, and the plan."""
    consumer = await world.consumer()
    plan = await world.plan(consumer, 100_00)
    captured = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 100_00})
    assert captured.status_code == 200, captured.text
    return consumer, plan["id"]


async def pay(world: World, plan: str, **body: Any) -> str:
    """Paid off, as the merchant says; the payment's id."""
    paid = await world.merchant.post(f"/v1/plans/{plan}/payments", {"amount": 100_00} | body)
    assert (paid.status_code, paid.json()["state"]) == (201, "paid_off"), paid.text
    return str(paid.json()["recorded"]["id"])


async def prove(world: World, plan: str, payment: str, **more: Any) -> httpx.Response:
    body = {"payment_id": payment, "evidence": "statement-9/entry-3"}
    return await world.operator.post(f"/v1/operator/plans/{plan}/payments/prove", body, **more)


async def is_lifted(world: World, consumer: str) -> bool:
    """Whether a review lifts the limit: by the policy one plan paid off does."""
    return bool((await review(world, consumer, query="?dry_run=true")).json()["rule"] == "step")


@SHARED
async def test_a_merchants_word_lifts_nothing_until_an_operator_has_seen_the_money(world: World) -> None:
    await with_steps(world)
    consumer, plan = await bought(world)
    payment = await pay(world, plan)
    assert not await is_lifted(world, consumer)
    proved = await prove(world, plan, payment)
    assert (proved.status_code, proved.json()["amount"], proved.json()["received_on"]) == (201, 100_00, "2026-03-02")
    assert await is_lifted(world, consumer)
    assert (await prove(world, plan, payment)).json() == proved.json()
    told = (await world.operator.get("/v1/operator/audit", thing="plan", thing_id=plan)).json()["entries"]
    assert [entry["after"]["proved"] for entry in told if entry["verb"] == "changed"][:1] == [payment]


@SHARED
async def test_a_new_decision_does_not_count_it_either(world: World) -> None:
    """Where the account is opened anew in another currency of the same history, and in rules of the policy."""
    await with_steps(world)
    consumer, plan = await bought(world)
    payment = await pay(world, plan)

    async def known() -> int:
        asked = await world.checkout(consumer, 100_00)
        log = (await world.operator.get(f"/v1/operator/decisions/{asked['id']}")).json()
        return int(log["snapshot"]["snapshot"].get("paid_off_plans", 0))

    assert await known() == 0
    await prove(world, plan, payment)
    await world.operator.post("/v1/operator/limit-reviews", {"consumer": consumer, "currency": "EUR"})
    assert await known() == 1


async def test_what_the_merchant_has_itself_counts_once_it_has_borne_it(world: World) -> None:
    await with_steps(world)
    consumer, plan = await bought(world)
    await pay(world, plan, received_by="merchant")
    assert not await is_lifted(world, consumer)
    await close(world, NOON + timedelta(days=1))  # captured 100.00, paid to it 100.00, and it owes us our fee
    assert not await is_lifted(world, consumer)
    world.operator.now = world.merchant.now = NOON + timedelta(days=1)
    await bought(world)
    await close(world, NOON + timedelta(days=2))
    (_, later) = (await world.merchant.get("/v1/settlements")).json()["settlements"]
    assert later["opening"] < 0 < later["closing"]
    assert await is_lifted(world, consumer)


@SHARED
async def test_the_lenders_own_word_needs_no_proof(world: World) -> None:
    await with_steps(world)
    consumer, plan = await bought(world)
    paid = await world.operator.post(f"/v1/operator/plans/{plan}/payments", {"amount": 100_00})
    assert await is_lifted(world, consumer)
    needless = await prove(world, plan, paid.json()["recorded"]["id"])
    assert (needless.status_code, needless.json()["code"]) == (409, "state_forbids")


@SHARED
async def test_a_payment_that_was_returned_is_not_proved_and_stops_nothing(world: World) -> None:
    await with_steps(world)
    consumer, plan = await bought(world)
    payment = await pay(world, plan)
    await world.operator.post(f"/v1/operator/plans/{plan}/payments/return", {"payment_id": payment})
    refused = await prove(world, plan, payment)
    assert (refused.status_code, refused.json()["code"]) == (409, "state_forbids")
    await world.operator.post(f"/v1/operator/plans/{plan}/payments", {"amount": 100_00})
    assert await is_lifted(world, consumer)


@SHARED
async def test_no_other_payment_is_proved(world: World) -> None:
    _, plan = await bought(world)
    other = await pay(world, (await bought(world))[1])
    for where, payment in ((plan, other), (plan, "py_00000000000000000000000000")):
        missing = await prove(world, where, payment)
        assert (missing.status_code, missing.json()["pointer"]) == (404, "/payment_id")


@pytest.fixture
async def at(world: World) -> AsyncIterator[Till]:
    async with till(world) as found:
        yield found


async def test_a_charge_by_a_processor_needs_no_proof(at: Till) -> None:
    await with_steps(at.world)
    plan = await at.plan("ok")
    assert (await at.pay(plan, amount=600_00)).is_success
    after = (await at.world.merchant.get(f"/v1/plans/{plan['id']}")).json()
    assert after["state"] == "paid_off"
    count = "select count(*) from unproved_payments where plan_id = $1"
    assert await at.world.pool.fetchval(count, plan["id"]) == 0
