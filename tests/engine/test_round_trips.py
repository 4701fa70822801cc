"""How often a request waits for PostgreSQL: once to decide on somebody known, twice to open, capture and pay."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest

from service import db
from service.config import Settings
from tests.engine.proxy import Proxy
from tests.flows.conftest import world_on
from tests.flows.world import World

TRIPS = {"decide": 2, "decide again": 1, "open": 2, "capture": 2, "pay": 2, "refused": 2}
TIMES = 5  # the registry asks what has changed every two seconds, maybe in the middle of a request
WARM = 8  # statements are prepared, and PostgreSQL has made plans of them that it keeps


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[Proxy]:
    """Counts."""
    with TemporaryDirectory(prefix="tenor-proxy-") as folder:  # a short path: it holds a socket
        proxy = Proxy(database_url, Path(folder))
        await proxy.open()
        yield proxy
        await proxy.close()


@pytest.fixture
async def world(settings: Settings, pool: db.Pool, proxy: Proxy) -> AsyncIterator[World]:
    """The service behind the proxy; `world.pool` reaches the database directly."""
    async with world_on(msgspec.structs.replace(settings, database_url=proxy.url), pool) as world:
        yield world


async def buy(world: World, proxy: Proxy, consumer: str) -> dict[str, int]:
    """The round trips of each request of a purchase."""
    trips: dict[str, int] = {}

    async def ask(what: str, path: str, body: dict[str, Any], status: int) -> dict[str, Any]:
        before = proxy.trips
        answered = await world.merchant.post(path, body)
        trips[what] = proxy.trips - before
        assert answered.status_code == status, answered.text
        told: dict[str, Any] = answered.json()
        return told

    cart = {"merchant_reference": uuid.uuid4().hex, "consumer": consumer, "currency": "EUR", "amount": 100_00}
    await ask("decide", "/v1/checkouts", cart, 200)  # the account has changed: it is read, and remembered
    decision = await ask("decide again", "/v1/checkouts", cart, 200)
    plan = await ask("open", "/v1/plans", {"offer_id": decision["offers"][0]["id"]}, 201)
    await ask("refused", f"/v1/plans/{plan['id']}/capture", {"amount": 100_01}, 422)
    await ask("capture", f"/v1/plans/{plan['id']}/capture", {"amount": 100_00}, 200)
    await ask("pay", f"/v1/plans/{plan['id']}/payments", {"amount": 1_00, "reference": uuid.uuid4().hex}, 201)
    return trips


@pytest.mark.parametrize("is_believed", [True, False])
async def test_round_trips(world: World, proxy: Proxy, is_believed: bool) -> None:
    """Also where what the merchant says was paid is held until it is proved."""
    where = f"/v1/operator/merchants/{world.demo.merchant_id}/change"
    assert (await world.operator.post(where, {"is_believed": is_believed})).status_code == 200  # it is believed so far
    consumer = await world.consumer(limit=5_000_00)
    for _ in range(WARM):
        await buy(world, proxy, consumer)
    bought = [await buy(world, proxy, consumer) for _ in range(TIMES)]
    assert {what: min(trips[what] for trips in bought) for what in TRIPS} == TRIPS
