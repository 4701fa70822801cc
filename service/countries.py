"""The countries there are, by their two letters of ISO 3166-1, and those whose law may hold for a credit.

The table is the one that comes with the database of time zones, and is kept up to date with it.
"""

from pkgutil import get_data
from typing import Final

from service.errors import Code, Refused

UNION: Final = "EU"  # the European Union is no country, and makes law
EU_MEMBERS: Final = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip

_TABLE: Final = (get_data("tzdata.zoneinfo", "iso3166.tab") or b"").decode()
COUNTRIES: Final = frozenset(line[:2] for line in _TABLE.splitlines() if line and not line.startswith("#"))
JURISDICTIONS: Final = COUNTRIES | {UNION}


def no_country(code: str) -> str:
    """What is said of a code that is none."""
    return f"ISO 3166 has no country {code} (the United Kingdom is GB, Greece GR)."


def require_country(code: str, pointer: str) -> None:
    """Refuse what is no country (INVALID_FIELD)."""
    if code not in COUNTRIES:
        raise Refused(Code.INVALID_FIELD, no_country(code), pointer)


def require_jurisdiction(code: str, pointer: str) -> None:
    """Refuse what is neither a country nor the European Union (INVALID_FIELD)."""
    if code not in JURISDICTIONS:
        raise Refused(Code.INVALID_FIELD, no_country(code), pointer)
