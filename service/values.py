"""Values written into SQL, for servers that route a statement by what they can read in it.

Texts and bytes are escape strings (`E'...'`), which mean the same whatever a server's `standard_conforming_strings`.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any


def literal(value: Any) -> str:
    """One value: a text, a number, bytes, a date, an instant, true, false or null."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, str):
        return _text(str(value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"E'\\\\x{bytes(value).hex()}'"
    assert isinstance(value, (datetime, date)), f"{type(value).__name__} is written nowhere"
    return f"'{value.isoformat()}'"


def rows(of: Sequence[Sequence[Any]]) -> str:
    """`values (...), (...)`: the rows of an insert, whose types are those of its columns."""
    return "values " + ", ".join(f"({', '.join(map(literal, row))})" for row in of)


def table(of: Sequence[Sequence[Any]], types: Sequence[str]) -> str:
    """The same as a table in a statement: its first row says the types."""
    if not of:
        return f"(select {', '.join(f'null::{name}' for name in types)} where false)"
    first, *others = of
    typed = ", ".join(f"{literal(value)}::{name}" for value, name in zip(first, types, strict=True))
    return f"(values {', '.join([f'({typed})', *(rows([row])[7:] for row in others)])})"


def _text(value: str) -> str:
    assert "\0" not in value, "PostgreSQL keeps no text with a zero byte"
    return "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
