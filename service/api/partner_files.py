"""The partner's daily files: what proves each, their bytes, and where its plans stood on any day."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any, Final

from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response import Stream
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api.ask import Asked, InPath, read, write
from service.api.body import Body
from service.api.lists import Listed
from service.api.operation import Text, operation
from service.api.paging import AfterFile, AfterPlan, Limit
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.deadline import LONG, LONG_S
from service.engine.work import Answer
from service.errors import Code, Refused
from service.partners import daily_flow as daily
from service.partners.layout_texts import twin_of
from service.partners.layouts import FileType
from service.partners.manifest import DailyManifest
from service.partners.months_flow import Rows, require_kept
from service.partners.position import FundedPlan, PlanPosition
from service.partners.signing import Signer

CSV: Final = "text/csv"
EARLIEST: Final = date(2000, 1, 1)  # of business days


class FilePage(Struct, frozen=True):
    """Manifests, the oldest first; `after` is what to ask with next."""

    files: list[DailyManifest]
    after: str


class PositionPage(Struct, frozen=True):
    """Plans by their ids; `after` is what to ask with next."""

    positions: list[PlanPosition]
    after: str


class FundedPlanPage(Struct, frozen=True):
    """Plans in the order they were opened; `after` is what to ask with next."""

    plans: list[FundedPlan]
    after: str


class SigningKey(Struct, frozen=True):
    """What our signatures are checked with."""

    algorithm: str  # always `Ed25519`
    key: str  # the public half of the key that signs, in hexadecimal


@get("/files", opt=operation("files", FilePage, csv=True))
async def list_files(
    request: Asked,
    of_type: Annotated[FileType | None, QueryParameter(description="only those; absent: all")] = None,
    business_on: Annotated[date | None, QueryParameter(description="only of this day; absent: of all")] = None,
    after: AfterFile = "",
    limit: Limit = 100,
) -> ASGIResponse:
    """The manifests of the daily files: counts, sums, hashes, and our signature."""
    ask = read(request)
    page = await daily.manifests(ask.services.pool, ask.owner_id, after, limit, of_type, business_on)
    return Listed(FilePage(page, page[-1].file_id if page else after))


@get("/files/{file_id:str}", opt=operation("files", DailyManifest))
async def get_manifest(request: Asked, file_id: InPath) -> ASGIResponse:
    """What proves one file, as `tenor verify` takes it."""
    ask = read(request)
    return reply(await daily.manifest_of(ask.services.pool, ask.owner_id, _file_id(file_id)))


@get(
    "/files/{file_id:str}/content",
    opt=operation("files", Text(CSV, "The file, columns by name. Its ETag is its sha256."), refuses=(Code.NOT_KEPT,))
    | LONG,
)
async def get_file(request: Asked, file_id: InPath) -> Stream:
    """The file itself as CSV, always the same bytes; its NDJSON twin is `/twin`. After years its manifest is left."""
    manifest, pieces = await _pieces(request, file_id)
    headers = _headers(manifest.file) | {"ETag": f'"{manifest.sha256}"', "Content-Length": str(manifest.bytes)}
    return Stream(pieces, media_type=CSV, headers=headers)


@get(
    "/files/{file_id:str}/twin",
    opt=operation(
        "files",
        Text("application/x-ndjson", "An object a line, with the same names and texts."),
        refuses=(Code.NOT_KEPT,),
    )
    | LONG,
)
async def get_twin(request: Asked, file_id: InPath) -> Stream:
    """The same rows as NDJSON; what is empty in the CSV is null."""
    manifest, pieces = await _pieces(request, file_id)

    async def lines() -> AsyncIterator[bytes]:
        async for piece in pieces:
            yield twin_of(manifest.type, piece.decode()).encode()

    headers = _headers(manifest.file.removesuffix("csv") + "ndjson")
    return Stream(lines(), media_type="application/x-ndjson", headers=headers)


@get("/signing-key", opt=operation("files", SigningKey))
async def get_signing_key(request: Asked) -> ASGIResponse:
    """The public key of our signatures. Keep it: a signature proves something to who has the key from elsewhere."""
    return reply(SigningKey("Ed25519", Signer(read(request).services.settings.audit_secret).public_key))


@get("/positions", opt=operation("positions", PositionPage, refuses=(Code.NOT_KEPT,), csv=True) | LONG)
async def list_positions(
    request: Asked,
    as_of: Annotated[date | None, QueryParameter(description="the day; absent: today")] = None,
    after: AfterPlan = "",
    limit: Limit = 100,
) -> ASGIResponse:
    """Where each plan stood at the end of a day, as its file of positions told it: the last one until then.

    closing = opening + funded - repaid - refunded + adjusted - charged_off, and the next day's opening is this closing.
    """
    ask = read(request)
    on = as_of or ask.now.date()
    page = await daily.positions(ask.services.pool, ask.owner_id, on, after, limit)
    return Listed(PositionPage(page, page[-1].plan_id if page else after))


@get("/plans", opt=operation("positions", FundedPlanPage, csv=True))
async def list_funded_plans(request: Asked, after: AfterPlan = "", limit: Limit = 100) -> ASGIResponse:
    """The plans that you have or had a share of, and where each stands by all events until now."""
    ask = read(request)
    page = await daily.funded_plans(ask.services.pool, ask.owner_id, after, limit)
    return Listed(FundedPlanPage(page, page[-1].plan_id if page else after))


async def _pieces(request: Asked, file_id: str) -> tuple[DailyManifest, Any]:
    ask = read(request)
    manifest = await daily.manifest_of(ask.services.pool, ask.owner_id, _file_id(file_id))
    await require_kept(ask.services.pool, Rows.FILES, [manifest.file_id], "/id")
    return manifest, daily.pieces(ask.services.pool, manifest.file_id)


def _headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _file_id(text: str) -> str:
    if not ids.is_id(text, ids.FILE):
        raise Refused(Code.NOT_FOUND, f"There is no file {text[:100]!r}.", "/id")
    return text


class DayBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which day's files are made."""

    business_on: date


