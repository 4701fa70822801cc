"""Consumers come to another person: two people are found to be one, or one to be two.

Ids hold their bucket, so nothing is copied: the consumer says another person from now on, the person knows in which
buckets its consumers and plans stand, and what the consumer is known by names the other person. Each move is kept.
"""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from service import ids
from service.db import Connection, load_queries
from service.people.doubt import DoubtOutcome
from service.people.move import Move, MoveReason
from service.people.pausing_flow import hand_over, touch

Q: Final = load_queries(Path(__file__).with_name("moving.sql"))


class Called(Struct, frozen=True):
    """A consumer of a person."""

    consumer_id: str
    merchant_id: str
    is_test: bool  # a test merchant's


async def lock_people(conn: Connection, person_ids: Collection[str]) -> dict[str, str | None]:
    """Which of these people there are, and who each was found to be; held until the transaction ends."""
    rows = await conn.fetch(Q.lock_people, [ids.bucket_of(one) for one in person_ids], list(person_ids))
    return {row["person_id"]: row["merged_into"] for row in rows}


async def lock_consumers(conn: Connection, person_id: str) -> list[Called]:
    """All that merchants call this person, held until the transaction ends."""
    return [Called(*row) for row in await conn.fetch(Q.lock_consumers, ids.bucket_of(person_id), person_id)]


async def new_person(conn: Connection, bucket: int, now: datetime) -> str:
    """A person without consumers yet."""
    person_id = ids.new_id(ids.PERSON, bucket, int(now.timestamp() * 1000))
    await conn.execute(Q.insert_person, bucket, person_id, now)
    return person_id


async def settle_doubt(
    conn: Connection, one: str, other: str, outcome: DoubtOutcome, consumer_id: str, by: str, now: datetime
) -> None:
    """Whether these two are one person: nobody asks again."""
    first, second = sorted((one, other))
    bucket = ids.bucket_of(first)
    doubt_id = ids.new_id(ids.DOUBT, bucket, int(now.timestamp() * 1000))
    await conn.execute(Q.settle_doubt, bucket, doubt_id, first, second, consumer_id, outcome, now, by)


async def move(conn: Connection, one: Move, now: datetime) -> list[tuple[str, int]]:
    """Moves the consumers, and keeps that it did; each with its new version, for the cache.

    Whoever calls this holds the people, and the accounts if there are any.
    """
    buckets, consumers = [ids.bucket_of(consumer) for consumer in one.consumers], list(one.consumers)
    to_bucket, from_bucket = ids.bucket_of(one.to_id), ids.bucket_of(one.from_id)
    paused = False
    moved = await conn.fetch(Q.move_consumers, buckets, consumers, one.from_id, one.to_id)
    await conn.execute(Q.move_marks, buckets, consumers, one.from_id, one.to_id)
    await conn.execute(Q.stand_in, to_bucket, one.to_id, buckets)
    if one.reason is not MoveReason.SPLIT:
        await conn.execute(Q.end_person, from_bucket, one.from_id, one.to_id)
        paused = await hand_over(conn, one.from_id, one.to_id, now)
    await conn.execute(
        Q.record_move, from_bucket, ids.new_id(ids.MOVE, from_bucket, int(now.timestamp() * 1000)), one.from_id,
        one.to_id, consumers, one.reason, one.note, one.asked_by, one.approved_by, now,
    )  # fmt: skip
    told = {row["consumer_id"]: row["version"] for row in moved}
    return list((told | dict(await touch(conn, one.to_id)) if paused else told).items())
