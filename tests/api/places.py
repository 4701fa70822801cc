"""The places of a body, read from its type: what stands there, whether it is needed, and what is beyond its bounds."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec.inspect as types
from msgspec import Struct

from tests.api.wrong import DATES, FAR, FAR_INSTANTS

LINE_MAX = 200  # characters; a longer text without a pattern may have several lines


class Place(Struct):
    """A field, or an element of a list, at its JSON pointer; a field may be absent from the body."""

    pointer: str
    known: types.Type
    is_needed: bool = False
    is_null_right: bool = False

    @property
    def is_free(self) -> bool:
        """Whether values of several types may stand there."""
        return isinstance(self.known, types.UnionType | types.AnyType)

    @property
    def is_map(self) -> bool:
        """Whether its keys are the caller's own."""
        return isinstance(self.known, types.DictType)

    @property
    def takes_lines(self) -> bool:
        """Whether a text of several lines may stand there."""
        if not isinstance(self.known, types.StrType):
            return False
        if self.known.pattern is not None:
            return re.search(self.known.pattern, "two\nlines") is not None
        return (self.known.max_length or 0) > LINE_MAX

    @property
    def python_type(self) -> type:
        """What it is as JSON: an integer, a text, a list ..."""
        match self.known:
            case types.IntType():
                return int
            case types.BoolType():
                return bool
            case types.ListType() | types.VarTupleType() | types.TupleType() | types.SetType() | types.FrozenSetType():
                return list
            case types.StructType() | types.DictType():
                return dict
        return str


def places(known: types.Type, value: Any, pointer: str = "") -> Iterator[Place]:
    """Everything below `pointer` where `value`, of this type, stands."""
    match plain(known):
        case types.StructType(fields=fields) if isinstance(value, dict):
            for field in fields:
                below = f"{pointer}/{field.encode_name}"
                yield Place(below, plain(field.type), field.required, may_be_null(field.type))
                yield from places(field.type, value.get(field.encode_name), below)
        case types.DictType(value_type=of) if isinstance(value, dict):
            for key in value:
                yield Place(f"{pointer}/{key}", plain(of), is_null_right=may_be_null(of))
                yield from places(of, value[key], f"{pointer}/{key}")
        case types.ListType(item_type=of) | types.VarTupleType(item_type=of) if isinstance(value, list):
            for number, one in enumerate(value):
                yield Place(f"{pointer}/{number}", plain(of), is_null_right=may_be_null(of))
                yield from places(of, one, f"{pointer}/{number}")


def plain(known: types.Type) -> types.Type:
    """The type without what is said about it, and without null."""
    if isinstance(known, types.Metadata):
        return plain(known.type)
    if isinstance(known, types.UnionType):
        others = [one for one in known.types if not isinstance(one, types.NoneType)]
        return plain(others[0]) if len(others) == 1 else known
    return known


def may_be_null(known: types.Type) -> bool:
    """Whether null stands for nothing there."""
    if isinstance(known, types.Metadata):
        return may_be_null(known.type)
    return isinstance(known, types.UnionType) and any(isinstance(one, types.NoneType) for one in known.types)


def beyond(place: Place, value: Any) -> Iterator[Any]:
    """Values of the right type just beyond the bounds that the type itself says; `value` is a right one, if known."""
    match place.known:
        case types.IntType(ge=least, le=most):
            yield from [least - 1] if least is not None else []
            yield from [most + 1] if most is not None else []
        case types.StrType(min_length=shortest, max_length=longest):
            yield from ["x" * (shortest - 1)] if shortest else []
            yield from ["x" * (longest + 1)] if longest is not None else []
        case types.EnumType() | types.LiteralType():
            yield from ("", "nothing such", "\x00")
        case types.DateType():
            yield from (*DATES[:-2], *FAR)
        case types.DateTimeType():
            yield from ("tomorrow", "", "2026-04-01T25:00:00Z", *FAR_INSTANTS)
        case (
            types.ListType(min_length=shortest, max_length=longest)
            | types.VarTupleType(min_length=shortest, max_length=longest)
        ):
            yield from [[]] if shortest else []
            yield from [value[:1] * (longest + 1)] if longest is not None and value else []
