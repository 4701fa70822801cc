"""What was kept long enough is forgotten: idempotency keys, events, and decisions that opened no plan.

It goes by real time only, never by a clock that somebody moved: what is forgotten is gone. Some thousand rows are one
transaction, so that nobody waits for it and nothing is lost with a process that is killed: the next one goes on.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from service import ids
from service.checkout.flow import Q as CHECKOUT
from service.config import Settings
from service.db import Pool
from service.engine.events import NUMBERED_AT_ONCE
from service.engine.queries import Q as ENGINE

KEYS: Final = timedelta(days=30)
AT_ONCE: Final = 5_000
FEEDS_AT_ONCE: Final = 500


class Keep(Struct, frozen=True):
    """How long."""

    events: timedelta
    decisions: timedelta


def keep_of(settings: Settings) -> Keep:
    """As it was set."""
    return Keep(timedelta(days=settings.keep_events_days), timedelta(days=settings.keep_decisions_days))


class Forgotten(Struct, frozen=True):
    """How many rows."""

    keys: int
    events: int
    decisions: int


async def forget(pool: Pool, keep: Keep, now: datetime) -> Forgotten:
    """Forgets what is older. Keys go first: an answer that is kept in a decision is not asked for any more."""
    keys = await _all(lambda: _keys(pool, now - KEYS))
    events = await _events(pool, now - keep.events)
    decisions = await _decisions(pool, now - keep.decisions)
    return Forgotten(keys, events, decisions)


async def _all(some: Callable[[], Awaitable[int]]) -> int:
    """Again and again until nothing is left."""
    forgotten = 0
    while done := await some():
        forgotten += done
    return forgotten


async def _keys(pool: Pool, before: datetime) -> int:
    return int((await pool.execute(ENGINE.forget_keys, before, AT_ONCE)).split()[-1])


async def _events(pool: Pool, before: datetime) -> int:
    """Of each merchant from its first number on; who never reads has events without a number, and they get one."""
    forgotten, last = 0, ""
    while feeds := await pool.fetch(ENGINE.list_feeds, last, FEEDS_AT_ONCE):
        for (merchant_id,) in feeds:
            await _all(lambda of=merchant_id: pool.fetchval(ENGINE.number_events, of, NUMBERED_AT_ONCE))  # type: ignore[misc]
            forgotten += await _all(lambda of=merchant_id: _events_of(pool, of, before))  # type: ignore[misc]
        last = feeds[-1]["merchant_id"]
    return forgotten


async def _events_of(pool: Pool, merchant_id: str, before: datetime) -> int:
    return await pool.fetchval(ENGINE.forget_events, merchant_id, before, AT_ONCE) or 0


async def _decisions(pool: Pool, before: datetime) -> int:
    """Bucket by bucket in the order of ids, which is that of time: one that opened a plan is looked at once a day."""
    forgotten, before_id = 0, ids.lowest(ids.DECISION, int(before.timestamp() * 1000))
    for bucket in range(ids.BUCKETS):
        after = ""
        while row := await pool.fetchrow(CHECKOUT.forget_decisions, bucket, after, before_id, AT_ONCE):
            after = row["looked_at"]
            forgotten += row["forgotten"]
    return forgotten
