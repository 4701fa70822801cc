"""The books over HTTP: every account, and one plan's, now and as they were on a past day."""

from datetime import timedelta
from typing import Any

from tests.flows.test_interest_by_day import bears_interest, close
from tests.flows.world import NOON, SHARED, World

BALANCE = "/v1/operator/ledger/trial-balance"


async def ledger(world: World, plan: dict[str, Any], **query: Any) -> dict[str, Any]:
    answered = await world.operator.get(f"/v1/operator/plans/{plan['id']}/ledger", **query)
    assert answered.status_code == 200, answered.text
    found: dict[str, Any] = answered.json()
    return found


def balances(found: dict[str, Any]) -> dict[str, int]:
    return {row["account"]: row["balance"] for row in found["places"] if row["balance"]}


async def paid_once(world: World) -> dict[str, Any]:
    """1,200.00 captured on 2 March; 103.22 paid on 2 April, of which 5.90 are interest."""
    plan = await bears_interest(world)
    await close(world, 31)
    await world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": 103_22})
    return plan


@SHARED
async def test_a_plan_says_what_it_moved_and_why(world: World) -> None:
    plan = await paid_once(world)
    found = await ledger(world, plan)
    assert balances(found) == {
        "consumer_interest": -5_90, "consumer_principal": 1_102_68, "merchant_fee_income": -35_10,
        "merchant_payable": -1_164_90, "partner_accrued": 4_13, "partner_participation": -771_88,
        "partner_payable": -72_25, "partner_receivable": 840_00, "processor_clearing": 103_22,
    }  # fmt: skip
    owners = {row["account"]: row["owner_id"] for row in found["places"]}
    assert owners["consumer_principal"] == plan["id"]
    assert owners["consumer_interest"] == owners["merchant_payable"] == world.demo.merchant_id
    assert owners["partner_payable"] == world.demo.partner_id
    booked = found["transfers"]
    assert [one["number"] for one in booked] == list(range(1, len(booked) + 1))
    assert found["after"] == len(booked)
    reasons = list(dict.fromkeys((one["fact"], one["what"], one["occasion"]) for one in booked))
    assert reasons == [
        (1, "authorized", "promise"),
        (2, "captured", "promise"), (2, "captured", "purchase"), (2, "captured", "drawing"),
        (3, "paid", "payment"), (3, "paid", "principal_share"), (3, "paid", "interest_share"),
    ]  # fmt: skip


@SHARED
async def test_a_plan_as_it_was(world: World) -> None:
    plan = await paid_once(world)
    before = await ledger(world, plan, as_of="2026-04-01")
    assert {one["what"] for one in before["transfers"]} == {"authorized", "captured"}
    assert balances(before)["consumer_principal"] == 1_200_00
    assert balances(await ledger(world, plan, as_of="2026-04-02"))["consumer_principal"] == 1_102_68
    none = await ledger(world, plan, as_of="2026-03-01")
    assert (none["places"], none["transfers"], none["after"], none["interest_earned"]) == ([], [], 0, 0)
    # 5.90 for the 31 days until 2 April, then 30 days of 5.42 for the rest; what is paid of it was booked.
    months = [plan["schedule"][number]["interest"] for number in (0, 1)]
    for day, earned in (("2026-03-02", 0), ("2026-03-31", 5_90 * 29 // 31), ("2026-04-02", 5_90)):
        assert (await ledger(world, plan, as_of=day))["interest_earned"] == earned, day
    world.operator.now = world.merchant.now = NOON + timedelta(days=46)  # 17 April
    assert (await ledger(world, plan))["interest_earned"] == months[0] + months[1] * 15 // 30


@SHARED
async def test_a_plans_transfers_come_in_pages(world: World) -> None:
    plan = await paid_once(world)
    every = (await ledger(world, plan))["transfers"]
    pages, after = [], 0
    while page := (found := await ledger(world, plan, after=after, limit=2))["transfers"]:
        pages += page
        after = found["after"]
    assert pages == every


async def test_the_trial_balance_as_it_was(world: World) -> None:
    await paid_once(world)
    now = (await world.operator.get(BALANCE)).json()
    assert (await world.operator.get(BALANCE, as_of="2026-04-02")).json() == now
    march, nothing = [(await world.operator.get(BALANCE, as_of=day)).json() for day in ("2026-03-31", "2026-03-01")]
    assert march["total"] == now["total"] == 0
    found = {row["account"]: row["balance"] for row in march["accounts"]}
    assert (found["consumer_principal"], found["consumer_interest"]) == (1_200_00, 5_90 * 29 // 31)
    assert nothing == {"accounts": [], "total": 0}


@SHARED
async def test_what_is_no_plan_or_no_day_is_refused(world: World) -> None:
    plan = await bears_interest(world)
    for plan_id in ("pl_none", "pl_00000000000000000000000000"):
        refused = await world.operator.get(f"/v1/operator/plans/{plan_id}/ledger")
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    for path in (BALANCE, f"/v1/operator/plans/{plan['id']}/ledger"):
        refused = await world.operator.get(path, as_of="2026-02-30")
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_field"), refused.text


async def test_the_books_of_a_charge_off_name_only_what_was_earned(world: World) -> None:
    """Of 38.70 interest the 5.90 that were due on 2 April are lost; a penalty is income when it is levied."""
    plan = await bears_interest(world)
    world.merchant.now = world.operator.now = NOON + timedelta(days=40)
    path = f"/v1/operator/plans/{plan['id']}"
    levied = await world.operator.post(f"{path}/fees", {"amount": 5_00, "is_penalty": True})
    assert levied.status_code == 201, levied.text
    assert balances(await ledger(world, plan))["penalty_income"] == -5_00
    assert (await world.operator.post(f"{path}/charge_off")).status_code == 200
    found = balances(await ledger(world, plan))
    assert found["credit_losses"] == 1_200_00 + 5_90 + 5_00 - 840_00 - 4_13  # the partner bears its 70 %
    assert found["consumer_interest"] == -5_90
    assert "consumer_fees" not in found
    await close(world, 41)
