"""Consumers in the database: registered by a merchant's reference, or updated."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from service import ids
from service.db import Connection, load_queries
from service.people import matching_flow as matching
from service.people.matching_flow import Marked
from service.people.person import person_of

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))


def bucket_of(merchant_id: str, reference: str) -> int:
    """Where a reference is claimed, which is before anybody knows whose it is."""
    return ids.bucket_for(merchant_id, reference)


async def register(
    conn: Connection,
    merchant_id: str,
    reference: str,
    attributes: Mapping[str, Any],
    identifiers: Sequence[Marked],
    now: datetime,
) -> asyncpg.Record:
    """The consumer of this reference with these attributes, and no others; version 1 is a new one.

    The person is the one whom the identifiers name; a new consumer whom they name nobody for is a person of its own.
    """
    claim = (bucket_of(merchant_id, reference), merchant_id, reference)
    text = msgspec.json.encode(attributes).decode()
    matched = await matching.find(conn, identifiers)
    if known := await conn.fetchval(Q.find_consumer, *claim):
        person_id = await matching.settle(conn, known, matched, now) if identifiers else ""
        row = await conn.fetchrow(Q.update_consumer, ids.bucket_of(known), known, text, now)
        assert row is not None
        await matching.keep(conn, known, person_id, identifiers, matched, now)
        return row
    bucket = ids.bucket_of(matched.person_id) if matched.person_id else ids.random_bucket()
    consumer_id = ids.new_id(ids.CONSUMER, bucket, int(now.timestamp() * 1000))
    person_id = matched.person_id or person_of(consumer_id)
    if matched.person_id is None:
        await conn.execute(Q.insert_person, bucket, person_id, now)
    row = await conn.fetchrow(
        Q.insert_consumer, claim[0], bucket, consumer_id, person_id, merchant_id, reference, text, now
    )
    if row is None:
        raise matching.again()
    await matching.keep(conn, consumer_id, person_id, identifiers, matched, now)
    await matching.doubt(conn, person_id, matched.others, consumer_id, now)
    return row
