"""Consumers in the database: registered by a merchant's reference, or updated."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from service import ids
from service.db import Connection, load_queries
from service.people.person import person_of

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))


def bucket_of(merchant_id: str, reference: str) -> int:
    """The bucket of the consumer whom this merchant calls so, and of the person."""
    return ids.bucket_for(merchant_id, reference)


async def register(
    conn: Connection, merchant_id: str, reference: str, attributes: Mapping[str, Any], now: datetime
) -> asyncpg.Record:
    """The consumer of this reference with these attributes, and no others; version 1 is a new one, with its person."""
    bucket = bucket_of(merchant_id, reference)
    consumer_id = ids.new_id(ids.CONSUMER, bucket, int(now.timestamp() * 1000))
    text = msgspec.json.encode(attributes).decode()
    row = await conn.fetchrow(
        Q.upsert_consumer, bucket, consumer_id, person_of(consumer_id), merchant_id, reference, text, now
    )
    assert row is not None
    return row
