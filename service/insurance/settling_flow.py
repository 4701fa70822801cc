"""Settlements with credit insurers: what each owes the other until a month's end is set off, and the rest is paid.

    premium 4,375.00 + its part of recoveries 200.00 - what it owes for losses 3,000.00 = 1,575.00: we pay it

What comes about later of a month that was settled is in the next settlement.
"""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg
from msgspec import Struct, field

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.event_type import EventType
from service.ledger.chart import Occasion
from service.ledger.insuring import insurer_paid, set_off
from service.ledger.store import BOOK, booked_by
from service.partners.telling_flow import Teller
from service.support.telling_flow import tell_party

Q: Final = load_queries(Path(__file__).with_name("settling.sql"))


class InsurerSettlement(Struct, frozen=True):
    """What an insurer and we owe each other until a month's end: premium + salvage - indemnity = net."""

    settlement_id: str = field(name="id")
    insurer_id: str  # the party that insures
    currency: str
    number: int  # 1, 2, 3 ... of the insurer in this currency
    until_on: date  # the last day of a month
    premium: int  # minor units, of periods that ended by then; below zero: given back
    salvage: int  # minor units, its parts of what was recovered
    indemnity: int  # minor units that it owes for losses
    net: int  # minor units that we pay it; below zero: it pays us
    paid_on: date | None  # null: it is not paid
    reference: str | None  # of the payment; null: it is not paid
    made_at: datetime  # when


async def settle(
    conn: Connection, insurer_id: str, currency: str, until_on: date, by: str, now: datetime
) -> InsurerSettlement:
    """Settles until a month's end; what each owes is set off.

    Refused: INVALID_FIELD, for a day that ends no month; STATE_FORBIDS, before it has ended, not after the last
    settlement, or where nothing has come about since.
    """
    if (until_on + timedelta(days=1)).day != 1:
        raise Refused(Code.INVALID_FIELD, "It is the last day of a month.", "/until_on")
    if now.date() <= until_on:
        raise Refused(Code.STATE_FORBIDS, f"The month ends on {until_on}.", "/until_on")
    await conn.execute(Q.hold, f"settlements with {insurer_id} in {currency}")
    last = await conn.fetchrow(Q.last, insurer_id, currency)
    if last is not None and until_on <= last["until_on"]:
        raise Refused(Code.STATE_FORBIDS, f"It is settled until {last['until_on']}.", "/until_on")
    row = await conn.fetchrow(Q.unsettled, insurer_id, currency, until_on)
    assert row is not None
    premium, salvage, indemnity = row
    if not (premium or salvage or indemnity):
        raise Refused(Code.STATE_FORBIDS, "Nothing has come about that is not settled.", "/until_on")
    settlement_id = ids.new_id(ids.INSURER_SETTLEMENT, ids.bucket_for(insurer_id), int(now.timestamp() * 1000))
    number = last["number"] + 1 if last else 1
    await conn.execute(
        Q.insert_settlement, settlement_id, insurer_id, currency, number, until_on, premium, salvage, indemnity, now, by
    )
    owed = premium + salvage
    if alike := (min(indemnity, owed)):
        books = {Occasion.INSURER_SETTLEMENT: set_off(insurer_id, alike)}
        await BOOK.execute(conn, booked=booked_by(settlement_id, books, currency, None, now.date(), now))
    made = await _load(conn, settlement_id)
    await _tell(conn, made, "made", now)
    return made if made.net else await pay(conn, settlement_id, now.date(), "nothing is owed", now)


async def find(conn: Connection, settlement_id: str) -> InsurerSettlement:
    """One that is not paid yet, for this transaction alone. Refused: NOT_FOUND; STATE_FORBIDS, where it is paid."""
    one = await _load(conn, settlement_id)
    if one.paid_on is not None:
        raise Refused(Code.STATE_FORBIDS, f"It was paid on {one.paid_on}.", "/id")
    return one


async def pay(conn: Connection, settlement_id: str, paid_on: date, reference: str, now: datetime) -> InsurerSettlement:
    """What is left of a settlement was paid. Refused: as `find`; INVALID_FIELD, for a day before the month's end."""
    one = await find(conn, settlement_id)
    if not one.until_on < paid_on <= now.date():
        sentence = f"It is paid after {one.until_on}, and today is {now.date()}."
        raise Refused(Code.INVALID_FIELD, sentence, "/paid_on")
    payment_id = ids.new_id(ids.INSURER_SETTLEMENT, ids.bucket_of(settlement_id), int(now.timestamp() * 1000))
    await conn.execute(Q.pay, settlement_id, paid_on, reference, payment_id)
    if one.net:
        books = {Occasion.INSURER_SETTLEMENT: insurer_paid(one.insurer_id, one.net)}
        await BOOK.execute(conn, booked=booked_by(payment_id, books, one.currency, None, now.date(), now))
    after = await _load(conn, settlement_id)
    await _tell(conn, after, "paid", now)
    return after


async def settlements(pool: Pool, insurer_id: str | None, after: str, limit: int) -> list[InsurerSettlement]:
    """An insurer's, or all; the oldest first."""
    return [_of(row) for row in await pool.fetch(Q.list_settlements, insurer_id, after, limit)]


async def _load(conn: Connection, settlement_id: str) -> InsurerSettlement:
    row = await conn.fetchrow(Q.load_settlement, settlement_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no settlement {settlement_id[:100]!r}.", "/id")
    return _of(row)


def _of(row: asyncpg.Record) -> InsurerSettlement:
    return InsurerSettlement(**dict(row))


async def _tell(conn: Connection, one: InsurerSettlement, state: str, now: datetime) -> None:
    data = {
        "settlement_id": one.settlement_id, "business_on": one.until_on, "amount": one.net, "currency": one.currency,
        "state": state,
    }  # fmt: skip
    await tell_party(conn, one.insurer_id, EventType.INSURER_SETTLED, Teller.OPERATOR, data, now)
