"""What a scheme pays of a plan's interest, and gets back, as facts; and where a buy-down stands after them."""

from datetime import date
from typing import Final

from msgspec import Struct

from service.plans.running.fact import Fact, Money, Whole


class Subsidised(Fact, frozen=True, tag="subsidised"):
    """The scheme pays so much of the interest that has fallen due: the consumer owes the rest."""

    on: date
    amount: Money
    base: Whole = 0  # minor units that were owed in the period and count
    days: Whole = 0  # of the period that count
    rate_bps: Whole = 0  # a year, rounded


class SubsidyReturned(Fact, frozen=True, tag="subsidy_returned"):
    """The scheme gets so much back: of interest that came back, or because it should not have paid."""

    on: date
    amount: Money
    ends: bool = False  # it pays nothing more


class BoughtDown(Fact, frozen=True, tag="bought_down"):
    """What was paid in so that the consumer pays no interest, and what became of it."""

    on: date
    paid_in: int = 0  # minor units; below zero: a capture was reversed
    earned: Whole = 0  # of it became income
    returned: Whole = 0  # ... went back, with what was refunded
    released: Whole = 0  # ... bears a loss, now that collection was given up


class BuyDown(Struct, frozen=True, gc=False, array_like=True):
    """What was paid in so that the consumer pays no interest, and what became of it. Minor units."""

    paid_in: int = 0
    earned: int = 0
    returned: int = 0
    released: int = 0

    @property
    def left(self) -> int:
        """What is not income yet."""
        return self.paid_in - self.earned - self.returned - self.released


NO_BUY_DOWN: Final = BuyDown()
