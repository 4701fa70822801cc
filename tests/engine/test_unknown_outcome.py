"""The connection is cut at COMMIT: what was done, or not, is found out, and done exactly once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest

from service import db
from service.config import Settings
from service.engine import batch, once
from tests.engine.proxy import Cut, Proxy
from tests.flows.conftest import world_on
from tests.flows.world import World

KEY = "a-key-of-what-is-cut"  # every request that is cut is sent with one that begins so


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[Proxy]:
    """Passes everything on."""
    with TemporaryDirectory(prefix="tenor-proxy-") as folder:  # a short path: it holds a socket
        proxy = Proxy(database_url, Path(folder))
        proxy.cut_of = KEY.encode()
        await proxy.open()
        yield proxy
        await proxy.close()


@pytest.fixture
async def world(settings: Settings, pool: db.Pool, proxy: Proxy) -> AsyncIterator[World]:
    """The service behind the proxy; `world.pool` reaches the database directly."""
    async with world_on(msgspec.structs.replace(settings, database_url=proxy.url), pool) as world:
        yield world


@pytest.mark.parametrize("cut", Cut)
async def test_a_plan_is_opened_once(world: World, proxy: Proxy, cut: Cut) -> None:
    consumer = await world.consumer(limit=1_000_00)
    offer = await world.offer(consumer, 100_00, "instalments")
    proxy.cut = cut
    opened = await world.merchant.post("/v1/plans", {"offer_id": offer["id"]}, key=KEY)
    assert (opened.status_code, proxy.cuts) == (201, 1)
    assert (await world.account(consumer))["reserved"] == 100_00
    again = await world.merchant.post("/v1/plans", {"offer_id": offer["id"]}, key=KEY)
    assert (again.status_code, again.content) == (201, opened.content)
    # the cache heard of it, though the answer to COMMIT never came
    declined = await world.checkout(consumer, 900_01, kinds=["instalments"], instalments=12)
    assert declined["outcome"] == "declined"


@pytest.mark.parametrize("cut", Cut)
async def test_a_whole_batch_is_done_once(world: World, proxy: Proxy, cut: Cut) -> None:
    consumer = await world.consumer(limit=700_00)
    made = [await world.offer(consumer, 100_00, "instalments") for _ in range(10)]
    proxy.cut = cut
    answers = await asyncio.gather(
        *(world.merchant.post("/v1/plans", {"offer_id": offer["id"]}, key=f"{KEY}-{offer['id']}") for offer in made)
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 7 + [409] * 3
    assert proxy.cuts == 1


@pytest.mark.parametrize("cut", Cut)
async def test_a_consumer_is_registered_once(world: World, proxy: Proxy, cut: Cut) -> None:
    proxy.cut = cut
    made = await world.merchant.post("/v1/consumers", {"reference": "c-1"}, key=KEY)
    assert (made.status_code, made.json()["version"], proxy.cuts) == (201, 1, 1)
    again = await world.merchant.post("/v1/consumers", {"reference": "c-1"}, key=KEY)
    assert (again.status_code, again.content) == (201, made.content)


@pytest.mark.parametrize("cut", Cut)
async def test_nobody_knows_while_the_database_is_away(
    world: World, proxy: Proxy, cut: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "PATIENCE_S", 0.3)
    monkeypatch.setattr(once, "PATIENCE_S", 0.3)
    consumer = await world.consumer(limit=1_000_00)
    offer = await world.offer(consumer, 100_00, "instalments")
    proxy.cut, proxy.then_closed = cut, True
    unknown = await world.merchant.post("/v1/plans", {"offer_id": offer["id"]}, key=KEY)
    assert (unknown.status_code, unknown.json()["code"]) == (503, "outcome_unknown")
    assert unknown.headers["retry-after"] == "1"
    still = await world.merchant.post("/v1/plans", {"offer_id": offer["id"]}, key=KEY)
    assert (still.status_code, still.json()["code"]) == (503, "unavailable")
    assert (await world.merchant.get(f"/v1/consumers/{consumer}")).status_code == 503
    assert (await world.merchant.post("/v1/consumers", {"reference": "c-1"}, key=f"{KEY}-c")).status_code == 503
    ready = await world.http.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
    assert (await world.http.get("/livez")).status_code == 200

    await proxy.open()
    opened = await world.merchant.post("/v1/plans", {"offer_id": offer["id"]}, key=KEY)
    assert opened.status_code == 201
    assert (await world.account(consumer))["reserved"] == 100_00
    assert (await world.merchant.post("/v1/consumers", {"reference": "c-1"}, key=f"{KEY}-c")).status_code == 201
    async with asyncio.timeout(10):
        while (await world.http.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.1)
