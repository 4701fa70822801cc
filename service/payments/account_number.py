"""Numbers of cards and accounts, which must never be written down here: a processor keeps them, and gives us a token.

A card number is 13 to 19 digits that pass Luhn's check (ISO/IEC 7812-1), an IBAN letters and digits where its country
has them, which pass ISO 7064's mod 97 (ISO 13616). Both are found however they are spaced: "4111-1111 1111 1111".
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

# What follows a country's letters and two digits: so many digits (n), letters (a) or either (c). SWIFT, IBAN Registry.
_SHAPES: Final = (
    "AD8n12c AE19n AL8n16c AT16n AX14n AZ4a20c BA16n BE12n BG4a6n8c BH4a14c BI23n BL10n11c2n BR8c15n2c BY4c4n16c"
    " CH5n12c CR18n CY8n16c CZ20n DE18n DJ23n DK14n DO4c20n EE16n EG25n ES20n FI14n FK2a12n FO14n FR10n11c2n"
    " GB4a14n GE2a16n GF10n11c2n GG4a14n GI4a15c GL14n GP10n11c2n GR7n16c GT24c HN4a20n HR17n HU24n IE4a14n IL19n"
    " IM4a14n IQ4a15n IS22n IT1a10n12c JE4a14n JO4a4n18c KW4a22c KZ3n13c LB4n20c LC4a24c LI5n12c LT16n LU3n13c"
    " LV4a13c LY21n MC10n11c2n MD20c ME18n MF10n11c2n MK3n10c2n MN16n MQ10n11c2n MR23n MT4a5n18c MU4a19n3a"
    " NC10n11c2n NI4a20n NL4a10n NO11n OM3n16c PF10n11c2n PK4a16c PL24n PM10n11c2n PS4a21c PT21n QA4a21c"
    " RE10n11c2n RO4a16c RS18n RU14n15c SA2n18c SC4a20n3a SD14n SE20n SI15n SK20n SM1a10n12c SO19n ST21n SV4a20n"
    " TF10n11c2n TL19n TN20n TR6n16c UA6n19c VA18n VG4a16n WF10n11c2n XK16n YE4a4n18c YT10n11c2n"
)
_KINDS: Final = {"n": r"\d", "a": "[A-Z]", "c": "[A-Z0-9]"}
IBANS: Final = {  # by country: how long one is, and what it looks like
    country: (
        4 + sum(int(count) for count, _ in parts),
        re.compile(country + r"\d\d" + "".join(f"{_KINDS[kind]}{{{count}}}" for count, kind in parts), re.ASCII),
    )
    for country, parts in ((one[:2], re.findall(r"(\d+)([nac])", one[2:])) for one in _SHAPES.split())
}


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
        length, shape = IBANS.get("".join(letter for _, letter in parts[first : first + 2]), (0, _GROUP))
        begins = start == 0 or not _PART.fullmatch(text[start - 1])
        if not length or not begins or first + length > len(parts):
            continue
        number = parts[first : first + length]
        places = [place for place, _ in number]
        is_one = all(_is_gap(text[place + 1 : after]) for place, after in pairwise(places))
        ends = not _PART.fullmatch(text[places[-1] + 1 : places[-1] + 2])
        iban = "".join(letter for _, letter in number)
        if is_one and ends and shape.fullmatch(iban) and _passes_mod_97(iban):
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
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1
