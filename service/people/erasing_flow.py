"""Erasing consumers, and persons with all of theirs: the keys of what is personal are destroyed, in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg
from msgspec import Struct

from service import ids
from service.data_key import DataSecrets
from service.db import Connection, load_queries
from service.limits.flow import lock_all
from service.people.consumer import reference_indexes, unseal_reference
from service.people.flow import bucket_of
from service.people.matching_flow import Q as MATCHING
from service.people.moving_flow import bucket_of_mark
from service.people.pausing_flow import buckets_of

Q: Final = load_queries(Path(__file__).with_name("erasing.sql"))


class Erasable(Struct, frozen=True):
    """A consumer that was not erased yet."""

    consumer_id: str
    person_id: str
    merchant_id: str
    reference: str


async def hold(
    conn: Connection, secrets: DataSecrets, person_id: str, consumer_id: str | None = None
) -> list[Erasable]:
    """The person's consumers, or one of them; nobody opens a plan of theirs until the transaction ends."""
    bucket = ids.bucket_of(person_id)
    await lock_all(conn, (person_id,))
    rows = await conn.fetch(Q.list_consumers, bucket, person_id, consumer_id)
    return [
        Erasable(
            row["consumer_id"], row["person_id"], row["merchant_id"],
            unseal_reference(secrets.unwrapped(row["consumer_id"], row["wrapped"]), row["reference"]),
        )
        for row in rows
    ]  # fmt: skip


async def what_keeps(conn: Connection, consumers: Sequence[Erasable]) -> list[asyncpg.Record]:
    """What was decided on them, by policy."""
    return await conn.fetch(
        Q.load_what_keeps, [ids.bucket_of(one.consumer_id) for one in consumers], [one.consumer_id for one in consumers]
    )


async def erase(
    conn: Connection, secrets: DataSecrets, consumers: Sequence[Erasable], by: str, now: datetime
) -> dict[str, int]:
    """Destroys their keys, and takes away what finds them; their versions now, for the cache."""
    key_ids = [one.consumer_id for one in consumers]
    await conn.execute(Q.destroy_keys, [ids.bucket_of(one) for one in key_ids], key_ids, now, by)
    for person_id in {one.person_id for one in consumers}:
        if persons := await _persons_gone(conn, person_id):
            await conn.execute(Q.destroy_keys, [ids.bucket_of(one) for one in persons], persons, now, by)
    versions: dict[str, int] = {}
    for one in consumers:
        bucket = ids.bucket_of(one.consumer_id)
        indexes = reference_indexes(secrets, one.merchant_id, one.reference)
        claimed_in = bucket_of(one.merchant_id, one.reference)
        await conn.execute(Q.forget_reference, claimed_in, one.merchant_id, indexes, one.consumer_id)
        gone = await conn.fetch(Q.forget_identifiers, bucket, one.consumer_id)
        marks = [row["mark"] for row in gone if row["counts"]]
        if marks:
            await conn.fetch(MATCHING.drop_marks, [bucket_of_mark(mark) for mark in marks], marks, one.person_id)
        versions[one.consumer_id] = await conn.fetchval(Q.mark_changed, bucket, one.consumer_id, now)
    return versions


async def _persons_gone(conn: Connection, person_id: str) -> list[str]:
    """The person, and those whose consumers came to this one: of whom no consumer is left, nor of this one."""
    if await _has_consumers(conn, person_id):
        return []
    came, last = {person_id}, [person_id]
    while last:
        last = [row["from_id"] for row in await conn.fetch(Q.came_from, last) if row["from_id"] not in came]
        came |= set(last)
    return sorted([one for one in came if one == person_id or not await _has_consumers(conn, one)])


async def _has_consumers(conn: Connection, person_id: str) -> bool:
    found: bool = await conn.fetchval(Q.has_consumers, await buckets_of(conn, person_id), person_id)
    return found
