"""Settlements in the database: made for every day that has ended, once, in the order of the days; and looked up.

A day on which nothing moved has none. Days that were missed are caught up, one by one, as if each had been settled in
its time. Several may do this beside each other; cut short, it goes on where it was.
"""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from msgspec import structs

from service import ids
from service.actor import ActorKind
from service.db import Connection, Pool, load_queries
from service.engine.events import TELL, Told
from service.errors import Code, Refused
from service.event_type import EventType
from service.ledger.store import BOOK, booked_by
from service.merchants.fee import Volume
from service.merchants.paying_flow import make_payout, pay_tests
from service.merchants.settlement import (
    NOTHING_LEFT,
    TOLD_BY,
    Due,
    Left,
    Line,
    LineKind,
    LineTotal,
    Settlement,
    books_of,
    settled,
)
from service.merchants.settlement_terms import DAY, NO_TERMS, SettlementTerms, period_end
from service.merchants.telling import told_of_money
from service.statement import Int, Json, Statement, together

Q: Final = load_queries(Path(__file__).with_name("settling.sql"))

MERCHANTS_AT_ONCE: Final = 1_000
MOMENT: Final = timedelta(milliseconds=1)
PATIENCE_S: Final = 300  # a day of a large merchant may take longer than a request's statement may


class MadeSettlement(Settlement, frozen=True, kw_only=True):
    """A row of `settlements`."""

    totals: Json  # type: ignore[assignment]
    number: Int
    terms_version: Int
    lines: Int


_MAKE: Final = together(BOOK, settlements_made=Statement(Q.insert_settlements, made=MadeSettlement), events_told=TELL)


async def settle_all(pool: Pool, now: datetime) -> int:
    """Settles every day that has ended in its merchant's time zone; how many settlements that made."""
    made, last = 0, ""
    while merchants := await pool.fetch(Q.merchants_to_settle, last, MERCHANTS_AT_ONCE):
        for merchant in merchants:
            made += await _settle_days(pool, merchant, now)
        last = merchants[-1]["merchant_id"]
    return made


async def settle_one(pool: Pool, merchant_id: str, now: datetime) -> int:
    """The same of one merchant."""
    merchant = await pool.fetchrow(Q.merchant_to_settle, merchant_id)
    return await _settle_days(pool, merchant, now) if merchant else 0


async def _settle_days(pool: Pool, merchant: asyncpg.Record, now: datetime) -> int:
    merchant_id, theirs = merchant["merchant_id"], now + merchant["ahead"]
    until = theirs.astimezone(ZoneInfo(merchant["time_zone"])).date() - DAY
    if '"tiers"' in merchant["fees"]:
        await _count_volumes(pool, merchant_id, until)
    if merchant["settled_until"] is not None and merchant["settled_until"] >= until:
        return 0
    made = 0
    async with pool.acquire() as conn:
        while True:
            async with conn.transaction():
                await conn.execute(f"set local statement_timeout = '{PATIENCE_S}s'")
                await conn.execute(Q.lock_merchant, merchant_id, timeout=PATIENCE_S)
                version, terms = await _terms(conn, merchant_id)
                due = await _due(conn, merchant_id, until, terms)
                if due is None:
                    if merchant["is_test"]:
                        await pay_tests(conn, merchant_id, until + DAY, theirs)
                    await conn.execute(Q.settled_until, merchant_id, until)
                    return made
                at = theirs + made * MOMENT  # so that their ids are in their order
                await _settle(conn, merchant_id, due, terms, version, at)
                made += 1


async def _count_volumes(pool: Pool, merchant_id: str, until: date) -> None:
    """Keeps what a merchant has captured in the month of the day after `until`: its fees depend on it."""
    month = (until + DAY).replace(day=1)
    found = await pool.fetch(Q.captured_since, merchant_id, month, until, timeout=PATIENCE_S)
    volumes = {currency: Volume(month, max(captured, 0)) for currency, captured in found}
    await pool.execute(Q.keep_volumes, merchant_id, msgspec.json.encode(volumes, order="deterministic").decode())


class Next(msgspec.Struct, frozen=True):
    """What is to be settled next."""

    business_on: date
    currency: str
    left: Left


async def _due(conn: Connection, merchant_id: str, until: date, terms: SettlementTerms) -> Next | None:
    """The earliest day of any currency on which a period ends that has something to settle."""
    rows = await conn.fetch(Q.left_of, merchant_id)
    left = {currency: Left(number, closing, on) for currency, number, closing, on, _ in rows}
    days = {(currency, due_on) for currency, *_, due_on in rows if due_on is not None}
    days |= {tuple(row) for row in await conn.fetch(Q.untold_days, merchant_id, until, timeout=PATIENCE_S)}
    days |= {(currency, one.next_on) for currency, one in left.items() if terms.pays(currency, one.closing)}
    found = []
    for currency, day in days:
        one = left.get(currency, NOTHING_LEFT)
        business_on = period_end(terms.every, max(day, one.next_on))
        if business_on <= until:
            found.append(Next(business_on, currency, one))
    return min(found, key=lambda due: (due.business_on, due.currency), default=None)


