"""A process that closes the day as `tenor day` does, once it is told to, and says how long each step took."""

import os
import sys
import time
from collections.abc import Awaitable, Callable

import uvloop
from msgspec import Struct

from service import clock, config
from service.api.services import Services
from service.app import services
from service.engine.faults import LOST, PASSING, what
from service.errors import Refused
from service.jobs.collecting import collect
from service.plans.accrual_flow import accrue
from service.plans.days_flow import pass_days
from service.plans.guard_flow import guard_all
from service.worker import NICENESS
from tests.bench import told
from tests.bench.processes import memory_mib

ROUNDS_MAX = 5


class Closed(Struct):
    """Seconds by step, those of processor in all, and what the process held of memory at most."""

    steps: dict[str, float]
    cpu_s: float
    memory_mib: float


async def close() -> Closed:
    """All that the day does to plans: of `close_day` not the review of limits, files for partners, erasing."""
    steps: dict[str, float] = {}
    os.nice(NICENESS)
    async with services(config.read(os.environ)) as ours:
        told.wait_for_word()
        cpu = time.process_time()
        for name, step in _steps(ours):
            began = time.perf_counter()
            await _done(step)
            steps[name] = time.perf_counter() - began
        cpu = time.process_time() - cpu
    return Closed(steps, cpu, memory_mib(os.getpid()))


Step = Callable[[], Awaitable[object]]


def _steps(ours: Services) -> list[tuple[str, Step]]:
    now = clock.now()
    return [
        ("authorizations", lambda: guard_all(ours.pool, ours.engine, now)),
        ("days", lambda: pass_days(ours.pool, ours.engine, now)),
        ("charges", lambda: collect(ours.charging, now)),
        ("interest", lambda: accrue(ours.pool, now)),
    ]


async def _done(step: Step) -> None:
    """Again where something stood in its way, as the worker does in its next round."""
    for _ in range(ROUNDS_MAX - 1):
        try:
            await step()
            return
        except (Refused, *LOST, *PASSING) as error:
            print(f"a step is done again: {what(error)}", file=sys.stderr)
    await step()


if __name__ == "__main__":
    told.report(uvloop.run(close()))
