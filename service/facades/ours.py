"""Our own verbs, called in this process in the name of one shop.

A facade does nothing by itself: what it is asked for becomes requests to the addresses that everybody calls, so that
each of their checks holds for it: scopes, idempotency, limits, the audit log. What is refused there is `Refused` here.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from service.access.key import Principal
from service.api.guard import VOUCHED
from service.errors import Problem, Refused
from service.facades.store import Q, digest_of

TRIES_MAX: Final = 50  # of what is refused again and again

T = TypeVar("T")

_encode: Final = msgspec.json.Encoder().encode
_problem: Final = msgspec.json.Decoder(Problem).decode


class Ours:
    """`scope` is that of the request by which a client, or a consumer, has called the facade."""

    def __init__(self, scope: Any, principal: Principal) -> None:
        self._scope = scope
        self.principal = principal

    async def get(self, path: str, answer: type[T], **query: str) -> T:
        """What `GET /v1{path}` answers. Refused: as that address refuses."""
        return msgspec.json.decode(await self._call("GET", path, query, b"", {}), type=answer)

    async def page(self, path: str) -> bytes:
        """The page that `GET /v1{path}` is for a reader."""
        return await self._call("GET", path, {}, b"", {b"accept": b"text/html"})

    async def post(self, path: str, body: Any, identity: bytes, answer: type[T]) -> T:
        """What `POST /v1{path}` answers to a body. What has the same `identity` is done once.

        What was refused before is tried anew, for it may be another time, or what was wrong is right now; under our own
        keys the same refusal would be answered for ever.
        """
        key = await self._key_of(digest_of("facade", path, identity).hex())
        headers = {b"idempotency-key": key.encode(), b"content-type": b"application/json"}
        return msgspec.json.decode(await self._call("POST", path, {}, _encode(body), headers), type=answer)

    async def _key_of(self, name: str) -> str:
        """The first of its keys under which nothing was refused; that of the last try, where all have been."""
        keys = [f"facade-{name}", *(f"facade-{name}-{again}" for again in range(1, TRIES_MAX))]
        services = self._scope["app"].state["services"]
        refused = {key for (key,) in await services.pool.fetch(Q.refused_before, self.principal.asks_as, keys)}
        return next((key for key in keys if key not in refused), keys[-1])

    async def _call(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, headers: dict[bytes, bytes]
    ) -> bytes:
        scope = self._inner(method, path, urlencode(query).encode(), headers | {b"content-length": b"%d" % len(body)})
        sent, answered = False, Answered()

        async def receive() -> Any:
            nonlocal sent
            if sent:
                await asyncio.Event().wait()  # we go on waiting for the answer, whoever else has left
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._scope["app"](scope, receive, answered.send)
        if answered.status >= 400:
            problem = _problem(answered.body)
            raise Refused(problem.code, problem.detail, problem.pointer, problem.actions)
        return bytes(answered.body)

    def _inner(self, method: str, path: str, query: bytes, headers: dict[bytes, bytes]) -> dict[str, Any]:
        outer = self._scope
        clock = [pair for pair in outer["headers"] if pair[0] == b"tenor-clock"]
        return {
            "type": "http", "asgi": outer["asgi"], "http_version": "1.1", "method": method, "scheme": "http",
            "path": f"/v1{path}", "raw_path": f"/v1{path}".encode(), "query_string": query, "root_path": "",
            "headers": [(b"host", b"facade"), *headers.items(), *clock], "client": outer.get("client"),
            "server": outer.get("server"), "extensions": {}, "state": {VOUCHED: self.principal},
        }  # fmt: skip


class Answered(Struct):
    """An answer as it comes in."""

    status: int = 0
    body: bytearray = msgspec.field(default_factory=bytearray)

    async def send(self, message: Any) -> None:
        """One message of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.body += message.get("body", b"")
