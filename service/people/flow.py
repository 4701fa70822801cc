"""Consumers in the database: registered by a merchant's reference, or updated."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
from msgspec.structs import replace

from service import ids
from service.clusters import is_cluster
from service.data_key import DataKey, DataSecrets
from service.db import Connection, Pool, load_queries
from service.people import matching_flow as matching
from service.people.consumer import (
    Consumer,
    reference_indexes,
    seal_attributes,
    seal_reference,
    unseal_attributes,
    unseal_reference,
)
from service.people.matching_flow import Marked
from service.people.person import person_of
from service.spelling import composed, spellings

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))


def bucket_of(merchant_id: str, reference: str) -> int:
    """Where a reference is claimed, which is before anybody knows whose it is; however it is spelt."""
    return ids.bucket_for(merchant_id, composed(reference))


async def register(
    conn: Connection,
    secrets: DataSecrets,
    merchant_id: str,
    reference: str,
    attributes: Mapping[str, Any],
    persona: str | None,
    identifiers: Sequence[Marked],
    now: datetime,
) -> tuple[Consumer, DataKey]:
    """The consumer of this reference with these attributes, and no others; version 1 is a new one.

    The person is the one whom the identifiers name; a new consumer whom they name nobody for is a person of its own.
    """
    known, reference = await _find(conn, secrets, merchant_id, reference), composed(reference)
    claim = (bucket_of(merchant_id, reference), merchant_id)
    consumer = Consumer("", reference, dict(attributes), persona, 1, now, now)
    matched = await matching.find(conn, identifiers)
    if known:
        key = secrets.unwrapped(*known)
        bucket = ids.bucket_of(key.key_id)
        person_id = await matching.settle(conn, key.key_id, matched, now) if identifiers else ""
        row = await conn.fetchrow(Q.update_consumer, bucket, key.key_id, seal_attributes(key, attributes), now)
        assert row is not None
        await matching.keep(conn, key, person_id, identifiers, matched, now)
        return replace(consumer, consumer_id=key.key_id, **dict(row)), key
    bucket = ids.bucket_of(matched.person_id) if matched.person_id else ids.random_bucket()
    key, wrapped = secrets.new_key(ids.new_id(ids.CONSUMER, bucket, int(now.timestamp() * 1000)))
    person_id = matched.person_id or person_of(key.key_id)
    if matched.person_id is None:
        await conn.execute(Q.insert_person, bucket, person_id, now)
    index = reference_indexes(secrets, merchant_id, reference)[0]
    kept = (seal_reference(key, reference), seal_attributes(key, attributes), persona, now)
    if is_cluster(conn):
        row = None
        if await conn.fetchval(Q.claim_reference, *claim, index, key.key_id):
            await conn.execute(Q.insert_data_key, bucket, key.key_id, wrapped)
            row = await conn.fetchrow(Q.insert_claimed, bucket, key.key_id, person_id, merchant_id, *kept)
    else:
        row = await conn.fetchrow(Q.insert_consumer, *claim, index, bucket, key.key_id, person_id, *kept, wrapped)
    if row is None:
        raise matching.again()
    await matching.keep(conn, key, person_id, identifiers, matched, now)
    await matching.doubt(conn, person_id, matched.others, key.key_id, now)
    return replace(consumer, consumer_id=key.key_id, **dict(row)), key


async def find_consumer(conn: Connection | Pool, secrets: DataSecrets, merchant_id: str, reference: str) -> str | None:
    """The id of whom a merchant calls so; None: nobody, or one who was erased."""
    found = await _find(conn, secrets, merchant_id, reference)
    return None if found is None else str(found["consumer_id"])


async def _find(
    conn: Connection | Pool, secrets: DataSecrets, merchant_id: str, reference: str
) -> asyncpg.Record | None:
    """By the reference as it is kept now; else as it was spelt, which is how it was kept once."""
    for spelt in spellings(reference):
        claim = (ids.bucket_for(merchant_id, spelt), merchant_id)
        if found := await conn.fetchrow(Q.find_consumer, *claim, reference_indexes(secrets, merchant_id, spelt)):
            return found
    return None


async def load_consumer(
    conn: Connection | Pool, secrets: DataSecrets, consumer_id: str, merchant_id: str
) -> Consumer | None:
    """A consumer of this merchant."""
    row = await conn.fetchrow(Q.load_consumer, ids.bucket_of(consumer_id), consumer_id, merchant_id)
    if row is None:
        return None
    reference, attributes = "", {}
    if row["wrapped"] is not None:
        key = secrets.unwrapped(consumer_id, row["wrapped"])
        reference, attributes = unseal_reference(key, row["reference"]), unseal_attributes(key, row["attributes"])
    return Consumer(
        consumer_id, reference, attributes, row["persona"], row["version"], row["created_at"], row["updated_at"],
        row["erased_at"],
    )  # fmt: skip


async def data_keys(
    conn: Connection | Pool, secrets: DataSecrets, key_ids: Collection[str]
) -> dict[str, DataKey | None]:
    """The keys of these consumers and persons by their ids; None of those that were erased."""
    if not key_ids:
        return {}
    rows = await conn.fetch(Q.load_data_keys, [ids.bucket_of(one) for one in key_ids], list(key_ids))
    return {row[0]: secrets.unwrapped(row[0], row[1]) if row[1] is not None else None for row in rows}


async def make_key_of_person(conn: Connection, secrets: DataSecrets, person_id: str) -> None:
    """A person has a key from the first time on that something is said of a person, and not of a consumer."""
    _, wrapped = secrets.new_key(person_id)
    await conn.execute(Q.insert_data_key, ids.bucket_of(person_id), person_id, wrapped)
