"""What a policy asks outside: the faults it can have, and what is asked of each source once it is ready."""

from typing import Any

import pytest

from service.outside.source import FACTS, DataType
from service.policies.validate import read_policy
from tests.policies.sample import document_with, policy_with

BUREAU = {
    "name": "bureau", "gateway": "schufa", "data_type": "credit_history", "purpose": "credit_decision",
    "days_back": 365, "cached_for_minutes": 60,
}  # fmt: skip
SCORE = {"name": "bureau-score", "type": "integer", "source": "outside", "of": "bureau.score"}
DEFAULTS = {"name": "defaults", "type": "integer", "source": "outside", "of": "bureau.defaults"}


def found(sources: list[dict[str, Any]], *features: dict[str, Any]) -> list[tuple[str, str]]:
    changes = [("/outside", sources), *(("/features/-", feature) for feature in features)]
    return [(fault.pointer, fault.sentence) for fault in read_policy(document_with(*changes))[1]]


def test_a_policy_that_asks_has_no_fault() -> None:
    assert found([BUREAU], SCORE, DEFAULTS) == []


@pytest.mark.parametrize(
    ("sources", "feature", "at", "sentence"),
    [
        (
            [BUREAU],
            SCORE | {"of": "bureau.points"},
            "/features/6/of",
            f"credit_history has no 'points'; it has {', '.join(FACTS[DataType.CREDIT_HISTORY])}.",
        ),
        ([BUREAU | {"data_type": "income"}], SCORE, "/features/6/of",
         "income has no 'score'; it has monthly_net, currency, is_employed, months_employed."),
        ([BUREAU], SCORE | {"type": "text"}, "/features/6/type", "'bureau.score' is integer, not text."),
        ([BUREAU], SCORE | {"of": "bureau.currency"}, "/features/6/type", "'bureau.currency' is text, not integer."),
        ([BUREAU], SCORE | {"over": "age"}, "/features/6/over", "Only a ratio has a divisor."),
        ([BUREAU, BUREAU | {"name": "again"}], SCORE, "/outside/1",
         "No feature reads 'again': nobody is asked for nothing."),
        ([BUREAU, BUREAU], SCORE, "/outside/1", "'bureau' is there already."),
    ],
)  # fmt: skip
def test_faults(sources: list[dict[str, Any]], feature: dict[str, Any], at: str, sentence: str) -> None:
    assert (at, sentence) in found(sources, feature)


def test_two_sources_that_ask_the_same() -> None:
    features = SCORE, DEFAULTS | {"of": "again.defaults"}
    assert found([BUREAU, BUREAU | {"name": "again"}], *features) == [
        ("/outside/1", "It asks what 'bureau' asks already.")
    ]
    assert found([BUREAU, BUREAU | {"name": "again", "purpose": "fraud_prevention"}], *features) == []


def test_of_a_source_only_what_features_read_is_asked_for() -> None:
    twice = SCORE | {"name": "score-again"}
    policy = policy_with(("/outside", [BUREAU]), *(("/features/-", one) for one in (SCORE, DEFAULTS, twice)))
    assert [(one.source.name, one.facts) for one in policy.outside] == [("bureau", ("defaults", "score"))]
    assert policy_with().outside == ()
