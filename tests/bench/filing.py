"""The four files of a partner's day, made in a process of its own.

python -m tests.bench.filing EVENTS        with DATABASE_URL: a migrated database that nobody else uses
"""

import asyncio
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from service import clock, config, db
from service.config import Settings
from service.partners.daily_flow import make_day
from service.partners.events_store import number_everybodys
from service.partners.layouts import FileType
from tests.bench.figures import Filed
from tests.bench.filling import PATIENCE_S, hands, in_parts, share, without_indexes
from tests.bench.stage import connected, database
from tests.bench.told import Told, report, told, wait_for_word
from tests.partners.ledger import FUNDING, MERCHANT, MONDAY, PARTNER, PROGRAMME, evening, open_world
from tests.reconciling.days import SIGNER

Q = db.load_queries(Path(__file__).with_name("filing.sql"))
EVENTS_OF_A_PLAN = 1
LAST = 10  # of the day's events the last tenth


@contextmanager
def made(servers: Settings, events: int) -> Iterator[Told]:
    """The day, made in a database of its own by a process that measures then, when it is told to."""
    with database(servers) as settings, told(settings, "tests.bench.filing", str(events)) as process:
        yield process


async def filed(settings: Settings, events: int) -> Filed:
    """Makes the day, whose last events are numbered, and then its four files, signed."""
    async with connected(settings) as conn:
        await open_world(conn)
    await _fill(settings, events // EVENTS_OF_A_PLAN)
    pool = await db.open_pool(settings.owner_url, size=2)
    wait_for_word()
    began = clock.monotonic()
    await number_everybodys(pool)
    numbered = clock.monotonic() - began
    began, cpu = clock.monotonic(), _processor_s()
    made = await make_day(pool, SIGNER, PROGRAMME, MONDAY, evening(MONDAY))
    seconds, cpu = clock.monotonic() - began, _processor_s() - cpu
    await pool.close()
    records = {one.type: one.records for one in made}
    assert records[FileType.TXN] == events, records
    assert records[FileType.POS] == events // EVENTS_OF_A_PLAN, records
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Filed(events, _last(events), round(numbered, 1), round(seconds, 1), round(cpu, 1), memory)


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _last(events: int) -> int:
    """How many have no number yet, and get it in a time that is measured."""
    return events // LAST


async def _fill(settings: Settings, plans: int) -> None:
    funding, at = msgspec.json.encode(FUNDING).decode(), evening(MONDAY)
    events = plans * EVENTS_OF_A_PLAN
    numbered = events - _last(events)

    async def plan(conn: db.Connection, part: range) -> None:
        of = part[0], part[-1]
        await conn.execute(Q.plans, MERCHANT, funding, at, MONDAY, *of, timeout=PATIENCE_S)
        await conn.execute(Q.lines, MONDAY, *of, timeout=PATIENCE_S)

    async def tell(conn: db.Connection, part: range) -> None:
        whose = PARTNER, PROGRAMME, MONDAY, at, plans
        await conn.execute(Q.events, *whose, part[0], part[-1], numbered, timeout=PATIENCE_S)

    async with hands(settings) as those, without_indexes(those, ["lines", "plans", "partner_events"]):
        await share(those, in_parts(plans), plan)
        await share(those, in_parts(events), tell)
        await those[0].execute(Q.numbered, PARTNER, numbered)


if __name__ == "__main__":
    report(asyncio.run(filed(config.read(os.environ), int(sys.argv[1]))))
