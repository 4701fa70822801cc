"""Facts that take effect on another day than today: in the past, in the future, and a clock that goes back."""

from datetime import timedelta
from typing import Any

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
