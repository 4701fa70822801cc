"""An operator's name, in one spelling, so that nobody is two people. Pure."""

import unicodedata
from typing import Final

from service.access.key import person_of

NAME_MAX: Final = 100
# Scripts whose letters pass for each other's: a name is written in one of them.
ALIKE: Final = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC")


def operator_of(name: str) -> str | None:
    """The person whom a name means: `Ada`, `ada` and full-width `ada` are one. None: it is no name.

    What cannot be seen is in no name, none looks like an id of ours, and none has a Cyrillic letter among Latin ones.
    """
    person = person_of(name)
    if person is None or not 0 < len(person) <= NAME_MAX:
        return None
    scripts = {script for letter in person for script in ALIKE if unicodedata.name(letter, "").startswith(script)}
    return person if len(scripts) <= 1 else None
