"""Events: what happened, for those who listen. Told in the transaction itself; numbered, without gaps for each
merchant, when somebody reads them.
"""

from datetime import datetime

import asyncpg
from msgspec import Struct

from service.actor import ActorKind
from service.db import Connection, Pool
from service.engine.queries import Q
from service.errors import Code, Refused
from service.statement import Json, SmallInt, Statement


class Told(Struct, frozen=True, gc=False):
    """A row of `events`, about one thing: a plan, a decision or an account (of `consumer_id`)."""

    bucket: SmallInt
    event_id: str
    merchant_id: str
    type: str
    at: datetime
    actor: ActorKind  # in what role somebody brought it about
    data: Json
    plan_id: str | None = None
    decision_id: str | None = None
    consumer_id: str | None = None


TELL = Statement(Q.tell, told=Told)
NUMBERED_AT_ONCE = 2_000


async def open_feed(conn: Connection, merchant_id: str) -> None:
    """Where the numbers of a new merchant's events begin."""
    await conn.execute(Q.open_feed, merchant_id)


async def read_events(pool: Pool, merchant_id: str, after: int | None, limit: int) -> list[asyncpg.Record]:
    """The merchant's events after number `after`, or from the first there is, at most `limit`, in order; what has no
    number yet gets one first. Refused: EVENTS_GONE, where the next one is not kept any more."""
    rows = await _number_and_load(pool, merchant_id, after or 0, limit)
    if after is not None and not (rows and rows[0]["number"] == after + 1):
        first = await pool.fetchval(Q.first_number, merchant_id) or 1
        if after + 1 < first:
            sentence = (
                f"Events before number {first} are not kept any more: go on with after={first - 1}, or without it."
            )
            raise Refused(Code.EVENTS_GONE, sentence, "/after")
    return rows


async def _number_and_load(pool: Pool, merchant_id: str, after: int, limit: int) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await pool.fetch(Q.load_events, merchant_id, after, limit)
    given = NUMBERED_AT_ONCE
    while len(rows) < limit and given:  # read again also where none was left to number: another reader may have done it
        given = await pool.fetchval(Q.number_events, merchant_id, NUMBERED_AT_ONCE)
        rows = await pool.fetch(Q.load_events, merchant_id, after, limit)
    return rows
