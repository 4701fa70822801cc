"""Currencies and how their amounts are written."""

import pytest
from iso4217 import Currency

from service.money import EXPONENTS, decimal_text


@pytest.mark.parametrize(
    ("currency", "exponent"),
    [("EUR", 2), ("CNY", 2), ("HUF", 2), ("IDR", 2), ("JPY", 0), ("KRW", 0), ("VND", 0), ("CLP", 0), ("UGX", 0),
     ("XOF", 0), ("XCD", 2), ("KWD", 3), ("IQD", 3), ("TND", 3), ("MRU", 2), ("MGA", 2)],
)  # fmt: skip
def test_currencies_and_their_minor_units(currency: str, exponent: int) -> None:
    assert EXPONENTS[currency] == exponent


@pytest.mark.parametrize(
    "code",
    ["XXX", "XTS", "XAU", "XAG", "XDR", "XSU", "XUA", "XBA", "XAD",  # no currency, metals, units of account
     "BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYI", "UYW",  # funds and indexed units
     "DEM", "HRK", "EURO", "eur", ""],
)  # fmt: skip
def test_what_nobody_pays_in_is_no_currency(code: str) -> None:
    assert code not in EXPONENTS


def test_all_others_of_the_table_are_currencies() -> None:
    assert len(EXPONENTS) == len([one for one in Currency if one.exponent is not None]) - 10 > 150


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(123456, "EUR", "1234.56"), (5, "EUR", "0.05"), (-5, "EUR", "-0.05"), (123456, "JPY", "123456"),
     (123456, "KWD", "123.456"), (0, "VND", "0")],
)  # fmt: skip
def test_an_amount_as_text(amount: int, currency: str, text: str) -> None:
    assert decimal_text(amount, currency) == text
