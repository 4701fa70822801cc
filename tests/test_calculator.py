"""`tenor apr`, `tenor schedule`, `tenor schema`: as somebody at a terminal or in a pipe meets them."""

import io
import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from service.cli import main
from service.demo.seed import POLICY
from service.terms.terms import Terms

YEAR = {"instalments": 12, "every": 1, "unit": "month", "rate_percent": "9.9"}
QUOTE = {"currency": "EUR", "amount": 1000_00, "jurisdiction": "DE", "start_on": "2026-01-15", "terms": YEAR}
FLOWS = {"advances": [["2026-01-15", 1200_00]], "payments": [["2027-01-15", 1347_00]]}


def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, document: object, *arguments: str) -> tuple[int, str, str]:
    """The exit code and both outputs of a command that reads the document from a file."""
    path = tmp_path / "document.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    command, *rest = arguments
    code = main([command, str(path), *rest])
    return code, *capsys.readouterr()


@pytest.mark.parametrize(
    ("document", "options", "printed"),
    [
        (YEAR, ["--amount", "1000.00", "--start-on", "2026-01-15"], ["10.4"]),
        (YEAR, ["--amount", "1000", "--jurisdiction", "US", "--currency", "USD"], ["9.90"]),
        (YEAR, ["--amount", "100000", "--jurisdiction", "CN", "--currency", "JPY"], ["10.36", "9.90"]),
        (QUOTE, [], ["10.4"]),
        (FLOWS, [], ["12.3"]),
        (FLOWS | {"jurisdiction": "US"}, [], ["12.25"]),
    ],
)
def test_apr(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, document: object, options: list[str], printed: list[str]
) -> None:
    code, out, err = run(capsys, tmp_path, document, "apr", *options)
    assert (code, err) == (0, "")
    assert [rate["printed"] for rate in json.loads(out)["rates"]] == printed


