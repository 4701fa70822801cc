"""Amounts and days as people read them in their language: for pages and letters, never for programs. Pure.

    en  1,234.50 EUR   5 January 2026        de  1.234,50 EUR   5. Januar 2026        zh  1,234.50 EUR   2026年1月5日

The currency is told by its code (ISO 4217), which nobody mistakes for another's sign. How languages write numbers and
days is what the Unicode CLDR says (babel).
"""

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

from service.money import EXPONENTS

_LOCALES: Final = {"en": "en_GB"}  # the day before the month, as most who read English here write it


def amount_in(language: str, amount: int, currency: str) -> str:
    """`123450` minor units with their code: `1,234.50 EUR` in English."""
    decimals = EXPONENTS[currency]
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    number = format_decimal(Decimal(amount).scaleb(-decimals), format=pattern, locale=_locale(language))
    return f"{number} {currency}"


def percent_in(language: str, bps: int) -> str:
    """`50` basis points: `0.5` in English, to be followed by its sign."""
    return str(format_decimal(Decimal(bps).scaleb(-2), locale=_locale(language)))


def day_in(language: str, day: date) -> str:
    """`5 January 2026` in English."""
    return format_date(day, "long", locale=_locale(language))


@lru_cache(16)
def _locale(language: str) -> Locale:
    return Locale.parse(_LOCALES.get(language, language))
