"""The daily file: what a programme's plans did on the partner's money, and how to read the partner's own. Pure.

    plan_id,currency,drawn,principal_repaid,interest_repaid,outstanding
    pl_01JD8Q4Z7K7M8W3N5V2C9XTB00,EUR,350.00,0.00,0.00,350.00

CSV as RFC 4180 has it. A row is a plan that moved in the file's period or whose principal is still out; the first
three amounts are the period's movements, the last is the balance at its end, all of them the partner's share.
Columns are read by name, in any order.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Final

from msgspec import Struct, field
from msgspec.structs import astuple

from service.errors import Code, Refused
from service.money import EXPONENTS, decimal_text

FILE_BYTES_MAX: Final = 32 * 1024 * 1024  # some 400,000 rows


class Amounts(Struct, frozen=True, gc=False):
    """The components of a row or of a sum of rows, in minor units; a reversal makes a movement negative."""

    drawn: int = 0  # the partner's share of what was captured
    principal_repaid: int = 0
    interest_repaid: int = 0
    outstanding: int = 0  # the partner's participation: all ever drawn less all principal ever repaid

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            self.drawn + other.drawn,
            self.principal_repaid + other.principal_repaid,
            self.interest_repaid + other.interest_repaid,
            self.outstanding + other.outstanding,
        )


NOTHING: Final = Amounts()
COMPONENTS: Final = Amounts.__struct_fields__
COLUMNS: Final = ("plan_id", "currency", *COMPONENTS)


class Row(Struct, frozen=True, gc=False):
    """One plan in a file. The amounts are minor units of `currency`."""

    plan_id: str
    currency: str
    amounts: Amounts


def totals(rows: Iterable[Row]) -> dict[str, Amounts]:
    """The sums of all components, by currency."""
    sums: dict[str, Amounts] = {}
    for row in rows:
        sums[row.currency] = sums.get(row.currency, NOTHING) + row.amounts
    return dict(sorted(sums.items()))


# What proves a file ---------------------------------------------------------------------------------------------------


class Totals(Struct, frozen=True):
    """The sums of a file's columns as decimal text, and where they started: opening + drawn - repaid = outstanding."""

    opening: str  # the outstanding total of the file before
    drawn: str
    principal_repaid: str
    interest_repaid: str
    outstanding: str


class Manifest(Struct, frozen=True):
    """What goes with the file so that both sides can prove it whole: its sums, its hash, and the hash before it.

    The file holds every booking of business days up to `business_on` that no file before it held: also one that was
    booked late on a day whose file had already left.
    """

    file_id: str = field(name="id")
    partner_id: str
    programme_id: str
    number: int  # 1, 2, 3 ... per programme, without gaps
    business_on: date  # in the programme's time zone
    previous_business_on: date | None  # the period starts on the day after
    currency: str
    rows: int
    totals: Totals
    sha256: str  # of the CSV's bytes, in hexadecimal
    previous_sha256: str | None  # of the file before, number - 1
    made_at: datetime


def proving_totals(opening: int, sums: Amounts, currency: str) -> Totals:
    """The manifest's sums; `opening` is the outstanding total of the file before, in minor units."""
    assert opening + sums.drawn - sums.principal_repaid == sums.outstanding
    return Totals(*(decimal_text(amount, currency) for amount in (opening, *astuple(sums))))


# Writing --------------------------------------------------------------------------------------------------------------


