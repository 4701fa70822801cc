"""One text for spellings that are the same to a reader: Unicode's canonical composition (UAX 15, NFC). Pure.

"Mu" + U+0308 + "ller"  ->  "Müller"       one program sends seven characters, another six
"""

import unicodedata

from msgspec import Struct
from msgspec.structs import force_setattr


def composed(text: str) -> str:
    """The text as nearly everything that types it writes it."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def compose(struct: Struct, field: str) -> None:
    """Writes a field of a struct that has just been read so."""
    force_setattr(struct, field, composed(getattr(struct, field)))
