"""What `tenor worker` measures of the whole service: money out, and the age of what should not grow old."""

from datetime import UTC, datetime, time
from pathlib import Path
from typing import Final

from service import ids
from service.db import Pool, load_queries
from service.ledger.store import Q as BOOKS
from service.metrics import (
    BREAKS,
    LEDGER,
    MEASURED,
    MONEY,
    OLDEST_BREAK,
    OLDEST_UNDELIVERED,
)

Q: Final = load_queries(Path(__file__).with_name("gauges.sql"))
LEDGER_S: Final = 60.0  # so long the sums of the whole ledger may take


async def measure(pool: Pool, now: datetime) -> None:
    """Money out and ages, as of now."""
    for row in await pool.fetch(Q.money):
        for name in ("may_owe", "reserved", "used"):
            MONEY.labels(name, row["currency"]).set(row[name])
    event_id = await pool.fetchval(Q.oldest_undelivered)
    OLDEST_UNDELIVERED.set(max(0.0, now.timestamp() - ids.made_at_ms(event_id) / 1000) if event_id else 0.0)
    found = await pool.fetchrow(Q.oldest_break)
    assert found is not None
    BREAKS.set(found["open"])
    opened = found["opened_on"] and datetime.combine(found["opened_on"], time(), UTC)
    OLDEST_BREAK.set(max(0.0, (now - opened).total_seconds()) if opened else 0.0)
    MEASURED.set(now.timestamp())


async def measure_ledger(pool: Pool) -> None:
    """The balance of each account of the chart. It reads the whole ledger: once an hour, after the close."""
    for row in await pool.fetch(BOOKS.trial_balance, None, timeout=LEDGER_S):
        LEDGER.labels(row["account"], row["currency"]).set(row["debit"] - row["credit"])
