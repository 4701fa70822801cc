"""For the finance partner: what it funds, the files that prove it, and what came of comparing them."""

from typing import Annotated, Final

from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api import (
    answers,
    assignment_register,
    assignments,
    breaks,
    business_reports,
    ownership_transfers,
    partner_claims,
    partner_endpoints,
    partner_files,
    partner_payouts,
    received_files,
    reconciliations,
)
from service.api.ask import Asked, read
from service.api.guard import guard_for
from service.api.news import NewsPage, news_of
from service.api.operation import operation
from service.api.own_keys import list_partner_keys
from service.api.reply import reply
from service.api.straight import Handlers
from service.api.streams import Heard, Stream, begins_after, wants_stream
from service.errors import Code, Refused
from service.partners.event import PartnerEventView
from service.partners.events_store import find_partner_events, read_partner_events
from service.partners.layouts import TxnType

EVENTS_MAX: Final = 1_000


class PartnerEventPage(Struct, frozen=True):
    """Events in the order of their numbers; `after` is what to ask with next."""

    events: list[PartnerEventView]
    after: int


@get("/events", opt=operation("events", PartnerEventPage, refuses=(Code.BUSY,), streams=True))
async def list_partner_events(
    request: Asked,
    after: Annotated[int, QueryParameter(ge=0, le=2**62)] = 0,
    of_type: Annotated[TxnType | None, QueryParameter()] = None,
    plan_id: Annotated[str | None, QueryParameter(max_length=30)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=EVENTS_MAX)] = 100,
) -> ASGIResponse:
    """What happened to your share of each plan, in order and without gaps: the rows of the TXN files, as they come.

    Of one type or one plan, where that is asked for: the numbers stay those of all events. Go on with the `after` that
    was answered, also where a page is not full: an empty page ends the list when its `after` is the one you sent.

    With `Accept: text/event-stream` the connection stays open, and each event is sent as it happens, with its number as
    `id` and its type as `event`. A client that comes back goes on after `Last-Event-ID`, which goes before `after`. A
    key has at most 16 of these in each process, beside what else it asks.
    """
    ask = read(request)
    if plan_id is not None and not ids.is_id(plan_id, ids.PLAN):
        raise Refused(Code.INVALID_FIELD, "It is the id of a plan.", "/plan_id")

    async def page(after: int | None) -> Heard:
        pool, since = ask.services.pool, after or 0
        if plan_id is None and of_type is None:
            events = await read_partner_events(pool, ask.owner_id, since, limit)
            return Heard(events, events[-1].number if events else since)
        return Heard(*await find_partner_events(pool, ask.owner_id, since, limit, plan_id, of_type))

    if wants_stream(request):
        return Stream(request, ask.services.partner_events, begins_after(request, after), page)
    found = await page(after)
    return reply(PartnerEventPage(found.events, found.after))


@get("/news", opt=operation("events", NewsPage, refuses=(Code.EVENTS_GONE,)))
async def list_news(
    request: Asked,
    after: Annotated[int | None, QueryParameter(ge=0, le=2**62)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> ASGIResponse:
    """What happened to files, comparisons and breaks, in order and without gaps: ours made, yours loaded or refused, a
    day compared, a break opened, changed, commented or resolved. Endpoints are sent the same."""
    return reply(await news_of(read(request), after, limit))


partner_router = Handlers(
    path="/v1/partner",
    before_request=guard_for("partner"),
    route_handlers=[
        list_partner_events,
        list_news,
        *partner_endpoints.ROUTES,
        *reconciliations.PARTNER_ROUTES,
        *breaks.PARTNER_ROUTES,
        list_partner_keys,
        ownership_transfers.list_own_transfers,
        *partner_files.ROUTES,
        *received_files.ROUTES,
        *answers.PARTNER_ROUTES,
        partner_payouts.list_own_payouts,
        *partner_claims.ROUTES,
        *assignments.PARTNER_ROUTES,
        *assignment_register.PARTNER_ROUTES,
        *business_reports.PARTNER_ROUTES,
    ],
)
