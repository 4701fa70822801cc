"""What every answer carries, whoever made it; and HEAD, which is GET without the body."""

from collections.abc import Iterable
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from service import trace

Header = tuple[bytes, bytes]

# An answer is one client's and is kept by nobody on its way; it is what it says it is, and stands in no frame.
CARRIED: Final[tuple[Header, ...]] = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
)


def carrying(headers: Iterable[Header]) -> list[Header]:
    """The headers of an answer with those it has not set itself."""
    own = list(headers)
    names = {name.lower() for name, _ in own}
    return own + [header for header in CARRIED if header[0] not in names]


class Outward:
    """The application as the outside sees it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        asked = trace.begin(scope["headers"])
        inner: Any = scope
        if scope["method"] == "HEAD":  # the server, which still knows, sends no body
            inner = {**scope, "method": "GET"}
            scope["state"]["head"] = True  # of an answer without end: it is over with its head

        async def carried(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = carrying(message["headers"])
                if message["status"] >= 400:
                    said = (b"request-id", asked.request_id.encode())
                    message["headers"] = [*message["headers"], said]
                if message["status"] == 401 and (strike := scope["state"].get("strike")) and strike():
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
                scope["path_template"] = inner.get("path_template", "")  # found meanwhile: whoever counts goes by it
            await send(message)

        await self._app(inner, receive, carried)
