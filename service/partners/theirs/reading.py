"""Reading a partner's file: strictly, a record at a time, each fault with its line and column. Pure.

CSV as RFC 4180 has it, in UTF-8 with or without a byte order mark, lines ended as anybody ends them, columns by name
in any order. What a spreadsheet has mangled is refused, never guessed. Blank lines, and rows of nothing but separators,
are no records.

However the bytes are chosen, no single step takes long: a record, and so a line, is short. Work that goes on in a
thread lets the others have their turn between two steps, not within one.
"""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from msgspec import Struct

from service import ids
from service.errors import Code, Refused
from service.money import EXPONENTS
from service.partners.file import COLUMNS, COMPONENTS, Amounts, Row

FILE_BYTES_MAX: Final = 32 * 1024 * 1024  # some 400,000 rows
LINES_MAX: Final = 1_000_000
RECORD_MAX: Final = 64 * 1024  # characters, also where quotes make it several lines
COLUMNS_MAX: Final = 200
NAME_MAX: Final = 100  # characters of a column's name

DAY: Final = "business_on"  # a column that may be there, and then holds the file's day in every row

# What a sheet takes for a formula, where our answer is opened in one: unknown columns are told of by their names.
_FORMULA: Final = ("=", "+", "-", "@")
_AMOUNT: Final = re.compile(r"-?([0-9]{1,13})(?:\.([0-9]+))?")


class Reading(Struct, frozen=True):
    """A file whose first line is read. Its rows are read as they are taken, each once: the next may be refused."""

    rows: Iterator[Row]  # as they stand: a plan may appear twice, which is for the reconciliation to say
    unknown_columns: tuple[str, ...]  # nobody compares them


def read_file(content: bytes, business_on: date | None = None) -> Reading:
    """A partner's file. Where it has a column `business_on`, every row must be of that day, if one is given.

    Refused, at once or while rows are taken: INVALID_FILE, with the line and the column; TOO_LARGE.
    """
    if len(content) > FILE_BYTES_MAX:
        raise Refused(Code.TOO_LARGE, f"The file is larger than {FILE_BYTES_MAX} bytes.")
    records = _records(content)
    header = next(records, None)
    if header is None:
        raise invalid("The file is empty; even a day without plans has the line that names its columns.")
    columns = _columns(*header)
    rows = (_row(line, cells, columns, business_on) for line, cells in records)
    return Reading(rows, tuple(name for name in columns.names if name and name not in (*COLUMNS, DAY)))


def invalid(sentence: str) -> Refused:
    """The file cannot be what it was sent as."""
    return Refused(Code.INVALID_FILE, sentence)


# Records --------------------------------------------------------------------------------------------------------------


