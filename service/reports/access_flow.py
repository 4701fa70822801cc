"""Who may read a report, and who did: consents, accesses and views in the database; and what sources said."""

from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.reports import reports_flow
from service.reports.access import (
    VALID,
    BasisKind,
    ReportAccess,
    ReportBody,
    ReportConsent,
    ReportConsentBody,
    ReportPurpose,
    ReportView,
    day_wanted,
    require_consent,
    required,
)
from service.reports.record import BusinessRecord, BusinessRecordBody, said_by
from service.reports.reports_flow import KeptReport

Q: Final = load_queries(Path(__file__).with_name("reports.sql"))


class Viewer(msgspec.Struct, frozen=True):
    """Who looks."""

    audience: str
    viewer_id: str  # the partner, the merchant, or the operator's name
    key_id: str | None

    @property
    def partner_id(self) -> str | None:
        """The partner; None: the lender."""
        return self.viewer_id if self.audience == "partner" else None


async def open_report(conn: Connection, viewer: Viewer, body: ReportBody, now: datetime, now_ms: int) -> ReportAccess:
    """That the viewer may read a report. Refused: NO_PURPOSE, NO_BASIS, NOT_FOUND, INVALID_FIELD."""
    purpose, basis, basis_id = required(body)
    as_of = day_wanted(body.as_of, now)
    await require_subject(conn, body.subject_id)
    if basis is BasisKind.CONSENT:
        found = await conn.fetchrow(Q.consent, basis_id)
        require_consent(consent_of(found) if found else None, body.subject_id, viewer.partner_id, purpose, now)
    elif not await _is_contract(conn, basis_id, body.subject_id, viewer):
        sentence = f"It needs an assignment that is live, of {body.subject_id} or of what it owes, and yours."
        raise Refused(Code.NO_BASIS, sentence, "/basis/contract_id")
    kept = await reports_flow.report(conn, body.subject_id, as_of, now, now_ms)
    access_id = ids.new_id(ids.REPORT_ACCESS, ids.bucket_for(body.subject_id), now_ms)
    await conn.execute(
        Q.insert_access, access_id, kept.report_id, viewer.audience, viewer.viewer_id, purpose, basis, basis_id, now,
        now + VALID,
    )  # fmt: skip
    return ReportAccess(
        access_id=access_id, report_id=kept.report_id, subject_id=body.subject_id, as_of=as_of, sha256=kept.sha256,
        purpose=purpose, basis=basis, basis_id=basis_id, expires_at=now + VALID,
    )  # fmt: skip


async def read(conn: Connection, viewer: Viewer, access_id: str, form: str, now: datetime, now_ms: int) -> KeptReport:
    """The report of an access of the viewer's, who is written down to have looked. Refused: NOT_FOUND; NO_BASIS, when
    the access is over, or its consent was revoked."""
    row = await conn.fetchrow(Q.access, access_id, viewer.audience, viewer.viewer_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"You have no access {access_id[:100]!r}.", "/id")
    if now > row["expires_at"]:
        raise Refused(Code.NO_BASIS, f"It could be read until {row['expires_at']:%Y-%m-%d}: ask for it anew.")
    purpose, basis = ReportPurpose(row["purpose"]), BasisKind(row["basis"])
    if basis is BasisKind.CONSENT:
        found = await conn.fetchrow(Q.consent, row["basis_id"])
        require_consent(consent_of(found) if found else None, row["subject_id"], viewer.partner_id, purpose, now)
    kept = KeptReport(row["report_id"], row["sha256"].hex(), row["content"])
    await _look(conn, viewer, kept, (purpose, basis, row["basis_id"]), form, now, now_ms)
    return kept


async def read_own(
    conn: Connection, viewer: Viewer, body: ReportBody, form: str, now: datetime, now_ms: int
) -> KeptReport:
    """A subject's own report, who is written down to have looked. Refused: INVALID_FIELD."""
    kept = await reports_flow.report(conn, viewer.viewer_id, day_wanted(body.as_of, now), now, now_ms)
    await _look(conn, viewer, kept, (None, None, None), form, now, now_ms)
    return kept


async def _look(
    conn: Connection, viewer: Viewer, kept: KeptReport,
    grounds: tuple[ReportPurpose | None, BasisKind | None, str | None], form: str, now: datetime, now_ms: int,
) -> None:  # fmt: skip
    view_id = ids.new_id(ids.REPORT_VIEW, ids.bucket_of(kept.report_id), now_ms)
    await conn.execute(
        Q.insert_view, view_id, kept.report_id, viewer.audience, viewer.viewer_id, viewer.key_id, *grounds, form, now
    )


