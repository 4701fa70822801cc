"""A file of past purchases. What is not asked for is not read: a protected column never enters a program."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from service.errors import Code, Refused

OTHER_SEPARATORS: Final = {";": '";"', "\t": "tabs", "|": '"|"'}


class Table(Struct, frozen=True):
    """Rows as texts by column; the first row stands in line 2 of a plain file. `sha256` is that of the whole file."""

    name: str
    sha256: str
    rows: tuple[dict[str, str], ...]


def read_table(path: Path, wanted: Mapping[str, str], unread: Sequence[str] = ()) -> Table:
    """The columns `wanted` of a CSV file, each with who wants it: `{"purpose": "--category"}`.

    The columns `unread` must be there all the same: a slip in the name of a protected column would protect nothing.
    Refused with one sentence for a file that cannot be read, lacks a column, is ragged or has no rows.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Refused(Code.INVALID_FILE, f"{path} cannot be read: {error.strerror}.") from None
    try:
        lines = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True))
    except UnicodeDecodeError as error:
        raise Refused(Code.INVALID_FILE, f"{path} is not UTF-8: byte {error.start} is none.") from None
    except csv.Error as error:
        raise Refused(Code.INVALID_FILE, f"{path} is not CSV: {error}.") from None
    header, *rows = [line for line in lines if line] or [[]]
    places = _places(path, header, wanted, unread)
    if not rows:
        raise Refused(Code.INVALID_FILE, f"{path} has no rows.")
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise Refused(Code.INVALID_FILE, f"{path}: row {number} has {len(row)} cells, the header {len(header)}.")
    return Table(
        path.name,
        hashlib.sha256(raw).hexdigest(),
        tuple({name: row[place] for name, place in places.items()} for row in rows),
    )


def _places(path: Path, header: Sequence[str], wanted: Mapping[str, str], unread: Sequence[str]) -> dict[str, int]:
    if not header:
        raise Refused(Code.INVALID_FILE, f"{path} is empty.")
    if other := _other_separator(header, wanted):
        raise Refused(Code.INVALID_FILE, f'{path} is separated by {other} where "," is expected.')
    missing = [f"{name!r} ({who})" for name, who in wanted.items() if name not in header]
    missing += [f"{name!r} (--without)" for name in unread if name not in header]
    if missing:
        has = "has no column" if len(missing) == 1 else "lacks the columns"
        raise Refused(Code.INVALID_FILE, f"{path} {has} {', '.join(missing)}.")
    twice = [name for name in wanted if header.count(name) > 1]
    if twice:
        raise Refused(Code.INVALID_FILE, f"{path} has the column {twice[0]!r} twice.")
    return {name: header.index(name) for name in wanted}


def _other_separator(header: Sequence[str], wanted: Mapping[str, str]) -> str | None:
    """The name of what parts the columns of a header of one cell, if the wanted ones are among its parts."""
    if len(header) > 1:
        return None
    for separator, name in OTHER_SEPARATORS.items():
        parts = {part.strip().strip('"') for part in header[0].split(separator)}
        if len(parts) > 1 and (not wanted or parts & wanted.keys()):
            return name
    return None
