"""Days compared three ways: what each came to, and how good the months were. For operators, and for the partner."""

from datetime import date
from typing import Annotated, Final

import asyncpg
import msgspec
from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct, field

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import AfterReconciliation, Limit
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.deadline import LONG, LONG_S
from service.engine.work import Answer
from service.errors import Code, Refused
from service.partners.signing import Signer
from service.reconciling import breaks_flow, runs_flow
from service.reconciling.breaks_flow import MonthQuality
from service.reconciling.found import Found
from service.reconciling.manifest import RunManifest
from service.reconciling.matching import Match
from service.reconciling.runs_flow import Wanted
from service.reconciling.verdict import Bridge, Gap, Result, Verdict

TOLD_MAX: Final = 100  # of what is told with a day; all breaks can be listed

EARLIEST: Final = date(2000, 1, 1)


class ReconciledDay(Struct, frozen=True):
    """A day of a programme, compared: our ledger with the partner's files, and settlements with the bank."""

    reconciliation_id: str = field(name="id")
    partner_id: str
    programme_id: str
    business_on: date
    number: int  # 1, 2, 3 ... of the day: it is compared again when a file or a statement came later
    verdict: Verdict
    gaps: tuple[Gap, ...]  # why the day is not complete
    our_items: int  # how many in our file
    their_items: int  # how many in the partner's
    counts: dict[str, int]  # matches of items, by rule
    bridges: tuple[Bridge, ...]  # how the net is explained, by currency
    matches: tuple[Match, ...]  # the first that are not exact
    found: tuple[Found, ...]  # the first of what does not match, the most severe first
    found_in_all: int  # how many do not match
    pending: int  # of them: may still come right by themselves
    settlements_paid: int  # settlements that the bank shows
    manifest: RunManifest  # what it was made of, signed


class ReconciledDayPage(Struct, frozen=True):
    """Days compared, the oldest first; `after` is what to ask with next."""

    reconciliations: list[ReconciledDay]
    after: str


class Quality(Struct, frozen=True):
    """One month, of each programme that was compared in it."""

    programmes: list[MonthQuality]


class CompareBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The business day, in the programme's time zone."""

    business_on: date
    partner_id: Annotated[str, Meta(pattern=r"^(pa_[0-7][0-9A-HJKMNP-TV-Z]{25})?\Z")] = ""  # empty: its first partner
    confirmed: bool = False  # the partner's files are right, however many breaks they make


_compare = Body(CompareBody)

Day = Annotated[date | None, QueryParameter()]
Month = Annotated[str, QueryParameter(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])\Z")]


@post(
    "/programmes/{programme_id:str}/reconciliations",
    status_code=201,
    opt=operation(
        "breaks",
        ReconciledDay,
        takes=CompareBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
        example={"business_on": "2026-03-02"},
    )
    | LONG,
)
async def compare_day(request: Asked, body: RawBody, programme_id: InPath) -> ASGIResponse:
    """Compare a day now: items, positions and cash. It is done by itself when a day is closed.

    Days are compared in their order. A day that was not complete is compared with the next one. Where most of it
    breaks, the partner's file may be that of another day: nothing is opened, until it is `confirmed`.
    """
    asked = _compare.read(body, content_type(request))
    if not ids.is_id(programme_id, ids.PROGRAMME):
        raise Refused(Code.NOT_FOUND, f"There is no programme {programme_id[:100]!r}.", "/programme_id")
    if asked.business_on < EARLIEST:
        raise Refused(Code.INVALID_FIELD, f"No business day is before {EARLIEST}.", "/business_on")
    ask = write(request, body)
    signer = Signer(ask.services.settings.audit_secret)

    async def compare(conn: Connection) -> Answer:
        wanted = Wanted(programme_id, asked.business_on, asked.partner_id, asked.confirmed)
        made = await runs_flow.run_day(conn, wanted, signer, ask.by.key_id, ask.now)
        told = {"business_on": asked.business_on, "verdict": made.verdict, "confirmed": asked.confirmed}
        await ask.record(conn, Verb.MADE, Thing.RECONCILIATION, made.reconciliation_id, told)
        return Answer(201, encode(_day(await runs_flow.one(conn, made.reconciliation_id, None))))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, compare, LONG_S))


