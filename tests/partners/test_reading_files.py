"""What is written is read again, and what cannot be read is refused with its line and column."""

import csv
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import ids
from service.errors import Code, Refused
from service.partners.file import COLUMNS, Row
from service.partners.theirs import reading
from service.partners.theirs.reading import (
    COLUMNS_MAX,
    DAY,
    FILE_BYTES_MAX,
    NAME_MAX,
    RECORD_MAX,
    read_file,
)
from tests import properties  # noqa: F401 - loads the profile
from tests.partners.sheets import GOOD, GOOD_ROWS, HEADER, A, B, rows, written

MONDAY = date(2026, 3, 2)


def read(content: bytes | str, on: date | None = None) -> list[Row]:
    return list(read_file(content.encode() if isinstance(content, str) else content, on).rows)


def refusal(content: bytes | str, on: date | None = None) -> str:
    with pytest.raises(Refused) as refused:
        read(content, on)
    assert refused.value.code is Code.INVALID_FILE
    return refused.value.detail


@given(rows)
def test_what_is_written_is_read_again(some: list[Row]) -> None:
    assert read(written(some)) == some


@given(rows, st.permutations([*COLUMNS, DAY, "their_reference"]), st.booleans(), st.sampled_from(["\r\n", "\n", "\r"]))
def test_columns_stand_in_any_order_and_lines_end_in_any_way(
    some: list[Row], order: list[str], mark: bool, ending: str
) -> None:
    ours = csv.DictReader(io.StringIO(written(some).decode(), newline=""))
    text = io.StringIO(newline="")
    theirs = csv.DictWriter(text, order, lineterminator=ending, quoting=csv.QUOTE_ALL)
    theirs.writeheader()
    theirs.writerows({**row, DAY: MONDAY, "their_reference": "x,\n y"} for row in ours)
    content = text.getvalue().encode("utf-8-sig" if mark else "utf-8")
    assert read(content, MONDAY) == some
    assert read_file(content).unknown_columns == ("their_reference",)


# Rows that are no records ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ["", ",,,,,", " , ,\u00a0,,,", ",,,,,,,,", "  "])
def test_what_a_spreadsheet_leaves_of_a_deleted_row_is_no_record(row: str) -> None:
    header, first, second = GOOD.splitlines()
    assert read("\r\n".join([row, header, first, row, second, row, row])) == GOOD_ROWS


@pytest.mark.parametrize("row", ["TOTAL,EUR,350.00,70.00,1.23,630.00", ",EUR,350.00,70.00,1.23,630.00", ",,,,,630.00"])
def test_a_row_of_totals_is_refused(row: str) -> None:
    assert refusal(GOOD + row).startswith("Line 4, column plan_id: ")


# Ids ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mangled", "says"),
    [
        (f'"=""{A}"""', "is as a spreadsheet keeps text"),
        (f"'{A}", "is as a spreadsheet keeps text"),
        (A.lower(), "is not written as we write it"),
        (A.upper(), "is not written as we write it"),
        (A[:9] + "\u200b" + A[9:], "holds a character that nobody sees"),
        (A[:9] + "\u00a0" + A[9:], "holds a character that nobody sees"),
        ("\ufeff" + A, "holds a character that nobody sees"),
        (A[:-1], "is no id of a plan"),
        (A + "0", "is no id of a plan"),
        (A[:9] + " " + A[9:], "is no id of a plan"),
        ("pl_" + "8" + A[4:], "is no id of a plan"),  # above 128 bits
        (A.replace("J", "I"), "is no id of a plan"),  # no letter of the alphabet
        ("co" + A[2:], "is no id of a plan"),
        ("TOTAL", "is no id of a plan"),
        ("x" * 10_000, "is no id of a plan"),
        ("1.0E+25", "is no id of a plan"),
    ],
)
def test_an_id_that_is_none_of_ours_is_refused(mangled: str, says: str) -> None:
    detail = refusal(GOOD.replace(B, mangled))
    assert detail.startswith("Line 3, column plan_id: ")
    assert says in detail
    assert detail.isprintable()
    assert len(detail) < 200


