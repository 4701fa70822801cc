"""Whoever can write in Redis makes no yes of a no: not with an entry of their own, nor with an old one of ours. Nor
does what a process has read before another has changed it.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

import msgspec
import pytest
import redis.asyncio as redis
from prometheus_client import REGISTRY

from service.api.services import Services
from service.checkout.cache import account_name, consumer_name
from service.checkout.near_cache import Near
from service.people.person import person_of
from service.sealed import key_for, seal
from tests.bench.cast import ATTRIBUTES as GOOD
from tests.flows.world import NOON, World

CHILD = GOOD | {"age_in_years": 15}


def services_of(world: World) -> Services:
    found = world.app.state["services"]
    assert isinstance(found, Services)
    return found


@pytest.fixture
async def valkey(redis_url: str, world: World) -> AsyncIterator[Any]:
    """The connection of a thief; the service asks Redis each time."""
    services_of(world).snapshots.near = Near(most=0)
    client = redis.Redis.from_url(redis_url, driver_info=None)
    yield client
    await client.aclose()


COUNT: Final = "select count(*) from decisions where consumer_id = $1"


async def told(world: World, consumer: str, amount: int = 100_00) -> list[str]:
    answer = await world.checkout(consumer, amount, kinds=["instalments"])
    await services_of(world).cache.sent()
    replayed = await world.operator.get(f"/v1/operator/decisions/{answer['id']}/replay")
    assert replayed.json()["is_identical"] is True
    return [answer["outcome"], *(reason["code"] for reason in answer["reasons"])]


def not_ours() -> float:
    return REGISTRY.get_sample_value("tenor_cache_not_ours_total") or 0


async def test_an_entry_that_we_have_not_sealed_is_not_believed(world: World, valkey: Any) -> None:
    adult, child = await world.consumer(), await world.consumer(attributes=CHILD)
    assert await told(world, adult) == ["approved"]
    assert await told(world, child) == ["declined", "UNDER_AGE"]
    entry = {"person_id": person_of(child), "merchant_id": world.demo.merchant_id, "time_zone": "Europe/Berlin"}
    plain = msgspec.json.encode(entry | {"attributes": GOOD})
    of_adult = await kept_entry(world, valkey, adult, consumer_name(adult))
    forged = [
        b"1:" + plain,
        b"1:" + seal(key_for("the secret of a thief", "cache"), plain, b"1"),
        of_adult,
        b"7:" + of_adult.partition(b":")[2],
        b"one:" + plain,
        b"1:x",
    ]
    for value in forged:
        before = not_ours()
        await valkey.set(consumer_name(child), value)
        assert await told(world, child) == ["declined", "UNDER_AGE"], value
        assert not_ours() == before + 1
    await valkey.set(consumer_name(child), b"a wrong word")
    assert await told(world, child) == ["declined", "UNDER_AGE"]


async def kept_entry(world: World, valkey: Any, consumer: str, name: str) -> bytes:
    """What is kept under a name. Where Redis did not answer in time, it is left alone for a second, and asked again."""
    async with asyncio.timeout(20):
        while (kept := await valkey.get(name)) is None:
            await asyncio.sleep(0.2)
            await told(world, consumer)
    assert isinstance(kept, bytes)
    return kept


async def test_an_old_entry_of_a_consumer_put_back_is_not_believed(world: World, valkey: Any) -> None:
    consumer = await world.consumer()
    assert await told(world, consumer) == ["approved"]
    old = await kept_entry(world, valkey, consumer, consumer_name(consumer))
    reference = (await world.merchant.get(f"/v1/consumers/{consumer}")).json()["reference"]
    await world.merchant.post("/v1/consumers", {"reference": reference, "attributes": CHILD})
    assert await told(world, consumer) == ["declined", "UNDER_AGE"]
    await valkey.set(consumer_name(consumer), old)
    assert await told(world, consumer) == ["declined", "UNDER_AGE"]


async def test_an_old_entry_of_an_account_put_back_is_not_believed(world: World, valkey: Any) -> None:
    consumer = await world.consumer(limit=1_000_00)
    assert await told(world, consumer, 500_00) == ["approved"]
    name = account_name(person_of(consumer), "EUR")
    old = await kept_entry(world, valkey, consumer, name)
    await world.plan(consumer, 900_00)
    assert await told(world, consumer, 500_00) == ["declined", "LIMIT_EXCEEDED"]
    await valkey.set(name, old)
    assert await told(world, consumer, 500_00) == ["declined", "LIMIT_EXCEEDED"]


async def test_facts_that_changed_meanwhile_are_read_anew_and_the_rest_is_asked_once(world: World, valkey: Any) -> None:
    """The same cart as the one before, with an old entry: granted, and of what the row says."""
    consumer = await world.consumer(limit=1_000_00)
    assert await told(world, consumer) == ["approved"]
    old = await kept_entry(world, valkey, consumer, account_name(person_of(consumer), "EUR"))
    before = await world.pool.fetchval(COUNT, consumer)
    await world.plan(consumer, 100_00)
    await valkey.set(account_name(person_of(consumer), "EUR"), old)
    answer = await world.checkout(consumer, 100_00)
    log = (await world.operator.get(f"/v1/operator/decisions/{answer['id']}")).json()["snapshot"]["snapshot"]
    assert (answer["outcome"], log["reserved"], log["open_plans"]) == ("approved", 100_00, 1)
    assert await world.pool.fetchval(COUNT, consumer) == before + 2  # of the plan, and this one


async def test_what_was_read_before_another_process_changed_it_is_not_believed(world: World) -> None:
    near, consumer = services_of(world).snapshots.near, await world.consumer(limit=1_000_00)
    assert await told(world, consumer, 500_00) == ["approved"]
    before = {name: near.get(name) for name in (consumer_name(consumer), account_name(person_of(consumer), "EUR"))}
    await world.plan(consumer, 900_00)
    reference = (await world.merchant.get(f"/v1/consumers/{consumer}")).json()["reference"]
    await world.merchant.post("/v1/consumers", {"reference": reference, "attributes": GOOD | {"age_in_years": 50}})
    for name, one in before.items():
        assert one is not None
        assert near.get(name) is None  # what this process has changed itself
        near.keep(name, one.version, one.facts)
    assert await told(world, consumer, 500_00) == ["declined", "LIMIT_EXCEEDED"]
    for name, one in before.items():
        assert one is not None
        near.keep(name, one.version, one.facts)
    answer = await world.checkout(consumer, 50_00)
    log = (await world.operator.get(f"/v1/operator/decisions/{answer['id']}")).json()["snapshot"]["snapshot"]
    assert (answer["outcome"], log["reserved"], log["attributes"]["age_in_years"]) == ("approved", 900_00, 50)


async def test_a_fee_that_is_overdue_is_not_forgotten(world: World) -> None:
    """It moves nothing that the account counts: not what is promised, nor the principal that is owed."""
    near, consumer = services_of(world).snapshots.near, await world.consumer(limit=1_000_00)
    plan = await world.plan(consumer, 100_00)
    assert (await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 100_00})).is_success
    assert (await world.operator.post(f"/v1/operator/plans/{plan['id']}/payments", {"amount": 60_00})).is_success
    assert await told(world, consumer) == ["approved"]
    before = {name: near.get(name) for name in (consumer_name(consumer), account_name(person_of(consumer), "EUR"))}
    levied = await world.operator.post(f"/v1/operator/plans/{plan['id']}/fees", {"amount": 5_00})
    assert levied.is_success, levied.text
    world.merchant.now = NOON + timedelta(days=20)  # all but the fee was paid of what is due
    for name, one in before.items():
        assert one is not None
        near.keep(name, one.version, one.facts)
    assert (await told(world, consumer))[0] == "declined"


async def test_nothing_of_a_consumer_is_legible_in_the_cache(world: World, valkey: Any) -> None:
    consumer = await world.consumer(attributes=GOOD | {"housing": "own"})
    await told(world, consumer)
    names = [consumer_name(consumer), account_name(person_of(consumer), "EUR")]
    for value in [await kept_entry(world, valkey, consumer, name) for name in names]:
        assert value.startswith((b"0:", b"1:"))
        for word in (b"own", b"housing", world.demo.merchant_id.encode(), b"limit"):
            assert word not in value
