"""The bank returned a payment unpaid of which a part had gone back to the consumer as paid too much: they owe that."""

from typing import Any

import pytest

from tests.flows.test_timeline import done, later, timeline
from tests.flows.world import SHARED, World


async def bounced(world: World, consumer: str) -> dict[str, Any]:
    """650.00 came for 600.00 on the first day, 50.00 went back on the 5th, and on the 10th the bank took all of it."""
    plan = await world.plan(consumer, 600_00)
    await done(world, world.merchant, plan["id"], "capture", {"amount": 600_00})
    paid = await done(world, world.merchant, plan["id"], "payments", {"amount": 650_00})
    assert (paid["state"], paid["overpaid"]) == ("overpaid", 50_00)
    later(world, 5)
    refused = await world.operator.post(f"/v1/operator/plans/{plan['id']}/overpayments/return", {"amount": 50_01})
    assert (refused.status_code, refused.json()["code"]) == (422, "amount_exceeds_outstanding")
    returned = await done(world, world.operator, plan["id"], "overpayments/return", {"amount": 50_00})
    assert (returned["state"], returned["overpaid"]) == ("paid_off", 0)
    later(world, 10)
    body = {"payment_id": paid["recorded"]["id"]}
    foretold = await done(world, world.operator, plan["id"], "payments/return?dry_run=true", body)
    back = await done(world, world.operator, plan["id"], "payments/return", body)
    assert foretold["plan"]["schedule"] == back["schedule"]
    return back


async def ledger(world: World, plan_id: str) -> dict[str, int]:
    """The plan's places that are not zero, but for the merchant's and the partner's."""
    found = (await world.operator.get(f"/v1/operator/plans/{plan_id}/ledger")).json()["places"]
    return {
        row["account"]: row["balance"]
        for row in found
        if row["balance"] and row["account"].startswith(("consumer", "processor"))
    }


@SHARED
async def test_what_went_back_is_owed_at_once_beside_the_schedule(world: World) -> None:
    consumer = await world.consumer()
    plan = await bounced(world, consumer)
    asked = [(line["due_on"], line["principal"], line["owed_again"], line["paid_on"]) for line in plan["schedule"]]
    assert asked == [
        ("2026-03-02", 150_00, 0, None), ("2026-03-07", 50_00, 50_00, None), ("2026-03-16", 150_00, 0, None),
        ("2026-03-30", 150_00, 0, None), ("2026-04-13", 150_00, 0, None),
    ]  # fmt: skip
    assert (plan["state"], plan["collection_state"]) == ("active", "collecting")
    assert (plan["outstanding"], plan["overdue"], plan["paid"], plan["overpaid"]) == (650_00, 200_00, 0, 0)
    assert (await world.account(consumer))["used"] == 650_00
    assert await ledger(world, plan["id"]) == {"consumer_principal": 650_00, "processor_clearing": -50_00}
    told = await timeline(world, plan["id"])
    assert told[-1]["sentence"] == (
        "The bank returned the payment of 650.00 EUR of 2026-03-02 unpaid: the plan stands as if it had not come."
        " 50.00 EUR that had gone back to the consumer as paid too much are owed."
    )
    assert (told[-1]["principal"], told[-1]["overpaid"], told[-1]["after"]["outstanding"]) == (-600_00, -50_00, 650_00)


@SHARED
@pytest.mark.parametrize("amounts", [(650_00,), (200_00, 450_00)])
async def test_it_is_paid_with_the_rest(world: World, amounts: tuple[int, ...]) -> None:
    """In the order of the due dates: 200.00 pay the first instalment and what went back."""
    consumer = await world.consumer()
    plan = await bounced(world, consumer)
    for amount in amounts:
        paid = await done(world, world.merchant, plan["id"], "payments", {"amount": amount})
        assert paid["overdue"] == 0
    assert (paid["state"], paid["collection_state"], paid["overpaid"]) == ("paid_off", "collected", 0)
    assert (await world.account(consumer))["used"] == 0
    assert await ledger(world, plan["id"]) == {"processor_clearing": 600_00}


@SHARED
async def test_of_a_payment_recorded_by_mistake_too(world: World) -> None:
    plan = await world.plan(await world.consumer(), 600_00)
    await done(world, world.merchant, plan["id"], "capture", {"amount": 600_00})
    paid = await done(world, world.merchant, plan["id"], "payments", {"amount": 650_00})
    await done(world, world.operator, plan["id"], "overpayments/return", {"amount": 20_00})
    body = {"fact_id": paid["recorded"]["id"]}
    undone = await done(world, world.operator, plan["id"], "corrections", body)
    assert (undone["outstanding"], undone["overpaid"]) == (620_00, 0)


@SHARED
@pytest.mark.parametrize(
    ("kind", "ends", "ended", "owing"),
    [("instalments", "void", "voided", "active"), ("deposit", "release", "closed", "payment_due")],
)
@pytest.mark.parametrize(
    ("then", "after"), [("payments", "{ended}"), ("forgive", "forgiven"), ("charge_off", "charged_off")]
)
async def test_of_a_plan_that_ended_before_anything_was_lent(
    world: World, kind: str, ends: str, ended: str, owing: str, then: str, after: str
) -> None:
    """What was paid went back, and then bounced: it is owed, whatever became of the plan before."""
    consumer, more = await world.consumer(limit=1_000_00), {"category": "cameras", "deposit_amount": 600_00}
    offer = await world.offer(consumer, 600_00, kind, **(more if kind == "deposit" else {}))
    plan = (await world.merchant.post("/v1/plans", {"offer_id": offer["id"]})).json()
    paid = await done(world, world.merchant, plan["id"], "payments", {"amount": 40_00})
    await done(world, world.merchant, plan["id"], ends)
    back = await done(world, world.operator, plan["id"], "overpayments/return", {"amount": 40_00})
    assert (back["state"], back["overpaid"]) == (ended, 0)
    owes = await done(
        world, world.operator, plan["id"], "payments/return", {"payment_id": paid["recorded"]["id"]}
    )  # fmt: skip
    assert (owes["state"], owes["outstanding"], owes["closed_at"]) == (owing, 40_00, None)
    assert [(row["principal"], row["owed_again"]) for row in owes["schedule"]] == [(40_00, 40_00)]
    assert (await world.account(consumer))["used"] == 40_00
    client = world.merchant if then == "payments" else world.operator
    last = await done(world, client, plan["id"], then, {"amount": 40_00} if then == "payments" else None)
    assert (last["state"], last["outstanding"]) == (after.format(ended=ended), 40_00 if then == "charge_off" else 0)
