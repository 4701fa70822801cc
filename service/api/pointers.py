"""Where in a body something is wrong: JSON pointers (RFC 6901), found once it is known that there is a fault."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final

import msgspec

# Bodies that are wrong are looked through so far: where the fault is further in, the pointer names what holds it.
KEYS_MAX: Final = 1_000
VALUES_MAX: Final = 2_000

Place = tuple[str, ...]
Path = tuple[Any, str | int] | None  # a step and the path before it: no deep value is walked with a copy for each step

_STEP: Final = re.compile(r"\.([\w$]+)|\[(\d+|\.\.\.)\]")
_FIELD: Final = re.compile(r"(?:required|unknown) field `([^`]*)`")
_ANY_KEY: Final = "..."  # so msgspec calls a key of a map, whichever it is


def pointer_of(place: Place) -> str:
    """`("items", "0", "a/b")` -> `/items/0/a~1b`."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in place)


def sentence_and_pointer(error: msgspec.ValidationError, raw: bytes, decode: Callable[[bytes], Any]) -> tuple[str, str]:
    """What msgspec says of `raw`, and the pointer to what it means.

    `... - at `$.items[0].amount`` is /items/0/amount. It does not say which key of a map it means: that is found by
    decoding one half of the map, and of that a half.
    """
    sentence, place = _read(error)
    while _ANY_KEY in place:
        at = place.index(_ANY_KEY)
        try:
            key = _first_wrong_key(raw, decode, place, at)
        except (ValueError, RecursionError):  # what follows is not even JSON
            key = None
        place = place[:at] if key is None else (*place[:at], key, *place[at + 1 :])  # the map stands for its key
    if named := _FIELD.search(sentence):
        place = (*place, named[1])
    return f"{sentence}.", pointer_of(place)


def _read(error: msgspec.ValidationError) -> tuple[str, Place]:
    message = str(error).replace(r"\\Z'", "$'")  # as the contract has it
    sentence, _, path = message.partition(" - at `$")
    if path:
        return sentence, _place(path)
    sentence, _, path = message.partition(" - at `key` in `$")
    return sentence, (*_place(path), _ANY_KEY) if path else ()


def _place(path: str) -> Place:
    return tuple(name or index for name, index in _STEP.findall(path))


def _first_wrong_key(raw: bytes, decode: Callable[[bytes], Any], place: Place, at: int) -> str | None:
    """The first key of the map at `place[:at]` that makes the decoder stumble."""
    body = json.loads(raw)
    above, step = None, ""
    found = body
    for step in place[:at]:
        above, found = found, found[int(step)] if isinstance(found, list) else found[step]
    entries = list(found.items())
    if len(entries) > KEYS_MAX:
        return None

    def stumbles(good: int, bad: int) -> bool:
        less = dict(entries[good:bad])
        if above is not None:
            above[int(step) if isinstance(above, list) else step] = less
        try:
            decode(json.dumps(body if above is not None else less).encode())
        except msgspec.ValidationError as error:
            return _read(error)[1] == place
        return False

    good, bad = 0, len(entries)
    if not stumbles(good, bad):
        return None
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (good, middle) if stumbles(good, middle) else (middle, bad)
    return str(entries[bad - 1][0])


# What a typed decoder lets pass ---------------------------------------------------------------------------------------


class Twice(dict[str, Any]):
    """An object that gives the key `name` twice."""

    name = ""


def with_doubles(text: str) -> Any:
    """The JSON text, its objects that give a key twice told from others."""
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    if len(known) == len(pairs):
        return known
    times = Counter(name for name, _ in pairs)
    twice = Twice(pairs)
    twice.name = next(name for name, count in times.items() if count > 1)
    return twice


def doubled(value: Any) -> Place | None:
    """The first key that is given twice."""
    return next(((*place_of(path), one.name) for path, one in everything(value) if isinstance(one, Twice)), None)


def holding(value: Any, bad: re.Pattern[str], values_max: int | None = None) -> Place | None:
    """The first text that holds `bad`; an object stands for its key, which often cannot be written."""
    for path, one in islice(everything(value), values_max):
        texts = [one] if isinstance(one, str) else one if isinstance(one, dict) else ()
        if any(bad.search(text) for text in texts):
            return place_of(path)
    return None


def everything(value: Any) -> Iterator[tuple[Path, Any]]:
    """All that is in a JSON value with its path, from the outside in."""
    yield None, value
    open_ones: list[tuple[Path, Iterator[tuple[str | int, Any]]]] = [(None, _children(value))]
    while open_ones:
        path, rest = open_ones[-1]
        for name, child in rest:
            here = path, name
            yield here, child
            if isinstance(child, dict | list):
                open_ones.append((here, _children(child)))
                break
        else:
            open_ones.pop()


def _children(value: Any) -> Iterator[tuple[str | int, Any]]:
    return iter(value.items()) if isinstance(value, dict) else iter(enumerate(value if isinstance(value, list) else ()))


def place_of(path: Path) -> Place:
    """`((None, "items"), 0)` -> `("items", "0")`."""
    steps = []
    while path is not None:
        path, step = path
        steps.append(str(step))
    return tuple(reversed(steps))
