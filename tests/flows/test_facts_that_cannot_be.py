"""A fact that cannot be is refused with where the plan stands and what goes; nothing is written, the key keeps it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.flows.world import NOON, SHARED, World

Step = tuple[str, str, dict[str, Any]]  # who, verb, body; "{paid}" and "{levied}" stand for the last of these facts
CAPTURE: Step = ("merchant", "capture", {"amount": 600_00})
PAY: Step = ("merchant", "payments", {"amount": 200_00})
PAY_ALL: Step = ("merchant", "payments", {"amount": 600_00})
FEE: Step = ("operator", "fees", {"amount": 5_00})
WAIVE: Step = ("operator", "fees/waive", {"fee_id": "{levied}"})
VOID: Step = ("merchant", "void", {})
RETURN: Step = ("operator", "payments/return", {"payment_id": "{paid}"})
BACK: Step = ("operator", "payments/charge_back", {"payment_id": "{paid}", "amount": 200_00})
CHARGE_OFF: Step = ("operator", "charge_off", {})
FORGIVE: Step = ("operator", "forgive", {})


CREDIT: Step = ("operator", "credits", {"kind": "goodwill", "amount": 600_00})
WAIVED: Step = ("operator", "credits", {"kind": "interest_waiver", "amount": 1})
CORRECT: Step = ("operator", "corrections", {"fact_id": "{paid}"})
QUOTE: Step = ("merchant", "settlement_quotes", {})
USE: Step = ("merchant", "use/start", {})
RETURNED: Step = ("merchant", "use/end", {})
CLAIM: Step = ("merchant", "claims", {"amount": 100_00})
RELEASE: Step = ("merchant", "release", {})


def put_off(due_on: str, to: str) -> Step:
    """By the consumer, through the merchant."""
    return ("merchant", "due_dates", {"due_on": due_on, "to": to})


def moved(due_on: str, to: str) -> Step:
    return ("operator", "due_dates", {"due_on": due_on, "to": to})


CANNOT_BE: list[tuple[str, tuple[Step, ...], Step, str]] = [
    # before anything was captured
    ("refunded", (), ("merchant", "refunds", {"amount": 1}), "authorized"),
    ("charged a fee", (), FEE, "authorized"),
    ("rescheduled", (), moved("2026-03-16", "2026-03-20"), "authorized"),
    ("charged off", (), CHARGE_OFF, "authorized"),
    ("forgiven", (), FORGIVE, "authorized"),
    ("settled", (), ("merchant", "settlement_quotes", {}), "authorized"),
    # beyond what is there
    ("captured beyond", (), ("merchant", "capture", {"amount": 600_01}), "authorized"),
    ("refunded beyond", (CAPTURE,), ("merchant", "refunds", {"amount": 600_01}), "active"),
    ("overpayment beyond", (CAPTURE, PAY), ("operator", "overpayments/return", {"amount": 1}), "active"),
    ("charged back beyond", (CAPTURE, PAY), (*BACK[:2], {"payment_id": "{paid}", "amount": 200_01}), "active"),
    ("charged back twice", (CAPTURE, PAY, BACK), BACK, "active"),
    ("charged back after its return", (CAPTURE, PAY, RETURN), BACK, "active"),
    ("returned twice", (CAPTURE, PAY, RETURN), RETURN, "active"),
    ("waived twice", (CAPTURE, FEE, WAIVE), WAIVE, "active"),
    # in time
    ("paid in days to come", (CAPTURE,), ("merchant", "payments", {"amount": 1, "received_on": "2026-03-04"}),
     "active"),
    ("paid before it was opened", (CAPTURE,), ("merchant", "payments", {"amount": 1, "received_on": "2026-02-28"}),
     "active"),
    ("moved what is paid", (CAPTURE, PAY), moved("2026-03-02", "2026-03-10"), "active"),
    ("moved before its period", (CAPTURE,), moved("2026-03-16", "2026-03-01"), "active"),
    ("moved what is not there", (CAPTURE,), moved("2026-03-17", "2026-03-20"), "active"),
    # on a plan that is closed to it
    ("captured again", (CAPTURE,), CAPTURE, "active"),
    ("voided twice", (VOID,), VOID, "voided"),
    ("captured after its end", (VOID,), CAPTURE, "voided"),
    ("claimed", (CAPTURE,), ("merchant", "claims", {"amount": 1}), "active"),
    ("released", (CAPTURE,), ("merchant", "release", {}), "active"),
    ("charged a fee at the end", (CAPTURE, PAY_ALL), FEE, "paid_off"),
    ("charged off at the end", (CAPTURE, PAY_ALL), CHARGE_OFF, "paid_off"),
    ("forgiven at the end", (CAPTURE, PAY_ALL), FORGIVE, "paid_off"),
    ("settled at the end", (CAPTURE, PAY_ALL), ("merchant", "settlement_quotes", {}), "paid_off"),
    ("charged off twice", (CAPTURE, CHARGE_OFF), CHARGE_OFF, "charged_off"),
    ("extended when given up", (CAPTURE, CHARGE_OFF),
     ("operator", "extensions", {"on": "2026-03-16", "instalments": 1}), "charged_off"),
    ("rescheduled when let go", (CAPTURE, FORGIVE), moved("2026-03-16", "2026-03-20"), "forgiven"),
]  # fmt: skip


# Of instalments, too: credits, corrections, quotes, and due dates that the consumer puts off.
NOR_CAN_THESE: list[tuple[str, tuple[Step, ...], Step, str]] = [
    ("credited before a capture", (), CREDIT, "authorized"),
    ("more goodwill than was lent", (CAPTURE,), (*CREDIT[:2], CREDIT[2] | {"amount": 600_01}), "active"),
    ("more goodwill than is left to give", (CAPTURE, CREDIT), (*CREDIT[:2], CREDIT[2] | {"amount": 1}), "paid_off"),
    ("a waiver of interest that nobody asks for", (CAPTURE,), WAIVED, "active"),
    ("a refund beyond what was captured", (CAPTURE,),
     (*CREDIT[:2], {"kind": "payout_refund", "amount": 600_01}), "active"),
    ("credited in days to come", (CAPTURE,), (*CREDIT[:2], CREDIT[2] | {"on": "2026-03-03"}), "active"),
    ("credited before it was opened", (CAPTURE,), (*CREDIT[:2], CREDIT[2] | {"on": "2026-03-01"}), "active"),
    ("a credit of ours that a bank took back", (CAPTURE, CREDIT), (*BACK[:2], BACK[2] | {"amount": 1}), "paid_off"),
    ("corrected twice", (CAPTURE, PAY, CORRECT), CORRECT, "active"),
    ("corrected after its return", (CAPTURE, PAY, RETURN), CORRECT, "active"),
    ("corrected what others stand on", (CAPTURE, PAY), (*CORRECT[:2], {"fact_id": "{captured}"}), "active"),
    ("corrected the authorization", (CAPTURE,), (*CORRECT[:2], {"fact_id": "{authorized}"}), "active"),
    ("charged back after its correction", (CAPTURE, PAY, CORRECT), BACK, "active"),
    ("a part of a settlement that gives nothing up", (CAPTURE,), (*QUOTE[:2], {"amount": 600_00}), "active"),
    ("a settlement put off by a law that knows none", (CAPTURE,), (*QUOTE[:2], {"deferred": True}), "active"),
    ("settled when it is let go", (CAPTURE, FORGIVE), QUOTE, "forgiven"),
    ("put off before a capture", (), put_off("2026-03-16", "2026-03-20"), "authorized"),
    ("put off too far", (CAPTURE, PAY), put_off("2026-03-16", "2026-03-31"), "active"),
    ("put off to an earlier day", (CAPTURE, PAY), put_off("2026-03-16", "2026-03-10"), "active"),
    ("put off what is paid", (CAPTURE, PAY), put_off("2026-03-02", "2026-03-10"), "active"),
    ("put off what is not there", (CAPTURE, PAY), put_off("2026-03-17", "2026-03-20"), "active"),
    ("put off at the end", (CAPTURE, PAY_ALL), put_off("2026-03-16", "2026-03-20"), "paid_off"),
    ("put off once too often", (CAPTURE, PAY, put_off("2026-03-16", "2026-03-17"), put_off("2026-03-17", "2026-03-18")),
     put_off("2026-03-18", "2026-03-19"), "active"),
]  # fmt: skip
AFTER_USE: list[tuple[str, tuple[Step, ...], Step, str]] = [
    ("refunded before its bill", (), ("merchant", "refunds", {"amount": 1}), "authorized"),
    ("ended before it began", (), RETURNED, "authorized"),
    ("begun twice", (USE,), USE, "in_use"),
    ("ended twice", (USE, RETURNED), RETURNED, "in_use"),
    ("billed beyond its cap", (USE,), ("merchant", "capture", {"amount": 600_01}), "in_use"),
    ("billed twice", (CAPTURE,), CAPTURE, "payment_due"),
    ("begun after its bill", (CAPTURE,), USE, "payment_due"),
    ("claimed", (), CLAIM, "authorized"),
    ("charged back beyond", (CAPTURE, PAY), (*BACK[:2], {"payment_id": "{paid}", "amount": 200_01}), "payment_due"),
    ("returned twice", (CAPTURE, PAY, RETURN), RETURN, "payment_due"),
    ("paid in days to come", (CAPTURE,), ("merchant", "payments", {"amount": 1, "received_on": "2026-03-04"}),
     "payment_due"),
    ("converted before it is overdue", (CAPTURE,), ("merchant", "convert", {"instalments": 3}), "payment_due"),
    ("voided at the end", (CAPTURE, PAY_ALL), VOID, "paid_off"),
    ("begun at the end", (VOID,), USE, "voided"),
]  # fmt: skip
DEPOSITS: list[tuple[str, tuple[Step, ...], Step, str]] = [
    ("captured", (), CAPTURE, "authorized"),
    ("claimed beyond", (), (*CLAIM[:2], {"amount": 500_01}), "authorized"),
    ("released beyond", (), (*RELEASE[:2], {"amount": 500_01}), "authorized"),
    ("amended", (), ("merchant", "amend", {"amount": 600_00}), "authorized"),
    ("contested without a claim", (), ("operator", "claims/decide", {"amount": 1}), "authorized"),
    ("refunded before a claim", (), ("merchant", "refunds", {"amount": 1}), "authorized"),
    ("ended before it began", (), RETURNED, "authorized"),
    ("claimed at the end", (RELEASE,), CLAIM, "closed"),
    ("released twice", (RELEASE,), RELEASE, "closed"),
    ("settled early", (), QUOTE, "authorized"),
]  # fmt: skip
TABLES: dict[str, list[tuple[str, tuple[Step, ...], Step, str]]] = {
    "instalments": [*CANNOT_BE, *NOR_CAN_THESE], "pay_after_use": AFTER_USE, "deposit": DEPOSITS,
}  # fmt: skip


@SHARED
@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("kind", TABLES)
async def test_it_is_refused_and_says_where_the_plan_stands(world: World, kind: str, number: int) -> None:
    """All of the tables, each in four parts that share a service."""
    for what, before, wrong, state in TABLES[kind][number::4]:
        await refused(world, kind, what, before, wrong, state)


async def refused(world: World, kind: str, what: str, before: tuple[Step, ...], wrong: Step, state: str) -> None:
    world.merchant.now = world.operator.now = NOON
    more = {"deposit_amount": 500_00} if kind == "deposit" else {}
    plan = await world.plan(await world.consumer(), 600_00, kind, **more)
    for step in before:
        done = await send(world, plan["id"], step)
        assert done.is_success, (what, done.text)
    counts, shown = await world.row_counts(), await world.merchant.get(f"/v1/plans/{plan['id']}")
    answered = await send(world, plan["id"], wrong, key=plan["id"])
    problem = answered.json()
    assert answered.headers["content-type"] == "application/problem+json", what
    assert answered.status_code in (400, 409, 422), (what, problem)
    now = shown.json()
    assert now["state"] == state, what
    for said in (
        f"is {state} since 2026-03-02T12:00:00", ", by the ", f"{now['remaining']} minor units may still be captured",
        f"{now['outstanding']} are owed", f"{now['overpaid']} are overpaid",
    ):  # fmt: skip
        assert said in problem["detail"], (what, problem["detail"])
    assert problem.get("actions", []) == now["next_actions"], what
    after = await world.row_counts()
    assert after.pop("idempotency") == counts.pop("idempotency") + 1, what
    assert after == counts, what
    assert (await world.merchant.get(f"/v1/plans/{plan['id']}")).content == shown.content, what
    # A key keeps its refusal, also when the same would be right by now.
    world.merchant.now = world.operator.now = NOON + timedelta(days=1)
    assert (await send(world, plan["id"], wrong, key=plan["id"])).content == answered.content, what


async def test_it_is_said_since_when_a_plan_is_in_its_state_whatever_came_later(world: World) -> None:
    """Shipped by the merchant, and active since; an operator's fee and a payment change nothing of that."""
    plan = await world.plan(await world.consumer(), 600_00, "instalments")
    path = f"/v1/plans/{plan['id']}"
    asked = (("merchant", "capture", {"amount": 600_00}), ("operator", "fees", {"amount": 5_00}),
             ("merchant", "payments", {"amount": 100_00}))  # fmt: skip
    for days, step in enumerate(asked, 1):
        world.merchant.now = world.operator.now = NOON + timedelta(days=days)
        assert (await send(world, plan["id"], step)).is_success
    refused = await world.merchant.post(f"{path}/void")
    assert "is active since 2026-03-03T12:00:00+00:00, by the merchant;" in refused.json()["detail"], refused.text
    for days, amount in ((4, 505_00), (5, 1_00)):
        world.merchant.now = world.operator.now = NOON + timedelta(days=days)
        paid = ("operator", "payments", {"amount": amount})
        assert (await send(world, plan["id"], paid)).is_success
    refused = await world.merchant.post(f"{path}/void")
    assert "is overpaid since 2026-03-07T12:00:00+00:00, by the operator;" in refused.json()["detail"], refused.text


async def send(world: World, plan_id: str, step: Step, key: str | None = None) -> Any:
    who, verb, body = step
    client, prefix = (world.operator, "/v1/operator") if who == "operator" else (world.merchant, "/v1")
    query = "select fact_id from facts where plan_id = $1 and fact = $2 order by number desc limit 1"
    named = {
        name: await world.pool.fetchval(query, plan_id, value[1:-1]) if str(value).startswith("{") else value
        for name, value in body.items()
    }
    return await client.post(f"{prefix}/plans/{plan_id}/{verb}", named, key=key)
