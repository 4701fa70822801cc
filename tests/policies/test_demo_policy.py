"""The demo's policy: without a fault, and blind to what must not count."""

from pathlib import Path

from service.policies.document import Source
from service.policies.validate import read_policy

RAW = (Path(__file__).parents[2] / "service/demo/policy.json").read_bytes()
PROTECTED = {"personal_status_and_sex", "foreign_worker"}


def test_it_has_no_fault() -> None:
    assert read_policy(RAW)[1] == []


def test_protected_columns_are_no_features_and_age_gives_no_points() -> None:
    policy, _ = read_policy(RAW)
    assert policy is not None
    assert not PROTECTED & {feature.of for feature in policy.features if feature.source is Source.ATTRIBUTE}
    assert "age" not in {characteristic.feature for characteristic in policy.scorecard.characteristics}
