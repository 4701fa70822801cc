"""A lane and its batches: who is refused, who breaks, who has to wait."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from msgspec import Struct

from service import clock, ids
from service.actor import Actor, ActorKind
from service.api.services import Services
from service.db import Connection, connect_session
from service.deadline import PATIENCE_S
from service.engine import lane
from service.engine.work import Answer, Answers, Key, Work
from service.errors import Code, Refused
from service.people.person import person_of
from service.plans.book import Book, Change, PlanCommand
from service.plans.capture import Capture
from tests.flows.world import NOON, World


class Broken(PlanCommand, frozen=True, kw_only=True):
    """A command with a fault of ours in it."""

    def apply(self, book: Book, now: datetime) -> Change:
        assert book.plan is None, "this cannot be"
        raise self.not_found()


def services_of(world: World) -> Services:
    services = world.app.state["services"]
    assert isinstance(services, Services)
    return services


def names(world: World, plan_id: str) -> dict[str, Any]:
    """What every command on a plan needs."""
    command_id = ids.new_id(ids.COMMAND, ids.bucket_of(plan_id), int(NOON.timestamp() * 1000))
    return {"command_id": command_id, "actor": Actor(ActorKind.MERCHANT, world.demo.merchant_id), "plan_id": plan_id}


@asynccontextmanager
async def account_locked(world: World, consumer: str) -> AsyncIterator[None]:
    """Somebody else holds the consumer's account: whoever needs it waits, and its lane with it."""
    async with world.pool.acquire() as conn, conn.transaction():
        await conn.execute("select from accounts where person_id = $1 for update", person_of(consumer))
        yield


async def test_who_breaks_breaks_alone(world: World) -> None:
    consumer = await world.consumer(limit=1_000_00)
    plan = await world.plan(consumer, 600_00)
    engine = services_of(world).engine
    commands = [
        Capture(**names(world, plan["id"]), amount=100_00),
        Broken(**names(world, plan["id"])),
        Capture(**names(world, plan["id"]), amount=500_01),
        Capture(**names(world, plan["id"]), amount=200_00),
        Capture(**names(world, ids.derive(ids.PLAN, names(world, plan["id"])["command_id"])), amount=1),
    ]
    async with account_locked(world, consumer):  # so that all but the first share a batch
        doing = [asyncio.create_task(engine.do(command, None, NOON)) for command in commands]
        await asyncio.sleep(0.2)
    answers: list[Answer] = await asyncio.gather(*doing)
    assert [answer.status for answer in answers] == [200, 500, 422, 200, 404]
    assert (await world.account(consumer))["used"] == 300_00


class NotNow(PlanCommand, frozen=True, kw_only=True):
    """Refused with a word that says: try again."""

    def apply(self, book: Book, now: datetime) -> Change:
        raise Refused(Code.BUSY, "Not now.")


async def test_not_now_is_not_kept_under_the_key(world: World) -> None:
    plan = await world.plan(await world.consumer(limit=1_000_00), 600_00)
    engine, named = services_of(world).engine, names(world, plan["id"])
    key = Key.of(world.demo.merchant_id, "again", b"0" * 32, ids.bucket_of(plan["id"]))
    assert [(await engine.do(NotNow(**named), key, NOON)).status for _ in range(2)] == [503, 503]

    async def not_now(_: Connection) -> Answer:
        raise Refused(Code.UNAVAILABLE, "Not now.")

    with pytest.raises(Refused, match="Not now"):
        await engine.once(key, NOON, not_now)
    done = await engine.do(Capture(**named, amount=100_00), key, NOON)
    again = await engine.do(NotNow(**named), key, NOON)
    assert (done.status, again) == (200, done)


async def test_commands_of_one_batch_see_each_other(world: World) -> None:
    consumer = await world.consumer(limit=600_00)
    plan = await world.plan(consumer, 600_00)
    engine = services_of(world).engine
    async with account_locked(world, consumer):
        doing = [
            asyncio.create_task(engine.do(Capture(**names(world, plan["id"]), amount=50_00), None, NOON))
            for _ in range(20)
        ]
        await asyncio.sleep(0.2)
    counts = Counter(answer.status for answer in await asyncio.gather(*doing))
    assert counts == {200: 12, 409: 8}
    events = (await world.merchant.get("/v1/events")).json()["events"]
    assert [event["number"] for event in events] == list(range(1, 14))


