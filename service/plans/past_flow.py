"""Counting what is behind a consumer, so that nobody reads it plan by plan again (the table `pasts`).

Whoever has read a long past has it counted, beside what was asked: a consumer with few plans costs nobody a write. On a
cluster nothing is counted, and every plan is read.
"""

import asyncio
import logging
from pathlib import Path
from typing import Final

from service import ids
from service.clusters import is_cluster
from service.db import Connection, Pool, load_queries

Q: Final = load_queries(Path(__file__).with_name("past.sql"))
LONG: Final = 32  # plans that are over and were read one by one
AT_ONCE: Final = 1_000

log: Final = logging.getLogger("tenor.plans")


class Pasts:
    """`count` returns at once; one past is counted at a time, and who finds another under way comes again."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._task: asyncio.Task[None] | None = None

    def count(self, bucket: int, person_id: str, currency: str) -> None:
        """Counts the plans of a person that are over, of one bucket and currency."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._count(bucket, person_id, currency))

    async def close(self) -> None:
        """Finishes what is under way."""
        if self._task is not None:
            await self._task

    async def _count(self, bucket: int, person_id: str, currency: str) -> None:
        try:
            async with self._pool.acquire() as conn:
                await count_past(conn, bucket, person_id, currency)
        except Exception:
            log.exception("a past was not counted")  # the next who reads it tries again


async def count_past(conn: Connection, bucket: int, person_id: str, currency: str) -> None:
    """The same, each part in a transaction of its own."""
    if is_cluster(conn):
        return
    while await conn.fetchval(Q.count_past, bucket, person_id, currency, AT_ONCE) == AT_ONCE:
        pass


async def count_all_proved_anew(pool: Pool) -> None:
    """Plans that were counted as paid off on a word, and that word is proved by now, are read as they are again."""
    async with pool.acquire() as conn:
        last = (-1, "")
        while not is_cluster(conn) and (rows := await conn.fetch(Q.count_proved_anew, *last, AT_ONCE)):
            last = max((row["bucket"], row["plan_id"]) for row in rows)


async def count_plan_anew(conn: Connection, plan_id: str) -> None:
    """The same of a plan of which a word is proved by now."""
    await conn.execute(Q.count_plan_anew, ids.bucket_of(plan_id), plan_id)
