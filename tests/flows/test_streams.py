"""Events as they happen: each once and in order, again from where a client was, for as long as both sides want."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from service.admission import Admission
from service.api import streams
from service.deadline import REQUEST_S
from service.exchange import Edge
from service.server.door import State
from service.server.reading import Reading
from service.server.wire import Protocol
from tests.flows.world import World

STREAM = {"Accept": "text/event-stream"}
SOON = 20.0  # seconds: nothing here takes so long


class Line:
    """The service on its own wire."""

    def __init__(self, world: World, state: State, port: int) -> None:
        self._key = world.merchant.authorization
        self.state: Any = state
        self.admission: Admission = state.admission
        self.port = port

    @asynccontextmanager
    async def listening(
        self, query: str = "", key: str = "", feed: str = "/v1/events", **headers: str
    ) -> AsyncIterator["Listener"]:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=SOON) as http:
            sent = STREAM | {"Authorization": key or self._key} | headers
            async with http.stream("GET", feed + query, headers=sent) as answered:
                yield Listener(answered)


class Listener:
    """A client that keeps its connection open."""

    def __init__(self, answered: httpx.Response) -> None:
        self.answered = answered
        self._lines = answered.aiter_lines()

    async def events(self, many: int) -> list[dict[str, Any]]:
        """The next events, each with what was said beside it."""
        found: list[dict[str, Any]] = []
        said: dict[str, str] = {}
        async with asyncio.timeout(SOON):
            while len(found) < many:
                line = await anext(self._lines)
                name, _, value = line.partition(": ")
                if line:
                    said[name] = value
                elif "data" in said:
                    event = json.loads(said["data"])
                    assert (said["id"], said["event"]) == (str(event["number"]), event["type"])
                    found.append(event)
                    said = {}
        return found

    async def rest(self) -> list[str]:
        """All lines until the end."""
        async with asyncio.timeout(SOON):
            return [line async for line in self._lines]


@pytest.fixture
async def line(world: World) -> AsyncIterator[Line]:
    """All that stands between a client and the application in a process of ours."""
    app: Any = Edge(world.app)
    config = uvicorn.Config(app, ws="none", lifespan="off", access_log=False, log_config=None)
    config.load()
    state = State()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Reading(lambda: Protocol(config, state, {})), "127.0.0.1", 0)
    yield Line(world, state, server.sockets[0].getsockname()[1])
    for task in state.tasks:
        task.cancel()
    server.close()
    await server.wait_closed()


async def captured(world: World, plan: str, times: int = 1) -> None:
    for _ in range(times):
        done = await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": 1_00, "items": [LAMP]})
        assert done.status_code == 200, done.text


LAMP = {"name": "a red lamp", "amount": 1_00}


async def a_plan(world: World) -> str:
    return str((await world.plan(await world.consumer(1_000_00), 600_00))["id"])


async def test_what_happens_is_heard_as_it_happens_and_again_from_where_one_was(world: World, line: Line) -> None:
    plan = await a_plan(world)
    await captured(world, plan)
    async with line.listening() as listener:
        assert listener.answered.headers["content-type"] == "text/event-stream"
        first = await listener.events(2)
        assert "a red lamp" in str(first[1]), "what is sealed in the database is open to the merchant"
        await captured(world, plan, 2)
        assert [one["number"] for one in await listener.events(2)] == [3, 4]
    listed = (await world.merchant.get("/v1/events")).json()["events"]
    assert first == listed[:2]
    async with line.listening("?after=0", **{"Last-Event-ID": "3"}) as again:
        assert [one["number"] for one in await again.events(1)] == [4]
    async with line.listening("?after=2") as after:
        assert [one["number"] for one in await after.events(2)] == [3, 4]


async def test_it_goes_on_longer_than_an_answer_may_and_takes_no_place(
    world: World, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.2)
    plan = await a_plan(world)
    async with line.listening("?after=1") as listener:
        await asyncio.sleep(REQUEST_S + 0.5)
        assert line.admission.has_room
        assert line.admission._under_way == 0
        await captured(world, plan)
        assert [one["number"] for one in await listener.events(1)] == [2]


async def test_of_one_type_the_place_moves_on(world: World, line: Line) -> None:
    plan = await a_plan(world)
    await captured(world, plan)
    async with line.listening("?of_type=plan.voided") as listener:
        asking = asyncio.create_task(listener.events(1))
        await asyncio.sleep(0.3)
        assert (await world.merchant.post(f"/v1/plans/{plan}/void")).status_code == 200
        assert [(one["number"], one["type"]) for one in await asking] == [(3, "plan.voided")]


async def test_told_to_stop_it_ends_whole(world: World, line: Line) -> None:
    await a_plan(world)
    services: Any = world.app.state["services"]
    async with line.listening() as listener:
        await listener.events(1)
        services.readiness.stop()
        await listener.rest()  # raises if it is cut off


async def test_a_key_that_is_revoked_hears_no_more(world: World, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.2)
    body = {"audience": "merchant", "owner_id": world.demo.merchant_id, "scopes": ["events:read"]}
    waits = await world.operator.post("/v1/operator/keys", body)
    made = (await world.seconded(waits)).json()
    async with line.listening(Authorization=f"Bearer {made['key']}") as listener:
        revoked = await world.operator.post(f"/v1/operator/keys/{made['id']}/revoke")
        assert revoked.status_code == 200, revoked.text
        await listener.rest()


async def test_of_who_reads_slowly_little_is_kept_and_nothing_is_lost(world: World, line: Line) -> None:
    """20 MB have happened: more than the network holds. What waits in the process stays a piece of it."""
    plan = await a_plan(world)
    await captured(world, plan)
    copied = """insert into events (bucket, event_id, merchant_id, type, actor, plan_id, at, data)
                select bucket, event_id || n, merchant_id, type, actor, plan_id, at,
                       json_build_object('much', repeat('x', 4000))
                  from events, generate_series(1, 5000) n where type = 'plan.captured'"""
    await world.pool.execute(copied)
    async with line.listening("?limit=500") as listener:
        await asyncio.sleep(1)
        (connection,) = line.state.connections
        kept = connection.transport.get_write_buffer_size()
        assert 0 < kept < 1_000_000, "it waits for the client to read"
        assert [one["number"] for one in await listener.events(5_002)] == [*range(1, 5_003)]


async def test_a_key_has_so_many_and_no_more_until_one_ends(
    world: World, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One who closes its side may still listen: that it is gone shows when it is written to."""
    monkeypatch.setattr(streams, "OF_ONE_KEY", 1)
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.2)
    await a_plan(world)
    async with line.listening() as listener:
        await listener.events(1)
        async with line.listening() as refused:
            assert refused.answered.status_code == 503
            assert json.loads("".join(await refused.rest()))["code"] == "busy"
    async with asyncio.timeout(SOON):
        while world.app.state["services"].events.listeners:
            await asyncio.sleep(0.02)
    async with line.listening() as another:
        await another.events(1)