async def test_who_waits_for_a_lock_stops_nobody_else(world: World) -> None:
    stuck, free = await world.consumer(limit=1_000_00), [await world.consumer(limit=1_000_00) for _ in range(8)]
    plan, others = await world.plan(stuck, 600_00), [await world.plan(one, 600_00) for one in free]
    post = world.merchant.post
    async with account_locked(world, stuck):
        waiting = [
            asyncio.create_task(post(f"/v1/plans/{plan['id']}/capture", {"amount": 100_00}, key=f"stuck {number}"))
            for number in range(3)
        ]
        for amount in (100_00, 200_00):  # beside those that wait, and behind them
            answers = await asyncio.gather(
                *(post(f"/v1/plans/{other['id']}/capture", {"amount": amount}) for other in others)
            )
            assert {answer.status_code for answer in answers} == {200}
        assert not any(one.done() for one in waiting)
        told = await asyncio.gather(*waiting)
        assert {(one.status_code, one.json()["code"]) for one in told} == {(503, "unavailable")}
        late = asyncio.create_task(post(f"/v1/plans/{plan['id']}/capture", {"amount": 50_00}))
        await asyncio.sleep(0.5)
    assert (await late).status_code == 200
    done = [await post(f"/v1/plans/{plan['id']}/capture", {"amount": 100_00}, key=f"stuck {one}") for one in range(3)]
    assert [one.json()["captured"] for one in done] == [150_00, 250_00, 350_00]


async def test_who_waits_has_its_turn_though_others_take_the_lock_again_and_again(world: World) -> None:
    """Two take turns: before one lets go of the account, the other waits for it, always longer than a look takes."""
    stuck = await world.consumer(limit=1_000_00)
    plan = await world.plan(stuck, 600_00)
    goes_on = True

    async def hold() -> None:
        while goes_on:
            async with account_locked(world, stuck):
                await asyncio.sleep(0.35)

    holders = [asyncio.create_task(hold()) for _ in range(2)]
    await asyncio.sleep(0.1)
    answer = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 100_00})
    goes_on = False
    await asyncio.gather(*holders)
    assert answer.status_code == 200, answer.text


async def test_what_is_held_of_a_merchant_stops_nobody(world: World) -> None:
    """Not even its own shoppers: what a command writes is its consumer's alone."""
    consumer = await world.consumer(limit=1_000_00)
    plan = await world.plan(consumer, 600_00)
    assert (await world.merchant.get("/v1/events")).json()["events"]  # so that its feed is there
    merchant = world.demo.merchant_id
    async with world.pool.acquire() as conn, conn.transaction():
        for table in ("merchants", "feeds"):
            assert await conn.fetch(f"select merchant_id from {table} where merchant_id = $1 for update", merchant)
        answers = [
            await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 100_00}),
            await world.merchant.post(
                "/v1/plans", {"offer_id": (await world.offer(consumer, 50_00, "instalments"))["id"]}
            ),
        ]
    assert [answer.status_code for answer in answers] == [200, 201]


class Anything(Struct, frozen=True):
    """Work of no kind."""

    bucket: int = 0


async def test_a_server_that_takes_long_to_let_us_in_is_asked_once(database_url: str) -> None:
    """Longer than any batch waits: who comes after it finds the connection that was asked for before."""
    asked = 0

    async def connect(lock_s: float) -> Connection:
        nonlocal asked
        asked += 1
        await asyncio.sleep(PATIENCE_S + 0.4)
        return await connect_session(database_url, lock_s)

    async def run(_: Connection, works: list[Work[Any]]) -> tuple[Answers, list[Any]]:
        return [(work, Answer(200, b"")) for work in works], []

    async def told(_: list[Any]) -> None: ...

    tried = lane.Lane[Any]("tried", connect, run, told)
    statuses = []
    for _ in range(3):
        until, answered = clock.monotonic() + 9, asyncio.get_running_loop().create_future()
        tried.submit(Work(Anything(), None, NOON, 200, answered, until))
        statuses.append((await answered).status)
    assert (statuses, asked) == ([503, 200, 200], 1)
    await tried.close()


async def test_a_full_lane_says_so_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "WAITING_MAX", 100)
    consumer = await world.consumer(limit=1_000_00)
    plan = await world.plan(consumer, 600_00)
    engine, path = services_of(world).engine, f"/v1/plans/{plan['id']}/capture"
    async with account_locked(world, consumer):
        first = asyncio.create_task(world.merchant.post(path, {"amount": 1_00}))
        await asyncio.sleep(0.2)  # its batch waits for the lock; the queue behind it fills
        waiting = [
            asyncio.create_task(engine.do(Capture(**names(world, plan["id"]), amount=600_01), None, NOON))
            for _ in range(lane.WAITING_MAX)
        ]
        await asyncio.sleep(0.1)
        began = asyncio.get_running_loop().time()
        refused = await world.merchant.post(path, {"amount": 2_00}, key="later")
        assert asyncio.get_running_loop().time() - began < 1
        assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        assert refused.headers["retry-after"] == "1"
    assert (await first).status_code == 200
    assert {answer.status for answer in await asyncio.gather(*waiting)} == {422}  # more than was authorized
    done = await world.merchant.post(path, {"amount": 2_00}, key="later")  # the key was not burnt
    assert done.status_code == 200
    assert done.json()["captured"] == 3_00
