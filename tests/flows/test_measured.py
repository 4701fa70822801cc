"""What Prometheus is told by running processes: the worker of the whole service, HTTP processes of themselves."""

import asyncio
import re
import signal
import socket
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from service import db, ids
from service.config import Settings
from service.jobs.gauges import measure
from service.metrics import BREAKS, OLDEST_BREAK, OLDEST_UNDELIVERED
from tests.engine.processes import Service, world_of
from tests.flows.test_worker import start
from tests.flows.world import World


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


async def told(port: int) -> dict[str, float]:
    """Every series with its labels, as text, and its value."""
    async with httpx.AsyncClient() as http:
        text = (await http.get(f"http://127.0.0.1:{port}/metrics")).text
    return {name: float(value) for name, value in re.findall(r"^([^#\s]\S*(?:\{.*\})?) (\S+)$", text, re.MULTILINE)}


@pytest.mark.long
async def test_a_worker_tells_of_money_and_of_what_grows_old(world: World, settings: Settings) -> None:
    plan = await world.plan(await world.consumer(), 400_00)
    await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 400_00})
    began = datetime.now(UTC).timestamp()
    port = free_port()
    worker = await start(msgspec.structs.replace(settings, metrics_port=port))
    try:
        async with asyncio.timeout(60):
            while not (seen := await told(port)).get(
                'tenor_ledger_balance_minor{account="consumer_principal",currency="EUR"}'
            ):
                await asyncio.sleep(0.2)
    finally:
        worker.send_signal(signal.SIGTERM)
        await worker.wait()
    assert seen['tenor_money_minor{currency="EUR",what="used"}'] == 400_00
    assert seen['tenor_money_minor{currency="EUR",what="reserved"}'] == 0
    balances = [value for name, value in seen.items() if name.startswith("tenor_ledger_balance_minor{")]
    assert len(balances) > 1
    assert sum(balances) == 0
    for name in ("worker_round", "day_closed", "measured"):
        assert seen[f"tenor_{name}_timestamp_seconds"] > began
    assert seen["tenor_oldest_break_seconds"] == seen["tenor_oldest_undelivered_seconds"] == 0


async def test_ages_are_those_of_the_oldest(world: World, pool: db.Pool) -> None:
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    await measure(pool, now)
    assert OLDEST_UNDELIVERED._value.get() == 0
    made = await world.merchant.post("/v1/endpoints", {"url": "https://shop.example/tenor"})
    assert made.status_code == 201, made.text
    plan = await world.plan(await world.consumer(), 400_00)
    events = (await world.merchant.get("/v1/events")).json()["events"]  # numbered, and taken up by nobody
    first = min(ids.made_at_ms(one["id"]) for one in events if one.get("plan_id") == plan["id"] or "decision_id" in one)
    await measure(pool, datetime.fromtimestamp(first / 1000, UTC) + timedelta(hours=3))
    assert 3 * 3600 - 60 < OLDEST_UNDELIVERED._value.get() < 3 * 3600 + 60
    assert (BREAKS._value.get(), OLDEST_BREAK._value.get()) == (0, 0)


@pytest.mark.long
async def test_processes_tell_of_routes_lanes_connections_and_reasons(settings: Settings, pool: db.Pool) -> None:
    port = free_port()
    service = Service(settings, workers=2)
    service.settings = msgspec.structs.replace(service.settings, metrics_port=port)
    service.start()
    try:
        async with world_of(service, pool) as world:
            consumer = await world.consumer()
            assert (await world.checkout(consumer, 60_00))["outcome"] == "approved"
            refused = await world.checkout(consumer, 9_000_000_00)
            await asyncio.sleep(2.5)
            seen = await told(port)
    finally:
        service.stop()
    assert seen['tenor_decisions_total{outcome="approved"}'] == 1
    for reason in refused["reasons"]:
        assert seen[f'tenor_decision_reasons_total{{reason="{reason["code"]}"}}'] >= 1
    assert refused["reasons"]
    route = 'tenor_http_request_seconds_count{method="POST",path="/v1/checkouts",status="201"}'
    assert (
        seen[route] + seen.get(route.replace("201", "200"), 0) >= 1
        if route in seen
        else seen[route.replace("201", "200")]
    )
    assert seen['tenor_lane_waiting{lane="decisions"}'] == 0
    assert seen['tenor_batch_size_count{lane="decisions"}'] >= 2
    assert seen['tenor_pool_connections{state="idle"}'] + seen['tenor_pool_connections{state="busy"}'] > 0
    assert seen['tenor_cache_answers_total{answer="found"}'] + seen['tenor_cache_answers_total{answer="missing"}'] > 0
