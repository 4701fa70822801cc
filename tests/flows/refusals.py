"""Hears every refusal of the app, and keeps those that the contract does not name for their route."""

from functools import lru_cache
from typing import Any

import msgspec
from litestar import Litestar

from service.api.reply import PROBLEM
from service.contract.contract import codes_of, routes_of
from service.errors import Code, Problem


@lru_cache(maxsize=4)
def _said(app: Litestar) -> dict[str, set[Code]]:
    """What each route of an app may refuse with."""
    return {name: set(codes_of(route)) for name, route in routes_of(app).items()}


class Refusals:
    """The app with somebody who listens. `unsaid` are the routes and codes that their contract lacks."""

    def __init__(self, app: Litestar) -> None:
        self._app: Any = app
        self._said = _said(app)
        self.unsaid: set[tuple[str, Code]] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One exchange."""
        is_problem = False

        async def listen(message: Any) -> None:
            nonlocal is_problem
            if message["type"] == "http.response.start":
                is_problem = (b"content-type", PROBLEM.encode()) in message["headers"]
            elif is_problem and (said := self._said.get(f"{scope['method']} {scope.get('path_template')}")) is not None:
                code = msgspec.json.decode(message["body"], type=Problem).code
                if code not in said:
                    self.unsaid.add((f"{scope['method']} {scope['path_template']}", code))
            await send(message)

        await self._app(scope, receive, listen)
