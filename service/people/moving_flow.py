"""Consumers come to another person: two people are found to be one, or one to be two.

Ids hold their bucket, so nothing is copied: the consumer says another person from now on, the person knows in which
buckets its consumers and plans stand, and what the consumer is known by names the other person. Each move is kept.
"""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from msgspec import Struct

from service import ids
from service.db import Connection, load_queries

Q: Final = load_queries(Path(__file__).with_name("moving.sql"))


class MoveReason(StrEnum):
    """Why consumers came to another person. The check `person_moves_reason_is_known` says the same."""

    MATCHED = "matched"  # a registration named somebody known, and the consumer's own person had nothing yet
    MERGED = "merged"  # an operator found two people to be one
    SPLIT = "split"  # an operator found one person to be two


class Move(Struct, frozen=True):
    """Which consumers come from whom to whom, and why."""

    from_id: str
    to_id: str
    consumers: tuple[str, ...]
    reason: MoveReason
    note: str | None = None
    asked_by: str | None = None  # a key; None: nobody, a registration matched
    approved_by: str | None = None  # another person's


async def consumers_of(conn: Connection, person_id: str) -> list[str]:
    """All that merchants call this person."""
    rows = await conn.fetch(Q.list_consumers, ids.bucket_of(person_id), person_id)
    return [row["consumer_id"] for row in rows]


async def move(conn: Connection, one: Move, now: datetime) -> list[tuple[str, int]]:
    """Moves the consumers, and keeps that it did; each with its new version, for the cache.

    Whoever calls this holds the people, and the accounts if there are any.
    """
    buckets, consumers = [ids.bucket_of(consumer) for consumer in one.consumers], list(one.consumers)
    to_bucket, from_bucket = ids.bucket_of(one.to_id), ids.bucket_of(one.from_id)
    moved = await conn.fetch(Q.move_consumers, buckets, consumers, one.from_id, one.to_id)
    await conn.execute(Q.move_marks, buckets, consumers, one.from_id, one.to_id)
    await conn.execute(Q.stand_in, to_bucket, one.to_id, buckets)
    if one.reason is not MoveReason.SPLIT:
        await conn.execute(Q.end_person, from_bucket, one.from_id, one.to_id)
    await conn.execute(
        Q.record_move, from_bucket, ids.new_id(ids.MOVE, from_bucket, int(now.timestamp() * 1000)), one.from_id,
        one.to_id, consumers, one.reason, one.note, one.asked_by, one.approved_by, now,
    )  # fmt: skip
    return [(row["consumer_id"], row["version"]) for row in moved]
