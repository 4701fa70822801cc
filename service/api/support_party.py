"""For who bears losses, an insurer or a guarantor: what it has agreed to, and what came of it. Nothing of anybody
else's is seen here."""

from typing import Annotated, Final

from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse

from service.api import insurer, pools, support_claims, support_cover, support_endpoints
from service.api.ask import Asked, InPath, read
from service.api.guard import guard_for
from service.api.lists import Listed
from service.api.news import NewsPage, news_of
from service.api.operation import operation
from service.api.own_keys import list_party_keys
from service.api.paging import AfterArrangement, Limit
from service.api.reply import reply
from service.api.straight import Handlers
from service.api.support import ArrangementPage
from service.api.support_cover import own_arrangement
from service.errors import Code
from service.support import documents_flow as flow
from service.support.documents_flow import Agreed


@get("/arrangements", opt=operation("arrangements", ArrangementPage, csv=True))
async def list_own_arrangements(request: Asked, after: AfterArrangement = "", limit: Limit = 100) -> ASGIResponse:
    """The arrangements by which you bear losses, each as it is now."""
    ask = read(request)
    page = await flow.arrangements_of(ask.services.pool, ask.owner_id, after, limit)
    return Listed(ArrangementPage(page, page[-1].arrangement_id if page else after))


@get("/arrangements/{arrangement_id:str}", opt=operation("arrangements", Agreed))
async def get_own_arrangement(request: Asked, arrangement_id: InPath) -> ASGIResponse:
    """One of them, as it is now."""
    ask = read(request)
    return reply(await own_arrangement(ask.services.pool, ask.owner_id, arrangement_id))


@get("/events", opt=operation("events", NewsPage, refuses=(Code.EVENTS_GONE,)))
async def list_party_news(
    request: Asked,
    after: Annotated[int | None, QueryParameter(ge=0, le=2**62)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> ASGIResponse:
    """What happened to your arrangements and what came of them, in order and without gaps. Endpoints are sent the
    same."""
    return reply(await news_of(read(request), after, limit))


ROUTES: Final = [list_own_arrangements, get_own_arrangement, list_party_news]

support_router = Handlers(
    path="/v1/support",
    before_request=guard_for("support"),
    route_handlers=[
        *ROUTES,
        *support_cover.ROUTES,
        *support_claims.ROUTES,
        *pools.OWN_ROUTES,
        *insurer.ROUTES,
        list_party_keys,
        *support_endpoints.ROUTES,
    ],
)
