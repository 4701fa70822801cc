"""PostgreSQL is away for five seconds while people shop: the log says so in few lines, each whole."""

import asyncio
import os
import signal
from collections import Counter
from typing import Any

import httpx
import msgspec
import pytest

from service.config import LogForm
from tests.engine.processes import Own, Service, world_of
from tests.flows.world import World

pytestmark = pytest.mark.long

AWAY_S = 5.0
SHOPPERS = 16
PROCESSES = 2
FIELDS = {"time", "level", "process", "pid", "logger", "message"}


async def test_an_outage_under_load_is_a_few_lines(own: Own) -> None:
    service = Service(msgspec.structs.replace(own.settings, log=LogForm.JSON), PROCESSES)
    service.start()
    try:
        async with world_of(service, own.pool) as world:
            answers = await trade_through_an_outage(world, own)
    finally:
        service.stop()
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[503] >= SHOPPERS
    assert statuses[200] + statuses[201] >= SHOPPERS
    assert all(answer.headers.get("request-id") for answer in answers if answer.status_code >= 400)
    lines: list[dict[str, Any]] = [msgspec.json.decode(line) for line in service.said.splitlines()]
    away = [line for line in lines if line["level"] == "warning"]
    assert all(line.keys() >= FIELDS for line in lines)
    assert not [line for line in lines if line["level"] in ("error", "critical")], service.said
    assert sum(line.get("left_out", 0) for line in away) >= SHOPPERS  # there was much to say
    assert 1 <= len(away) <= PROCESSES * AWAY_S, service.said
    assert "opk_" not in service.said
    assert "sk_" not in service.said


async def trade_through_an_outage(world: World, own: Own) -> list[httpx.Response]:
    """What shoppers heard: before, while PostgreSQL is away, and after it came back."""
    consumers = [await world.consumer() for _ in range(SHOPPERS)]
    answers: list[httpx.Response] = []
    is_over = asyncio.Event()

    async def shop(consumer: str) -> None:
        while not is_over.is_set():
            body = {"merchant_reference": str(len(answers)), "consumer": consumer, "currency": "EUR", "amount": 60_00}
            answers.append(await world.merchant.post("/v1/checkouts", body))
            await asyncio.sleep(0.02)

    shopping = [asyncio.create_task(shop(consumer)) for consumer in consumers]
    await asyncio.sleep(1)
    os.kill(own.pid_of("postgres"), signal.SIGQUIT)  # as it crashes
    await asyncio.sleep(AWAY_S)
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(own.servers.mend):
            await asyncio.sleep(0.1)
        while answers[-1].status_code == 503:
            await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    is_over.set()
    await asyncio.gather(*shopping)
    return answers
