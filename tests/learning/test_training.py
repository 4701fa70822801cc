"""Scorecards fitted to the 700 applications, and to data in which the truth is known."""

import json
import math
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from sklearn.metrics import roc_auc_score

from service import cli
from service.checkout.measures import Judged, power_of
from service.errors import Refused
from service.learning.fitting import Candidate, fit_scorecard
from service.learning.record import Record, record_path
from service.learning.training import candidates_of
from service.learning.validating import cross_validate
from service.policies.document import (
    Absent,
    Bin,
    Characteristic,
    Feature,
    FeatureType,
    Monotone,
    Policy,
    Scorecard,
    Source,
)
from service.policies.reasons import ReasonCode
from service.policies.scorecard import number_bins, ready_scorecard
from service.policies.validate import faults, read_policy
from tests.learning.cases import APPLICATIONS, PROTECTED, demo_policy

SCALE = Scorecard(0, 600, 10, 40, ())
DATA = str(APPLICATIONS)


def train(out: Path, *options: str, data: str = DATA, code: int = 0) -> tuple[Policy, Record]:
    assert cli.main(["train", data, "--without", ",".join(PROTECTED), "--out", str(out), *options]) == code
    policy, found = read_policy(out.read_bytes())
    assert policy is not None
    assert found == []
    return policy, msgspec.json.decode(record_path(out).read_bytes(), type=Record)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Policy, Record, Path]:
    out = tmp_path_factory.mktemp("trained") / "draft.json"
    return (*train(out), out)


def test_it_tells_good_from_bad_among_those_it_has_not_seen(trained: tuple[Policy, Record, Path]) -> None:
    validated = trained[1].cross_validation
    assert (validated.folds, validated.repeats) == (5, 5)
    assert validated.auc_mean >= 0.75
    assert validated.auc_min < validated.auc_mean < validated.auc_max
    assert 0 < validated.auc_sd < 0.06
    assert validated.auc_mean < trained[1].auc  # on what it was fitted to, anything looks better


def test_other_folds_tell_the_same(trained: tuple[Policy, Record, Path], tmp_path: Path) -> None:
    policy, record = train(tmp_path / "again.json", "--seed", "1")
    assert policy == trained[0]  # the seed moves the folds and nothing else
    assert record.cross_validation.auc_mean >= 0.75
    assert record.cross_validation != trained[1].cross_validation


def test_the_same_input_gives_the_same_bytes(trained: tuple[Policy, Record, Path], tmp_path: Path) -> None:
    train(tmp_path / "draft.json")
    assert (tmp_path / "draft.json").read_bytes() == trained[2].read_bytes()
    assert record_path(tmp_path / "draft.json").read_bytes() == record_path(trained[2]).read_bytes()


def test_the_draft_is_the_next_version_of_its_policy(trained: tuple[Policy, Record, Path]) -> None:
    draft, demo = trained[0], demo_policy()
    assert faults(draft) == []
    assert (draft.version, draft.policy_id, draft.instalments) == (demo.version + 1, demo.policy_id, demo.instalments)
    reasons = {one.feature: one.reason for one in demo.scorecard.characteristics}
    for one in draft.scorecard.characteristics:
        assert one.reason == reasons[one.feature]
        if one.monotone:
            points = [bin_.points for bin_ in number_bins(one)]
            assert points == sorted(points, reverse=one.monotone is Monotone.FALLING)


