"""What is kept for some time, and then forgotten: on both sides of every edge, and never by a clock that was moved."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from service import clock, db, ids
from service.config import Settings
from service.jobs import retention
from service.jobs.retention import KEYS, Forgotten, Keep, forget
from tests.flows.world import NOON, World

TICK = timedelta(seconds=1)
LONG = timedelta(days=36_500)
SECRET = "a" * 32


def keeping(events: timedelta = LONG, decisions: timedelta = LONG, rest: timedelta = LONG) -> Keep:
    """`rest` of the enquiries and the audit log."""
    return Keep(events, rest, decisions, rest, rest, rest, rest, rest)


KEEP = keeping(timedelta(days=400), timedelta(days=762))


@pytest.fixture
async def serving(settings: Settings, world: World) -> Any:
    """As the worker connects: the role that serves, beside the service."""
    pool = await db.open_pool(settings.database_url or "", size=2)
    yield pool
    await pool.close()


async def forgotten(pool: db.Pool, keep: Keep, now: datetime) -> tuple[int, int, int]:
    done = await forget(pool, keep, SECRET, now)
    again = await forget(pool, keep, SECRET, now)
    assert again == Forgotten(0, 0, 0, 0, 0, 0, 0)
    return done.keys, done.events, done.decisions


async def test_a_key_is_kept_for_30_days(world: World, serving: db.Pool) -> None:
    await serving.execute("delete from idempotency")
    first = await world.merchant.post("/v1/consumers", {"reference": "ada"}, key="k")
    assert await forgotten(serving, keeping(), NOON + KEYS) == (0, 0, 0)
    again = await world.merchant.post("/v1/consumers", {"reference": "ada"}, key="k")
    assert (again.status_code, again.content) == (201, first.content)
    other = await world.merchant.post("/v1/consumers", {"reference": "bob"}, key="k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await forgotten(serving, keeping(), NOON + KEYS + TICK) == (1, 0, 0)
    assert (await world.merchant.post("/v1/consumers", {"reference": "bob"}, key="k")).status_code == 201


async def buy(world: World, consumer: str, at: datetime) -> str:
    world.merchant.now = at
    plan: str = (await world.plan(consumer, 100_00))["id"]
    return plan


async def read(world: World, **query: Any) -> list[int]:
    page = await world.merchant.get("/v1/events", **query)
    assert page.status_code == 200, page.text
    return [event["number"] for event in page.json()["events"]]


async def gone(world: World, after: int) -> str:
    refused = await world.merchant.get("/v1/events", after=after)
    assert (refused.status_code, refused.json()["code"], refused.json()["pointer"]) == (410, "events_gone", "/after")
    detail: str = refused.json()["detail"]
    return detail


async def test_events_are_forgotten_from_the_first_on_and_stay_without_gaps(
    world: World, serving: db.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    consumer = await world.consumer(limit=10_000_00)
    before = len(await read(world))
    for day in (0, 0, 0, 5, 1, 9):  # the fourth has a clock of its own that was ahead
        await buy(world, consumer, NOON + timedelta(days=day))
    told = len(await read(world))
    per = (told - before) // 6
    assert per >= 1
    assert told == before + 6 * per
    keep = keeping(timedelta(days=400))
    assert (await forgotten(serving, keep, NOON + timedelta(days=400)))[1] == 0
    # The first three are old; the fifth is, too, but stands behind one that is not, and numbers have no gaps.
    first = before + 3 * per + 1
    assert (await forgotten(serving, keep, NOON + timedelta(days=402)))[1] == first - 1
    assert await read(world) == list(range(first, told + 1))
    assert await read(world, after=first - 1) == list(range(first, told + 1))
    assert await read(world, after=told) == []
    for after in (0, 1, first - 2):
        assert f"before number {first} " in await gone(world, after)
    await buy(world, consumer, NOON + timedelta(days=9))
    assert await read(world, after=told) == list(range(told + 1, told + per + 1))
    assert (await forgotten(serving, keep, NOON + timedelta(days=800)))[1] == told + per - first + 1
    assert await read(world) == []
    assert await read(world, after=told + per) == []
    assert f"before number {told + per + 1} " in await gone(world, told)
    await buy(world, consumer, NOON + timedelta(days=800))
    assert (await read(world))[0] == told + per + 1


async def test_events_that_nobody_reads_are_forgotten_too(world: World, serving: db.Pool) -> None:
    consumer = await world.consumer(limit=10_000_00)
    await buy(world, consumer, NOON)
    count = await world.pool.fetchval("select count(*) from events")
    assert count > 0
    assert await world.pool.fetchval("select count(*) from events where number is not null") == 0
    assert (await forgotten(serving, keeping(timedelta(days=400)), NOON + timedelta(days=401)))[1] == count
    assert await world.pool.fetchval("select count(*) from events") == 0


OLD = datetime(2023, 3, 2, 12, tzinfo=UTC)


async def dated(world: World, decision_id: str, at: datetime, plan: str = "") -> str:
    """The same decision in the log again, as one of another day; with the reference of a plan, if it is named."""
    copy = ids.new_id(ids.DECISION, ids.bucket_of(decision_id), int(at.timestamp() * 1000))
    names = await world.pool.fetchval(
        "select string_agg(quote_ident(column_name), ', ') from information_schema.columns"
        " where table_name = 'decisions' and column_name not in ('decision_id', 'decided_at', 'merchant_reference')"
    )
    await world.pool.execute(
        f"insert into decisions (decision_id, decided_at, merchant_reference, {names})"
        " select $1, $2, coalesce((select p.merchant_reference from plans p where p.plan_id = $4), merchant_reference),"
        f" {names} from decisions where decision_id = $3", copy, at, decision_id, plan,
    )  # fmt: skip
    return copy


async def test_a_decision_that_opened_no_plan_is_forgotten_when_it_is_old(
    world: World, serving: db.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    consumer = await world.consumer(limit=10_000_00)
    decided: str = (await world.checkout(consumer, 100_00))["id"]
    plan = await buy(world, consumer, NOON)
    old = [await dated(world, decided, OLD + timedelta(days=day), plan) for day in range(5)]
    its_own = await world.pool.fetchval("select decision_id from plans where plan_id = $1", plan)
    await world.pool.execute("update plans set decision_id = $1 where plan_id = $2", old[1], plan)  # it opened one
    edge = OLD + timedelta(days=3) + KEEP.decisions
    assert (await forgotten(serving, KEEP, edge))[2] == 2
    left = await world.pool.fetch("select decision_id from decisions where decision_id = any($1) order by 1", old)
    assert [row["decision_id"] for row in left] == [old[1], old[3], old[4]]
    assert (await forgotten(serving, KEEP, edge + timedelta(days=9)))[2] == 2
    assert (await world.operator.get(f"/v1/operator/decisions/{old[0]}")).status_code == 404
    assert (await world.operator.get(f"/v1/operator/decisions/{decided}")).status_code == 200
    await world.pool.execute("update plans set decision_id = $1 where plan_id = $2", its_own, plan)


async def rows_read(pool: db.Pool, function: str, prefix: str, bucket: int) -> int:
    """How many rows of the log PostgreSQL reads where there is nothing to forget."""
    before = ids.lowest(prefix, int((OLD + timedelta(days=60)).timestamp() * 1000))
    count = (
        "select sum(seq_tup_read + idx_tup_fetch)::int from pg_stat_xact_user_tables"
        " where relname in ('decisions', 'enquiries', 'reviews', 'plans')"
    )
    async with pool.acquire() as conn, conn.transaction():
        already = await conn.fetchval(count)
        await conn.fetch(f"select * from {function}($1, '', $2, 1000)", bucket, before)
        return int(await conn.fetchval(count) - already)


async def test_what_stays_for_good_is_looked_at_once(
    world: World, serving: db.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old decision that opened a plan, and what was asked for it, cost nothing on the days after."""
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    consumer = await world.consumer(limit=10_000_00)
    bucket = ids.bucket_of(consumer)
    decided: str = (await world.checkout(consumer, 100_00))["id"]
    plans = [await buy(world, consumer, NOON) for _ in range(7)]
    old = [await dated(world, decided, OLD + timedelta(days=day), plan) for day, plan in enumerate(plans)]
    its_own = [await world.pool.fetchval("select decision_id from plans where plan_id = $1", one) for one in plans]
    change = "update plans set decision_id = $1 where plan_id = $2"
    for decision, plan in zip(old, plans, strict=True):
        await world.pool.execute(change, decision, plan)
    enquiries = [await asked(world, consumer, decision, OLD) for decision in old]
    assert await rows_read(world.pool, "forget_decisions", ids.DECISION, bucket) > 0
    for _ in range(2):
        done = await forget(serving, keeping(decisions=TICK, rest=TICK), SECRET, clock.now() - timedelta(days=1))
        assert (done.decisions, done.enquiries) == (0, 0)
    assert await rows_read(world.pool, "forget_decisions", ids.DECISION, bucket) == 0
    assert await rows_read(world.pool, "forget_enquiries", ids.ENQUIRY, bucket) == 0
    later = await dated(world, decided, OLD + timedelta(days=30))  # after them
    enquiries.append(await asked(world, consumer, ids.new_id(ids.DECISION, 0, 0), OLD + timedelta(days=30)))
    done = await forget(serving, keeping(decisions=TICK, rest=TICK), SECRET, clock.now() - timedelta(days=1))
    assert (done.decisions, done.enquiries) == (1, 1)
    left = await world.pool.fetch("select decision_id from decisions where decided_at < $1", OLD + timedelta(days=99))
    assert {row["decision_id"] for row in left} == set(old)
    assert later not in old
    assert await world.pool.fetchval("select count(*) from enquiries") == len(old)
    for decision, plan in zip(its_own, plans, strict=True):
        await world.pool.execute(change, decision, plan)


