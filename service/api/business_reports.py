"""Business credit reports: what sources say is written down, reports are read on grounds, subjects see who did."""

from datetime import date
from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.operation import operation
from service.api.paging import AfterBusinessRecord, AfterReportView, Limit
from service.api.reply import HTML, encode, prefers, reply, reply_answer, reply_printable
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.reports import access_flow as flow
from service.reports.access import (
    ReportAccess,
    ReportBody,
    ReportView,
)
from service.reports.access_flow import Viewer
from service.reports.page import page
from service.reports.record import BusinessRecord, BusinessRecordBody, said_by
from service.reports.report import BusinessReport
from service.reports.reports_flow import KeptReport

AsOf = Annotated[date | None, QueryParameter(description="a day that has ended, in UTC; absent: yesterday")]
SubjectQuery = Annotated[str | None, QueryParameter(pattern=r"^(me|by)_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]


class BusinessRecordPage(Struct, frozen=True):
    """Records, the oldest first; `after` is what to ask with next."""

    records: list[BusinessRecord]
    after: str


class ReportViewPage(Struct, frozen=True):
    """Who looked, the oldest first; `after` is what to ask with next."""

    views: list[ReportView]
    after: str


_record = Body(BusinessRecordBody)
_report = Body(ReportBody)

_IDENTITY: Final = {
    "subject_id": "{merchant_id}", "source": "Handelsregister", "as_of": "2026-02-27",
    "identity": {"legal_name": "Bahnhof Books GmbH", "country": "DE", "number": "HRB99001"},
}  # fmt: skip
_ON_CONSENT: Final = {
    "subject_id": "{merchant_id}", "purpose": "credit_decision", "basis": {"consent_id": "{report_consent_id}"},
}  # fmt: skip
_REFUSES: Final = (Code.NOT_FOUND, Code.NO_PURPOSE, Code.NO_BASIS)


@post(
    "/business-records",
    status_code=201,
    opt=operation("reports", BusinessRecord, takes=BusinessRecordBody, refuses=(Code.NOT_FOUND,), example=_IDENTITY),
)
async def record_business(request: Asked, body: RawBody) -> ASGIResponse:
    """Write down what a source says of a merchant or a buyer: who it is, who owns it, what a register has of it, or how
    it was evaluated. What was said last is what a report says; nothing is overwritten."""
    asked = _record.read(body, content_type(request))
    said_by(asked)
    ask = write(request, body)

    async def record(conn: Connection) -> Answer:
        made = await flow.record(conn, asked, ask.by.key_id or "", ask.now, ask.now_ms)
        await ask.record(conn, Verb.CHANGED, Thing.BUSINESS, made.subject_id, asked)
        return Answer(201, encode(made))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, record))


@get("/business-records", opt=operation("reports", BusinessRecordPage))
async def list_business_records(
    request: Asked, business: SubjectQuery = None, after: AfterBusinessRecord = "", limit: Limit = 100
) -> ASGIResponse:
    """What sources have said, and when."""
    found = await flow.records(read(request).services.pool, business, after, limit)
    return reply(BusinessRecordPage(found, found[-1].record_id if found else after))


@post(
    "/business-reports",
    status_code=201,
    opt=operation("reports", ReportAccess, takes=ReportBody, refuses=_REFUSES, example=_ON_CONSENT),
)
async def open_report(request: Asked, body: RawBody) -> ASGIResponse:
    """Ask for a report on a merchant or a buyer: what for, and on the subject's consent or a contract with it.

    It is of a day that has ended (UTC), and its bytes are the same for whoever reads the report of that day. It may be
    read for 30 days on the same grounds, and as long as they hold.
    """
    return await _open(request, body)


@get(
    "/business-reports/{report_access_id:str}",
    opt=operation("reports", BusinessReport, page=True, refuses=(Code.NO_BASIS,)),
)
async def read_report(request: Asked, report_access_id: InPath) -> ASGIResponse:
    """The report, whose subject can see that you looked.

    Ask with `Accept: text/html` for a page that is ready to print.
    """
    return await _read(request, report_access_id)


