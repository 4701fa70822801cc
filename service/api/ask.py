"""Who asks, when, and under which idempotency key: what every handler needs of a request besides its body."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions.http_exceptions import InternalServerException, RequestEntityTooLarge
from litestar.handlers.base import BaseRouteHandler
from litestar.routes import HTTPRoute
from msgspec import Struct

from service import clock
from service.access.key import Principal
from service.actor import Actor, ActorKind
from service.admission import take_allowance
from service.api import pages
from service.api.body import MISPLACED
from service.api.scopes import verb_of
from service.api.services import Services
from service.audit.entry import Act, By, Thing, Verb
from service.audit.refusals import Refusal
from service.bounded import allow
from service.db import Connection
from service.deadline import REQUEST_S
from service.engine.work import Key
from service.errors import A_KEY, Code, Refused
from service.merchants.platform import acting_for

LARGE_BODY: Final = 8 * 1024  # bytes; some kilobytes take a millisecond to read, 64 take five and more


class Asked(Request[None, Principal, State]):
    """A request whose body is read without the framework's detours: it looks at every header first."""

    async def body(self) -> bytes:
        """All of it, read once; who sends more than we read hears so as soon as it is seen."""
        most = self.route_handler.resolve_request_max_body_size() or 0
        announced = header(self, b"content-length")
        if announced is not None and int(announced) > most:  # digits: uvicorn has read it before us
            raise RequestEntityTooLarge
        allow(self.scope, None)  # the wire bounds what the client takes
        pieces: list[bytes] = []
        size, more = 0, True
        while more:
            event = await self.receive()
            if event["type"] != "http.request":
                raise InternalServerException("the client left in the middle of its request")
            pieces.append(event["body"])
            size += len(event["body"])
            if size > most:
                raise RequestEntityTooLarge
            more = event.get("more_body", False)
        if size > LARGE_BODY:
            await services_of(self).large_bodies.go_through()
        allow(self.scope, self.route_handler.opt.get("budget_s", REQUEST_S))
        return b"".join(pieces)

    async def left(self) -> None:
        """Ends when the client is gone, once its body was read."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


class Ask(Struct, frozen=True):
    """A request, read once. `key` is None for reads and dry runs.

    `now` is the caller's time: of a test merchant whose clock was moved on, it is later than it really is.
    """

    services: Services
    owner_id: str
    actor: Actor  # in what role
    by: By  # with which key
    now: datetime
    real_now: datetime
    key: Key | None = None

    @property
    def now_ms(self) -> int:
        """Milliseconds of real Unix time, for ids."""
        return int(self.real_now.timestamp() * 1000)

    def time_at(self, merchant_id: str) -> datetime:
        """What time it is for a merchant, whoever asks."""
        return self.services.registry.time_at(merchant_id, self.real_now)

    async def record(
        self, conn: Connection, verb: Verb, thing: Thing, thing_id: str, after: object = None, before: object = None
    ) -> None:
        """Writes down in the audit log what this request does, in the transaction that does it."""
        request_id = self.key.key if self.key else None
        await self.services.audit.record(conn, self.by, [Act(verb, thing, thing_id, after, before)], request_id)

    async def record_reading(self, thing: Thing, thing_id: str, what: str) -> None:
        """Writes down that somebody reads what is personal."""
        await self.services.audit.record_now(self.by, Act(Verb.READ, thing, thing_id, {"what": what}))

    @property
    def must_key(self) -> Key:
        """The key, where there is one by construction."""
        assert self.key is not None
        return self.key


def read(request: Asked) -> Ask:
    """A request that changes nothing."""
    return _ask(request, None)


def write(request: Asked, body: bytes, bucket: int | None = None) -> Ask:
    """A POST: it must carry an Idempotency-Key, and its hash is that of method, path, query and body.

    `bucket` is that of the consumer that it is about, if it is about one.
    """
    text = header(request, b"idempotency-key") or ""
    if not text:
        sentence = "Every POST needs an Idempotency-Key header: a new UUID will do."
        raise Refused(Code.IDEMPOTENCY_KEY_MISSING, sentence, "/Idempotency-Key")
    if len(text) > 255 or not text.isascii() or not text.isprintable():
        sentence = "Idempotency-Key: at most 255 printable ASCII characters."
        raise Refused(Code.INVALID_FIELD, sentence, "/Idempotency-Key")
    if A_KEY.search(text):
        raise Refused(Code.INVALID_FIELD, MISPLACED, "/Idempotency-Key")
    scope = request.scope
    asked = f"{scope['method']} {scope['path']}?".encode() + scope["query_string"] + b"\n" + body
    return _ask(request, Key.of(request.auth.asks_as, text, hashlib.sha256(asked).digest(), bucket))


def _ask(request: Asked, key: Key | None) -> Ask:
    services, owner = services_of(request), request.auth.owner_id
    real_now = _now(request, services)
    by = By(request.auth.audience, request.auth.platform_id or owner, request.auth.key_id)
    return Ask(services, owner, _actor(request.auth), by, services.registry.time_at(owner, real_now), real_now, key)


def _actor(principal: Principal) -> Actor:
    if principal.platform_id is not None:
        return Actor(ActorKind.PLATFORM, principal.platform_id, principal.owner_id)
    return Actor(_ROLES.get(principal.audience, ActorKind.OPERATOR), principal.owner_id)


_ROLES = {
    "merchant": ActorKind.MERCHANT, "operator": ActorKind.OPERATOR, "processor": ActorKind.PROCESSOR,
}  # fmt: skip


def is_dry_run(request: Asked) -> bool:
    """`?dry_run=true`: what would happen, without it happening."""
    if not request.scope["query_string"]:
        return False
    given = request.query_params.get("dry_run", "false")
    if given not in ("true", "false"):
        raise Refused(Code.INVALID_FIELD, "dry_run is true or false.", "/dry_run")
    return given == "true"


def header(request: Request[Any, Any, Any], name: bytes) -> str | None:
    """The header of that name, in lower case. Refused: INVALID_FIELD if one that means one thing is given twice."""
    scope = request.scope
    by_name: dict[bytes, bytes] | None = scope["state"].get("headers")
    if by_name is None:
        by_name = scope["state"]["headers"] = _headers(scope["headers"])
    value = by_name.get(name)
    return None if value is None else value.decode("latin-1")


def _headers(given: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    pairs = [*given]
    by_name = dict(pairs)
    if len(by_name) < len(pairs):
        names = [name for name, _ in pairs]
        for name in _ONCE:
            if names.count(name.lower().encode()) > 1:
                raise Refused(Code.INVALID_FIELD, f"The header {name} is given twice.", f"/{name}")
    return by_name


_ONCE = (
    "Authorization", "Content-Encoding", "Content-Length", "Content-Type", "Host", "Idempotency-Key", "Origin",
    "Tenor-Clock", "Tenor-Merchant",
)  # fmt: skip


def content_type(request: Asked) -> str:
    """What the body says it is."""
    return header(request, b"content-type") or ""


def services_of(connection: ASGIConnection) -> Services:  # type: ignore[type-arg]
    """What `app.py` put together."""
    services = connection.scope["app"].state["services"]
    assert isinstance(services, Services)
    return services


def guard_for(audience: str) -> Callable[[Request[Any, Any, Any]], Awaitable[Response[None] | None]]:
    """One guard a router: lets in the keys of one audience. A handler's `opt["scope"]` names the scope it needs.

    It runs before the request is read, as a `before_request`: the framework's own guards get a copy of the handler each
    time, which costs more than all that is done here.
    """

    async def guard(request: Request[Any, Any, Any]) -> Response[None] | None:
        if request.scope["method"] == "OPTIONS":  # asked by browsers, which send no key
            return _methods(request)
        handler = request.route_handler
        scheme, _, text = (header(request, b"authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise Refused(Code.UNAUTHORIZED, "Send Authorization: Bearer with your secret key.")
        services = services_of(request)
        principal = await _principal(services, text.strip())
        if principal is None:
            raise Refused(Code.UNAUTHORIZED, "This key is unknown or was revoked.")
        request.scope["auth"] = principal
        if principal.expires_at is not None and principal.expires_at <= _now(request, services):
            raise Refused(Code.UNAUTHORIZED, f"This key expired at {principal.expires_at:%Y-%m-%dT%H:%M:%SZ}.")
        if principal.audience != audience:
            raise Refused(Code.FORBIDDEN, f"This needs {_AN[audience]} key; yours is {_AN[principal.audience]} key.")
        take_allowance(request.scope, principal.key_id)
        if audience == "merchant" and (seller := header(request, b"tenor-merchant")) is not None:
            principal = request.scope["auth"] = acting_for(principal, seller, services.registry.now.merchants)
        if principal.origins:
            pages.admit(request.scope, header(request, b"origin"), principal, handler)
        verb = verb_of(request.scope["method"])
        if not principal.may(scope := handler.opt["scope"], verb):
            raise Refused(Code.FORBIDDEN, f"Your key lacks the scope {scope}, or {scope}:{verb}.")
        if request.scope["query_string"]:
            _refuse_strange_query(request, handler)
        if header(request, b"content-encoding") not in _PLAIN:
            sentence = "Bodies are read as they are: send none compressed."
            raise Refused(Code.UNSUPPORTED_MEDIA_TYPE, sentence, "/Content-Encoding")
        if budget_s := handler.opt.get("budget_s"):
            allow(request.scope, budget_s)
        return None

    return guard


async def _principal(services: Services, text: str) -> Principal | None:
    """Whose key it is; or of a provider's token, which has dots in it and no key has, which operator it is about."""
    if services.provider is None or "." not in text:
        return await services.registry.principal(text)
    subject = await services.provider.subject(text)
    return services.registry.now.people.get(subject) if subject else None


