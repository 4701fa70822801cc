"""The commands as a person or a script calls them. Those that fit a scorecard: test_training.py."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from msgspec.structs import replace

from service import cli
from service.learning import commands
from service.learning.past import Columns
from service.learning.record import CrossValidation, Record, record_path, sha256_of
from service.learning.table import read_table
from tests.learning.cases import APPLICATIONS, DEMO_POLICY, PROTECTED, demo_policy
from tests.policies.sample import document_with

POLICY, DATA = str(DEMO_POLICY), str(APPLICATIONS)
Tenor = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tenor(capsys: pytest.CaptureFixture[str]) -> Tenor:
    """A command: its exit code, and what it printed on either side."""

    def run(*argv: str) -> tuple[int, str, str]:
        code = cli.main([*argv])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def answer(tenor: Tenor, *argv: str) -> Any:
    code, out, err = tenor(*argv)
    assert (code, err) == (0, "")
    return json.loads(out)


def harsher(path: Path) -> str:
    """The demo's policy with its last grade gone, as another version."""
    policy = demo_policy()
    document = json.loads(DEMO_POLICY.read_text())
    document |= {"version": 2, "grades": document["grades"][:-1], "name": "Harsher & <fairer> [/b]"}
    for rows in ("limits", "instalments", "pay_after_use", "deposits"):
        document[rows] = [row for row in document[rows] if "D" not in (row.get("grade"), *row.get("grades", []))]
    assert policy.grades[-1].name == "D"
    path.write_text(json.dumps(document))
    return str(path)


def test_a_backtest_into_a_pipe_is_json(tenor: Tenor) -> None:
    told = answer(tenor, "backtest", POLICY, DATA, "--on", "2026-03-02")
    (policy,) = told["policies"]
    assert (told["on"], told["currency"], told["economics"]["paid_bps"]) == ("2026-03-02", "EUR", 3750)
    assert (policy["all"]["rows"], policy["cross_validation"]) == (700, None)
    assert told.get("beside") is None


def test_two_policies_side_by_side_as_a_table_with_pictures(tenor: Tenor, tmp_path: Path) -> None:
    other, plots = harsher(tmp_path / "other.json"), tmp_path / "plots"
    code, out, err = tenor("backtest", POLICY, DATA, "--against", other, "--plots", str(plots), "--table")
    assert (code, err) == (0, "")
    for words in ("AUC (95 %)", "By score", "By purpose", "By cut-off", "Harsher & <fairer> [/b]", "second against"):
        assert words in out
    names = ("separation", "profit", "bands", "purposes", "bands-against", "purposes-against")
    assert {path.name for path in plots.iterdir()} == {f"{name}.{kind}" for name in names for kind in ("svg", "png")}
    for name in names:
        drawn = ElementTree.fromstring((plots / f"{name}.svg").read_text())
        png = (plots / f"{name}.png").read_bytes()
        width, height = struct.unpack(">II", png[16:24])
        assert png[:8] == b"\x89PNG\r\n\x1a\n"
        assert (width, height) == (2 * int(drawn.attrib["width"]), 2 * int(drawn.attrib["height"]))
        assert len(png) > 10_000  # there is something on it


def test_without_a_painter_the_pictures_are_svg_alone(
    tenor: Tenor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "PAINTER", "a_library_that_is_not_there")
    code, _, err = tenor("backtest", POLICY, DATA, "--plots", str(tmp_path))
    assert (code, err) == (0, "tenor backtest: the pictures are SVG alone; for PNG, install resvg-py.\n")
    assert {path.suffix for path in tmp_path.iterdir()} == {".svg"}


@pytest.mark.parametrize(("separator", "name"), [(";", '";"'), ("\t", "tabs"), ("|", '"|"')])
def test_another_separator_is_named(tenor: Tenor, tmp_path: Path, separator: str, name: str) -> None:
    path = tmp_path / "past.csv"
    path.write_text(APPLICATIONS.read_text().replace(",", separator))
    code, _, err = tenor("backtest", POLICY, str(path))
    assert (code, err) == (2, f'tenor backtest: {path} is separated by {name} where "," is expected.\n')


def test_the_harsher_policy_only_swaps_out(tenor: Tenor, tmp_path: Path) -> None:
    told = answer(tenor, "backtest", POLICY, DATA, "--against", harsher(tmp_path / "other.json"))["beside"]
    assert (told["auc"], told["swapped_in"]["rows"]) == (0, 0)
    assert told["approval_bps"] < 0
    assert told["swapped_out"]["rows"] > 20


def test_economics_are_the_callers(tenor: Tenor) -> None:
    all_lost = ("--paid-bps", "0", "--recovered-bps", "0", "--merchant-fee-bps", "0", "--funding-rate-bps", "0")
    none_lost = ("--recovered-bps", "10000", "--merchant-fee-bps", "500")
    profits = [
        answer(tenor, "backtest", POLICY, DATA, *options)["policies"][0]["profit"] for options in (all_lost, none_lost)
    ]
    assert profits[0] < 0 < profits[1]


