"""Reports in the database: made once for a business and a day, of what was known when the day ended."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from service import ids
from service.db import Connection, load_queries
from service.errors import Code, Refused
from service.reports.record import Evaluation, Identity, Ownership, PublicRecord, RecordKind
from service.reports.report import (
    WINDOW_DAYS,
    BusinessExposure,
    BusinessReport,
    Disputed,
    IdentityPart,
    InvoicePaid,
    KnownBusiness,
    OwnershipPart,
    PublicRecordPart,
    SubjectKind,
    report_of,
)

Q: Final = load_queries(Path(__file__).with_name("reports.sql"))

YEAR: Final = timedelta(days=365)

_encode: Final = msgspec.json.Encoder(order="deterministic").encode


class KeptReport(msgspec.Struct, frozen=True):
    """A report as it is kept: the bytes, and their hash."""

    report_id: str
    sha256: str
    content: bytes

    @property
    def report(self) -> BusinessReport:
        """What the bytes say."""
        return msgspec.json.decode(self.content, type=BusinessReport)


async def report(conn: Connection, subject_id: str, as_of: date, now: datetime, now_ms: int) -> KeptReport:
    """The report of a day that has ended; the first who asks has it made. Refused: NOT_FOUND."""
    if (kept := await _kept(conn, subject_id, as_of)) is not None:
        return kept
    content = _encode(report_of(await _known(conn, subject_id, as_of), as_of))
    report_id = ids.new_id(ids.BUSINESS_REPORT, ids.bucket_for(subject_id), now_ms)
    digest = hashlib.sha256(content).digest()
    await conn.execute(Q.keep, report_id, subject_id, as_of, digest, content, now)
    kept = await _kept(conn, subject_id, as_of)
    assert kept is not None
    return kept


async def _kept(conn: Connection, subject_id: str, as_of: date) -> KeptReport | None:
    row = await conn.fetchrow(Q.kept, subject_id, as_of)
    return KeptReport(row["report_id"], row["sha256"].hex(), row["content"]) if row else None


async def _known(conn: Connection, subject_id: str, as_of: date) -> KnownBusiness:
    row = await conn.fetchrow(Q.subject, subject_id)
    if row is None:
        raise no_subject(subject_id)
    until = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC) + timedelta(days=1)
    records = await conn.fetch(Q.records_of, subject_id, until, as_of)
    identity = _last(records, RecordKind.IDENTITY)
    ownership = _last(records, RecordKind.OWNERSHIP)
    evaluation = _last(records, RecordKind.EVALUATION)
    kind = SubjectKind(row["kind"])
    who = IdentityPart(_said(identity, Identity), identity["source"], identity["as_of"]) if identity else None
    buyer_id = subject_id if kind is SubjectKind.BUYER else await _buyer_of(conn, who)
    paid, owed = await _trade(conn, buyer_id, until, as_of)
    return KnownBusiness(
        subject_id=subject_id, subject_kind=kind, name=row["name"], identity=who,
        ownership=OwnershipPart(_said(ownership, Ownership), ownership["source"], ownership["as_of"])
        if ownership else None,
        public_records=tuple(
            PublicRecordPart(_said(one, PublicRecord), one["source"], one["as_of"])
            for one in records if one["kind"] == RecordKind.PUBLIC_RECORD
        ),
        evaluation=(_said(evaluation, Evaluation), evaluation["source"], evaluation["as_of"]) if evaluation else None,
        paid=paid, exposures=await _exposures(conn, subject_id, owed, until, as_of),
        disputes=await _disputes(conn, subject_id, owed, until, as_of),
    )  # fmt: skip


async def _buyer_of(conn: Connection, who: IdentityPart | None) -> str | None:
    """A merchant that is a buyer, too, is known by its number in the register."""
    if who is None:
        return None
    found: str | None = await conn.fetchval(Q.buyer_of, who.said.country, who.said.number)
    return found


async def _trade(
    conn: Connection, buyer_id: str | None, until: datetime, as_of: date
) -> tuple[list[InvoicePaid], list[asyncpg.Record]]:
    """What it paid, and what is overdue and not disputed; and all that it owes."""
    if buyer_id is None:
        return [], []
    since = as_of - timedelta(days=WINDOW_DAYS)
    paid = [InvoicePaid(**row) for row in await conn.fetch(Q.paid_of, buyer_id, until, since, as_of)]
    owed = await conn.fetch(Q.open_of, buyer_id, until, as_of)
    late = [
        InvoicePaid(row["currency"], row["open"] - row["disputed"], row["due_on"], None, row["supplier_id"])
        for row in owed
        if row["due_on"] < as_of and row["open"] > row["disputed"]
    ]
    return paid + late, owed


async def _exposures(
    conn: Connection, subject_id: str, owed: list[asyncpg.Record], until: datetime, as_of: date
) -> tuple[BusinessExposure, ...]:
    advanced = {row["currency"]: row["advanced"] for row in await conn.fetch(Q.advanced_to, subject_id, until)}
    rows = await conn.fetch(Q.to_remit_by, subject_id, until, as_of)
    to_remit = {row["currency"]: row["to_remit"] for row in rows}
    currencies = sorted({*advanced, *to_remit, *(row["currency"] for row in owed)})
    return tuple(
        BusinessExposure(
            currency,
            sum(row["open"] for row in owed if row["currency"] == currency),
            sum(row["open"] for row in owed if row["currency"] == currency and row["due_on"] < as_of),
            sum(row["open"] for row in owed if row["currency"] == currency and row["is_bought"]),
            advanced.get(currency, 0), to_remit.get(currency, 0),
        )
        for currency in currencies
    )  # fmt: skip


async def _disputes(
    conn: Connection, subject_id: str, owed: list[asyncpg.Record], until: datetime, as_of: date
) -> tuple[Disputed, ...]:
    rows = await conn.fetch(Q.lost_by, subject_id, until, as_of - YEAR, as_of)
    lost = {row["currency"]: (row["lost"], row["times"]) for row in rows}
    disputed = {row["currency"] for row in owed if row["disputed"]}
    return tuple(
        Disputed(
            currency, sum(row["disputed"] for row in owed if row["currency"] == currency),
            *lost.get(currency, (0, 0)),
        )
        for currency in sorted({*lost, *disputed})
    )  # fmt: skip


def _last(records: list[asyncpg.Record], kind: RecordKind) -> asyncpg.Record | None:
    return next((one for one in reversed(records) if one["kind"] == kind), None)


def _said(row: asyncpg.Record, type_: Any) -> Any:
    return msgspec.json.decode(row["said"], type=type_)


def no_subject(subject_id: str) -> Refused:
    """What is said of an id that is nobody's."""
    return Refused(Code.NOT_FOUND, f"There is no business {subject_id[:100]!r}.", "/subject_id")
