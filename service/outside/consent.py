"""Consent: what a consumer allowed, and whether a call is within it. Pure; the database holds the same on each use.

The artefact has what the consent artefacts of open banking have (ReBIT's Account Aggregator specification; the Berlin
Group's XS2A consents): purpose, kinds of data, their period, how often, until when, and a revocation that is final.
"""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from service.outside.source import DataType, Name, Purpose, SourceOutcome
from service.private_text import NO_NUMBERS, SEALED


class Channel(StrEnum):
    """How the consumer gave it. The check `consents_channel_is_known` says the same."""

    ONLINE = "online"
    IN_WRITING = "in_writing"
    IN_PERSON = "in_person"
    BY_TELEPHONE = "by_telephone"


Subject = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\Z"), SEALED, NO_NUMBERS]
Evidence = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*\Z"), SEALED, NO_NUMBERS]


class GivenConsent(Struct, frozen=True):
    """What a consumer allows, when it is given."""

    subject: Subject
    purpose: Purpose
    data_types: Annotated[tuple[DataType, ...], Meta(min_length=1, max_length=3)]
    sources: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=20)]
    from_on: date
    to_on: date
    times: Annotated[int, Meta(ge=1, le=1_000)]
    expires_at: Annotated[datetime, Meta(tz=True)]  # from then on no call is made under it and no answer read again
    channel: Channel
    evidence: Evidence  # where the proof of it is kept: a reference, a hash


class Consent(Struct, frozen=True):
    """Everything but `used` and `revoked_at` is as it was given, and never changes."""

    consent_id: str
    subject: str  # how the sources know this person: a handle, a token; all of the person that is sent
    purpose: Purpose
    data_types: tuple[DataType, ...]
    gateway_ids: tuple[str, ...]  # to whom it may go: not to who takes over the name of one
    from_on: date  # the data may be of these days, both included
    to_on: date
    times: int  # how many calls may be made under it in all
    used: int
    given_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class Need(Struct, frozen=True):
    """A call that somebody would like to make."""

    gateway_id: str
    data_type: DataType
    purpose: Purpose
    from_on: date
    to_on: date


# What stands in the way, the nearest to a yes first: of several consents the reason of the nearest is told.
NEAREST: Final = (
    SourceOutcome.USED_UP,
    SourceOutcome.CONSENT_EXPIRED,
    SourceOutcome.CONSENT_REVOKED,
    SourceOutcome.NO_CONSENT,
)


def obstacle(consent: Consent, need: Need, at: datetime) -> SourceOutcome | None:
    """Why `consent` does not allow the call at the instant `at`; None where it does."""
    covers = (
        need.purpose is consent.purpose
        and need.data_type in consent.data_types
        and need.gateway_id in consent.gateway_ids
        and consent.from_on <= need.from_on
        and need.to_on <= consent.to_on
        and consent.given_at <= at
    )
    if not covers:
        return SourceOutcome.NO_CONSENT
    if consent.revoked_at is not None:
        return SourceOutcome.CONSENT_REVOKED
    if at >= consent.expires_at:
        return SourceOutcome.CONSENT_EXPIRED
    if consent.used >= consent.times:
        return SourceOutcome.USED_UP
    return None


def choose(consents: Iterable[Consent], need: Need, at: datetime) -> Consent | SourceOutcome:
    """The consent to call under: of those that allow it the one that ends first. If none does, why not."""
    found = [(consent, obstacle(consent, need, at)) for consent in consents]
    allowing = [consent for consent, why in found if why is None]
    if allowing:
        return min(allowing, key=lambda consent: (consent.expires_at, consent.consent_id))
    return min((why for _, why in found if why), key=NEAREST.index, default=SourceOutcome.NO_CONSENT)
