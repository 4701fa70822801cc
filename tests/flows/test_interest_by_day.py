"""Interest is recognised by time: each day that has ended, for all plans of a merchant and programme together."""

import asyncio
from datetime import date, timedelta
from typing import Any

from service.db import alone
from service.money import take_bps
from service.plans import accrual_flow
from service.plans.accrual import earned_interest, earned_of_line
from service.plans.plan import Plan
from service.plans.reading_store import load_plans
from tests.flows.world import NOON, World

ACCRUALS = "select earned_on, earned, partner_earned from accruals order by earned_on"


async def bears_interest(world: World, amount: int = 1_200_00) -> dict[str, Any]:
    """A plan of twelve months that was captured at noon on 2 March: 1,200.00 cost 38.70 of interest."""
    consumer = await world.consumer(limit=2_000_00)
    plan = await world.plan(consumer, amount, instalments=12, category="business")
    captured = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": amount})
    assert captured.status_code == 200, captured.text
    found: dict[str, Any] = captured.json()
    return found


async def close(world: World, days: int) -> int:
    """Closes the day so many days after the second of March; how many days of interest that booked."""
    world.operator.now = world.merchant.now = NOON + timedelta(days=days)
    closed = await world.operator.post("/v1/operator/day-close")
    assert closed.status_code == 200, closed.text
    accrued: int = closed.json()["accrued"]
    return accrued


async def balances(world: World, **query: str) -> dict[str, int]:
    """The accounts of interest in the trial balance."""
    found = (await world.operator.get("/v1/operator/ledger/trial-balance", **query)).json()
    assert found["total"] == 0
    names = ("consumer_interest", "interest_income", "partner_accrued")
    return {row["account"]: row["balance"] for row in found["accounts"] if row["account"] in names}


async def days(world: World) -> list[tuple[date, int, int]]:
    """What each day has earned, and the partner of it."""
    return [tuple(row) for row in await world.pool.fetch(ACCRUALS)]


async def plans(world: World) -> list[Plan]:
    ids = [row["plan_id"] for row in await world.pool.fetch("select plan_id from plans")]
    async with world.pool.acquire() as conn:
        return await load_plans(conn, ids)


async def test_each_day_earns_its_share(world: World) -> None:
    """5.90 of interest in the 31 days until 2 April: 0.19 a day; 70 % of it is the partner's."""
    await bears_interest(world)
    assert await close(world, 0) == 0
    assert await close(world, 1) == 0  # on the day it was lent it has earned nothing
    assert await close(world, 2) == 1
    assert await days(world) == [(date(2026, 3, 3), 19, 13)]
    assert await close(world, 2) == 0  # once
    assert await close(world, 3) == 1
    assert (await days(world))[1:] == [(date(2026, 3, 4), 19, 14)]
    assert await balances(world) == {"consumer_interest": 38, "interest_income": -11, "partner_accrued": -27}


async def test_days_that_were_missed_are_caught_up(world: World) -> None:
    plan = await bears_interest(world)
    assert await close(world, 32) == 31
    caught_up = await days(world)
    assert [one[0] for one in caught_up] == [date(2026, 3, 3) + timedelta(days=number) for number in range(31)]
    assert sum(one[1] for one in caught_up) == plan["schedule"][0]["interest"] == 5_90
    assert (await balances(world, as_of="2026-03-31"))["consumer_interest"] == 5_90 * 29 // 31


async def test_a_plan_paid_off_has_earned_its_interest_and_is_not_read_again(world: World) -> None:
    plan = await bears_interest(world)
    await close(world, 10)
    await world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": plan["outstanding"]})
    (paid_off,) = await plans(world)
    await close(world, 11)
    interest = paid_off.amounts.interest_paid
    assert sum(one[1] for one in await days(world)) == interest
    assert (await balances(world))["consumer_interest"] == 0
    assert not await world.pool.fetchval("select is_accruing from plans where plan_id = $1", plan["id"])
    assert await close(world, 12) == 0
    # What happens to it afterwards is seen: the bank returned the payment, and it has not been paid at all.
    payment = await world.pool.fetchval("select fact_id from facts where fact = 'paid'")
    returned = await world.operator.post(f"/v1/operator/plans/{plan['id']}/payments/return", {"payment_id": payment})
    assert returned.status_code == 200, returned.text
    assert await close(world, 13) == 1
    assert (await days(world))[-1][1] < 0
    (again,) = await plans(world)
    earned = earned_interest(again.standing, date(2026, 3, 14))
    assert await balances(world) | {"interest_income": 0, "partner_accrued": 0} == {
        "consumer_interest": earned, "interest_income": 0, "partner_accrued": 0
    }  # fmt: skip


