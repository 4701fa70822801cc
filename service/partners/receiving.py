"""Reading a file of the partner's: strictly, a record at a time, each fault with its code, line and column. Pure.

CSV as RFC 4180 has it, in UTF-8 with or without a byte order mark, lines ended as anybody ends them, columns by name in
any order, separated by commas, semicolons or tabs; decimals after a point, or after a comma where commas separate
nothing. Whatever could be read in two ways is refused, never guessed. Blank lines are no records.

However the bytes are chosen, no single step takes long: a record, and so a line, is short. Work that goes on in a
thread lets the others have their turn between two steps, not within one.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import date
from typing import BinaryIO, Final, NoReturn

from service.errors import Code, Refused
from service.partners.layout_texts import Unreadable, money_of, optional_of, row_of, texts_in, unescaped
from service.partners.layouts import Row, Txn, columns_of
from service.partners.received import ReceivedType

FILE_BYTES_MAX: Final = 256 * 1024 * 1024  # some 1,500,000 events
LINES_MAX: Final = 2_000_000
RECORD_MAX: Final = 64 * 1024  # characters, also where quotes make it several lines
COLUMNS_MAX: Final = 200

DAY: Final = "business_on"  # a column that any file may have, and that then holds its day in every row

_SEPARATORS: Final = (",", ";", "\t")
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


def rows_of(file: BinaryIO, kind: ReceivedType, business_on: date) -> Iterator[tuple[int, Row]]:
    """The rows with their lines, as they are taken, each once: the next may be refused.

    Refused: WRONG_ENCODING, WRONG_COLUMNS, WRONG_DAY, CUT_SHORT, INVALID_FILE.
    """
    if file.read(2) in _UTF16:
        raise Refused(Code.WRONG_ENCODING, "The file is UTF-16; write it as UTF-8.")
    file.seek(0)
    lines = _Lines(file)
    try:
        head = next(lines, "")
        if not head.strip():
            refuse("The file is empty; even a day on which nothing happened has the line that names its columns.")
        columns = _Columns(kind, head.rstrip("\r\n"))
        for line, cells in _records(lines, columns.separator):
            yield line, columns.row(line, cells, lines, business_on)
    finally:
        lines.leave()


def refuse(sentence: str, code: Code = Code.INVALID_FILE) -> NoReturn:
    """The file cannot be what it was sent as."""
    raise Refused(code, sentence)


# Lines and records ----------------------------------------------------------------------------------------------------


class _Lines:
    """The lines, counted and bounded, as the CSV reader asks for them."""

    def __init__(self, file: BinaryIO) -> None:
        self._text = io.TextIOWrapper(file, "utf-8-sig", newline="")
        self.number = 0
        self.record_size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            line = self._text.readline(RECORD_MAX + 1)
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            refuse(f"After line {self.number}: byte 0x{byte:02x} is not UTF-8.", Code.WRONG_ENCODING)
        if not line:
            raise StopIteration
        self.number += 1
        self.record_size += len(line)
        if self.number > LINES_MAX:
            refuse(f"The file has more than {LINES_MAX} lines.")
        if self.record_size > RECORD_MAX:
            refuse(f"Line {self.number}: the record is longer than {RECORD_MAX} characters.")
        if "\0" in line:
            refuse(f"Line {self.number}: a NUL character; is it UTF-16?", Code.WRONG_ENCODING)
        return line

    def leave(self) -> None:
        """The file stays open, for whoever opened it."""
        self._text.detach()

    def is_over(self) -> bool:
        """Whether nothing follows. What does is lost: asked only of a file that is refused."""
        return not self._text.read(1)


def _records(lines: _Lines, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The records, each with the line it ends on."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        lines.record_size = 0
        try:
            cells = next(reader, None)
        except csv.Error as error:
            is_cut = "unexpected end" in str(error)
            refuse(f"Line {lines.number}: {error}.", Code.CUT_SHORT if is_cut else Code.INVALID_FILE)
        if cells is None:
            return
        if any(map(str.strip, cells)):
            yield lines.number, cells


# The first line -------------------------------------------------------------------------------------------------------


class _Columns:
    """The columns of a file: which is where, what separates them, and what stands before the decimals."""

    def __init__(self, kind: ReceivedType, head: str) -> None:
        self._kind = kind
        known = {*columns_of(kind), DAY}
        splits = {one: cells for one in _SEPARATORS if (cells := _cells(head, one)) is not None}
        if not splits:
            refuse("Line 1: a quote that does not end.", Code.WRONG_COLUMNS)
        fitting = [one for one, names in splits.items() if known.issuperset(names)]
        self.separator = fitting[0] if fitting else max(splits, key=lambda one: len(splits[one]))
        self.names = splits[self.separator]
        self._require_known(known)
        self._mark = "." if self.separator == "," else None  # None: no amount has said yet
        self._money = money_of(kind)
        self._texts = texts_in(kind)

    def _require_known(self, known: set[str]) -> None:
        names = self.names
        if len(names) > COLUMNS_MAX:
            refuse(f"The file has {len(names)} columns; at most {COLUMNS_MAX} are read.", Code.WRONG_COLUMNS)
        if unknown := [name for name in names if name not in known]:
            told = ", ".join(f"{name!r:.60}" for name in unknown[:20])
            refuse(f"These columns are unknown: {told}. A {self._kind} file has {', '.join(columns_of(self._kind))}.",
                   Code.WRONG_COLUMNS)  # fmt: skip
        if twice := {name for name in names if names.count(name) > 1}:
            refuse(f"These columns are there twice: {', '.join(sorted(twice))}.", Code.WRONG_COLUMNS)
        if missing := [
            one for one in columns_of(self._kind) if one not in names and one not in optional_of(self._kind)
        ]:
            refuse(f"These columns are missing: {', '.join(missing)}.", Code.WRONG_COLUMNS)

    def row(self, line: int, cells: list[str], lines: _Lines, business_on: date) -> Row:
        """The row. Refused: CUT_SHORT where the last line lacks fields, WRONG_DAY, INVALID_FILE."""
        if len(cells) != len(self.names):
            code = Code.CUT_SHORT if len(cells) < len(self.names) and lines.is_over() else Code.INVALID_FILE
            refuse(f"Line {line}: {len(cells)} fields where the first line names {len(self.names)} columns.", code)
        fields = dict.fromkeys(optional_of(self._kind), "")
        fields |= {name: cell.strip() for name, cell in zip(self.names, cells, strict=True)}
        for name in self._texts & fields.keys():
            fields[name] = unescaped(fields[name])
        if self._mark is None:
            self._mark = self._first_mark(fields)
        row = row_of(self._kind, fields, self._mark or ".")
        if isinstance(row, Unreadable):
            refuse(f"Line {line}, column {row.column}: {row.why}.")
        self._require_day(line, row, fields, business_on)
        return row

    def _first_mark(self, fields: Mapping[str, str]) -> str | None:
        """What stands before the decimals of the first amount that has any."""
        for name in self._money:
            for mark in (".", ","):
                if mark in fields[name]:
                    return mark
        return None

    def _require_day(self, line: int, row: Row, fields: Mapping[str, str], business_on: date) -> None:
        day = row.business_on.isoformat() if isinstance(row, Txn) else fields.get(DAY, business_on.isoformat())
        if day != business_on.isoformat():
            sentence = f"Line {line}, column {DAY}: {day!r:.40} is not the day that it was sent for, {business_on}."
            refuse(sentence, Code.WRONG_DAY)


def _cells(head: str, separator: str) -> list[str] | None:
    """The names; None where its quotes say that something else separates them."""
    try:
        return [name.strip() for name in next(csv.reader([head], delimiter=separator, strict=True))]
    except csv.Error:
        return None
