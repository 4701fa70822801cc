"""What of a policy may be learned anew, and what becomes of the rest."""

import pytest
from msgspec.structs import replace

from service.errors import Refused
from service.learning.draft import addition_of, draft_of, features_read, keep_out, require_valid, with_additions
from service.policies.document import FeatureType, Monotone
from service.policies.reasons import ReasonCode
from service.policies.validate import faults
from tests.learning.cases import table
from tests.policies.sample import policy_with
from tests.policies.test_outside_sources import BUREAU, SCORE

RATIO = {"name": "weight", "type": "integer", "source": "ratio", "of": "amount", "over": "age"}
BY_RATIO = {"feature": "weight", "reason": "INCOME", "bins": [{"points": 0}, {"points": 0, "absent": True}]}
POLICY = policy_with(("/features/-", RATIO), ("/scorecard/characteristics/-", BY_RATIO)).policy


def test_what_is_read_counts_the_parts_of_a_ratio() -> None:
    assert [feature.name for feature in features_read(POLICY)] == ["age", "job", "owner", "amount", "weight"]


def test_a_column_kept_out_takes_its_characteristics_along() -> None:
    kept = keep_out(POLICY, ["age"])
    assert [one.feature for one in kept.scorecard.characteristics] == ["job", "owner"]
    assert [feature.name for feature in features_read(kept)] == ["job", "owner"]
    with pytest.raises(Refused, match="names nothing that may be learned"):
        keep_out(POLICY, ["age", "job", "owner"])


def test_a_draft_is_the_next_version_and_drops_what_nothing_reads() -> None:
    only_job = replace(POLICY.scorecard, characteristics=POLICY.scorecard.characteristics[1:2], base_points=550)
    draft = draft_of(POLICY, only_job)
    assert faults(draft) == []
    assert (draft.version, draft.policy_id) == (POLICY.version + 1, POLICY.policy_id)
    # Rules read the age, verified, overdue and the amount; the owner and the ratio nobody reads any more.
    assert [one.name for one in draft.features] == ["age", "job", "verified", "overdue", "amount"]


def test_a_draft_asks_no_source_that_nothing_reads() -> None:
    by_score = BY_RATIO | {"feature": "bureau-score"}
    policy = policy_with(
        ("/outside", [BUREAU]), ("/features/-", SCORE), ("/scorecard/characteristics/-", by_score)
    ).policy
    assert draft_of(policy, policy.scorecard).outside == policy.outside
    without = replace(policy.scorecard, characteristics=policy.scorecard.characteristics[:-1])
    assert draft_of(policy, without).outside == ()


def test_a_draft_with_a_fault_is_refused() -> None:
    low = replace(POLICY.scorecard, base_points=0)
    with pytest.raises(Refused, match=r"The draft has a fault: No score reaches A: .* \(at /grades/0\) And 2 more\."):
        require_valid(draft_of(POLICY, low))


@pytest.mark.parametrize(
    ("text", "reason", "monotone"),
    [("pay=INCOME", ReasonCode.INCOME, None), ("pay=INCOME:rising", ReasonCode.INCOME, Monotone.RISING)],
)
def test_an_addition(text: str, reason: ReasonCode, monotone: Monotone | None) -> None:
    one = addition_of(text)
    assert (one.column, one.reason, one.monotone) == ("pay", reason, monotone)


@pytest.mark.parametrize("text", ["pay", "pay=", "=INCOME", "pay=WEALTH", "pay=INCOME:sideways"])
def test_what_is_no_addition(text: str) -> None:
    with pytest.raises(Refused, match="with a reason of the catalogue"):
        addition_of(text)


def test_an_added_column_is_a_number_if_all_its_cells_are() -> None:
    additions = [addition_of("Net pay (EUR)=INCOME:rising"), addition_of("flat=HOUSING")]
    rows = table({"Net pay (EUR)": "900", "flat": "own"}, {"Net pay (EUR)": "", "flat": "7"})
    last = {"Net pay (EUR)": "-1", "flat": "7"}
    policy = with_additions(POLICY, additions, replace(rows, rows=(*rows.rows[:-1], rows.rows[-1] | last)))
    pay, flat = policy.features[-2:]
    assert (pay.name, pay.of, pay.type) == ("net-pay-eur", "Net pay (EUR)", FeatureType.INTEGER)
    assert (flat.name, flat.type) == ("flat", FeatureType.TEXT)
    assert [one.feature for one in policy.scorecard.characteristics[-2:]] == ["net-pay-eur", "flat"]
