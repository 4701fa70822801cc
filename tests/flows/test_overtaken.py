"""What was read without a lock is written only if nobody has changed it meanwhile."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from service import ids
from service.actor import Actor, ActorKind
from service.engine.work import Answer, Done, Key, Work
from service.errors import Refused
from service.plans.authorize import Authorize
from service.plans.book import Command
from service.plans.capture import Capture
from service.plans.flow import PlanWork
from service.plans.payment import RecordPayment
from tests.flows.test_made_one import make_one, make_two, set_limit
from tests.flows.test_one_person import MAIL, NUMBER, register
from tests.flows.world import NOON, World

Meanwhile = Callable[[], Awaitable[Any]]


async def write(world: World, command: Command, meanwhile: Meanwhile | None, key: str = "") -> bool:
    """Reads, applies and writes a command without a lock; `meanwhile` happens before it is written."""
    family = PlanWork(lambda merchant, now: now)
    kept = Key.of(world.demo.merchant_id, key or uuid.uuid4().hex, b"h" * 32, command.bucket)
    work = Work(command, kept, NOON, 200, asyncio.get_running_loop().create_future(), 0)
    async with world.pool.acquire() as conn:
        found = await family.read(conn, [command], NOON)
        assert found is not None
        done = [Done(work, family.apply(command, found, NOON), NOON)]
        if meanwhile:
            await meanwhile()
        return await family.write(conn, found, done, [(work, Answer(200, b"{}"))])


def said(world: World, target: str, **more: Any) -> dict[str, Any]:
    bucket = ids.bucket_of(target)
    return {
        "command_id": ids.new_id(ids.COMMAND, bucket, int(NOON.timestamp() * 1000)),
        "actor": Actor(ActorKind.MERCHANT, world.demo.merchant_id, world.demo.merchant_id),
        **more,
    }


async def opening(world: World, consumer: str) -> Authorize:
    offer = await world.offer(consumer, 100_00, "instalments")
    return Authorize(**said(world, offer["id"], offer_id=offer["id"]))


async def test_an_offer_is_overtaken(world: World) -> None:
    consumer, other = await register(world.merchant, NUMBER), await register(world.merchant, MAIL)
    for one in (consumer, other):
        await set_limit(world, one, 2_000_00)

    for meanwhile in (
        lambda: world.plan(consumer, 50_00),
        lambda: set_limit(world, consumer, 1_999_00),
        lambda: make_one(world, consumer, other),
    ):
        command = await opening(world, consumer)
        with pytest.raises(asyncpg.SerializationError):
            await write(world, command, meanwhile)
        assert await write(world, command, None)  # read again, it is done
    command = await opening(world, consumer)
    with pytest.raises(asyncpg.SerializationError):
        await write(world, command, lambda: make_two(world, consumer))
    with pytest.raises(Refused, match="0 is available"):  # of the limit of who it is now
        await write(world, command, None)


async def test_an_offer_of_somebody_who_is_erased(world: World) -> None:
    consumer = await world.consumer(limit=1_000_00)
    command = await opening(world, consumer)

    async def erase() -> None:
        done = await world.merchant.post(f"/v1/consumers/{consumer}/erase")
        assert done.status_code == 200, done.text

    with pytest.raises(asyncpg.SerializationError):
        await write(world, command, erase)
    assert await world.pool.fetchval("select count(*) from plans") == 0


async def test_a_plan_is_overtaken(world: World) -> None:
    consumer = await world.consumer(limit=1_000_00)
    plan = (await world.plan(consumer, 300_00))["id"]
    path = f"/v1/plans/{plan}"
    capture = Capture(**said(world, plan, plan_id=plan, amount=100_00))
    with pytest.raises(asyncpg.SerializationError):
        await write(world, capture, lambda: world.merchant.post(f"{path}/capture", {"amount": 50_00}))
    with pytest.raises(asyncpg.SerializationError):
        await write(world, capture, lambda: world.plan(consumer, 50_00))  # the account is another
    assert await write(world, capture, None)
    payment = RecordPayment(**said(world, plan, plan_id=plan, amount=1_00))
    touched = "update plans set funding = funding where plan_id = $1"
    with pytest.raises(asyncpg.SerializationError):
        await write(world, payment, lambda: world.pool.execute(touched, plan))  # whatever it was that changed
    assert await write(world, payment, None)


async def test_a_key_is_used_meanwhile(world: World) -> None:
    consumer = await world.consumer(limit=1_000_00)
    plan = (await world.plan(consumer, 300_00))["id"]
    body = {"reference": uuid.uuid4().hex}
    payment = Capture(**said(world, plan, plan_id=plan, amount=100_00))
    with pytest.raises(asyncpg.SerializationError):
        await write(world, payment, lambda: world.merchant.post("/v1/consumers", body, key="used"), key="used")
    assert (await world.merchant.get(f"/v1/plans/{plan}")).json()["version"] == 1