def test_schedule_is_the_quote(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    options = ("--amount", "1000.00", "--start-on", "2026-01-15", "--jurisdiction", "DE")
    code, out, _ = run(capsys, tmp_path, YEAR, "schedule", *options)
    answer = json.loads(out)
    assert code == 0
    assert len(answer["schedule"]) == 12
    assert answer["total_payable"] == sum(row["principal"] + row["interest"] for row in answer["schedule"])
    assert run(capsys, tmp_path, QUOTE, "schedule")[1] == out


def test_a_table_for_people(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, tmp_path, QUOTE, "schedule", "--table")
    assert code == 0
    assert "Sun 2026-02-15" in out
    assert "Total amount payable" in out
    assert "1,054.43" in out
    code, out, _ = run(capsys, tmp_path, FLOWS, "apr", "--table")
    assert out.startswith("12.3 %")


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(QUOTE).encode())))
    assert main(["apr"]) == 0
    assert '"10.4"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("document", "arguments", "sentence"),
    [
        ({"instalments": 0}, ["schedule", "--amount", "1"], "invalid_field: Expected `int` >= 1. (at /instalments)"),
        (
            {"rate_percent": "-1"},
            ["apr", "--amount", "1"],
            "impossible_terms: A rate is zero or more. (at /terms/rate_",
        ),
        ({"first_due_on": "2020-01-01"}, ["apr", "--amount", "1"], "due before the plan starts"),
        (
            {"instalments": 3, "every": 1, "unit": "month", "rate_percent": "120", "first_due_days": 400},
            ["schedule", "--amount", "1"],
            "Instalment 1 does not cover its interest. (at /terms/uncovered_interest)",
        ),
        ({"rates": 1}, ["schedule", "--amount", "1"], "unknown field `rates`. (at /rates)"),
        ('{"every": 1, "every": 2}', ["schedule", "--amount", "1"], "given twice"),
        ("{", ["schedule", "--amount", "1"], "malformed"),
        ("[" * 100_000, ["schedule", "--amount", "1"], "too_large"),
        ({}, ["schedule"], "Terms need an amount"),
        ({}, ["schedule", "--amount", "ten"], "'ten' is no amount"),
        ({}, ["schedule", "--amount", "1.001"], "at most 2 decimals"),
        ({}, ["schedule", "--amount", "1.1", "--currency", "JPY"], "at most 0 decimals"),
        ({}, ["schedule", "--amount", "1", "--currency", "EURO"], "No plan is written in EURO"),
        ({}, ["schedule", "--amount", "1", "--start-on", "tomorrow"], "'tomorrow' is no date"),
        ({}, ["schedule", "--amount", "1", "--start-on", "9999-12-31"], "years 1900 to 2200. (at /start_on)"),
        (QUOTE, ["schedule", "--amount", "1"], "--amount completes terms"),
        (FLOWS, ["schedule"], "unknown field `advances`"),
        (FLOWS | {"payments": []}, ["apr"], "no_apr"),
        (FLOWS | {"payments": [["2027-01-15", 0]]}, ["apr"], "no_apr: The series has no rate: nothing is"),
        (FLOWS | {"advances": [["2026-01-15", 0]]}, ["apr"], "no_apr: The series has no rate: nothing is"),
        (FLOWS | {"payments": [["2026-01-15", 1200_01]]}, ["apr"], "no_apr: The series has no rate: nothing is"),
        (FLOWS | {"payments": [["2025-01-15", 1347_00]]}, ["apr"], "everything is paid before anything is lent"),
        (FLOWS | {"payments": [["2026-01-16", 10**12]]}, ["apr"], "no_apr: The series has no rate that means anything"),
        (FLOWS | {"payments": [["2027-01-15", 10**13]]}, ["apr"], "Expected `int` <= 1000000000000. (at /payments/0"),
        (FLOWS | {"payments": [["2027-01-15", -1]]}, ["apr"], "invalid_field: Expected `int` >= 0. (at /payments/0/1)"),
        (FLOWS | {"payments": [["2027-02-29", 1]]}, ["apr"], "date. (at /payments/0/0)"),
        (FLOWS | {"unit": "decade"}, ["apr"], "invalid_field: Invalid enum value 'decade'. (at /unit)"),
        (FLOWS | {"payments": [["2126-01-16", 1347_00]]}, ["apr"], "at most 100 years apart. (at /payments)"),
        (FLOWS | {"advances": [["1926-01-14", 1]]}, ["apr"], "at most 100 years apart. (at /payments)"),
        (FLOWS | {"advances": [["0001-01-01", 1]], "payments": [["0001-02-01", 1]]}, ["apr"], "end of the calendar"),
        (FLOWS | {"advances": [["9999-01-01", 1]], "payments": [["9999-12-31", 1]]}, ["apr"], "end of the calendar"),
        (FLOWS | {"jurisdiction": "Germany"}, ["apr"], "(at /jurisdiction)"),
        (FLOWS | {"jurisdiction": "UK"}, ["apr"], "ISO 3166 has no country UK"),
        ({}, ["schedule", "--amount", "1", "--jurisdiction", "EL"], "ISO 3166 has no country EL"),
        ({"rate_percent": "NaN"}, ["apr", "--amount", "1"], "A decimal number is a string of digits"),
        ({"rate_percent": "sNaN"}, ["apr", "--amount", "1"], "A decimal number is a string of digits"),
        ({"rate_percent": "Infinity"}, ["apr", "--amount", "1"], "A decimal number is a string of digits"),
        ({"rate_percent": "100001"}, ["apr", "--amount", "1"], "is a slip of the pen. (at /terms/rate_percent)"),
        ({"rate_percent": "1e-13"}, ["apr", "--amount", "1"], "A decimal number is a string of digits"),
        ({"rate_percent": f"0.{1:013}"}, ["apr", "--amount", "1"], "at most 12 decimals. (at /terms/rate_percent)"),
        ({"rate_percent": "90000"}, ["apr", "--amount", "900"], "no_apr: The series has no rate that means anything"),
        (YEAR, ["apr", "--amount", "1", "--start-on", "0001-01-01"], "Days and instants are of the years 1900"),
        ({"first_due_on": "9999-12-31"}, ["apr", "--amount", "1"], "years 1900 to 2200. (at /first_due_on)"),
        (
            {"first_due_on": "2190-12-31"},
            ["apr", "--amount", "1"],
            "100 years after the start. (at /terms/first_due_on)",
        ),
        ({"down_payment": 1_00}, ["apr", "--amount", "1"], "Nothing is left to pay in instalments."),
        ({"balloon": 1_01}, ["apr", "--amount", "1"], "More is kept back to the end than is financed."),
        ({"costs": [{"name": "x", "amount": 1_00}]}, ["apr", "--amount", "1"], "no_apr"),
        ({}, ["apr", "--amount", "1e999999999"], "'1e999999999' is no amount like 1000.00."),
        ({}, ["apr", "--amount", "NaN"], "at most 2 decimals"),
        ({}, ["apr", "--amount", "0"], "invalid_field: Expected `int` >= 1. (at /amount)"),
        (
            {"advances": [["2026-01-01", 1000], ["2028-01-01", 1320]], "payments": [["2027-01-01", 2300]]},
            ["apr"],
            "several_aprs: The series has more than one rate: 10.00 % and 20.00 %.",
        ),
    ],
)
def test_a_refusal_is_a_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, document: Any, arguments: list[str], sentence: str
) -> None:
    code, out, err = run(capsys, tmp_path, document, *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.startswith(f"tenor {arguments[0]}: ")
    assert err.count("\n") == 1


def test_a_long_series_and_a_long_term(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    daily = [[(date(2026, 1, 15) + timedelta(days=day)).isoformat(), 60] for day in range(1, 2501)]
    code, out, _ = run(capsys, tmp_path, {"advances": [["2026-01-15", 1000_00]], "payments": daily}, "apr")
    assert (code, json.loads(out)["rates"][0]["printed"]) == (0, "13.6")
    century = {"advances": [["2026-01-15", 1_00]], "payments": [["2126-01-15", 1_000_000_00]]}
    code, out, _ = run(capsys, tmp_path, century, "apr")
    assert (code, json.loads(out)["rates"][0]["value"]) == (0, "14.8154")


def test_no_such_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schedule", "/no/such/file", "--amount", "1"]) == 2
    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("document", "title"), [("terms", "Terms"), ("quote", "QuoteRequest"), ("flows", "FlowsRequest")]
)
def test_schema(capsys: pytest.CaptureFixture[str], document: str, title: str) -> None:
    assert main(["schema", document]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["$ref"] == f"#/$defs/{title}"
    assert set(schema["$defs"]["Terms" if document == "quote" else title]["properties"]) >= (
        {"advances", "payments"} if document == "flows" else set(msgspec.to_builtins(YEAR))
    )
    assert document != "terms" or len(schema["$defs"]["Terms"]["properties"]) == len(Terms.__struct_fields__)


def test_schema_of_a_policy(capsys: pytest.CaptureFixture[str]) -> None:
    """The demo's policy is one, and stays none without its grades."""
    assert main(["schema", "policy"]) == 0
    schema = json.loads(capsys.readouterr().out)
    document = json.loads(POLICY.read_text())
    jsonschema.validate(document, schema)
    with pytest.raises(jsonschema.ValidationError, match="grades"):
        jsonschema.validate({name: part for name, part in document.items() if name != "grades"}, schema)


def test_it_starts_light() -> None:
    """What the service is made of is not loaded for arithmetic."""
    script = (
        "import sys; from service.cli import main; main(['schema']);"
        "print([name for name in ('litestar', 'asyncpg', 'redis', 'rich', 'holidays') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
