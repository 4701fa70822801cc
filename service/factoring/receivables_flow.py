"""Receivables in the database: each registered once, disputed, and looked up."""

from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.factoring.receivable import PlanReceivable, Receivable, ReceivableBody, ReceivableKind, said

Q: Final = load_queries(Path(__file__).with_name("receivables.sql"))


async def register(conn: Connection, merchant_id: str, body: ReceivableBody, now: datetime, now_ms: int) -> Receivable:
    """Takes on a receivable of a merchant's. Refused: REFERENCE_USED, one that is there, with its id."""
    buyer_id, bucket = None, ids.bucket_for(merchant_id)
    if body.buyer is not None:
        buyer = body.buyer
        new_id = ids.new_id(ids.BUYER, ids.bucket_for(buyer.country, buyer.number), now_ms)
        buyer_id = await conn.fetchval(Q.keep_buyer, new_id, buyer.country, buyer.number, buyer.name, now)
        buyer_id = buyer_id or await conn.fetchval(Q.keep_buyer, new_id, buyer.country, buyer.number, buyer.name, now)
    row = await conn.fetchrow(
        Q.insert_receivable, ids.new_id(ids.RECEIVABLE, bucket, now_ms), merchant_id, body.kind, buyer_id, body.channel,
        body.acquirer, body.currency, body.amount, body.due_on, body.reference, now,
    )  # fmt: skip
    if row is None:
        there = await conn.fetchval(
            Q.same_receivable, merchant_id, buyer_id, body.reference, body.channel, body.acquirer, body.due_on
        )
        raise Refused(Code.REFERENCE_USED, f"It is registered already, as {there}.", "/reference")
    return receivable_of(row)


async def dispute(
    conn: Connection, receivable_id: str, merchant_id: str, amount: int, by: str, now: datetime
) -> Receivable:
    """So much of it is disputed; 0: nothing any more. Refused: NOT_FOUND; AMOUNT_EXCEEDS_OUTSTANDING, with what is
    open."""
    one = await locked(conn, receivable_id, merchant_id)
    if amount > one.open:
        raise Refused(Code.AMOUNT_EXCEEDS_OUTSTANDING, f"{said(one, one.open)} of it are open.", "/amount")
    await conn.execute(Q.insert_dispute, receivable_id, amount, by, now)
    row = await conn.fetchrow(Q.dispute, receivable_id, amount)
    assert row is not None
    return receivable_of(row)


async def locked(conn: Connection, receivable_id: str, merchant_id: str | None = None) -> Receivable:
    """One that nobody else changes until the end of the transaction. Refused: NOT_FOUND."""
    for one in await locked_all(conn, [receivable_id]):
        if merchant_id in (None, one.merchant_id):
            return one
    raise no_receivable(receivable_id)


async def locked_all(conn: Connection, receivable_ids: list[str]) -> list[Receivable]:
    """Those of them that there are, by their ids, locked in that order."""
    return [receivable_of(row) for row in await conn.fetch(Q.lock_receivables, receivable_ids)]


async def receivable(pool: Pool | Connection, receivable_id: str, merchant_id: str | None) -> Receivable:
    """One, of a merchant or of any. Refused: NOT_FOUND."""
    row = await pool.fetchrow(Q.receivable, receivable_id, merchant_id)
    if row is None:
        raise no_receivable(receivable_id)
    return receivable_of(row)


async def receivables(pool: Pool, merchant_id: str | None, after: str, limit: int) -> list[Receivable]:
    """A merchant's, or everybody's, the oldest first."""
    return [receivable_of(row) for row in await pool.fetch(Q.list_receivables, merchant_id, after, limit)]


async def plan_receivable(pool: Pool, plan_id: str, merchant_id: str) -> PlanReceivable:
    """What a consumer owes on a plan of the merchant's, and what it cost the merchant. Refused: NOT_FOUND."""
    row = None
    if ids.is_id(plan_id, ids.PLAN):
        row = await pool.fetchrow(Q.plan_bought, ids.bucket_of(plan_id), plan_id, merchant_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no plan {plan_id[:100]!r}.", "/id")
    return PlanReceivable(plan_id=plan_id, **row)


def no_receivable(receivable_id: str, pointer: str = "/id") -> Refused:
    """What is said of an id that is nobody's."""
    return Refused(Code.NOT_FOUND, f"There is no receivable {receivable_id[:100]!r}.", pointer)


def receivable_of(row: asyncpg.Record) -> Receivable:
    """A row as it is known elsewhere."""
    named = {name: row[name] for name in Receivable.__struct_fields__}
    return Receivable(**named | {"kind": ReceivableKind(row["kind"])})