class _Lines:
    """The lines, counted and bounded, as the CSV reader asks for them."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._bytes = io.BytesIO(content)
        self._text = io.TextIOWrapper(self._bytes, "utf-8-sig", newline="")
        self.number = 0
        self.record_size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            line = self._text.readline(RECORD_MAX + 1)
        except UnicodeDecodeError as error:
            raise self._not_utf8(self._bytes.tell() - len(error.object) + error.start) from None
        if not line:
            raise StopIteration
        self.number += 1
        self.record_size += len(line)
        if self.number > LINES_MAX:
            raise invalid(f"The file has more than {LINES_MAX} lines.")
        if self.record_size > RECORD_MAX:
            raise invalid(f"Line {self.number}: the record is longer than {RECORD_MAX} characters.")
        if "\0" in line:
            raise invalid(f"Line {self.number}: a NUL character.")
        return line

    def _not_utf8(self, place: int) -> Refused:
        before = self._content[:place]
        line = 1 + before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n")
        return invalid(f"Line {line}: byte 0x{self._content[place]:02x} is not UTF-8.")


def _records(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """The records, each with the line it ends on."""
    lines = _Lines(content)
    reader = csv.reader(lines, strict=True)
    while True:
        lines.record_size = 0
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise invalid(f"Line {lines.number}: {error}.") from None
        if cells is None:
            return
        if any(map(str.strip, cells)):
            yield lines.number, cells


# The first line -------------------------------------------------------------------------------------------------------


class _Columns(Struct, frozen=True):
    names: list[str]
    places: list[int]  # of COLUMNS
    day: int | None  # where DAY stands


def _columns(line: int, cells: list[str]) -> _Columns:
    names = [name.strip() for name in cells]
    if len(names) > COLUMNS_MAX:
        raise invalid(f"Line {line}: {len(names)} columns; a file has at most {COLUMNS_MAX}.")
    if (longest := max(map(len, names))) > NAME_MAX:
        raise invalid(f"Line {line}: the name of a column has {longest} characters; one has at most {NAME_MAX}.")
    if unfit := next((name for name in names if not name.isprintable() or name[:1] in _FORMULA), None):
        raise invalid(f"Line {line}: {unfit!r:.60} is no name of a column: a formula, or characters that nobody sees.")
    missing = [column for column in COLUMNS if column not in names]
    if missing and len(names) == 1 and ";" in names[0]:
        raise invalid(f"Line {line}: the columns are separated by semicolons; separate them by commas.")
    if missing:
        raise invalid(
            f"Line {line}: the column {missing[0]} is missing; a file has {', '.join(COLUMNS)}, in any order."
        )
    for column in (*COLUMNS, DAY):
        if names.count(column) > 1:
            raise invalid(f"Line {line}: the column {column} is there twice.")
    return _Columns(names, [names.index(column) for column in COLUMNS], names.index(DAY) if DAY in names else None)


# A row ----------------------------------------------------------------------------------------------------------------


def _row(line: int, cells: list[str], columns: _Columns, business_on: date | None) -> Row:
    if len(cells) != len(columns.names):
        raise invalid(f"Line {line}: {len(cells)} fields where the first line names {len(columns.names)} columns.")
    plan_id, currency, *amounts = [cells[place].strip() for place in columns.places]
    if not ids.is_id(plan_id, ids.PLAN):
        raise invalid(f"Line {line}, column plan_id: {_why_no_plan_id(plan_id)}.")
    if currency not in EXPONENTS:
        raise invalid(f"Line {line}, column currency: {currency!r:.20} is not a currency that we know.")
    if columns.day is not None and business_on and (day := cells[columns.day].strip()) != business_on.isoformat():
        raise invalid(f"Line {line}, column {DAY}: {day!r:.40} is not the day that it was sent for, {business_on}.")
    return Row(
        plan_id,
        currency,
        Amounts(*(_minor_units(text, currency, line, name) for name, text in zip(COMPONENTS, amounts, strict=True))),
    )


def _why_no_plan_id(text: str) -> str:
    if not text:
        return "it is empty"
    if not text.isprintable():
        return f"{text!r:.60} holds a character that nobody sees"
    if text[0] in "='":
        return f"{text!r:.60} is as a spreadsheet keeps text; write the id alone"
    if ids.is_id(text[:3].lower() + text[3:].upper(), ids.PLAN):
        return f"{text!r:.60} is not written as we write it, pl_ and capital letters"
    return f"{text!r:.60} is no id of a plan, which is pl_ and 26 digits and capital letters"


def _minor_units(text: str, currency: str, line: int, column: str) -> int:
    """`-1234.5` EUR as -123450: digits, a point, no more decimals than the currency has, nothing else."""
    match = _AMOUNT.fullmatch(text)
    exponent = EXPONENTS[currency]
    if match is None:
        raise invalid(f"Line {line}, column {column}: {_why_no_amount(text)}.")
    whole, decimals = match[1], match[2] or ""
    if len(decimals) > exponent:
        raise invalid(f"Line {line}, column {column}: {text:.40} has more than the {exponent} decimals of {currency}.")
    amount = int(whole + decimals.ljust(exponent, "0"))
    return -amount if text[0] == "-" else amount


def _why_no_amount(text: str) -> str:
    if not text:
        return "it is empty; nothing is written 0"
    if "," in text:
        return f"{text!r:.40} has a comma; write the decimals after a point and the thousands without a mark"
    return f"{text!r:.40} is not an amount such as 1234.50"