async def test_a_partner_listens_to_its_own(world: World, line: Line) -> None:
    plan = await a_plan(world)
    async with line.listening(key=world.partner.authorization, feed="/v1/partner/events") as listener:
        await captured(world, plan)
        (told,) = await listener.events(1)
    assert (told["type"], told["plan_id"], told["principal"]) == ("funding", plan, -70)


async def test_operators_listen_to_what_waits_for_them(world: World, line: Line) -> None:
    operator, feed = world.operator.authorization, "/v1/operator/events"
    before = (await world.operator.get(feed, limit=500)).json()["after"]
    async with line.listening(f"?after={before}", key=operator, feed=feed) as listener:
        assert listener.answered.headers["content-type"] == "text/event-stream"
        waits = await world.operator.post("/v1/operator/operators", {"name": "Hedy"})
        (proposed,) = await listener.events(1)
        assert (proposed["type"], proposed["data"]["approval_id"]) == ("approval.proposed", waits.json()["id"])
        await world.seconded(waits)
        (decided,) = await listener.events(1)
    assert [proposed["number"], decided["number"]] == [before + 1, before + 2]
    async with line.listening(key=operator, feed=feed, **{"Last-Event-ID": str(before + 1)}) as again:
        assert await again.events(1) == [decided]
    async with line.listening(f"?of_type=approval.decided&after={before}", key=operator, feed=feed) as decisions:
        assert await decisions.events(1) == [decided]
    async with line.listening(feed=feed) as refused:  # a merchant's key
        await refused.answered.aread()
    assert (refused.answered.status_code, refused.answered.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("query", "headers", "status", "code"),
    [
        ("", {"Last-Event-ID": "x"}, 400, "invalid_field"),
        ("", {"Last-Event-ID": "9" * 30}, 400, "invalid_field"),
        ("?of_type=plan.exploded", {}, 400, "invalid_field"),
        ("?after=-1", {}, 400, "invalid_field"),
        ("", {"Authorization": "Bearer sk_none"}, 401, "unauthorized"),
    ],
)
async def test_what_is_wrong_is_said_before_it_begins(
    line: Line, query: str, headers: dict[str, str], status: int, code: str
) -> None:
    async with line.listening(query, **headers) as refused:
        body = json.loads("".join(await refused.rest()))
        assert (refused.answered.status_code, body["code"]) == (status, code)


async def test_what_is_forgotten_is_said_and_head_has_no_end_to_wait_for(world: World, line: Line) -> None:
    plan = await a_plan(world)
    await captured(world, plan, 2)
    await world.merchant.get("/v1/events")
    await world.pool.execute("delete from events where number < 3")
    await world.pool.execute("update feeds set first_number = 3 where merchant_id = $1", world.demo.merchant_id)
    async with line.listening("?after=0") as gone:
        assert gone.answered.status_code == 410
    async with line.listening() as listener:
        assert [one["number"] for one in await listener.events(1)] == [3]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{line.port}", timeout=SOON) as http:
        head = await http.head("/v1/events", headers=STREAM | {"Authorization": world.merchant.authorization})
        assert (head.status_code, head.headers["content-type"]) == (200, "text/event-stream")
        assert (await http.get("/livez")).status_code == 200, "on the same connection"
