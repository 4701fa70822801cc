"""Numbers of cards and accounts, which must never be written down here: a processor keeps them, and gives us a token.

A card number is 13 to 19 digits that pass Luhn's check (ISO/IEC 7812-1), an IBAN as many letters and digits as its
country has, which pass ISO 7064's mod 97 (ISO 13616). Both are found however they are spaced: "4111-1111 1111 1111".
Of the processors' tokens without a letter, one in ten with 13 to 19 digits looks like a card by chance.
"""

import re
import unicodedata
from collections.abc import Callable
from itertools import pairwise
from typing import Final

from service.errors import Code, Refused

DIGITS_OF_A_CARD: Final = range(13, 20)
GAP_MAX: Final = 3  # characters that are neither letter nor digit between two parts of a number

# Without so many digits there is no card, without such a beginning no IBAN: most texts are done with after a glance.
_MAY_BE_A_CARD: Final = re.compile(r"\d(?:[\W_]{0,3}\d){12}")
_MAY_BE_AN_IBAN: Final = re.compile(r"(?<![^\W_])[^\W\d_][\W_]{0,3}[^\W\d_](?:[\W_]{0,3}\d){2}(?:[\W_]{0,3}[^\W_]){11}")
_MAY_BE_A_PERSONS: Final = re.compile(r"\d(?:\D{0,4}\d){5}")  # none of them has fewer digits
_GROUP: Final = re.compile(r"\d+")
# How the numbers of cards begin, by length: Amex, Diners, JCB, Visa, Maestro and others, Mastercard and Mir.
_ISSUED: Final = re.compile(
    r"3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35\d{14,17}|4\d{15}(?:\d{3})?|[56]\d{15,18}"
    r"|2(?:2\d\d|[3-6]\d\d|7[01]\d|720)\d{12,15}"
)
# What is no number of a card, whatever its digits: with a letter beside them. A UUID is none of an account, either.
_NO_CARD: Final = re.compile(r"\d+(?=[^\W\d_])|(?<=[^\W\d_])\d+")
_UUID: Final = re.compile(r"(?i:(?<![^\W_])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![^\W_]))")
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
    plain = _plain(text)
    return _holds_a_card(plain) or _holds_an_iban(plain)


def refuse_numbers(text: str, pointer: str) -> None:
    """Refused: MISPLACED_NUMBER, with the field in which such a number stands, or a person's own number; never with
    what it is.

    Less is a number here, for whoever sends a reference has no other: a card's begins as one of an issuer's does, which
    an order number that counts milliseconds does not; no UUID is one, and none has a letter beside it.
    """
    plain = _UUID.sub("x", _plain(text))
    card = _MAY_BE_A_CARD.search(plain) and _holds_a_card(_NO_CARD.sub("x", plain), _ISSUED)
    if card or _holds_an_iban(plain) or _holds_a_persons_number(plain):
        sentence = "This looks like the number of a card, an account or a person, which is not kept here; leave it out."
        raise Refused(Code.MISPLACED_NUMBER, sentence, pointer)


def _plain(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _holds_a_card(text: str, issued: re.Pattern[str] = _GROUP) -> bool:
    if not _MAY_BE_A_CARD.search(text):
        return False
    groups = [(found.start(), found.end(), found[0]) for found in _GROUP.finditer(text)]
    for first in range(len(groups)):
        digits, end = "", groups[first][0]
        for start, after, group in groups[first:]:
            if not _is_gap(text[end:start]) or len(digits) + len(group) > DIGITS_OF_A_CARD[-1]:
                break
            digits, end = digits + group, after
            if len(digits) in DIGITS_OF_A_CARD and issued.fullmatch(digits) and _passes_luhn(digits):
                return True
    return False


def _holds_an_iban(text: str) -> bool:
    if not _MAY_BE_AN_IBAN.search(text):
        return False
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


def _holds_a_persons_number(text: str) -> bool:
    """A number that a country has given to a person, if its shape alone tells: the rest are digits like any."""
    if not _MAY_BE_A_PERSONS.search(text):
        return False
    return any(is_one(found[0]) for shape, is_one in _PERSONS for found in shape.finditer(text))


def _is_nir(text: str) -> bool:
    """France: 13 digits, and 97 less what is left of them divided by 97."""
    digits = "".join(one for one in text if one.isdigit())
    return 97 - int(digits[:13]) % 97 == int(digits[13:])


def _is_codice_fiscale(text: str) -> bool:
    """Italy: the last letter counts those before it, the ones at odd places by a table of their own."""
    values = [int(one, 36) - (0 if one.isdigit() else 10) for one in text.upper()]
    total = sum(_ODD[value] if place % 2 == 0 else value for place, value in enumerate(values[:15]))
    return total % 26 == values[15]


_ODD: Final = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_PERSONS: Final[tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...]] = (
    # United States: social security
    (re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-])"), lambda _: True),
    # United Kingdom: national insurance, as it is printed; without spaces it could be an invoice
    (
        re.compile(r"(?ai)\b(?!bg|gb|kn|nk|nt|tn|zz)[a-ceghj-prtw-z][a-ceghj-npr-tw-z](?: \d\d){3} [a-d]\b"),
        lambda _: True,
    ),
    (re.compile(r"\b[12] ?\d\d ?(?:0[1-9]|1[0-2]|[23]\d|4[0-2]) ?\d\d ?\d{3} ?\d{3} ?\d\d\b"), _is_nir),
    (re.compile(r"(?ai)\b[a-z]{6}\d\d[a-ehlmprst]\d\d[a-z]\d{3}[a-z]\b"), _is_codice_fiscale),
)  # fmt: skip


def _is_gap(between: str) -> bool:
    """A colon is none: it stands in the time of a day."""
    return len(between) <= GAP_MAX and ":" not in between and not _PART.search(between)


def _passes_luhn(digits: str) -> bool:
    """Every second digit from the right doubled, its own digits added up: the sum ends in 0."""
    doubled = [int(one) * (1 + place % 2) for place, one in enumerate(reversed(digits))]
    return sum(one - 9 if one > 9 else one for one in doubled) % 10 == 0


def _passes_mod_97(iban: str) -> bool:
    turned = iban[4:] + iban[:4]
    if not iban[2:4].isdigit() or not turned.isascii():
        return False
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1
