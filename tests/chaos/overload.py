"""Ten times as much as can be served, slow clients, and crowds without a key: what becomes of those in between.

`python -m tests.chaos.overload`: all figures are of one run, so that ratios tell something on any machine.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import socket
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec

from service import db, embedded, migrations
from service.app import create_app
from service.config import Settings
from service.demo.seed import seed
from tests.chaos.caller import Caller, End, Heard, tell
from tests.engine.processes import serving
from tests.flows.world import World

CONSUMERS = 200
CLOSED = 32  # callers who find out what can be served
TIMES = 10
PATIENCE_S = 5.0
CALLERS_MAX = 1_500
LINE = b"GET /openapi.yaml HTTP/1.1\r\nHost: x\r\n\r\n"


class Crowd:
    """Callers of checkouts."""

    def __init__(self, port: int, key: str, consumers: list[str]) -> None:
        self._port = port
        self._key = key
        self._consumers = consumers
        self._idle: list[Caller] = []
        self._made = 0

    async def closed(self, seconds: float, callers: int = CLOSED) -> list[Heard]:
        """So many, each with one request after the other."""
        until, heard = time.perf_counter() + seconds, list[Heard]()

        async def call() -> None:
            while time.perf_counter() < until:
                heard.append(await self._call())

        await asyncio.gather(*(call() for _ in range(callers)))
        return heard

    async def open(self, seconds: float, per_second: float) -> list[Heard]:
        """So many a second, whatever becomes of those before."""
        began, tasks = time.perf_counter(), list[asyncio.Task[Heard]]()
        while (now := time.perf_counter() - began) < seconds:
            while len(tasks) < now * per_second:
                tasks.append(asyncio.create_task(self._call()))
            await asyncio.sleep(0.005)
        return await asyncio.gather(*tasks)

    async def _call(self) -> Heard:
        if not self._idle and self._made >= CALLERS_MAX:
            return Heard(End.LATE, 0, b"", 0)
        if self._idle:
            caller = self._idle.pop()
        else:
            caller = Caller(self._port, PATIENCE_S)
            self._made += 1
        heard = await caller.send(self._checkout())
        self._idle.append(caller)
        return heard

    def _checkout(self) -> bytes:
        cart = {
            "merchant_reference": uuid.uuid4().hex,
            "consumer": random.choice(self._consumers),
            "currency": "EUR",
            "amount": 100_00,
            "kinds": ["instalments"],
        }
        return tell("/v1/checkouts", self._key, uuid.uuid4().hex, json.dumps(cart).encode())


def served(heard: list[Heard]) -> list[float]:
    return sorted(one.seconds for one in heard if one.status == 200)


def p99(heard: list[Heard]) -> float:
    waits = served(heard)
    return waits[len(waits) * 99 // 100] if waits else float("inf")


def said(heard: list[Heard]) -> str:
    shed = sorted(one.seconds for one in heard if one.status in (429, 503))
    gone = sum(one.end is not End.ANSWERED for one in heard)
    slowest = shed[len(shed) * 99 // 100] if shed else 0
    return f"{len(served(heard))} served, {len(shed)} refused (p99 {slowest:.2f} s), {gone} without an answer"


@asynccontextmanager
async def crowd_on(servers: embedded.Servers, folder: Path) -> AsyncIterator[tuple[Crowd, int]]:
    settings = msgspec.structs.replace(servers.settings, key_rate=0, key_under_way=0, drain_s=0)
    connection = await db.connect(settings.owner_url)
    await migrations.migrate(connection, migrations.load_migrations())
    await migrations.grant(connection)
    await connection.close()
    pool = await db.open_pool(settings.owner_url, size=2)
    demo = await seed(pool, settings)
    with serving(settings) as service:
        async with httpx.AsyncClient(base_url=service.base_url, timeout=30) as http:
            world = World(http, demo, pool, create_app(settings))
            world.merchant.now = world.operator.now = None
            consumers = [await world.consumer(limit=5_000_00) for _ in range(CONSUMERS)]
            yield Crowd(service.settings.port, demo.merchant_key, consumers), service.settings.port
    await pool.close()


async def measure(servers: embedded.Servers, folder: Path, seconds: float) -> None:
    async with crowd_on(servers, folder) as (crowd, port):
        await crowd.closed(2)  # warm
        before = await crowd.closed(5)
        capacity = len(served(before)) / 5
        print(f"capacity {capacity:.0f}/s, p99 {p99(before):.3f} s, load {os.getloadavg()[0]:.1f}", flush=True)
        over = await crowd.open(seconds, TIMES * capacity)
        goodput = len(served(over)) / seconds
        print(f"{TIMES} times: {said(over)}")
        print(f"goodput {goodput:.0f}/s ({goodput / capacity:.0%} of capacity), accepted p99 {p99(over):.2f} s")
        for second in range(5):
            after = await crowd.closed(1)
            print(f"second {second + 1} after: {len(served(after))}/s, p99 {p99(after):.3f} s")
        quiet = await crowd.closed(4, callers=4)
        slow = [await _slow(port, number) for number in range(300)]
        beside = await crowd.closed(4, callers=4)
        print(f"300 slow connections: p99 {p99(quiet):.3f} -> {p99(beside):.3f} s, {said(beside)}")
        for connection in slow:
            connection.close()
        held = []
        pouring = asyncio.create_task(crowd.closed(4, callers=4))
        for _ in range(40):
            held.append(socket.create_connection(("127.0.0.1", port)))
            held[-1].setblocking(False)
            held[-1].send(LINE * 6695)
        poured = await pouring
        print(f"10 MB of pipelined requests: p99 {p99(quiet):.3f} -> {p99(poured):.3f} s, {said(poured)}")
        for connection in held:
            connection.close()


async def _slow(port: int, number: int) -> socket.socket:
    """Half a head, or half a body."""
    made = socket.create_connection(("127.0.0.1", port))
    head = b"POST /v1/checkouts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n"
    made.send(head if number % 2 else head + b"\r\n{")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with tempfile.TemporaryDirectory(prefix="tenor-overload-") as name:
        settings = Settings(data=Path(name), key_secret="k" * 32, data_secret="d" * 32, port=0)
        with embedded.running(settings) as servers:
            asyncio.run(measure(servers, Path(name), given.seconds))


if __name__ == "__main__":
    main()
