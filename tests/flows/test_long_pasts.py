"""What is behind a consumer is counted once (the table `pasts`), and a decision knows the same with it as without."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from service import ids
from service.checkout import flow
from service.checkout.flow import Q
from service.db import Connection, run_checks
from service.plans.past_flow import count_all_proved_anew, count_past
from tests.flows.test_made_one import make_one, make_two
from tests.flows.test_one_person import person_of
from tests.flows.test_proving_payments import bought, prove
from tests.flows.test_timeline import done, later
from tests.flows.world import World

UNCOUNTED = "update plans set past_state = null, past_paid_off = null; delete from pasts"


async def known(conn: Connection, consumer: str) -> dict[str, Any]:
    """What a decision would know, but for how it was read."""
    row = await conn.fetchrow(Q.load_snapshots, [ids.bucket_of(consumer)], [consumer], ["EUR"])
    assert row is not None
    return {name: value for name, value in row.items() if name != "over_plans"}


async def both_ways(conn: Connection, consumer: str) -> dict[str, Any]:
    """The same, and that it would be the same if nothing were counted."""
    counted = await known(conn, consumer)
    transaction = conn.transaction()
    await transaction.start()
    await conn.execute(UNCOUNTED)
    assert await known(conn, consumer) == counted
    await transaction.rollback()
    assert not [one for one in await run_checks(conn) if one.rows]
    return counted


async def count(conn: Connection, consumer: str) -> None:
    person = await conn.fetchval("select person_id from consumers where consumer_id = $1", consumer)
    await count_past(conn, ids.bucket_of(consumer), person, "EUR")


async def over_plans(conn: Connection, consumer: str) -> int:
    """How many plans that are over a decision reads one by one."""
    row = await conn.fetchrow(Q.load_snapshots, [ids.bucket_of(consumer)], [consumer], ["EUR"])
    assert row is not None
    return int(row["over_plans"])


async def paid_off(world: World, consumer: str, whose: str = "operator") -> tuple[str, str]:
    """A plan of 100.00 that is paid off, and its payment."""
    plan = await world.plan(consumer, 100_00)
    await done(world, world.merchant, plan["id"], "capture", {"amount": 100_00})
    paid = await done(world, getattr(world, whose), plan["id"], "payments", {"amount": 100_00})
    assert paid["state"] == "paid_off", paid
    return plan["id"], paid["recorded"]["id"]


@pytest.fixture
async def conn(world: World) -> AsyncIterator[Connection]:
    async with world.pool.acquire() as conn:
        yield conn


async def test_it_is_the_same_whatever_becomes_of_what_was_counted(world: World, conn: Connection) -> None:
    consumer = await world.consumer(limit=3000_00)
    first, payment = await paid_off(world, consumer)
    _, said = told = await paid_off(world, consumer, "merchant")
    voided = await world.plan(consumer, 50_00)
    await done(world, world.merchant, voided["id"], "void", {})
    owing = await world.plan(consumer, 60_00)
    await done(world, world.merchant, owing["id"], "capture", {"amount": 60_00})
    before = await both_ways(conn, consumer)
    assert (before["open_plans"], before["paid_off_plans"], await over_plans(conn, consumer)) == (1, 1, 3)

    await count(conn, consumer)
    assert await over_plans(conn, consumer) == 0
    assert await both_ways(conn, consumer) == before
    await count(conn, consumer)  # again, and nothing is counted twice
    assert await both_ways(conn, consumer) == before

    later(world, 10)
    await done(world, world.operator, first, "payments/return", {"payment_id": payment})
    bounced = await both_ways(conn, consumer)  # it owes again
    assert (bounced["open_plans"], bounced["paid_off_plans"]) == (2, 0)
    assert (await prove(world, told[0], said)).status_code == 201
    proved = await both_ways(conn, consumer)
    assert proved["paid_off_plans"] == 1
    await count(conn, consumer)
    assert await both_ways(conn, consumer) == proved
    word = await done(world, world.merchant, first, "payments", {"amount": 100_00})  # it was counted as proved
    again = await both_ways(conn, consumer)
    assert again["paid_off_plans"] == 1
    await count(conn, consumer)
    assert (await both_ways(conn, consumer), await over_plans(conn, consumer)) == (again, 0)
    assert (await prove(world, first, word["recorded"]["id"])).status_code == 201
    await done(world, world.operator, first, "payments", {"amount": 50_00})  # too much
    await count(conn, consumer)
    overpaid = await both_ways(conn, consumer)
    assert (overpaid["paid_off_plans"], await over_plans(conn, consumer)) == (2, 0)
    await done(world, world.merchant, told[0], "refunds", {"amount": 100_00})
    await both_ways(conn, consumer)
    await count(conn, consumer)
    await both_ways(conn, consumer)


async def test_a_word_that_the_merchant_has_borne_counts_after_the_day(world: World, conn: Connection) -> None:
    consumer, plan = await bought(world)
    await done(world, world.merchant, plan, "payments", {"amount": 100_00})
    await count(conn, consumer)
    assert (await both_ways(conn, consumer))["paid_off_plans"] == 0
    await conn.execute(
        "insert into payment_proofs select bucket, plan_id, fact_id, 'x', 'x', now() from facts"
        " where fact = 'paid' and plan_id = $1", plan,
    )  # fmt: skip
    await count_all_proved_anew(world.pool)
    assert (await both_ways(conn, consumer))["paid_off_plans"] == 1


async def test_plans_are_not_counted_while_somebody_holds_them(world: World, conn: Connection) -> None:
    consumer = await world.consumer(limit=3000_00)
    (held, _), _ = await paid_off(world, consumer), await paid_off(world, consumer)
    async with world.pool.acquire() as other, other.transaction():
        await other.execute("select from plans where plan_id = $1 for update", held)
        await count(conn, consumer)
        assert await over_plans(conn, consumer) == 1
        assert (await known(conn, consumer))["paid_off_plans"] == 2
    await count(conn, consumer)
    assert await over_plans(conn, consumer) == 0


async def test_two_who_count_at_once_count_once(world: World, conn: Connection) -> None:
    consumer = await world.consumer(limit=3000_00)
    for _ in range(3):
        await paid_off(world, consumer)
    async with world.pool.acquire() as other:
        await asyncio.gather(count(conn, consumer), count(other, consumer))
    assert (await both_ways(conn, consumer))["paid_off_plans"] == 3


async def test_who_reads_a_long_past_has_it_counted(
    world: World, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = await world.consumer(limit=3000_00)
    for _ in range(3):
        await paid_off(world, consumer)
    await world.checkout(consumer, 10_00)
    assert await over_plans(conn, consumer) == 3  # few are read, and nobody writes
    await paid_off(world, consumer)
    monkeypatch.setattr(flow, "LONG", 3)
    await world.checkout(consumer, 10_00)
    await world.app.state["services"].snapshots._pasts.close()
    assert await over_plans(conn, consumer) == 0
    assert (await both_ways(conn, consumer))["paid_off_plans"] == 4


async def test_a_past_that_cannot_be_counted_is_read(world: World, conn: Connection, caplog: Any) -> None:
    consumer = await world.consumer(limit=3000_00)
    await paid_off(world, consumer)
    pasts = world.app.state["services"].snapshots._pasts
    await conn.execute("alter table pasts drop constraint pasts_pk")  # which the statement names
    pasts.count(ids.bucket_of(consumer), await person_of(world, consumer), "EUR")
    await pasts.close()
    assert "a past was not counted" in caplog.text
    assert (await both_ways(conn, consumer))["paid_off_plans"] == 1


async def test_it_goes_with_the_consumer_to_another_person(world: World, conn: Connection) -> None:
    one, other = [await world.consumer(limit=3000_00) for _ in range(2)]
    for consumer in (one, other):
        await paid_off(world, consumer)
        await count(conn, consumer)
    assert (await both_ways(conn, one))["paid_off_plans"] == 1
    await make_one(world, one, other)
    assert [(await both_ways(conn, consumer))["paid_off_plans"] for consumer in (one, other)] == [2, 2]
    await make_two(world, one)
    assert (await both_ways(conn, other))["paid_off_plans"] == 1
    assert (await both_ways(conn, one))["paid_off_plans"] == 0  # who takes nothing along has no account yet