class FileWriter:
    """Makes the bytes of a file batch by batch, with its hash, count and sums. Same rows, same bytes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._hash = hashlib.sha256()
        self.rows = 0
        self.sums = NOTHING
        self._write([COLUMNS])

    def add(self, rows: Iterable[Row]) -> None:
        """Append rows; the caller brings them in the order of their plan ids."""
        lines = []
        for row in rows:
            amounts = (decimal_text(amount, row.currency) for amount in astuple(row.amounts))
            lines.append((row.plan_id, row.currency, *amounts))
            self.sums += row.amounts
        self.rows += len(lines)
        self._write(lines)

    def _write(self, lines: Iterable[Iterable[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(lines)
        part = text.getvalue().encode()
        self._parts.append(part)
        self._hash.update(part)

    @property
    def sha256(self) -> bytes:
        """The digest of what was written until now."""
        return self._hash.digest()

    @property
    def content(self) -> bytes:
        """The file."""
        return b"".join(self._parts)


# Reading --------------------------------------------------------------------------------------------------------------

_PLAN_ID_LENGTH_MAX: Final = 100
_AMOUNT: Final = re.compile(r"-?([0-9]{1,13})(?:\.([0-9]+))?")


def read_file(content: bytes) -> list[Row]:
    """The rows of a partner's file, as they stand: a plan may appear twice, which is for the reconciliation to say.

    UTF-8 with or without a byte order mark, lines ended as anybody ends them, columns by name in any order; columns
    that we do not know are left alone. Refused: INVALID_FILE, with the line and the column; TOO_LARGE.
    """
    if len(content) > FILE_BYTES_MAX:
        raise Refused(Code.TOO_LARGE, f"The file is larger than {FILE_BYTES_MAX} bytes.")
    lines = _lines(_text(content))
    header = next(lines, None)
    if header is None:
        raise _invalid("The file is empty; even a day without plans has the line that names its columns.")
    places = _places(header[1])
    width = len(header[1])
    return [_row(number, cells, places, width) for number, cells in lines]


def unknown_columns(content: bytes) -> tuple[str, ...]:
    """The columns of a readable file that nobody compares."""
    _, names = next(_lines(_text(content)))
    return tuple(name.strip() for name in names if name.strip() not in COLUMNS)


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _invalid(f"Line {line}: byte 0x{content[error.start]:02x} is not UTF-8.") from None
    if "\0" in text:
        raise _invalid(f"Line {text.count(chr(10), 0, text.index(chr(0))) + 1}: a NUL character.")
    return text


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The records with the line each ends on; blank lines are no records."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise _invalid(f"Line {reader.line_num}: {error}.") from None
        if cells is None:
            return
        if cells:
            yield reader.line_num, cells


def _places(header: list[str]) -> tuple[int, ...]:
    """Where each of our columns stands."""
    names = [name.strip() for name in header]
    missing = [column for column in COLUMNS if column not in names]
    if missing and len(names) == 1 and ";" in names[0]:
        raise _invalid("Line 1: the columns are separated by semicolons; separate them by commas.")
    if missing:
        raise _invalid(f"Line 1: the column {missing[0]} is missing; a file has {', '.join(COLUMNS)}, in any order.")
    for column in COLUMNS:
        if names.count(column) > 1:
            raise _invalid(f"Line 1: the column {column} is there twice.")
    return tuple(names.index(column) for column in COLUMNS)


def _row(line: int, cells: list[str], places: tuple[int, ...], width: int) -> Row:
    if len(cells) != width:
        raise _invalid(f"Line {line}: {len(cells)} fields where the first line names {width} columns.")
    plan_id, currency, *amounts = [cells[place].strip() for place in places]
    if not plan_id:
        raise _invalid(f"Line {line}, column plan_id: it is empty.")
    if len(plan_id) > _PLAN_ID_LENGTH_MAX:
        raise _invalid(f"Line {line}, column plan_id: longer than {_PLAN_ID_LENGTH_MAX} characters.")
    if currency not in EXPONENTS:
        raise _invalid(f"Line {line}, column currency: {currency!r:.20} is not a currency that we know.")
    return Row(
        plan_id,
        currency,
        Amounts(*(_minor_units(text, currency, line, name) for name, text in zip(COMPONENTS, amounts, strict=True))),
    )


def _minor_units(text: str, currency: str, line: int, column: str) -> int:
    """`-1234.5` EUR as -123450: digits, a point, no more decimals than the currency has, nothing else."""
    match = _AMOUNT.fullmatch(text)
    exponent = EXPONENTS[currency]
    if match is None:
        raise _invalid(f"Line {line}, column {column}: {_why_no_amount(text)}.")
    whole, decimals = match[1], match[2] or ""
    if len(decimals) > exponent:
        raise _invalid(f"Line {line}, column {column}: {text} has more than the {exponent} decimals of {currency}.")
    amount = int(whole + decimals.ljust(exponent, "0"))
    return -amount if text[0] == "-" else amount


def _why_no_amount(text: str) -> str:
    if not text:
        return "it is empty; nothing is written 0"
    if "," in text:
        return f"{text!r:.40} has a comma; write the decimals after a point and the thousands without a mark"
    return f"{text!r:.40} is not an amount such as 1234.50"


def _invalid(sentence: str) -> Refused:
    return Refused(Code.INVALID_FILE, sentence)
