"""What was paid too much goes back to the card that it was paid with: once, whatever happens, or by an operator."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from service.payments.paying_back_flow import PayingBack
from tests.flows.collecting import Till, till
from tests.flows.test_deposit_holds import clearing, deposit, verb
from tests.flows.world import NOON, World


@pytest.fixture
async def at(world: World) -> AsyncIterator[Till]:
    """A till."""
    async with till(world) as at:
        yield at


async def paid(at: Till, ending: str, amount: int = 600_00) -> dict[str, Any]:
    """A plan of 600.00 that was charged so much."""
    plan = await at.plan(ending)
    await at.pay(plan, amount=amount)
    async with asyncio.timeout(10):
        minutes = 0
        while (await now(at, plan))["paid"] != amount:
            minutes += 1
            await at.day(minutes=minutes)
            await asyncio.sleep(0.3)
    return plan


async def refund(at: Till, plan: dict[str, Any], amount: int) -> None:
    done = await verb(at, plan, "refunds", amount=amount)
    assert done.status_code == 201, done.text


async def now(at: Till, plan: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await at.world.merchant.get(f"/v1/plans/{plan['id']}")).json()
    return found


async def paybacks(at: Till, plan: dict[str, Any]) -> list[dict[str, Any]]:
    page = await at.world.merchant.get(f"/v1/plans/{plan['id']}/paybacks")
    assert page.status_code == 200, page.text
    found: list[dict[str, Any]] = page.json()["paybacks"]
    return found


async def seen(at: Till, plan: dict[str, Any]) -> list[tuple[str, int]]:
    return [(one["state"], one["amount"]) for one in await paybacks(at, plan)]


async def follow(at: Till, **later: float) -> None:
    when = NOON + timedelta(hours=1) + timedelta(**later)
    await PayingBack(at.world.app.state["services"].charging).follow_all(when)


async def told(at: Till, plan: dict[str, Any]) -> Counter[str]:
    page = (await at.world.merchant.get("/v1/events", limit=500)).json()["events"]
    return Counter(one["type"] for one in page if one["plan_id"] == plan["id"])


async def test_a_refund_of_what_was_paid_goes_back_to_the_card(at: Till) -> None:
    plan = await paid(at, "ok")
    before = await clearing(at)
    await refund(at, plan, 200_00)
    assert ((await now(at, plan))["state"], (await now(at, plan))["overpaid"]) == ("overpaid", 200_00)
    await at.day(hours=1)
    (one,) = await paybacks(at, plan)
    (charge,) = await at.charges(plan)
    assert (one["state"], one["amount"], one["currency"]) == ("paid", 200_00, "EUR")
    assert (one["source_id"], one["instrument_id"]) == (charge["id"], charge["instrument_id"])
    after = await now(at, plan)
    assert (after["state"], after["overpaid"], after["outstanding"]) == ("paid_off", 0, 0)
    events = await told(at, plan)
    assert (events["refund.paid"], events["payment.overpayment_returned"], events["refund.failed"]) == (1, 1, 0)
    assert at.desk.paybacks.paid == 200_00
    assert await clearing(at) == before - 200_00
    await follow(at, days=1)
    assert await seen(at, plan) == [("paid", 200_00)]


async def test_it_goes_back_to_the_charges_the_last_first_and_to_none_more_than_it_brought(at: Till) -> None:
    plan = await at.plan("ok")
    for minutes, amount in enumerate((350_00, 250_00), 1):
        at.world.merchant.now = NOON + timedelta(minutes=minutes)
        assert (await at.pay(plan, amount=amount)).json()["state"] == "succeeded"
    await refund(at, plan, 400_00)
    await follow(at)
    charges = {one["id"]: one["amount"] for one in await at.charges(plan)}
    went = sorted((charges[one["source_id"]], one["amount"]) for one in await paybacks(at, plan))
    assert went == [(250_00, 250_00), (350_00, 150_00)]
    assert (await now(at, plan))["overpaid"] == 0


async def test_what_was_not_charged_is_returned_by_an_operator(at: Till) -> None:
    plan = await at.plan("ok")
    assert (await at.pay(plan, amount=150_00)).json()["state"] == "succeeded"
    assert (await verb(at, plan, "payments", amount=450_00, reference="by hand")).status_code == 201
    await refund(at, plan, 600_00)
    await follow(at)
    assert await seen(at, plan) == [("paid", 150_00)]
    assert (await now(at, plan))["overpaid"] == 450_00
    done = await at.world.operator.post(f"/v1/operator/plans/{plan['id']}/overpayments/return", {"amount": 450_00})
    assert done.status_code == 200, done.text
    assert (await now(at, plan))["state"] == "refunded"


async def test_what_the_bank_does_not_take_is_owed_again_and_not_sent_again(at: Till) -> None:
    plan = await paid(at, "norefund")
    await refund(at, plan, 200_00)
    for hours in (0, 1, 30):
        await follow(at, hours=hours)
    (one,) = await paybacks(at, plan)
    assert (one["state"], one["reason"]) == ("failed", "account_closed")
    assert ((await now(at, plan))["state"], (await now(at, plan))["overpaid"]) == ("overpaid", 200_00)
    assert (await told(at, plan))["refund.failed"] == 1
    assert at.desk.paybacks.paid == 0
    done = await at.world.operator.post(f"/v1/operator/plans/{plan['id']}/overpayments/return", {"amount": 200_00})
    assert done.status_code == 200, done.text


async def test_what_a_bank_sends_back_days_later_is_owed_again(at: Till) -> None:
    plan = await paid(at, "sentback")
    await refund(at, plan, 200_00)
    await follow(at)
    assert await seen(at, plan) == [("paid", 200_00)]
    await asyncio.sleep(2.1)
    await follow(at, hours=20)
    assert await seen(at, plan) == [("paid", 200_00)], "it is not looked at before a day is over"
    await follow(at, hours=25)
    assert await seen(at, plan) == [("failed", 200_00)]
    assert (await now(at, plan))["overpaid"] == 200_00
    events = await told(at, plan)
    assert (events["refund.paid"], events["refund.failed"]) == (1, 1)


@pytest.mark.parametrize("ending", ["broken", "late", "500"])
async def test_a_lost_answer_is_asked_for_and_nothing_is_paid_twice(at: Till, ending: str) -> None:
    plan = await paid(at, ending)
    await refund(at, plan, 200_00)
    await follow(at)
    assert await seen(at, plan) == [("pending", 200_00)]
    assert (await now(at, plan))["overpaid"] == 0, "it has left the plan: nobody returns it by hand as well"
    done = await at.world.operator.post(f"/v1/operator/plans/{plan['id']}/overpayments/return", {"amount": 200_00})
    assert done.json()["code"] == "amount_exceeds_outstanding"
    await asyncio.sleep(1.1)
    await asyncio.gather(*[follow(at, minutes=5) for _ in range(4)])
    assert await seen(at, plan) == [("paid", 200_00)]
    assert at.desk.paybacks.paid == 200_00
    assert (await told(at, plan))["refund.paid"] == 1


async def test_several_pay_one_plan_back_once(at: Till) -> None:
    plan = await paid(at, "ok")
    await refund(at, plan, 200_00)
    await asyncio.gather(*[follow(at) for _ in range(6)])
    assert (await seen(at, plan), at.desk.paybacks.paid) == ([("paid", 200_00)], 200_00)
    assert set(at.desk.paybacks.calls.values()) == {1}


async def test_cut_short_after_it_was_written_down_it_goes_on(at: Till) -> None:
    plan = await paid(at, "ok")
    await refund(at, plan, 200_00)
    paying_back = PayingBack(at.world.app.state["services"].charging)
    ordered = await paying_back._order(plan["id"], NOON)
    assert ordered is not None
    assert (await seen(at, plan), (await now(at, plan))["overpaid"]) == ([("ordered", 200_00)], 200_00)
    await follow(at)
    assert (await seen(at, plan), at.desk.paybacks.paid) == ([("paid", 200_00)], 200_00)


async def test_returned_by_hand_meanwhile_it_is_dropped(at: Till) -> None:
    plan = await paid(at, "ok")
    await refund(at, plan, 200_00)
    assert await PayingBack(at.world.app.state["services"].charging)._order(plan["id"], NOON)
    done = await at.world.operator.post(f"/v1/operator/plans/{plan['id']}/overpayments/return", {"amount": 200_00})
    assert done.status_code == 200, done.text
    await follow(at)
    assert (await seen(at, plan), at.desk.paybacks.paid) == ([("dropped", 200_00)], 0)


async def test_nothing_goes_back_while_it_is_disputed_or_more_may_be_captured(at: Till) -> None:
    plan = await paid(at, "ok")
    disputed = await verb(at, plan, "disputes", reason="not_received", amount=100_00)
    assert disputed.status_code == 201, disputed.text
    await refund(at, plan, 200_00)
    await follow(at)
    assert await seen(at, plan) == []
    path = f"/v1/operator/plans/{plan['id']}/disputes/decide"
    assert (await at.world.operator.post(path, {"outcome": "won"})).status_code == 200
    await follow(at)
    assert await seen(at, plan) == [("paid", 200_00)]


async def test_of_what_a_bank_took_back_only_the_rest_goes_back(at: Till) -> None:
    plan = await paid(at, "ok")
    (charge,) = await at.charges(plan)
    body = {"payment_id": charge["payment_id"], "amount": 500_00}
    taken = await at.world.operator.post(f"/v1/operator/plans/{plan['id']}/payments/charge_back", body)
    assert taken.status_code < 300, taken.text
    assert (await verb(at, plan, "payments", amount=500_00, reference="again, by hand")).status_code == 201
    await refund(at, plan, 300_00)
    await follow(at)
    assert await seen(at, plan) == [("paid", 100_00)]
    assert (await now(at, plan))["overpaid"] == 200_00


async def test_a_claim_that_is_refunded_goes_back_to_the_card_that_it_was_taken_of(at: Till) -> None:
    plan = await deposit(at, "ok")
    claimed = await verb(at, plan, "claims", amount=30_00, final=True)
    assert claimed.status_code == 201, claimed.text
    await at.day(days=15)
    await at.day(days=15, minutes=1)
    assert at.desk.holds.taken == 30_00
    at.world.merchant.now = NOON + timedelta(days=16)
    await refund(at, plan, 20_00)
    await at.day(days=16)
    (one,) = await paybacks(at, plan)
    assert (one["state"], one["amount"], one["source_id"][:3]) == ("paid", 20_00, "ho_")
    assert (await now(at, plan))["overpaid"] == 0
