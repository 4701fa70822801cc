"""For everybody: alive, ready, and the contract."""

from functools import cache
from pathlib import Path
from typing import Final

from litestar import Request, get
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service.api.ask import services_of
from service.api.reply import reply
from service.db import unsafe_settings
from service.engine.faults import LOST, PASSING

CONTRACT: Final = Path(__file__).parents[2] / "openapi.yaml"


class Health(Struct, frozen=True, omit_defaults=True):
    """`degraded` names what is missing and not needed; `problems` what is needed."""

    status: str
    degraded: list[str] = []
    problems: list[str] = []


@get("/livez")
async def get_livez() -> ASGIResponse:
    """The process answers."""
    return reply(Health("alive"))


@get("/readyz")
async def get_readyz(request: Request) -> ASGIResponse:  # type: ignore[type-arg]
    """The database can be written safely. Without Redis we are slower, and ready."""
    services = services_of(request)
    problems: list[str] = []
    try:
        async with services.pool.acquire(timeout=2) as conn:
            problems = await unsafe_settings(conn)
    except (*LOST, *PASSING):
        problems = ["PostgreSQL cannot be reached."]
    degraded = [] if await services.cache.ping() else ["redis"]
    status = "not ready" if problems else "degraded" if degraded else "ready"
    return reply(Health(status, degraded, problems), 503 if problems else 200)


@get("/openapi.yaml")
async def get_openapi() -> ASGIResponse:
    """This document: every route, what it takes and what it answers."""
    return ASGIResponse(body=_contract(), media_type="application/yaml")


@cache
def _contract() -> bytes:
    return CONTRACT.read_bytes()
