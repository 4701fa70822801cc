"""PostgreSQL stands still, or may not be written to: everybody hears so in time, and nothing is acknowledged."""

import asyncio
import os
import signal
import uuid
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from service.access.secret_flow import secrets_of
from service.config import Settings
from service.db import Pool
from service.people.consumer import reference_indexes
from service.registry.registry import CHANNEL, Registry
from tests.engine.processes import Own, Service, broken_checks, insist, is_told, offers, serving, world_of
from tests.flows.outside import CONSENT
from tests.flows.world import SECRETS, World

SECONDS = 12  # a generous while for what takes 2.2: whoever waits for PostgreSQL waits for ever
READY = {"status": "ready"}


class Write(NamedTuple):
    """A POST and its idempotency key."""

    path: str
    body: dict[str, Any]
    key: str


def write(path: str, body: dict[str, Any]) -> Write:
    return Write(path, body, uuid.uuid4().hex)


class Writes:
    """Some for each way to the database: both lanes, and what is done once without a lane."""

    def __init__(self, world: World, consumer: str, plan: str, offered: list[str]) -> None:
        self.world = world
        self.consumer = consumer
        self.plan = plan
        self.references = [uuid.uuid4().hex for _ in range(4)]
        asked = {"merchant_reference": self.references[0], "consumer": consumer, "currency": "EUR", "amount": 50_00}
        self.all = [
            *(write("/v1/plans", {"offer_id": offer}) for offer in offered),
            *(write(f"/v1/plans/{plan}/capture", {"amount": 100_00}) for _ in range(4)),
            *(write("/v1/consumers", {"reference": reference}) for reference in self.references),
            write("/v1/checkouts", asked),
        ]

    @classmethod
    async def of(cls, world: World) -> "Writes":
        """For a new consumer with a plan and eight offers."""
        consumer = await world.consumer(limit=5_000_00)
        plan = await world.plan(consumer, 600_00)
        return cls(world, consumer, plan["id"], await offers(world, [consumer] * 8, 100_00))

    async def send(self) -> list[httpx.Response]:
        """All at once."""
        post = self.world.merchant.post
        return await asyncio.gather(*(post(one.path, one.body, key=one.key) for one in self.all))

    async def are_each_done_once(self) -> None:
        """Whatever was said before: the same key brings it to an end, and tells the same again."""
        for one in self.all:
            done = await insist(self.world.merchant, one.path, one.body, key=one.key)
            assert done.status_code < 300, done.text
            again = await self.world.merchant.post(one.path, one.body, key=one.key)
            assert (again.status_code, again.content) == (done.status_code, done.content)
        count = self.world.pool.fetchval
        assert await count("select count(*) from plans where consumer_id = $1", self.consumer) == 9
        assert await count("select captured from plans where plan_id = $1", self.plan) == 400_00
        own = self.world.demo.merchant_id
        indexes = [index for one in self.references for index in reference_indexes(SECRETS, own, one)]
        asked = "select count(*) from consumer_references where reference_index = any ($1)"
        assert await count(asked, indexes) == 4
        asked = "select count(*) from decisions where merchant_reference = any ($1)"
        assert await count(asked, self.references) == 1
        assert await broken_checks(self.world.pool) == []


def all_are_away(answers: list[httpx.Response], *codes: str) -> None:
    told = {(answer.status_code, answer.headers["content-type"], answer.json()["code"]) for answer in answers}
    assert told <= {(503, "application/problem+json", code) for code in codes}, told
    assert all(answer.headers["retry-after"] == "1" for answer in answers)


@pytest.mark.long
async def test_a_bad_day_of_postgres(own: Own, tmp_path: Path) -> None:
    with serving(own.settings) as service:
        async with world_of(service, own.pool) as world:
            await it_stands_still(own, world)
            conf = tmp_path / "postgres" / "postgresql.conf"
            await durability_is_switched_off(own, world, conf)
            await the_standby_is_away(own, world, conf)
            await we_are_stopped_while_it_stands_still(own, world, service)


async def it_stands_still(own: Own, world: World) -> None:
    writes = await Writes.of(world)
    reads = ["/v1/events", f"/v1/plans/pl_{'0' * 26}", "/v1/plans?merchant_reference=one"] * 10
    with own.postgres_stands_still():
        async with asyncio.timeout(2 * SECONDS):
            for _ in range(2):  # on connections it had, and on such as it does not get
                answers, seen, (ready, *_) = await asyncio.gather(
                    writes.send(),
                    asyncio.gather(*(world.merchant.get(path) for path in reads)),
                    asyncio.gather(*(world.http.get("/readyz") for _ in range(64))),
                )
                all_are_away(answers, "outcome_unknown", "unavailable")
                all_are_away(seen, "unavailable")
                said = "PostgreSQL does not answer within 1.5 seconds."
                assert (ready.status_code, ready.json()["problems"]) == (503, [said])
                assert (await world.http.get("/livez")).status_code == 200
    await is_told(world, READY)
    await writes.are_each_done_once()


