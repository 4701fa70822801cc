"""Budgets are never passed and used to the last cent, by processes that share nothing but the database."""

import asyncio
import sys

import pytest

from service.config import Settings
from service.db import SCHEMA, Pool, load_queries
from service.partners.allocation import NotTaken
from service.partners.budget import Need, Use
from service.partners.lease_flow import Leases
from service.plans.reading_store import Q
from tests.partners.spending import LARGEST

CHECKS = dict(load_queries(SCHEMA / "checks.sql"))
BUDGET = "pr_01JD8Q4Z7K7M8W3N5V2C9XTB4H:2026-03"
MOST = 1_000_000_00


def need(amount: int, most: int = MOST, budget: str = BUDGET) -> Need:
    return Need(budget, amount, most, NotTaken.CAPACITY)


async def spent(pool: Pool, use: Use, plan_id: str) -> bool:
    """What an authorization does with its use; false: its lease was closed."""
    async with pool.acquire() as conn, conn.transaction():
        if not await conn.fetch(Q.hold_leases, [use.lease_id]):
            return False
        await conn.execute(
            "insert into budget_uses (bucket, plan_id, budget, lease_id, amount, share_bps, is_book)"
            " values (0, $1, $2, $3, $4, $5, $6)",
            plan_id, use.budget, use.lease_id, use.amount, use.share_bps, use.is_book,
        )  # fmt: skip
    return True


async def one(leases: Leases, amount: int, most: int = MOST) -> Use:
    taken = await leases.take([need(amount, most)])
    assert not isinstance(taken, NotTaken), amount
    return taken[0]


async def taken(pool: Pool) -> int:
    amount: int = await pool.fetchval("select taken from budgets where budget = $1", BUDGET)
    return amount


@pytest.fixture
def leases(pool: Pool) -> Leases:
    return Leases(pool)


async def test_two_processes_use_a_budget_to_the_last_cent_and_never_more(pool: Pool, settings: Settings) -> None:
    """Each with eight at a time; a tenth of what was taken is given back, and leases are closed under others' hands."""
    module = (sys.executable, "-m", "tests.partners.spending", settings.database_url or "", BUDGET, str(MOST))
    running = [
        await asyncio.create_subprocess_exec(*module, str(seed), stdout=asyncio.subprocess.PIPE) for seed in (1, 2)
    ]
    sums = []
    for process in running:
        out, _ = await asyncio.wait_for(process.communicate(), 120)
        assert process.returncode == 0
        sums.append(int(out))
    assert min(sums) > LARGEST  # both had their part
    used = await pool.fetchval("select sum(amount) from budget_uses where budget = $1", BUDGET)
    assert used == sum(sums) <= MOST
    last = Leases(pool)
    while (left := MOST - await pool.fetchval("select sum(amount) from budget_uses")) > 0:
        assert await spent(pool, await one(last, left), f"last-{left}")
    assert await last.take([need(1)]) is NotTaken.CAPACITY
    assert await taken(pool) == MOST
    for check in ("budgets_are_leased_and_used", "leases_give_no_more_than_they_are"):
        assert await pool.fetch(CHECKS[check]) == []


async def test_a_slice_is_spent_in_memory(pool: Pool, leases: Leases) -> None:
    first, second = await one(leases, 100_00), await one(leases, 100_00)
    assert first.lease_id == second.lease_id
    assert await pool.fetchval("select array_agg(amount) from budget_leases") == [MOST // 10]


async def test_at_the_end_a_plan_leases_what_it_needs(pool: Pool, leases: Leases) -> None:
    """Of 100.00 a tenth is 10.00: a plan of 5.00 makes a slice of it, one of 5.01 is alone."""
    assert await pool.fetchval("select lease_budget('small', 10000, 501, 'le_1', 10, 60, 10)") == 501
    assert await pool.fetchval("select lease_budget('small', 10501, 500, 'le_2', 10, 60, 10)") == 1000
    assert await pool.fetchval("select lease_budget('small', 520, 1, 'le_3', 10, 60, 10)") == 1  # le_2 was closed
    assert await pool.fetchval("select lease_budget('small', 502, 1, 'le_4', 10, 60, 10)") == 0  # le_1, le_3 are not
    rows = await pool.fetch("select is_slice from budget_leases order by lease_id")
    assert [row["is_slice"] for row in rows] == [False, True, False]


async def test_who_is_short_takes_the_slices_of_others_back(pool: Pool, leases: Leases) -> None:
    other = Leases(pool)
    use = await one(other, 10_00)
    assert await spent(pool, use, "plan-1")
    late = await one(other, 20_00)
    rest = await one(leases, MOST - 10_00)  # all but what a plan has taken
    assert not await spent(pool, late, "plan-2")
    await other.drop([late])
    assert await spent(pool, rest, "plan-3")
    assert await other.take([need(1)]) is NotTaken.CAPACITY
    assert await taken(pool) == MOST


async def test_what_one_plan_needs_is_not_taken_from_it_before_it_expires(pool: Pool, leases: Leases) -> None:
    crashed = Leases(pool, one_s=1)
    whole = await one(crashed, MOST)
    assert await leases.take([need(1)]) is NotTaken.CAPACITY
    await asyncio.sleep(1.1)
    assert (await one(leases, MOST)).lease_id != whole.lease_id  # the process that had it is gone
    assert not await spent(pool, whole, "plan-1")


async def test_an_expired_slice_is_found_again_with_what_was_spent_of_it(pool: Pool, leases: Leases) -> None:
    crashed = Leases(pool, slice_s=0)
    assert await spent(pool, await one(crashed, 10_00), "plan-1")
    await one(leases, 1)
    assert await taken(pool) == 10_00 + (MOST - 10_00) // 10


async def test_what_was_given_back_is_there_again(pool: Pool, leases: Leases) -> None:
    whole = await one(leases, MOST)
    await leases.give_back([whole])
    use = await one(leases, 1_00)
    await leases.give_back([use])
    await leases.close()
    assert await taken(pool) == 0


async def test_where_one_budget_has_no_room_nothing_is_taken_of_the_others(pool: Pool, leases: Leases) -> None:
    tight = Need("pr:2026-03:A", 2_00, 1_99, NotTaken.GRADE_SHARE)
    assert await leases.take([need(2_00), tight]) is NotTaken.GRADE_SHARE
    assert await one(leases, MOST // 10) is not None  # of the same slice, whole again
    assert await pool.fetchval("select count(*) from budget_leases") == 1


@pytest.mark.parametrize(("amount", "fits"), [(7_000_00, False), (5_000_01, False), (5_000_00, True)])
async def test_a_partners_book_stays_within_its_capital(pool: Pool, leases: Leases, amount: int, fits: bool) -> None:
    """25 % of 4,000,000,000.00 are 1,000,000,000.00, and 999,995,000.00 of it are out."""
    ceiling = 4_000_000_000_00 // 4
    assert await spent(pool, await one(leases, 999_995_000_00, ceiling), "plan-1")
    assert isinstance(await leases.take([need(amount, ceiling)]), tuple) is fits


async def test_what_a_plan_gives_back_is_counted_when_somebody_is_short(pool: Pool, leases: Leases) -> None:
    assert await spent(pool, await one(leases, MOST), "plan-1")
    assert await leases.take([need(1)]) is NotTaken.CAPACITY
    await pool.execute("update budget_uses set returned = 30000")
    again = await one(leases, 300_00)
    assert await spent(pool, again, "plan-2")
    assert await leases.take([need(1)]) is NotTaken.CAPACITY
    assert await taken(pool) == MOST
