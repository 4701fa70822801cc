"""What we say to consumers, in their language: the texts stand in `words/`, in Fluent's syntax, one file a language."""

from enum import StrEnum
from functools import lru_cache
from pkgutil import get_data
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fluent.runtime import FluentBundle


FOLDER: Final = "words"  # beside this file


class Language(StrEnum):
    """A language by its code in ISO 639."""

    ENGLISH = "en"
    GERMAN = "de"
    CHINESE = "zh"


def file_of(language: Language) -> str:
    """Where the texts of a language stand, from the folder of this file."""
    return f"{FOLDER}/{language}.ftl"


@lru_cache(len(Language))
def _bundle(language: Language) -> "FluentBundle":
    from fluent.runtime import FluentBundle, FluentResource

    bundle = FluentBundle([str(language)], use_isolating=False)
    source = get_data("service.policies", file_of(language)) or b""  # part of the program, read with it
    bundle.add_resource(FluentResource(source.decode()))
    return bundle


def say(language: Language, name: str, **facts: str | int) -> str:
    """The text called `name`, with its `{ $facts }` filled in. A missing one is our mistake, never the caller's."""
    bundle = _bundle(language)
    pattern = bundle.get_message(name).value
    assert pattern is not None, name
    text, errors = bundle.format_pattern(pattern, facts)
    assert not errors, errors
    return str(text)
