"""Facts that take effect on another day than today: in the past, in the future, and a clock that goes back."""

from datetime import timedelta
from typing import Any

from tests.flows.published import publish
from tests.flows.test_policies import with_field
from tests.flows.world import NOON, World


async def shipped(world: World) -> str:
    plan = await world.plan(await world.consumer(), 600_00)
    await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 600_00})
    return str(plan["id"])


async def pay(world: World, plan: str, amount: int, **more: Any) -> dict[str, Any]:
    answered = await world.merchant.post(f"/v1/plans/{plan}/payments", {"amount": amount, **more})
    assert answered.status_code == 201, answered.text
    paid: dict[str, Any] = answered.json()
    return paid


async def test_a_payment_that_was_late_in_the_mail_settles_what_it_would_have(world: World) -> None:
    plan = await shipped(world)
    world.merchant.now = NOON + timedelta(days=40)
    await pay(world, plan, 150_00)
    paid = await pay(world, plan, 150_00, received_on="2026-03-16")
    assert [line["paid_on"] for line in paid["schedule"]] == ["2026-03-16", "2026-04-11", None, None]


async def test_money_comes_before_a_change_that_takes_effect_later(world: World) -> None:
    plan = await shipped(world)
    moved = await world.operator.post(
        f"/v1/operator/plans/{plan}/due_dates", {"due_on": "2026-04-13", "to": "2026-04-20"}
    )
    assert [line["due_on"] for line in moved.json()["schedule"]] == [
        "2026-03-02", "2026-03-16", "2026-03-30", "2026-04-20",
    ]  # fmt: skip
    paid = await pay(world, plan, 150_00)
    assert paid["schedule"][0]["paid_on"] == "2026-03-02"
    assert [line["due_on"] for line in paid["schedule"]] == [line["due_on"] for line in moved.json()["schedule"]]


async def test_a_clock_that_goes_back_breaks_nothing(world: World) -> None:
    plan = await shipped(world)
    world.merchant.now = NOON + timedelta(days=20)
    await pay(world, plan, 10_00)
    world.merchant.now = NOON + timedelta(days=5)
    paid = await pay(world, plan, 20_00)
    assert paid["paid"] == 30_00
    assert (await world.merchant.post(f"/v1/plans/{plan}/void")).status_code == 409


async def test_what_was_paid_in_time_and_told_late_costs_nothing(world: World) -> None:
    """The second of four was due on 16 March: 5.00 and 2 % of 150.00 were levied on the 20th, and 60.00 of them are
    waived where 60.00 had come in time, 5.00 and 2 % of 90.00 being 6.80; and all of it where all had."""
    late = {"amount": 5_00, "bps": 200, "grace_days": 3}
    rows = [{"name": "late", "currency": "EUR", "amount_max": 1_500_00, "terms": {"first_due_days": 0},
             "servicing": {"late_fee": late}}]  # fmt: skip
    await publish(world, with_field("/instalments", rows))
    world.merchant.now = NOON
    plan = await shipped(world)
    await pay(world, plan, 150_00)
    world.merchant.now = NOON + timedelta(days=20)
    assert [line["penalty"] for line in (await pay(world, plan, 1))["schedule"]] == [0, 0, 8_00, 0]
    paid = await pay(world, plan, 60_00, received_on="2026-03-16")
    assert [line["penalty"] for line in paid["schedule"]] == [0, 0, 6_80, 0]
    assert (paid["outstanding"], paid["recorded"]["fact"]) == (600_00 - 150_00 - 1 - 60_00 + 6_80, "paid")
    paid = await pay(world, plan, 90_00, received_on="2026-03-19")
    assert [line["penalty"] for line in paid["schedule"]] == [0, 0, 0, 0]
    told = (await world.merchant.get("/v1/events", limit=200)).json()["events"]
    fees = [(one["type"], one["data"]["amount"]) for one in told if one["type"].startswith("fee.")]
    assert fees == [("fee.levied", 8_00), ("fee.waived", 8_00), ("fee.levied", 6_80), ("fee.waived", 6_80)]
