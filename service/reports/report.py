"""A business credit report as of a day: who it is, how it pays, what it owes, what registers have of it. Pure.

All it says was known when the day ended (UTC); it is made once, so that its bytes are the same whoever reads it.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Final

from msgspec import Struct

from service.reports.record import Evaluation, Identity, Ownership, PublicRecord, grade_of
from service.support.payment_index import Experience, index_of

WINDOW_DAYS: Final = 730  # payments of earlier days count no more
OURS: Final = "our own books"


class Rating(StrEnum):
    """Whether there is an index."""

    RATED = "RATED"
    NOT_RATED = "NOT_RATED"  # of fewer than 3 experiences, or of fewer than 2 suppliers


class SubjectKind(StrEnum):
    """Whose report it is."""

    MERCHANT = "merchant"
    BUYER = "buyer"


class IdentityPart(Struct, frozen=True):
    """Who it is, as a source said last."""

    said: Identity
    source: str  # who says so
    as_of: date  # the day of which it says so


class OwnershipPart(Struct, frozen=True):
    """Who owns it, as a source said last."""

    said: Ownership
    source: str  # who says so
    as_of: date  # the day of which it says so


class PublicRecordPart(Struct, frozen=True):
    """What a register has of it."""

    said: PublicRecord
    source: str  # who says so
    as_of: date  # the day of which it says so


class GradePart(Struct, frozen=True):
    """How it was evaluated last."""

    grade: str  # A+, A, B, C or D; NOT_RATED
    evaluation: Evaluation | None  # null: it was not evaluated
    source: str | None  # who evaluated it
    as_of: date | None  # the day of it


class TradeIndex(Struct, frozen=True):
    """How promptly it paid in the 730 days before, in one currency, weighted by what it paid."""

    currency: str
    rating: Rating  # whether there is an index
    index: str | None  # of 100, with one decimal: 80.0 is on time; null: not rated
    experiences: int  # how many payments, and parts that are overdue
    suppliers: int  # how many merchants saw them
    amount: int  # minor units of all of them
    overdue: int  # minor units that are overdue
    latest_on: date | None  # of the last payment


class BusinessExposure(Struct, frozen=True):
    """What it owes in one currency; minor units."""

    currency: str
    owed_to_merchants: int  # on invoices that are registered here
    overdue: int  # of them, past their due date
    bought: int  # of them, that others have bought of its suppliers
    advanced: int  # to it as a merchant, on its own receivables, and not collected
    to_remit: int  # by it as a merchant: collected for others, and not handed on


class Disputed(Struct, frozen=True):
    """What was disputed, in one currency; minor units."""

    currency: str
    by_it: int  # of invoices that it owes, now
    lost: int  # charged back to it as a merchant in the 365 days before
    times_lost: int  # how often


class ReportSource(Struct, frozen=True, order=True):
    """Where something of it comes from, and of which day the newest is."""

    name: str  # of the source
    as_of: date  # of its newest word


class BusinessReport(Struct, frozen=True, kw_only=True):
    """What was known of a business when a day had ended."""

    subject_id: str
    subject_kind: SubjectKind  # a merchant, or a buyer of a receivable
    name: str
    as_of: date  # what was known when this day ended, in UTC
    identity: IdentityPart | None  # null: nobody has told
    ownership: OwnershipPart | None  # null: nobody has told
    trade: tuple[TradeIndex, ...]  # by currency
    exposures: tuple[BusinessExposure, ...]  # by currency
    disputes: tuple[Disputed, ...]  # by currency
    public_records: tuple[PublicRecordPart, ...]  # the oldest first
    grade: GradePart
    sources: tuple[ReportSource, ...]  # of all of it, by name


class InvoicePaid(Struct, frozen=True):
    """A payment of an invoice that it owed, or a part that is overdue (`paid_on` is null)."""

    currency: str
    amount: int
    due_on: date
    paid_on: date | None
    supplier_id: str


class KnownBusiness(Struct, frozen=True, kw_only=True):
    """What the books and the records have of a business on a day."""

    subject_id: str
    subject_kind: SubjectKind
    name: str
    identity: IdentityPart | None = None
    ownership: OwnershipPart | None = None
    public_records: tuple[PublicRecordPart, ...] = ()
    evaluation: tuple[Evaluation, str, date] | None = None
    paid: Sequence[InvoicePaid] = ()
    exposures: tuple[BusinessExposure, ...] = ()
    disputes: tuple[Disputed, ...] = ()


def report_of(known: KnownBusiness, as_of: date) -> BusinessReport:
    """The report: the same of the same, to the byte."""
    return BusinessReport(
        subject_id=known.subject_id, subject_kind=known.subject_kind, name=known.name, as_of=as_of,
        identity=known.identity, ownership=known.ownership, trade=trade_of(known.paid, as_of),
        exposures=known.exposures, disputes=known.disputes, public_records=known.public_records,
        grade=_grade(known), sources=_sources(known, as_of),
    )  # fmt: skip


def trade_of(paid: Sequence[InvoicePaid], as_of: date) -> tuple[TradeIndex, ...]:
    """By currency. What is overdue is as late as it is until now."""
    by_currency: dict[str, list[InvoicePaid]] = defaultdict(list)
    for one in paid:
        by_currency[one.currency].append(one)
    return tuple(_index(currency, ones, as_of) for currency, ones in sorted(by_currency.items()))


def _index(currency: str, ones: list[InvoicePaid], as_of: date) -> TradeIndex:
    seen = [Experience(one.amount, ((one.paid_on or as_of) - one.due_on).days, one.supplier_id) for one in ones]
    tenths = index_of(seen)
    return TradeIndex(
        currency=currency, rating=Rating.NOT_RATED if tenths is None else Rating.RATED,
        index=None if tenths is None else f"{tenths // 10}.{tenths % 10}", experiences=len(seen),
        suppliers=len({one.supplier_id for one in seen}), amount=sum(one.amount for one in ones),
        overdue=sum(one.amount for one in ones if one.paid_on is None),
        latest_on=max((one.paid_on for one in ones if one.paid_on), default=None),
    )  # fmt: skip


def _grade(known: KnownBusiness) -> GradePart:
    if known.evaluation is None:
        return GradePart(Rating.NOT_RATED, None, None, None)
    evaluation, source, as_of = known.evaluation
    return GradePart(grade_of(evaluation.score), evaluation, source, as_of)


def _sources(known: KnownBusiness, as_of: date) -> tuple[ReportSource, ...]:
    parts = [one for one in (known.identity, known.ownership, *known.public_records) if one is not None]
    found = {OURS: as_of}
    for name, day in [
        *((one.source, one.as_of) for one in parts), *([known.evaluation[1:]] if known.evaluation else []),
    ]:  # fmt: skip
        found[name] = max(found.get(name, day), day)
    return tuple(sorted(ReportSource(name, day) for name, day in found.items()))
