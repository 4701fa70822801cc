"""What a scheme pays of a plan's interest, and gets back, as facts."""

from datetime import date

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
