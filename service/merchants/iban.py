"""Account numbers of ISO 13616 by the registry of SWIFT (release 101), and banks' codes of ISO 9362.

A number that only holds mod 97 may still be none: of another length, or of a country whose banks have no such numbers.
"""

import re
from typing import Final

from service.countries import COUNTRIES

# What follows the check digits: n digits, a letters, c either; DE18n: 18 digits.
_REGISTRY: Final = (
    "AD8n12c AE19n AL8n16c AT16n AZ4a20c BA16n BE12n BG4a6n8c BH4a14c BI23n BR23n1a1c BY4c4n16c CH5n12c CR18n CY8n16c "
    "CZ20n DE18n DJ23n DK14n DO4c20n EE16n EG25n ES20n FI14n FK2a12n FO14n FR10n11c2n GB4a14n GE2a16n GI4a15c GL14n "
    "GR7n16c GT24c HN4a20n HR17n HU24n IE4a14n IL19n IQ4a15n IS22n IT1a10n12c JO4a4n18c KW4a22c KZ3n13c LB4n20c "
    "LC4a24c LI5n12c LT16n LU3n13c LV4a13c LY21n MC10n11c2n MD20c ME18n MK3n10c2n MN16n MR23n MT4a5n18c MU4a19n3a "
    "NI4a20n NL4a10n NO11n OM3n16c PK4a16c PL24n PS4a21c PT21n QA4a21c RO4a16c RS18n RU14n15c SA2n18c SC4a20n3a SD14n "
    "SE20n SI15n SK20n SM1a10n12c SO19n ST21n SV4a20n TL19n TN20n TR6n16c UA6n19c VA18n VG4a16n XK16n YE4a4n18c"
)
_CLASSES: Final = {"n": "[0-9]", "a": "[A-Z]", "c": "[A-Z0-9]"}
_FORMS: Final = {
    one[:2]: "".join(f"{_CLASSES[kind]}{{{length}}}" for length, kind in re.findall(r"(\d+)([nac])", one[2:]))
    for one in _REGISTRY.split()
}
_KOSOVO: Final = "XK"  # in both registries, and not in ISO 3166


def wrong_with_iban(number: str) -> str:
    """What is wrong with an account number, as a sentence; nothing where a bank may have it."""
    country = number[:2]
    form = _FORMS.get(country)
    if form is None or not re.fullmatch(f"[0-9]{{2}}{form}", number[2:]):
        return f"No bank has an account number (IBAN) of this form in a country {country}."
    if not _has_check_digits(number):
        return "The check digits of this account number (IBAN) are wrong."
    return ""


def _has_check_digits(number: str) -> bool:
    """By ISO 7064, mod 97; they are 02 to 98."""
    rest = int("".join(str(int(letter, 36)) for letter in number[4:] + number[:4])) % 97
    return rest == 1 and 2 <= int(number[2:4]) <= 98


def is_bic(code: str) -> bool:
    """Whether the country that a bank's code names in its fifth and sixth letter is one."""
    return code[4:6] in COUNTRIES or code[4:6] == _KOSOVO