async def _settle(
    conn: Connection, merchant_id: str, due: Next, terms: SettlementTerms, version: int, now: datetime
) -> None:
    settlement_id = ids.new_id(ids.SETTLEMENT, ids.bucket_for(merchant_id), int(now.timestamp() * 1000))
    on, currency = due.business_on, due.currency
    found = await conn.fetch(
        Q.tell_lines, merchant_id, currency, on, settlement_id, list(map(str, TOLD_BY)), timeout=PATIENCE_S
    )
    totals = [LineTotal(LineKind(kind), *sums) for kind, *sums in found]
    released, billed = await conn.fetchrow(Q.due, merchant_id, currency, due.left.business_on, on) or (0, 0)
    earlier = Due(released, billed)
    one = settled(settlement_id, merchant_id, currency, on, due.left, totals, earlier, terms, version, now)
    made = MadeSettlement(**structs.asdict(one) | {"totals": msgspec.json.encode(totals).decode()})
    booked = booked_by(settlement_id, books_of(one, merchant_id), currency, merchant_id, on, now)
    await _MAKE.execute(conn, made=[made], booked=booked, told=[_told(one, merchant_id)])
    await make_payout(conn, one, merchant_id)


def _told(one: Settlement, merchant_id: str) -> Told:
    data = {
        "settlement_id": one.settlement_id, "number": one.number, "currency": one.currency,
        "business_on": one.business_on, "payout": one.payout, "pays_on": one.pays_on, "closing": one.closing,
    }  # fmt: skip
    return told_of_money(EventType.SETTLEMENT_MADE, one.settlement_id, merchant_id, ActorKind.DAY, data, one.made_at)


# Terms ----------------------------------------------------------------------------------------------------------------


async def agree(conn: Connection, merchant_id: str, terms: SettlementTerms, now: datetime) -> int:
    """Writes down how a merchant is settled from the next settlement on; the version of the terms.

    Refused: NOT_FOUND.
    """
    await conn.execute(Q.lock_merchant, merchant_id)
    try:
        version: int = await conn.fetchval(Q.agree, merchant_id, msgspec.json.encode(terms).decode(), now)
    except asyncpg.ForeignKeyViolationError:
        raise Refused(Code.NOT_FOUND, f"There is no merchant {merchant_id[:100]!r}.", "/id") from None
    return version


async def load_terms(pool: Pool, merchant_id: str) -> tuple[int, SettlementTerms]:
    """How a merchant is settled now, and the version of that; version 0: nothing was agreed."""
    async with pool.acquire() as conn:
        return await _terms(conn, merchant_id)


async def _terms(conn: Connection, merchant_id: str) -> tuple[int, SettlementTerms]:
    row = await conn.fetchrow(Q.terms_of, merchant_id)
    return (row["version"], msgspec.json.decode(row["terms"], type=SettlementTerms)) if row else (0, NO_TERMS)


# Looking up: oldest first, the next page starts `after` the last one of this ------------------------------------------


async def settlements(
    pool: Pool, merchant_ids: list[str], after: str, limit: int, currency: str | None, first_on: date | None,
    last_on: date | None,
) -> list[Settlement]:  # fmt: skip
    """Settlements of some merchants, of a currency and of the days until which they are, where these are named."""
    rows = await pool.fetch(Q.list_settlements, merchant_ids, after, limit, currency, first_on, last_on)
    return [_settlement(row) for row in rows]


async def settlement(pool: Pool, merchant_id: str, settlement_id: str) -> Settlement:
    """One of them. Refused: NOT_FOUND."""
    row = await pool.fetchrow(Q.settlement, merchant_id, settlement_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no settlement {settlement_id[:100]!r}.", "/id")
    return _settlement(row)


async def lines(pool: Pool, merchant_id: str, settlement_id: str, after: int, limit: int) -> list[Line]:
    """The lines of a settlement of the merchant's, after a number."""
    return [Line(**row) for row in await pool.fetch(Q.lines_of, merchant_id, settlement_id, after, limit)]


def _settlement(row: asyncpg.Record) -> Settlement:
    totals = msgspec.json.decode(row["totals"], type=tuple[LineTotal, ...])
    return Settlement(**{name: row[name] for name in Settlement.__struct_fields__} | {"totals": totals})