@pytest.mark.parametrize("around", [f"{A}\u00a0", f" {A}\t", f'"{A}"', f'" {A} "'])
def test_blanks_and_quotes_around_an_id_are_not_part_of_it(around: str) -> None:
    assert read(GOOD.replace(A, around)) == GOOD_ROWS


@given(st.text(st.characters(codec="utf-8", exclude_characters='\0\r\n"'), max_size=40))
def test_a_row_is_of_a_plan_that_can_be_or_refused(text: str) -> None:
    cell = text.replace(",", "")
    try:
        (row,) = read(f"{HEADER}\n{cell},EUR,1,1,1,1\n")
    except Refused as refused:
        assert refused.detail.startswith("Line 2, column plan_id: ")  # noqa: PT017 - either is right
    else:
        assert ids.is_id(row.plan_id, ids.PLAN)


# Amounts --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "minor_units"),
    [
        ("0", 0),
        ("12", 1200),
        ("12.3", 1230),
        (" 12.34 ", 1234),
        ("-0.05", -5),
        ("-0", 0),
        ("007.00", 700),
        ("9999999999999.99", 999999999999999),
    ],
)
def test_amounts(text: str, minor_units: int) -> None:
    (row,) = read(f"{HEADER}\n{A},EUR,{text},0,0,0\n")
    assert row.amounts.drawn == minor_units


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("", "it is empty; nothing is written 0"),
        ('"1,5"', "'1,5' has a comma"),
        ('"1,234.56"', "has a comma"),
        ('"1.234,56"', "has a comma"),
        ("1.234", "1.234 has more than the 2 decimals of EUR"),
        ("1e2", "'1e2' is not an amount such as 1234.50"),
        ("4.2E+02", "not an amount"),
        ("420.00-", "not an amount"),
        ("(420.00)", "not an amount"),
        ("\u2212420.00", "not an amount"),
        ("+1", "not an amount"),
        ("1.", "not an amount"),
        (".5", "not an amount"),
        ("--1", "not an amount"),
        ("1 000", "not an amount"),
        ("NaN", "not an amount"),
        ("٣", "not an amount"),
        ("99999999999999", "not an amount"),
    ],
)
def test_what_is_no_amount_is_refused_where_it_stands(cell: str, says: str) -> None:
    detail = refusal(f"{HEADER}\n{A},EUR,0,0,0,0\n\n{B},EUR,0,0,{cell},0\n")
    assert detail.startswith("Line 4, column interest_repaid: ")
    assert says in detail


# The day --------------------------------------------------------------------------------------------------------------


def with_day(*days: str) -> str:
    header, *lines = GOOD.splitlines()
    return "\n".join([f"{header},{DAY}", *(f"{line},{day}" for line, day in zip(lines, days, strict=True))])


def test_a_column_of_the_day_proves_it() -> None:
    assert read(with_day("2026-03-02", " 2026-03-02"), MONDAY) == GOOD_ROWS
    assert read(with_day("2026-03-02", "2026-03-03")) == GOOD_ROWS  # nobody said which day


@pytest.mark.parametrize("other", ["2026-03-03", "02.03.2026", "", "20260302"])
def test_a_row_of_another_day_is_refused(other: str) -> None:
    detail = refusal(with_day("2026-03-02", other), MONDAY)
    assert detail == f"Line 3, column business_on: {other!r} is not the day that it was sent for, 2026-03-02."


