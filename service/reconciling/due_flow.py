"""Days that are compared by themselves: yesterday of every partner that sends files, and again when more has come. Of
one that left its programme the last day is that of its last files."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from service.db import Pool, load_queries
from service.partners.signing import Signer
from service.reconciling.runs_flow import Wanted, run_day

Q: Final = load_queries(Path(__file__).with_name("due.sql"))


async def compare_due(pool: Pool, signer: Signer, now: datetime) -> int:
    """Compare what ended yesterday in its programme's time zone; to how many days. Run again, it finds none."""
    compared = 0
    for row in await pool.fetch(Q.senders):
        yesterday = now.astimezone(ZoneInfo(row["time_zone"])).date() - timedelta(days=1)
        last = min(yesterday, row["files_until"] or yesterday)
        until, at = row["compared_until"], row["compared_at"]
        if until is not None and (until > last or (until == last and at >= row["heard_at"])):
            continue
        async with pool.acquire() as conn, conn.transaction():
            await run_day(conn, Wanted(row["programme_id"], last, row["partner_id"]), signer, None, now)
            compared += 1
    return compared
