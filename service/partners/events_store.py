"""The partner's sub-ledger in the database: told with the transfers, numbered without gaps after their commit."""

from pathlib import Path
from typing import Final

from service.db import Connection, Pool, load_queries
from service.partners.event import PartnerEvent, PartnerEventView
from service.partners.layouts import TxnType
from service.statement import Statement

Q: Final = load_queries(Path(__file__).with_name("events.sql"))

TELL_PARTNERS: Final = Statement(Q.tell_partners, partnered=PartnerEvent)
NUMBERED_AT_ONCE: Final = 5_000


async def number_all(connection: Connection, partner_id: str) -> None:
    """Number every event of the partner's that is committed by now."""
    while await connection.fetchval(Q.number_partner_events, partner_id, NUMBERED_AT_ONCE):
        pass


async def read_partner_events(pool: Pool, partner_id: str, after: int, limit: int) -> list[PartnerEventView]:
    """The partner's events after number `after`, at most `limit`; what has no number yet gets one first."""
    rows = await pool.fetch(Q.load_partner_events, partner_id, after, limit)
    given = NUMBERED_AT_ONCE
    while len(rows) < limit and given:
        given = await pool.fetchval(Q.number_partner_events, partner_id, NUMBERED_AT_ONCE)
        rows = await pool.fetch(Q.load_partner_events, partner_id, after, limit)
    return [PartnerEventView(**(dict(row) | {"type": TxnType(row["type"])})) for row in rows]