def test_its_grades_begin_at_the_cut_off_of_highest_profit(
    trained: tuple[Policy, Record, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draft, record, out = trained
    proposal = record.proposal
    assert proposal is not None
    assert proposal.is_taken
    assert proposal.profit > proposal.profit_before
    assert [(one.name, one.score_min) for one in proposal.grades] == [(one.name, one.score_min) for one in draft.grades]
    assert draft.grades[-1].score_min == proposal.cut_off
    step = draft.scorecard.points_to_double_odds
    assert [better.score_min - worse.score_min for better, worse in pairwise(draft.grades)] == [step] * 3
    assert cli.main(["backtest", str(out), DATA]) == 0
    told = json.loads(capsys.readouterr().out)["policies"][0]
    assert (told["profit"], told["all"]["approved"]) == (proposal.profit, proposal.approved)

    kept, kept_record = train(tmp_path / "kept.json", "--keep-grades")
    assert kept.grades == demo_policy().grades
    assert kept_record.proposal == replace(proposal, is_taken=False)
    generous = train(tmp_path / "generous.json", "--paid-bps", "10000", "--merchant-fee-bps", "900")[1].proposal
    assert generous is not None
    assert generous.cut_off < proposal.cut_off  # where nobody costs anything, all may buy


def test_protected_columns_are_nowhere(trained: tuple[Policy, Record, Path]) -> None:
    draft, record, out = trained
    assert not set(PROTECTED) & {feature.of or feature.name for feature in draft.features}
    assert record.without == PROTECTED
    assert not any(name in out.read_text() for name in PROTECTED)


def test_the_backtest_tells_what_the_training_found(
    trained: tuple[Policy, Record, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    _, record, out = trained
    assert cli.main(["backtest", str(out), DATA]) == 0
    told = json.loads(capsys.readouterr().out)["policies"][0]
    assert told["cross_validation"] == msgspec.to_builtins(record.cross_validation)
    assert told["separation"]["auc"] == record.auc


def test_any_policy_can_be_validated_anew(capsys: pytest.CaptureFixture[str]) -> None:
    demo = str(Path(__file__).parents[2] / "service/demo/policy.json")
    assert cli.main(["backtest", demo, DATA, "--cross-validate", "--table"]) == 0
    assert "Version 1: AUC 0.7" in capsys.readouterr().out


def test_a_column_can_be_added(tmp_path: Path) -> None:
    draft, record = train(tmp_path / "draft.json", "--add", "property=PROPERTY", "--add", "job=OCCUPATION")
    assert [one.feature for one in record.learned][-2:] == ["property", "job"]
    assert "property" in {one.feature for one in draft.scorecard.characteristics}
    assert record.cross_validation.auc_mean >= 0.75


def test_our_auc_is_that_of_the_library() -> None:
    chance = random.Random(3)
    scores, good = [chance.randint(0, 40) for _ in range(500)], [chance.random() < 0.6 for _ in range(500)]
    ours = power_of([Judged(score, ending, True) for score, ending in zip(scores, good, strict=True)])
    assert float(ours.auc) == pytest.approx(roc_auc_score(good, scores), abs=1e-12)


def candidate(name: str, slot: int, monotone: Monotone | None = None) -> Candidate:
    feature = Feature(name, FeatureType.INTEGER, Source.ATTRIBUTE, absent=Absent.DECLINE)
    return Candidate(Characteristic(name, ReasonCode.INCOME, (Bin(0),), monotone), feature, slot)


def known_truth(rows: int) -> tuple[list[list[int]], list[bool]]:
    """Income from 0 to 9 says everything, the second fact nothing: odds of e to the (income - 3) / 2."""
    chance = random.Random(11)
    facts = [[chance.randint(0, 9), chance.randint(0, 9)] for _ in range(rows)]
    return facts, [chance.random() < 1 / (1 + math.exp((3 - row[0]) / 2)) for row in facts]


def test_points_mean_what_the_scale_says() -> None:
    facts, good = known_truth(8_000)
    fitted = fit_scorecard([candidate("income", 0, Monotone.RISING), candidate("noise", 1)], facts, good, SCALE)
    assert [one.feature for one in fitted.scorecard.characteristics] == ["income"]
    assert fitted.learned[1].left_out == "information below 0.02"
    card = ready_scorecard(fitted.scorecard, {"income": 0})
    promised = [1 / (1 + 10 * 2 ** ((card.score(row) - 600) / 40)) for row in facts]
    assert sum(promised) == pytest.approx(good.count(False), rel=0.02)
    poorest = [(bad, ending) for bad, ending, row in zip(promised, good, facts, strict=True) if row[0] == 0]
    assert sum(bad for bad, _ in poorest) == pytest.approx(sum(not ending for _, ending in poorest), rel=0.1)


def test_what_repeats_another_is_never_turned_against_it() -> None:
    chance = random.Random(5)
    facts, good = known_truth(1_500)
    noisy = [[row[0], min(9, max(0, row[0] + chance.randint(-1, 1))), 9 - row[0]] for row in facts]
    fitted = fit_scorecard([candidate(name, slot) for slot, name in enumerate("abc")], noisy, good, SCALE)
    assert all(one.coefficient is None or one.coefficient > 0 for one in fitted.learned)


def test_noise_teaches_nothing() -> None:
    facts, good = known_truth(8_000)
    with pytest.raises(Refused, match="Nothing in these data tells good from bad"):
        fit_scorecard([candidate("noise", 1)], facts, good, SCALE)


def test_folds_need_some_of_both() -> None:
    facts, _ = known_truth(50)
    with pytest.raises(Refused, match="5 folds need 5 good and 5 bad endings; of one there are 4"):
        cross_validate([candidate("income", 0)], facts, [True] * 46 + [False] * 4, SCALE, 0)


def test_candidates_are_what_the_scorecard_reads() -> None:
    demo = demo_policy()
    assert [one.feature.name for one in candidates_of(demo)] == [
        characteristic.feature for characteristic in demo.scorecard.characteristics
    ]


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        ((), "besides 'great' 'creditability' is 'bad', 'good'; say which is bad with --bad."),
        (("--good", "good", "--base", "none.json"), "The policy none.json cannot be read: No such file or directory."),
        (("--good", "good", "--without", "sex"), "has no column 'sex' (--without)."),
        (("--good", "good", "--without", "purpose"), "--without keeps 'purpose' out, and --category wants it."),
        (("--good", "good", "--add", "job=WORK"), "'job=WORK' is no COLUMN=REASON"),
        (("--good", "good", "--add", "wealth=INCOME"), "has no column 'wealth' (--add)."),
        (
            ("--good", "good", "--out", "/dev/null/draft.json"),
            "/dev/null/draft.json cannot be written: File exists.",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence(
    argv: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[Any], tmp_path: Path
) -> None:
    out = () if "--out" in argv else ("--out", str(tmp_path / "draft.json"))
    assert cli.main(["train", DATA, "--good", "great", *argv, *out]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("tenor train: ")
    assert sentence in told.err
    assert told.err.count("\n") == 1
    assert not list(tmp_path.iterdir())
