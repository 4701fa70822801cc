"""Programmes as tests need them: a joint one of 70 %, with only what differs said."""

from typing import Any

import msgspec

from service.partners.programme import Programme
from service.partners.programme_terms import ProgrammeTerms

BANK = "pa_01JD8Q4Z7K7M8W3N5V2C9XTB4H"
FUND = "pa_01JD8Q4Z7K7M8W3N5V2C9XTB5H"
PROGRAMME = "pr_01JD8Q4Z7K7M8W3N5V2C9XTB4H"

GOOD: dict[str, Any] = {
    "name": "Instalments 70",
    "kind": "joint",
    "currency": "EUR",
    "participants": [{"partner_id": BANK, "principal_bps": 7_000, "interest_bps": 7_000}],
    "time_zone": "Europe/Berlin",
    "eligibility": {"kinds": ["instalments"]},
}


def terms(**changes: Any) -> ProgrammeTerms:
    """A document; `changes` as in its JSON."""
    return msgspec.convert(GOOD | changes, ProgrammeTerms)


def participant(principal_bps: int, partner_id: str = BANK, **more: Any) -> dict[str, Any]:
    """Who takes part, with a share of the principal."""
    return {"partner_id": partner_id, "principal_bps": principal_bps} | more


def programme(programme_id: str = PROGRAMME, version: int = 1, *, active: bool = True, **changes: Any) -> Programme:
    """A programme with such a document."""
    return Programme(programme_id, version, terms(**changes), active)
