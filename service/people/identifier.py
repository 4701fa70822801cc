"""Identifiers: what a person is known again by, whichever merchant registers them, each written in one way. Pure.

    kind          as it is compared                                                     counts
    national_id   capital letters and digits: `12 345-678 a` is `12345678A`             always
    operator_id   as it is, without space around it                                     always
    email         small letters, the domain as the network knows it (IDNA)              where it was verified
    phone         E.164: `+49 (30) 901820` is `+4930901820`                             where it was verified

Two registrations are one person where an identifier that counts is the same; the policy may let fewer kinds count. What
counts for nothing is kept, so that an operator can find the consumer by it.
"""

import re
import unicodedata
from collections.abc import Collection
from enum import StrEnum
from typing import Annotated, Final

import idna
from msgspec import Meta, Struct

from service.countries import require_country
from service.errors import Code, Refused


class IdentifierKind(StrEnum):
    """What an identifier is, the strongest first."""

    NATIONAL_ID = "national_id"  # given by a country, which is named
    OPERATOR_ID = "operator_id"  # the operator's own number of this person
    EMAIL = "email"
    PHONE = "phone"


IDENTIFIERS_MAX: Final = 8
PROVES_NOTHING: Final = frozenset({IdentifierKind.EMAIL, IdentifierKind.PHONE})  # unless somebody has verified it


class Identifier(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing by which a person is known again at every merchant. It is kept sealed, and found by a blind index."""

    kind: IdentifierKind
    value: Annotated[str, Meta(min_length=1, max_length=254)]  # however it is written: it is compared in one way
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z")] | None = None  # ISO 3166: who gave the national id
    verified: bool = False  # the merchant has made sure that the e-mail or telephone is this person's


class Known(Struct, frozen=True):
    """An identifier in the one way it is compared in, and whether who has it is the same person."""

    kind: IdentifierKind
    text: str  # the kind and country stand in front of it
    counts: bool
    verified: bool


def known_by(identifiers: Collection[Identifier], counting: Collection[IdentifierKind]) -> list[Known]:
    """The identifiers, the strongest first, each once. Refused: INVALID_FIELD, at `/identifiers`."""
    found: dict[str, Known] = {}
    for place, one in enumerate(identifiers):
        text = f"{one.kind} {one.country or ''} {normal(one, f'/identifiers/{place}')}"
        counts = one.kind in counting and (one.verified or one.kind not in PROVES_NOTHING)
        before = found.get(text, Known(one.kind, text, counts=False, verified=False))
        found[text] = Known(one.kind, text, counts or before.counts, one.verified or before.verified)
    kinds = list(IdentifierKind)
    return sorted(found.values(), key=lambda one: (kinds.index(one.kind), one.text))


def normal(one: Identifier, at: str) -> str:
    """The one way in which it is compared. Refused: INVALID_FIELD."""
    if (one.kind is IdentifierKind.NATIONAL_ID) is not (one.country is not None):
        raise Refused(
            Code.INVALID_FIELD, "A national id names its country, and nothing else names one.", f"{at}/country"
        )
    if one.country is not None:
        require_country(one.country, f"{at}/country")
    value = unicodedata.normalize("NFKC", one.value).strip()
    made = _NORMAL[one.kind](value)
    if made is None:
        raise Refused(Code.INVALID_FIELD, _NO[one.kind], f"{at}/value")
    return made


def _email(value: str) -> str | None:
    local, at, domain = value.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or "." not in domain:
        return None
    try:
        return f"{local.casefold()}@{idna.encode(domain.casefold(), uts46=True).decode()}"
    except idna.IDNAError:
        return None


def _phone(value: str) -> str | None:
    plain = _BETWEEN_DIGITS.sub("", value)
    return plain if _E164.fullmatch(plain) else None


def _national_id(value: str) -> str | None:
    plain = _BETWEEN_LETTERS.sub("", value.upper())
    return plain if _NATIONAL.fullmatch(plain) else None


def _own(value: str) -> str | None:
    return value if value.isprintable() and value else None


_LOCAL: Final = re.compile(r"[^\s@\x00-\x1f\x7f]{1,64}")
_BETWEEN_DIGITS: Final = re.compile(r"[ ()./-]")
_BETWEEN_LETTERS: Final = re.compile(r"[ ./-]")
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_NATIONAL: Final = re.compile(r"(?=.*[0-9])[0-9A-Z]{4,30}")
_NORMAL: Final = {
    IdentifierKind.NATIONAL_ID: _national_id,
    IdentifierKind.OPERATOR_ID: _own,
    IdentifierKind.EMAIL: _email,
    IdentifierKind.PHONE: _phone,
}
_NO: Final = {
    IdentifierKind.NATIONAL_ID: "This is no national id: 4 to 30 letters and digits, a digit among them.",
    IdentifierKind.OPERATOR_ID: "This is no number of the operator's: letters that can be read, no line ends.",
    IdentifierKind.EMAIL: "This is no e-mail address, like ada@example.org.",
    IdentifierKind.PHONE: "This is no telephone number with its country in front, like +49 30 901820.",
}
