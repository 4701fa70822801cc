"""A partner's day compared three ways, beside what the database alone needs to copy the same rows and join them.

python -m tests.bench.books ITEMS        with DATABASE_URL: a migrated database that nobody else uses
"""

import asyncio
import io
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service import clock, config, db, ids
from service.config import Settings
from service.reconciling.found import BreakClass, Leg
from service.reconciling.verdict import Verdict
from tests.bench.figures import Reconciled
from tests.bench.filling import PATIENCE_S, hands, in_parts, share, without_indexes
from tests.bench.stage import connected, database
from tests.bench.told import Told, report, told, wait_for_word
from tests.partners.ledger import MONDAY, PARTNER, PROGRAMME, open_world
from tests.reconciling.days import compare, noon, our_file, their_file

Q = db.load_queries(Path(__file__).with_name("books.sql"))

OF = 2_000  # items: as many have all breaks that are planted, ten
PLANTED = {
    (Leg.ITEM, BreakClass.AMOUNT_DIFF): 2,
    (Leg.ITEM, BreakClass.MISSING_IN_PARTNER): 1,
    (Leg.ITEM, BreakClass.MISSING_IN_LEDGER): 1,
    (Leg.ITEM, BreakClass.DUPLICATE): 1,
    (Leg.POSITION, BreakClass.STATUS_DIVERGENCE): 1,
    (Leg.POSITION, BreakClass.AMOUNT_DIFF): 1,
    (Leg.POSITION, BreakClass.MISSING_IN_PARTNER): 1,
    (Leg.CASH, BreakClass.CASH_SHORT): 1,
    (Leg.CASH, BreakClass.CASH_UNEXPLAINED): 1,
}
COPIED = ("partner_their_events", "partner_their_positions", "bank_entries")  # what the others told


@contextmanager
def made(servers: Settings, items: int) -> Iterator[Told]:
    """The day, made in a database of its own by a process that measures then, when it is told to."""
    with database(servers) as settings, told(settings, "tests.bench.books", str(items)) as process:
        yield process


async def compared(settings: Settings, items: int) -> Reconciled:
    """Makes the day, and compares it both ways. Fails unless exactly what was planted is found."""
    assert items % OF == 0, items
    async with connected(settings) as conn:
        await open_world(conn)
        counts = await _fill(settings, conn, items)
        wait_for_word()
        began = clock.monotonic()
        run = await compare(conn)
        seconds = clock.monotonic() - began
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024  # before what is copied is held here
        assert run.verdict is Verdict.BREAKS, run.verdict
        breaks = await _require_planted(conn, items // OF, counts["settlements"])
        join_seconds = await _joined(conn)
    return Reconciled(
        items, **counts, breaks=breaks, seconds=round(seconds, 1), join_seconds=round(join_seconds, 1),
        recon_vs_join=round(seconds / join_seconds, 2), memory_mib=memory,
    )  # fmt: skip


async def _fill(settings: Settings, conn: db.Connection, items: int) -> dict[str, int]:
    """How many positions, settlements and entries of the bank there are."""
    ours = {kind: await our_file(conn, kind, MONDAY) for kind in ("TXN", "POS", "STL")}
    theirs = {kind: await their_file(conn, kind, MONDAY) for kind in ("TXN", "POS")}
    message = ids.new_id(ids.BANK_MESSAGE, 0, 1)
    patience = {"timeout": PATIENCE_S}

    async def tell(one: db.Connection, part: range) -> None:
        await one.execute(Q.our_events, PARTNER, PROGRAMME, MONDAY, noon(MONDAY), part[0], part[-1], **patience)

    async with hands(settings) as those, without_indexes(those, ["partner_events", "partner_their_events"]):
        await share(those, in_parts(items), tell)
        await conn.execute(Q.their_events, theirs["TXN"], PROGRAMME, MONDAY, **patience)
    await conn.execute(Q.our_positions, ours["POS"], PARTNER, PROGRAMME, MONDAY, **patience)
    await conn.execute(Q.their_positions, theirs["POS"], theirs["TXN"], PARTNER, **patience)
    await conn.execute(Q.our_legs, ours["STL"], PROGRAMME, MONDAY, **patience)
    await conn.execute(Q.account, PROGRAMME, noon(MONDAY))
    await conn.execute(Q.message, message, noon(MONDAY))
    await conn.execute(Q.their_entries, ours["STL"], message, MONDAY, **patience)
    await conn.execute("vacuum (analyze)", **patience)
    counts = await conn.fetchrow(Q.counted, ours["POS"], ours["STL"], timeout=PATIENCE_S)
    assert counts is not None
    return dict(counts)


async def _require_planted(conn: db.Connection, times: int, settlements: int) -> dict[str, int]:
    """How many breaks each leg has."""
    found = {(row["leg"], row["kind"]): row["breaks"] for row in await conn.fetch(Q.found)}
    assert found == {(str(leg), str(kind)): count * times for (leg, kind), count in PLANTED.items()}, found
    paid = await conn.fetchval(Q.paid)
    assert paid == settlements - times, paid
    return {leg: sum(count for (of, _), count in found.items() if of == leg) for leg in Leg}


async def _joined(conn: db.Connection) -> float:
    """Seconds to copy what the others told into the database, and to join it with ours: one join a comparison."""
    rows = {}
    for table in COPIED:
        rows[table] = io.BytesIO()
        await conn.copy_from_query(f"select * from {table}", output=rows[table], timeout=PATIENCE_S)
        rows[table].seek(0)
        await conn.execute(f"create temp table copied_{table} (like {table})")
    began = clock.monotonic()
    for table, source in rows.items():
        await conn.copy_to_table(f"copied_{table}", source=source, timeout=PATIENCE_S)
    await conn.fetchrow(Q.joined_items, PROGRAMME, MONDAY, timeout=PATIENCE_S)
    await conn.fetchrow(Q.joined_positions, PROGRAMME, MONDAY, timeout=PATIENCE_S)
    await conn.fetchrow(Q.joined_cash, timeout=PATIENCE_S)
    return clock.monotonic() - began


if __name__ == "__main__":
    report(asyncio.run(compared(config.read(os.environ), int(sys.argv[1]))))
