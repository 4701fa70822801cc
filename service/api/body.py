"""Reading a request body: strictly, from the raw bytes, naming the field at fault.

A framework's own decoding is lenient ("100", 100.0 and 1e2 become 100) and silent about duplicate keys; money is not.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from itertools import islice
from typing import Any, Final, Generic, TypeVar

import msgspec

from service.api.known_years import refuse_far
from service.api.pointers import (
    VALUES_MAX,
    doubled,
    everything,
    holding,
    place_of,
    pointer_of,
    sentence_and_pointer,
    with_doubles,
)
from service.errors import A_KEY, Code, Refused, holds_a_key
from service.payments.account_number import refuse_numbers
from service.private_text import IN_SIGHT, NO_NUMBERS, Mark, has_marked, marked_texts
from service.spelling import refuse_unseen

BYTES_MAX: Final = 64 * 1024

MISPLACED: Final = (
    "This looks like a key to the API: it goes into Authorization and nowhere else. Have it rotated, for it was seen."
)

_REFUSING: Final = ((IN_SIGHT, refuse_unseen), (NO_NUMBERS, refuse_numbers))  # what a text with the mark must not hold
_JSON_TYPES: Final = ("application/json",)
_CHARSETS: Final = {"utf-8", "utf8"}


T = TypeVar("T", bound=msgspec.Struct)


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A verb without arguments: the body is `{}` or empty."""


class Body(Generic[T]):
    """A decoder for one wire type. What the type asks for is looked up when the first of its bodies comes: of 225 types
    it took a tenth of the time in which a process gets ready."""

    def __init__(self, wire: type[T]) -> None:
        self.wire = wire

    @cached_property
    def _decode(self) -> Callable[[bytes], T]:
        return msgspec.json.Decoder(self.wire).decode

    @cached_property
    def _decimals(self) -> dict[str, re.Pattern[str]]:
        """The patterns of its decimal fields."""
        return dict(_decimals_of(msgspec.inspect.type_info(self.wire)))

    @cached_property
    def _days(self) -> frozenset[str]:
        """The names of its fields that are days or instants."""
        return frozenset(_days_of(msgspec.inspect.type_info(self.wire)))

    @cached_property
    def _refusing(self) -> list[tuple[Mark, Callable[[str, str], None]]]:
        return [(mark, refuse) for mark, refuse in _REFUSING if has_marked(self.wire, mark)]

    def read(self, raw: bytes, content_type: str) -> T:
        """The body as `T`. Refused: UNSUPPORTED_MEDIA_TYPE, TOO_LARGE, MALFORMED, INVALID_FIELD with its pointer;
        MISPLACED_NUMBER."""
        require_json(content_type)
        if len(raw) > BYTES_MAX:
            raise too_large()
        try:
            body = self._decode(raw)
        except msgspec.ValidationError as error:
            with suppress(ValueError, OverflowError, RecursionError):  # what follows may not even be JSON
                _check_decimals(raw, self._decimals, VALUES_MAX)
            raise Refused(Code.INVALID_FIELD, *sentence_and_pointer(error, raw, self._decode)) from None
        except (ValueError, RecursionError) as error:
            raise _malformed(raw, error) from None
        _check_text(raw)
        _check_decimals(raw, self._decimals)
        if self._days:
            refuse_far(raw, self._days)
        if holds_a_key(text := raw.decode()):
            raise Refused(Code.INVALID_FIELD, MISPLACED, _where(text, A_KEY))
        for mark, refuse in self._refusing:
            for pointer, one in marked_texts(body, mark):
                refuse(one, pointer)
        return body


def too_large() -> Refused:
    """The body is longer than we read."""
    return Refused(Code.TOO_LARGE, f"The body is longer than {BYTES_MAX} bytes.", "")


def require_json(content_type: str) -> None:
    """Only JSON in UTF-8 is read."""
    if content_type == "application/json":
        return
    media, _, parameters = content_type.partition(";")
    charsets = re.findall(r'charset="?([\w-]+)', parameters.lower())
    if media.strip().lower() not in _JSON_TYPES or not set(charsets) <= _CHARSETS:
        sentence = f"Send Content-Type: application/json (UTF-8), not {content_type[:100]!r}."
        raise Refused(Code.UNSUPPORTED_MEDIA_TYPE, sentence, "/Content-Type")


