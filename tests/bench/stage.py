"""The stage: a database of the benchmark's own, the cast in it, the HTTP processes of both sides, and its rounds."""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from itertools import cycle
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct
from msgspec.structs import replace

from service import db, migrations
from service.config import CannotStart, Settings
from tests.bench.cast import ASKED_MAX, PRICE, Cast, Person, find_plans, invite, rehearse
from tests.bench.figures import Cpu, Memory
from tests.bench.load import Generator, Job, Outcome
from tests.bench.pgbench import pgbench
from tests.bench.processes import Processors, Serving, memory_mib, postmaster_of, serving, starting
from tests.bench.report import PGBENCH

MIGRATED = f"tenor_bench_{os.getpid()}"
PROCESSES = 2  # of each side
LONGER_S = 10.0  # of a round more, where the run's requests are too few to say what memory becomes
DECISIONS_MAX = 8_000  # checkouts made ready for each second of a round
PAYMENTS_MAX = 6_000  # payments ... ; each plan is paid in turn
FEW = 16  # connections, while it is made ready: nothing is refused because too much waits
SHOPPERS = 10  # per cent of the people: they return to the checkout again and again
PAYERS = 5  # ... they owe, and pay


class Stage(Struct):
    """Everything that a side needs to be played."""

    settings: Settings
    cast: Cast
    service: Serving
    bare: Serving
    postmaster: int | None  # if PostgreSQL runs on this machine
    postgres_version: str
    connections: int
    shoppers: list[Person]
    buyers: list[Person]  # whose decision still waits
    buyers_max: int  # of one round
    payers: list[tuple[Person, str]]  # who owe, and the plan
    answered: int = 0  # requests, by the service, in all rounds
    memory: list[tuple[int, float]] = []  # MiB of its largest process, after so many requests
    cold_starts_s: list[float] = []  # of processes that were started alone, beside those that serve

    def play(self, side: str, seconds: float, rate: float = 0) -> tuple[Outcome, Cpu]:
        """One round of one side. With a rate so many requests come a second, whatever becomes of those before."""
        processors = Processors(self.bare.pids if side == "bare" else self.service.pids, self.postmaster)
        job = self._job(side, seconds)
        if job:
            job.rate = rate
        service, postgres = processors.service(), processors.postgres()
        outcome = load(job) if job else self._pgbench(side, seconds)
        service, postgres = processors.service() - service, processors.postgres() - postgres
        if job and side != "bare":
            self.answered += outcome.done
            self.memory.append((self.answered, max(memory_mib(pid, "VmRSS") for pid in self.service.pids)))
        done = max(outcome.done, 1) / 1e6
        return outcome, Cpu(service / done, postgres / done, outcome.cpu_us)

    def held(self, requests: int) -> Memory:
        """What a process holds now and held after half of all requests, of which so many are answered before."""
        for side in cycle(("decide", "pay")):
            if self.answered >= requests:
                break
            before = self.answered
            self.play(side, LONGER_S)
            assert self.answered > before, "nothing is answered"
        _, half = min(self.memory, key=lambda one: abs(one[0] - self.answered / 2))
        course = [(after, round(mib, 1)) for after, mib in self.memory]
        return Memory(self.answered, at_half=round(half, 1), at_end=course[-1][1], course=course)

    @contextmanager
    def one_more(self, **other: str) -> Iterator[Serving]:
        """A process of its own on the same database, with some settings otherwise."""
        with serving(["service", "http-process"], 1, replace(self.settings, **other)) as service:
            self.cold_starts_s += service.ready_s
            yield service

    def _pgbench(self, side: str, seconds: float) -> Outcome:
        return pgbench(self.settings.owner_url, side.removeprefix("pgbench_"), len(self.cast.people), seconds)

    def _job(self, side: str, seconds: float) -> Job | None:
        cast, shoppers = self.cast, self.shoppers
        job = Job(self.service.port, self.connections, seconds, [], b"")
        if side == "open":
            buyers = [self.buyers.pop() for _ in range(min(self.buyers_max, len(self.buyers)))]
            return replace(job, requests=[cast.acceptance(one) for one in buyers], expected=b'"authorized"')
        if side == "pay":
            payments = [cast.payment(*self.payers[i % len(self.payers)]) for i in range(int(PAYMENTS_MAX * seconds))]
            return replace(job, requests=payments, expected=b'"outstanding"')
        if side == "decide":
            carts = [cast.checkout(shoppers[i % len(shoppers)]) for i in range(int(DECISIONS_MAX * seconds))]
            return replace(job, requests=carts, expected=b'"outcome":"approved"')
        if side == "bare":
            carts = [cast.checkout(one) for one in shoppers[:1_000]]
            return replace(job, port=self.bare.port, requests=carts, again=True, expected=b'"merchant_reference"')
        return None


def load(job: Job) -> Outcome:
    """The job, done by a process of its own."""
    return _generator().do(job)


@cache
def _generator() -> Generator:
    return Generator()


