"""Personas: what the policy says does not count, what the limit, the merchant and the law say does."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from service.checkout.evidence import Evidence
from service.checkout.persona import DOES, Persona, persona_of, refuse_no_persona
from service.checkout.replay import replay
from service.checkout.review import Review, ReviewOutcome, decide_reviewed
from service.checkout.snapshot import Snapshot
from service.errors import Refused
from service.payments.sandbox import ENDING, REASONS
from service.policies.document import Verdict
from tests.checkout.cases import CONSUMER, DECISION, MERCHANT, NOON, PROGRAMMES, asked, codes, decided
from tests.policies.sample import POLICY


def of(persona: Persona | None, **changes: Any) -> Snapshot:
    """A new consumer of whom nothing is known."""
    return Snapshot(consumer_id=CONSUMER, persona=persona, **changes)


@pytest.mark.parametrize(
    ("persona", "outcome", "reasons"),
    [
        (None, "declined", ["OCCUPATION"]),
        (Persona.DECLINED, "declined", ["CREDIT_HISTORY"]),
        (Persona.REFERRED, "referred", ["REVIEW_NEEDED"]),
        *[(one, "approved", []) for one in Persona if one not in (Persona.DECLINED, Persona.REFERRED)],
    ],
)
def test_what_is_decided(persona: Persona | None, outcome: str, reasons: list[str]) -> None:
    found = decided(snapshot=of(persona))
    assert (found.answer.outcome, codes(found)[:1]) == (outcome, reasons)
    assert (found.grade == POLICY.policy.grades[0].name) is (persona is not None)


@pytest.mark.parametrize(
    ("request_", "snapshot", "merchant", "reason"),
    [
        ({}, {"limit": 399_99}, {}, "LIMIT_EXCEEDED"),
        ({}, {}, {"active": False}, "MERCHANT_INACTIVE"),
        ({"currency": "CHF"}, {}, {}, "CURRENCY_NOT_SERVED"),
        ({"amount": 1}, {}, {}, "AMOUNT_TOO_LOW"),
    ],
)
def test_what_holds_for_whoever_is_approved(
    request_: dict[str, Any], snapshot: dict[str, Any], merchant: dict[str, Any], reason: str
) -> None:
    found = decided(asked(**request_), of(Persona.APPROVED, **snapshot), merchant=replace(MERCHANT, **merchant))
    assert (found.answer.outcome, codes(found)) == ("declined", [reason])


@pytest.mark.parametrize("persona", [None, *Persona])
def test_the_log_tells_who_it_was(persona: Persona | None) -> None:
    snapshot, raw = of(persona), msgspec.json.encode(asked())
    sent = msgspec.json.encode(decided(snapshot=snapshot).answer)
    evidence = msgspec.json.encode(Evidence(snapshot, MERCHANT, PROGRAMMES))
    assert replay(DECISION, raw, evidence, sent, POLICY, NOON).is_identical
    assert (b"persona" in evidence) is (persona is not None)


@pytest.mark.parametrize(
    ("said", "outcome"), [(ReviewOutcome.APPROVE, "approved"), (ReviewOutcome.DECLINE, "declined")]
)
def test_a_person_has_the_last_word(said: ReviewOutcome, outcome: str) -> None:
    evidence = Evidence(of(Persona.REFERRED), MERCHANT, PROGRAMMES)
    found = decide_reviewed(DECISION, Review("de_1", said), asked(), evidence, POLICY, NOON)
    assert found.answer.outcome == outcome
    assert bool(found.answer.offers) is (outcome == "approved")


@pytest.mark.parametrize(
    ("reference", "persona", "is_refused"),
    [
        ("anna+declined", Persona.DECLINED, False),
        ("anna+x+disputed", Persona.DISPUTED, False),
        ("+approved", Persona.APPROVED, False),
        ("anna+declind", None, True),
        ("anna+Declined", None, True),
        ("anna+declined ", None, False),
        ("anna+declined\n", None, False),
        ("declined", None, False),
        ("+49301234", None, False),
        ("anna+declined@example.com", None, False),
        ("", None, False),
    ],
)
def test_how_a_reference_ends(reference: str, persona: Persona | None, is_refused: bool) -> None:
    assert persona_of(reference) == persona
    if is_refused:
        with pytest.raises(Refused, match=r"\+declined\?"):
            refuse_no_persona(reference)
    else:
        refuse_no_persona(reference)


def test_the_table_is_whole() -> None:
    assert list(DOES) == list(Persona)
    assert DOES[Persona.DISPUTED].disputes_after == timedelta(days=10)  # as its sentence says
    for part in DOES.values():
        assert (part.ground is None) is (part.verdict is Verdict.APPROVE)
        if part.sandbox:
            found = ENDING.search(part.sandbox)
            assert found
            assert found[1] in {*REASONS, "broken"}
