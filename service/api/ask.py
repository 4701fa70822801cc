"""Who asks, when, and under which idempotency key: what every handler needs of a request besides its body."""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions.http_exceptions import InternalServerException, RequestEntityTooLarge
from litestar.params import FromPath
from msgspec import Struct

from service import clock
from service.access.key import Principal
from service.actor import Actor, ActorKind
from service.api.body import MISPLACED
from service.api.services import Services
from service.audit.entry import Act, By, Thing, Verb
from service.db import Connection
from service.deadline import REQUEST_S
from service.engine.work import Key
from service.errors import Code, Refused, holds_a_key
from service.exchange import allow

InPath = FromPath[str]  # `plan_id` and the like in an address. One object for all: making one takes 0.2 ms.
LARGE_BODY: Final = 8 * 1024  # bytes; some kilobytes take a millisecond to read, 64 take five and more


class Asked(Request[None, Principal, State]):
    """A request whose body is read without the framework's detours: it looks at every header first."""

    async def body(self) -> bytes:
        """All of it, read once; who sends more than we read hears so as soon as it is seen."""
        most = self.route_handler.resolve_request_max_body_size() or 0
        return await self.read_body(most, self.route_handler.opt.get("budget_s", REQUEST_S))

    async def read_body(self, most: int, budget_s: float = REQUEST_S) -> bytes:
        """At most so many bytes; from then on the request may take so many seconds."""
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
        allow(self.scope, budget_s)
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
    if holds_a_key(text):
        raise Refused(Code.INVALID_FIELD, MISPLACED, "/Idempotency-Key")
    scope = request.scope
    asked = f"{scope['method']} {scope['path']}?".encode() + scope["query_string"] + b"\n" + body
    return _ask(request, Key.of(request.auth.asks_as, text, hashlib.sha256(asked).digest(), bucket))


def _ask(request: Asked, key: Key | None) -> Ask:
    services, owner = services_of(request), request.auth.owner_id
    real_now = now_of(request, services)
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


def seen_in(request: Asked) -> int | None:
    """The version in If-Match, as `ETag` has it, with its quotes; None: any will do. Refused: INVALID_FIELD."""
    given = header(request, b"if-match")
    if given is None or given == "*":
        return None
    if not (found := _ETAG.fullmatch(given)):
        raise Refused(Code.INVALID_FIELD, 'If-Match: one version in quotes, like "7", or *.', "/If-Match")
    return int(found[1])


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


_ETAG = re.compile(r'"(\d{1,18})"', re.ASCII)
_ONCE = (
    "Authorization", "Content-Encoding", "Content-Length", "Content-Type", "Host", "Idempotency-Key", "If-Match",
    "Origin", "Tenor-Clock", "Tenor-Merchant",
)  # fmt: skip


def content_type(request: Asked) -> str:
    """What the body says it is."""
    return header(request, b"content-type") or ""


def services_of(connection: ASGIConnection) -> Services:  # type: ignore[type-arg]
    """What `app.py` put together."""
    services = connection.scope["app"].state["services"]
    assert isinstance(services, Services)
    return services


def now_of(request: Request[Any, Any, Any], services: Services) -> datetime:
    """The real time; in a sandbox the one that the request names. Refused: CLOCK_NOT_SETTABLE, INVALID_FIELD."""
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
