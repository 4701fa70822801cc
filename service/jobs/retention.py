"""What was kept long enough is forgotten: idempotency keys, events, deliveries, decisions that opened no plan, what was
asked outside for them, the first entries of the audit log; and of partners' files the rows, a month at a time.

It goes by real time only, never by a clock that somebody moved: what is forgotten is gone. Some thousand rows are one
transaction, so that nobody waits for it and nothing is lost with a process that is killed: the next one goes on.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg
from msgspec import Struct

from service import ids
from service.audit.flow import forget_entries
from service.checkout.flow import Q as CHECKOUT
from service.config import Settings
from service.db import Connection, Pool, load_queries
from service.engine.events import NUMBERED_AT_ONCE
from service.engine.queries import Q as ENGINE
from service.law.book import LAW, LegalRule
from service.outside.flow import Q as OUTSIDE
from service.partners.months_flow import Rows, forget_month, make_months_ahead
from service.statement import ShardByShard
from service.webhooks.store import Q as WEBHOOKS

Q: Final = load_queries(Path(__file__).with_name("retention.sql"))
_FORGET_KEYS: Final = ShardByShard(ENGINE.forget_keys)

log: Final = logging.getLogger("tenor.jobs")

KEYS: Final = timedelta(days=30)
LAWS: Final = {
    "decisions": LegalRule.RETENTION_MONTHS,
    "enquiries": LegalRule.RETENTION_MONTHS,
    "audit": LegalRule.COMPLIANCE_RETENTION_MONTHS,
}
AT_ONCE: Final = 5_000
DAYS_OF_A_MONTH: Final = 31  # at most
FEEDS_AT_ONCE: Final = 500


class Keep(Struct, frozen=True):
    """How long. Of decisions, enquiries and the audit log nothing goes that a law wants kept, whatever this says."""

    events: timedelta
    deliveries: timedelta
    decisions: timedelta
    enquiries: timedelta
    audit: timedelta
    positions: timedelta
    files: timedelta  # the bytes of ours
    received: timedelta  # the rows of partners'


def keep_of(settings: Settings) -> Keep:
    """As it was set."""
    return Keep(
        timedelta(days=settings.keep_events_days), timedelta(days=settings.keep_deliveries_days),
        timedelta(days=settings.keep_decisions_days), timedelta(days=settings.keep_enquiries_days),
        timedelta(days=settings.keep_audit_days), timedelta(days=settings.keep_positions_days),
        timedelta(days=settings.keep_files_days), timedelta(days=settings.keep_received_days),
    )  # fmt: skip


class Forgotten(Struct, frozen=True):
    """How many rows."""

    keys: int
    events: int
    deliveries: int  # of webhooks
    decisions: int
    enquiries: int
    entries: int  # of the audit log
    months: int  # of rows of files, each of one table


async def write_floors(conn: Connection, keep: Keep) -> None:
    """Writes down how long what must be kept: the database holds to it, whoever says what. Of the rows of files that is
    what whoever migrates was told; of all else it is the law."""
    for what, rule in LAWS.items():
        row = max((row for row in LAW if row.rule is rule), key=lambda row: row.value)
        await conn.execute(Q.write_floor, what, row.value, row.source)
    for rows in Rows:
        months = getattr(keep, rows).days // DAYS_OF_A_MONTH
        await conn.execute(Q.write_floor, rows, months, f"TENOR_KEEP_{rows.upper()}_DAYS")


async def forget(pool: Pool, keep: Keep, secret: str, now: datetime) -> Forgotten:
    """Forgets what is older; `secret` is the audit log's.

    Keys go first: an answer that is kept in a decision is not asked for any more. Enquiries go after the decisions.
    """
    keys = await _all(lambda: _keys(pool, now - KEYS))
    events = await _events(pool, now - keep.events)
    deliveries = await _all(lambda: _deliveries(pool, now - keep.deliveries))
    decisions = await _by_bucket(pool, CHECKOUT.forget_decisions, ids.DECISION, now - keep.decisions)
    enquiries = await _by_bucket(pool, OUTSIDE.forget_enquiries, ids.ENQUIRY, now - keep.enquiries)
    entries = await _all(lambda: _entries(pool, secret, now - keep.audit, now))
    await make_months_ahead(pool, now, now + timedelta(days=DAYS_OF_A_MONTH))
    months = sum([await _months(pool, rows, now - getattr(keep, rows)) for rows in Rows])
    return Forgotten(keys, events, deliveries, decisions, enquiries, entries, months)


async def _all(some: Callable[[], Awaitable[int]]) -> int:
    """Again and again until nothing is left."""
    forgotten = 0
    while done := await some():
        forgotten += done
    return forgotten


async def _keys(pool: Pool, before: datetime) -> int:
    async with pool.acquire() as conn:
        return await _FORGET_KEYS.execute(conn, before, AT_ONCE)


async def _deliveries(pool: Pool, before: datetime) -> int:
    return int((await pool.execute(WEBHOOKS.forget_deliveries, before, AT_ONCE)).split()[-1])


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


async def _by_bucket(pool: Pool, query: str, prefix: str, before: datetime) -> int:
    """Bucket by bucket in the order of ids, which is that of time: what is kept for a plan is looked at once a day."""
    forgotten, before_id = 0, ids.lowest(prefix, int(before.timestamp() * 1000))
    for bucket in range(ids.BUCKETS):
        after = ""
        while row := await pool.fetchrow(query, bucket, after, before_id, AT_ONCE):
            after = row["looked_at"]
            forgotten += row["forgotten"]
    return forgotten


async def _months(pool: Pool, rows: Rows, before: datetime) -> int:
    """Month by month; one that somebody reads for long stays until another day."""
    async with pool.acquire() as conn:
        try:
            return await _all(lambda: forget_month(conn, rows, before))
        except asyncpg.LockNotAvailableError:
            log.warning("old %s are read just now, and leave another day", rows)
            return 0


async def _entries(pool: Pool, secret: str, before: datetime, now: datetime) -> int:
    async with pool.acquire() as conn:
        return await forget_entries(conn, secret, before, now, AT_ONCE)