# The whole ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "The file is empty"),
        (b"\xef\xbb\xbf\r\n\r\n", "The file is empty"),
        (HEADER.replace(",drawn", "").encode(), "Line 1: the column drawn is missing"),
        (b"\n" + HEADER.replace(",drawn", "").encode(), "Line 2: the column drawn is missing"),
        (HEADER.replace(",", ";").encode(), "Line 1: the columns are separated by semicolons"),
        (f"{HEADER},drawn\n".encode(), "Line 1: the column drawn is there twice"),
        (f"{HEADER},{DAY},{DAY}\n".encode(), "Line 1: the column business_on is there twice"),
        (f"{HEADER}\n{A},EUR,0,0,0\n".encode(), "Line 2: 5 fields where the first line names 6 columns"),
        (f"{HEADER}\n{A},EUR,0,0,0,0,0\n".encode(), "Line 2: 7 fields"),
        (f"{HEADER}\n{A},EUR,1,5,0,0,0\n".encode(), "Line 2: 7 fields"),
        (f"{HEADER}\n ,EUR,0,0,0,0\n".encode(), "Line 2, column plan_id: it is empty"),
        (f"{HEADER}\n{A},eur,0,0,0,0\n".encode(), "Line 2, column currency: 'eur' is not a currency"),
        (f"{HEADER}\n{A},XXX,0,0,0,0\n".encode(), "column currency"),
        (f"{HEADER}\n{A},JPY,1.5,0,0,0\n".encode(), "more than the 0 decimals of JPY"),
        (f"{HEADER}\npl_\xfc,EUR,0,0,0,0\n".encode("latin-1"), "Line 2: byte 0xfc is not UTF-8"),
        ((f"{HEADER}\r" + "\r" * 30_000 + "\xfc\r").encode("latin-1"), "Line 30002: byte 0xfc is not UTF-8"),
        (HEADER.encode("utf-16"), "Line 1: byte 0xff is not UTF-8"),
        (f"{HEADER}\npl_\0,EUR,0,0,0,0\n".encode(), "Line 2: a NUL character"),
        (f'{HEADER}\n"{A},EUR,0,0,0,0\n'.encode(), "Line 2: unexpected end of data"),
        (f'{HEADER}\n"pl"_A,EUR,0,0,0,0\n'.encode(), "Line 2: ',' expected after"),
        (b'{"plan_id": 1}', "the column plan_id is missing"),
        (GOOD.encode() * 2, "Line 4, column plan_id: 'plan_id' is no id of a plan"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(content: bytes, says: str) -> None:
    assert says in refusal(content)


def test_a_file_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(Refused) as refused:
        read_file(b"x" * (FILE_BYTES_MAX + 1))
    assert refused.value.code is Code.TOO_LARGE


def test_columns_are_counted_and_their_names_measured() -> None:
    def wide(count: int, size: int) -> str:
        names = [HEADER, *("x" * size for _ in range(count - len(COLUMNS)))]
        return f"{','.join(names)}\n{A},EUR,0,0,0,0{',' * (count - len(COLUMNS))}\n"

    assert len(read(wide(COLUMNS_MAX, NAME_MAX))) == 1
    assert refusal(wide(COLUMNS_MAX + 1, 1)) == "Line 1: 201 columns; a file has at most 200."
    assert "the name of a column has 101 characters" in refusal(wide(7, NAME_MAX + 1))
    for name in ("=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "a\u202eb", "a\x1b[2J", "a\u200bb"):
        assert "is no name of a column" in refusal(f"{HEADER},{name}")
    assert len(read(f"{HEADER},due-date,a=b,Größe (cm)")) == 0


def test_a_record_is_short_however_many_lines_it_has() -> None:
    def long(size: int) -> str:
        record = f'{A},EUR,0,0,0,0,"\n\n"\n'
        return f"{HEADER},x\n" + record.replace("\n\n", "\n" + "y" * (size - len(record) + 1))

    assert len(read(long(RECORD_MAX))) == 1
    assert refusal(long(RECORD_MAX + 1)) == "Line 3: the record is longer than 65536 characters."
    assert refusal(HEADER + ",c" * 1_000_000) == "Line 1: the record is longer than 65536 characters."


def test_lines_are_counted_also_where_they_are_blank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LINES_MAX", 100)
    assert read(HEADER + "\n" * 100) == []
    assert refusal(HEADER + "\n" * 101) == "The file has more than 100 lines."


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(noise: bytes) -> None:
    for content in (noise, HEADER.encode() + b"\n" + noise):
        try:
            read(content)
        except Refused as refused:
            assert refused.detail.endswith(".")  # noqa: PT017 - either is right, a crash is not
