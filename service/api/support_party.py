"""For who bears losses, an insurer or a guarantor: what it has agreed to, and what came of it. Nothing of anybody
else's is seen here."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import Router, get
from litestar.params import FromPath, QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service import ids
from service.api import insurer, pools, support_claims, support_endpoints
from service.api.ask import Asked, read
from service.api.guard import guard_for
from service.api.operation import operation
from service.api.own_keys import list_party_keys
from service.api.paging import AfterArrangement, Limit
from service.api.reply import OBJECT, reply
from service.api.support import ArrangementPage
from service.db import Pool
from service.engine.events import Wanted, read_events
from service.errors import Code, Refused
from service.event_type import EventType
from service.partners.telling_flow import Teller
from service.support import documents_flow as flow
from service.support.documents_flow import Agreed


class PartyNews(Struct, frozen=True):
    """What happened to an arrangement, and to what came of it; `number` counts without gaps."""

    number: int
    event_id: str = field(name="id")
    type: EventType
    at: datetime
    actor: Teller  # in what role somebody brought it about
    data: Annotated[msgspec.Raw, OBJECT]  # what else there is to know; `type` says what


class PartyNewsPage(Struct, frozen=True):
    """Events in the order of their numbers; `after` is what to ask with next."""

    events: list[PartyNews]
    after: int


@get("/arrangements", opt=operation("arrangements", ArrangementPage))
async def list_own_arrangements(request: Asked, after: AfterArrangement = "", limit: Limit = 100) -> ASGIResponse:
    """The arrangements by which you bear losses, each as it is now."""
    ask = read(request)
    page = await flow.arrangements_of(ask.services.pool, ask.owner_id, after, limit)
    return reply(ArrangementPage(page, page[-1].arrangement_id if page else after))


@get("/arrangements/{arrangement_id:str}", opt=operation("arrangements", Agreed))
async def get_own_arrangement(request: Asked, arrangement_id: FromPath[str]) -> ASGIResponse:
    """One of them, as it is now."""
    ask = read(request)
    return reply(await own_arrangement(ask.services.pool, ask.owner_id, arrangement_id))


async def own_arrangement(pool: Pool, party_id: str, arrangement_id: str) -> Agreed:
    """An arrangement that the party bears losses by. Refused: NOT_FOUND, for any other."""
    found = None
    if ids.is_id(arrangement_id, ids.ARRANGEMENT):
        found = await flow.arrangement(pool, arrangement_id)
    if found is None or found.document.provider_id != party_id:
        raise Refused(Code.NOT_FOUND, f"There is no arrangement {arrangement_id[:100]!r}.", "/id")
    return found


@get("/events", opt=operation("events", PartyNewsPage, refuses=(Code.EVENTS_GONE,)))
async def list_party_news(
    request: Asked,
    after: Annotated[int | None, QueryParameter(ge=0, le=2**62)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> ASGIResponse:
    """What happened to your arrangements and what came of them, in order and without gaps. Endpoints are sent the
    same."""
    ask = read(request)
    found = await read_events(ask.services.pool, ask.owner_id, after, limit, Wanted())
    told = [
        PartyNews(
            row["number"], row["id"], EventType(row["type"]), row["at"], Teller(row["actor"]),
            msgspec.Raw(row["data"].encode()),
        )
        for row in found.rows
    ]  # fmt: skip
    return reply(PartyNewsPage(told, found.after))


ROUTES: Final = [list_own_arrangements, get_own_arrangement, list_party_news]

support_router = Router(
    path="/v1/support",
    before_request=guard_for("support"),
    route_handlers=[
        *ROUTES,
        *support_claims.ROUTES,
        *pools.OWN_ROUTES,
        *insurer.ROUTES,
        list_party_keys,
        *support_endpoints.ROUTES,
    ],
)