class DayFiles(Struct, frozen=True):
    """The manifests of a day's four files."""

    files: list[DailyManifest]


_day = Body(DayBody)


@post(
    "/programmes/{programme_id:str}/files",
    status_code=201,
    opt=operation(
        "partners", DayFiles, takes=DayBody, refuses=(Code.STATE_FORBIDS,), example={"business_on": "2026-03-02"}
    )
    | LONG,
)
async def make_files(request: Asked, body: RawBody, programme_id: InPath) -> ASGIResponse:
    """Close a programme's day now and make its files: what happened, positions, settlement legs, changes.

    Made again they are the same to the byte. What is booked on that day afterwards stands in the next day's files, with
    its own value date. Days before it that have no files get theirs first.
    """
    asked = _day.read(body, request.headers.get("content-type", ""))
    if not ids.is_id(programme_id, ids.PROGRAMME):
        raise Refused(Code.NOT_FOUND, f"There is no programme {programme_id[:100]!r}.", "/programme_id")
    if asked.business_on < EARLIEST:
        raise Refused(Code.INVALID_FIELD, f"No business day is before {EARLIEST}.", "/business_on")
    ask = write(request, body)
    services = ask.services
    if before := await services.engine.answered(ask.must_key):
        return reply_answer(before)
    signer = Signer(services.settings.audit_secret)
    files = await daily.make_day(services.pool, signer, programme_id, asked.business_on, ask.now)

    async def keep(connection: Connection) -> Answer:  # afterwards: closing and making are transactions of their own
        await ask.record(connection, Verb.MADE, Thing.FILE, files[0].file_id, {"business_on": asked.business_on})
        return Answer(201, encode(DayFiles(files)))

    return reply_answer(await services.engine.once(ask.must_key, ask.now, keep, LONG_S))


OPERATOR_ROUTES: Final = [make_files]
ROUTES: Final = [
    list_files, get_manifest, get_file, get_twin, get_signing_key, list_positions, list_funded_plans,
]  # fmt: skip
