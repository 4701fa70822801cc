"""What a source said is a fact; what it did not say is absent, and the answer says why."""

from typing import Any

import msgspec
import pytest

from service.checkout.evidence import Evidence
from service.checkout.replay import replay
from service.outside.source import SourceOutcome, SourceRead
from tests.checkout.cases import DECISION, MERCHANT, NOON, PROGRAMMES, asked, codes, decided, known
from tests.policies.sample import policy_with
from tests.policies.test_outside_sources import BUREAU, SCORE

INSOLVENT = {"name": "insolvent", "type": "boolean", "source": "outside", "of": "register.insolvency"}
CURRENCY = {"name": "their-currency", "type": "text", "source": "outside", "of": "bureau.currency", "values": ["EUR"]}
POLICY = policy_with(
    ("/outside", [BUREAU, BUREAU | {"name": "register", "data_type": "public_credit"}]),
    ("/features/-", SCORE),
    ("/features/-", INSOLVENT),
    ("/features/-", CURRENCY),
    ("/rules/-", {"name": "low", "when": [{"feature": "bureau-score", "is": "below", "value": 500}],
                  "reason": "BUREAU_RECORD"}),
    ("/rules/-", {"name": "insolvent", "when": [{"feature": "insolvent", "is": "equals", "value": True}],
                  "reason": "CREDIT_HISTORY"}),
    ("/rules/-", {"name": "elsewhere", "when": [{"feature": "their-currency", "is": "equals", "value": "EUR"}],
                  "reason": "OTHER_CREDITS"}),
)  # fmt: skip


def reading(outcome: str, **facts: Any) -> SourceRead:
    return SourceRead(SourceOutcome(outcome), facts, "en_1")


@pytest.mark.parametrize(
    ("outside", "reasons"),
    [
        ({}, []),
        ({"bureau": reading("answered", score=500)}, []),
        ({"bureau": reading("answered", score=499)}, ["BUREAU_RECORD"]),
        ({"bureau": reading("cached", score=499)}, ["BUREAU_RECORD"]),
        ({"bureau": reading("no_record")}, []),
        ({"bureau": reading("timed_out")}, []),
        ({"bureau": reading("answered", score="499")}, []),  # of another type: read under another policy
        ({"bureau": reading("answered", score=True)}, []),
        ({"bureau": reading("answered", currency="CHF")}, []),  # a word the policy does not know
        ({"bureau": reading("answered", currency="EUR")}, ["OTHER_CREDITS"]),
        ({"register": reading("answered", insolvency=True)}, ["CREDIT_HISTORY"]),
        ({"register": reading("answered", insolvency=False)}, []),
        ({"stranger": reading("answered", score=1, insolvency=True)}, []),
    ],
)
def test_what_is_read(outside: dict[str, SourceRead], reasons: list[str]) -> None:
    decision = decided(snapshot=known(outside=outside), policy=POLICY)
    assert codes(decision) == reasons
    assert decision.answer.outside == {name: read.outcome for name, read in outside.items()}


@pytest.mark.parametrize("outcome", SourceOutcome)
def test_it_replays_to_the_byte(outcome: str) -> None:
    snapshot = known(outside={"bureau": reading(outcome, score=499)})
    sent = msgspec.json.encode(decided(snapshot=snapshot, policy=POLICY).answer)
    evidence = msgspec.json.encode(Evidence(snapshot, MERCHANT, PROGRAMMES))
    assert replay(DECISION, msgspec.json.encode(asked()), evidence, sent, POLICY, NOON).is_identical


def test_nothing_is_said_where_nobody_is_asked() -> None:
    assert b"outside" not in msgspec.json.encode(decided().answer)
    assert b"outside" not in msgspec.json.encode(known())
