"""The application, which calls most of its routes without the framework's detours.

A request goes straight to its handler if nothing about it is unusual: the method and address of a route whose handler
takes no more than the request, its body and one id of ours, no query, a plain Host. It is the same handler behind the
same guard, and what it raises is answered by the same functions. Whatever is unusual goes the framework's way.
"""

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from copy import copy
from typing import Any, Final

from litestar import Litestar, Request, Router
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.response.base import ASGIResponse
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types import ASGIApp, LifeSpanReceive, LifeSpanScope, LifeSpanSend, Message, Receive, Scope, Send
from litestar.utils import join_paths
from msgspec import Struct

from service.api.ask import Asked

_AN_ID: Final = re.compile(r"/([a-z]{2}_[0-9A-HJKMNP-TV-Z]{26})(?=/|\Z)")
_PLAIN_HOST: Final = re.compile(rb"[A-Za-z0-9.-]+(?::[0-9]+)?")
_PLACE: Final = "{}"  # of the id in an address


Guard = Callable[[Request[Any, Any, Any]], Awaitable[object]]


class Route(Struct, frozen=True):
    """A handler that is called straight."""

    handler: HTTPRouteHandler
    guard: Guard
    path_template: str
    parameter: str | None  # what it calls the id in its address; None: there is none
    takes_body: bool


class LateRoute(HTTPRoute):
    """A route whose handlers the framework reads when a request first goes its way: most of them never get one, and to
    read all of them took most of the time in which the application is made."""

    def __init__(self, app: Litestar, path: str, handlers: list[HTTPRouteHandler]) -> None:
        super().__init__(path=path, route_handlers=handlers)
        self._app = app
        self._is_read = False
        assert len(handlers) == len(self.methods), f"two handlers of one method: {path}"
        unread: Any = None  # in place of what the framework makes of a handler that it has read
        self.route_handler_map = {method: (one, unread) for one in handlers for method in one.http_methods}

    async def handle(self, scope: Any, receive: Receive, send: Send) -> None:
        """A request that goes the framework's way."""
        if not self._is_read:
            self.read()
        await super().handle(scope, receive, send)

    def read(self) -> None:
        """Reads what each handler takes; what cannot be one is refused."""
        for handler in self.route_handlers:
            handler.on_registration(self._app)
        self.route_handler_map = {}
        self.create_handler_map()
        self._is_read = True


class Handlers(Router):
    """A router that keeps its handlers as they are: the application makes routes of them. The framework's
    router would also make routes, which we do not use, in time that grows with the square of their number."""

    def __init__(self, **given: Any) -> None:
        self._handlers: list[HTTPRouteHandler] = []
        super().__init__(**given)

    def register(self, value: Any) -> list[BaseRoute]:
        """One handler more."""
        assert isinstance(value, HTTPRouteHandler)
        self._handlers.append(value)
        return []

    def by_path(self) -> dict[str, list[HTTPRouteHandler]]:
        """The handlers of each address."""
        found: dict[str, list[HTTPRouteHandler]] = defaultdict(list)
        for handler in self._handlers:
            for path in handler.paths:
                found[join_paths([self.path, path])].append(handler)
        return found

    def as_routes(self) -> list[HTTPRoute]:
        """Its addresses with their handlers, for who asks what there is where no application is."""
        return [HTTPRoute(path=path, route_handlers=there) for path, there in self.by_path().items()]


