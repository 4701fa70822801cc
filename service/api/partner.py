"""For the finance partner: what it funds, the files that prove it, and what came of comparing them."""

from typing import Annotated, Final

from litestar import Router, get
from litestar.params import FromPath, QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api import breaks, ownership_transfers, partner_files, received_files, reconciliations
from service.api.ask import Asked, guard_for, read
from service.api.operation import Text, operation
from service.api.own_keys import list_partner_keys
from service.api.paging import After, Limit
from service.api.reply import reply
from service.deadline import LONG
from service.errors import Code, Refused
from service.partners import flow
from service.partners.event import PartnerEventView
from service.partners.events_store import read_partner_events
from service.partners.file import Manifest
from service.partners.position import FundedPlan, Position

Id = Annotated[str, QueryParameter(pattern=r"^[a-z]{2}_[0-9A-HJKMNP-TV-Z]{26}\Z")]

_CSV: Final = "the columns plan_id, currency, drawn, principal_repaid, interest_repaid, outstanding, by name"

EVENTS_MAX: Final = 1_000


class FilePage(Struct, frozen=True):
    """Manifests, the oldest first; `after` is what to ask with next."""

    files: list[Manifest]
    after: str


class Positions(Struct, frozen=True):
    """One for each programme."""

    positions: list[Position]


class FundedPlanPage(Struct, frozen=True):
    """Plans in the order they were opened; `after` is what to ask with next."""

    plans: list[FundedPlan]
    after: str


class PartnerEventPage(Struct, frozen=True):
    """Events in the order of their numbers; `after` is what to ask with next."""

    events: list[PartnerEventView]
    after: int


@get("/files", opt=operation("files", FilePage))
async def list_files(request: Asked, after: After = "", limit: Limit = 100) -> ASGIResponse:
    """The manifests of the daily files: counts, sums and the chain of hashes."""
    ask = read(request)
    page = await flow.files(ask.services.pool, ask.owner_id, after, limit)
    return reply(FilePage(page, page[-1].file_id if page else after))


@get("/files/{file_id:str}", opt=operation("files", Manifest))
async def get_manifest(request: Asked, file_id: FromPath[str]) -> ASGIResponse:
    """What proves one file."""
    ask = read(request)
    return reply(await flow.manifest(ask.services.pool, ask.owner_id, _file_id(file_id)))


@get(
    "/files/{file_id:str}/content",
    opt=operation(
        "files",
        Text("text/csv", f"The file: {_CSV}. Its ETag is its sha256."),
    )
    | LONG,
)
async def get_file(request: Asked, file_id: FromPath[str]) -> ASGIResponse:
    """The file itself: CSV, a row a plan, always the same bytes."""
    ask = read(request)
    manifest, content = await flow.file_content(ask.services.pool, ask.owner_id, _file_id(file_id))
    name = f"{manifest.programme_id}-{manifest.business_on}.csv"
    headers = {"ETag": f'"{manifest.sha256}"', "Content-Disposition": f'attachment; filename="{name}"'}
    return ASGIResponse(body=content, media_type="text/csv", headers=headers)


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


@get("/positions", opt=operation("positions", Positions) | LONG)
async def list_positions(request: Asked) -> ASGIResponse:
    """Where each programme stands after its last file."""
    ask = read(request)
    return reply(Positions(await flow.positions(ask.services.pool, ask.owner_id)))


@get("/plans", opt=operation("positions", FundedPlanPage))
async def list_funded_plans(request: Asked, after: After = "", limit: Limit = 100) -> ASGIResponse:
    """The plans that the files have told of, and your share in each."""
    ask = read(request)
    page = await flow.funded_plans(ask.services.pool, ask.owner_id, after, limit)
    return reply(FundedPlanPage(page, page[-1].plan_id if page else after))


def _file_id(text: str) -> str:
    if not ids.is_id(text, ids.FILE):
        raise Refused(Code.NOT_FOUND, f"There is no file {text[:100]!r}.", "/id")
    return text


partner_router = Router(
    path="/v1/partner",
    before_request=guard_for("partner"),
    route_handlers=[
        list_files,
        get_manifest,
        get_file,
        list_partner_events,
        list_positions,
        list_funded_plans,
        *reconciliations.PARTNER_ROUTES,
        *breaks.PARTNER_ROUTES,
        list_partner_keys,
        ownership_transfers.list_own_transfers,
        *partner_files.ROUTES,
        *received_files.ROUTES,
    ],
)