async def test_what_may_be_forgotten_another_day_is_looked_at_again(world: World, serving: db.Pool) -> None:
    """A referral that was reviewed later than it may be forgotten, and a decision dated by a clock that was ahead."""
    consumer = await world.consumer(limit=10_000_00)
    decided: str = (await world.checkout(consumer, 100_00))["id"]
    referral, made = [await dated(world, decided, OLD + timedelta(days=day)) for day in (0, 20)]
    ahead = await dated(world, decided, OLD + timedelta(days=1))
    await dated(world, decided, OLD + timedelta(days=2))
    await world.pool.execute(
        "insert into reviews (bucket, decision_id, made_id, outcome, reasons, note, reviewed_by, reviewed_at)"
        " values ($1, $2, $3, 'decline', '{INCOME}', '', 'ke', $4)", ids.bucket_of(referral), referral, made, OLD,
    )  # fmt: skip
    moved = (
        "alter table decisions disable trigger user; update decisions set decided_at = '{}' where decision_id = '{}';"
        " alter table decisions enable trigger user"
    )
    await world.pool.execute(moved.format(clock.now().isoformat(), ahead))
    keep, bucket = keeping(decisions=timedelta(days=800)), ids.bucket_of(consumer)
    done = await forget(serving, keep, SECRET, OLD + timedelta(days=810))
    assert done.decisions == 1  # the last; the referral waits for what was made of it
    mark = "select walked_until from forgetting_marks where what = 'decisions' and bucket = $1"
    assert await world.pool.fetchval(mark, bucket) is None
    done = await forget(serving, keep, SECRET, OLD + timedelta(days=821))
    assert done.decisions == 2
    await world.pool.execute(moved.format((OLD + timedelta(days=1)).isoformat(), ahead))
    assert (await forget(serving, keep, SECRET, OLD + timedelta(days=821))).decisions == 1
    assert await world.pool.fetchval("select count(*) from decisions where decision_id < $1", decided) == 0


