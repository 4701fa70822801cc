"""For everybody: alive, ready, and the contract."""

import gzip
import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from litestar import Request, get
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import clock
from service.api.ask import InPath, services_of
from service.api.contract_page import AUDIENCES, page_of
from service.api.operation import Text, operation
from service.api.reply import reply
from service.errors import Code, Refused
from service.policies.version import in_force

CONTRACT: Final = Path(__file__).parents[2] / "openapi.yaml"


_GZIP: Final = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|\Z))")  # q=0: anything but that


class Health(Struct, frozen=True, omit_defaults=True):
    """How the service is."""

    status: str  # `alive`, `ready`, `degraded` or `not ready`
    degraded: list[str] = []  # what is missing while requests are still answered; absent: nothing
    problems: list[str] = []  # why no request can be served, as sentences; absent: nothing


@get("/livez", opt=operation(None, Health))
async def get_livez() -> ASGIResponse:
    """The process answers."""
    return reply(Health("alive"))


@get("/readyz", opt=operation(None, {200: Health, 503: Health}))
async def get_readyz(request: Request) -> ASGIResponse:  # type: ignore[type-arg]
    """The database can be written safely, as it was within the last second.

    Without Redis the service is slower; without a policy in force it takes everything but a checkout; in production a
    role that owns the tables could change what is append-only. Each is `degraded`, and still 200.
    """
    services = services_of(request)
    problems, has_redis = await services.readiness.now()
    degraded = [*([] if has_redis else ["redis"]), *services.readiness.known]
    if in_force(services.registry.now.policies, clock.now()) is None:
        degraded.append("no policy is in force")
    status = "not ready" if problems else "degraded" if degraded else "ready"
    return reply(Health(status, degraded, problems), 503 if problems else 200)


@get("/openapi.yaml", opt=operation(None, Text("application/yaml", "This document.")))
async def get_openapi(request: Request[Any, Any, Any]) -> ASGIResponse:
    """This document: every route, what it takes and what it answers.

    Who sends the `ETag` of an answer again as `If-None-Match` hears 304 while the document is the same.
    """
    return _told(request, "")


@get("/openapi/{page:str}", opt=operation(None, Text("application/yaml", "This document, for one audience.")))
async def get_openapi_page(request: Request[Any, Any, Any], page: InPath) -> ASGIResponse:
    """This document for one audience: `merchant.yaml`, or `partner`, `operator`, `processor` or `support`.

    It has the routes that the audience's keys may call, and what these routes name.
    """
    audience = page.removesuffix(".yaml")
    if audience not in AUDIENCES or page == audience:
        raise Refused(Code.NOT_FOUND, f"There are the pages {', '.join(f'{name}.yaml' for name in AUDIENCES)}.")
    return _told(request, audience)


def _told(request: Request[Any, Any, Any], audience: str) -> ASGIResponse:
    packed = _GZIP.search(request.headers.get("accept-encoding", "")) is not None
    body, tag = _contract(audience, packed)
    headers = {"ETag": tag, "Vary": "Accept-Encoding", "Cache-Control": "no-cache"}  # kept, and asked about each time
    if tag in request.headers.get("if-none-match", ""):
        return ASGIResponse(status_code=304, headers=headers)
    if packed:
        headers["Content-Encoding"] = "gzip"
    return ASGIResponse(body=body, media_type="application/yaml", headers=headers)


@lru_cache(2 * (1 + len(AUDIENCES)))
def _contract(audience: str, packed: bool) -> tuple[bytes, str]:
    """The bytes of the whole or of an audience's page, and the tag of these very bytes."""
    text = CONTRACT.read_bytes()
    if audience:
        text = page_of(text.decode(), audience).encode()
    body = gzip.compress(text, mtime=0) if packed else text
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
