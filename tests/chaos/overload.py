"""Ten times as much as can be served, slow clients, and crowds without a key: what becomes of those in between.

`python -m tests.chaos.overload`: all figures are of one run, so that ratios tell something on any machine. They are
judged (tests/chaos/judged.py): the exit code is 1 where one is not as it must be, and those are named at the end.
"""

import argparse
import asyncio
import os
import resource
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import msgspec

from service import db, embedded, migrations
from service.app import create_app
from service.config import Settings
from service.demo.seed import seed
from tests.chaos.crowd import LINES_MAX, Away, Heard, Mix, Shop, in_a_crowd, of_status, p99
from tests.chaos.judged import ACCEPTED_P99_S, Figure, at_most, goodput, none_of, normal_again, slower, told
from tests.engine.processes import serving
from tests.flows.world import World

CONSUMERS = 200
PLANS = 100
CLOSED = 32  # callers who find out what can be served
TIMES = 10
LINES = (b"GET /v1/plans HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
CONNECTIONS, MUCH = 40, 250_000  # bytes on each
MIXED = Mix(payments=2, checkouts=68, lists=30)


def said(heard: list[Heard]) -> str:
    """Counts, and how long it took."""
    served, shed = of_status(heard, 200, 201), of_status(heard, 429, 503)
    kept = sum(not one.is_sent for one in heard)
    gone = len(heard) - len(served) - len(shed) - kept
    return (
        f"{len(served)} served (p99 {p99(served):.2f} s), {len(shed)} refused (p99 {p99(shed):.2f} s), "
        f"{gone} without an answer, {kept} not sent, for all {LINES_MAX} connections waited, "
        f"the crowd itself late by {p99(sorted(one.late_s for one in heard)):.3f} s"
    )


@asynccontextmanager
async def shop_on(servers: embedded.Servers) -> AsyncIterator[Shop]:
    """The service with some consumers and plans."""
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
            plans = [(await world.plan(consumer, 600_00))["id"] for consumer in consumers[:PLANS]]
            for plan in plans:
                await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": 600_00})
        yield Shop(service.settings.port, demo.merchant_key, consumers, plans)
    await pool.close()


async def too_much(crowd: Away, seconds: float) -> list[Figure]:
    """Ten times what can be served, and what comes after it."""
    before = await crowd.closed(5, CLOSED)
    capacity = len(of_status(before, 200)) / 5
    print(
        f"capacity {capacity:.0f}/s, p99 {p99(of_status(before, 200)):.3f} s, load {os.getloadavg()[0]:.1f}", flush=True
    )
    over = await crowd.open(seconds, TIMES * capacity)
    served = of_status(over, 200)
    print(f"{TIMES} times: goodput {len(served) / seconds:.0f}/s, {said(over)}", flush=True)
    a_second = []
    for second in range(5):
        after = of_status(await crowd.closed(1, CLOSED), 200)
        a_second.append(len(after))
        print(f"second {second + 1} after: {len(after)}/s ({len(after) / capacity:.0%}), p99 {p99(after):.3f} s")
    return [
        goodput(len(served), seconds, capacity),
        at_most("accepted at ten times, p99", p99(served), ACCEPTED_P99_S),
        normal_again(a_second, capacity),
        none_of("status 500 at ten times", len(of_status(over, 500))),
    ]


async def urgent_first(crowd: Away, seconds: float) -> list[Figure]:
    """Payments, checkouts and lists at once, ten times too many: who is served."""
    capacity = len(of_status(await crowd.closed(4, CLOSED, MIXED), 200)) / 4
    over = await crowd.open(seconds, TIMES * capacity, MIXED)
    print(f"mixed, {TIMES} times {capacity:.0f}/s:", flush=True)
    for what in ("payments", "checkouts", "lists"):
        of_it = [one for one in over if one.what == what]
        print(f"  {what}: {len(of_status(of_it, 200)) / max(len(of_it), 1):.0%} of {len(of_it)}; {said(of_it)}")
    return [none_of("status 500 of what is urgent and what is not", len(of_status(over, 500)))]


async def beside(crowd: Away, port: int) -> list[Figure]:
    """Slow clients, and crowds without a key."""
    quiet = p99(of_status(await crowd.closed(4, 4), 200))
    slow = [_slow(port, number) for number in range(300)]
    others = await crowd.closed(4, 4)
    figures = [slower("others' p99 beside 300 slow connections", quiet, p99(of_status(others, 200)))]
    print(f"300 slow connections: p99 {quiet:.3f} -> {p99(of_status(others, 200)):.3f} s, {said(others)}", flush=True)
    for connection in slow:
        connection.close()
    for line in LINES:
        pouring = asyncio.gather(*(_pour(port, line * (MUCH // len(line))) for _ in range(CONNECTIONS)))
        poured = await crowd.closed(4, 4)
        pouring.cancel()
        await asyncio.gather(pouring, return_exceptions=True)
        what = f"{CONNECTIONS * MUCH // 1_000_000} MB of {line.split()[1].decode()} without a key"
        print(f"{what}: p99 {quiet:.3f} -> {p99(of_status(poured, 200)):.3f} s, {said(poured)}", flush=True)
        figures.append(slower(f"others' p99 beside {what}", quiet, p99(of_status(poured, 200))))
        figures.append(none_of(f"status 500 beside {what}", len(of_status(poured, 500))))
    return figures


async def _pour(port: int, raw: bytes) -> None:
    """All at once, on one connection; what is answered is read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(ConnectionError):
        writer.write(raw)
        while await reader.read(1 << 16):
            pass
    writer.close()


def _slow(port: int, number: int) -> socket.socket:
    """Half a head, or half a body."""
    made = socket.create_connection(("127.0.0.1", port))
    head = b"POST /v1/checkouts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n"
    made.send(head if number % 2 else head + b"\r\n{")
    return made


async def _measure(servers: embedded.Servers, seconds: float, parts: str) -> list[Figure]:
    figures = list[Figure]()
    async with shop_on(servers) as shop:
        with in_a_crowd(shop) as crowd:
            await crowd.closed(2)  # warm
            if "t" in parts:
                figures += await too_much(crowd, seconds)
            if "u" in parts:
                figures += await urgent_first(crowd, seconds / 2)
            if "b" in parts:
                figures += await beside(crowd, shop.port)
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument(
        "--parts", default="tub", help="t: too much; u: urgent first; b: beside slow clients and crowds"
    )
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with tempfile.TemporaryDirectory(prefix="tenor-overload-") as name:
        settings = Settings(data=Path(name), key_secret="k" * 32, data_secret="d" * 32, port=0)
        with embedded.running(settings) as servers:
            return told(asyncio.run(_measure(servers, given.seconds, given.parts)))


if __name__ == "__main__":
    sys.exit(main())
