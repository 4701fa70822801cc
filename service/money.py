"""Integers of minor units, and the few ways they may be divided.

An amount is an `int` of minor units (cents) beside its currency; a rate is an `int` of basis points.
Every division here says aloud where the odd cent goes.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from iso4217 import Currency, raw_xml

BPS: Final = 10_000

UNITS_OF_ACCOUNT: Final = {"UYW", "XAD"}  # no money, though the table does not mark them as funds


def _exponents() -> dict[str, int]:
    """The currencies of ISO 4217 that people pay in: neither funds and units of account nor metals and test codes."""
    funds = {entry.findtext("Ccy") for entry in raw_xml.iter("CcyNtry") if entry.find("CcyNm[@IsFund]") is not None}
    return {
        currency.code: currency.exponent
        for currency in Currency
        if currency.exponent is not None and currency.code not in funds | UNITS_OF_ACCOUNT
    }


EXPONENTS: Final = _exponents()  # of the currencies a plan may be written in: minor units = 10 ** exponent

AMOUNT_MAX: Final = 1_000_000_000_000  # minor units; far above any purchase, far below 2**63 / 10_000


def take_bps(amount: int, bps: int) -> int:
    """The share `bps` of `amount` in minor units, rounded half up: 2.90 % of 99.99 is 2.90."""
    assert amount >= 0
    assert 0 <= bps <= BPS
    return (amount * bps + 5_000) // BPS


def next_share(bps: int, total_before: int, added: int) -> int:
    """What falls to a holder of `bps` when a running total grows by `added`.

    Cumulative allocation: the shares handed out always sum to `take_bps(total)`, however the total was reached,
    so no cent is lost or made by paying in small parts.
    """
    return take_bps(total_before + added, bps) - take_bps(total_before, bps)


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide `amount` once by integer weights; the largest remainders (first come first) take the odd cents."""
    assert amount >= 0
    total = sum(weights)
    assert total > 0
    assert all(weight >= 0 for weight in weights)
    parts = [amount * weight // total for weight in weights]
    missing = amount - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda i: -(amount * weights[i] % total))
    for i in by_remainder[:missing]:
        parts[i] += 1
    return parts


def decimal_text(amount: int, currency: str) -> str:
    """`123456, "EUR"` as `1234.56`: for files and people; never parsed back into a float."""
    exponent = EXPONENTS[currency]
    if exponent == 0:
        return str(amount)
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(exponent + 1, "0")
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}"


def spelled(amount: int, currency: str) -> str:
    """`600, "EUR"` as `600 is 6.00 EUR`: for whoever may have meant the main unit."""
    return f"{amount} is {decimal_text(amount, currency)} {currency}"


class Rounding(StrEnum):
    """How a fraction of a minor unit becomes a whole one: a named choice in the terms, never an accident."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    DOWN = "down"
    UP = "up"


def quotient(numerator: int, denominator: int, rounding: Rounding) -> int:
    """`numerator / denominator` as a whole number; neither may be negative."""
    if rounding is Rounding.HALF_UP:
        return (2 * numerator + denominator) // (2 * denominator)
    if rounding is Rounding.DOWN:
        return numerator // denominator
    if rounding is Rounding.UP:
        return -(-numerator // denominator)
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest + (whole & 1) > denominator)


def in_multiples(numerator: int, denominator: int, multiple: int, rounding: Rounding) -> int:
    """`numerator / denominator` as a whole number of `multiple`s: 33.33 in multiples of a euro is 33.00."""
    return multiple * quotient(numerator, denominator * multiple, rounding)
