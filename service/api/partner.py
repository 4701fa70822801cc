"""For the finance partner: what it funds, the files that prove it, and what came of its own."""

import re
from datetime import date
from typing import Annotated, Final

from litestar import Response, Router, get, post
from litestar.exceptions import HTTPException
from litestar.params import FromPath, QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api.ask import Asked, guard_for, read, write
from service.api.reply import encode, reply, reply_answer, reply_refused
from service.db import Connection
from service.engine.once import once
from service.engine.work import Answer
from service.errors import Code, Refused
from service.partners import flow
from service.partners.file import FILE_BYTES_MAX, Manifest
from service.partners.position import FundedPlan, Position
from service.partners.reconciliation import BreakState, OpenedBreak, Reconciliation

PAGE_MAX: Final = 1_000

Id = Annotated[str, QueryParameter(pattern=r"^[a-z]{2}_[0-9A-HJKMNP-TV-Z]{26}\Z")]
After = Annotated[str, QueryParameter(pattern=r"^([a-z]{2}_[0-9A-HJKMNP-TV-Z]{26})?\Z")]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)]


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


class ReconciliationPage(Struct, frozen=True):
    """Verdicts, the oldest first; `after` is what to ask with next."""

    reconciliations: list[Reconciliation]
    after: str


class BreakPage(Struct, frozen=True):
    """Breaks, the oldest first; `after` is what to ask with next."""

    breaks: list[OpenedBreak]
    after: str


@get("/files", opt={"scope": "files"})
async def list_files(request: Asked, after: After = "", limit: Limit = 100) -> ASGIResponse:
    """The manifests of the daily files: counts, sums and the chain of hashes."""
    ask = read(request)
    page = await flow.files(ask.services.pool, ask.owner_id, after, limit)
    return reply(FilePage(page, page[-1].file_id if page else after))


@get("/files/{file_id:str}", opt={"scope": "files"})
async def get_manifest(request: Asked, file_id: FromPath[str]) -> ASGIResponse:
    """What proves one file."""
    ask = read(request)
    return reply(await flow.manifest(ask.services.pool, ask.owner_id, _file_id(file_id)))


@get("/files/{file_id:str}/content", opt={"scope": "files"})
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
    opt={"scope": "files"},
    request_max_body_size=FILE_BYTES_MAX,
    exception_handlers={413: lambda request, error: _too_large(error)},
)
async def receive_file(
    request: Asked, body: RawBody, programme_id: Id, business_on: Annotated[date, QueryParameter()]
) -> ASGIResponse:
    """Send your own file of a business day, in the shape of ours, and have it held against ours.

    Columns are read by name in any order; those that we do not know are left alone and named in the answer. Amounts
    are decimal text with a point, no more decimals than the currency has, and no thousands mark. Sending the
    last file of a day again, under whatever key, gets the same verdict; other bytes are a corrected file, also those of
    an earlier one.
    """
    _require_csv(request.headers.get("content-type", ""))
    ask = write(request, body)

    async def receive(connection: Connection) -> Answer:
        receipt = await flow.receive_file(connection, ask.owner_id, programme_id, business_on, body, ask.now)
        return Answer(201, encode(receipt))

    return reply_answer(await once(ask.services.pool, ask.must_key, ask.now, receive))


@get("/positions", opt={"scope": "positions"})
async def list_positions(request: Asked) -> ASGIResponse:
    """Where each programme stands after its last file."""
    ask = read(request)
    return reply(Positions(await flow.positions(ask.services.pool, ask.owner_id)))


@get("/plans", opt={"scope": "positions"})
async def list_funded_plans(request: Asked, after: After = "", limit: Limit = 100) -> ASGIResponse:
    """The plans that the files have told of, and your share in each."""
    ask = read(request)
    page = await flow.funded_plans(ask.services.pool, ask.owner_id, after, limit)
    return reply(FundedPlanPage(page, page[-1].plan_id if page else after))


@get("/reconciliations", opt={"scope": "files"})
async def list_reconciliations(request: Asked, after: After = "", limit: Limit = 100) -> ASGIResponse:
    """What came of the files you sent."""
    ask = read(request)
    page = await flow.reconciliations(ask.services.pool, ask.owner_id, after, limit)
    return reply(ReconciliationPage(page, page[-1].reconciliation_id if page else after))


@get("/breaks", opt={"scope": "files"})
async def list_breaks(
    request: Asked,
    in_state: Annotated[BreakState | None, QueryParameter()] = None,
    after: After = "",
    limit: Limit = 100,
) -> ASGIResponse:
    """What did not match: who must act, and since when."""
    ask = read(request)
    page = await flow.breaks(ask.services.pool, ask.now, ask.owner_id, in_state, after=after, limit=limit)
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
        list_positions,
        list_funded_plans,
        list_reconciliations,
        list_breaks,
    ],
)