@get("/reconciliations", opt=operation("breaks", ReconciledDayPage, csv=True) | LONG)
async def list_all_reconciliations(
    request: Asked, business_on: Day = None, after: AfterReconciliation = "", limit: Limit = 20
) -> ASGIResponse:
    """What days came to, of all partners, or one day of them."""
    return await _page(read(request), None, business_on, after, limit)


@get("/reconciliations/{reconciliation_id:str}", opt=operation("breaks", ReconciledDay) | LONG)
async def get_any_reconciliation(request: Asked, reconciliation_id: InPath) -> ASGIResponse:
    """What one day came to."""
    return await _one(read(request), reconciliation_id, None)


@get("/reconciliation-quality", opt=operation("breaks", Quality, example={"month": "2026-03"}) | LONG)
async def get_all_quality(request: Asked, month: Month) -> ASGIResponse:
    """How good a month was: exceptions, matches that no person made, and the age of what is open."""
    return await _quality(read(request), None, month)


@get("/reconciliations", opt=operation("files", ReconciledDayPage, csv=True) | LONG)
async def list_reconciliations(
    request: Asked, business_on: Day = None, after: AfterReconciliation = "", limit: Limit = 20
) -> ASGIResponse:
    """What your days came to: the verdict, the bridge that explains the net, matches and what does not match."""
    ask = read(request)
    return await _page(ask, ask.owner_id, business_on, after, limit)


@get("/reconciliations/{reconciliation_id:str}", opt=operation("files", ReconciledDay) | LONG)
async def get_reconciliation(request: Asked, reconciliation_id: InPath) -> ASGIResponse:
    """What one day came to, with the signed manifest of what it was made of."""
    ask = read(request)
    return await _one(ask, reconciliation_id, ask.owner_id)


@get("/reconciliation-quality", opt=operation("files", Quality, example={"month": "2026-03"}) | LONG)
async def get_quality(request: Asked, month: Month) -> ASGIResponse:
    """How good a month was: exceptions, matches that no person made, and the age of what is open."""
    ask = read(request)
    return await _quality(ask, ask.owner_id, month)


OPERATOR_ROUTES: Final = [compare_day, list_all_reconciliations, get_any_reconciliation, get_all_quality]
PARTNER_ROUTES: Final = [list_reconciliations, get_reconciliation, get_quality]


async def _page(ask: Ask, partner_id: str | None, on: date | None, after: str, limit: int) -> ASGIResponse:
    rows = await runs_flow.listed(ask.services.pool, partner_id, on, after, min(limit, TOLD_MAX))
    page = [_day(row) for row in rows]
    return Listed(ReconciledDayPage(page, page[-1].reconciliation_id if page else after))


async def _one(ask: Ask, reconciliation_id: str, partner_id: str | None) -> ASGIResponse:
    if not ids.is_id(reconciliation_id, ids.RECONCILIATION):
        raise Refused(Code.NOT_FOUND, f"There is no reconciliation {reconciliation_id[:100]!r}.", "/id")
    async with ask.services.pool.acquire() as conn:
        return reply(_day(await runs_flow.one(conn, reconciliation_id, partner_id)))


async def _quality(ask: Ask, partner_id: str | None, month: str) -> ASGIResponse:
    first = date.fromisoformat(f"{month}-01")
    return reply(Quality(await breaks_flow.quality(ask.services.pool, partner_id, first, ask.now)))


def _day(row: asyncpg.Record) -> ReconciledDay:
    manifest = msgspec.json.decode(row["manifest"], type=RunManifest)
    result = msgspec.json.decode(row["result"], type=Result)
    return ReconciledDay(
        manifest.reconciliation_id, manifest.partner_id, manifest.programme_id, manifest.business_on, manifest.number,
        result.verdict, result.gaps, manifest.our_items, manifest.their_items, result.counts, result.bridges,
        result.matches[:TOLD_MAX], result.found[:TOLD_MAX], len(result.found), result.pending, result.paid, manifest,
    )  # fmt: skip