@post(
    "/business-reports",
    status_code=201,
    opt=operation(
        "reports",
        ReportAccess,
        takes=ReportBody,
        refuses=_REFUSES,
        example={
            "subject_id": "{merchant_id}", "purpose": "monitoring",
            "basis": {"contract_id": "{partner_assignment_id}"},
        },
    ),
)  # fmt: skip
async def open_partner_report(request: Asked, body: RawBody) -> ASGIResponse:
    """Ask for a report on a merchant or a buyer: what for, and on the subject's consent to you, or an assignment that
    you hold. It may be read for 30 days on the same grounds, and as long as they hold."""
    return await _open(request, body)


@get(
    "/business-reports/{report_access_id:str}",
    opt=operation("reports", BusinessReport, page=True, refuses=(Code.NO_BASIS,)),
)
async def read_partner_report(request: Asked, report_access_id: InPath) -> ASGIResponse:
    """The report, whose subject can see that you looked.

    Ask with `Accept: text/html` for a page that is ready to print.
    """
    return await _read(request, report_access_id)


@get("/business-report", opt=operation("reports", BusinessReport, page=True))
async def read_own_report(request: Asked, as_of: AsOf = None) -> ASGIResponse:
    """The report on yourself, as others read it: of a day that has ended (UTC), or of yesterday.

    Ask with `Accept: text/html` for a page that is ready to print.
    """
    ask = read(request)
    viewer, body = Viewer("merchant", ask.owner_id, ask.by.key_id), ReportBody(ask.owner_id, as_of=as_of)
    async with ask.services.pool.acquire() as conn, conn.transaction():
        kept = await flow.read_own(conn, viewer, body, _form(request), ask.now, ask.now_ms)
    return _reply(request, kept)


@get("/report-views", opt=operation("reports", ReportViewPage))
async def list_own_views(request: Asked, after: AfterReportView = "", limit: Limit = 100) -> ASGIResponse:
    """Who looked at reports about you: when, what for, and on what grounds."""
    ask = read(request)
    return await _views(ask, ask.owner_id, after, limit)


@get("/report-views", opt=operation("reports", ReportViewPage))
async def list_views(
    request: Asked, business: SubjectQuery = None, after: AfterReportView = "", limit: Limit = 100
) -> ASGIResponse:
    """Who looked at reports about a business, or about any."""
    return await _views(read(request), business, after, limit)


async def _open(request: Asked, body: bytes) -> ASGIResponse:
    asked = _report.read(body, content_type(request))
    ask = write(request, body)

    async def open_(conn: Connection) -> Answer:
        made = await flow.open_report(conn, _viewer(ask), asked, ask.now, ask.now_ms)
        await ask.record(conn, Verb.READ, Thing.BUSINESS, made.subject_id, made)
        return Answer(201, encode(made))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, open_))


async def _read(request: Asked, access_id: str) -> ASGIResponse:
    ask = read(request)
    if not ids.is_id(access_id, ids.REPORT_ACCESS):
        raise Refused(Code.NOT_FOUND, f"You have no access {access_id[:100]!r}.", "/id")
    async with ask.services.pool.acquire() as conn, conn.transaction():
        kept = await flow.read(conn, _viewer(ask), access_id, _form(request), ask.now, ask.now_ms)
    return _reply(request, kept)


def _viewer(ask: Ask) -> Viewer:
    return Viewer(ask.by.audience, ask.by.owner_id, ask.by.key_id)


def _form(request: Asked) -> str:
    return "page" if prefers(request, HTML) else "json"


def _reply(request: Asked, kept: KeptReport) -> ASGIResponse:
    return reply_printable(request, msgspec.Raw(kept.content), lambda: page(kept.report, kept.sha256))


async def _views(ask: Ask, subject_id: str | None, after: str, limit: int) -> ASGIResponse:
    found = await flow.views(ask.services.pool, subject_id, after, limit)
    return reply(ReportViewPage(found, found[-1].view_id if found else after))


OPERATOR_ROUTES: Final = [record_business, list_business_records, open_report, read_report, list_views]
PARTNER_ROUTES: Final = [open_partner_report, read_partner_report]
MERCHANT_ROUTES: Final = [read_own_report, list_own_views]
