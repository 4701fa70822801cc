"""Monthly packs for insurers: made by the lender, read by both."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Final

from litestar import get, post
from litestar.params import RawBody
from litestar.response import Stream
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.lists import Listed
from service.api.operation import Text, operation
from service.api.paging import AfterPack, Limit
from service.api.reply import encode, reply_answer
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.deadline import LONG, LONG_S
from service.engine.work import Answer
from service.errors import Code, Refused
from service.insurance import packs_flow as flow
from service.insurance.pack import PackManifest, PackRow
from service.partners.signing import Signer

NDJSON: Final = "application/x-ndjson"
ROWS: Final = Text(
    NDJSON, f"An object a line for each debtor: {', '.join(PackRow.__struct_fields__)}. Its ETag is its sha256."
)
InsurerId = Annotated[str, Meta(pattern=r"^sp_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]


class PackBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Of whom and when a pack is made."""

    insurer_id: InsurerId  # the party that bears the policies' arrangements
    begin_on: date  # the first day of a month that has ended


class PackPage(Struct, frozen=True):
    """Manifests, the oldest first; `after` is what to ask with next."""

    packs: list[PackManifest]
    after: str


_pack = Body(PackBody)


@post(
    "/insurance-packs",
    status_code=201,
    opt=operation(
        "insurance",
        PackManifest,
        takes=PackBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
        example={"insurer_id": "{insurer_id}", "begin_on": "2026-02-01"},
    )
    | LONG,
)
async def make_pack(request: Asked, body: RawBody) -> ASGIResponse:
    """Make what an insurer is told of a month: each of its debtors with exposure, insured part, ageing, use of the
    limit and grade, as of the month's last day. Made again it is the same.

    Debtors are told of by pseudonyms, and the legal basis of the policy stands in every row. Exposure is the principal
    that the ledger says is owed.
    """
    asked = _pack.read(body, content_type(request))
    ask = write(request, body)
    services = ask.services
    if before := await services.engine.answered(ask.must_key):
        return reply_answer(before)
    signer = Signer(services.settings.audit_secret)
    made = await flow.make_pack(services.pool, signer, asked.insurer_id, asked.begin_on, ask.now)

    async def keep(conn: Connection) -> Answer:  # afterwards: making is a transaction of its own
        await ask.record(conn, Verb.MADE, Thing.INSURANCE, made.pack_id, asked)
        return Answer(201, encode(made))

    return reply_answer(await services.engine.once(ask.must_key, ask.now, keep, LONG_S))


@get("/insurance-packs", opt=operation("insurance", PackPage, csv=True))
async def list_packs(request: Asked, after: AfterPack = "", limit: Limit = 100) -> ASGIResponse:
    """What proves the packs of all insurers."""
    return await _page(read(request), None, after, limit)


@get("/insurance-packs/{pack_id:str}/content", opt=operation("insurance", ROWS) | LONG)
async def get_pack(request: Asked, pack_id: InPath) -> Stream:
    """A pack as NDJSON, a debtor a line, always the same bytes."""
    return await _content(read(request), None, pack_id)


@get("/insurance-packs", opt=operation("insurance", PackPage, csv=True))
async def list_own_packs(request: Asked, after: AfterPack = "", limit: Limit = 100) -> ASGIResponse:
    """What proves your packs: counts, sums by policy and by the ledger, a hash, our signature."""
    ask = read(request)
    return await _page(ask, ask.owner_id, after, limit)


@get("/insurance-packs/{pack_id:str}/content", opt=operation("insurance", ROWS) | LONG)
async def get_own_pack(request: Asked, pack_id: InPath) -> Stream:
    """A pack as NDJSON, one of your debtors a line, always the same bytes."""
    ask = read(request)
    return await _content(ask, ask.owner_id, pack_id)


async def _page(ask: Ask, insurer_id: str | None, after: str, limit: int) -> ASGIResponse:
    page = await flow.packs(ask.services.pool, insurer_id, after, limit)
    return Listed(PackPage(page, page[-1].pack_id if page else after))


async def _content(ask: Ask, insurer_id: str | None, pack_id: str) -> Stream:
    if not ids.is_id(pack_id, ids.PACK):
        raise Refused(Code.NOT_FOUND, f"There is no pack {pack_id[:100]!r}.", "/id")
    manifest = await flow.pack(ask.services.pool, pack_id, insurer_id)
    rows: AsyncIterator[bytes] = flow.pieces(ask.services.pool, pack_id)
    name = f"{manifest.insurer_id}_{manifest.begin_on:%Y-%m}.ndjson"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"', "ETag": f'"{manifest.sha256}"',
        "Content-Length": str(manifest.bytes),
    }  # fmt: skip
    return Stream(rows, media_type=NDJSON, headers=headers)


OPERATOR_ROUTES: Final = [make_pack, list_packs, get_pack]
ROUTES: Final = [list_own_packs, get_own_pack]
