"""What a credit insurer and the lender owe each other is set off month by month, and the rest is paid."""

from typing import Any

import httpx

from tests.flows.insuring import insured
from tests.flows.test_insured_losses import at, balances, declared, limited, posted
from tests.flows.world import World

SETTLEMENTS = "/v1/operator/insurer-settlements"


async def settle(world: World, insurer: str, until_on: str, currency: str = "EUR") -> httpx.Response:
    body = {"insurer_id": insurer, "currency": currency, "until_on": until_on}
    return await world.operator.post(SETTLEMENTS, body)


async def pay(world: World, one: dict[str, Any], paid_on: str) -> dict[str, Any]:
    """By two operators, where it is much."""
    world.second_operator.now = world.operator.now
    path, body = f"{SETTLEMENTS}/{one['id']}/paid", {"paid_on": paid_on, "reference": "transfer 1"}
    done = await world.operator.post(path, body)
    if done.status_code == 202:
        done = await world.second_operator.post(f"/v1/operator/approvals/{done.json()['id']}/approve")
        assert done.status_code == 200, done.text
        done = httpx.Response(200, json=done.json()["result"])
    assert done.status_code == 200, done.text
    told: dict[str, Any] = done.json()
    return told


async def test_premium_less_what_it_owes_for_losses(world: World) -> None:
    """January: 4,375.00 of premium. February: 35.00, less 22,500.00 for a loss. March: 7,500.00 of a recovery."""
    insurer, client = await world.take_on()
    policy = await insured(world, "domestic", terms={"provider_id": insurer})
    debtor = await limited(world, policy, 25_000_00)
    await declared(world, policy, 1, {"insured": 1_250_000_00})
    world.operator.now = at("2026-02-02")
    january = (await settle(world, insurer, "2026-01-31")).json()
    assert [january[name] for name in ("number", "premium", "salvage", "indemnity", "net")] == [
        1, 4_375_00, 0, 0, 4_375_00,
    ]  # fmt: skip
    paid = await pay(world, january, "2026-02-02")
    assert (paid["paid_on"], paid["reference"]) == ("2026-02-02", "transfer 1")
    assert await balances(world, "EUR") == {"insurance_premium": 4_375_00, "insurer_payable": 0}

    world.operator.now = at("2026-02-20")
    lost = {
        "debtor_id": debtor, "cause": "credit", "on": "2026-02-20",
        "sales": [{"on": "2026-02-01", "amount": 30_000_00}],
    }  # fmt: skip
    loss = await posted(world, f"insurance-policies/{policy}/losses", lost)
    await declared(world, policy, 2, {"insured": 10_000_00})
    february = (await settle(world, insurer, "2026-02-28")).json()
    assert [february[name] for name in ("number", "premium", "indemnity", "net")] == [2, 35_00, 22_500_00, -22_465_00]
    now = await balances(world, "EUR")
    assert (now["insurer_payable"], now["insurer_receivable"]) == (0, 22_465_00)  # 35.00 are set off
    await pay(world, february, "2026-03-01")
    assert (await balances(world, "EUR"))["insurer_receivable"] == 0

    world.operator.now = at("2026-03-20")
    await posted(world, f"insurance-policies/{policy}/losses/{loss['id']}/recoveries", {"gross": 10_000_00})
    await declared(world, policy, 3, {"insured": 0, "credit_notes": 10_000_00})
    world.operator.now = at("2026-04-02")
    march = (await settle(world, insurer, "2026-03-31")).json()
    assert [march[name] for name in ("premium", "salvage", "indemnity", "net")] == [-35_00, 7_500_00, 0, 7_465_00]
    await pay(world, march, "2026-04-02")
    assert (await balances(world, "EUR"))["insurer_payable"] == 0

    own = (await client.get("/v1/support/insurer-settlements")).json()["settlements"]
    assert [(one["until_on"], one["net"], one["paid_on"]) for one in own] == [
        ("2026-01-31", 4_375_00, "2026-02-02"), ("2026-02-28", -22_465_00, "2026-03-01"),
        ("2026-03-31", 7_465_00, "2026-04-02"),
    ]  # fmt: skip
    told = (await client.get("/v1/support/events")).json()["events"]
    states = [one["data"]["state"] for one in told if one["type"] == "insurer_settlement.changed"]
    assert states == ["made", "paid"] * 3
    _, other = await world.take_on("Bank of the Alster")
    assert (await other.get("/v1/support/insurer-settlements")).json()["settlements"] == []


async def test_what_cannot_be_settled_or_paid(world: World) -> None:
    insurer, _ = await world.take_on()
    policy = await insured(world, "domestic", terms={"provider_id": insurer})
    await declared(world, policy, 1, {"insured": 1_000_00})
    world.operator.now = at("2026-02-10")
    for until_on, currency, code, pointer in (
        ("2026-01-30", "EUR", "invalid_field", "/until_on"),
        ("2026-02-28", "EUR", "state_forbids", "/until_on"),  # it has not ended
        ("2025-12-31", "EUR", "state_forbids", "/until_on"),  # nothing had come about
        ("2026-01-31", "CNY", "state_forbids", "/until_on"),
    ):
        refused = (await settle(world, insurer, until_on, currency)).json()
        assert (refused["code"], refused["pointer"]) == (code, pointer)
    made = (await settle(world, insurer, "2026-01-31")).json()
    assert made["net"] == 3_50
    assert (await settle(world, insurer, "2026-01-31")).json()["code"] == "state_forbids"
    path = f"{SETTLEMENTS}/{made['id']}/paid"
    for paid_on in ("2026-01-31", "2026-02-11"):
        refused = (await world.operator.post(path, {"paid_on": paid_on, "reference": "1"})).json()
        assert (refused["code"], refused["pointer"]) == ("invalid_field", "/paid_on")
    assert (await pay(world, made, "2026-02-10"))["paid_on"] == "2026-02-10"
    again = await world.operator.post(path, {"paid_on": "2026-02-10", "reference": "1"})
    assert (again.status_code, again.json()["code"]) == (409, "state_forbids")
    for strange in (f"iy_{'0' * 26}", "iy_1"):
        answered = await world.operator.post(
            f"{SETTLEMENTS}/{strange}/paid", {"paid_on": "2026-02-10", "reference": "1"}
        )
        assert answered.json()["code"] == "not_found"


async def test_what_is_even_is_settled_without_a_payment(world: World) -> None:
    insurer, _ = await world.take_on()
    policy = await insured(world, "domestic", terms={"provider_id": insurer})
    debtor = await limited(world, policy, 25_000_00)
    lost = {"debtor_id": debtor, "cause": "credit", "on": "2026-01-20", "sales": [{"on": "2026-01-10", "amount": 5_00}]}
    world.operator.now = at("2026-01-21")
    await posted(world, f"insurance-policies/{policy}/losses", lost)  # of which 4.50 are insured
    await declared(world, policy, 1, {"insured": 1_285_71})  # at 35 bps 4.50
    world.operator.now = at("2026-02-02")
    made = (await settle(world, insurer, "2026-01-31")).json()
    assert (made["premium"], made["indemnity"], made["net"], made["paid_on"]) == (4_50, 4_50, 0, "2026-02-02")
    now = await balances(world, "EUR")
    assert (now["insurer_payable"], now["insurer_receivable"]) == (0, 0)
