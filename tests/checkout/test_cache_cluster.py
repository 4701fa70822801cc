"""The cache on three Valkey nodes: all is found, and one that is killed costs what it kept."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio as redis

from service.checkout.cache import Cache, Entry
from service.checkout.velocity import Attempt, Subject, Window
from service.embedded import binaries
from tests.bench.stage import free_port

pytestmark = pytest.mark.long

SLOTS = 16_384
ENOUGH = f"cluster_slots_ok:{SLOTS}".encode()
NAMES = [f"{{{bucket}}}account:pe_{bucket}:EUR" for bucket in range(0, 1020, 17)]  # 60, all over the slots


class Cluster:
    """Three nodes on this machine, a third of the slots each, no replicas."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._clients: list[redis.Redis] = []
        free = [free_port() for _ in range(6)]
        self.ports, self._buses = free[:3], dict(zip(free[:3], free[3:], strict=True))
        self.processes = [self.start(port) for port in self.ports]

    def start(self, port: int) -> "subprocess.Popen[bytes]":
        folder = self._folder / str(port)
        folder.mkdir(exist_ok=True)
        return subprocess.Popen(
            [
                str(binaries.valkey()), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "",
                "--cluster-enabled", "yes", "--cluster-port", str(self._buses[port]), "--cluster-node-timeout", "2000",
                "--cluster-require-full-coverage", "no",
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def client(self, port: int) -> redis.Redis:
        made = redis.Redis(
            host="127.0.0.1", port=port, protocol=2, driver_info=None, socket_timeout=0.25, socket_connect_timeout=0.25
        )
        self._clients.append(made)
        return made

    async def end(self) -> None:
        """Nothing of it is left."""
        for client in self._clients:
            await client.aclose()
        for process in self.processes:
            process.kill()
            process.wait()

    async def join(self) -> None:
        """Gives each its slots, and makes them known to each other."""
        asked: list[Any] = [self.client(port).execute_command for port in self.ports]
        async with asyncio.timeout(20):
            for ask in asked:
                while not await answers(ask):
                    await asyncio.sleep(0.05)
            third = SLOTS // 3
            ends = [(0, third), (third + 1, 2 * third), (2 * third + 1, SLOTS - 1)]
            for ask, (first, last) in zip(asked, ends, strict=True):
                await ask("CLUSTER", "ADDSLOTSRANGE", first, last)
            for port in self.ports[1:]:
                await asked[0]("CLUSTER", "MEET", "127.0.0.1", port, self._buses[port])
            for ask in asked:
                while b"cluster_state:ok" not in (told := await ask("CLUSTER", "INFO")) or ENOUGH not in told:
                    await asyncio.sleep(0.05)


async def answers(ask: Any) -> bool:
    try:
        return bool(await ask("PING"))
    except (redis.RedisError, OSError):
        return False


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    """Three nodes that know each other."""
    made = Cluster(tmp_path)
    try:
        await made.join()
        yield made
    finally:
        await made.end()


async def hits(cache: Cache) -> int:
    return sum(entry is not None for (entry,) in await cache.get([(name,) for name in NAMES]))


async def fill(cache: Cache, version: int) -> None:
    """Until all is kept: a node that is busy for a moment rests for a second."""
    async with asyncio.timeout(20):
        while await hits(cache) < len(NAMES):
            cache.keep([(name, version, b"text") for name in NAMES])
            await asyncio.sleep(0.2)


async def test_three_nodes_keep_everything(cluster: Cluster) -> None:
    cache = Cache(cluster.client(cluster.ports[0]), "k" * 32)
    await fill(cache, 1)
    assert await cache.get([(name,) for name in NAMES]) == [[Entry(1, b"text")]] * len(NAMES)
    assert await cache.ping()
    window = Window("tries", 60_000)
    tries = [Attempt(b"%d" % i, 1_000, (Subject(f"{{{i}}}tries", (window,)),)) for i in range(len(NAMES))]
    assert await cache.count(tries) == [{"tries": 0}] * len(NAMES)
    later = [Attempt(b"again %d" % i, 2_000, one.subjects) for i, one in enumerate(tries)]
    assert await cache.count(later) == [{"tries": 1}] * len(NAMES)
    assert cache.is_up
    await cache.close()


async def test_a_node_that_is_killed_costs_what_it_kept(cluster: Cluster) -> None:
    first, second, _ = cluster.ports
    cache = Cache(cluster.client(first), "k" * 32, cluster.client(second))
    await fill(cache, 1)
    cluster.processes[0].kill()
    cluster.processes[0].wait()
    left = await hits(cache)
    assert len(NAMES) // 3 <= left < len(NAMES)
    assert not cache.is_up
    seen = []
    for _ in range(21):  # while it rests, and while it is tried again
        seen.append(await hits(cache))
        await asyncio.sleep(0.1)
    assert sorted(seen)[10] == max(seen) == left
    cache.forget(NAMES)
    await cache.sent()
    assert await hits(cache) == 0

    cluster.processes[0] = cluster.start(cluster.ports[0])
    await fill(cache, 2)
    await cache.close()