def _malformed(raw: bytes, error: Exception) -> Refused:
    if isinstance(error, RecursionError):
        return Refused(Code.MALFORMED, "The body is nested too deeply.", "")
    try:
        raw.decode()
    except UnicodeDecodeError as bad:
        where = _where(raw.decode(errors="replace"), _REPLACED, VALUES_MAX)
        return Refused(Code.MALFORMED, f"The body is not UTF-8: byte {bad.start}.", where or "")
    return Refused(
        Code.MALFORMED, f"The body is not JSON: {error}.", _where(raw.decode(), _SURROGATE, VALUES_MAX) or ""
    )


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
        place = doubled(with_doubles(text))
    except (ValueError, RecursionError) as error:
        raise _malformed(raw, error) from None
    if place is not None:
        raise Refused(Code.MALFORMED, f"The key {place[-1]!r} is given twice.", pointer_of(place))
    if "\\u0000" in text and (pointer := _where(text, _NUL)) is not None:
        raise Refused(Code.INVALID_FIELD, "A text holds a NUL character.", pointer)


def _leaves(known: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The types in a type that hold no others, each by the name of its field."""
    match known:
        case msgspec.inspect.StructType(fields=fields):
            for field in fields:
                yield from _leaves(field.type, field.encode_name)
        case msgspec.inspect.ListType(item_type=one) | msgspec.inspect.VarTupleType(item_type=one):
            yield from _leaves(one, name)
        case msgspec.inspect.UnionType(types=types):
            for one in types:
                yield from _leaves(one, name)
        case msgspec.inspect.DictType(value_type=one):
            yield from _leaves(one, name)
        case msgspec.inspect.Metadata(type=one):
            if isinstance(one, msgspec.inspect.DecimalType):
                yield name, known
            else:
                yield from _leaves(one, name)
        case _:
            yield name, known


def _decimals_of(known: Any) -> Iterator[tuple[str, re.Pattern[str]]]:
    """The patterns of a type's decimal fields, by name. msgspec holds none against them: it takes floats, too."""
    for name, one in _leaves(known):
        match one:
            case msgspec.inspect.Metadata(extra_json_schema={"pattern": pattern}):
                yield name, re.compile(str(pattern))


def _days_of(known: Any) -> Iterator[str]:
    """The names of a type's fields that are days or instants."""
    for name, one in _leaves(known):
        if isinstance(one, msgspec.inspect.DateType | msgspec.inspect.DateTimeType):
            yield name


def _check_decimals(raw: bytes, patterns: dict[str, re.Pattern[str]], values_max: int | None = None) -> None:
    if not patterns or _are_decimals(body := _decode_any(raw), patterns):
        return
    for path, value in islice(everything(body), values_max):
        pattern = patterns.get(str(path[1])) if path else None
        if pattern and not (isinstance(value, str) and pattern.search(value)):
            sentence = 'A decimal number is a string of digits, with a point if there is a fraction: "9.4822".'
            raise Refused(Code.INVALID_FIELD, sentence, pointer_of(place_of(path)))


def _are_decimals(body: Any, patterns: dict[str, re.Pattern[str]]) -> bool:
    """Whether all decimal fields are right, told quickly: without where each stands."""
    left = [body] if isinstance(body, dict | list) else []
    while left:
        one = left.pop()
        if isinstance(one, dict):
            for name, pattern in patterns.items():
                if name in one and not (isinstance(value := one[name], str) and pattern.search(value)):
                    return False
        children = one.values() if isinstance(one, dict) else one
        left += [child for child in children if isinstance(child, dict | list)]
    return True


_NUL: Final = re.compile("\x00")
_REPLACED: Final = re.compile("\ufffd")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")  # half a character, escaped: Python reads it, nobody can write it


def _where(text: str, bad: re.Pattern[str], values_max: int | None = None) -> str | None:
    """The pointer to the first string that holds `bad`; None if there is none, or the text cannot be read."""
    try:
        place = holding(json.loads(text), bad, values_max)
    except (ValueError, RecursionError):
        return None
    return None if place is None else pointer_of(place)
