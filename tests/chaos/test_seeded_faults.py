"""Whatever a running service does wrong is found by who looks through what was asked and heard.

Nothing is killed: shoppers shop over HTTP at the service with one seam broken, and the history that they have heard is
looked through as after all troubles (`make chaos`).
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from litestar.types import ASGIApp, Message, Receive, Send

from service import db
from service.config import Settings
from tests.chaos.history import Fault, Kind, faults
from tests.chaos.trade import Shopper, Trade
from tests.flows.conftest import alive
from tests.flows.world import World
from tests.outside.serving import served

pytestmark = pytest.mark.long

SHOPPERS = 4
SECONDS = 4.0
LIMIT, SHARED_LIMIT = 50_000_00, 500_00
Answer = tuple[int, bytes]


class Edge:
    """Stands before the service and breaks one promise of it, now and then; `is_broken` until all is to be read."""

    def __init__(self, app: ASGIApp, breaks: "Callable[[Edge, Any, bytes], Any] | None") -> None:
        self.app = app
        self.breaks = breaks
        self.is_broken = True
        self.chance = random.Random(7)
        self.kept: dict[str, Answer] = {}

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message.get("more_body"):
                break
        broken = None
        if self.breaks and self.is_broken:
            broken = await self.breaks(self, scope, body)
        status, answer = broken or await self.ask(scope, body)
        length = (b"content-length", str(len(answer)).encode())
        head = [(b"content-type", b"application/json"), length]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": answer, "more_body": False})

    async def ask(self, scope: Any, body: bytes, key: str = "") -> Answer:
        """What the service itself answers, under another key if one is given."""
        heard: list[Any] = []
        headers = [
            (name, key.encode() if key and name == b"idempotency-key" else value) for name, value in scope["headers"]
        ]

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            heard.append(message)

        asked: Any = {**scope, "headers": headers, "state": {}}
        await self.app(asked, receive, send)
        return heard[0]["status"], b"".join(one.get("body", b"") for one in heard[1:])

    def rarely(self) -> bool:
        """Now and then."""
        return self.chance.random() < 0.2


def verb_of(scope: Any) -> str:
    """`payments` of a POST to a plan's payments; empty for anything else."""
    path = scope["path"]
    return path.rpartition("/")[2] if scope["method"] == "POST" and path.startswith("/v1/plans/") else ""


async def acknowledged_and_not_done(edge: Edge, scope: Any, body: bytes) -> Answer | None:
    return (201, b"{}") if verb_of(scope) == "payments" and edge.rarely() else None


async def done_twice(edge: Edge, scope: Any, body: bytes) -> Answer | None:
    """As if no key was looked up."""
    if verb_of(scope) == "payments" and edge.rarely():
        await edge.ask(scope, body, f"again-{edge.chance.random()}")
    return None


async def answered_anew(edge: Edge, scope: Any, body: bytes) -> Answer | None:
    """As if no answer was kept."""
    status, answer = await edge.ask(scope, body)
    return (status, answer + b" " * edge.chance.randrange(9)) if verb_of(scope) == "payments" else (status, answer)


async def refused_and_done(edge: Edge, scope: Any, body: bytes) -> Answer | None:
    if verb_of(scope) != "capture" or not edge.rarely():
        return None
    await edge.ask(scope, body)
    return 409, b'{"code":"state_forbids"}'


async def read_from_an_old_copy(edge: Edge, scope: Any, body: bytes) -> Answer | None:
    if scope["method"] != "GET" or scope["path"] != "/v1/plans":
        return None
    name = scope["query_string"].decode()
    edge.kept[name] = edge.kept.get(name) or await edge.ask(scope, body)
    return edge.kept[name]


async def broken(edge: Edge, scope: Any, body: bytes) -> Answer | None:
    return (500, b"{}") if verb_of(scope) == "refunds" and edge.rarely() else None


async def wrongly_refused(edge: Edge, scope: Any, body: bytes) -> Answer | None:
    return (409, b'{"code":"limit_exceeded"}') if verb_of(scope) == "capture" and edge.rarely() else None


NOTHING: str = ""
# The last two as if the service had not written down what it let in, and had not looked at the limit.
SEEDED: list[tuple[Any, str, Kind]] = [
    (acknowledged_and_not_done, NOTHING, Kind.LOST),
    (done_twice, NOTHING, Kind.DOUBLED),
    (answered_anew, NOTHING, Kind.CHANGED),
    (refused_and_done, NOTHING, Kind.PHANTOM),
    (read_from_an_old_copy, NOTHING, Kind.STALE),
    (broken, NOTHING, Kind.BROKEN),
    (wrongly_refused, NOTHING, Kind.WRONG),
    (None, "update accounts set used = used + 100, version = version + 1 where used > 0", Kind.LEAKED),
    (None, 'update accounts set "limit" = reserved + used', Kind.OVER_LIMIT),
]  # fmt: skip


@asynccontextmanager
async def shopped(world: World, breaks: Any) -> AsyncIterator[tuple[Trade, list[Shopper], list[str]]]:
    """People have shopped for some seconds; the seam is whole again, for the last look."""
    edge = Edge(world.app, breaks)
    async with served(edge) as url:
        port = int(url.rstrip("/").rpartition(":")[2])
        trade = Trade([port, port], world.demo.merchant_key)
        shared = [await world.consumer(limit=SHARED_LIMIT) for _ in range(2)]
        own = [[await world.consumer(limit=LIMIT)] for _ in range(SHOPPERS)]
        shoppers = [Shopper(trade, mine, shared, number) for number, mine in enumerate(own)]
        shopping = [asyncio.create_task(one.run()) for one in shoppers]
        await asyncio.sleep(SECONDS)
        trade.goes_on = False
        await asyncio.gather(*shopping, return_exceptions=True)
        edge.is_broken = False
        yield trade, shoppers, [*shared, *[one for mine in own for one in mine]]


async def found_by(world: World, breaks: Any, statement: str) -> list[Fault]:
    """What a look at all of it says in the end, after somebody has done this in the database."""
    async with shopped(world, breaks) as (trade, shoppers, consumers):
        assert len(trade.acknowledged) > 20
        if statement:
            await world.pool.execute(statement)
        last = {thing: await shoppers[0].read(thing) for thing in trade.account_of}
        accounts = {consumer: await shoppers[0].account(consumer) for consumer in consumers}
        shoppers[0].close()
        return faults(trade.writes, trade.reads, last, accounts)


@pytest.mark.parametrize(("breaks", "statement", "kind"), SEEDED, ids=[str(one[2].value) for one in SEEDED])
async def test_each_is_found(settings: Settings, pool: db.Pool, breaks: Any, statement: str, kind: Kind) -> None:
    async with alive(settings, pool) as world:
        world.merchant.now = world.operator.now = None
        found = await found_by(world, breaks, statement)
    assert kind in {fault.kind for fault in found}, json.dumps([fault.what for fault in found[:5]])


async def test_of_a_service_that_is_whole_nothing_is_found(settings: Settings, pool: db.Pool) -> None:
    async with alive(settings, pool) as world:
        world.merchant.now = world.operator.now = None
        assert await found_by(world, None, NOTHING) == []