def note_refused_key(request: Request[Any, Any, Any], code: Code) -> None:
    """Counts the refusal for the audit log: which key, where, and the address of whoever sent it."""
    services, scope = services_of(request), request.scope
    principal, text = scope.get("auth"), ""
    if isinstance(principal, Principal):
        by = By(principal.audience, principal.owner_id, principal.key_id)
    else:
        by = By("unknown", "")
        text = request.headers.get("authorization", "").partition(" ")[2].strip()
    print_of = services.registry.hmac(text).hex()[:12] if text else ""
    route = f"{scope['method']} {scope.get('path_template', '')}"
    client = scope["client"]
    services.audit.refused(Refusal(code, by, print_of), route, client[0] if client else None)


def _methods(request: Request[Any, Any, Any]) -> Response[None]:
    """What the address takes: the framework forgets all but the first handler's. And what a page may send there."""
    template = request.scope["path_template"]
    routes = (route for route in request.app.routes if isinstance(route, HTTPRoute) and route.path_format == template)
    handlers = {method: one for route in routes for method, (one, _) in route.route_handler_map.items()}
    allowed = {*handlers, "HEAD"} if "GET" in handlers else set(handlers)  # HEAD is GET without the body
    origin = header(request, b"origin")
    for_pages = pages.preflight(origin, origin in services_of(request).registry.now.pages, handlers.items())
    return Response(None, status_code=204, headers={"Allow": ", ".join(sorted(allowed))} | for_pages)


