"""The day's close over very many plans, while people go to the checkout as before."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from service import clock
from service.config import Settings
from service.plans.proof_store import prove
from tests.bench import portfolio, proving
from tests.bench.closing import Closed
from tests.bench.figures import Checkouts, DayClose
from tests.bench.filled import Filled
from tests.bench.load import PATIENCE_S, Generator, Job, Outcome
from tests.bench.processes import Processors, memory_mib
from tests.bench.stage import Stage, connected
from tests.bench.told import Told, told

WORKERS = 2
SHOPPERS = 1_000
CONNECTIONS = 8
PAUSE_S = 0.1  # so that they ask for no more than there is room for beside the day's close
LONGEST_S = 60.0  # that shoppers come while the day of few plans is closed ...
LONGEST_A_PLAN_S = 0.001  # ... and so much longer for each of them


def measure(shop: Filled, before_s: float) -> DayClose:
    """Closes the day of all its plans; so long people go to the checkout before it."""
    settings, stage = shop.stage.settings, shop.stage
    with ExitStack() as stack:
        workers = [stack.enter_context(told(settings, "tests.bench.closing")) for _ in range(WORKERS)]
        load = stack.enter_context(closing(Generator()))
        load.do(_shopping(stage, before_s / 2))  # nothing is measured cold
        for worker in workers:
            worker.require_ready()
        before, others = load.do(_shopping(stage, before_s)), os.getloadavg()[0]
        shoppers = _shopping(stage, LONGEST_S + LONGEST_A_PLAN_S * shop.plans)
        with _loading(load, shoppers) as during:
            postgres = Processors([], stage.postmaster).postgres()
            closed = _close(workers)
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
        load=round(others, 2),
    )
    asyncio.run(_prove(settings, found))
    return found


def _close(workers: list[Told]) -> list[Closed]:
    for worker in workers:
        worker.begin()
    return [worker.end(Closed) for worker in workers]


def _shopping(stage: Stage, seconds: float) -> Job:
    people, count = stage.shoppers, int(CONNECTIONS / PAUSE_S * seconds)
    carts = [stage.cast.checkout(people[i % len(people)]) for i in range(count)]
    return Job(stage.service.port, CONNECTIONS, seconds, carts, b'"outcome":"approved"', pause_s=PAUSE_S)


@contextmanager
def _loading(load: Generator, job: Job) -> Iterator[list[Outcome]]:
    """Shoppers come for as long as the block runs; afterwards the list holds what came of it."""
    found: list[Outcome] = []
    load.begin(job)
    try:
        yield found
    finally:
        load.hurry()
        found.append(load.end(PATIENCE_S))


def _checkouts(outcome: Outcome) -> Checkouts:
    return Checkouts(round(outcome.per_second, 1), round(outcome.p50_ms, 2), round(outcome.p99_ms, 2), outcome.errors)


async def _prove(settings: Settings, found: DayClose) -> None:
    """What the day has done, and whether it is right."""
    async with connected(settings) as connection:
        row = await connection.fetchrow(portfolio.Q.count_done, clock.now())
        assert row is not None
        left, found.passed, found.charged = row
        assert not left, f"of {left} plans a day is still to be passed"
        proof, checked = await asyncio.gather(prove(connection), proving.check(settings))
    found.differences = len(proof.differences)
    found.broken_checks, found.checks, found.sampled, found.seed = checked
