"""Who may see a report: for a purpose, on the subject's consent or a contract with it. Pure."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct, field

from service.errors import Code, Refused
from service.reports.record import SubjectId, Words

VALID: Final = timedelta(days=30)  # so long a report may be read again on the same grounds

PartnerId = Annotated[str, Meta(pattern=r"^pa_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
ConsentId = Annotated[str, Meta(pattern=r"^rn_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
ContractId = Annotated[str, Meta(pattern=r"^(as|me)_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]


class ReportPurpose(StrEnum):
    """What a report is read for; the checks `report_consents_purpose_is_known` and `report_accesses_purpose_is_known`
    say the same."""

    CREDIT_DECISION = "credit_decision"
    LIMIT_REVIEW = "limit_review"
    FACTORING = "factoring"
    INSURANCE = "insurance"
    MONITORING = "monitoring"
    COLLECTION = "collection"


class BasisKind(StrEnum):
    """On what grounds; the check `report_accesses_basis_is_known` says the same."""

    CONSENT = "consent"  # of the subject, for this purpose and this viewer
    CONTRACT = "contract"  # an assignment that is live, or that the lender settles the merchant


class BasisBody(Struct, frozen=True, forbid_unknown_fields=True):
    """On what grounds it is read: a consent, or a contract."""

    consent_id: ConsentId | None = None  # of the subject
    contract_id: ContractId | None = None  # an assignment of the subject's, or of what it owes; its own id: its terms


class ReportBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose report is wanted, of which day, what for, and on what grounds."""

    subject_id: SubjectId  # a merchant, or a buyer
    purpose: ReportPurpose | None = None  # there is no report without one
    basis: BasisBody | None = None  # there is no report without one
    as_of: date | None = None  # a day that has ended, in UTC; null: yesterday


class ReportConsentBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What a subject allows."""

    purpose: ReportPurpose  # what for
    ends_on: date  # the last day it holds
    viewer_id: PartnerId | None = None  # a partner; null: the lender


class PaperConsentBody(ReportConsentBody, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a subject has allowed on paper."""

    subject_id: SubjectId
    reference: Words  # of the paper


class ReportConsent(Struct, frozen=True, kw_only=True):
    """A subject's consent as it is now."""

    consent_id: str = field(name="id")
    subject_id: str
    viewer_id: str | None  # a partner; null: the lender
    purpose: ReportPurpose  # what for
    reference: str | None  # of the paper; null: the subject gave it here
    ends_on: date  # the last day it holds
    given_at: datetime
    revoked_at: datetime | None


class ReportAccess(Struct, frozen=True, kw_only=True):
    """That a report may be read: as JSON whose bytes have this hash, or as a page."""

    access_id: str = field(name="id")
    report_id: str
    subject_id: str
    as_of: date  # what was known when this day ended, in UTC
    sha256: str  # of the report, in hexadecimal: the same for the same day, whoever reads it
    purpose: ReportPurpose  # what for
    basis: BasisKind  # a consent or a contract
    basis_id: str  # of the consent or the contract
    expires_at: datetime  # afterwards it is asked for anew


class ReportView(Struct, frozen=True, kw_only=True):
    """That somebody looked."""

    view_id: str = field(name="id")
    report_id: str
    subject_id: str
    as_of: date  # of the report
    audience: str  # of who looked: `operator`, `partner` or `merchant`
    viewer_id: str  # the partner, the merchant, or the operator's name
    purpose: ReportPurpose | None  # null: the subject looked at its own
    basis: BasisKind | None  # null: the subject looked at its own
    basis_id: str | None  # of the consent or the contract
    form: str  # `json` or `page`
    viewed_at: datetime  # when


def required(body: ReportBody) -> tuple[ReportPurpose, BasisKind, str]:
    """What for, and on what grounds. Refused: NO_PURPOSE, NO_BASIS."""
    if body.purpose is None:
        sentence = f"A report is read for a purpose: {', '.join(ReportPurpose)}."
        raise Refused(Code.NO_PURPOSE, sentence, "/purpose")
    basis = body.basis or BasisBody()
    if (basis.consent_id is None) == (basis.contract_id is None):
        sentence = "A report is read on the subject's consent or on a contract with it: name one of the two."
        raise Refused(Code.NO_BASIS, sentence, "/basis")
    if basis.consent_id is not None:
        return body.purpose, BasisKind.CONSENT, basis.consent_id
    return body.purpose, BasisKind.CONTRACT, basis.contract_id or ""


def require_consent(
    one: ReportConsent | None, subject_id: str, viewer_id: str | None, purpose: ReportPurpose, now: datetime
) -> None:
    """Refused: NO_BASIS, a consent of another subject, for another viewer or purpose, revoked, or over."""
    if (
        one is None
        or (one.subject_id, one.viewer_id, one.purpose) != (subject_id, viewer_id, purpose)
        or one.revoked_at is not None
        or one.ends_on < now.date()
    ):
        sentence = f"It needs a consent of {subject_id} for {purpose}, to you, in force on {now.date()}."
        raise Refused(Code.NO_BASIS, sentence, "/basis/consent_id")


def day_wanted(body_as_of: date | None, now: datetime) -> date:
    """The day a report is of. Refused: INVALID_FIELD, one that has not ended."""
    today = now.date()
    if body_as_of is None:
        return today - timedelta(days=1)
    if body_as_of >= today:
        raise Refused(Code.INVALID_FIELD, f"{body_as_of} has not ended: {today - timedelta(days=1)} has.", "/as_of")
    return body_as_of
