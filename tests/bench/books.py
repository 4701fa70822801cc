"""A partner's day compared three ways, beside what the database alone needs to copy the same rows and join them.

python -m tests.bench.books ITEMS        with DATABASE_URL: a migrated database that nobody else uses
"""

import asyncio
import io
import os
import resource
import subprocess
import sys
from pathlib import Path

import msgspec

from service import clock, config, db
from service.config import Settings
from service.reconciling.verdict import Verdict
from tests.bench.report import Reconciled
from tests.bench.stage import connected, database
from tests.partners.ledger import MONDAY, PARTNER, PROGRAMME, open_world
from tests.reconciling.days import compare, noon, our_file, their_file

Q = db.load_queries(Path(__file__).with_name("books.sql"))
PATIENCE_S = 600


def measure(servers: Settings, items: int) -> Reconciled:
    """In a database and a process of its own."""
    with database(servers) as settings:
        environ = os.environ | config.environment(settings)
        command = [sys.executable, "-m", "tests.bench.books", str(items)]
        done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Reconciled)


async def compared(settings: Settings, items: int) -> Reconciled:
    """Makes the day, and compares it both ways."""
    async with connected(settings) as conn:
        await open_world(conn)
        await _fill(conn, items)
        join_seconds = await _joined(conn)
        began = clock.monotonic()
        run = await compare(conn)
        seconds = clock.monotonic() - began
        assert run.verdict is Verdict.BREAKS, run.verdict
        breaks = await conn.fetchval("select count(*) from breaks")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Reconciled(
        items, breaks, round(seconds, 1), round(join_seconds, 1), round(seconds / join_seconds, 2), memory
    )  # fmt: skip


async def _fill(conn: db.Connection, items: int) -> None:
    ours = {kind: await our_file(conn, kind, MONDAY) for kind in ("TXN", "POS", "STL")}
    theirs = {kind: await their_file(conn, kind, MONDAY) for kind in ("TXN", "POS")}
    patience = {"timeout": PATIENCE_S}
    await conn.execute(Q.our_events, PARTNER, PROGRAMME, MONDAY, noon(MONDAY), items, **patience)
    await conn.execute(Q.their_events, theirs["TXN"], PROGRAMME, MONDAY, **patience)
    await conn.execute("vacuum (analyze)", **patience)
    await conn.execute(Q.our_positions, ours["POS"], PARTNER, PROGRAMME, MONDAY, **patience)
    await conn.execute(Q.their_positions, theirs["POS"], theirs["TXN"], PARTNER, PROGRAMME, MONDAY, **patience)
    await conn.execute("vacuum (analyze)", **patience)


async def _joined(conn: db.Connection) -> float:
    """Seconds to copy their rows into the database and join them with ours."""
    rows = io.BytesIO()
    await conn.copy_from_table("partner_their_events", output=rows, timeout=PATIENCE_S)
    rows.seek(0)
    await conn.execute("create temp table copied (like partner_their_events)")
    began = clock.monotonic()
    await conn.copy_to_table("copied", source=rows, timeout=PATIENCE_S)
    await conn.fetchrow(Q.joined, PROGRAMME, MONDAY, timeout=PATIENCE_S)
    return clock.monotonic() - began


if __name__ == "__main__":
    found = asyncio.run(compared(config.read(os.environ), int(sys.argv[1])))
    sys.stdout.buffer.write(msgspec.json.encode(found))
