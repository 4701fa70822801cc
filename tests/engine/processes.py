"""The service as it runs in earnest: a supervisor and HTTP processes of their own, started and killed by tests."""

import asyncio
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import msgspec

from service import config, db
from service.app import create_app
from service.config import LogForm, Settings
from service.demo.seed import Demo, seed
from service.embedded import Servers
from tests.flows.world import Client, World

CONNECTIONS = httpx.Limits(max_connections=128, max_keepalive_connections=128)


class Service:
    """`tenor serve` on its own port."""

    def __init__(self, settings: Settings, workers: int = 2, drain_s: int = 0) -> None:
        self.settings = msgspec.structs.replace(settings, workers=workers, metrics_port=0, drain_s=drain_s)
        self.base_url = ""
        self.said = ""  # after the line that says where it serves, until it was stopped; with its log, if that is JSON
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Starts it, on the port it had before if it had one; returns once every process is ready."""
        environ = os.environ | config.environment(self.settings)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "service", "serve"],
            env=environ,
            stdout=subprocess.PIPE,
            text=True,
            stderr=subprocess.STDOUT if self.settings.log is LogForm.JSON else None,
        )
        assert self.process.stdout is not None
        line = ""
        while " serves on " not in line:
            line = self.process.stdout.readline()
            assert line, "the service ended before it served"
        self.base_url = line.split(" serves on ")[1].split()[0]
        self.settings = msgspec.structs.replace(self.settings, port=int(self.base_url.rpartition(":")[2]))

    def stop(self) -> int:
        """SIGTERM: what waits is finished; the exit code."""
        if self.process is None:
            return 0
        self.process.terminate()
        self.said, _ = self.process.communicate(timeout=20)
        code, self.process = self.process.returncode, None
        return code

    def workers(self) -> list[int]:
        """The process ids of the HTTP processes."""
        assert self.process is not None
        return children_of(self.process.pid)

    def strike(self) -> None:
        """SIGKILL to all of it at once, without waiting for its end."""
        assert self.process is not None
        for pid in (self.process.pid, *self.workers()):
            os.kill(pid, signal.SIGKILL)

    def kill(self) -> None:
        """The same, with its end."""
        self.strike()
        assert self.process is not None
        self.process.communicate(timeout=20)
        self.process = None

    def start_again(self) -> None:
        """After it was struck, as often as it takes: PostgreSQL may be away just then."""
        for _ in range(20):
            assert self.process is not None
            self.process.communicate(timeout=20)
            with suppress(AssertionError):
                self.start()
                return
        raise AssertionError("it does not start again")


def children_of(pid: int) -> list[int]:
    """The process ids of those it started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def serving(settings: Settings, workers: int = 2) -> Iterator[Service]:
    """A running service, stopped at the end."""
    service = Service(settings, workers)
    service.start()
    try:
        yield service
    finally:
        service.stop()


@asynccontextmanager
async def world_of(service: Service, pool: db.Pool) -> AsyncIterator[World]:
    """The service as a story sees it, over the network. Afterwards every invariant must hold."""
    demo: Demo = await seed(pool, service.settings)
    async with httpx.AsyncClient(base_url=service.base_url, limits=CONNECTIONS, timeout=30) as http:
        yield World(http, demo, pool, create_app(service.settings))
    assert await broken_checks(pool) == []


async def broken_checks(pool: db.Pool) -> list[db.Check]:
    """The invariants that do not hold."""
    async with pool.acquire() as conn:
        return [check for check in await db.run_checks(conn) if check.rows]


class Own(msgspec.Struct):
    """A PostgreSQL and a Valkey of a test's own, to be killed and stopped; the database is migrated."""

    servers: Servers
    settings: Settings  # on them
    pool: db.Pool

    def pid_of(self, name: str) -> int:
        """The process id of one of the servers."""
        (process,) = [server.process for server in self.servers._started if server.name == name]
        assert process is not None
        return process.pid

    @contextmanager
    def postgres_stands_still(self) -> Iterator[None]:
        """None of PostgreSQL's processes does anything, while connections to it stay open and new ones are taken in."""
        postmaster = self.pid_of("postgres")
        os.kill(postmaster, signal.SIGSTOP)  # first: it starts no more of them
        stopped = [*children_of(postmaster), postmaster]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)


async def is_told(world: World, health: dict[str, Any], within_s: float = 10) -> None:
    """Waits until /readyz says so: what it found is remembered for a second, and each process has its own memory."""
    async with asyncio.timeout(within_s):
        while (await world.http.get("/readyz")).json() != health:
            await asyncio.sleep(0.1)


async def offers(world: World, consumers: Sequence[str], amount: int) -> list[str]:
    """An instalments offer for each of `consumers`, decided side by side."""
    made = await asyncio.gather(*(world.offer(consumer, amount, "instalments") for consumer in consumers))
    return [offer["id"] for offer in made]


async def insist(
    client: Client, path: str, body: dict[str, Any], *, key: str | None = None, patience_s: float = 60
) -> httpx.Response:
    """Sends it under one key until there is an answer that is none of the machine's troubles."""
    key = key or uuid.uuid4().hex
    until = asyncio.get_running_loop().time() + patience_s
    while True:
        try:
            answered = await client.post(path, body, key=key)
        except httpx.TransportError:
            answered = None
        if answered is not None and answered.status_code != 503:
            return answered
        assert answered is None or answered.json()["code"] in ("busy", "unavailable", "outcome_unknown"), answered.text
        assert answered is None or "retry-after" in answered.headers
        assert asyncio.get_running_loop().time() < until, "it never came back"
        await asyncio.sleep(0.1)
