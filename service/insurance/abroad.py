"""Money of another currency than the policy's: converted at the stored rate of a day. Pure.

A loss converts at the rate of its day, what is recovered at the rate of the day it came. The indemnity was booked at
the first, so what goes back to the insurer differs by the change of the rate: that has an account of its own.
"""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from service.money import EXPONENTS, Rounding, quotient

PRICE_UNIT: Final = 10**8  # a price is kept in hundred-millionths


class Rate(Struct, frozen=True):
    """What one whole unit of a currency costs in another."""

    currency: str
    into: str
    price: int  # in hundred-millionths of a whole unit

    def of(self, amount: int) -> int:
        """An amount in minor units, converted to minor units, half up."""
        return quotient(amount * self.price * 10 ** EXPONENTS[self.into], self._unit, Rounding.HALF_UP)

    def back(self, amount: int) -> int:
        """An amount of the other currency, converted back, half up."""
        return quotient(amount * self._unit, self.price * 10 ** EXPONENTS[self.into], Rounding.HALF_UP)

    @property
    def _unit(self) -> int:
        return int(PRICE_UNIT * 10 ** EXPONENTS[self.currency])


def unchanged(currency: str) -> Rate:
    """The rate of a currency into itself."""
    return Rate(currency, currency, PRICE_UNIT)


def price_of(text: str) -> int:
    """A price that is written as a decimal, in hundred-millionths: `7.8` is 780,000,000."""
    return int(Decimal(text) * PRICE_UNIT)


def price_text(price: int) -> str:
    """The same as a decimal, as short as it can be."""
    whole, rest = divmod(price, PRICE_UNIT)
    return f"{whole}.{rest:08d}".rstrip("0").rstrip(".")
