"""Events: what happened, for those who listen. Told in the transaction itself; numbered, without gaps for each
merchant, when somebody reads them.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import Struct

from service import ids
from service.db import Connection, Pool
from service.engine.queries import Q
from service.errors import Code, Refused
from service.statement import Json, Row, SmallInt, Statement


class Told(Row, frozen=True, gc=False):
    """A row of `events`, about one thing: a plan, a decision or an account (of `consumer_id`)."""

    bucket: SmallInt
    event_id: str
    merchant_id: str
    type: str
    at: datetime
    actor: StrEnum  # in what role somebody brought it about
    data: Json
    plan_id: str | None = None
    decision_id: str | None = None
    consumer_id: str | None = None


TELL = Statement(Q.tell, told=Told)
OPERATORS: Final = "operators"  # the feed of all who act for the lender: its row is there from the beginning
NUMBERED_AT_ONCE = 2_000
LOOKED_AT_MAX = 10_000  # events, for a page of one type


async def open_feed(conn: Connection, merchant_id: str) -> None:
    """Where the numbers of a merchant's or partner's events begin; nothing, where that is known."""
    await conn.execute(Q.open_feed, merchant_id)


def told_to_operators(
    type_: str, actor: StrEnum, data: dict[str, Any], at: datetime, event_id: str | None = None, **about: str
) -> Told:
    """An event of the operators' feed. With an `event_id` it is told once, whoever tells it."""
    made = event_id or ids.new_id(ids.EVENT, ids.bucket_for(OPERATORS), int(at.timestamp() * 1000))
    return Told(ids.bucket_of(made), made, OPERATORS, type_, at, actor, msgspec.json.encode(data).decode(), **about)


class Wanted(Struct, frozen=True):
    """Which of a feed's events are asked for."""

    type: str | None = None
    subject: str | None = None  # the id of a plan, a decision or a consumer

    @property
    def is_all(self) -> bool:
        """Whether no event is left out."""
        return self.type is None and self.subject is None


class Page(Struct, frozen=True):
    """Events in order, and the number to go on after: nothing that is wanted lies between the two."""

    rows: list[asyncpg.Record]
    after: int


async def read_events(
    pool: Pool, merchant_id: str, after: int | None, limit: int, wanted: Wanted | None = None
) -> Page:
    """The merchant's events after number `after`, or from the first there is, at most `limit`, in order; what has no
    number yet gets one first. Of one type, a page may be empty before the end: at most LOOKED_AT_MAX events are looked
    at for it. Refused: EVENTS_GONE, where the next one is not kept any more."""
    since, wanted = after or 0, wanted or Wanted()
    if wanted.is_all:
        rows = await _number_and_load(pool, merchant_id, since, limit)
        page = Page(rows, rows[-1]["number"] if rows else since)
    else:
        page = await _number_and_find(pool, merchant_id, since, limit, wanted)
    if after is not None and not (page.rows and page.rows[0]["number"] == after + 1):
        first = await pool.fetchval(Q.first_number, merchant_id) or 1
        if after + 1 < first:
            sentence = (
                f"Events before number {first} are not kept any more: go on with after={first - 1}, or without it."
            )
            raise Refused(Code.EVENTS_GONE, sentence, "/after")
    return page


async def _number_and_load(pool: Pool, merchant_id: str, after: int, limit: int) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await pool.fetch(Q.load_events, merchant_id, after, limit)
    given = NUMBERED_AT_ONCE
    while len(rows) < limit and given:  # read again also where none was left to number: another reader may have done it
        given = await pool.fetchval(Q.number_events, merchant_id, NUMBERED_AT_ONCE)
        rows = await pool.fetch(Q.load_events, merchant_id, after, limit)
    return rows


async def _number_and_find(pool: Pool, merchant_id: str, after: int, limit: int, wanted: Wanted) -> Page:
    while await pool.fetchval(Q.number_events, merchant_id, NUMBERED_AT_ONCE) == NUMBERED_AT_ONCE:
        continue
    if wanted.subject is None:
        found = await pool.fetch(Q.find_events_of_type, merchant_id, after, limit, wanted.type, LOOKED_AT_MAX)
    else:
        bucket = ids.bucket_of(wanted.subject)
        found = await pool.fetch(Q.find_events_about, merchant_id, after, limit, bucket, wanted.subject, wanted.type)
    rows = [row for row in found if row["number"] is not None]
    looked_until = found[0]["looked_until"] if found else None
    return Page(rows, rows[-1]["number"] if len(rows) == limit else max(looked_until or 0, after))
