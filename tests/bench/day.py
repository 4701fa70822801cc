"""The day's close over very many plans, while people go to the checkout as before."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import msgspec
from msgspec.structs import replace

from service import clock, config, db
from service.config import Settings
from service.demo.seed import Demo
from service.demo.seed import load as load_demo
from service.plans.proof_store import prove
from tests.bench import portfolio
from tests.bench.cast import Cast, invite
from tests.bench.closing import Closed
from tests.bench.load import Job, Outcome
from tests.bench.portfolio import LIVES, Teller
from tests.bench.processes import Processors, memory_mib, postmaster_of, serving
from tests.bench.report import Checkouts, DayClose
from tests.bench.stage import PROCESSES, connected, database, free_port

WORKERS = 2
SHOPPERS = 1_000
CONNECTIONS = 8
PAUSE_S = 0.1  # so that they ask for no more than there is room for beside the day's close
BEFORE_S = 15.0
DURING_S = 1_200.0  # at most


def measure(servers: Settings, plans: int) -> DayClose:
    """Makes the plans in a database of their own, and closes their day."""
    with database(replace(servers, sandbox=True, allow_private=True)) as settings:
        cast, demo, postmaster = asyncio.run(_prepare(settings))
        with serving(["service", "http-process"], PROCESSES, settings) as web:
            operator, merchant = (Teller(web.port, key) for key in (demo.operator_key, demo.merchant_key))
            with _till(operator, Teller(web.port, demo.second_operator_key)) as name:
                today = clock.now()
                models = [portfolio.live(merchant, life, today, name) for life in LIVES]
                operator.post("/v1/operator/day-close", {}, today - portfolio.A_DAY)
                asyncio.run(_multiply(settings, models, plans))
                _loaded(_shopping(cast, web.port, BEFORE_S))  # nothing is measured cold
                before, load = _loaded(_shopping(cast, web.port, BEFORE_S)), os.getloadavg()[0]
                with _loading(_shopping(cast, web.port, DURING_S)) as during:
                    postgres = Processors([], postmaster).postgres()
                    closed = _close(settings)
                    postgres = Processors([], postmaster).postgres() - postgres
                memory = sum(one.memory_mib for one in closed) + sum(memory_mib(pid) for pid in web.pids)
        found = DayClose(
            plans=plans,
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


async def _prepare(settings: Settings) -> tuple[Cast, Demo, int | None]:
    async with connected(settings) as connection:
        cast = await invite(connection, settings, SHOPPERS)
        demo = load_demo(settings)
        await portfolio.price(connection, settings, demo)
        return cast, demo, postmaster_of(await connection.fetchval("select pg_backend_pid()"))


async def _multiply(settings: Settings, models: list[str], plans: int) -> None:
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(connected(settings)) for _ in range(WORKERS)]
        await portfolio.multiply(connections, settings, models, plans)
        await connections[0].execute("vacuum (analyze)")


@contextmanager
def _till(operator: Teller, second: Teller) -> Iterator[str]:
    """The sandbox processor, registered; its name."""
    port = free_port()
    waits = operator.post("/v1/operator/processors", {"name": "till", "url": f"http://127.0.0.1:{port}"}, clock.now())
    made = second.post(f"/v1/operator/approvals/{waits['id']}/approve", {}, clock.now())["result"]
    command = [sys.executable, "-m", "service", "sandbox-processor", f"--port={port}", f"--secret={made['secret']}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield "till"
    finally:
        process.terminate()
        process.wait(20)


def _close(settings: Settings) -> list[Closed]:
    environ = os.environ | config.environment(settings)
    command = [sys.executable, "-m", "tests.bench.closing"]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) for _ in range(WORKERS)]
    said = [worker.communicate()[0] for worker in workers]
    assert all(worker.returncode == 0 for worker in workers), "a worker failed"
    return [msgspec.msgpack.decode(one, type=Closed) for one in said]


def _shopping(cast: Cast, port: int, seconds: float) -> Job:
    people, count = cast.people[:SHOPPERS], int(CONNECTIONS / PAUSE_S * seconds)
    carts = [cast.checkout(people[i % SHOPPERS]) for i in range(count)]
    return Job(port, CONNECTIONS, seconds, carts, b'"outcome":"approved"', pause_s=PAUSE_S)


def _loaded(job: Job) -> Outcome:
    with _loading(job) as found:
        time.sleep(job.seconds)
    return found[0]


@contextmanager
def _loading(job: Job) -> Iterator[list[Outcome]]:
    """Shoppers come for as long as the block runs; afterwards the list holds what came of it."""
    command = [sys.executable, "-m", "tests.bench.load"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(msgspec.msgpack.encode(job))
    process.stdin.close()
    found: list[Outcome] = []
    try:
        yield found
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        found.append(msgspec.msgpack.decode(process.stdout.read(), type=Outcome))
        process.wait(20)


def _checkouts(outcome: Outcome) -> Checkouts:
    return Checkouts(round(outcome.per_second, 1), round(outcome.p50_ms, 2), round(outcome.p99_ms, 2), outcome.errors)


async def _prove(settings: Settings, found: DayClose) -> None:
    """What the day has done, and whether it is right."""
    async with connected(settings) as connection:
        row = await connection.fetchrow(portfolio.Q.count_done, clock.now())
        assert row is not None
        left, found.passed, found.charged = row
        assert not left, f"of {left} plans a day is still to be passed"
        found.broken_checks = [one.name for one in await db.run_checks(connection) if one.rows]
        found.differences = len((await prove(connection)).differences)
