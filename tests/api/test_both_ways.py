"""Requests that go straight to their handler, and the same ones the framework's way: the answers are the same."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.types import Receive, Scope, Send

from service import ids
from service.api.straight import Straight
from tests.api.routes import Post, client_for
from tests.api.test_bad_input import AUTHORIZATIONS, CLOCKS, CONTENT_TYPES, KEYS, MALFORMED
from tests.flows.world import NOON, World

pytestmark = pytest.mark.asyncio(loop_scope="session")  # in the shared world

Sent = tuple[bytes, dict[str, str | bytes | None]]  # a body, and headers; None: without this one


@asynccontextmanager
async def the_frameworks_way(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose requests never go straight."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Litestar.__call__(world.app, scope, receive, send)

    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=world.http.base_url) as http:
        yield http


def wrong(post: Post, place: int) -> Iterator[Sent]:
    """Some of all that can be wrong; each route has others, so that all is tried on some."""
    right = json.dumps(post.body).encode()
    for raw in list(MALFORMED.values())[place % 5 :: 5]:
        yield raw, {}
    yield right, {"Content-Type": list(CONTENT_TYPES.values())[place % len(CONTENT_TYPES)]}
    yield right, {"Idempotency-Key": list(KEYS.values())[place % len(KEYS)]}
    yield right, {"Idempotency-Key": None}
    yield right, {"Tenor-Clock": CLOCKS[place % len(CLOCKS)]}
    yield right, {"Authorization": AUTHORIZATIONS[place % len(AUTHORIZATIONS)].encode("latin-1")}
    yield right, {"Authorization": None}
    yield right, {"Content-Encoding": "gzip"}
    yield right, {"Host": "a host"}
    yield right, {"Content-Length": "70000"}


def told(answered: httpx.Response) -> tuple[Any, ...]:
    return answered.status_code, answered.content, sorted(answered.headers.items())


async def test_what_is_wrong_is_answered_alike(world: World, ready: list[Post]) -> None:
    assert isinstance(world.app, Straight)
    differ = []
    async with the_frameworks_way(world) as http:
        for place, post in enumerate(ready):
            usual: dict[str, str | bytes] = {
                "Authorization": client_for(world, post.template).authorization, "Idempotency-Key": "both ways",
                "Tenor-Clock": NOON.isoformat(), "Content-Type": "application/json",
            }  # fmt: skip
            for raw, other in wrong(post, place):
                headers = [
                    (name.encode(), value if isinstance(value, bytes) else value.encode())
                    for name, value in (usual | other).items()
                    if value is not None
                ]
                one = await world.http.post(post.path, content=raw, headers=headers)
                two = await http.post(post.path, content=raw, headers=headers)
                if told(one) != told(two):
                    differ.append(f"{post.template} {raw[:60]!r} {other}: {told(one)}, but {told(two)}")
    assert not differ, "\n".join(differ)


async def test_another_key_finds_nothing_either_way(world: World, ready: list[Post]) -> None:
    async with the_frameworks_way(world) as http:
        for post in ready:
            if not post.template.startswith("/v1/plans/{plan_id}"):
                continue
            headers = {"Authorization": world.other_merchant.authorization, "Idempotency-Key": post.template}
            one = await world.http.post(post.path, json=post.body, headers=headers)
            two = await http.post(post.path, json=post.body, headers=headers)
            assert (one.status_code, told(one)) == (404, told(two)), f"{post.template}: {one.text}"


@pytest.mark.asyncio(loop_scope="function")
async def test_what_is_right_goes_straight_and_is_answered_again_the_other_way(own_world: World) -> None:
    app = own_world.app
    assert isinstance(app, Straight)
    headers = {"Tenor-Clock": NOON.isoformat(), "Authorization": own_world.merchant.authorization}
    consumer = await own_world.consumer(1_000_00)
    offer = await own_world.offer(consumer, 600_00, "instalments")
    async with the_frameworks_way(own_world) as http:
        sent: dict[str, Any] = {"json": {"offer_id": offer["id"]}, "headers": headers | {"Idempotency-Key": "opened"}}
        opened = await own_world.http.post("/v1/plans", **sent)
        assert (opened.status_code, told(opened)) == (201, told(await http.post("/v1/plans", **sent)))
        captured = f"/v1/plans/{opened.json()['id']}/capture"
        sent = {"json": {"amount": 600_00}, "headers": headers | {"Idempotency-Key": "captured"}}
        straight = await own_world.http.post(captured, **sent)
        assert (straight.status_code, told(straight)) == (200, told(await http.post(captured, **sent)))
        for path in (captured, "/v1/plans"):
            assert app.find({"method": "POST", "path": path, "query_string": b"", "headers": [(b"host", b"tenor")]})


async def test_what_is_unusual_goes_the_frameworks_way(world: World) -> None:
    app = world.app
    assert isinstance(app, Straight)
    usual = {"method": "POST", "path": "/v1/checkouts", "query_string": b"", "headers": [(b"host", b"tenor:8000")]}
    assert app.find(usual)
    others: tuple[dict[str, Any], ...] = (
        {"method": "PUT"}, {"path": "/v1/checkouts/"}, {"path": "//v1/checkouts"}, {"query_string": b"dry_run=true"},
        {"headers": []}, {"headers": [(b"host", b"a"), (b"host", b"a")]}, {"headers": [(b"host", b"a b")]},
        {"path": f"/v1/plans/{ids.new_id(ids.PLAN, 1, 1).lower()}/capture"},
    )  # fmt: skip
    for unusual in others:
        assert app.find(usual | unusual) is None, unusual
