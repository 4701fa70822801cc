"""Consents to reports: a subject gives them, on paper or here, and takes them back."""

from typing import Final

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api.ask import Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.operation import operation
from service.api.paging import AfterReportConsent, Limit
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.reports import access_flow as flow
from service.reports.access import PaperConsentBody, ReportConsent, ReportConsentBody


class ReportConsentPage(Struct, frozen=True):
    """Consents, the oldest first; `after` is what to ask with next."""

    consents: list[ReportConsent]
    after: str


_consent = Body(ReportConsentBody)
_paper = Body(PaperConsentBody)
_nothing = Body(Nothing)

_CONSENT: Final = {"purpose": "credit_decision", "ends_on": "2026-12-31"}


@post(
    "/report-consents",
    status_code=201,
    opt=operation("reports", ReportConsent, takes=ReportConsentBody, refuses=(Code.NOT_FOUND,), example=_CONSENT),
)
async def give_report_consent(request: Asked, body: RawBody) -> ASGIResponse:
    """Allow the lender, or one of its partners, to read reports about you for a purpose, until a day."""
    asked = _consent.read(body, content_type(request))
    ask = write(request, body)

    async def give(conn: Connection) -> Answer:
        made = await flow.consent(conn, ask.owner_id, asked, None, ask.by.key_id or "", ask.now, ask.now_ms)
        return Answer(201, encode(made))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, give))


@get("/report-consents", opt=operation("reports", ReportConsentPage))
async def list_report_consents(request: Asked, after: AfterReportConsent = "", limit: Limit = 100) -> ASGIResponse:
    """What you have allowed, and what of it you have taken back."""
    ask = read(request)
    found = await flow.consents(ask.services.pool, ask.owner_id, after, limit)
    return reply(ReportConsentPage(found, found[-1].consent_id if found else after))


@post(
    "/report-consents/{report_consent_id:str}/revoke",
    status_code=200,
    opt=operation("reports", ReportConsent, takes=Nothing, refuses=(Code.NOT_FOUND,)),
)
async def revoke_report_consent(request: Asked, body: RawBody, report_consent_id: InPath) -> ASGIResponse:
    """Take it back: from now on nothing is read on it."""
    return await _revoke(request, body, report_consent_id, is_own=True)


@post(
    "/report-consents",
    status_code=201,
    opt=operation(
        "reports",
        ReportConsent,
        takes=PaperConsentBody,
        refuses=(Code.NOT_FOUND,),
        example=_CONSENT | {"subject_id": "{merchant_id}", "reference": "letter of 1 March"},
    ),
)
async def record_report_consent(request: Asked, body: RawBody) -> ASGIResponse:
    """Write down what a merchant or a buyer has allowed on paper."""
    asked = _paper.read(body, content_type(request))
    ask = write(request, body)

    async def give(conn: Connection) -> Answer:
        by = ask.by.key_id or ""
        made = await flow.consent(conn, asked.subject_id, asked, asked.reference, by, ask.now, ask.now_ms)
        await ask.record(conn, Verb.MADE, Thing.CONSENT, made.consent_id, asked)
        return Answer(201, encode(made))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, give))


@post(
    "/report-consents/{report_consent_id:str}/revoke",
    status_code=200,
    opt=operation("reports", ReportConsent, takes=Nothing, refuses=(Code.NOT_FOUND,)),
)
async def revoke_any_report_consent(request: Asked, body: RawBody, report_consent_id: InPath) -> ASGIResponse:
    """Write down that a subject has taken its consent back."""
    return await _revoke(request, body, report_consent_id, is_own=False)


async def _revoke(request: Asked, body: bytes, consent_id: str, *, is_own: bool) -> ASGIResponse:
    if body:
        _nothing.read(body, content_type(request))
    ask = write(request, body)
    if not ids.is_id(consent_id, ids.REPORT_CONSENT):
        raise Refused(Code.NOT_FOUND, f"There is no consent {consent_id[:100]!r}.", "/id")

    async def revoke(conn: Connection) -> Answer:
        done = await flow.revoke(conn, consent_id, ask.owner_id if is_own else None, ask.now)
        if not is_own:
            await ask.record(conn, Verb.REVOKED, Thing.CONSENT, consent_id)
        return Answer(200, encode(done))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, revoke))


MERCHANT_ROUTES: Final = [give_report_consent, list_report_consents, revoke_report_consent]
OPERATOR_ROUTES: Final = [record_report_consent, revoke_any_report_consent]
