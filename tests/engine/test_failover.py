"""The primary is lost under load and its synchronous standby promoted: what was acknowledged is there, once."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import msgspec
import pytest

from service import db, migrations
from service.app import create_app
from service.config import Settings
from service.demo.seed import seed
from tests.chaos.history import faults
from tests.chaos.trade import Shopper, Trade
from tests.engine.postgres_host import Host
from tests.engine.processes import broken_checks, is_told, serving
from tests.flows.world import World

pytestmark = pytest.mark.long

SHOPPERS = 8
CONSUMERS = 4


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    """A primary, and a standby that has all that it acknowledges."""
    with TemporaryDirectory(prefix="tenor-one-") as one, TemporaryDirectory(prefix="tenor-two-") as two:
        primary, standby = Host(tmp_path / "one", Path(one)), Host(tmp_path / "two", Path(two))
        primary.data.mkdir()
        try:
            primary.make()
            primary.start()
            standby.copy(primary)
            standby.start()
            primary.wait_for_standbys()
            yield primary, standby
        finally:
            standby.stop()
            primary.stop()


async def test_the_standby_has_all_that_was_acknowledged(pair: tuple[Host, Host], settings: Settings) -> None:
    primary, _ = pair
    places = ",".join(f"127.0.0.1:{one.port}" for one in pair)
    url = f"postgresql://%s:{primary.password}@{places}/tenor?target_session_attrs=read-write"
    reached = msgspec.structs.replace(
        settings, database_url=url % "tenor_service", migrate_url=url % "tenor", sync_standbys=1, sandbox=False
    )
    connection = await db.connect(reached.owner_url)
    await migrations.migrate(connection, migrations.load_migrations())
    await migrations.grant(connection)
    await connection.close()
    pool = await db.open_pool(reached.owner_url, size=2)
    demo = await seed(pool, reached)
    with serving(reached) as service:
        async with httpx.AsyncClient(base_url=service.base_url, timeout=30) as http:
            world = World(http, demo, pool, create_app(reached))
            world.merchant.now = world.operator.now = None
            await is_told(world, {"status": "ready"})
            await trade_through_the_failover(world, Trade([service.settings.port] * 2, demo.merchant_key), pair)
            said = (await http.get("/readyz")).json()
            assert said["problems"] == [
                "A commit waits for 0 standbys (synchronous_standby_names), not 1: TENOR_SYNC_STANDBYS."
            ]
    assert await broken_checks(pool) == []
    await asyncio.wait_for(pool.close(), 10)


async def trade_through_the_failover(world: World, trade: Trade, pair: tuple[Host, Host]) -> None:
    primary, standby = pair
    shoppers = []
    for number in range(SHOPPERS):
        own = [await world.consumer(limit=5_000_00) for _ in range(CONSUMERS)]
        shoppers.append(Shopper(trade, own, own, number))
    shopping = [asyncio.create_task(shopper.run()) for shopper in shoppers]
    await acknowledged(trade, 60)
    primary.strike()
    await asyncio.sleep(0.5)
    standby.promote()
    await acknowledged(trade, len(trade.acknowledged) + 60)
    trade.goes_on = False
    await asyncio.wait_for(asyncio.gather(*shopping), 60)
    await asyncio.gather(*(shopper.send_again(10) for shopper in shoppers))
    last = {thing: await shoppers[0].read(thing) for thing in trade.account_of}
    consumers = set(trade.account_of.values())
    accounts = {consumer: await shoppers[0].account(consumer) for consumer in consumers}
    assert faults(trade.writes, trade.reads, last, accounts) == []
    for shopper in shoppers:
        shopper.close()


async def acknowledged(trade: Trade, least: int) -> None:
    async with asyncio.timeout(60):
        while len(trade.acknowledged) < least:
            await asyncio.sleep(0.1)