async def _is_contract(conn: Connection, contract_id: str, subject_id: str, viewer: Viewer) -> bool:
    """An assignment; or, to the lender, that it settles the merchant by terms agreed."""
    if contract_id == subject_id:
        return viewer.partner_id is None and bool(await conn.fetchval(Q.is_settled_by_terms, subject_id))
    return bool(await conn.fetchval(Q.is_contract, contract_id, subject_id, viewer.partner_id))


async def views(pool: Pool, subject_id: str | None, after: str, limit: int) -> list[ReportView]:
    """Who looked at reports about a business, or about any; the oldest first."""
    return [msgspec.convert(dict(row) | {"id": row["view_id"]}, ReportView) for row in await pool.fetch(
        Q.list_views, subject_id, after, limit
    )]  # fmt: skip


# Consents -------------------------------------------------------------------------------------------------------------


async def consent(
    conn: Connection,
    subject_id: str,
    body: ReportConsentBody,
    reference: str | None,
    by: str,
    now: datetime,
    now_ms: int,
) -> ReportConsent:
    """A subject allows a viewer to read its reports for a purpose. Refused: NOT_FOUND, INVALID_FIELD."""
    await require_subject(conn, subject_id)
    if body.viewer_id is not None and not await conn.fetchval(Q.is_viewer, body.viewer_id):
        raise Refused(Code.NOT_FOUND, f"There is no partner {body.viewer_id!r}.", "/viewer_id")
    if body.ends_on < now.date():
        raise Refused(Code.INVALID_FIELD, f"Today is {now.date()}.", "/ends_on")
    row = await conn.fetchrow(
        Q.insert_consent, ids.new_id(ids.REPORT_CONSENT, ids.bucket_for(subject_id), now_ms), subject_id,
        body.viewer_id, body.purpose, reference, body.ends_on, by, now,
    )  # fmt: skip
    assert row is not None
    return consent_of(row)


async def revoke(conn: Connection, consent_id: str, subject_id: str | None, now: datetime) -> ReportConsent:
    """It holds no more; twice is once. Refused: NOT_FOUND."""
    row = await conn.fetchrow(Q.revoke_consent, consent_id, subject_id, now)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no consent {consent_id[:100]!r}.", "/id")
    return consent_of(row)


async def consents(pool: Pool, subject_id: str | None, after: str, limit: int) -> list[ReportConsent]:
    """Of a subject, or of all; the oldest first."""
    return [consent_of(row) for row in await pool.fetch(Q.list_consents, subject_id, after, limit)]


def consent_of(row: asyncpg.Record) -> ReportConsent:
    """A row as it is known elsewhere."""
    return msgspec.convert(dict(row) | {"id": row["consent_id"]}, ReportConsent)


# What sources said ----------------------------------------------------------------------------------------------------


async def record(conn: Connection, body: BusinessRecordBody, by: str, now: datetime, now_ms: int) -> BusinessRecord:
    """Writes down what a source said. Refused: NOT_FOUND, INVALID_FIELD."""
    kind, said = said_by(body)
    await require_subject(conn, body.subject_id)
    if body.as_of > now.date():
        raise Refused(Code.INVALID_FIELD, f"Today is {now.date()}.", "/as_of")
    record_id = ids.new_id(ids.BUSINESS_RECORD, ids.bucket_for(body.subject_id), now_ms)
    text = msgspec.json.encode(said).decode()
    await conn.execute(Q.insert_record, record_id, body.subject_id, kind, text, body.source, body.as_of, now, by)
    return BusinessRecord(
        record_id=record_id, subject_id=body.subject_id, kind=kind, source=body.source, as_of=body.as_of,
        recorded_at=now,
    )  # fmt: skip


async def records(pool: Pool, subject_id: str | None, after: str, limit: int) -> list[BusinessRecord]:
    """Of a subject, or of all; the oldest first."""
    return [
        msgspec.convert(dict(row) | {"id": row["record_id"]}, BusinessRecord)
        for row in await pool.fetch(Q.list_records, subject_id, after, limit)
    ]


async def require_subject(conn: Connection, subject_id: str) -> None:
    """Refused: NOT_FOUND, who is neither a merchant nor a buyer."""
    if await conn.fetchrow(Q.subject, subject_id) is None:
        raise reports_flow.no_subject(subject_id)
