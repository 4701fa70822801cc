"""Reading a request body: strictly, from the raw bytes, naming the field at fault.

A framework's own decoding is lenient ("100", 100.0 and 1e2 become 100) and silent about duplicate keys; money is not.
"""

import json
import re
from typing import Any, Final, Generic, TypeVar

import msgspec

from service.errors import Code, Refused

BYTES_MAX: Final = 64 * 1024

_JSON_TYPES: Final = ("application/json",)
_CHARSETS: Final = ("", "utf-8", "utf8")


T = TypeVar("T")


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A verb without arguments: the body is `{}` or empty."""


class Body(Generic[T]):
    """A decoder for one wire type."""

    def __init__(self, wire: type[T]) -> None:
        self.wire = wire
        self._decode = msgspec.json.Decoder(wire).decode

    def read(self, raw: bytes, content_type: str) -> T:
        """The body as `T`. Refused: UNSUPPORTED_MEDIA_TYPE, TOO_LARGE, MALFORMED, INVALID_FIELD with its pointer."""
        require_json(content_type)
        if len(raw) > BYTES_MAX:
            raise too_large()
        try:
            body = self._decode(raw)
        except msgspec.ValidationError as error:
            raise invalid_field(str(error)) from None
        except (ValueError, RecursionError) as error:
            raise _malformed(raw, error) from None
        _check_text(raw)
        return body


def too_large() -> Refused:
    """The body is longer than we read."""
    return Refused(Code.TOO_LARGE, f"The body is longer than {BYTES_MAX} bytes.", "")


def require_json(content_type: str) -> None:
    """Only JSON in UTF-8 is read."""
    if content_type == "application/json":
        return
    media, _, parameters = content_type.partition(";")
    charset = re.search(r'charset="?([\w-]+)', parameters, re.IGNORECASE)
    if media.strip().lower() not in _JSON_TYPES or (charset and charset[1].lower() not in _CHARSETS):
        raise Refused(
            Code.UNSUPPORTED_MEDIA_TYPE, f"Send Content-Type: application/json (UTF-8), not {content_type[:100]!r}."
        )


def invalid_field(message: str) -> Refused:
    """msgspec's message as a refusal that points at the field: `... - at `$.items[0].amount`` -> /items/0/amount."""
    sentence, _, path = message.partition(" - at `$")
    if not path:  # `... - at `key` in `$.attributes``: the map stands for its key
        sentence, _, path = message.partition(" - at `key` in `$")
    pointer = re.sub(r"\[(\d+)\]", r"/\1", path.rstrip("`").replace("[...]", "/*")).replace(".", "/")
    if named := re.search(r"(?:required|unknown) field `([^`]*)`", sentence):
        pointer += "/" + named[1].replace("~", "~0").replace("/", "~1")
    return Refused(Code.INVALID_FIELD, f"{sentence}.", pointer)


def _malformed(raw: bytes, error: Exception) -> Refused:
    if isinstance(error, RecursionError):
        return Refused(Code.MALFORMED, "The body is nested too deeply.", "")
    try:
        raw.decode()
    except UnicodeDecodeError as bad:
        where = f"The body is not UTF-8: byte {bad.start}."
        return Refused(Code.MALFORMED, where, _where(raw.decode(errors="replace"), _REPLACED))
    return Refused(Code.MALFORMED, f"The body is not JSON: {error}.", _where(raw.decode(), _SURROGATE) or "")


class _Duplicate(Exception):
    pass


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    if len(known) != len(pairs):
        names = [name for name, _ in pairs]
        raise _Duplicate(next(name for name in names if names.count(name) > 1))
    return known


_decode_strictly = json.JSONDecoder(object_pairs_hook=_no_duplicates).decode


_encode, _decode_any = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode


def _is_plain(raw: bytes) -> bool:
    """Whether there is nothing to check, told quickly: without escapes a colon is a colon wherever it stands, and a
    key given twice, read and written again, leaves one colon less."""
    try:
        return b"\\" not in raw and _encode(_decode_any(raw)).count(b":") == raw.count(b":")
    except (ValueError, OverflowError, RecursionError):
        return False


def _check_text(raw: bytes) -> None:
    """What a typed decoder lets pass: a key given twice, NUL characters (PostgreSQL cannot keep them)."""
    if _is_plain(raw):
        return
    text = raw.decode()
    try:
        _decode_strictly(text)
    except _Duplicate as duplicate:
        raise Refused(Code.MALFORMED, f"The key {str(duplicate)!r} is given twice.", f"/{duplicate}") from None
    except (ValueError, RecursionError) as error:
        raise _malformed(raw, error) from None
    if "\\u0000" in text and (pointer := _where(text, _NUL)) is not None:
        raise Refused(Code.INVALID_FIELD, "A text holds a NUL character.", pointer)


_NUL: Final = re.compile("\x00")
_REPLACED: Final = re.compile("\ufffd")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")  # half a character, escaped: Python reads it, nobody can write it


def _where(text: str, bad: re.Pattern[str]) -> str | None:
    """The pointer to the first string that holds `bad`; None if there is none, or the text cannot be read."""
    try:
        return _find(json.loads(text), bad, "")
    except (ValueError, RecursionError):
        return None


def _find(value: Any, bad: re.Pattern[str], pointer: str) -> str | None:
    if isinstance(value, str):
        return pointer if bad.search(value) else None
    children: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
        if any(bad.search(name) for name, _ in children):
            return pointer  # the object stands for its key, which cannot be written
    elif isinstance(value, list):
        children = [(str(i), child) for i, child in enumerate(value)]
    return next((found for name, child in children if (found := _find(child, bad, f"{pointer}/{name}"))), None)
