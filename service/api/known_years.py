"""Days and instants that a request may name: of the years 1900 to 2200.

Python and PostgreSQL know more, but at the ends of what they know the next day, or the same one in another time zone,
is no date any more.
"""

import re
from collections.abc import Collection
from typing import Final

import msgspec

from service.api.pointers import everything, place_of, pointer_of
from service.errors import Code, Refused

_FAR: Final = re.compile(r"(?!19|2[01]|2200-)\d{4}-")
_MAY_BE_FAR: Final = re.compile(rb'"' + _FAR.pattern.encode())


def is_far(text: str) -> bool:
    """Whether a day or an instant of ISO 8601 is of another year."""
    return _FAR.match(text) is not None


def refuse_far(raw: bytes, names: Collection[str]) -> None:
    """Refused: INVALID_FIELD, where a field with one of these names, of a body that was read, is of another year."""
    if _MAY_BE_FAR.search(raw) is None:
        return
    for path, value in everything(msgspec.json.decode(raw)):
        if isinstance(value, str) and is_far(value):
            place = place_of(path)
            if next((step for step in reversed(place) if not step.isdecimal()), None) in names:
                raise far(pointer_of(place))


def far(pointer: str) -> Refused:
    """What is said of it."""
    return Refused(Code.INVALID_FIELD, "Days and instants are of the years 1900 to 2200.", pointer)
