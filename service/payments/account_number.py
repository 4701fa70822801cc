"""Numbers of cards and accounts, which must never be written down here: a processor keeps them, and gives us a token.

A card number is 13 to 19 digits that pass Luhn's check (ISO/IEC 7812-1), an IBAN as many letters and digits as its
country has, which pass ISO 7064's mod 97 (ISO 13616). Both are found however they are spaced: "4111-1111 1111 1111".
Of the processors' tokens without a letter, one in ten with 13 to 19 digits looks like a card by chance.
"""

import re
import unicodedata
from itertools import pairwise
from typing import Final

from service.errors import Code, Refused

DIGITS_OF_A_CARD: Final = range(13, 20)
GAP_MAX: Final = 3  # characters that are neither letter nor digit between two parts of a number

_GROUP: Final = re.compile(r"\d+")
# What is no number, whatever its digits: a UUID, and digits with a letter beside them.
_NO_NUMBER: Final = re.compile(r"(?i:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|\d+(?=[^\W\d_])|(?<=[^\W\d_])\d+")
_PART: Final = re.compile(r"[^\W_]")

_LENGTHS: Final = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18"
    " FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20"
    " LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SD18"
    " SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
)
IBAN_LENGTHS: Final = {one[:2]: int(one[2:]) for one in _LENGTHS.split()}


def looks_like_a_number(text: str) -> bool:
    """Whether the number of a card or of an account stands anywhere in the text."""
    plain = unicodedata.normalize("NFKC", text)
    return _holds_a_card(plain) or _holds_an_iban(plain)


def refuse_numbers(text: str, pointer: str) -> None:
    """Refused: MISPLACED_NUMBER, with the field in which such a number stands; never with what it is.

    Here a number is no UUID and has no letter beside it: of references that are UUIDs one in 250 would hold a card's.
    """
    plain = unicodedata.normalize("NFKC", text)
    if _holds_a_card(_NO_NUMBER.sub("x", plain)) or _holds_an_iban(plain):
        sentence = "This looks like the number of a card or an account, which is not kept here; leave it out."
        raise Refused(Code.MISPLACED_NUMBER, sentence, pointer)


def _holds_a_card(text: str) -> bool:
    groups = [(found.start(), found.end(), found[0]) for found in _GROUP.finditer(text)]
    for first in range(len(groups)):
        digits, end = "", groups[first][0]
        for start, after, group in groups[first:]:
            if not _is_gap(text[end:start]) or len(digits) + len(group) > DIGITS_OF_A_CARD[-1]:
                break
            digits, end = digits + group, after
            if len(digits) in DIGITS_OF_A_CARD and _passes_luhn(digits):
                return True
    return False


def _holds_an_iban(text: str) -> bool:
    parts = [(found.start(), found[0].upper()) for found in _PART.finditer(text)]
    for first, (start, _) in enumerate(parts):
        length = IBAN_LENGTHS.get("".join(letter for _, letter in parts[first : first + 2]))
        begins = start == 0 or not _PART.fullmatch(text[start - 1])
        if not length or not begins or first + length > len(parts):
            continue
        number = parts[first : first + length]
        places = [place for place, _ in number]
        is_one = all(_is_gap(text[place + 1 : after]) for place, after in pairwise(places))
        ends = not _PART.fullmatch(text[places[-1] + 1 : places[-1] + 2])
        if is_one and ends and _passes_mod_97("".join(letter for _, letter in number)):
            return True
    return False


def _is_gap(between: str) -> bool:
    return len(between) <= GAP_MAX and not _PART.search(between)


def _passes_luhn(digits: str) -> bool:
    """Every second digit from the right doubled, its own digits added up: the sum ends in 0."""
    doubled = [int(one) * (1 + place % 2) for place, one in enumerate(reversed(digits))]
    return sum(one - 9 if one > 9 else one for one in doubled) % 10 == 0


def _passes_mod_97(iban: str) -> bool:
    turned = iban[4:] + iban[:4]
    if not iban[2:4].isdigit() or not turned.isascii():
        return False
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1