async def test_what_was_not_due_at_a_charge_off_is_taken_back(world: World) -> None:
    plan = await bears_interest(world)
    await close(world, 46)  # half of the second line's days are over
    before = sum(one[1] for one in await days(world))
    charged_off = await world.operator.post(f"/v1/operator/plans/{plan['id']}/charge_off")
    assert charged_off.status_code == 200, charged_off.text
    assert await close(world, 47) == 1
    booked = await days(world)
    assert booked[-1][1] == 5_90 - before < 0
    assert (await balances(world))["consumer_interest"] == 0  # what was due is lost
    assert await close(world, 200) == 0


async def test_groups_are_apart_and_batches_make_no_difference(world: World, monkeypatch: Any) -> None:
    """Whatever the number of plans read at once, a group has earned what the rule says of each of its plans."""
    monkeypatch.setattr(accrual_flow, "PLANS_AT_ONCE", 1)
    monkeypatch.setattr(accrual_flow, "GROUPS_AT_ONCE", 1)
    found = [await bears_interest(world, amount) for amount in (1_200_00, 700_00, 333_33)]
    await world.merchant.post(f"/v1/plans/{found[1]['id']}/payments", {"amount": 150_00})
    await world.merchant.post(f"/v1/plans/{found[2]['id']}/payments", {"amount": found[2]["outstanding"]})
    await close(world, 20)
    stand = await plans(world)
    rule = sum(earned_interest(plan.standing, date(2026, 3, 21)) for plan in stand)
    assert sum(one[1] for one in await days(world)) == rule > 0
    groups = await world.pool.fetch("select merchant_id, programme_id, currency, accrued_until from accrual_groups")
    assert [tuple(row) for row in groups] == [(stand[0].merchant_id, world.demo.programme_id, "EUR", date(2026, 3, 21))]


async def test_a_close_cut_short_goes_on(world: World) -> None:
    """Each day is a transaction: what one close booked, the next does not book again."""
    await bears_interest(world)
    await close(world, 5)
    async with world.pool.acquire() as conn:
        now = NOON + timedelta(days=8)
        (group,) = await accrual_flow._behind(conn, now)
        batches = await accrual_flow._batches(conn)
        sums = await accrual_flow._earned(conn, batches, {group.name: date(2026, 3, 7)})
        assert await accrual_flow._book(conn, [group], sums, now) == 1
    assert await close(world, 8) == 2
    assert [one[0].day for one in await days(world)] == [3, 4, 5, 6, 7, 8, 9]


async def test_one_accrues_while_another_waits_for_as_long_as_it_takes(world: World) -> None:
    await bears_interest(world)
    async with alone(world.pool, accrual_flow.LOCKED) as is_ours:
        assert is_ours
        waiting = asyncio.create_task(close(world, 3))
        await asyncio.sleep(1)
        assert (await days(world), waiting.done()) == ([], False)
        stuck = "select count(*) from pg_stat_activity where wait_event = 'advisory' and datname = current_database()"
        assert await world.pool.fetchval(stuck) == 0, "a statement that waits is cancelled after some seconds"
    assert await waiting == 2


async def test_the_database_has_the_same_rule(world: World) -> None:
    """Every day around a period of 0, 1 and 31 days; and the partner's share of amounts around a half."""
    begin_on = date(2026, 2, 28)
    for length in (0, 1, 31):
        due_on = begin_on + timedelta(days=length)
        for number in range(-1, length + 2):
            until = begin_on + timedelta(days=number)
            found = await world.pool.fetchval(
                "select interest_earned_of_line(590, $1, $2, $3)", begin_on, due_on, until
            )
            assert found == earned_of_line(5_90, begin_on, due_on, until)
    for amount in range(20):
        assert await world.pool.fetchval("select part_of($1, 7000, 10000)", amount) == take_bps(amount, 7_000)
