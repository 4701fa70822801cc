"""What is wrong with a policy: a place in its document, and a sentence."""

from msgspec import Struct


class Fault(Struct, frozen=True):
    """`pointer` is a JSON pointer (RFC 6901) into the document."""

    pointer: str  # a JSON pointer (RFC 6901) into the document
    sentence: str  # for the author
