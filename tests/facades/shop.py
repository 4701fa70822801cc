"""A shop that bought elsewhere until now: it has another provider's client, and our address."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from litestar import Litestar

from service import db
from service.demo.seed import Demo
from service.exchange import Edge
from service.server.door import State
from service.server.wire import Protocol
from tests.flows.world import World


class Served(World):
    """The world at an address. It runs on real time, for the clients know no other."""

    def __init__(self, http: httpx.AsyncClient, demo: Demo, pool: db.Pool, app: Litestar, url: str) -> None:
        super().__init__(http, demo, pool, app)
        self.url = url
        for one in (self.merchant, self.other_merchant, self.test_merchant, self.operator, self.second_operator):
            one.now = None

    async def agree(self, url: str, word: str = "agree") -> httpx.Response:
        """The consumer reads the page, and presses a button."""
        page = await self.http.get(url)
        assert page.status_code == 200, page.text
        return await self.http.post(url, data={"word": word})


@asynccontextmanager
async def listening(app: Litestar, rate: int = 10_000) -> AsyncIterator[str]:
    """The address of the service, behind the wire that all requests come by; `rate` of them a second for each key."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        Edge(app, rate, 100), http=Protocol, ws="none", lifespan="off", access_log=False, log_config=None
    )
    server = uvicorn.Server(config)
    server.server_state = State()
    serving = asyncio.create_task(server.serve([listener]))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await serving


async def call(function: Callable[..., Any], *given: Any, **more: Any) -> Any:
    """A call of a client that waits for its answer, on a thread of its own."""
    return await asyncio.to_thread(function, *given, **more)
