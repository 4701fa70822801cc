"""Receivables in a story: registered, bought, paid."""

import uuid
from datetime import timedelta
from typing import Any

from tests.flows.world import NOON, World

TERMS = {"advance_bps": 8_500, "service_bps": 80, "discount_bps": 800, "recourse_after_days": 60}
BUYER = {"country": "DE", "number": "HRB4711", "name": "Elbe Machines GmbH"}
INVOICE = {"kind": "invoice", "currency": "EUR", "amount": 10_000_00, "due_on": "2026-05-01", "buyer": BUYER}
UNIT = {
    "kind": "settlement_unit", "currency": "EUR", "amount": 5_000_00, "due_on": "2026-03-20", "channel": "visa",
    "acquirer": "Alster Acquiring", "reference": "week 12",
}  # fmt: skip


def at(world: World, days: int) -> None:
    """Moves everybody's clock."""
    for client in (world.merchant, world.operator, world.second_operator, world.partner, world.other_merchant):
        client.now = NOON + timedelta(days=days)


async def receivable(world: World, body: dict[str, Any] = INVOICE, **more: Any) -> str:
    made = await world.merchant.post("/v1/receivables", {"reference": uuid.uuid4().hex} | body | more)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def purchase(receivable_id: str, **more: Any) -> dict[str, Any]:
    return {
        "receivable_id": receivable_id, "mode": "purchase", "currency": "EUR", "recourse": "full", "terms": TERMS,
    } | more  # fmt: skip


def pledge(receivable_id: str, amount: int, **more: Any) -> dict[str, Any]:
    return {"receivable_id": receivable_id, "mode": "pledge", "currency": "EUR", "amount": amount} | more


async def bought(world: World, receivable_id: str, **more: Any) -> dict[str, Any]:
    made = await world.operator.post("/v1/operator/assignments", purchase(receivable_id, **more))
    assert made.status_code == 201, made.text
    one: dict[str, Any] = made.json()
    return one


async def pay(world: World, receivable_id: str, amount: int, paid_on: str, **more: Any) -> dict[str, Any]:
    """Who owes it pays who has bought it."""
    body = {"amount": amount, "paid_on": paid_on} | more
    made = await world.operator.post(f"/v1/operator/receivables/{receivable_id}/payments", body)
    assert made.status_code == 201, made.text
    one: dict[str, Any] = made.json()
    return one


async def assignment(world: World, assignment_id: str) -> dict[str, Any]:
    listed = (await world.operator.get("/v1/operator/assignments", limit=1_000)).json()["assignments"]
    (one,) = [one for one in listed if one["id"] == assignment_id]
    found: dict[str, Any] = one
    return found


async def events(world: World, type_: str) -> list[dict[str, Any]]:
    listed = (await world.merchant.get("/v1/events", limit=500)).json()["events"]
    return [event["data"] for event in listed if event["type"] == type_]
