"""Told to stop under load: what was asked is answered, on new connections and on such as are used again."""

import asyncio
import os
import signal
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from service import db
from service.api.readiness import STOPPING
from service.config import Settings
from tests.chaos.caller import Caller, End, Heard, ask, tell
from tests.engine.processes import Service, world_of
from tests.flows.world import World

pytestmark = pytest.mark.long

CALLERS = 16
THOROUGH = bool(os.environ.get("TENOR_FAULTS"))
WORKERS, WHOLE = (20, 10) if THOROUGH else (2, 1)  # how often each is told to stop


class Load:
    """Callers who go on until they are told; half of them pause between two requests."""

    def __init__(self, service: Service, world: World) -> None:
        self.heard: list[Heard] = []
        self.port = urlsplit(service.base_url).port or 0
        self._key = world.demo.merchant_key
        self._goes_on = True

    async def run(self) -> None:
        await asyncio.gather(*(self._call(number) for number in range(CALLERS)))

    def stop(self) -> None:
        self._goes_on = False

    async def _call(self, number: int) -> None:
        caller = Caller(self.port, patience_s=10)
        while self._goes_on:
            reference = uuid.uuid4().hex
            write = tell("/v1/consumers", self._key, reference, b'{"reference":"%b"}' % reference.encode())
            self.heard.append(await caller.send(write if number % 4 else ask("/v1/events?limit=1", self._key)))
            if len(self.heard) % 20 == 0:
                caller.close()  # so that a process which comes new gets callers, too
            if self.heard[-1].end is End.REFUSED:
                await asyncio.sleep(0.01)
            await asyncio.sleep(number % 2 * 0.02)
        caller.close()

    def ends(self) -> Counter[tuple[End, int]]:
        return Counter((one.end, one.status) for one in self.heard)


@asynccontextmanager
async def loaded(service: Service, world: World) -> AsyncIterator[Load]:
    load = Load(service, world)
    running = asyncio.create_task(load.run())
    try:
        yield load
    finally:
        load.stop()
        await running


async def test_nobody_is_left_without_an_answer(settings: Settings, pool: db.Pool) -> None:
    service = Service(settings, drain_s=1)
    service.start()
    try:
        async with world_of(service, pool) as world:
            await workers_are_told_to_stop(service, world)
            for _ in range(WHOLE):
                await all_of_it_is_told_to_stop(service, world)
    finally:
        service.stop()


async def workers_are_told_to_stop(service: Service, world: World) -> None:
    async with loaded(service, world) as load:
        for _ in range(WORKERS):
            await asyncio.sleep(0.5)
            worker = service.workers()[0]
            os.kill(worker, signal.SIGTERM)
            while sum(pid != worker and callers_of(pid, load.port) > 0 for pid in service.workers()) < 2:
                await asyncio.sleep(0.1)
    ends = load.ends()
    assert {end for end, _ in ends} == {End.ANSWERED}, ends
    assert {status for _, status in ends} == {200, 201}, ends


def callers_of(pid: int, port: int) -> int:
    """How many connections to `port` the process has taken."""
    links = []
    for name in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            links.append(name.readlink().name)
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    taken = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01"}
    return len(taken.intersection(links))


async def all_of_it_is_told_to_stop(service: Service, world: World) -> None:
    async with loaded(service, world) as load, httpx.AsyncClient(base_url=service.base_url) as balancer:
        await asyncio.sleep(0.5)
        assert (await balancer.get("/readyz")).json() == {"status": "ready"}
        stopping = asyncio.create_task(asyncio.to_thread(service.stop))
        async with asyncio.timeout(10):
            while (ready := await balancer.get("/readyz")).status_code == 200:
                await asyncio.sleep(0.01)
        assert (ready.json()["problems"], ready.headers["connection"]) == ([STOPPING], "close")
        answered = len(load.heard)
        assert await stopping == 0
        assert len(load.heard) > answered  # it went on taking requests
        await asyncio.to_thread(service.start)
        await asyncio.sleep(0.5)
    ends = load.ends()
    # 503: whom the last process left in line; nothing was done
    assert set(ends) <= {(End.ANSWERED, 200), (End.ANSWERED, 201), (End.ANSWERED, 503), (End.REFUSED, 0)}, ends
    print(f"told to stop under load: {dict(ends)}")
