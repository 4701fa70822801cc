"""Every life of goods that are used before they are paid: a ride, a rental, a stay, a trial, with its exits."""

import pytest

from tests.flows.story import cases, tell
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
    "a hotel stay: the guest leaves early, the minibar is charged, and was not opened after all": """
        use scenario stay, days_max 30
        consumer limit 1000.00
        buy 300.00 pay_after_use
        + 1 days
        start
        + 2 days
        end
        capture 222.00 of item 200.00, charge 18.00, discount 5.00   refused amount_mismatch
        capture 213.00 of item 200.00, charge 18.00, discount 5.00
        plan state payment_due, captured 213.00, voided 87.00
        account reserved 0.00, used 213.00
        lower 213.00 capture 1 because nobody_opened_it              refused amount_exceeds_outstanding
        lower 195.00 capture 1 because nobody_opened_it of item 200.00, discount 5.00
        lower 196.00 capture 1 because it_was_opened                 refused amount_exceeds_outstanding
        plan outstanding 195.00, refunded 18.00
        account used 195.00
        pay 195.00
        plan state paid_off
        ledger merchant_payable -190.95, merchant_fee_income -4.05, processor_clearing 195.00
    """,
    "a hotel stay that was paid: what was too much on its bill goes back": """
        use scenario stay
        consumer limit 1000.00
        buy 300.00 pay_after_use
        start
        + 3 days
        end
        capture 290.00 of item 240.00, damage 30.00, late_return 20.00
        pay 290.00
        lower 260.00 capture 1 because it_was_broken_before of item 240.00, late_return 20.00
        plan state overpaid, overpaid 30.00, refunded 30.00
    """,
    "a stay without what proves its bill": """
        use scenario stay, evidence true
        consumer limit 1000.00
        buy 300.00 pay_after_use
        start
        end
        capture 50.00                                refused invalid_field
        capture 50.00 evidence photograph_3 of damage 50.00
        plan state payment_due
    """,
    "pay after delivery: the parcel is refused at the door": """
        use scenario pay_after_delivery, days_max 30
        consumer limit 1000.00
        buy 150.00 pay_after_use
        start
        + 3 days
        end
        void
        plan state voided
        account reserved 0.00, used 0.00
    """,
    "pay after delivery: a part is kept, for less": """
        use scenario pay_after_delivery, days_max 30
        consumer limit 1000.00
        buy 150.00 pay_after_use
        start
        + 3 days
        end
        capture 90.00 of item 100.00, discount 10.00
        plan state payment_due, captured 90.00, voided 60.00
        account reserved 0.00, used 90.00
        pay 90.00
        plan state paid_off
    """,
    "pay after delivery: what was kept comes back line by line, for no more than it cost": """
        use scenario pay_after_delivery
        consumer limit 1000.00
        buy 150.00 pay_after_use
        start
        end
        capture 140.00 of item 100.00, item 50.00, discount 10.00
        refund lines 1.3                             refused invalid_field
        refund lines 1.2
        plan refunded 50.00, outstanding 90.00
        refund lines 1.1
        plan state refunded, refunded 140.00, outstanding 0.00
        refund lines 1.1                             refused amount_exceeds_outstanding
        account reserved 0.00, used 0.00
    """,
    "a trial under a standing permission: it becomes a purchase": """
        consumer limit 1000.00
        permit trial
        buy 200.00 pay_after_use category trial
        confirm                                      refused state_forbids
        start
        + 14 days
        revoke
        end
        capture 150.00 of item 180.00, discount 30.00
        plan state payment_due, captured 150.00, voided 50.00
        buy 200.00 pay_after_use category trial
        start                                        refused state_forbids
        confirm
        start
    """,
    "a trial under a standing permission: it comes back, and nothing is owed": """
        consumer limit 1000.00
        permit trial
        buy 200.00 pay_after_use category trial
        start
        + 10 days
        end
        capture 0.00
        plan captured 0.00, voided 200.00, outstanding 0.00
        account reserved 0.00, used 0.00
    """,
    "a ride that is not paid: it is spread over three months, and stays one debt": """
        use scenario ride, convert_max 3
        consumer limit 1000.00
        buy 50.00 pay_after_use
        start
        + 1 hours
        end
        capture 12.40
        convert 3                                    refused state_forbids
        + 31 days
        close expired 0
        plan state payment_due, overdue 12.40, days_past_due 1
        account reserved 0.00, used 12.40
        convert 4                                    refused invalid_field
        convert 3
        plan state payment_due, overdue 0.00, days_past_due 0, outstanding 12.40
        account reserved 0.00, used 12.40
        schedule 0.00 4.13 4.13 4.14
        convert 2                                    refused state_forbids
        pay 4.13
        + 31 days
        close expired 0
        plan overdue 0.00
        pay 8.27
        plan state paid_off
        account used 0.00
    """,
    "a ride whose product does not say so is not spread": """
        consumer limit 1000.00
        buy 50.00 pay_after_use
        capture 12.40
        + 40 days
        convert 2                                    refused state_forbids
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


@pytest.mark.parametrize("text", cases(STORIES))
async def test_stories(world: World, text: str) -> None:
    await tell(world, text)


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
