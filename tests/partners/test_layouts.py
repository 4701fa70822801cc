"""Rows are written as CSV and NDJSON and come back the same, and what cannot be read is said by its column."""

import csv
import io
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from service.partners.layout_texts import (
    Unreadable,
    csv_head,
    escaped,
    minor_units,
    ndjson_text,
    row_of,
    texts_in,
    texts_of,
    unescaped,
)
from service.partners.layouts import FileType, Pos, Row, columns_of, file_name
from tests.partners.rows import ANY, GOOD, PLAN, csv_text

any_rows = st.one_of([st.tuples(st.just(kind), st.lists(rows, max_size=5)) for kind, rows in ANY.items()])


@given(any_rows)
def test_csv_comes_back(given_rows: tuple[FileType, list[Row]]) -> None:
    kind, rows = given_rows
    records = csv.DictReader(io.StringIO(csv_head(kind) + csv_text(rows), newline=""), strict=True)
    money = {"principal", "interest", "fee", "penalty", "subsidy", "amount"}
    read = [
        row_of(kind, {name: text if name in money else unescaped(text) for name, text in one.items()})
        for one in records
    ]
    assert read == rows


@given(any_rows)
def test_fields_that_are_joined_are_what_a_csv_writer_writes(given_rows: tuple[FileType, list[Row]]) -> None:
    kind, rows = given_rows
    written = io.StringIO(newline="")
    for row in rows:
        named = zip(columns_of(kind), texts_of(row), strict=True)
        csv.writer(written).writerow([escaped(text or "") if name in texts_in(kind) else text for name, text in named])
    assert csv_text(rows) == written.getvalue()


@given(any_rows)
def test_ndjson_comes_back(given_rows: tuple[FileType, list[Row]]) -> None:
    kind, rows = given_rows
    read = [
        row_of(kind, {name: text or "" for name, text in json.loads(line).items()})
        for line in ndjson_text(rows).split("\n")[:-1]
    ]
    assert read == rows


@given(any_rows)
def test_no_text_is_a_formula(given_rows: tuple[FileType, list[Row]]) -> None:
    kind, rows = given_rows
    for one in csv.DictReader(io.StringIO(csv_head(kind) + csv_text(rows), newline="")):
        names = {"event_id", "plan_id", "partner_reference", "owner", "leg", "old", "new", "reason"}
        texts = [text for name, text in one.items() if name in names]
        assert not any(text.startswith(("=", "+", "-", "@")) for text in texts)


@given(st.text())
def test_an_escaped_text_comes_back(text: str) -> None:
    assert unescaped(escaped(text)) == text


def test_a_row_as_it_is_written() -> None:
    assert csv_text([GOOD[FileType.TXN]]) == (
        f"ev-1,{PLAN},DE-7,repayment,2026-03-03,2026-03-03,credit,335.80,31.50,0.00,0.00,0.00,EUR,,\r\n"
    )
    assert csv_head(FileType.STL) == (
        "settlement_id,end_to_end_id,leg,amount,side,count,first_event_id,last_event_id,currency\r\n"
    )
    assert file_name("pa_1", FileType.POS, date(2026, 3, 2), 7) == "pa_1_POS_20260302_007_v1.csv"


@pytest.mark.parametrize(
    ("text", "currency", "mark", "amount"),
    [
        ("1234.5", "EUR", ".", 1234_50),
        ("-0.01", "EUR", ".", -1),
        ("+7", "EUR", ".", 7_00),
        ("1234,50", "EUR", ",", 1234_50),
        ("7", "JPY", ".", 7),
        ("1.234", "KWD", ".", 1_234),
    ],
)
def test_amounts(text: str, currency: str, mark: str, amount: int) -> None:
    assert minor_units(text, currency, mark) == amount


@pytest.mark.parametrize(
    ("text", "currency", "mark"),
    [
        ("1.234", "EUR", "."),  # thousands, or a decimal too many
        ("1,23", "EUR", "."),
        ("1.23", "EUR", ","),
        ("1.234,50", "EUR", ","),
        ("1,234", "KWD", ","),  # thousands, or decimals
        ("7.0", "JPY", "."),
        ("1e2", "EUR", "."),
        ("\u0661", "EUR", "."),  # a digit, of another alphabet
        ("1 000", "EUR", "."),
        (".5", "EUR", "."),
        ("--5", "EUR", "."),
    ],
)
def test_what_could_be_two_amounts_is_none(text: str, currency: str, mark: str) -> None:
    assert isinstance(minor_units(text, currency, mark), Unreadable)


@pytest.mark.parametrize(
    ("kind", "field", "text", "column"),
    [
        (FileType.TXN, "type", "refunds", "type"),
        (FileType.TXN, "side", "debit", "side"),  # the amounts are a credit
        (FileType.TXN, "business_on", "03.03.2026", "business_on"),
        (FileType.TXN, "value_on", "20260303", "value_on"),
        (FileType.TXN, "currency", "EURO", "currency"),
        (FileType.TXN, "event_id", "", "event_id"),
        (FileType.TXN, "event_id", "x" * 65, "event_id"),
        (FileType.TXN, "event_id", "ev\u200b1", "event_id"),
        (FileType.TXN, "principal", "", "principal"),
        (FileType.POS, "days_past_due", "-1", "days_past_due"),
        (FileType.STL, "count", "1.0", "count"),
        (FileType.CHG, "effective_on", "", "effective_on"),
    ],
)
def test_what_cannot_be_read_names_its_column(kind: FileType, field: str, text: str, column: str) -> None:
    (good,) = csv.DictReader(io.StringIO(csv_head(kind) + csv_text([GOOD[kind]])))
    assert row_of(kind, good) == GOOD[kind]
    wrong = row_of(kind, good | {field: text})
    assert isinstance(wrong, Unreadable)
    assert wrong.column == column


def test_a_position_says_whether_it_is_continuous() -> None:
    good = GOOD[FileType.POS]
    assert isinstance(good, Pos)
    assert good.is_continuous
    assert not replace(good, closing=364_21).is_continuous
    assert columns_of(FileType.POS)[3:10] == (
        "opening", "funded", "repaid", "refunded", "adjusted", "charged_off", "closing"
    )  # fmt: skip
