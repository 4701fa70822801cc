"""For the finance partner: what it funds, the files that prove it, and what came of comparing them."""

from typing import Annotated, Final

from litestar import Router, get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service.api import breaks, ownership_transfers, partner_files, partner_payouts, received_files, reconciliations
from service.api.ask import Asked, guard_for, read
from service.api.operation import operation
from service.api.own_keys import list_partner_keys
from service.api.reply import reply
from service.partners.event import PartnerEventView
from service.partners.events_store import read_partner_events

EVENTS_MAX: Final = 1_000


class PartnerEventPage(Struct, frozen=True):
    """Events in the order of their numbers; `after` is what to ask with next."""

    events: list[PartnerEventView]
    after: int


@get("/events", opt=operation("events", PartnerEventPage))
async def list_partner_events(
    request: Asked,
    after: Annotated[int, QueryParameter(ge=0, le=2**62)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=EVENTS_MAX)] = 100,
) -> ASGIResponse:
    """What happened to your share of each plan, in order and without gaps: the rows of the TXN files, as they come."""
    ask = read(request)
    events = await read_partner_events(ask.services.pool, ask.owner_id, after, limit)
    return reply(PartnerEventPage(events, events[-1].number if events else after))


partner_router = Router(
    path="/v1/partner",
    before_request=guard_for("partner"),
    route_handlers=[
        list_partner_events,
        *reconciliations.PARTNER_ROUTES,
        *breaks.PARTNER_ROUTES,
        list_partner_keys,
        ownership_transfers.list_own_transfers,
        *partner_files.ROUTES,
        *received_files.ROUTES,
        partner_payouts.list_own_payouts,
    ],
)
