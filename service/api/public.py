"""For everybody: alive, ready, and the contract."""

from functools import cache
from pathlib import Path
from typing import Final

from litestar import HttpMethod, Request, get, route
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import clock
from service.api.ask import services_of
from service.api.operation import Text, operation
from service.api.reply import reply
from service.policies.version import in_force

CONTRACT: Final = Path(__file__).parents[2] / "openapi.yaml"

LOOK: Final = [HttpMethod.GET, HttpMethod.HEAD]  # balancers ask either


class Health(Struct, frozen=True, omit_defaults=True):
    """How the service is."""

    status: str  # `alive`, `ready`, `degraded` or `not ready`
    degraded: list[str] = []  # what is missing while requests are still answered; absent: nothing
    problems: list[str] = []  # why no request can be served, as sentences; absent: nothing


@route("/livez", http_method=LOOK, opt=operation(None, Health))
async def get_livez() -> ASGIResponse:
    """The process answers.

    HEAD answers the same without a body.
    """
    return reply(Health("alive"))


@route("/readyz", http_method=LOOK, opt=operation(None, {200: Health, 503: Health}))
async def get_readyz(request: Request) -> ASGIResponse:  # type: ignore[type-arg]
    """The database can be written safely, as it was within the last second.

    Without Redis the service is slower; without a policy in force it takes everything but a checkout. Either is
    `degraded`, and still 200. HEAD answers the same without a body.
    """
    services = services_of(request)
    problems, has_redis = await services.readiness.now()
    degraded = [] if has_redis else ["redis"]
    if in_force(services.registry.now.policies, clock.now()) is None:
        degraded.append("no policy is in force")
    status = "not ready" if problems else "degraded" if degraded else "ready"
    return reply(Health(status, degraded, problems), 503 if problems else 200)


@get("/openapi.yaml", opt=operation(None, Text("application/yaml", "This document.")))
async def get_openapi() -> ASGIResponse:
    """This document: every route, what it takes and what it answers."""
    return ASGIResponse(body=_contract(), media_type="application/yaml")


@cache
def _contract() -> bytes:
    return CONTRACT.read_bytes()