def _refuse_strange_query(request: Request[Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A parameter that nobody reads, one given twice, a number like 1e2: `?dryrun=true` must not move money."""
    parameters = handler.parsed_fn_signature.parameters
    taken = parameters.keys() - {"request", "body"} - request.path_params.keys()
    if handler.opt.get("dry_run"):
        taken |= {"dry_run"}
    for name, given in request.query_params.dict().items():
        if name not in taken:
            raise Refused(Code.INVALID_FIELD, f"There is no parameter {name[:100]!r} here.", f"/{name[:100]}")
        if len(given) > 1:
            raise Refused(Code.INVALID_FIELD, f"The parameter {name} is given twice.", f"/{name}")
        if name not in parameters:
            continue
        if parameters[name].annotation in (int, int | None) and not _WHOLE.fullmatch(given[0]):
            raise Refused(Code.INVALID_FIELD, f"{name} is a whole number.", f"/{name}")
        if parameters[name].annotation is bool and given[0] not in ("true", "false"):
            raise Refused(Code.INVALID_FIELD, f"{name} is true or false.", f"/{name}")
        if parameters[name].is_optional and given[0].lower() == "null":  # read as none given
            raise Refused(Code.INVALID_FIELD, f"{name} is left out, or names one.", f"/{name}")


_WHOLE = re.compile("-?[0-9]{1,19}")  # the framework takes 1e2 for one, and 1 for true
_PLAIN = (None, "identity")
_AN = {"merchant": "a merchant's", "partner": "a partner's", "operator": "an operator's", "processor": "a processor's"}


def _now(request: Request[Any, Any, Any], services: Services) -> datetime:
    given = header(request, b"tenor-clock")
    if given is None:
        return clock.now()
    if not services.settings.sandbox:
        sentence = "Tenor-Clock is only read in a sandbox (TENOR_SANDBOX=1)."
        raise Refused(Code.CLOCK_NOT_SETTABLE, sentence, "/Tenor-Clock")
    try:
        instant = datetime.fromisoformat(given)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None or not 2000 <= instant.year <= 2200:
        sentence = "Tenor-Clock: an instant with its offset, like 2026-01-31T12:00:00Z."
        raise Refused(Code.INVALID_FIELD, sentence, "/Tenor-Clock")
    return instant.astimezone(UTC)