async def test_nobody_has_younger_decisions_forgotten_whatever_they_say(world: World, serving: db.Pool) -> None:
    """Who has stolen the password of the role that serves, and says that it is the year 2500."""
    decided = (await world.checkout(await world.consumer(), 100_00))["id"]
    young = await dated(world, decided, clock.now() - timedelta(days=750))
    assert (await forgotten(serving, KEEP, datetime(2500, 1, 1, tzinfo=UTC)))[2] == 0
    if not await db_owner(serving):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await serving.execute("delete from decisions where decision_id = $1", young)
        await serving.execute("select set_config('tenor.forgets', 'on', false)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await serving.execute("set tenor.forgets = 'on'; delete from decisions")
    with pytest.raises(asyncpg.RestrictViolationError):  # nor does the owner by a slip of the hand
        await world.pool.execute("delete from decisions where decision_id = $1", young)


async def db_owner(pool: db.Pool) -> bool:
    owns: bool = await pool.fetchval("select has_table_privilege('decisions', 'delete')")
    return owns


# The law, outside sources, the audit log ------------------------------------------------------------------------------


async def test_what_the_law_wants_kept_is_written_down_and_changed_by_nobody(serving: db.Pool) -> None:
    kept = await serving.fetch("select what, months, source from kept_at_least order by what")
    assert [tuple(row) for row in kept] == [
        ("audit", 24, "12 CFR 1026.25"), ("decisions", 25, "12 CFR 1002.12(b)"), ("enquiries", 25, "12 CFR 1002.12(b)"),
        ("files", 117, "TENOR_KEEP_FILES_DAYS"), ("positions", 12, "TENOR_KEEP_POSITIONS_DAYS"),
        ("received", 117, "TENOR_KEEP_RECEIVED_DAYS"),
    ]  # fmt: skip
    if not await db_owner(serving):
        for statement in ("update kept_at_least set months = 1", "insert into kept_at_least values ('audit', 1, '')"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await serving.execute(statement)


async def test_what_is_kept_for_a_hundred_years_stays(world: World, serving: db.Pool) -> None:
    """That began before 1970, where ids begin."""
    decided: str = (await world.checkout(await world.consumer(), 100_00))["id"]
    await dated(world, decided, OLD)
    assert (await forgotten(serving, keeping(), clock.now()))[2] == 0
    assert (await forgotten(serving, keeping(decisions=timedelta(days=800)), clock.now()))[2] == 1


async def test_where_no_law_is_written_down_nothing_is_forgotten(world: World, serving: db.Pool) -> None:
    decided: str = (await world.checkout(await world.consumer(), 100_00))["id"]
    await dated(world, decided, OLD)
    await world.pool.execute("delete from kept_at_least")
    assert (await forget(serving, keeping(decisions=TICK), SECRET, clock.now())).decisions == 0
    async with world.pool.acquire() as conn:
        await retention.write_floors(conn, keeping())
    assert (await forget(serving, keeping(decisions=TICK), SECRET, clock.now())).decisions == 1


async def asked(world: World, consumer: str, decision: str, at: datetime) -> str:
    """An enquiry of another day, made for a decision."""
    bucket = ids.bucket_of(consumer)
    consent, enquiry = (ids.new_id(one, bucket, int(at.timestamp() * 1000)) for one in (ids.CONSENT, ids.ENQUIRY))
    await world.pool.execute(
        "insert into consents (bucket, consent_id, consumer_id, merchant_id, subject, purpose, data_types, sources,"
        " gateway_ids, from_on, to_on, times, used, channel, evidence, given_at, expires_at)"
        " select bucket, $1, consumer_id, merchant_id, '', 'credit_decision', '{income}', '{bureau}', '{ga}', $2, $2,"
        " 1, 1, 'online', '', $3, $4 from consumers where consumer_id = $5",
        consent, at.date(), at, at + timedelta(days=1), consumer,
    )  # fmt: skip
    await world.pool.execute(
        "insert into enquiries (bucket, enquiry_id, consumer_id, consent_id, decision_id, gateway_id, gateway,"
        " data_type, purpose, facts, from_on, to_on, asked_at)"
        " values ($1, $2, $3, $4, $5, 'ga', 'bureau', 'income', 'credit_decision', '{x}', $6, $6, $7)",
        bucket, enquiry, consumer, consent, decision, at.date(), at,
    )  # fmt: skip
    await world.pool.execute(
        "insert into reports (bucket, enquiry_id, outcome, answered_at) values ($1, $2, 'no_record', $3)",
        bucket, enquiry, at,
    )  # fmt: skip
    return enquiry


async def test_enquiries_are_forgotten_when_they_are_old_and_their_decision_is_gone(
    world: World, serving: db.Pool
) -> None:
    consumer = await world.consumer()
    decided: str = (await world.checkout(consumer, 100_00))["id"]
    gone = ids.new_id(ids.DECISION, 0, 0)
    _, kept, edge = [
        await asked(world, consumer, decision, at)
        for decision, at in ((gone, OLD), (decided, OLD), (gone, OLD + timedelta(days=3)))
    ]
    now = OLD + timedelta(days=3 + 800)
    done = await forget(serving, keeping(rest=timedelta(days=800)), SECRET, now)
    assert (done.enquiries, done.entries) == (1, 0)
    left = await world.pool.fetch("select enquiry_id from enquiries order by asked_at")
    assert [row["enquiry_id"] for row in left] == [kept, edge]
    assert await world.pool.fetchval("select count(*) from reports") == 2
    young = await asked(world, consumer, gone, clock.now() - timedelta(days=700))
    assert (await forget(serving, keeping(rest=TICK), SECRET, datetime(2500, 1, 1, tzinfo=UTC))).enquiries == 1
    left = await world.pool.fetch("select enquiry_id from enquiries order by asked_at")
    assert [row["enquiry_id"] for row in left] == [kept, young]
    with pytest.raises(asyncpg.RestrictViolationError):
        await world.pool.execute("delete from enquiries where enquiry_id = $1", young)
    with pytest.raises(asyncpg.RestrictViolationError):
        await world.pool.execute("delete from reports where enquiry_id = $1", young)
