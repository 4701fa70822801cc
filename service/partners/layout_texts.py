"""The rows of the daily files as texts and back: CSV as RFC 4180 has it, and its NDJSON twin. Pure.

The twin has one object a line, with the same names and the same texts; what is empty there is null.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, get_type_hints

from msgspec import Struct

from service.ids import PLAN, is_id
from service.money import EXPONENTS, decimal_text
from service.partners.layouts import ROWS, Row, Stl, Txn, columns_of, side_of

# Writing --------------------------------------------------------------------------------------------------------------

# What a spreadsheet takes for a formula, and the mark that keeps it a text. A text that begins with the mark gets it,
# too: so every text comes back as it was.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'")
_MARKS: Final = frozenset(_FORMULA)

Columns = Mapping[str, Sequence[Any]]  # by name, in the order of the file: the values of some rows

_money_text: Final = lru_cache(maxsize=65_536)(decimal_text)  # amounts of a file are often the same
_plain_text: Final[Callable[[Any], str]] = lru_cache(maxsize=65_536)(str)  # so are days, counts and words


def escaped(text: str) -> str:
    """The text as no spreadsheet takes it for a formula: `=1+1` is `'=1+1`."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def unescaped(text: str) -> str:
    """The text again."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA) else text


def texts_of(row: Row) -> list[str | None]:
    """A row's fields as texts, in the order of its columns; nothing is None."""
    currency = getattr(row, "currency", "")
    return [write(value, currency) for write, value in zip(_WRITES[type(row)], _values(row), strict=True)]


def columns_from(kind: str, rows: Iterable[Iterable[Any]]) -> Columns:
    """Values in the order of the file's columns, row by row, turned into columns."""
    names = columns_of(kind)
    return dict(zip(names, list(zip(*rows, strict=True)) or [()] * len(names), strict=True))


def columns_of_rows(kind: str, rows: Iterable[Row]) -> Columns:
    """The same, of rows that were read."""
    return columns_from(kind, map(_values, rows))


def csv_of(kind: str, columns: Columns) -> str:
    """Columns as CSV, without the line of names. A column is written at once, which is faster.

    Where no field has a quote, a comma or an end of a line, the fields are joined: in half the time, to the same bytes.
    """
    currencies, written = columns.get("currency", ()), []
    money, texts = _MONEY[ROWS[kind]], texts_in(kind)
    for name, values in columns.items():
        if name in money:
            written.append(list(map(_money_text, values, currencies)))
        elif name in texts:
            written.append([f"'{one}" if one and one[0] in _MARKS else one or "" for one in values])
        else:
            written.append(["" if one is None else _plain_text(one) for one in values])
    rows = list(zip(*written, strict=True))
    joined = "".join([line + "\r\n" for line in map(",".join, rows)])
    ends = {joined.count("\r"), joined.count("\n")}
    if '"' not in joined and joined.count(",") == len(rows) * (len(written) - 1) and ends == {len(rows)}:
        return joined
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def csv_head(kind: str) -> str:
    """The first line."""
    return ",".join(columns_of(kind)) + "\r\n"


def ndjson_text(rows: Iterable[Row]) -> str:
    """Rows as NDJSON, where a formula is a text like any other."""
    return "".join(_line(_by_name(row)) for row in rows)


