"""Making the partner's files on a real database: each booking in exactly one of them, and each file made once."""

import asyncio
import csv
import hashlib
import io
from datetime import date, timedelta

import asyncpg
import pytest

from service import ids
from service.db import Pool
from service.errors import Code, Refused
from service.partners import flow
from service.partners.file import COMPONENTS, Amounts, FileWriter, Manifest
from service.partners.funding import Funding, Participation
from service.partners.position import Position
from tests.partners.ledger import (
    BPS,
    MONDAY,
    PARTNER,
    PROGRAMME,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    FundedPlan,
    document,
    evening,
    make_file,
    open_world,
)


async def made(pool: Pool, on: date) -> tuple[Manifest, dict[str, Amounts]]:
    manifest = await make_file(pool, PROGRAMME, on, evening(on))
    again, content = await flow.file_content(pool, PARTNER, manifest.file_id)
    assert again == manifest
    assert hashlib.sha256(content).hexdigest() == manifest.sha256
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert len(rows) == manifest.rows
    assert [row["plan_id"] for row in rows] == sorted(row["plan_id"] for row in rows)
    return manifest, {
        row["plan_id"]: Amounts(*(int(row[name].replace(".", "")) for name in COMPONENTS)) for row in rows
    }


async def test_three_days_of_a_plan(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        own = await FundedPlan(2, Funding()).authorize(connection)
        await own.capture(connection, 50_000, MONDAY)
        monday, rows = await made(pool, MONDAY)
        assert rows == {}

        await plan.capture(connection, 50_001, TUESDAY)
        tuesday, rows = await made(pool, TUESDAY)
        assert rows == {plan.plan_id: Amounts(35_001, 0, 0, 35_001)}

        await plan.pay(connection, 50_001, 333, WEDNESDAY)
        wednesday, rows = await made(pool, WEDNESDAY)
        assert rows == {plan.plan_id: Amounts(0, 35_001, 233, 0)}

        thursday, rows = await made(pool, THURSDAY)
        assert rows == {}  # nothing moved, nothing is out

    chain = [monday, tuesday, wednesday, thursday]
    assert [one.number for one in chain] == [1, 2, 3, 4]
    assert [one.previous_sha256 for one in chain] == [None, *(one.sha256 for one in chain[:-1])]
    assert [one.previous_business_on for one in chain] == [None, MONDAY, TUESDAY, WEDNESDAY]
    assert tuesday.totals.outstanding == wednesday.totals.opening == "350.01"
    assert wednesday.totals.interest_repaid == "2.33"
    assert await flow.files(pool, PARTNER) == chain
    assert await flow.files(pool, PARTNER, after=monday.file_id, limit=2) == [tuesday, wednesday]
    assert await flow.positions(pool, PARTNER) == [
        Position(PROGRAMME, "Instalments 70", "EUR", THURSDAY, 0, 35_001, 35_001, 233, 0)
    ]
    (funded,) = await flow.funded_plans(pool, PARTNER)
    assert (funded.plan_id, funded.drawn, funded.outstanding) == (plan.plan_id, 35_001, 0)


async def test_a_plan_that_rests_is_told_while_it_is_out(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        await plan.capture(connection, 10_000, MONDAY)
    await made(pool, MONDAY)
    _, rows = await made(pool, TUESDAY)
    assert rows == {plan.plan_id: Amounts(0, 0, 0, 7_000)}


async def test_making_a_file_again_changes_nothing(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        await plan.capture(connection, 10_000, MONDAY)
        first = await make_file(pool, PROGRAMME, MONDAY, evening(MONDAY))
        await plan.capture(connection, 10_000, MONDAY)
        assert await make_file(pool, PROGRAMME, MONDAY, evening(TUESDAY)) == first
        assert await flow.files(pool, PARTNER) == [first]


async def test_ten_at_once_make_one_file(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        await plan.capture(connection, 10_000, MONDAY)
    results = await asyncio.gather(*(make_file(pool, PROGRAMME, MONDAY, evening(MONDAY)) for _ in range(10)))
    assert all(result == results[0] for result in results)
    assert len(await flow.files(pool, PARTNER)) == 1


async def test_a_booking_on_a_day_already_filed_goes_into_the_next_file(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        one, other = await FundedPlan(1).authorize(connection), await FundedPlan(2).authorize(connection)
        await one.capture(connection, 10_000, MONDAY)
        await made(pool, MONDAY)
        await one.capture(connection, 1_000, MONDAY)
        await other.capture(connection, 2_000, MONDAY)
        await one.pay(connection, 500, 0, TUESDAY)
        await one.pay(connection, 700, 0, WEDNESDAY)  # tomorrow's: not in today's file
        _, rows = await made(pool, TUESDAY)
        assert rows == {
            one.plan_id: Amounts(700, 350, 0, 7_350),
            other.plan_id: Amounts(1_400, 0, 0, 1_400),
        }
        _, rows = await made(pool, WEDNESDAY)
        assert rows == {
            one.plan_id: Amounts(0, 490, 0, 6_860),
            other.plan_id: Amounts(0, 0, 0, 1_400),
        }


async def test_a_transaction_open_while_the_file_is_made_is_not_lost(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        await plan.capture(connection, 10_000, MONDAY)
    async with pool.acquire() as slow:
        async with slow.transaction():
            await plan.capture(slow, 20_000, MONDAY)
            _, rows = await made(pool, MONDAY)
            assert rows[plan.plan_id].drawn == 7_000
        _, rows = await made(pool, TUESDAY)
        assert rows[plan.plan_id] == Amounts(14_000, 0, 0, 21_000)


async def test_a_file_that_fails_half_way_leaves_nothing_and_is_made_again(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        await plan.capture(connection, 10_000, MONDAY)
    with monkeypatch.context() as broken:
        broken.setattr(FileWriter, "content", property(lambda _: None))
        with pytest.raises(asyncpg.NotNullViolationError):
            await make_file(pool, PROGRAMME, MONDAY, evening(MONDAY))
    assert await pool.fetchval("select count(*) from partner_file_transfers") == 0
    _, rows = await made(pool, MONDAY)
    assert rows == {plan.plan_id: Amounts(7_000, 0, 0, 7_000)}


async def test_two_programmes_of_one_partner_keep_apart(pool: Pool) -> None:
    second = ids.new_id(ids.PROGRAMME, 0, 2)
    async with pool.acquire() as connection:
        await open_world(connection)
        await connection.execute(
            "insert into programmes select $1, version, partner_id, 'Second', currency, time_zone, $2, active,"
            " created_at from programmes",
            second,
            document("Europe/Berlin", "Second"),
        )
        ours = await FundedPlan(1).authorize(connection)
        theirs = await FundedPlan(
            2, Funding(second, 1, participations=(Participation(PARTNER, 5_000, 5_000),))
        ).authorize(connection)
        await ours.capture(connection, 10_000, MONDAY)
        await theirs.capture(connection, 10_000, MONDAY)
    _, rows = await made(pool, MONDAY)
    assert rows == {ours.plan_id: Amounts(7_000, 0, 0, 7_000)}
    manifest = await make_file(pool, second, TUESDAY, evening(TUESDAY))
    assert (manifest.number, manifest.totals.drawn) == (1, "50.00")


async def test_a_day_without_a_file_leaves_no_hole(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        await made(pool, MONDAY)
        await plan.capture(connection, 10_000, TUESDAY)
        await plan.pay(connection, 1_000, 0, WEDNESDAY)
    manifest, rows = await made(pool, THURSDAY)
    assert (manifest.number, manifest.previous_business_on) == (2, MONDAY)
    assert rows == {plan.plan_id: Amounts(7_000, 700, 0, 6_300)}


async def test_days_that_cannot_be_filed(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
    await make_file(pool, PROGRAMME, TUESDAY, evening(TUESDAY))
    for programme, on, code in [
        (ids.new_id(ids.PROGRAMME, 0, 9), WEDNESDAY, Code.NOT_FOUND),
        (PROGRAMME, MONDAY, Code.STATE_FORBIDS),
        (PROGRAMME, THURSDAY, Code.STATE_FORBIDS),
    ]:
        with pytest.raises(Refused) as refused:
            await make_file(pool, programme, on, evening(WEDNESDAY))
        assert refused.value.code is code


async def test_today_is_the_programmes_today(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection, zone="Pacific/Auckland")
    assert (await make_file(pool, PROGRAMME, TUESDAY, evening(MONDAY))).business_on == TUESDAY


async def test_another_partners_file_is_not_found(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
    manifest = await make_file(pool, PROGRAMME, MONDAY, evening(MONDAY))
    stranger = ids.new_id(ids.PARTNER, 0, 9)
    with pytest.raises(Refused):
        await flow.file_content(pool, stranger, manifest.file_id)
    assert await flow.files(pool, stranger) == []
    assert await flow.positions(pool, stranger) == []


async def test_files_are_never_rewritten(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
    await make_file(pool, PROGRAMME, MONDAY, evening(MONDAY))
    with pytest.raises(asyncpg.RestrictViolationError):
        await pool.execute("update partner_files set number = 2")


async def test_many_plans_lose_and_make_no_cent(pool: Pool) -> None:
    """Captures and payments in odd parts over a week: the files add up to the ledger, the bytes to themselves."""
    async with pool.acquire() as connection, connection.transaction():
        await open_world(connection)
        plans = [await FundedPlan(name).authorize(connection) for name in range(40)]
        for name, plan in enumerate(plans):
            for day in range(5):
                on = MONDAY + timedelta(days=day)
                await plan.capture(connection, 101 + name, on)
                if (name + day) % 3 == 0:
                    await plan.pay(connection, 33 + day, name % 7, on)
    files = [await made(pool, MONDAY + timedelta(days=day)) for day in range(5)]
    drawn = sum(rows[plan.plan_id].drawn for _, rows in files for plan in plans)
    repaid = sum(rows[plan.plan_id].principal_repaid for _, rows in files for plan in plans)
    assert drawn == sum((plan.captured * BPS + 5_000) // 10_000 for plan in plans)
    assert repaid == sum((plan.principal * BPS + 5_000) // 10_000 for plan in plans)
    (position,) = await flow.positions(pool, PARTNER)
    assert (position.drawn, position.principal_repaid, position.plans) == (drawn, repaid, 40)
    assert sum(row.outstanding for row in files[-1][1].values()) == position.outstanding == drawn - repaid
    page = await flow.funded_plans(pool, PARTNER, limit=30)
    rest = await flow.funded_plans(pool, PARTNER, after=page[-1].plan_id, limit=30)
    assert [one.plan_id for one in page + rest] == sorted(plan.plan_id for plan in plans)


async def test_due_files_are_those_of_the_day_that_ended(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        await plan.capture(connection, 10_000, MONDAY)
        await plan.pay(connection, 1_000, 0, TUESDAY)
    (monday,) = await flow.make_due_files(pool, evening(TUESDAY))
    assert (monday.business_on, monday.totals.outstanding) == (MONDAY, "70.00")
    assert await flow.make_due_files(pool, evening(TUESDAY)) == []
    (tuesday,) = await flow.make_due_files(pool, evening(WEDNESDAY))
    assert (tuesday.business_on, tuesday.totals.outstanding) == (TUESDAY, "63.00")
