"""Answers on the wire. Bodies are encoded once, by msgspec, and sent as they are."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from service.api.pages import readable
from service.api.texts import holds_words, opened_for
from service.engine.work import Answer
from service.errors import Code, Refused, problem_json
from service.exchange import WHOLE

JSON: Final = "application/json"
HTML: Final = "text/html"
PROBLEM: Final = "application/problem+json"

# A page loads and runs nothing, sends nothing anywhere, and stands in no frame.
PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

OBJECT: Final = msgspec.Meta(extra_json_schema={"type": "object"})  # of JSON that is sent as it is kept

encode = msgspec.json.Encoder().encode


class Made(msgspec.Struct, frozen=True):
    """The id of what was made."""

    made_id: str = msgspec.field(name="id")


class Ready(ASGIResponse):
    """An answer whose bytes and headers are ready: the framework has nothing to work out. Sealed texts are opened here,
    as the bytes leave."""

    def __init__(
        self, body: bytes, status: int, media: str = JSON, retry: bool = False, version: int | None = None
    ) -> None:
        self.body = body
        self.status_code = status
        self._headers = [(b"content-type", media.encode())]
        if retry:
            self._headers.append((b"retry-after", b"1"))
        if version is not None:
            self._headers.append((b"etag", b'"%d"' % version))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if for_page := readable(scope):
            self._headers += [(name.lower().encode(), value.encode()) for name, value in for_page.items()]
        body = await opened_for(scope, self.body) if holds_words(self.body) else self.body
        self._headers.append((b"content-length", b"%d" % len(body)))
        head: Any = {"type": "http.response.start", "status": self.status_code, "headers": self._headers}
        if WHOLE in (scope.get("extensions") or ()):
            await send(head | {"type": WHOLE, "body": body})
        else:
            await send(head)
            await send({"type": "http.response.body", "body": body, "more_body": False})


def reply(body: Any, status: int = 200, version: int | None = None) -> ASGIResponse:
    """A wire struct; with its version as ETag, where it has one that If-Match is compared with."""
    return Ready(encode(body), status, version=version)


def reply_json(body: bytes | str, status: int = 200) -> ASGIResponse:
    """JSON that is encoded already."""
    return Ready(body.encode() if isinstance(body, str) else body, status)


def reply_printable(request: Request[Any, Any, Any], body: Any, page: Callable[[], str]) -> ASGIResponse:
    """A wire struct, or the page that says the same, whichever the Accept header likes best; JSON if it likes both."""
    headers = {"Vary": "Accept"}
    if not prefers(request, HTML):
        return ASGIResponse(body=encode(body), media_type=JSON, headers=headers)
    headers |= {"Content-Security-Policy": PAGE_POLICY, "Referrer-Policy": "no-referrer"}
    return ASGIResponse(body=page().encode(), media_type=HTML, headers=headers)


def reply_answer(answer: Answer) -> ASGIResponse:
    """What the engine answered, or had answered before; a refusal among them is a problem."""
    media = PROBLEM if answer.status >= 400 else JSON
    return Ready(answer.body, answer.status, media, retry=answer.status == 503)


def reply_refused(refused: Refused, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """A refusal as `application/problem+json`. Exception handlers must give Litestar a whole `Response`."""
    if refused.status in (429, 503):
        headers = _RETRY
    elif refused.code is Code.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer"}
    return Response(problem_json(refused), status_code=refused.status, media_type=PROBLEM, headers=headers)


def prefers(request: Request[Any, Any, Any], media: str) -> bool:
    """Whether the Accept header likes it better than JSON."""
    accepted = ",".join(request.headers.getall("accept", []))
    return _weight(accepted, media) > _weight(accepted, JSON)


def _weight(accepted: str, media: str) -> int:
    """How much an Accept header likes `media`, in thousandths: what names it closest counts (RFC 9110, 12.5.1)."""
    closeness = {"*/*": 1, media.partition("/")[0] + "/*": 2, media: 3}
    found = (0, 0)
    for one in accepted.lower().split(","):
        name, *parameters = (part.strip() for part in one.split(";"))
        weights = [part[2:] for part in parameters if part.startswith("q=")] or ["1"]
        if name in closeness and _WEIGHT.fullmatch(weights[0]):
            whole, _, rest = weights[0].partition(".")
            found = max(found, (closeness[name], int(whole + rest.ljust(3, "0"))))
    return found[1]


_WEIGHT: Final = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


_RETRY: Final = {"Retry-After": "1"}
