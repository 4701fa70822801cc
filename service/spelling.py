"""What is the same to a reader is one text, and what a reader cannot see is no name. Pure.

"Mu" + U+0308 + "ller"  ->  "Müller"       one program sends seven characters, another six (UAX 15, NFC)
"order-1" + U+200B      ->  refused        on a screen it is order-1, and would be another order
"""

import unicodedata
from typing import Final

from msgspec import Struct
from msgspec.structs import force_setattr

from service.errors import Code, Refused

# General categories of Unicode: controls, formats (zero width, direction), halves of characters, ends of lines and
# paragraphs. And letters that are drawn as nothing at all (UAX 44: default ignorable), or as a blank.
_HIDDEN: Final = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def composed(text: str) -> str:
    """The text as nearly everything that types it writes it."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def spellings(text: str) -> list[str]:
    """All that may be kept of a text: as it is composed now; and as it was sent before that was done, in one piece or
    with its marks apart."""
    return list(dict.fromkeys((composed(text), text, unicodedata.normalize("NFD", text))))


def refuse_unseen(text: str, pointer: str) -> None:
    """Refused: INVALID_FIELD, where a name holds a character that nobody sees, or none that somebody does."""
    if text.isascii() and text.isprintable():
        if text.strip():
            return
    elif hidden := next((one for one in text if unicodedata.category(one) in _HIDDEN or one in _BLANK), None):
        sentence = f"This names something, so all of it is seen; U+{ord(hidden):04X} is not."
        raise Refused(Code.INVALID_FIELD, sentence, pointer)
    elif not text.isspace():
        return
    raise Refused(Code.INVALID_FIELD, "This names something, so it is more than blanks.", pointer)


def compose(struct: Struct, field: str) -> None:
    """Writes a field of a struct that has just been read so."""
    force_setattr(struct, field, composed(getattr(struct, field)))
