"""When what is personal of a consumer may be erased, and when it must still be kept. Pure.

Nothing while a plan is not over: something is owed, promised, held or to be paid back. Afterwards as long as the law of
the policy says: of an application (`retention_months`, from the decision), and of who had a credit, against money
laundering (`identity_retention_months`, from the end of the last plan). What the books need is not erased at all: until
when a law wants it kept is told.
"""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from service.errors import Code, Refused
from service.law.book import ANY, LegalRule, rows_on


class Keeping(Struct, frozen=True):
    """What was decided on under one policy."""

    jurisdiction: str
    decided_at: datetime  # the last decision
    ended_at: datetime | None  # when the last plan changed; None: there was no plan
    open: int  # plans that are not over


class Record(StrEnum):
    """What of a credit the law of commerce and of taxes wants kept, without who it was."""

    BOOKS = "books"  # the ledger, and the facts it was made from
    VOUCHERS = "vouchers"  # what they rest on: what was agreed, bills, payments, references


class Left(Struct, frozen=True):
    """What an erasure leaves because a law wants it kept."""

    record: Record
    until: date  # the last day on which it must be there
    source: str  # the law


class Kept(Struct, frozen=True):
    """Until which day the law wants it kept, and which law."""

    until: date
    source: str


def refuse_too_early(keeping: Iterable[Keeping], today: date) -> None:
    """Refused: STATE_FORBIDS, with what would do, or from which day on it can be done."""
    every = list(keeping)
    if still := sum(one.open for one in every):
        sentence = (
            f"{still} of the plans {'is' if still == 1 else 'are'} not over: something is owed, promised, held or to "
            "be paid back. Settle, void or forgive what is left, and erase then."
        )
        raise Refused(Code.STATE_FORBIDS, sentence, "/id")
    kept = max((one for each in every for one in _kept(each)), key=lambda one: one.until, default=None)
    if kept is not None and kept.until >= today:
        sentence = f"It must be kept until {kept.until} ({kept.source}); the day after, it can be erased."
        raise Refused(Code.STATE_FORBIDS, sentence, "/id")


def left_to_the_books(keeping: Iterable[Keeping], today: date) -> tuple[Left, ...]:
    """What must be there still, as the law is today, each record for as long as the longest law says.

    Years of the books begin with the end of the year of the last entry: a plan that ended on 3 May 2026 is kept in
    Germany until 31 December 2036.
    """
    left: dict[Record, Left] = {}
    for one in keeping:
        if one.ended_at is None:
            continue
        for record, rule in _RECORDS.items():
            for row in rows_on(rule, one.jurisdiction, ANY, today):
                until = _months_after(date(one.ended_at.year, 12, 31), row.value)
                if until >= today and (record not in left or until > left[record].until):
                    left[record] = Left(record, until, row.source)
    return tuple(left.values())


_RECORDS: Final = {
    Record.BOOKS: LegalRule.BOOKS_RETENTION_MONTHS,
    Record.VOUCHERS: LegalRule.VOUCHERS_RETENTION_MONTHS,
}


def _kept(one: Keeping) -> Iterable[Kept]:
    for rule, since in (
        (LegalRule.RETENTION_MONTHS, one.decided_at),
        (LegalRule.IDENTITY_RETENTION_MONTHS, one.ended_at),
    ):
        if since is None:
            continue
        for row in rows_on(rule, one.jurisdiction, ANY, since.date()):
            yield Kept(_months_after(since.date(), row.value), row.source)


def _months_after(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
