"""Amounts and days as people read them."""

from datetime import date

import pytest

from service.printed import amount_in, day_in


@pytest.mark.parametrize(
    ("language", "amount", "currency", "said"),
    [
        ("en", 123_456_50, "EUR", "123,456.50 EUR"),
        ("de", 123_456_50, "EUR", "123.456,50 EUR"),
        ("zh", 123_456_50, "CNY", "123,456.50 CNY"),
        ("de", 5, "EUR", "0,05 EUR"),
        ("en", -1_000_00, "GBP", "-1,000.00 GBP"),
        ("en", 123_456, "JPY", "123,456 JPY"),  # no decimals
        ("de", 1_234_567, "KWD", "1.234,567 KWD"),  # three
        ("en", 1_000_000_000_000, "EUR", "10,000,000,000.00 EUR"),
    ],
)
def test_an_amount(language: str, amount: int, currency: str, said: str) -> None:
    assert amount_in(language, amount, currency) == said


@pytest.mark.parametrize(
    ("language", "said"), [("en", "5 January 2026"), ("de", "5. Januar 2026"), ("zh", "2026年1月5日")]
)
def test_a_day(language: str, said: str) -> None:
    assert day_in(language, date(2026, 1, 5)) == said