async def durability_is_switched_off(own: Own, world: World, conf: Path) -> None:
    writes = await Writes.of(world)
    durable = await asyncio.to_thread(conf.read_text)

    def set_postgres(*lines: str) -> None:
        conf.write_text("\n".join([durable, *lines, ""]))
        os.kill(own.pid_of("postgres"), signal.SIGHUP)

    for unsafe in ("fsync = off", "synchronous_commit = off", "default_transaction_read_only = on"):
        await is_told(world, READY)
        set_postgres(unsafe)
        async with asyncio.timeout(SECONDS):
            while unsafe.split()[0] not in str((await world.http.get("/readyz")).json().get("problems")):
                await asyncio.sleep(0.1)
        all_are_away(await writes.send(), "outcome_unknown", "unavailable")
        set_postgres()
    await is_told(world, READY)
    await writes.are_each_done_once()


async def the_standby_is_away(own: Own, world: World, conf: Path) -> None:
    """What was answered is not answered again while no standby is known to have it: its own commit may have been cut
    off while it waited for one."""
    writes = await Writes.of(world)
    consent = f"/v1/consumers/{writes.consumer}/consents"
    writes.all.append(write(consent, CONSENT))  # looked up before it begins
    done = await writes.send()
    assert {answer.status_code for answer in done} == {200, 201}
    alone = await asyncio.to_thread(conf.read_text)
    await set_standbys(own, conf, f"{alone}\nsynchronous_standby_names = 'nobody'\n", are_there=False)
    all_are_away(await writes.send(), "outcome_unknown", "unavailable")
    await set_standbys(own, conf, alone, are_there=True)
    await is_told(world, READY)
    for one, first in zip(writes.all, done, strict=True):
        again = await insist(world.merchant, one.path, one.body, key=one.key)
        assert (again.status_code, again.content) == (first.status_code, first.content)
    await writes.are_each_done_once()


async def set_standbys(own: Own, conf: Path, text: str, *, are_there: bool) -> None:
    await asyncio.to_thread(conf.write_text, text)
    os.kill(own.pid_of("postgres"), signal.SIGHUP)
    async with asyncio.timeout(SECONDS):
        while await commits(own) is not are_there:
            await asyncio.sleep(0.1)


async def commits(own: Own) -> bool:
    """Whether PostgreSQL ends a transaction in which something was written."""
    try:
        await own.pool.execute("create temporary table written () on commit drop", timeout=0.5)
    except TimeoutError:
        return False
    return True


async def we_are_stopped_while_it_stands_still(own: Own, world: World, service: Service) -> None:
    writes = await Writes.of(world)
    with own.postgres_stands_still():
        async with asyncio.timeout(SECONDS):
            answering = asyncio.create_task(writes.send())
            await asyncio.sleep(0.5)  # all of them are on their way
            code = await asyncio.to_thread(service.stop)
            all_are_away(await answering, "outcome_unknown", "unavailable")
            assert code == 0
    await asyncio.to_thread(service.start)
    await writes.are_each_done_once()


async def test_the_registry_closes_in_the_middle_of_a_reload(settings: Settings, pool: Pool) -> None:
    registry = Registry(settings.database_url or "", pool, secrets_of(settings))
    await registry.start()
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("lock table keys in access exclusive mode")
        await pool.execute("select pg_notify($1, '')", CHANNEL)
        async with asyncio.timeout(SECONDS):
            while not await pool.fetchval("select exists (select from pg_locks where not granted)"):
                await asyncio.sleep(0.05)
            await registry.close()


@pytest.mark.long
async def test_a_restart_follows_at_once_when_the_supervisor_was_killed(settings: Settings, pool: Pool) -> None:
    service = Service(settings)
    service.start()
    try:
        async with world_of(service, pool) as world:
            before = service.workers()
            assert service.process is not None
            service.process.kill()
            service.process.communicate(timeout=20)
            await asyncio.to_thread(service.start)  # on the same port, which its workers still hold
            assert not set(before) & set(service.workers())
            assert (await world.http.get("/readyz")).status_code == 200
    finally:
        service.stop()
