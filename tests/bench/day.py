"""The day's close over very many plans, while people go to the checkout as before."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from service import clock, config, db
from service.config import Settings
from service.plans.proof_store import prove
from tests.bench import portfolio
from tests.bench.closing import Closed
from tests.bench.figures import Checkouts, DayClose
from tests.bench.filled import Filled
from tests.bench.load import PATIENCE_S, Generator, Job, Outcome
from tests.bench.processes import Processors, memory_mib
from tests.bench.stage import Stage, connected

WORKERS = 2
SHOPPERS = 1_000
CONNECTIONS = 8
PAUSE_S = 0.1  # so that they ask for no more than there is room for beside the day's close
DURING_S = 1_200.0  # at most


def measure(shop: Filled, before_s: float) -> DayClose:
    """Closes the day of all its plans; so long people go to the checkout before it."""
    settings, stage = shop.stage.settings, shop.stage
    _loaded(_shopping(stage, before_s))  # nothing is measured cold
    before, load = _loaded(_shopping(stage, before_s)), os.getloadavg()[0]
    with _loading(_shopping(stage, DURING_S)) as during:
        postgres = Processors([], stage.postmaster).postgres()
        closed = _close(settings)
        postgres = Processors([], stage.postmaster).postgres() - postgres
    memory = sum(one.memory_mib for one in closed) + sum(memory_mib(pid) for pid in stage.service.pids)
    found = DayClose(
        plans=shop.plans,
        workers=WORKERS,
        seconds=round(max(sum(one.steps.values()) for one in closed), 1),
        steps={name: round(max(one.steps[name] for one in closed), 1) for name in closed[0].steps},
        workers_cpu_s=round(sum(one.cpu_s for one in closed), 1),
        postgres_cpu_s=round(postgres, 1),
        memory_mib=round(memory),
        before=_checkouts(before),
        during=_checkouts(during[0]),
        load=round(load, 2),
    )
    asyncio.run(_prove(settings, found))
    return found


def _close(settings: Settings) -> list[Closed]:
    environ = os.environ | config.environment(settings)
    command = [sys.executable, "-m", "tests.bench.closing"]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) for _ in range(WORKERS)]
    said = [worker.communicate()[0] for worker in workers]
    assert all(worker.returncode == 0 for worker in workers), "a worker failed"
    return [msgspec.msgpack.decode(one, type=Closed) for one in said]


def _shopping(stage: Stage, seconds: float) -> Job:
    people, count = stage.shoppers, int(CONNECTIONS / PAUSE_S * seconds)
    carts = [stage.cast.checkout(people[i % len(people)]) for i in range(count)]
    return Job(stage.service.port, CONNECTIONS, seconds, carts, b'"outcome":"approved"', pause_s=PAUSE_S)


def _loaded(job: Job) -> Outcome:
    with _loading(job) as found:
        time.sleep(job.seconds)
    return found[0]


@contextmanager
def _loading(job: Job) -> Iterator[list[Outcome]]:
    """Shoppers come for as long as the block runs; afterwards the list holds what came of it."""
    generator = Generator()
    found: list[Outcome] = []
    try:
        generator.begin(job)
        yield found
    finally:
        generator.hurry()
        found.append(generator.end(PATIENCE_S))
        generator.close()


def _checkouts(outcome: Outcome) -> Checkouts:
    return Checkouts(round(outcome.per_second, 1), round(outcome.p50_ms, 2), round(outcome.p99_ms, 2), outcome.errors)


async def _prove(settings: Settings, found: DayClose) -> None:
    """What the day has done, and whether it is right."""
    async with connected(settings) as connection:
        row = await connection.fetchrow(portfolio.Q.count_done, clock.now())
        assert row is not None
        left, found.passed, found.charged = row
        assert not left, f"of {left} plans a day is still to be passed"
        found.differences = len((await prove(connection)).differences)
    asked = list(db.load_queries(db.SCHEMA / "checks.sql"))
    halves = await asyncio.gather(*(_broken(settings, asked[part::2]) for part in range(2)))
    found.broken_checks = [name for half in halves for name in half]


async def _broken(settings: Settings, asked: list[tuple[str, str]]) -> list[str]:
    """The checks among these that something breaks."""
    async with connected(settings) as connection:
        await connection.execute("set work_mem = '256MB'")  # very many plans are summed up
        return [one.name for one in await db.run_checks(connection, asked) if one.rows]
