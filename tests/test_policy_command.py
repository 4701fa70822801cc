"""A policy checked in an editor: every fault with its place, and what only looks wrong."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from service import cli
from tests.learning.cases import DEMO_POLICY
from tests.policies.sample import document_with


def checked(capsys: pytest.CaptureFixture[str], path: Path) -> tuple[int, list[str]]:
    code = cli.main(["policy", "check", str(path), "--on", "2026-03-02"])
    return code, [line.removeprefix(str(path)) for line in capsys.readouterr().out.splitlines()]


def test_every_fault_with_its_place(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_bytes(document_with(("/time_zone", "Mars/Base"), ("/grades/0/score_min", 9_999)))
    code, lines = checked(capsys, path)
    assert (code, lines[0]) == (1, " at /time_zone: There is no time zone 'Mars/Base'.")
    assert lines[1].startswith(" at /grades/0: No score reaches A")
    path.write_text("{")
    assert checked(capsys, path)[1] == [": This is not JSON: Input data was truncated."]
    path.write_text('{"id": 7}')
    assert checked(capsys, path) == (1, [" at /id: Expected `str`, got `int`."])


def test_a_limit_in_main_units_looks_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text(DEMO_POLICY.read_text())
    code, lines = checked(capsys, path)
    assert (code, len(lines)) == (0, 1)
    assert lines[0].endswith("has no fault, held against the law of 2026-03-02.")
    document = json.loads(DEMO_POLICY.read_text())
    document["limits"][0]["limit"] = 9999
    path.write_text(json.dumps(document))
    assert " at /limits/0/limit: perhaps: 9999 is 99.99 EUR: amounts are minor units." in checked(capsys, path)[1]
    document["limits"][0]["limit"] = 10_000
    path.write_text(json.dumps(document))
    assert not any("perhaps" in line for line in checked(capsys, path)[1])


def test_an_editor_s_schema_takes_what_we_take(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.main(["policy", "schema"]) == 0
    printed = capsys.readouterr().out
    schema = json.loads(printed)
    Draft202012Validator.check_schema(schema)
    policy = json.loads(DEMO_POLICY.read_text()) | {"$schema": "./policy.schema.json"}
    validator = Draft202012Validator(schema)
    assert list(validator.iter_errors(policy)) == []
    assert [error.json_path for error in validator.iter_errors(policy | {"grades": []})] == ["$.grades"]
    assert list(validator.iter_errors(policy | {"grade": []}))  # no such field
    assert schema["$defs"]["Policy"]["properties"]["time_zone"]["description"].startswith("IANA")
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(policy))
    assert checked(capsys, path)[0] == 0
    assert cli.main(["schema", "policy"]) == 0
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        ((), "usage: tenor policy check FILE"),
        (("lint",), "usage: tenor policy check FILE"),
        (("check", "none.json"), "none.json cannot be read: No such file or directory."),
        (("check", "none.json", "--on", "today"), "'today' is no date like 2026-01-15."),
    ],
)
def test_what_cannot_be_done(capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], sentence: str) -> None:
    assert cli.main(["policy", *argv]) == 2
    assert sentence in capsys.readouterr().err


def test_the_class_of_a_credit_by_the_law_of_a_day(capsys: pytest.CaptureFixture[str]) -> None:
    """In the United Kingdom, free of charge, in three instalments over two months: by a third party, or the seller."""
    common = ["policy", "class", "--jurisdiction", "GB", "--amount", "30000", "--instalments", "3", "--days", "60"]
    for more, product, is_regulated in (
        ([], "deferred_payment_credit", True), (["--on", "2026-07-14"], "exempt_instalments", False),
        (["--seller-lends"], "merchant_credit", False), (["--cost"], "consumer_credit", True),
    ):  # fmt: skip
        on = [] if "--on" in more else ["--on", "2026-12-01"]
        assert cli.main([*common, *on, *more]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["product"], told["is_regulated"], bool(told["why"])) == (product, is_regulated, True)
    assert cli.main([*common, "--on", "today"]) == 2
    assert "'today' is no date" in capsys.readouterr().err
    assert cli.main(["policy", "class", "--jurisdiction", "Britain", "--amount", "1", "--days", "1"]) == 2
    assert capsys.readouterr().err.startswith("tenor policy: ")
