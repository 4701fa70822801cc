"""The file's shape: what is written is read again, and what cannot be read is refused with its line and column."""

import csv
import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Code, Refused
from service.partners.file import (
    COLUMNS,
    FILE_BYTES_MAX,
    Amounts,
    FileWriter,
    Row,
    proving_totals,
    read_file,
    totals,
    unknown_columns,
)
from tests import properties  # noqa: F401 - loads the profile

HEADER = "plan_id,currency,drawn,principal_repaid,interest_repaid,outstanding"
GOOD = f"{HEADER}\r\npl_A,EUR,350.00,0.00,0.00,350.00\r\npl_B,EUR,0.00,70.00,1.23,280.00\r\n"
GOOD_ROWS = [Row("pl_A", "EUR", Amounts(35000, 0, 0, 35000)), Row("pl_B", "EUR", Amounts(0, 7000, 123, 28000))]

amounts = st.integers(-(10**9), 10**9)
rows = st.lists(
    st.builds(
        Row,
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20).filter(
            lambda text: text == text.strip() and bool(text)
        ),
        st.sampled_from(["EUR", "JPY", "KWD"]),
        st.builds(Amounts, amounts, amounts, amounts, amounts),
    ),
    max_size=12,
)


def written(some: list[Row]) -> bytes:
    writer = FileWriter()
    writer.add(some)
    return writer.content


def test_a_file_reads_as_people_expect() -> None:
    assert written(GOOD_ROWS) == GOOD.encode()


@given(rows)
def test_what_is_written_is_read_again(some: list[Row]) -> None:
    assert read_file(written(some)) == some


@given(rows, st.permutations([*COLUMNS, "their_reference"]), st.booleans(), st.sampled_from(["\r\n", "\n", "\r"]))
def test_columns_stand_in_any_order_and_lines_end_in_any_way(
    some: list[Row], order: list[str], mark: bool, ending: str
) -> None:
    ours = csv.DictReader(io.StringIO(written(some).decode(), newline=""))
    text = io.StringIO(newline="")
    theirs = csv.DictWriter(text, order, lineterminator=ending, quoting=csv.QUOTE_ALL)
    theirs.writeheader()
    theirs.writerows({**row, "their_reference": "x,\n y"} for row in ours)
    content = text.getvalue().encode("utf-8-sig" if mark else "utf-8")
    assert read_file(content) == some
    assert unknown_columns(content) == ("their_reference",)


@given(rows, st.integers(1, 5))
def test_a_file_made_in_batches_is_the_same_file(some: list[Row], size: int) -> None:
    writer = FileWriter()
    for start in range(0, len(some), size):
        writer.add(some[start : start + size])
    assert writer.content == written(some)
    assert writer.sha256 == hashlib.sha256(writer.content).digest()
    assert writer.rows == len(some)


@given(rows)
def test_totals_are_the_sums_of_the_columns(some: list[Row]) -> None:
    for currency, sums in totals(some).items():
        assert sums.drawn == sum(row.amounts.drawn for row in some if row.currency == currency)
        assert sums.outstanding == sum(row.amounts.outstanding for row in some if row.currency == currency)


def test_totals_that_do_not_roll_forward_are_never_signed() -> None:
    assert proving_totals(10, Amounts(5, 3, 1, 12), "EUR").outstanding == "0.12"
    with pytest.raises(AssertionError):
        proving_totals(10, Amounts(5, 3, 1, 13), "EUR")


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
    (row,) = read_file(f"{HEADER}\npl_A,EUR,{text},0,0,0\n".encode())
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
    content = f"{HEADER}\npl_A,EUR,0,0,0,0\n\npl_B,EUR,0,0,{cell},0\n".encode()
    with pytest.raises(Refused, match=r"Line 4, column interest_repaid: ") as refused:
        read_file(content)
    assert refused.value.code is Code.INVALID_FILE
    assert says in refused.value.detail


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "The file is empty"),
        (b"\xef\xbb\xbf\r\n\r\n", "The file is empty"),
        (HEADER.replace(",drawn", "").encode(), "Line 1: the column drawn is missing"),
        (HEADER.replace(",", ";").encode(), "Line 1: the columns are separated by semicolons"),
        (f"{HEADER},drawn\n".encode(), "Line 1: the column drawn is there twice"),
        (f"{HEADER}\npl_A,EUR,0,0,0\n".encode(), "Line 2: 5 fields where the first line names 6 columns"),
        (f"{HEADER}\npl_A,EUR,0,0,0,0,0\n".encode(), "Line 2: 7 fields"),
        (f"{HEADER}\npl_A,EUR,1,5,0,0,0\n".encode(), "Line 2: 7 fields"),
        (f"{HEADER}\n ,EUR,0,0,0,0\n".encode(), "Line 2, column plan_id: it is empty"),
        (f"{HEADER}\n{'x' * 101},EUR,0,0,0,0\n".encode(), "Line 2, column plan_id: longer than 100"),
        (f"{HEADER}\npl_A,eur,0,0,0,0\n".encode(), "Line 2, column currency: 'eur' is not a currency"),
        (f"{HEADER}\npl_A,XXX,0,0,0,0\n".encode(), "column currency"),
        (f"{HEADER}\npl_A,JPY,1.5,0,0,0\n".encode(), "more than the 0 decimals of JPY"),
        (f"{HEADER}\npl_\xfc,EUR,0,0,0,0\n".encode("latin-1"), "Line 2: byte 0xfc is not UTF-8"),
        (HEADER.encode("utf-16"), "Line 1: byte 0xff is not UTF-8"),
        (f"{HEADER}\npl_\0,EUR,0,0,0,0\n".encode(), "Line 2: a NUL character"),
        (f'{HEADER}\n"pl_A,EUR,0,0,0,0\n'.encode(), "Line 2: unexpected end of data"),
        (f'{HEADER}\n"pl"_A,EUR,0,0,0,0\n'.encode(), "Line 2: ',' expected after"),
        (f"{HEADER}\n{'x' * 200_000},EUR,0,0,0,0\n".encode(), "Line 2: field larger than"),
        (b'{"plan_id": 1}', "the column plan_id is missing"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(content: bytes, says: str) -> None:
    with pytest.raises(Refused) as refused:
        read_file(content)
    assert refused.value.code is Code.INVALID_FILE
    assert says in refused.value.detail


def test_a_file_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(Refused) as refused:
        read_file(b"x" * (FILE_BYTES_MAX + 1))
    assert refused.value.code is Code.TOO_LARGE


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(noise: bytes) -> None:
    for content in (noise, HEADER.encode() + b"\n" + noise):
        try:
            read_file(content)
        except Refused as refused:
            assert refused.detail.endswith(".")  # noqa: PT017 - either is right, a crash is not