def _line(fields: dict[str, str | None]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n"


def _by_name(row: Row) -> dict[str, str | None]:
    return dict(zip(type(row).__struct_fields__, texts_of(row), strict=True))


def _values(row: Row) -> list[Any]:
    return [getattr(row, name) for name in type(row).__struct_fields__]


# Reading one row ------------------------------------------------------------------------------------------------------

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AMOUNT: Final = re.compile(r"[+-]?([0-9]{1,15})(?:([.,])([0-9]+))?")


class Unreadable(Struct, frozen=True):
    """Why a field cannot be read."""

    column: str
    why: str


def row_of(kind: str, fields: Mapping[str, str], mark: str = ".") -> Row | Unreadable:
    """The row that these fields, by column name, are. `mark` stands before the decimals."""
    currency = fields.get("currency", "")
    if "currency" in columns_of(kind) and currency not in EXPONENTS:
        return Unreadable("currency", f"{currency!r:.20} is not a currency that we know")
    row = ROWS[kind]
    read: list[Any] = []
    for column, (reader, is_nullable) in _READS[row].items():
        text = fields[column]
        if not text and not is_nullable:
            return Unreadable(column, "it is empty")
        value = reader(text, currency, mark) if text else None
        if isinstance(value, Unreadable):
            return Unreadable(column, value.why)
        read.append(value)
    return _checked(row(*read))


def _checked(row: Row) -> Row | Unreadable:
    if isinstance(row, Txn | Stl) and row.amount and row.side is not side_of(row.amount):
        return Unreadable("side", f"it is {row.side}, and the amounts of the row are a {side_of(row.amount)}")
    return row


def minor_units(text: str, currency: str, mark: str = ".") -> int | Unreadable:
    """`-1234.5` EUR as -123450: digits, one mark, no more decimals than the currency has, nothing else."""
    match, exponent = _AMOUNT.fullmatch(text), EXPONENTS[currency]
    if match is None:
        return Unreadable("", f"{text!r:.40} is not an amount such as 1234{mark}50, without a mark between thousands")
    whole, found, decimals = match[1], match[2], match[3] or ""
    if found and found != mark:
        return Unreadable("", f"{text!r:.40} has {found!r} before the decimals, and the file has {mark!r}")
    if len(decimals) > exponent:
        return Unreadable("", f"{text:.40} has more than the {exponent} decimals of {currency}")
    if found == "," and exponent > 2:
        return Unreadable("", f"{text:.40} could be thousands; write {currency} with a point")
    amount = int(whole + decimals.ljust(exponent, "0"))
    return -amount if text[0] == "-" else amount


def _day(text: str, _currency: str, _mark: str) -> date | Unreadable:
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")  # which knows weeks, too
    except ValueError:
        return Unreadable("", f"{text!r:.40} is not a day such as 2026-03-31")


def _count(text: str, _currency: str, _mark: str) -> int | Unreadable:
    is_count = text.isascii() and text.isdigit() and len(text) <= 9
    return int(text) if is_count else Unreadable("", f"{text!r:.40} is not a whole number")


def _text(longest: int) -> Callable[[str, str, str], str | Unreadable]:
    def read(text: str, _currency: str, _mark: str) -> str | Unreadable:
        if len(text) > longest:
            return Unreadable("", f"it has {len(text)} characters; at most {longest} are read")
        return text if text.isprintable() else Unreadable("", f"{text!r:.60} holds a character that nobody sees")

    return read


def _id(text: str, _currency: str, _mark: str) -> str | Unreadable:
    """An id of ours as we write it, or the partner's own. What tools make of one of ours is no other: `="cm_..."`."""
    if _OURS.fullmatch(text) is None and (found := _LIKE_OURS.fullmatch(text)):
        was = f"{found[1].lower()}_{found[2].upper()}"
        return Unreadable("", f"{text!r:.60} is an id that was changed on its way, {was}")
    return _read_id(text, "", "")


def _plan_id(text: str, _currency: str, _mark: str) -> str | Unreadable:
    """A plan has no other name than ours."""
    if is_id(text, PLAN):
        return text
    return _refused(_id(text, "", "")) or Unreadable("", f"{text!r:.60} is no plan: {PLAN}_ and 26 letters and digits")


def _refused(read: str | Unreadable) -> Unreadable | None:
    return read if isinstance(read, Unreadable) else None


def _one_of(words: type[StrEnum]) -> Callable[[str, str, str], StrEnum | Unreadable]:
    known: dict[str, StrEnum] = {str(one): one for one in words}

    def read(text: str, _currency: str, _mark: str) -> StrEnum | Unreadable:
        return known.get(text) or Unreadable("", f"{text!r:.40} is none of {', '.join(known)}")

    return read


# What is done with each column, worked out once from the types of the fields ------------------------------------------


def _plain(value: Any, _currency: str) -> str | None:
    return None if value is None else str(value)


def _amount(value: int, currency: str) -> str:
    return decimal_text(value, currency)


def _reader(hint: Any) -> Callable[[str, str, str], Any]:
    parts = [one for one in getattr(hint, "__args__", ()) if one is not type(None)]
    meta = getattr(hint, "__metadata__", ()) or (getattr(parts[0], "__metadata__", ()) if parts else ())
    kind = parts[0] if parts and not meta else hint
    if meta:
        return _BY_META.get(meta[0]) or _text(meta[0])
    if kind is date:
        return _day
    if kind is int:
        return _count
    return _text(3) if kind is str else _one_of(kind)


# An id of ours, alone or with the number of one of several (what a cause did to several partners: `-1`, `-2`); and the
# same in other cases, in quotes or after a formula's sign.
_OURS: Final = re.compile(r"[a-z]{2}_[0-7][0-9A-HJKMNP-TV-Z]{25}(\.\w+)?(-[0-9]+)?", re.ASCII)
_LIKE_OURS: Final = re.compile(r"\W*([a-z]{2})_([0-7][0-9A-HJKMNP-TV-Z]{25})(\W.*)?", re.IGNORECASE)
_read_id: Final = _text(64)
_BY_META: Final[dict[Any, Callable[[str, str, str], Any]]] = {"money": minor_units, "id": _id, "plan": _plan_id}

_HINTS: Final = {row: get_type_hints(row, include_extras=True) for row in ROWS.values()}
_READS: Final = {
    row: {name: (_reader(hint), type(None) in getattr(hint, "__args__", ())) for name, hint in hints.items()}
    for row, hints in _HINTS.items()
}  # fmt: skip
_WRITES: Final = {
    row: [_amount if reads is minor_units else _plain for reads, _ in columns.values()]
    for row, columns in _READS.items()
}
_TEXTS: Final = {
    row: [place for place, hint in enumerate(hints.values()) if "str" in repr(hint)] for row, hints in _HINTS.items()
}
_MONEY: Final = {
    row: tuple(name for name, (reads, _) in columns.items() if reads is minor_units) for row, columns in _READS.items()
}


def money_of(kind: str) -> tuple[str, ...]:
    """The columns that hold amounts."""
    return _MONEY[ROWS[kind]]


_NAMED_TEXTS: Final = {
    kind: frozenset(columns_of(kind)[place] for place in _TEXTS[row]) for kind, row in ROWS.items()
}  # fmt: skip


def texts_in(kind: str) -> frozenset[str]:
    """The columns that hold texts, which may be escaped."""
    return _NAMED_TEXTS[kind]


def optional_of(kind: str) -> frozenset[str]:
    """The columns that may be empty, and that a file may do without."""
    return frozenset(name for name, (_, may_be_empty) in _READS[ROWS[kind]].items() if may_be_empty)


def twin_of(kind: str, text: str) -> str:
    """Whole lines of our CSV, with or without the line of names, as NDJSON."""
    names, texts, lines = columns_of(kind), _TEXTS[ROWS[kind]], []
    for fields in csv.reader(io.StringIO(text, newline="")):
        if tuple(fields) != names:
            for place in texts:
                fields[place] = unescaped(fields[place])
            lines.append(_line(dict(zip(names, [field or None for field in fields], strict=True))))
    return "".join(lines)
