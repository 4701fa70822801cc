"""Every life of goods that are used before they are paid: a ride, a rental, a stay, a trial, with its exits."""

import pytest

from tests.flows.story import tell
from tests.flows.world import World

STORIES = {
    "a ride: it begins, it ends, its price is known, it is paid": """
        consumer limit 1000.00
        buy 50.00 pay_after_use
        plan state authorized
        start
        plan state in_use, remaining 50.00
        start          refused state_forbids
        account reserved 50.00
        + 2 hours
        end
        end            refused state_forbids
        plan state in_use
        capture 12.40
        plan state payment_due, captured 12.40, voided 37.60, outstanding 12.40
        start          refused state_forbids
        end            refused state_forbids
        pay 12.40
        plan state paid_off
        account reserved 0.00, used 0.00
    """,
    "a ride that is paid in cash: the merchant has the money, and is owed so much less": """
        consumer limit 1000.00
        buy 50.00 pay_after_use
        start
        end
        capture 40.00
        ledger consumer_principal 40.00, merchant_fee_income -0.76, merchant_payable -39.24
        pay 40.00 received_by merchant
        plan state paid_off, paid 40.00
        ledger merchant_fee_income -0.76, merchant_payable 0.76
        pay 5.00 received_by merchant
        plan state overpaid, overpaid 5.00
        pay 1.00 received_by nobody refused invalid_field
    """,
    "a rental: longer than an authorization, it does not expire while it is used": """
        consumer limit 1000.00
        buy 300.00 pay_after_use
        + 20 days
        start
        + 200 days
        close expired 0
        plan state in_use
        end
        + 29 days
        capture 290.00
        plan state payment_due
        reverse 1
        plan state in_use
        capture 280.00
        plan state payment_due, outstanding 280.00
    """,
    "a rental that is never billed: so many days after its end the limit comes back": """
        consumer limit 1000.00
        buy 300.00 pay_after_use
        start
        + 10 days
        end
        + 29 days
        + 1 hours
        close expires_soon 1, expired 0
        + 1 days
        close expired 1
        plan state expired, voided 300.00
        capture 10.00  refused state_forbids
        account reserved 0.00
    """,
    "a rental that never comes back: after the longest use and the days for its bill it ends": """
        consumer limit 1000.00
        buy 300.00 pay_after_use
        start
        + 395 days
        close expired 0, expires_soon 1
        + 1 hours
        close expired 1
        plan state expired
        end            refused state_forbids
    """,
    "a use that nobody told of, and one that was told with its bill alone": """
        consumer limit 1000.00
        buy 50.00 pay_after_use
        end            refused state_forbids
        capture 20.00
        plan state payment_due
        buy 50.00 pay_after_use
        start
        capture 20.00
        plan state payment_due
    """,
    "a trial: nothing is kept, nothing is owed": """
        consumer limit 1000.00
        buy 200.00 pay_after_use
        start
        + 14 days
        end
        void
        plan state voided
        account reserved 0.00
    """,
    "a deposit: its goods are out, some are broken, the rest is released and not voided": """
        consumer limit 1000.00
        buy 1000.00 deposit
        start
        plan state in_use
        + 60 days
        close expired 0
        end
        claim 50.00 final false
        plan state part_captured
        void           refused state_forbids
        release
        account reserved 0.00
    """,
    "a trial of a product that asks the consumer to confirm: nothing goes before it": """
        consumer limit 1000.00
        buy 200.00 pay_after_use category trial
        capture 1.00   refused state_forbids
        start          refused state_forbids
        extend         refused state_forbids
        confirm
        confirm        refused state_forbids
        start
        + 14 days
        capture 150.00
        plan state payment_due
    """,
    "a trial that the consumer does not confirm: after its days it expires": """
        consumer limit 1000.00
        buy 200.00 pay_after_use category trial
        + 29 days
        + 1 hours
        close expires_soon 1
        + 1 days
        confirm        refused state_forbids
        close expired 1
        plan state expired
        account reserved 0.00
        confirm        refused state_forbids
    """,
    "an order that need not be confirmed is not": """
        consumer limit 1000.00
        buy 200.00 pay_after_use
        confirm        refused state_forbids
    """,
    "only what is used before it is paid is in use": """
        consumer limit 1000.00
        buy 600.00 instalments
        start          refused state_forbids
        end            refused state_forbids
    """,
}


@pytest.mark.parametrize("name", STORIES)
async def test_stories(world: World, name: str) -> None:
    await tell(world, STORIES[name])


async def test_a_use_is_told_with_its_instants(world: World) -> None:
    plan = await world.plan(await world.consumer(), 50_00, "pay_after_use")
    unused = dict.fromkeys(("scenario", "confirm_by", "confirmed_at", "permission_id", "started_at", "ended_at"))
    assert plan["use"] == unused
    assert "start_use" in plan["next_actions"]
    path = f"/v1/plans/{plan['id']}/use"
    for at in ("2026-03-02T11:59:59Z", "2026-03-02T12:00:01Z"):
        wrong = await world.merchant.post(f"{path}/start", {"at": at})
        assert (wrong.json()["code"], wrong.json()["pointer"]) == ("invalid_field", "/at")
    started = (await world.merchant.post(f"{path}/start", {"at": "2026-03-02T13:00:00+01:00"})).json()
    assert started["use"] == unused | {"started_at": "2026-03-02T12:00:00Z"}
    assert started["capture_by"] == "2027-04-01T12:00:00Z"
    assert "end_use" in started["next_actions"]
    world.merchant.now = world.merchant.now and world.merchant.now.replace(hour=20)
    wrong = await world.merchant.post(f"{path}/end", {"at": "2026-03-02T11:00:00Z"})
    assert (wrong.json()["code"], wrong.json()["pointer"]) == ("invalid_field", "/at")
    ended = (await world.merchant.post(f"{path}/end", {"at": "2026-03-02T14:30:00Z"})).json()
    assert ended["use"]["ended_at"] == "2026-03-02T14:30:00Z"
    assert ended["capture_by"] == "2026-04-01T14:30:00Z"
    events = (await world.merchant.get("/v1/events")).json()["events"]
    assert [one["type"] for one in events][1:] == ["plan.use_started", "plan.use_ended"]
    twice = (await world.merchant.post(f"{path}/end")).json()
    assert "2026-03-02T14:30:00" in twice["detail"]
    assert "capture" in twice["actions"]
