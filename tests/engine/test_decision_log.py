"""Decisions with a key and without one that meet in a batch are logged together, or none of them is; and none that was
made under another rulebook than the present one."""

import asyncio
from typing import Any

import asyncpg
import pytest
from msgspec import structs

from service import db, ids
from service.checkout.decision_log import DecisionRow, LoggedDecision, RulebookChanged, load_answers, log
from service.engine.keys import Keys
from service.engine.work import Key, Work
from service.packed import unpacked
from tests.flows.world import NOON, SECRETS, World

KEYS = Keys(load_answers, SECRETS)


async def decided(world: World) -> DecisionRow:
    """A decision that was logged, to be logged once more under other ids."""
    await world.offer(await world.consumer(limit=1_000_00), 50_00, "instalments")
    row = await world.pool.fetchrow("select * from decisions order by decision_id desc limit 1")
    assert row is not None
    known: dict[str, Any] = {field.name: row[field.name] for field in structs.fields(LoggedDecision)}
    packed = {name: unpacked(known[name]) for name in ("answer", "takers")}
    rulebook = await world.pool.fetchval("select revision from rulebook")
    return DecisionRow(**known | packed, opens_for=None, rulebook=rulebook, kept=None)


def work_of(row: DecisionRow, name: str, key: Key | None) -> Work[DecisionRow]:
    decision_id = ids.new_id(ids.DECISION, row.bucket, int(NOON.timestamp() * 1000))
    item = structs.replace(row, decision_id=decision_id, merchant_reference=name)
    return Work(item, key, NOON, 200, asyncio.get_running_loop().create_future(), 10.0)


async def test_both_kinds_are_logged_together(world: World, database_url: str) -> None:
    row = await decided(world)
    keyed = work_of(row, "under a key", Key(row.merchant_id, "key-1", b"hash", row.bucket))
    own = work_of(row, "ours", None)
    conn = await db.connect_session(database_url)
    try:
        twice = structs.replace(own, item=structs.replace(own.item, decision_id=row.decision_id))
        with pytest.raises(asyncpg.UniqueViolationError):
            await log(KEYS, conn, [keyed, twice])
        logged = "select decision_id from decisions where decision_id = any ($1::text[])"
        both = [keyed.item.decision_id, own.item.decision_id]
        assert await conn.fetch(logged, both) == []
        answers, opened = await log(KEYS, conn, [keyed, own])
        assert (opened, {id(work) for work, _ in answers}) == ([], {id(keyed), id(own)})
        assert len(await conn.fetch(logged, both)) == 2
        again, _ = await log(KEYS, conn, [keyed])
        assert [answer.body for _, answer in again] == [row.answer]
    finally:
        await conn.close()


async def test_none_is_logged_of_another_rulebook(world: World, database_url: str) -> None:
    row = await decided(world)
    conn = await db.connect_session(database_url)
    try:
        await only_of_the_present_rulebook(row, conn)
    finally:
        await conn.close()


async def only_of_the_present_rulebook(row: DecisionRow, conn: db.Connection) -> None:
    """Of each kind one that was made under the present rulebook is logged, and none that was not."""
    for key in (Key(row.merchant_id, "key-2", b"hash", row.bucket), None):
        assert row.rulebook is not None
        past = work_of(structs.replace(row, rulebook=row.rulebook - 1), f"past, {key}", key)
        answers, _ = await log(KEYS, conn, [past])
        assert (answers, type(past.answered.exception())) == ([], RulebookChanged)
        present = work_of(row, f"present, {key}", key)
        answers, _ = await log(KEYS, conn, [present])
        assert [id(work) for work, _ in answers] == [id(present)]
        logged = "select decision_id from decisions where decision_id = any ($1::text[])"
        found = await conn.fetch(logged, [past.item.decision_id, present.item.decision_id])
        assert [one["decision_id"] for one in found] == [present.item.decision_id]
