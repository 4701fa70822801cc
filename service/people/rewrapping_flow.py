"""After another TENOR_DATA_SECRET has taken the place of the one before: all that was made with that one is made anew.

Data keys are wrapped by the present secret; what they seal stays as it is. References and identifiers are found by
their new blind indexes. Some hundred keys go in one transaction, in the order of their ids, and a second run finds
nothing to do: it may be stopped and begun again. Meanwhile every process finds people by both.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import asyncpg
from msgspec import Struct

from service import ids
from service.clusters import is_cluster
from service.data_key import DataKey, DataSecrets
from service.db import Connection, columns, load_queries
from service.people.consumer import reference_indexes, unseal_reference
from service.people.flow import bucket_of
from service.people.matching_flow import Q as MATCHING
from service.people.matching_flow import identifier_marks, seal_identifier, unseal_identifier
from service.people.moving_flow import bucket_of_mark, test_merchants
from service.statement import ShardByShard

Q: Final = load_queries(Path(__file__).with_name("rewrapping.sql"))
_HOLD_CONSUMERS: Final = ShardByShard(Q.hold_consumers)

AT_ONCE: Final = 200


class Rewrapped(Struct):
    """How much was made anew."""

    keys: int = 0
    references: int = 0
    identifiers: int = 0


async def rewrap_some(
    conn: Connection, secrets: DataSecrets, after: tuple[int, str], made: Rewrapped
) -> tuple[int, str] | None:
    """The next keys, with what is found by indexes of the same secret, in the caller's transaction; None: there are no
    more. Raises `DoesNotOpen` for a key that no secret of ours has wrapped."""
    rows = await _hold_keys(conn, after)
    if not rows:
        return None
    keys = {row["key_id"]: secrets.unwrapped(row["key_id"], row["wrapped"]) for row in rows}
    anew = [(row["bucket"], row["key_id"], secrets.wrapped_anew(row["key_id"], row["wrapped"])) for row in rows]
    if wrapped := [one for one in anew if one[2] is not None]:
        await conn.execute(Q.wrap_keys, *columns(wrapped))
        made.keys += len(wrapped)
    places = [row["bucket"] for row in rows], list(keys)
    held = await _HOLD_CONSUMERS.fetch(conn, *places, buckets=places[0])
    consumers = {row["consumer_id"]: row for row in held}
    made.references += await _references(conn, secrets, keys, list(consumers.values()))
    made.identifiers += await _identifiers(
        conn, secrets, keys, consumers, await conn.fetch(Q.list_identifiers, *places)
    )
    return rows[-1]["bucket"], rows[-1]["key_id"]


async def _hold_keys(conn: Connection, after: tuple[int, str]) -> Sequence[asyncpg.Record]:
    """On a cluster those of one bucket."""
    if not is_cluster(conn):
        return await conn.fetch(Q.hold_keys, *after, AT_ONCE)
    bucket, last = max(after[0], 0), after[1]
    while not (rows := await conn.fetch(Q.hold_keys_of_bucket, bucket, last, AT_ONCE)) and bucket < ids.BUCKETS - 1:
        bucket, last = bucket + 1, ""
    return rows


async def count_left(conn: Connection, secrets: DataSecrets) -> int:
    """Keys that another secret than the present one has wrapped."""
    return int(await conn.fetchval(Q.count_left, secrets.mark))


async def _references(
    conn: Connection, secrets: DataSecrets, keys: Mapping[str, DataKey], consumers: Sequence[asyncpg.Record]
) -> int:
    moved = []
    for row in consumers:
        merchant_id, reference = row["merchant_id"], unseal_reference(keys[row["consumer_id"]], row["reference"])
        present, *former = reference_indexes(secrets, merchant_id, reference)
        claimed_in = bucket_of(merchant_id, reference)
        moved += [(claimed_in, merchant_id, one, present, row["consumer_id"]) for one in former]
    return len(await conn.fetch(Q.move_references, *columns(moved))) if moved else 0


async def _identifiers(
    conn: Connection, secrets: DataSecrets, keys: Mapping[str, DataKey], consumers: Mapping[str, asyncpg.Record],
    identifiers: Sequence[asyncpg.Record],
) -> int:  # fmt: skip
    tests = await test_merchants(conn, {row["merchant_id"] for row in consumers.values()})
    kept, gone, followed = [], [], []
    for row in identifiers:
        consumer_id, former = row["consumer_id"], row["mark"]
        key, whose = keys[consumer_id], consumers[consumer_id]
        text = unseal_identifier(key, row["sealed"], former)
        merchant_id = whose["merchant_id"]  # of a test merchant the identifiers stand apart
        mark = identifier_marks(secrets, merchant_id if merchant_id in tests else "", text)[0]
        if mark == former:
            continue
        bucket = ids.bucket_of(consumer_id)
        kept.append((
            bucket, consumer_id, mark, row["kind"], row["counts"], row["verified"], row["kept_at"],
            seal_identifier(key, text, mark),
        ))  # fmt: skip
        gone.append((bucket, consumer_id, former))
        if row["counts"]:
            followed.append((former, mark, whose["person_id"]))
    if not kept:
        return 0
    await conn.execute(MATCHING.keep_identifiers, *columns(kept))
    await conn.execute(Q.drop_identifiers, *columns(gone))
    if followed:
        marks = [(former, bucket_of_mark(mark), mark) for former, mark, _ in followed]
        await conn.execute(Q.follow_marks, *columns(marks))
    for former, _, person_id in followed:  # which another consumer of the person may still have
        await conn.execute(MATCHING.drop_marks, [bucket_of_mark(former)], [former], person_id)
    return len(kept)
