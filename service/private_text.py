"""Free texts about a person: sealed when they come in, and opened when they go out.

    sent    {"evidence": "The lens is scratched: photograph 3."}     a request, and its answer
    kept    {"evidence": "sealed.AXBsAZ8..."}                        fact, standing, event, the answer under its key

The edge seals a text before anything is done with it, with the data key of the consumer whom it is about, and opens the
words in the bytes of an answer. Between the two a text is a word that nobody reads: rules carry it on, plans are folded
and proved without a key, and a digest over what is kept is the same before and after an erasure. What is empty stays
empty. A text opens only for the row it was sealed for, which its word names: a plan, a consumer, a decision, a person.

Which fields of a body are such texts, their types say: `Annotated[str, Meta(max_length=500), SEALED]`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from service import ids
from service.data_key import MARK, DataKey, DoesNotOpen, Place, as_text, from_text, key_id_of

ERASED: Final = "(erased)"  # what is read where a text was


class Mark(Enum):
    """What the type of a text says of it."""

    IS_SEALED = 1  # it is about a person
    NO_NUMBERS = 2  # a number of a card, an account or a person in it is refused
    IN_SIGHT = 3  # it names something: all of it can be seen


Marks = tuple[Mark, ...]
SEALED: Final = Mark.IS_SEALED
NO_NUMBERS: Final = Mark.NO_NUMBERS
IN_SIGHT: Final = Mark.IN_SIGHT
S = TypeVar("S", bound=Struct)


def seal_text(key: DataKey, row_id: str, text: str) -> str:
    """The word that is kept in its place."""
    return as_text(ids.packed(row_id) + key.seal(text.encode(), _place(row_id)))


def open_text(key: DataKey | None, row_id: str, word: str) -> str:
    """The text again; that it was erased, where there is no key any more. Raises `DoesNotOpen`."""
    if key is None or not word:
        return ERASED if word else ""
    row, sealed = _parts(word)
    if row != row_id:
        raise DoesNotOpen
    return key.unseal(sealed, _place(row_id)).decode()


def sealed_body(body: S, key: DataKey, row_id: str) -> S:
    """The same body, each text in it that is about a person sealed."""
    return _changed(body, lambda text: seal_text(key, row_id, text))


def has_texts(body: Struct) -> bool:
    """Whether a text that is about a person stands in it."""
    return any(text for _, text in marked_texts(body, SEALED))


def has_marked(kind: type[Struct], mark: Mark) -> bool:
    """Whether a body of this type may hold texts with the mark."""
    return any(mark in marks or mark in inside for _, _, marks, inside in _texts_in(kind))


def marked_texts(body: Struct, mark: Mark, at: str = "") -> Iterator[tuple[str, str]]:
    """The texts whose type has the mark, each with its pointer."""
    for name, wire_name, marks, inner in _texts_in(type(body)):
        value = getattr(body, name)
        if inner:
            for place, one in enumerate(value):
                yield from marked_texts(one, mark, f"{at}/{wire_name}/{place}")
        elif value and mark in marks:
            yield f"{at}/{wire_name}", value


def words_in(raw: bytes) -> dict[bytes, tuple[str, str]]:
    """The sealed words in JSON: of which row each is, and of whose key."""
    found = {}
    for word in set(_WORD.findall(raw)):
        try:
            row_id, sealed = _parts(word.decode())
            found[word] = row_id, key_id_of(sealed)
        except (DoesNotOpen, UnicodeDecodeError):
            continue  # somebody else's word, which only looks like one of ours
    return {
        word: one for word, one in found.items() if ids.is_id(one[1], ids.CONSUMER) or ids.is_id(one[1], ids.PERSON)
    }


def opened(raw: bytes, words: Mapping[bytes, tuple[str, str]], keys: Mapping[str, DataKey | None]) -> bytes:
    """The JSON with those of the words open whose keys are given: None, of one that was destroyed."""

    def text_of(found: re.Match[bytes]) -> bytes:
        word = found[0]
        row_id, key_id = words.get(word, ("", ""))
        if key_id not in keys:
            return word
        try:
            return msgspec.json.encode(open_text(keys[key_id], row_id, word.decode()))[1:-1]
        except DoesNotOpen:
            return word

    return _WORD.sub(text_of, raw)


def _changed(body: S, change: Callable[[str], str]) -> S:
    changed: dict[str, Any] = {}
    for name, _, marks, inner in _texts_in(type(body)):
        value = getattr(body, name)
        if value and inner:
            changed[name] = tuple([_changed(one, change) for one in value])
        elif value and SEALED in marks:
            changed[name] = change(value)
    return replace(body, **changed) if changed else body


@lru_cache(maxsize=1000)
def _texts_in(kind: type[Struct]) -> tuple[tuple[str, str, Marks, Marks], ...]:
    """The fields that are texts with marks, or lists of structs that have some: the name, the name on the wire, the
    marks, and those within the list."""
    hints, found = get_type_hints(kind, include_extras=True), []
    for field in msgspec.structs.fields(kind):
        marks, inside = _said(hints[field.name])
        if marks or inside:
            found.append((field.name, field.encode_name, marks, inside))
    return tuple(found)


def _said(hint: Any) -> tuple[Marks, Marks]:
    """The marks of a type, and of a list those of the structs in it."""
    if get_origin(hint) is Annotated:
        marks = tuple([one for one in get_args(hint)[1:] if isinstance(one, Mark)])
        return (marks, ()) if marks else _said(get_args(hint)[0])
    parts = [one for one in get_args(hint) if one is not Ellipsis]
    if get_origin(hint) is tuple:
        kinds = [one for one in parts if isinstance(one, type) and issubclass(one, Struct)]
        return (), tuple([mark for one in kinds for _, _, *said in _texts_in(one) for marks in said for mark in marks])
    return next((said for one in parts if (said := _said(one))[0]), ((), ()))  # it may be null


def _parts(word: str) -> tuple[str, bytes]:
    whole = from_text(word)
    if len(whole) <= _ROW:
        raise DoesNotOpen
    return ids.unpacked(whole[:_ROW]), whole[_ROW:]


def _place(row_id: str) -> Place:
    return Place("texts", "text", row_id)


_ROW: Final = 18  # bytes of a packed id
_WORD: Final = re.compile(re.escape(MARK).encode() + rb"[A-Za-z0-9_-]{80,}")