@contextmanager
def set_up(servers: Settings, people: int, connections: int, rounds: int, warm_s: float) -> Iterator[Stage]:
    """The stage on these servers, each side warmed up for so long; afterwards nothing of it is left."""
    with database(servers) as settings, starting(["tests.bench.bare"], PROCESSES, settings) as bare:
        cast = asyncio.run(_invite(settings, people))
        postmaster, version = asyncio.run(postgres(settings))
        with serving(["service", "http-process"], PROCESSES, settings) as service:
            asyncio.run(_rehearse(settings, cast, service.port))
            first_payer = people * SHOPPERS // 100
            first_buyer = people * (SHOPPERS + PAYERS) // 100
            stage = Stage(
                settings, cast, service, bare(), postmaster, version, connections,
                shoppers=cast.people[1:first_payer], buyers=cast.people[first_buyer:], buyers_max=people // 50,
                payers=[],
            )  # fmt: skip
            _make_owe(stage, cast.people[first_payer:first_buyer])
            asyncio.run(_analyze(settings))  # filled by now: an empty table's statistics would be those of nobody
            _warm_up(stage, warm_s)
            stage.buyers_max = len(stage.buyers) // rounds
            yield stage


def _make_owe(stage: Stage, people: list[Person]) -> None:
    """These people buy, and all of it is shipped."""
    cast, port = stage.cast, stage.service.port
    do_all(Job(port, FEW, 120, [cast.acceptance(one) for one in people], b'"authorized"'))
    plans = asyncio.run(_find_plans(stage.settings, people))
    shipped = [cast.capture(one, plan, PRICE) for one, plan in zip(people, plans, strict=True)]
    do_all(Job(port, FEW, 120, shipped, b'"active"'))
    stage.payers = list(zip(people, plans, strict=True))


def do_all(job: Job) -> None:
    """All of it is done; what the service was too busy for is sent again, with the same keys."""
    for _ in range(ASKED_MAX):
        outcome = load(job)
        if outcome.done == len(job.requests):
            return
    raise CannotStart(f"The service does not answer: {outcome.done} of {len(job.requests)}, {outcome.errors}")


async def _find_plans(settings: Settings, people: list[Person]) -> list[str]:
    async with connected(settings) as connection:
        return await find_plans(connection, people)


def _warm_up(stage: Stage, seconds: float) -> None:
    """Nothing is measured cold: statements are prepared, code is loaded, shoppers are known to the cache."""
    with ThreadPoolExecutor() as at_once:  # each takes a second at least
        list(at_once.map(lambda side: stage.play(side, seconds), PGBENCH))
    for side in ("open", "pay", "bare"):
        stage.play(side, seconds)
    calls = [stage.cast.checkout(one) for one in stage.shoppers]
    do_all(Job(stage.service.port, FEW, 60, calls, b'"outcome":"approved"'))


@contextmanager
def migrated(servers: Settings) -> Iterator[None]:
    """A migrated database that nobody uses: those that are used are copies of it."""
    asyncio.run(_execute(servers.owner_url, f"create database {MIGRATED}"))
    try:
        asyncio.run(_migrate(_url_of(servers.owner_url, MIGRATED)))
        yield
    finally:
        asyncio.run(_execute(servers.owner_url, f"drop database {MIGRATED}"))


@contextmanager
def database(servers: Settings) -> Iterator[Settings]:
    """A migrated database on the server, with a data folder of its own, dropped at the end."""
    name = f"tenor_bench_{secrets.token_hex(4)}"
    owner, serving = (_url_of(url, name) for url in (servers.owner_url, servers.database_url or ""))
    asyncio.run(_execute(servers.owner_url, f"create database {name} template {MIGRATED}"))
    try:
        yield replace(servers, database_url=serving, migrate_url=owner, data=servers.data / name)
    finally:
        # Without force: only that would ask for a right to end an autovacuum, which a plain drop sends away.
        asyncio.run(_execute(servers.owner_url, f"drop database {name}"))


def _url_of(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[db.Connection]:
    """A connection of the owner of the tables, closed whatever happens: else the database could not be dropped."""
    connection = await db.connect(settings.owner_url)
    try:
        yield connection
    finally:
        await connection.close()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def _execute(url: str, statement: str) -> None:
    connection = await db.connect(url)
    await connection.execute(statement)
    await connection.close()


async def _migrate(url: str) -> None:
    connection = await db.connect(url)
    await migrations.migrate(connection, migrations.load_migrations())
    await migrations.grant(connection)
    await connection.close()


async def _invite(settings: Settings, people: int) -> Cast:
    async with connected(settings) as connection:
        return await invite(connection, settings, people)


async def postgres(settings: Settings) -> tuple[int | None, str]:
    """The server's first process, if it runs on this machine, and its version."""
    async with connected(settings) as connection:
        postmaster = postmaster_of(await connection.fetchval("select pg_backend_pid()"))
        return postmaster, await connection.fetchval("select current_setting('server_version')")


async def _analyze(settings: Settings) -> None:
    async with connected(settings) as connection:
        await connection.execute("vacuum analyze")


async def _rehearse(settings: Settings, cast: Cast, port: int) -> None:
    async with connected(settings) as connection:
        await rehearse(connection, cast, port)
