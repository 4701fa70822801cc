"""What a source says of a business: who it is, who owns it, what registers have of it, how it was evaluated. Pure.

Nothing personal is kept: owners that are natural persons have a share and no name.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct, field

from service.countries import require_country
from service.errors import Code, Refused

Words = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
SubjectId = Annotated[str, Meta(pattern=r"^(me|by)_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]

ALL: Final = 10_000  # basis points
SCORE_MAX: Final = 1_000
BANDS: Final = ((900, "A+"), (800, "A"), (700, "B"), (600, "C"), (0, "D"))  # from so many points on


class RecordKind(StrEnum):
    """What a record says; the check `business_records_kind_is_known` says the same."""

    IDENTITY = "identity"
    OWNERSHIP = "ownership"
    PUBLIC_RECORD = "public_record"
    EVALUATION = "evaluation"


class OwnerKind(StrEnum):
    """Who owns a share."""

    COMPANY = "company"
    PERSON = "person"  # who is not named
    STATE = "state"


class PublicRecordKind(StrEnum):
    """What a register has of a business."""

    INSOLVENCY = "insolvency"
    JUDGMENT = "judgment"
    PENALTY = "penalty"
    LISTING = "listing"  # among those that break their word
    LICENCE_REVOKED = "licence_revoked"
    TAX_ARREARS = "tax_arrears"


class Identity(Struct, frozen=True, forbid_unknown_fields=True):
    """Who a business is, as its register has it."""

    legal_name: Words  # in full
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z")]  # where it is registered
    number: Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[A-Z0-9./-]*\Z")]  # in the register there
    founded_on: date | None = None  # when it was founded; null: not known
    activity: Words | None = None  # what it does; null: not known


class Shareholder(Struct, frozen=True, forbid_unknown_fields=True):
    """Who owns a share of it."""

    kind: OwnerKind  # a company, a person, the state
    share_bps: Annotated[int, Meta(ge=1, le=ALL)]
    name: Words | None = None  # of a company or a state's body; a person has none here


class Ownership(Struct, frozen=True, forbid_unknown_fields=True):
    """Who owns it, as far as it is known."""

    owners: Annotated[tuple[Shareholder, ...], Meta(min_length=1, max_length=50)]  # of all of it, at most


class PublicRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that a register has of it."""

    kind: PublicRecordKind  # of what sort it is
    happened_on: date  # as the register has it
    reference: Words  # of the register
    ended_on: date | None = None  # when it was over; null: it is not


class Evaluation(Struct, frozen=True, forbid_unknown_fields=True):
    """How it was evaluated, by a published method."""

    method: Words  # its name and version
    score: Annotated[int, Meta(ge=0, le=SCORE_MAX)]  # of 1,000 points


class BusinessRecordBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What a source says of a business: one of the four."""

    subject_id: SubjectId  # a merchant, or a buyer of a receivable
    source: Words  # who says so
    as_of: date  # the day of which it says so
    identity: Identity | None = None  # who it is
    ownership: Ownership | None = None  # who owns it
    public_record: PublicRecord | None = None  # what a register has of it
    evaluation: Evaluation | None = None  # how it was evaluated


class BusinessRecord(Struct, frozen=True, kw_only=True):
    """A record as it is kept, for ever."""

    record_id: str = field(name="id")
    subject_id: str
    kind: RecordKind  # which of the four it is
    source: str  # who says so
    as_of: date  # the day of which it says so
    recorded_at: datetime  # when we were told


def said_by(body: BusinessRecordBody) -> tuple[RecordKind, Struct]:
    """What it says. Refused: INVALID_FIELD, of more than one thing, or of none; owners of more than all; a person's
    name."""
    named: dict[RecordKind, Struct | None] = {
        RecordKind.IDENTITY: body.identity, RecordKind.OWNERSHIP: body.ownership,
        RecordKind.PUBLIC_RECORD: body.public_record, RecordKind.EVALUATION: body.evaluation,
    }  # fmt: skip
    given = [(kind, one) for kind, one in named.items() if one is not None]
    if len(given) != 1:
        raise Refused(Code.INVALID_FIELD, f"A record says one of {', '.join(named)}.", "/identity")
    if body.identity is not None:
        require_country(body.identity.country, "/identity/country")
    if body.ownership is not None:
        require_owners(body.ownership)
    return given[0]


def require_owners(one: Ownership) -> None:
    """Refused: INVALID_FIELD, shares of more than all, or the name of a person."""
    if sum(owner.share_bps for owner in one.owners) > ALL:
        raise Refused(Code.INVALID_FIELD, "The shares come to more than all of it.", "/ownership/owners")
    for number, owner in enumerate(one.owners):
        if (owner.name is None) != (owner.kind is OwnerKind.PERSON):
            sentence = "A person has no name here." if owner.kind is OwnerKind.PERSON else "It has a name."
            raise Refused(Code.INVALID_FIELD, sentence, f"/ownership/owners/{number}/name")


def grade_of(score: int) -> str:
    """From 900 of 1,000 points on A+, from 800 A, 700 B, 600 C, else D."""
    return next(grade for least, grade in BANDS if score >= least)
