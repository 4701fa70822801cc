"""Batches in the database: made, settled with what is kept, or cancelled."""

from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.factoring import assigning_flow, receivables_flow
from service.factoring.assignment import Assignment, AssignmentBody, Mode
from service.factoring.batch import Batch, BatchBody, BatchItem, BatchState, reason_to_drop
from service.factoring.payment import Told
from service.factoring.receivable import Receivable
from service.money import take_bps
from service.statement import Int, Statement

Q: Final = load_queries(Path(__file__).with_name("batches.sql"))


class KeptItem(Struct, frozen=True):
    """What became of an item."""

    batch_id: str
    number: Int
    reason: Code | None
    assignment_id: str | None
    price: int | None


_KEEP_ITEMS: Final = Statement(Q.keep_items, kept=KeptItem)


async def make(conn: Connection, wanted: BatchBody, now: datetime, now_ms: int) -> Batch:
    """A batch of which nothing is bought yet. Refused: REFERENCE_USED."""
    batch_id = ids.new_id(ids.ASSIGNMENT_BATCH, ids.bucket_for(wanted.merchant_id), now_ms)
    text = msgspec.json.encode(wanted).decode()
    row = await conn.fetchrow(
        Q.insert_batch, batch_id, wanted.external_id, wanted.merchant_id, wanted.currency, text,
        len(wanted.receivable_ids), now,
    )  # fmt: skip
    if row is None:
        raise Refused(Code.REFERENCE_USED, "There is a batch of that name.", "/external_id")
    await conn.execute(Q.insert_items, batch_id, list(wanted.receivable_ids))
    return _batch(row)


async def most(conn: Connection, wanted: BatchBody) -> int:
    """What it would advance at most, as things are, in minor units."""
    found = {one.receivable_id: one for one in await receivables_flow.locked_all(conn, list(wanted.receivable_ids))}
    return sum(take_bps(one.open, wanted.terms.advance_bps) for one in found.values())


async def wait(conn: Connection, batch_id: str) -> None:
    """It waits for a second person."""
    await conn.execute(Q.keep_state, batch_id, BatchState.AWAITING_APPROVAL, None, None, None)


async def cancel(conn: Connection, batch_id: str, now: datetime) -> Batch:
    """Nothing of it is bought. Refused: NOT_FOUND, STATE_FORBIDS."""
    await locked(conn, batch_id)
    row = await conn.fetchrow(Q.keep_state, batch_id, BatchState.CANCELLED, None, None, now)
    assert row is not None
    return _batch(row)


async def settle(conn: Connection, batch_id: str, told: Told, now_ms: int) -> Batch:
    """Buys what may be bought, and says of the rest why it drops out. Refused: NOT_FOUND, STATE_FORBIDS."""
    _, wanted = await locked(conn, batch_id)
    locked_ones = await receivables_flow.locked_all(conn, list(wanted.receivable_ids))
    found = {one.receivable_id: one for one in locked_ones}
    reasons = {
        receivable_id: reason_to_drop(found.get(receivable_id), wanted, told.on)
        for receivable_id in wanted.receivable_ids
    }
    kept = [(found[one], _body(found[one], wanted)) for one in wanted.receivable_ids if reasons[one] is None]
    made = {
        one.receivable_id: one for one in await assigning_flow.assign_all(conn, kept, batch_id, told, now_ms)
    }  # fmt: skip
    items = [
        KeptItem(batch_id, number, reasons[one], made[one].assignment_id, _price(made[one]))
        if one in made
        else KeptItem(batch_id, number, reasons[one], None, None)
        for number, one in enumerate(wanted.receivable_ids, 1)
    ]
    await _KEEP_ITEMS.execute(conn, kept=items)
    price = sum(item.price or 0 for item in items)
    row = await conn.fetchrow(Q.keep_state, batch_id, BatchState.SETTLED, len(made), price, told.at)
    assert row is not None
    return _batch(row)


async def locked(conn: Connection, batch_id: str) -> tuple[Batch, BatchBody]:
    """One that is not over, and what was asked for. Refused: NOT_FOUND, STATE_FORBIDS."""
    row = await conn.fetchrow(Q.lock_batch, batch_id)
    if row is None:
        raise no_batch(batch_id)
    one = _batch(row)
    if one.ended_at is not None:
        raise Refused(Code.STATE_FORBIDS, f"The batch is {one.state}.")
    return one, msgspec.json.decode(row["wanted"], type=BatchBody)


async def batch(pool: Pool, batch_id: str) -> tuple[Batch, list[BatchItem]]:
    """One, and its items. Refused: NOT_FOUND."""
    row = await pool.fetchrow(Q.batch, batch_id)
    if row is None:
        raise no_batch(batch_id)
    return _batch(row), [msgspec.convert(dict(item), BatchItem) for item in await pool.fetch(Q.items_of, batch_id)]


async def batches(pool: Pool, after: str, limit: int) -> list[Batch]:
    """All, the oldest first."""
    return [_batch(row) for row in await pool.fetch(Q.list_batches, after, limit)]


def no_batch(batch_id: str) -> Refused:
    """What is said of an id that is none's."""
    return Refused(Code.NOT_FOUND, f"There is no batch {batch_id[:100]!r}.", "/id")


def _body(one: Receivable, wanted: BatchBody) -> AssignmentBody:
    return AssignmentBody(
        receivable_id=one.receivable_id, mode=Mode.PURCHASE, currency=wanted.currency, recourse=wanted.recourse,
        terms=wanted.terms, notified_on=wanted.notified_on,
    )  # fmt: skip


def _price(one: Assignment) -> int:
    assert one.position is not None
    return one.position.advance


def _batch(row: asyncpg.Record) -> Batch:
    named = {name: row[name] for name in Batch.__struct_fields__}
    return Batch(**named | {"state": BatchState(row["state"])})
