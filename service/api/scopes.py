"""Which scopes there are: the things that the routes of an audience name, each with what is done to it there."""

from collections.abc import Iterable, Iterator
from typing import Final

from litestar.handlers import HTTPRouteHandler
from litestar.routes import BaseRoute, HTTPRoute

_STARTS: Final = {
    "operator": "/v1/operator/", "partner": "/v1/partner/", "processor": "/v1/processor/",
    "support": "/v1/support/", "merchant": "/v1/", "public": "/",
}  # fmt: skip


def audience_of(path: str) -> str:
    """Whose keys may call what is at this path."""
    return next(audience for audience, start in _STARTS.items() if path.startswith(start))


def verb_of(method: str) -> str:
    """What a method does: `read` or `write`."""
    return "read" if method in ("GET", "HEAD") else "write"


def scopes_of(routes: Iterable[BaseRoute], audience: str) -> set[str]:
    """`plans`, `plans:read` and `plans:write`, and the like; `*` and `*:read` are all of it."""
    made = {"*", "*:read"}
    for method, handler in _handlers(routes, audience):
        made |= {handler.opt["scope"], f"{handler.opt['scope']}:{verb_of(method)}"}
    return made


def written_by(routes: Iterable[BaseRoute], audience: str) -> set[str]:
    """The things that keys of this audience change."""
    return {handler.opt["scope"] for method, handler in _handlers(routes, audience) if verb_of(method) == "write"}


def scopes_of_browsers(routes: Iterable[BaseRoute]) -> set[str]:
    """What a merchant's publishable key may do."""
    return {handler.opt["scope"] for _, handler in _handlers(routes, "merchant") if handler.opt["browser"]}


def _handlers(routes: Iterable[BaseRoute], audience: str) -> Iterator[tuple[str, HTTPRouteHandler]]:
    for route in routes:
        if isinstance(route, HTTPRoute) and audience_of(f"{route.path}/") == audience:
            for handler in route.route_handlers:
                if "scope" in handler.opt:
                    yield from ((method, handler) for method in handler.http_methods)
