"""Goods come back: an amount, or lines of the bills, each at most once and at most what was captured of it."""

import asyncio
from typing import Any

import pytest

from tests.flows.world import SHARED, World

BILL = [
    {"name": "3 chairs", "amount": 450_00},
    {"name": "Table", "amount": 200_00},
    {"name": "Voucher", "amount": -50_00},
]
TABLE = {"capture": 1, "line": 2}


async def shipped(world: World) -> str:
    plan = await world.plan(await world.consumer(), 600_00)
    captured = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 600_00, "items": BILL})
    assert captured.status_code == 200, captured.text
    return str(plan["id"])


async def refund(world: World, plan: str, **body: Any) -> Any:
    return await world.merchant.post(f"/v1/plans/{plan}/refunds", body)


@SHARED
async def test_lines_come_back_in_parts(world: World) -> None:
    plan = await shipped(world)
    one = await refund(world, plan, lines=[{"capture": 1, "line": 1, "amount": 150_00}])
    assert (one.status_code, one.json()["refunded"], one.json()["outstanding"]) == (201, 150_00, 450_00)
    rest = await refund(world, plan, lines=[{"capture": 1, "line": 1}, {"capture": 1, "line": 2, "amount": 50_00}])
    assert (rest.json()["refunded"], rest.json()["outstanding"]) == (500_00, 100_00)
    event = (await world.merchant.get("/v1/events", limit=500)).json()["events"][-1]
    assert (event["type"], event["data"]["amount"]) == ("plan.refunded", 350_00)
    assert event["data"]["lines"] == [
        {"capture": 1, "line": 1, "amount": 300_00}, {"capture": 1, "line": 2, "amount": 50_00},
    ]  # fmt: skip


@SHARED
async def test_lines_of_a_bill_come_back_for_no_more_than_was_captured(world: World) -> None:
    """Two bills of a plan, one with a voucher of 50: its lines of 450 and 200 come back for 600, not for 650."""
    plan = (await world.plan(await world.consumer(), 1_000_00))["id"]
    for body in ({"amount": 600_00, "items": BILL}, {"amount": 400_00}):
        assert (await world.merchant.post(f"/v1/plans/{plan}/capture", body)).status_code == 200
    both = [{"capture": 1, "line": 1}, TABLE | {"amount": 150_01}]
    refused = await refund(world, plan, lines=both)
    assert (refused.status_code, refused.json()["pointer"]) == (422, "/lines/1/amount")
    assert "20000 minor units are left of line 2 of capture 1, and 15000 of its bill." in refused.json()["detail"]
    await refund(world, plan, lines=[{"capture": 1, "line": 1}])
    rest = await refund(world, plan, lines=[TABLE])
    assert [one["refunded"] for one in rest.json()["captures"]] == [600_00, 0]
    nothing = await refund(world, plan, lines=[TABLE])
    assert (nothing.status_code, nothing.json()["code"]) == (422, "amount_exceeds_outstanding")


@SHARED
async def test_all_of_it_comes_back_after_some_was_paid(world: World) -> None:
    plan = await shipped(world)
    await world.merchant.post(f"/v1/plans/{plan}/payments", {"amount": 150_00})
    back = (await refund(world, plan, amount=600_00)).json()
    assert (back["state"], back["outstanding"], back["overpaid"]) == ("overpaid", 0, 150_00)
    returned = await world.operator.post(f"/v1/operator/plans/{plan}/overpayments/return", {"amount": 150_00})
    assert (returned.json()["state"], returned.json()["overpaid"]) == ("refunded", 0)


@SHARED
@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({}, 400, "invalid_field", "/amount"),
        ({"amount": 600_01}, 422, "amount_exceeds_outstanding", "/amount"),
        ({"lines": [{"capture": 1, "line": 4}]}, 400, "invalid_field", "/lines/0/line"),
        ({"lines": [{"capture": 2, "line": 1}]}, 400, "invalid_field", "/lines/0/line"),
        ({"lines": [{"capture": 1, "line": 3}]}, 400, "invalid_field", "/lines/0/line"),  # a discount
        ({"lines": [{"capture": 1, "line": 1}] * 2}, 400, "invalid_field", "/lines/1/line"),
        ({"lines": [TABLE | {"amount": 200_01}]}, 422, "amount_exceeds_outstanding", "/lines/0/amount"),
        ({"amount": 1, "lines": [TABLE]}, 422, "amount_mismatch", "/amount"),
    ],
)  # fmt: skip
async def test_what_cannot_come_back(world: World, body: dict[str, Any], status: int, code: str, pointer: str) -> None:
    plan = await shipped(world)
    refused = await refund(world, plan, **body)
    assert (refused.status_code, refused.json()["code"], refused.json()["pointer"]) == (status, code, pointer)
    assert (await world.merchant.get(f"/v1/plans/{plan}")).json()["version"] == 2


@SHARED
async def test_nothing_comes_back_before_a_capture(world: World) -> None:
    plan = await world.plan(await world.consumer(), 600_00)
    refused = await refund(world, plan["id"], amount=1)
    assert (refused.status_code, refused.json()["code"]) == (409, "state_forbids")


@SHARED
async def test_of_forty_refunds_at_once_as_many_are_made_as_there_was_captured_for(world: World) -> None:
    """Each of 30 % of what was captured: three of them, however they meet."""
    plan = await shipped(world)
    answers = await asyncio.gather(*[refund(world, plan, amount=180_00) for _ in range(40)])
    made = [answer.json() for answer in answers if answer.status_code == 201]
    assert sorted(one["refunded"] for one in made) == [180_00, 360_00, 540_00]
    refused = [answer for answer in answers if answer.status_code != 201]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(422, "amount_exceeds_outstanding")}
    left = (await world.merchant.get(f"/v1/plans/{plan}")).json()
    assert (left["refunded"], left["outstanding"]) == (540_00, 60_00)
