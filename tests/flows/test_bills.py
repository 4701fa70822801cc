"""What is on the bill of a capture is kept, shown with the plan, and told to those who listen."""

from typing import Any

from tests.flows.world import SHARED, World

CHAIRS = [{"name": "3 chairs", "amount": 600_00}, {"name": "Gift", "amount": 0}, {"name": "Shipping", "amount": 0}]


async def capture(world: World, plan: dict[str, Any], **body: Any) -> dict[str, Any]:
    answered = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", body)
    assert answered.status_code == 200, answered.text
    captured: dict[str, Any] = answered.json()
    return captured


async def last_event(world: World) -> dict[str, Any]:
    event: dict[str, Any] = (await world.merchant.get("/v1/events", limit=500)).json()["events"][-1]
    return event


def billed(plan: dict[str, Any]) -> list[tuple[int, int, list[tuple[int, str, int]]]]:
    """The bills as (capture, amount, lines)."""
    return [
        (bill["number"], bill["amount"], [(line["number"], line["name"], line["amount"]) for line in bill["lines"]])
        for bill in plan["captures"]
    ]


@SHARED
async def test_the_free_lines_that_the_checkout_took_are_captured(world: World) -> None:
    plan = await world.plan(await world.consumer(), 600_00)
    captured = await capture(world, plan, amount=600_00, items=CHAIRS)
    assert captured["state"] == "active"
    assert billed(captured) == [(1, 600_00, [(1, "3 chairs", 600_00), (2, "Gift", 0), (3, "Shipping", 0)])]


@SHARED
async def test_a_discount_may_be_a_negative_item_or_a_discount_and_may_be_nothing(world: World) -> None:
    consumer = await world.consumer()
    chairs, less = [{"name": "3 chairs", "amount": 650_00}], {"name": "Voucher", "amount": 50_00}
    for body in (
        {"items": [*chairs, less | {"amount": -50_00}]},
        {"items": chairs, "discounts": [less]},
    ):
        captured = await capture(world, await world.plan(consumer, 600_00), amount=600_00, **body)
        assert billed(captured) == [(1, 600_00, [(1, "3 chairs", 650_00), (2, "Voucher", -50_00)])]
    always = await capture(
        world, await world.plan(consumer, 600_00), amount=600_00, items=CHAIRS, discounts=[less | {"amount": 0}]
    )
    assert billed(always)[0][2][-1] == (4, "Voucher", 0)


@SHARED
async def test_each_capture_keeps_its_bill(world: World) -> None:
    plan = await world.plan(await world.consumer(), 600_00)
    hire = [{"name": "Hire", "amount": 205_00}]
    await capture(world, plan, amount=200_00, items=hire, discounts=[{"name": "Regular", "amount": 5_00}])
    event = await last_event(world)
    assert (event["type"], event["data"]["capture"]) == ("plan.captured", 1)
    assert event["data"]["lines"] == [
        {"number": 1, "name": "Hire", "amount": 205_00, "kind": "item"},
        {"number": 2, "name": "Regular", "amount": -5_00, "kind": "discount"},
    ]  # fmt: skip
    captured = await capture(world, plan, amount=400_00)
    assert (await last_event(world))["data"]["lines"] == []
    found = (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()
    assert billed(found) == [(1, 200_00, [(1, "Hire", 205_00), (2, "Regular", -5_00)]), (2, 400_00, [])]
    assert found["captures"] == captured["captures"]
    assert {row["capture"] for row in found["schedule"]} == {1, 2}
    paid = await world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": 1_00})
    assert paid.json()["captures"] == found["captures"]


@SHARED
async def test_a_claim_may_say_what_is_missing(world: World) -> None:
    plan = await world.plan(await world.consumer(), 500_00, "deposit", deposit_amount=2_000_00)
    path = f"/v1/plans/{plan['id']}/claims"
    items = [{"name": "Lens, scratched", "amount": 60_00}, {"name": "For its age", "amount": -10_00}]
    wrong = await world.merchant.post(path, {"amount": 50_01, "items": items})
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["pointer"]) == (422, "amount_mismatch", "/amount")
    claimed = await world.merchant.post(path, {"amount": 50_00, "items": items, "final": False})
    assert billed(claimed.json()) == [(1, 50_00, [(1, "Lens, scratched", 60_00), (2, "For its age", -10_00)])]
    assert (await last_event(world))["data"]["lines"] == claimed.json()["captures"][0]["lines"]


@SHARED
async def test_a_bill_that_does_not_add_up_moves_nothing(world: World) -> None:
    plan = await world.plan(await world.consumer(), 600_00)
    before = await world.row_counts()
    for body in ({"items": CHAIRS}, {"discounts": [{"name": "Voucher", "amount": 0}]}):
        wrong = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 599_99} | body)
        assert (wrong.status_code, wrong.json()["code"]) == (422, "amount_mismatch")
    assert await world.row_counts() == before


@SHARED
async def test_a_line_says_what_it_is_for(world: World) -> None:
    items = [
        {"name": "Two nights", "amount": 180_00},
        {"name": "Minibar", "amount": 12_00, "kind": "charge"},
        {"name": "Mirror", "amount": 15_00, "kind": "damage"},
        {"name": "Left at noon", "amount": 5_00, "kind": "late_return"},
        {"name": "Regular guest", "amount": 10_00, "kind": "discount"},
    ]
    plan = await world.plan(await world.consumer(), 300_00, "pay_after_use")
    wrong = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 222_00, "items": items})
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["pointer"]) == (422, "amount_mismatch", "/amount")
    assert "late_return 500, discount -1000" in wrong.json()["detail"]
    items[2]["amount"] = -15_00
    negative = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 172_00, "items": items})
    assert (negative.json()["code"], negative.json()["pointer"]) == ("invalid_field", "/items/2/amount")
    items[2]["amount"] = 15_00
    captured = await capture(world, plan, amount=202_00, items=items)
    lines = captured["captures"][0]["lines"]
    assert [(line["kind"], line["amount"]) for line in lines] == [
        ("item", 180_00), ("charge", 12_00), ("damage", 15_00), ("late_return", 5_00), ("discount", -10_00),
    ]  # fmt: skip
    assert (await last_event(world))["data"]["lines"] == lines
