"""The door of a facade: reads a request, finds who asks, does it, and words what is refused as its clients read it.

All that a client hears comes through `worded`: also that its time is over, or that it was not let in
(`server/door.py`), for which our own addresses have words of ours.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from litestar.exceptions.http_exceptions import HTTPException
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send
from msgspec import Struct

from service.access.key import Principal
from service.api.ask import Asked, read, services_of
from service.api.body import BYTES_MAX, too_large
from service.api.guard import note_refused_key
from service.api.services import Services
from service.bounded import unanswered
from service.deadline import REQUEST_S
from service.engine.faults import LOST, PASSING, what
from service.errors import Code, Refused, without_keys
from service.facades.ours import Ours
from service.logs import DATABASE
from service.merchants.merchant import Merchant

log = logging.getLogger("tenor.facades")

JSON: Final = "application/json"
LIST_S: Final = 30.0  # so long a list may take: each of its orders is read by itself


class Reply(Struct, frozen=True):
    """What a client gets."""

    body: bytes
    status: int = 200
    media: str = JSON
    headers: dict[str, str] = {}


class Call(Struct, frozen=True):
    """A request of a client, read once."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    content_type: str
    ours: Ours
    services: Services
    now: datetime  # the shop's
    state: dict[str, Any]  # of the request
    public_url: str  # where we are called, as the caller wrote it: http://127.0.0.1:8000

    @property
    def merchant(self) -> Merchant:
        """The shop."""
        return self.services.registry.now.merchants[self.merchant_id]

    @property
    def merchant_id(self) -> str:
        """Whose shop it is."""
        return self.ours.principal.owner_id

    @property
    def json_type(self) -> str:
        """The body's type, where a client that sends none means JSON."""
        return self.content_type or JSON


Handler = Callable[..., Awaitable[Reply]]  # of a call, and of the named parts of its address
Identify = Callable[[Asked, bytes], Awaitable[Principal]]  # Refused: UNAUTHORIZED and the like


class Route(Struct, frozen=True):
    """A method of an address, and what it does."""

    method: str
    template: str  # of its addresses: /v1/payments/{payment_id}
    address: re.Pattern[str]
    handler: Handler
    budget_s: float  # so long it may take


def route(method: str, address: str, handler: Handler, budget_s: float = REQUEST_S) -> Route:
    """`/v1/payments/{id}` takes whatever stands between two slashes; a slash at the end changes nothing."""
    pattern = re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", address) + "/?")
    return Route(method, address, pattern, handler, budget_s)


class Door:
    """An ASGI application: the addresses of one facade."""

    def __init__(
        self,
        routes: tuple[Route, ...],
        identify: Identify,
        worded: Callable[[Refused], Reply],
        prefix: str = "",
        finished: Callable[[Asked, Reply], Reply] = lambda request, reply: reply,
    ) -> None:
        self.worded = worded
        self._routes = routes
        self._identify = identify
        self._prefix = prefix
        self._finished = finished

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Asked(scope, receive, send)
        try:
            reply = await self._answer(request)
        except Refused as refused:
            if refused.status in (401, 403):
                note_refused_key(request, refused.code)
            reply = self.worded(_again(refused))
        except HTTPException as error:
            reply = self.worded(too_large() if error.status_code == 413 else Refused(Code.MALFORMED, error.detail))
        except asyncio.CancelledError:  # its time is over, or the process stops and waits no longer
            reply = self.worded(_again(unanswered(request.scope["method"], "It takes too long")))
        except Exception as error:
            reply = self.worded(_again(_broken(request, error)))
        reply = self._finished(request, reply)
        headers = dict(reply.headers)
        if reply.status in (429, 503):
            headers.setdefault("Retry-After", "1")
        response = ASGIResponse(body=reply.body, status_code=reply.status, media_type=reply.media, headers=headers)
        await response(scope, receive, send)

    async def _answer(self, request: Asked) -> Reply:
        scope: Any = request.scope
        path, method = scope["path"].removeprefix(self._prefix), scope["method"]
        found = [(one, match) for one in self._routes if (match := one.address.fullmatch(path))]
        if not found or "\x00" in path:
            raise Refused(Code.NOT_FOUND, "There is nothing at this address.")
        scope["path_template"] = self._prefix + found[0][0].template
        chosen = next(((one, match) for one, match in found if one.method == method), None)
        body = await request.read_body(BYTES_MAX, chosen[0].budget_s if chosen else REQUEST_S)
        principal = scope["auth"] = await self._identify(request, body)
        if chosen is None:
            raise Refused(Code.METHOD_NOT_ALLOWED, "This address does not take this method.")
        one, match = chosen
        return await one.handler(_call(request, body, Ours(scope, principal), path), **match.groupdict())


def _call(request: Asked, body: bytes, ours: Ours, path: str) -> Call:
    query: dict[str, str] = {}
    for name, value in parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True):
        if name in query:
            raise Refused(Code.INVALID_FIELD, f"The parameter {name[:100]} is given twice.", f"/{name[:100]}")
        if "\x00" in name + value:
            raise Refused(Code.INVALID_FIELD, "A parameter holds a NUL character.", f"/{name[:100]}")
        query[name] = value
    services = services_of(request)
    scheme = "https" if services.settings.production else "http"
    return Call(
        request.scope["method"], path, query, body, request.headers.get("content-type", ""), ours,
        services, read(request).now, request.scope["state"], f"{scheme}://{request.headers.get('host', '')}",
    )  # fmt: skip


def _again(refused: Refused) -> Refused:
    """These clients send no key of ours: the same request is the same deed."""
    if refused.code is not Code.OUTCOME_UNKNOWN:
        return refused
    return Refused(refused.code, "It is not known whether it was done; send the same request again.", refused.pointer)


def _broken(request: Asked, error: Exception) -> Refused:
    """The database is away: 503. Anything else is our fault: 500, and the log says where."""
    method, path = request.scope["method"], without_keys(request.scope["path"])
    if isinstance(error, (*LOST, *PASSING)):
        log.warning("%s %s: %s", method, path, what(error), extra=DATABASE)
        return unanswered(method, "The database is away")
    log.error("%s %s failed: %s", method, path, what(error), exc_info=error)
    return Refused(Code.BROKEN, "Something is wrong on our side; it was reported.")


def seconds(at: datetime) -> int:
    """Unix time."""
    return int(at.timestamp())
