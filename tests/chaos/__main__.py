"""`make chaos`: people shop at two instances of the service while everything under it is killed, frozen and cut off.

Then what they asked and heard is looked through for what cannot be. The figures are printed in one table; the exit code
says whether they are all as they must be.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import msgspec

from service import db, embedded, migrations
from service.app import create_app
from service.config import Settings
from service.demo.seed import seed
from tests.chaos.history import Kind, Read, faults, gaps
from tests.chaos.judged import MINUTES_MOST, Figure, at_least, at_most, enough_troubles, none_of, told
from tests.chaos.trade import Shopper, Trade
from tests.chaos.trouble import Troubles
from tests.engine.processes import Own, Service, broken_checks
from tests.engine.proxy import Proxy
from tests.flows.world import World

SHOPPERS = 16
CONSUMERS = 4  # of each shopper's own; and as many that all of them share, whose limits are soon reached
LIMIT, SHARED_LIMIT = 5_000_00, 500_00
AGAIN = 13  # writes that each sends again in the end
GAP, GAP_S = "longest gap without a definite answer", 5.0
LEAST = 2_000  # writes that must be acknowledged
WHOLE = 12  # the scale of the whole programme


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the order in which things happen")
    parser.add_argument("--scale", type=int, default=WHOLE, help="how often PostgreSQL is killed; the rest follows")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tenor-chaos-") as folder, embedded.running(settings_in(folder)) as servers:
        figures = asyncio.run(chaos(servers, Path(folder), given.seed, given.scale))
    print(f"\nseed {given.seed}, scale {given.scale}, load {os.getloadavg()[0]:.1f}")
    return told(figures)


def settings_in(folder: str | Path) -> Settings:
    """Of servers that hold their data there."""
    return Settings(data=Path(folder), key_secret="k" * 32, data_secret="d" * 32, port=0)


async def chaos(servers: embedded.Servers, folder: Path, seed_: int, scale: int) -> list[Figure]:
    """Trade with troubles, and what was found."""
    settings = servers.settings
    connection = await db.connect(settings.owner_url)
    await migrations.migrate(connection, migrations.load_migrations())
    await migrations.grant(connection)
    await connection.close()
    async with AsyncExitStack() as stack:
        pool = await db.open_pool(settings.owner_url, size=4)
        demo = await seed(pool, settings)
        services, proxies = [], []
        for _ in range(2):
            place = stack.enter_context(tempfile.TemporaryDirectory(prefix="tenor-proxy-"))
            proxy = Proxy(settings.database_url or "", Path(place))
            proxy.cut_of = demo.merchant_id.encode()  # what its shoppers do, and not the service's own work
            await proxy.open()
            proxies.append(proxy)
            services.append(Service(msgspec.structs.replace(settings, database_url=proxy.url), workers=1))
        try:
            await asyncio.gather(*(asyncio.to_thread(service.start) for service in services))
            http = await stack.enter_async_context(httpx.AsyncClient(base_url=services[0].base_url, timeout=30))
            world = World(http, demo, pool, create_app(settings))
            world.merchant.now = world.operator.now = None
            trade = Trade([service.settings.port for service in services], demo.merchant_key)
            own = Own(servers, settings, pool)
            return await _trade_through(world, trade, Troubles(own, services, proxies, trade), seed_, scale)
        finally:
            for service in services:
                service.stop()
            for proxy in proxies:
                await proxy.close()
            await asyncio.wait_for(pool.close(), 10)


async def _trade_through(world: World, trade: Trade, troubles: Troubles, seed_: int, scale: int) -> list[Figure]:
    shared = [await world.consumer(limit=SHARED_LIMIT) for _ in range(CONSUMERS)]
    shoppers = []
    for number in range(SHOPPERS):
        own = [await world.consumer(limit=LIMIT) for _ in range(CONSUMERS)]
        shoppers.append(Shopper(trade, own, shared, seed_ + number))
    began = time.perf_counter()
    shopping = [asyncio.create_task(shopper.run()) for shopper in shoppers]
    await asyncio.sleep(2)
    await troubles.run(seed_, scale)
    while len(trade.acknowledged) < LEAST * scale // WHOLE:
        await asyncio.sleep(0.5)
    trade.goes_on = False
    await asyncio.wait_for(asyncio.gather(*shopping), 120)
    seconds = time.perf_counter() - began
    longest = gaps(trade.definite)[:5]
    again = len(trade.writes)
    await asyncio.gather(*(shopper.send_again(AGAIN) for shopper in shoppers))
    again = len(trade.writes) - again
    for gap in longest:
        print(f"nobody was answered for {gap.seconds:.1f} s: {troubles.during(gap)}")
    return await _figures(world, trade, troubles, shoppers, again, seconds, longest[0].seconds)


async def _figures(
    world: World, trade: Trade, troubles: Troubles, shoppers: list[Shopper], again: int, seconds: float, gap: float
) -> list[Figure]:
    things = [*trade.account_of]
    parts = [things[number::SHOPPERS] for number in range(SHOPPERS)]

    async def read_all(shopper: Shopper, part: list[str]) -> list[tuple[str, Read]]:
        return [(thing, await shopper.read(thing)) for thing in part]

    read = await asyncio.gather(*(read_all(shopper, part) for shopper, part in zip(shoppers, parts, strict=True)))
    last = {thing: found for part in read for thing, found in part}
    consumers = sorted(set(trade.account_of.values()))
    accounts = {consumer: await shoppers[0].account(consumer) for consumer in consumers}
    found = faults(trade.writes, trade.reads, last, accounts)
    for fault in found[:20]:
        print(f"{fault.kind.value}: {fault.what}")
    balance = (await world.operator.get("/v1/operator/ledger/trial-balance")).json()["total"]
    broken = await broken_checks(world.pool)
    for check in broken:
        print(f"{check.name}: {check.rows[:3]}")
    kinds = Counter(fault.kind for fault in found)
    for shopper in shoppers:
        shopper.close()
    is_whole = troubles.scale >= WHOLE
    return [
        *(Figure(name, count) for name, count in sorted(troubles.counts.items())),
        *(enough_troubles(troubles.counts) if is_whole else ()),
        at_most("trade", seconds / 60, MINUTES_MOST, "min") if is_whole else Figure("trade, s", f"{seconds:.0f}"),
        at_least("writes acknowledged", len(trade.acknowledged), LEAST * troubles.scale // WHOLE),
        Figure("things", len(things)),
        at_least("reads", len(trade.reads), 1),
        Figure("answers 503 or 429", trade.statuses[503] + trade.statuses[429]),
        Figure("no answer", trade.statuses[0]),
        at_least("keys sent again in the end", again, 200) if is_whole else Figure("keys sent again in the end", again),
        *(none_of(kind.value, kinds[kind]) for kind in Kind),
        none_of("trial balance", balance),
        none_of("checks of the database broken", len(broken)),
        at_most(GAP, gap, GAP_S),
    ]


if __name__ == "__main__":
    sys.exit(main())
