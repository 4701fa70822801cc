"""A shop that bought elsewhere until now: it has another provider's client, and our address."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from litestar import Litestar

from service import db
from service.demo.seed import Demo
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


async def call(function: Callable[..., Any], *given: Any, **more: Any) -> Any:
    """A call of a client that waits for its answer, on a thread of its own."""
    return await asyncio.to_thread(function, *given, **more)
