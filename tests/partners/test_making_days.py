"""Whatever is booked is told in exactly one day's files, whoever commits late and however the files are made."""

from datetime import date, timedelta

import asyncpg
import pytest

from service import ids
from service.db import Pool, run_checks
from service.partners import daily_flow as daily
from service.partners import filing_flow
from service.partners.funding import Funding, Participation
from service.partners.layouts import FileType
from service.partners.manifest import DailyManifest
from service.partners.months_flow import make_month_of
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
    open_world,
)
from tests.partners.test_daily_files import SIGNER, content, made, rows

Told = list[tuple[str, str, str]]


async def told(pool: Pool, on: date) -> tuple[Told, dict[str, str]]:
    """What a day's files say happened, and each plan's balance."""
    files = await made(pool, on)
    events = [(row["plan_id"], row["type"], row["principal"]) for row in await rows(pool, files[FileType.TXN])]
    return events, {row["plan_id"]: row["closing"] for row in await rows(pool, files[FileType.POS])}


async def test_a_plan_is_told_while_it_stands_and_what_is_ours_never(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        own = await FundedPlan(2, Funding()).authorize(connection)
        await own.capture(connection, 50_000, MONDAY)
        assert await told(pool, MONDAY) == ([], {})
        await plan.capture(connection, 50_001, TUESDAY)
        assert await told(pool, TUESDAY) == ([(plan.plan_id, "funding", "-350.01")], {plan.plan_id: "350.01"})
        assert await told(pool, WEDNESDAY) == ([], {plan.plan_id: "350.01"})
        await plan.pay(connection, 50_001, 333, THURSDAY)
    assert await told(pool, THURSDAY) == ([(plan.plan_id, "repayment", "350.01")], {plan.plan_id: "0.00"})
    assert await told(pool, THURSDAY + timedelta(days=1)) == ([], {})
    (funded,) = await daily.funded_plans(pool, PARTNER, "", 10)
    assert (funded.plan_id, funded.funded, funded.repaid, funded.interest) == (plan.plan_id, 35_001, 35_001, 233)


async def test_a_transaction_that_is_open_while_the_files_are_made_is_told_once_on_the_next_day(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        await plan.capture(connection, 10_000, MONDAY)
    async with pool.acquire() as slow:
        async with slow.transaction():
            await plan.capture(slow, 20_000, MONDAY)
            assert await told(pool, MONDAY) == ([(plan.plan_id, "funding", "-70.00")], {plan.plan_id: "70.00"})
        assert await told(pool, TUESDAY) == ([(plan.plan_id, "funding", "-140.00")], {plan.plan_id: "210.00"})
    assert await told(pool, WEDNESDAY) == ([], {plan.plan_id: "210.00"})


async def test_what_is_booked_of_tomorrow_is_not_in_todays_files(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        await plan.pay(connection, 700, 0, WEDNESDAY)
        await plan.capture(connection, 10_000, MONDAY)
        await plan.pay(connection, 500, 0, TUESDAY)
    assert await told(pool, TUESDAY) == ([(plan.plan_id, "repayment", "3.50")], {plan.plan_id: "66.50"})
    monday = await daily.manifests(pool, PARTNER, "", 10, FileType.TXN, MONDAY)
    assert [one.sums["EUR"]["principal"] for one in monday] == ["-70.00"]
    assert await told(pool, WEDNESDAY) == ([(plan.plan_id, "repayment", "4.90")], {plan.plan_id: "61.60"})


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
        one = await FundedPlan(1).authorize(connection)
        half = Funding(second, 1, participations=(Participation(PARTNER, 5_000, 5_000),))
        other = await FundedPlan(2, half).authorize(connection)
        await one.capture(connection, 10_000, MONDAY)
        await other.capture(connection, 10_000, MONDAY)
    assert await told(pool, MONDAY) == ([(one.plan_id, "funding", "-70.00")], {one.plan_id: "70.00"})
    files = {one.type: one for one in await daily.make_day(pool, SIGNER, second, MONDAY, evening(MONDAY))}
    (row,) = await rows(pool, files[FileType.TXN])
    assert (row["plan_id"], row["principal"]) == (other.plan_id, "-50.00")
    assert files[FileType.TXN].number == 2  # the partner counts its files whatever programme they are of
    plans = await daily.funded_plans(pool, PARTNER, "", 10)
    assert [(plan.programme_id, plan.share_bps) for plan in plans] == [(PROGRAMME, 7_000), (second, 5_000)]


async def test_today_is_the_programmes_today(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection, zone="Pacific/Auckland")
    files = await daily.make_day(pool, SIGNER, PROGRAMME, TUESDAY, evening(MONDAY))
    assert {one.business_on for one in files} == {TUESDAY}


async def test_due_days_are_those_that_have_ended(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        await plan.capture(connection, 10_000, MONDAY)
        await plan.pay(connection, 1_000, 0, TUESDAY)

    async def due(on: date) -> list[tuple[date, int]]:
        files: list[DailyManifest] = await daily.make_due_days(pool, SIGNER, evening(on))
        return [(one.business_on, one.records) for one in files if one.type is FileType.TXN]

    assert await due(TUESDAY) == [(MONDAY, 1)]
    assert await due(TUESDAY) == []
    assert await due(THURSDAY) == [(TUESDAY, 1), (WEDNESDAY, 0)]


async def test_pages_of_files_and_of_plans_leave_none_out(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await open_world(connection)
        plans = [await FundedPlan(name).authorize(connection) for name in range(5)]
        for plan in plans:
            await plan.capture(connection, 10_000, MONDAY)
    await made(pool, MONDAY)
    await made(pool, TUESDAY)
    files = await daily.manifests(pool, PARTNER, "", 100)
    page = await daily.manifests(pool, PARTNER, "", 3)
    assert page + await daily.manifests(pool, PARTNER, page[-1].file_id, 100) == files
    assert len(files) == 8
    first = await daily.funded_plans(pool, PARTNER, "", 3)
    rest = await daily.funded_plans(pool, PARTNER, first[-1].plan_id, 3)
    assert [one.plan_id for one in first + rest] == sorted(plan.plan_id for plan in plans)
    stranger = ids.new_id(ids.PARTNER, 0, 9)
    assert (await daily.manifests(pool, stranger, "", 10), await daily.funded_plans(pool, stranger, "", 10)) == ([], [])


async def test_fundings_are_not_gone_through_for_each_plan(pool: Pool) -> None:
    """A day of plans that were sold has as many fundings as plans: they are joined by a hash or in order."""
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await connection.fetch(
            f"explain {daily.Q.write_positions}", "fi_01JD8Q4Z7K0000000000000000", PROGRAMME, PARTNER, MONDAY, None
        )
    conditions = [row[0].strip() for row in plan if "alike" in row[0] and "Cond" in row[0]]
    assert conditions in (["Hash Cond: (o.alike = s.alike)"], ["Hash Cond: (s.alike = o.alike)"],
                          ["Merge Cond: (s.alike = o.alike)"], ["Merge Cond: (o.alike = s.alike)"])  # fmt: skip


async def test_positions_before_are_not_gone_through_for_each_plan(pool: Pool) -> None:
    """Days may be made before the server has looked at what positions there are: it takes them for a few then."""
    first, second = (ids.new_id(ids.FILE, 0, 1_772_400_000_000 + number) for number in range(2))
    async with pool.acquire() as connection:
        await make_month_of(connection, first)
        plan = await connection.fetch(f"explain {daily.Q.chg_rows}", second, first)
    assert [row[0] for row in plan if "Hash Full Join" in row[0] or "Merge Full Join" in row[0]]


async def test_missed_days_are_made_together_and_what_a_crash_left_is_made_later(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ten missed days some were made when it crashed; they stay, and the others follow them."""
    async with pool.acquire() as connection:
        await open_world(connection)
        plan = await FundedPlan(1).authorize(connection)
        await plan.capture(connection, 10_000, MONDAY)
    monkeypatch.setattr(filing_flow, "ROWS_AT_ONCE", 8)  # two days, of four files each
    days = [MONDAY + timedelta(days=number) for number in range(10)]
    make, seen = filing_flow.Filing.make, list[date]()

    async def make_until_it_crashes(filing: filing_flow.Filing, day: asyncpg.Record) -> None:
        seen.append(day["business_on"])
        if len(seen) == 6:
            raise ConnectionError
        await make(filing, day)

    with monkeypatch.context() as crashing:
        crashing.setattr(filing_flow.Filing, "make", make_until_it_crashes)
        with pytest.raises(ConnectionError):
            await daily.make_day(pool, SIGNER, PROGRAMME, days[-1], evening(days[-1]))
    assert seen == days[:6]
    kept = await daily.manifests(pool, PARTNER, "", 100, FileType.POS)
    await daily.make_day(pool, SIGNER, PROGRAMME, days[-1], evening(days[-1]))
    files = await daily.manifests(pool, PARTNER, "", 100, FileType.POS)
    assert 0 < len(kept) < 6
    assert files[: len(kept)] == kept
    assert [(one.business_on, one.number, one.records) for one in files] == [(on, n, 1) for n, on in enumerate(days, 1)]


async def test_many_plans_lose_and_make_no_cent(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Odd captures and payments over a week: the files add up to the ledger, in whatever batches they are made."""
    async with pool.acquire() as connection, connection.transaction():
        await open_world(connection)
        plans = [await FundedPlan(name).authorize(connection) for name in range(40)]
        for name, plan in enumerate(plans):
            for day in range(5):
                on = MONDAY + timedelta(days=day)
                await plan.capture(connection, 101 + name, on)
                if (name + day) % 3 == 0:
                    await plan.pay(connection, 33 + day, name % 7, on)
    days = [MONDAY + timedelta(days=day) for day in range(5)]
    files = [await made(pool, on) for on in days]
    bytes_of = [await content(pool, one) for day in files for one in day.values()]
    positions = [await rows(pool, day[FileType.POS]) for day in files]

    def sum_of(column: str) -> int:
        return sum(int(row[column].replace(".", "")) for day in positions for row in day)

    funded = sum((plan.captured * BPS + 5_000) // 10_000 for plan in plans)
    repaid = sum((plan.principal * BPS + 5_000) // 10_000 for plan in plans)
    assert (sum_of("funded"), sum_of("repaid")) == (funded, repaid)
    last = sum(int(row["closing"].replace(".", "")) for row in positions[-1])
    standing = await daily.funded_plans(pool, PARTNER, "", 100)
    assert last == sum(one.outstanding for one in standing) == funded - repaid
    async with pool.acquire() as connection:
        found = {one.name: one.rows for one in await run_checks(connection)}
    assert not any(found[name] for name in found if name.startswith(("partner_events", "daily", "closed_days")))

    for rows_at_once in (7, 5_000):  # each day by itself, some rows at a time; all days in one transaction
        monkeypatch.setattr(filing_flow, "ROWS_AT_ONCE", rows_at_once)
        for table in ("daily_files", "daily_file_pieces", "daily_positions", "daily_legs"):
            await pool.execute(f"alter table {table} disable trigger user")
            await pool.execute(f"delete from {table}")
        assert [await made(pool, on) for on in days] == files
        assert [await content(pool, one) for day in files for one in day.values()] == bytes_of
