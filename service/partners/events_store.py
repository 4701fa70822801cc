"""The partner's sub-ledger in the database: told with the transfers, numbered without gaps after their commit."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import asyncpg
from msgspec.structs import replace

from service import ids
from service.db import Connection, Pool, load_queries
from service.engine.events import OPERATORS, TELL, Told, open_feed
from service.event_type import EventType
from service.partners.event import PartnerEvent, PartnerEventView
from service.partners.layouts import TxnType
from service.statement import Statement

Q: Final = load_queries(Path(__file__).with_name("events.sql"))

TELL_PARTNERS: Final = Statement(Q.tell_partners, partnered=PartnerEvent)
NUMBERED_AT_ONCE: Final = 5_000
OPERATORS_HEAR: Final = (
    EventType.FILE_REFUSED, EventType.RECONCILIATION_FINISHED, EventType.BREAK_OPENED, EventType.BREAK_CHANGED,
    EventType.BREAK_COMMENTED, EventType.BREAK_RESOLVED, EventType.PARTNER_PAYOUT_RETURNED,
)  # fmt: skip
LOOKED_AT_MAX: Final = 10_000  # events, for a page of one type


async def tell_partner(connection: Connection, partner_id: str, told: list[Told]) -> None:
    """Tell the partner, in its own feed, which begins with the first of it; and operators, of what they look after."""
    if told:
        await open_feed(connection, partner_id)
        await TELL.execute(connection, told=told + [_to_operators(one) for one in told if one.type in OPERATORS_HEAR])


def _to_operators(one: Told) -> Told:
    event_id = ids.derive(ids.EVENT, one.event_id, 1)
    return replace(one, bucket=ids.bucket_of(event_id), event_id=event_id, merchant_id=OPERATORS)


async def number_all(connection: Connection, partner_id: str) -> None:
    """Number every event of the partner's that is committed by now."""
    while await connection.fetchval(Q.number_partner_events, partner_id, NUMBERED_AT_ONCE):
        pass


async def number_everybodys(pool: Pool) -> None:
    """The same for every partner: done all day long, it leaves little to do when a day is closed."""
    for (partner_id,) in await pool.fetch(Q.not_numbered):
        async with pool.acquire() as connection:
            await number_all(connection, partner_id)


async def read_partner_events(pool: Pool, partner_id: str, after: int, limit: int) -> list[PartnerEventView]:
    """The partner's events after number `after`, at most `limit`; what has no number yet gets one first."""
    rows = await pool.fetch(Q.load_partner_events, partner_id, after, limit)
    given = NUMBERED_AT_ONCE
    while len(rows) < limit and given:
        given = await pool.fetchval(Q.number_partner_events, partner_id, NUMBERED_AT_ONCE)
        rows = await pool.fetch(Q.load_partner_events, partner_id, after, limit)
    return _views(rows)


async def find_partner_events(
    pool: Pool, partner_id: str, after: int, limit: int, plan_id: str | None, of_type: TxnType | None
) -> tuple[list[PartnerEventView], int]:
    """Of the partner's events those of a plan, of a type, or both; and the number to go on after: nothing that is
    wanted lies between the two.

    Of a type alone, a page may be empty before the end: at most LOOKED_AT_MAX events are looked at for it.
    """
    while await pool.fetchval(Q.number_partner_events, partner_id, NUMBERED_AT_ONCE) == NUMBERED_AT_ONCE:
        continue
    if plan_id is None:
        found = await pool.fetch(Q.find_partner_events_of_type, partner_id, after, limit, of_type, LOOKED_AT_MAX)
    else:
        found = await pool.fetch(Q.find_partner_events_of_plan, partner_id, after, limit, plan_id, of_type)
    rows = [row for row in found if row["number"] is not None]
    if len(rows) == limit:
        return _views(rows), rows[-1]["number"]
    return _views(rows), max(after, (found[0]["looked_until"] if found else None) or 0)


def _views(rows: Iterable[asyncpg.Record]) -> list[PartnerEventView]:
    return [PartnerEventView(**{name: row[name] for name in _FIELDS} | {"type": TxnType(row["type"])}) for row in rows]


_FIELDS: Final = PartnerEventView.__struct_fields__