def test_a_training_on_these_data_is_told_with_its_spread(tenor: Tenor, tmp_path: Path) -> None:
    path = tmp_path / "draft.json"
    path.write_bytes(DEMO_POLICY.read_bytes())
    validated = CrossValidation(5, 5, 0, 0.77, 0.04, 0.7, 0.85, 0.45)
    record = Record(
        "x.csv", read_table(APPLICATIONS, {}).sha256, Columns(), PROTECTED, 700, 490, 210, "none",
        sha256_of(demo_policy().scorecard), 0.8, validated, (),
    )  # fmt: skip
    for kept, found in (
        (record, msgspec.to_builtins(validated)),
        (replace(record, file_sha256="of others"), None),
        (replace(record, scorecard_sha256="of another"), None),
    ):
        record_path(path).write_bytes(msgspec.json.encode(kept))
        assert answer(tenor, "backtest", str(path), DATA)["policies"][0]["cross_validation"] == found
    record_path(path).write_bytes(msgspec.json.encode(record))
    told = tenor("backtest", str(path), DATA, "--table")[1]
    assert "AUC 0.770 on purchases held out: 5 x 5-fold cross-validation, sd 0.040, 0.700 to 0.850." in told


def test_fairness_by_the_columns_no_decision_reads(tenor: Tenor) -> None:
    groups = ",".join((*PROTECTED, "age_in_years:25:40:60"))
    told = answer(tenor, "fairness", POLICY, DATA, "--groups", groups)
    assert [column["column"] for column in told["columns"]] == [*PROTECTED, "age_in_years"]
    assert [sum(group["rows"] for group in column["groups"]) for column in told["columns"]] == [700] * 3
    sex, foreign, age = told["columns"]
    assert (sex["features"], foreign["features"], age["features"]) == ([], [], ["age"])
    for column in told["columns"]:
        for group in column["groups"]:
            lows = [group["approval_low"], group["false_bad_low"]]
            ratios = [group["approval_ratio"], group["false_bad_ratio"]]
            suspects = [low for ratio, low in zip(ratios, lows, strict=True) if ratio is None or ratio > 1.25]
            assert group["is_flagged"] == any(low > 1 for low in suspects)
            assert group["is_open"] == (bool(suspects) and not group["is_flagged"])
    assert told["flagged"] > 0
    assert tenor("fairness", POLICY, DATA, "--groups", groups, "--strict")[0] == 1
    out = tenor("fairness", POLICY, DATA, "--groups", groups, "--table")[1]
    assert "! below 25" in out
    assert "? yes" in out  # 84 % of 25 people are approved, and 72 % of the others: that may be luck
    assert "The policy reads this column: age." in out


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (("backtest", "none.json", DATA), "The policy none.json cannot be read: No such file or directory."),
        (("backtest", DATA, DATA), "is no valid policy: This is not JSON"),
        (("backtest", POLICY, "none.csv"), "none.csv cannot be read: No such file or directory."),
        (("backtest", POLICY, "."), ". cannot be read: Is a directory."),
        (("backtest", POLICY, DATA, "--outcome", "ended"), "has no column 'ended' (--outcome)."),
        (("backtest", POLICY, DATA, "--good", "great"), "is 'bad', 'good'; say which is bad with --bad."),
        (("backtest", POLICY, DATA, "--amount", "job"), "'job' is 'skilled employee / official', which is no amount."),
        (("backtest", POLICY, DATA, "--currency", "XXX"), "There is no currency XXX here."),
        (("backtest", POLICY, DATA, "--currency", "USD"), "gives no limits in USD."),
        (("backtest", POLICY, DATA, "--on", "today"), "'today' is no date like 2026-01-15."),
        (("backtest", POLICY, DATA, "--plots", "/dev/null/plots"), "cannot be written: Not a directory."),
        (("fairness", POLICY, DATA, "--groups", "religion"), "has no column 'religion' (--groups)."),
        (("fairness", POLICY, DATA, "--groups", "job:1"), "which is no whole number to be cut."),
    ],
)
def test_what_is_wrong_is_one_sentence(tenor: Tenor, argv: tuple[str, ...], sentence: str) -> None:
    code, out, err = tenor(*argv)
    assert (code, out) == (2, "")
    assert err.startswith(f"tenor {argv[0]}: ")
    assert sentence in err
    assert err.count("\n") == 1


def test_a_policy_with_faults_is_one_sentence(tenor: Tenor, tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_bytes(document_with(("/time_zone", "Mars/Base"), ("/grades/0/score_min", 9_999)))
    code, out, err = tenor("backtest", str(path), DATA)
    assert (code, out) == (2, "")
    assert err.endswith("There is no time zone 'Mars/Base'. (at /time_zone) And 1 more.\n")


@pytest.mark.parametrize("argv", [("train", DATA), ("backtest", POLICY, DATA, "--cross-validate")])
def test_without_the_training_group_it_is_told_how_to_install_it(
    tenor: Tenor, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...]
) -> None:
    monkeypatch.setattr(commands, "LIBRARY", "a_library_that_is_not_there")
    code, out, err = tenor(*argv)
    assert (code, out) == (2, "")
    assert err.endswith("install --require-hashes -r requirements/training.txt.\n")
    assert err.count("\n") == 1


def test_basis_points_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["backtest", POLICY, DATA, "--paid-bps", "37.5"])
    assert stopped.value.code == 2
    assert "'37.5' is no whole number of basis points from 0 to 10000" in capsys.readouterr().err
