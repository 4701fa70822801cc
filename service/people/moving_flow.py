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
from service.people.pausing_flow import buckets_of, hand_over, touch
from service.statement import ShardByShard

Q: Final = load_queries(Path(__file__).with_name("moving.sql"))
_LOCK_PEOPLE: Final = ShardByShard(Q.lock_people)
_LOCK_CONSUMERS: Final = ShardByShard(Q.lock_consumers)


class Called(Struct, frozen=True):
    """A consumer of a person."""

    consumer_id: str
    merchant_id: str
    is_test: bool  # a test merchant's


async def lock_people(conn: Connection, person_ids: Collection[str]) -> dict[str, str | None]:
    """Which of these people there are, and who each was found to be; held until the transaction ends."""
    buckets = [ids.bucket_of(one) for one in person_ids]
    rows = await _LOCK_PEOPLE.fetch(conn, buckets, list(person_ids), buckets=buckets)
    return {row["person_id"]: row["merged_into"] for row in rows}


async def lock_consumers(conn: Connection, person_id: str) -> list[Called]:
    """All that merchants call this person, held until the transaction ends."""
    buckets = await buckets_of(conn, person_id)
    rows = await _LOCK_CONSUMERS.fetch(conn, buckets, person_id, buckets=buckets)
    tests = await test_merchants(conn, {row["merchant_id"] for row in rows})
    called = [Called(row["consumer_id"], row["merchant_id"], row["merchant_id"] in tests) for row in rows]
    return sorted(called, key=lambda one: one.consumer_id)


async def test_merchants(conn: Connection, merchant_ids: Collection[str]) -> set[str]:
    """Those of the merchants that only try."""
    return {row["merchant_id"] for row in await conn.fetch(Q.find_test_merchants, list(merchant_ids))}


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
    await _move_marks(conn, buckets, consumers, one)
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


async def _move_marks(conn: Connection, buckets: list[int], consumers: list[str], one: Move) -> None:
    """What they are known by names the other person, unless somebody who stays is known by it."""
    gone = {row["mark"] for row in await conn.fetch(Q.list_marks, buckets, consumers)}
    gone -= {row["mark"] for row in await conn.fetch(Q.marks_of_person, list(gone), one.from_id)}
    if gone:
        marks = sorted(gone)
        await conn.execute(Q.move_marks, [bucket_of_mark(mark) for mark in marks], marks, one.from_id, one.to_id)


def bucket_of_mark(mark: bytes) -> int:
    """Where `person_marks` has it."""
    return int.from_bytes(mark[:2]) % ids.BUCKETS
