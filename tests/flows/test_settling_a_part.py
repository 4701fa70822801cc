"""A part of a plan is paid early: the quote binds until its day ends; what is not due yet falls in one proportion."""

from datetime import timedelta
from typing import Any

import pytest

from tests.flows.test_interest_by_day import bears_interest, close
from tests.flows.test_settling_early import PATH, in_24
from tests.flows.test_timeline import later
from tests.flows.world import NOON, World


async def quoted(world: World, plan: dict[str, Any], amount: int) -> dict[str, Any]:
    answered = await world.merchant.post(PATH.format(plan["id"]), {"amount": amount})
    assert answered.status_code == 201, answered.text
    quote: dict[str, Any] = answered.json()["settlement_quote"]
    return quote


async def pay(world: World, plan: dict[str, Any], amount: int) -> dict[str, Any]:
    answered = await world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": amount})
    assert answered.status_code == 201, answered.text
    paid: dict[str, Any] = answered.json()
    return paid


def left(plan: dict[str, Any]) -> list[int]:
    """What each line still asks for."""
    parts = ("principal", "interest", "fee")
    return [sum(line[part] - line[f"{part}_paid"] for part in parts) for line in plan["schedule"]]


async def test_half_of_it_on_the_first_day_gives_up_half_of_the_interest(world: World) -> None:
    consumer_plan = await in_24(world)
    path, before = PATH.format(consumer_plan["id"]), await world.row_counts()
    foretold = (await world.merchant.post(f"{path}?dry_run=true", {"amount": 300_00})).json()["plan"]
    assert await world.row_counts() == before
    quote = await quoted(world, consumer_plan, 300_00)
    assert foretold["settlement_quote"] | {"id": quote["id"]} == quote
    interest = consumer_plan["outstanding"] - 600_00
    assert quote | {"id": "", "interest_rebate": 0} == {
        "id": "", "amount": 300_00, "principal": 300_00, "interest": 0, "fee": 0, "penalty": 0, "interest_rebate": 0,
        "fee_rebate": 0, "fee_returned": 0,
        "compensation": 0, "method": "proportional", "jurisdiction": "DE", "good_until": "2026-03-02",
        "part": 300_00,
    }  # fmt: skip
    assert quote["interest_rebate"] == (interest + 1) // 2  # rounded up: what is given up is a minimum
    paid = await pay(world, consumer_plan, 300_00)
    assert (paid["state"], paid["paid"], paid["overpaid"]) == ("active", 300_00, 0)
    assert paid["outstanding"] == consumer_plan["outstanding"] - 300_00 - quote["interest_rebate"]
    assert paid["settlement_quote"] is None
    halves = [was / 2 - now for was, now in zip(left(consumer_plan), left(paid), strict=True)]
    assert max(map(abs, halves)) <= 1.5, halves
    assert [line["due_on"] for line in paid["schedule"]] == [line["due_on"] for line in consumer_plan["schedule"]]
    told = (await world.merchant.get(f"/v1/plans/{consumer_plan['id']}/timeline")).json()["entries"][-2:]
    rebate = f"{quote['interest_rebate'] // 100}.{quote['interest_rebate'] % 100:02}"
    assert [one["sentence"] for one in told] == [
        f"300.00 EUR, paid until 2026-03-02 ends, settle a part of the plan; {rebate} EUR are then given up.",
        "300.00 EUR were paid, received on 2026-03-02; it paid a part of instalments 1 to 24.",
    ]
    rest = (await world.merchant.post(path, {})).json()["settlement_quote"]
    assert (rest["amount"], rest["part"]) == (300_00, 0)
    settled = await pay(world, consumer_plan, 300_00)
    assert (settled["state"], settled["outstanding"]) == ("paid_off", 0)


async def test_between_two_days_of_interest_the_books_stay_right(world: World) -> None:
    """Interest of the days that passed is paid as its share, and what time earns afterwards is less."""
    plan = await bears_interest(world)
    await close(world, 20)
    later(world, 20)
    quote = await quoted(world, plan, 600_00)
    assert quote["interest"] > 0
    paid = await pay(world, plan, 600_00)
    await close(world, 21)
    later(world, 40)
    await pay(world, plan, left(paid)[0])
    await close(world, 41)
    found = (await world.operator.get(f"/v1/operator/plans/{plan['id']}/ledger")).json()["places"]
    owed = {row["account"]: row["balance"] for row in found}
    schedule = (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()["schedule"]
    assert owed["consumer_principal"] == sum(line["principal"] - line["principal_paid"] for line in schedule)
    assert owed["consumer_interest"] == -sum(line["interest_paid"] for line in schedule)


async def test_a_day_later_it_binds_nobody(world: World) -> None:
    plan = await in_24(world)
    await quoted(world, plan, 300_00)
    world.merchant.now = NOON + timedelta(days=1)
    assert (await pay(world, plan, 300_00))["outstanding"] == plan["outstanding"] - 300_00


async def test_no_part(world: World, subtests: pytest.Subtests) -> None:
    plan = await in_24(world)
    before = await world.row_counts()
    for body, status, code, pointer in (
        ({"amount": 600_00}, 422, "amount_exceeds_outstanding", "/amount"),
        ({"amount": 100_00, "deferred": True}, 400, "invalid_field", "/deferred"),
        ({"amount": 0}, 400, "invalid_field", "/amount"),
    ):
        with subtests.test(str(body)):
            refused = await world.merchant.post(PATH.format(plan["id"]), body)
            found = refused.json()
            assert (refused.status_code, found["code"], found["pointer"]) == (status, code, pointer)
            kept = await world.row_counts()
            assert kept | {"idempotency": 0} == before | {"idempotency": 0}
