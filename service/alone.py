"""How much one operator moves alone: an amount of each currency; above it a second person approves. Pure.

    EUR:1000000,JPY:1500000,100000      10,000.00 euros, 1,500,000 yen, and 100000 minor units of any other currency

One number alone is the amount of every currency. Where none is said for the others, any amount of them takes two.
"""

from typing import Final

from msgspec import Struct

from service.money import AMOUNT_MAX, EXPONENTS


class AloneMax(Struct, frozen=True):
    """Minor units by currency, and of all others."""

    others: int = 0
    by_currency: tuple[tuple[str, int], ...] = ()

    def of(self, currency: str) -> int:
        """The most that one operator moves alone."""
        return next((amount for code, amount in self.by_currency if code == currency), self.others)

    def __str__(self) -> str:
        """As it is read: `EUR:1000000,JPY:1500000,100000`."""
        return ",".join([*(f"{code}:{amount}" for code, amount in self.by_currency), str(self.others)])


def alone_max(text: str) -> AloneMax:
    """What a setting says. Raises `ValueError` with the part that makes no sense."""
    others, by_currency = 0, dict[str, int]()
    parts = [part.strip() for part in text.split(",")]
    for place, part in enumerate(parts):
        code, has_code, amount = part.rpartition(":")
        whole = amount.strip()
        is_amount = whole.isascii() and whole.isdigit() and len(whole) <= len(str(AMOUNT_MAX))
        if has_code:
            is_known = code.strip() in EXPONENTS and code.strip() not in by_currency
        else:
            is_known = place == len(parts) - 1
        if not is_amount or not is_known:
            raise ValueError(part)
        if has_code:
            by_currency[code.strip()] = int(whole)
        else:
            others = int(whole)
    return AloneMax(others, tuple(by_currency.items()))


# Some 10,000 euros of what people mostly pay in, at no day's rate; of any other currency no more than some hundreds.
USUAL: Final = alone_max(
    "EUR:1000000,USD:1000000,GBP:1000000,CHF:1000000,AUD:1500000,CAD:1500000,NZD:1500000,SGD:1500000,CNY:8000000,"
    "HKD:8000000,JPY:1500000,KRW:15000000,TWD:30000000,INR:90000000,BRL:5000000,MXN:20000000,ZAR:20000000,"
    "SEK:10000000,NOK:10000000,DKK:7500000,PLN:4000000,CZK:25000000,HUF:400000000,RON:5000000,TRY:40000000,"
    "AED:4000000,SAR:4000000,MYR:5000000,THB:35000000,PHP:60000000,VND:250000000,IDR:16000000000,100000"
)