class Straight(Litestar):
    """The framework's application with a short way through it.

    `beside` are applications of their own, by the first part of the addresses that are theirs.
    """

    def __init__(self, beside: Mapping[str, ASGIApp] | None = None, **given: Any) -> None:
        super().__init__(**given)
        self._beside = beside or {}
        self._straight = {(method, address): route for method, address, route in routes_of(self)}

    async def __call__(
        self, scope: Scope | LifeSpanScope, receive: Receive | LifeSpanReceive, send: Send | LifeSpanSend
    ) -> None:
        found = self.find(scope) if scope["type"] == ScopeType.HTTP else None
        if found is not None:
            await self._serve(scope, receive, send, *found)
        elif self._beside and (other := self._beside.get(_first_part(scope))) is not None:
            await self._call_beside(other, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        """Those that we have a use for. The framework's own would load pydantic wherever it is installed: a sixth of
        what it takes to make the application."""
        return [*plugins, MsgspecDIPlugin()]

    def register(self, value: Any) -> None:  # type: ignore[override]
        """A router of ours, with handlers that are this application's own. The framework would copy all that they stand
        on, too, which nobody changes, and would read what each of them takes."""
        if not isinstance(value, Router):
            super().register(value)
            return
        assert isinstance(value, Handlers), "a router is made with Handlers"
        ours = copy(value)
        ours.owner, ours.routes = self, []
        for path, there in value.by_path().items():
            handlers = [copy(handler) for handler in there]
            for handler in handlers:
                handler.owner = ours
            ours.routes.append(LateRoute(self, path, handlers))
        assert {one.path for one in self.routes}.isdisjoint(one.path for one in ours.routes), "two routers, one address"
        self.routes += ours.routes
        self.asgi_router.construct_routing_trie()

    def find(self, scope: Any) -> tuple[Route, str] | None:
        """The route of a request about which nothing is unusual, and the id in its address."""
        path, named = scope["path"], ""
        route = self._straight.get((scope["method"], path))
        if route is None and (made_of := _AN_ID.search(path)):
            named = made_of[1]
            route = self._straight.get((scope["method"], path.replace(named, _PLACE, 1)))
        if route is None or scope["query_string"] or not _has_plain_host(scope):
            return None
        return route, named

    async def _call_beside(self, other: ASGIApp, scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("state", {})
        scope["app"] = self
        await other(scope, receive, send)

    async def _serve(self, scope: Any, receive: Any, send: Any, route: Route, named: str) -> None:
        arguments: dict[str, Any] = {route.parameter: named} if route.parameter else {}
        scope.setdefault("state", {})
        scope |= {
            "app": self, "litestar_app": self, "route_handler": route.handler, "path_template": route.path_template,
            "path_params": dict(arguments),
        }  # fmt: skip
        request, has_begun = Asked(scope, receive, send), False

        async def begin(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await route.guard(request)
            if route.takes_body:
                arguments["body"] = await request.body()
            response: ASGIResponse = await route.handler.fn(request=request, **arguments)
            await response(scope, receive, begin)
        except Exception as error:
            if has_begun:
                raise
            refusal = _answer_of(route.handler, error)(request, error)
            await refusal.to_asgi_response(app=None, request=request)(scope, receive, send)


def routes_of(app: Litestar) -> Iterator[tuple[str, str, Route]]:
    """The application's routes that are called straight: by method, and by address with a place for its id."""
    for one in app.routes:
        if not isinstance(one, HTTPRoute):
            continue
        for method, (handler, _) in one.route_handler_map.items():
            parameters, takes = [*one.path_parameters], dict(handler.fn.__annotations__)
            guard, is_ready = handler.resolve_before_request(), takes.pop("return", None) is ASGIResponse
            takes_body = takes.pop("body", None) is not None
            takes.pop("request", None)
            if guard and is_ready and len(parameters) <= 1 and [*takes] == parameters:
                parameter = parameters[0] if parameters else None
                address = one.path_format.replace(f"{{{parameter}}}", _PLACE)
                yield method, address, Route(handler, guard, one.path_format, parameter, takes_body)


def _first_part(scope: Any) -> str:
    """`alma` of `/alma/v1/payments`; empty of what is no request."""
    return str(scope["path"].split("/", 2)[1]) if scope["type"] == ScopeType.HTTP and "/" in scope["path"] else ""


def _has_plain_host(scope: Any) -> bool:
    known: dict[bytes, bytes] = scope.get("state", {}).get("headers") or {}  # there, if no header is given twice
    hosts = [known[b"host"]] if b"host" in known else [value for name, value in scope["headers"] if name == b"host"]
    return len(hosts) == 1 and _PLAIN_HOST.fullmatch(hosts[0]) is not None


def _answer_of(handler: HTTPRouteHandler, error: Exception) -> Any:
    handlers: Any = handler.resolve_exception_handlers()
    return next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
