"""What an arrangement says of claims on it: how early, how late, and what must be shown. Pure.

due on        31 July 2026     the oldest due date that was missed
waits until   31 October       3 months: it is lodged on that day, or later
file by       28 March 2027    240 days after the due date: the last day
decide by     30 December      60 days after it was lodged, on 31 October
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from service.errors import Code, Refused
from service.terms.intervals import months_after

Days = Annotated[int, Meta(ge=0, le=3_650)]


class Evidence(StrEnum):
    """What a claim shows. The service assembles it from what it holds."""

    CONTRACT = "contract"  # the offer as it was accepted, and when
    SCHEDULE = "schedule"  # what was due when
    DELIVERY = "delivery"  # that the goods were shipped, by the merchant's reference of it
    STATEMENT = "statement"  # what was owed and paid
    DUNNING = "dunning"  # how the consumer was asked to pay
    IDENTITY = "identity"  # who agreed, and how that was proved


class EffortKind(StrEnum):
    """How somebody tried to have the money paid."""

    NOTICE = "notice"  # a letter or a message that asks for it
    CALL = "call"
    LEGAL_STEP = "legal_step"  # a lawyer or a court has it


class EffortGate(Struct, frozen=True, forbid_unknown_fields=True):
    """What must have been tried before a loss is claimed."""

    days_past_due_min: Days = 0  # since the oldest due date that was missed
    notices_min: Annotated[int, Meta(ge=0, le=20)] = 0  # that asked for the money
    legal_started: bool = False  # whether a lawyer or a court must have it


class ClaimTerms(Struct, frozen=True, forbid_unknown_fields=True):
    """How a loss is claimed. Days count from the oldest due date that was missed."""

    file_within_days: Annotated[int, Meta(ge=1, le=3_650)]  # later it lapses
    decide_within_days: Annotated[int, Meta(ge=1, le=365)]  # after it was lodged
    wait_months: Annotated[int, Meta(ge=0, le=36)] = 0  # before it may be lodged
    wait_days: Annotated[int, Meta(ge=0, le=1_095)] = 0  # besides
    answer_within_days: Annotated[int, Meta(ge=1, le=365)] = 30  # to what who decides asks; later it lapses
    warn_days: Annotated[int, Meta(ge=0, le=90)] = 14  # before a day by which something is to be done, an event says so
    evidence: Annotated[tuple[Evidence, ...], Meta(max_length=6)] = tuple(Evidence)  # what must be shown
    effort: EffortGate = EffortGate()


class Times(Struct, frozen=True):
    """When a claim may be lodged."""

    waits_until: date  # the first day
    file_by: date  # the last


def times_of(terms: ClaimTerms, due_on: date) -> Times:
    """Between which days a loss is claimed."""
    first = months_after(due_on, terms.wait_months) + timedelta(days=terms.wait_days)
    return Times(first, due_on + timedelta(days=terms.file_within_days))


def require_claim_terms(terms: ClaimTerms, pointer: str) -> None:
    """Refused: INVALID_FIELD, for terms by which nothing can ever be claimed."""
    longest = terms.wait_months * 31 + terms.wait_days
    if longest > terms.file_within_days:
        sentence = f"It may have to wait for {longest} days: give at least as many to file."
        raise Refused(Code.INVALID_FIELD, sentence, f"{pointer}/file_within_days")
    if terms.effort.days_past_due_min > terms.file_within_days:
        sentence = f"It is filed within {terms.file_within_days} days: fewer than must have passed."
        raise Refused(Code.INVALID_FIELD, sentence, f"{pointer}/effort/days_past_due_min")
    if len(set(terms.evidence)) < len(terms.evidence):
        raise Refused(Code.INVALID_FIELD, "A kind of evidence is named twice.", f"{pointer}/evidence")
