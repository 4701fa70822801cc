"""Answers that were heard before: which of them may be read again instead of asking once more."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from service.outside.source import DataType, Facts, OutsideSource, Purpose, SourceOutcome, SourceRead, Wanted


class Kept(Struct, frozen=True):
    """An answer that has not expired, under a consent that was not revoked."""

    enquiry_id: str
    gateway: str
    data_type: DataType
    purpose: Purpose
    asked: frozenset[str]  # the facts asked for: one that is missing then is absent, not unknown
    days_back: int
    outcome: SourceOutcome
    facts: Facts
    answered_at: datetime


def read_again(kept: Iterable[Kept], wanted: Wanted, now: datetime) -> SourceRead | None:
    """The latest answer that is what `wanted` would ask for now; None if there is none."""
    fitting = [one for one in kept if _fits(one, wanted, now)]
    if not fitting:
        return None
    latest = max(fitting, key=lambda one: (one.answered_at, one.enquiry_id))
    facts = {name: latest.facts[name] for name in wanted.facts if name in latest.facts}
    known = latest.outcome is not SourceOutcome.NO_RECORD
    return SourceRead(SourceOutcome.CACHED if known else SourceOutcome.NO_RECORD, facts, latest.enquiry_id)


def kept_until(source: OutsideSource, consent_expires_at: datetime, now: datetime) -> datetime | None:
    """Until when an answer heard now may be read again; None: not at all. No longer than the consent lasts."""
    if not source.cached_for_minutes:
        return None
    return min(now + timedelta(minutes=source.cached_for_minutes), consent_expires_at)


def _fits(one: Kept, wanted: Wanted, now: datetime) -> bool:
    source = wanted.source
    return (
        (one.gateway, one.data_type, one.purpose, one.days_back)
        == (source.gateway, source.data_type, source.purpose, source.days_back)
        and one.asked.issuperset(wanted.facts)
        and one.answered_at <= now < one.answered_at + timedelta(minutes=source.cached_for_minutes)
    )
