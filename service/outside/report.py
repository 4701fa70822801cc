"""What goes over the wire to a gateway, and what comes back: the whole of the protocol.

    POST <the registered URL>              Authorization: Bearer <the secret shown when it was registered>
    {"enquiry_id": "en_...", "subject": "...", "data_type": "income", "purpose": "affordability",
     "facts": ["monthly_net"], "from_on": "2026-01-01", "to_on": "2026-03-02",
     "consent": {"id": "cs_...", "given_at": "...", "expires_at": "..."}}

    200  {"outcome": "answered", "facts": {"monthly_net": 248000}}
    200  {"outcome": "no_record"}

`enquiry_id` names the call for good: a gateway that sees it twice answers from what it knows. A fact that the source
does not have is left out or null. Every other status or body is a failure, and so is a fact of another type; facts
nobody asked for are dropped unread.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct, field

from service.outside.source import FACTS, DataType, Fact, Facts, Purpose, SourceOutcome

WHOLE_MAX: Final = 2**53  # larger ones change in the hands of those who read JSON numbers as doubles
TEXT_MAX: Final = 200

Text = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX)]


class UnderConsent(Struct, frozen=True):
    """The consent that a gateway may hold against its own records."""

    consent_id: str = field(name="id")
    given_at: datetime
    expires_at: datetime


class Query(Struct, frozen=True):
    """What is asked: all that a gateway is told."""

    enquiry_id: str
    subject: Text
    data_type: DataType
    purpose: Purpose
    facts: tuple[str, ...]
    from_on: date
    to_on: date
    consent: UnderConsent


class Heard(StrEnum):
    """What a gateway may say."""

    ANSWERED = "answered"
    NO_RECORD = "no_record"


class Reply(Struct, frozen=True):
    """A gateway's body."""

    outcome: Heard
    facts: dict[str, Any] = {}


class Report(Struct, frozen=True):
    """What came of a query: ANSWERED with facts, NO_RECORD, UNAVAILABLE or TIMED_OUT."""

    outcome: SourceOutcome
    facts: Facts = {}


UNAVAILABLE: Final = Report(SourceOutcome.UNAVAILABLE)
NO_RECORD: Final = Report(SourceOutcome.NO_RECORD)


def read_report(query: Query, status: int, body: bytes) -> Report:
    """A gateway's answer to `query`, trusted in nothing."""
    if status != 200:
        return UNAVAILABLE
    try:
        reply = _decode(body)
    except (ValueError, RecursionError):
        return UNAVAILABLE
    if reply.outcome is Heard.NO_RECORD:
        return NO_RECORD
    known = FACTS[query.data_type]
    facts = {name: reply.facts[name] for name in query.facts if reply.facts.get(name) is not None}
    if not all(_is_sound(fact, known[name]) for name, fact in facts.items()):
        return UNAVAILABLE
    return Report(SourceOutcome.ANSWERED, facts)


def _is_sound(fact: Fact, type_: type) -> bool:
    if type(fact) is not type_:
        return False
    if isinstance(fact, str):
        return len(fact) <= TEXT_MAX and fact.isprintable()
    return abs(fact) <= WHOLE_MAX


_decode = msgspec.json.Decoder(Reply).decode
