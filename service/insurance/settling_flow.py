"""Settlements with credit insurers, and with whoever else bears losses or funds a pool, until a month's end.

What each owes the other is set off, and the rest is paid.

    premium 4,375.00 + its part of recoveries 200.00 - what it owes for losses 3,000.00 = 1,575.00: we pay it

What came back of losses of plans that it had paid is in it, too, and what it paid more than it bears by now; what it
owes for them it pays claim by claim. What comes about later of a month that was settled is in the next settlement.
"""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.event_type import EventType
from service.insurance import paying_flow
from service.insurance.paying_flow import settlement_of
from service.insurance.settlement import InsurerSettlement, data_of
from service.ledger.booking import Books
from service.ledger.chart import LedgerAccount, Occasion, Place
from service.ledger.insuring import given_back, set_off
from service.ledger.store import BOOK, booked_by
from service.merchants.paying_flow import Told
from service.merchants.payout import Step
from service.partners.telling_flow import Teller
from service.support import pool_flow
from service.support.telling_flow import tell_party

Q: Final = load_queries(Path(__file__).with_name("settling.sql"))


class Back(Struct, frozen=True):
    """What a place of the books owes a party of losses of plans, and of its pools."""

    account: str
    owner: str
    amount: int  # minor units; below zero it was given back before, and is owed to us again


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
    await pool_flow.bring_up_of(conn, insurer_id, now.date(), now)
    backs = [Back(*back) for back in await conn.fetch(Q.to_give_back, insurer_id, currency, until_on)]
    if not (premium or salvage or indemnity or backs):
        raise Refused(Code.STATE_FORBIDS, "Nothing has come about that is not settled.", "/until_on")
    settlement_id = ids.new_id(ids.INSURER_SETTLEMENT, ids.bucket_for(insurer_id), int(now.timestamp() * 1000))
    number, back = last["number"] + 1 if last else 1, sum(one.amount for one in backs)
    await conn.execute(
        Q.insert_settlement, settlement_id, insurer_id, currency, number, until_on, premium, salvage, indemnity, back,
        msgspec.json.encode(backs).decode(), now, by,
    )  # fmt: skip
    await _book(conn, settlement_id, insurer_id, currency, backs, premium + salvage + back, indemnity, now)
    made = await paying_flow.load(conn, settlement_id)
    await tell_party(conn, insurer_id, EventType.INSURER_SETTLED, Teller.OPERATOR, data_of(made, "made"), now)
    if made.net:
        return made
    return await paying_flow.tell(conn, settlement_id, Step.PAID, Told(now, by, None, "nothing is owed"))


async def _book(
    conn: Connection, settlement_id: str, insurer_id: str, currency: str, backs: list[Back], owed: int, indemnity: int,
    now: datetime,
) -> None:  # fmt: skip
    """What comes back is owed with the rest, and what both owe is set off."""
    books: Books = {}
    if backs:
        places = {Place(LedgerAccount(one.account), one.owner): one.amount for one in backs}
        books[Occasion.GIVEN_BACK] = given_back(insurer_id, places)
    if alike := min(indemnity, owed):
        books[Occasion.INSURER_SETTLEMENT] = set_off(insurer_id, alike)
    await BOOK.execute(conn, booked=booked_by(settlement_id, books, currency, None, now.date(), now))


async def settlements(pool: Pool, insurer_id: str | None, after: str, limit: int) -> list[InsurerSettlement]:
    """An insurer's, or all; the oldest first."""
    return [settlement_of(row) for row in await pool.fetch(Q.list_settlements, insurer_id, after, limit)]
