"""For the finance partner: what it funds, the files that prove it, and what came of its own."""

import asyncio
import hashlib
import re
from datetime import date
from typing import Annotated, Final

from litestar import Response, Router, get, post
from litestar.exceptions import HTTPException
from litestar.params import FromPath, QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api import partner_files
from service.api.ask import Ask, Asked, guard_for, is_dry_run, read, write
from service.api.operation import Text, operation
from service.api.own_keys import list_partner_keys
from service.api.paging import After, Limit
from service.api.reply import encode, reply, reply_answer, reply_refused
from service.api.room import Room
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.deadline import LONG, LONG_S
from service.engine.work import Answer
from service.errors import Code, Refused
from service.partners import flow
from service.partners.event import PartnerEventView
from service.partners.events_store import read_partner_events
from service.partners.file import Manifest
from service.partners.position import FundedPlan, Position
from service.partners.reconciliation import BreakState, FilePreview, OpenedBreak, Receipt, Reconciliation
from service.partners.theirs import flow as theirs
from service.partners.theirs.doubt import Proof
from service.partners.theirs.reading import FILE_BYTES_MAX

Id = Annotated[str, QueryParameter(pattern=r"^[a-z]{2}_[0-9A-HJKMNP-TV-Z]{26}\Z")]

_CSV: Final = "the columns plan_id, currency, drawn, principal_repaid, interest_repaid, outstanding, by name"

EVENTS_MAX: Final = 1_000

_files = Room(places=2)  # for files that are being read; each may be of 32 MiB


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


class ReconciliationPage(Struct, frozen=True):
    """Verdicts, the oldest first; `after` is what to ask with next."""

    reconciliations: list[Reconciliation]
    after: str


class BreakPage(Struct, frozen=True):
    """Breaks, the oldest first; `after` is what to ask with next."""

    breaks: list[OpenedBreak]
    after: str


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


@post(
    "/files",
    status_code=201,
    opt=operation(
        "files",
        Receipt,
        takes=Text("text/csv", f"Your file: {_CSV}, in any order. At most 32 MiB and 200 columns."),
        refuses=(Code.NOT_FOUND, Code.INVALID_FILE),
        dry_run=FilePreview,
    )
    | LONG,
    request_max_body_size=FILE_BYTES_MAX,
    exception_handlers={413: lambda request, error: _too_large(error)},
)
async def receive_file(
    request: Asked,
    programme_id: Id,
    business_on: Annotated[date, QueryParameter()],
    rows: Annotated[int | None, QueryParameter(ge=0)] = None,
    sha256: Annotated[str | None, QueryParameter(pattern=r"^[0-9a-f]{64}\Z")] = None,
    confirmed: Annotated[bool, QueryParameter()] = False,
) -> ASGIResponse:
    """Send your own file of a business day, in the shape of ours, and have it held against ours.

    Columns are read by name in any order; those that we do not know are left alone and named in the answer. Amounts
    are decimal text with a point, no more decimals than the currency has, and no thousands mark. Sending the
    last file of a day again, under whatever key, gets the same verdict; other bytes are a corrected file, also those of
    an earlier one.

    A file may prove itself: by `rows` and `sha256`, and by a column `business_on` that holds its day in every row. One
    that contradicts its proof is refused. So is one that has no rows where ours has some, that has the count and the
    sums of ours of another day, or of which most plans do not match: with what it looks like, until it is sent with
    `confirmed`. More than 10,000 breaks are never kept.

    A plan that is wrong on several days is one break, whose age goes on. Two files of yours are read at a time.
    """
    _require_csv(request.headers.get("content-type", ""))
    with _files.place(request.auth.owner_id):
        content = await request.body()
        ask = await _ask(request, content)
        if ask.key and (known := await ask.services.engine.answered(ask.key)):
            return reply_answer(known)
        compared = await theirs.compare(
            ask.services.pool, ask.owner_id, programme_id, business_on, content, Proof(rows, sha256)
        )
        if ask.key is None:
            return reply(await theirs.preview(ask.services.pool, compared, confirmed))

        async def keep(connection: Connection) -> Answer:
            receipt = await theirs.keep(connection, compared, confirmed, ask.now)
            told = {"sha256": compared.sha256.hex(), "outcome": compared.verdict.outcome, "confirmed": confirmed}
            await ask.record(connection, Verb.MADE, Thing.FILE, compared.file_id, told)
            return Answer(201, encode(receipt))

        return reply_answer(await ask.services.engine.once(ask.key, ask.now, keep, LONG_S))


async def _ask(request: Asked, content: bytes) -> Ask:
    """The request is known by the digest of its content, which takes too long to be worked out among the others."""
    if is_dry_run(request):
        return read(request)
    return write(request, (await asyncio.to_thread(hashlib.sha256, content)).digest())


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


@get("/reconciliations", opt=operation("files", ReconciliationPage))
async def list_reconciliations(request: Asked, after: After = "", limit: Limit = 100) -> ASGIResponse:
    """What came of the files you sent."""
    ask = read(request)
    page = await theirs.reconciliations(ask.services.pool, ask.owner_id, after, limit)
    return reply(ReconciliationPage(page, page[-1].reconciliation_id if page else after))


@get("/breaks", opt=operation("files", BreakPage) | LONG)
async def list_breaks(
    request: Asked,
    in_state: Annotated[BreakState | None, QueryParameter()] = None,
    after: After = "",
    limit: Limit = 100,
) -> ASGIResponse:
    """What did not match: who must act, and since when."""
    ask = read(request)
    page = await theirs.breaks(ask.services.pool, ask.now, ask.owner_id, in_state, after=after, limit=limit)
    return reply(BreakPage(page, page[-1].break_id if page else after))


def _file_id(text: str) -> str:
    if not ids.is_id(text, ids.FILE):
        raise Refused(Code.NOT_FOUND, f"There is no file {text[:100]!r}.", "/id")
    return text


def _require_csv(content_type: str) -> None:
    media, _, parameters = content_type.partition(";")
    charset = re.search(r'charset="?([\w-]+)', parameters, re.IGNORECASE)
    if media.strip().lower() != "text/csv" or (charset and charset[1].lower() not in ("utf-8", "utf8")):
        sentence = f"Send Content-Type: text/csv (UTF-8), not {content_type[:100]!r}."
        raise Refused(Code.UNSUPPORTED_MEDIA_TYPE, sentence)


def _too_large(_: HTTPException) -> Response[bytes]:
    return reply_refused(Refused(Code.TOO_LARGE, f"The file is larger than {FILE_BYTES_MAX} bytes."))


partner_router = Router(
    path="/v1/partner",
    before_request=guard_for("partner"),
    route_handlers=[
        list_files,
        get_manifest,
        get_file,
        receive_file,
        list_partner_events,
        list_positions,
        list_funded_plans,
        list_reconciliations,
        list_breaks,
        list_partner_keys,
        *partner_files.ROUTES,
    ],
)
