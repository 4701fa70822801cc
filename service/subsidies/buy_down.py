"""A buy-down: somebody pays the lender's interest, so that the consumer pays none. Pure.

    12 x 1,000.00, of which 12,000.00 is lent, at a yield of 9 %:

    paid in            12,000.00 - 1,000.00/1.0075 - 1,000.00/1.0075^2 - ... - 1,000.00/1.0075^12 = 565.09
    income, month 1    (12,000.00 - 565.09) * 0.75 % = 85.76
    income, month 12   7.44; all twelve come to 565.09

What is paid in is deferred, and becomes income by the effective interest method. What comes back early takes back what
is not income yet: 328.42 once three instalments were paid and all else is refunded.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from service.money import BPS, Rounding, quotient
from service.terms.terms import Unit

MONTHS: Final = Fraction(12)  # in a year
A_YEAR: Final = {Unit.DAY: 365, Unit.WEEK: 52, Unit.HALF_MONTH: 24, Unit.MONTH: 12, Unit.YEAR: 1}


def periods_a_year(unit: Unit, every: int) -> Fraction:
    """How many periods of a rhythm a year has: of two weeks 26."""
    return Fraction(A_YEAR[unit], every)


def bought_down(lent: int, payments: Sequence[int], yield_bps: int, periods: Fraction = MONTHS) -> int:
    """What is to be paid in, minor units, so that equal periods' payments yield so much a year."""
    assert sum(payments) == lent
    left, worth = Fraction(1), Fraction(0)
    factor = 1 / (1 + Fraction(yield_bps, BPS) / periods)
    for payment in payments:
        left *= factor
        worth += payment * left
    return lent - quotient(worth.numerator, worth.denominator, Rounding.HALF_UP)


def income_by_period(lent: int, payments: Sequence[int], yield_bps: int, periods: Fraction = MONTHS) -> list[int]:
    """What of it is income in each period: the yield of what is still out, less what was paid in. All of it in the end.

    Each period's income is rounded half up, and the last takes what is left of what was paid in.
    """
    left = bought_down(lent, payments, yield_bps, periods)
    rate = Fraction(yield_bps, BPS) / periods
    out, incomes = lent - left, list[int]()
    for payment in payments[:-1]:
        earned = out * rate
        income = min(left, quotient(earned.numerator, earned.denominator, Rounding.HALF_UP))
        incomes.append(income)
        out, left = max(0, out + income - payment), left - income
    return [*incomes, left]


def income_of(incomes: Sequence[int], period: int, left: int) -> int:
    """What of all that is left is income in a period, counted from 0: its share of what is still to come."""
    ahead = unearned(incomes, period)
    return quotient(left * incomes[period], ahead, Rounding.HALF_UP) if ahead else 0


def unearned(incomes: Sequence[int], ended: int) -> int:
    """What is not income yet once so many periods have ended."""
    return sum(incomes[ended:])


def returned(left: int, refunded: int, outstanding: int) -> int:
    """What goes back of what is not income yet, when so much of what is outstanding is refunded: its share."""
    assert 0 <= refunded <= outstanding
    return quotient(left * refunded, outstanding, Rounding.HALF_UP) if outstanding else 0
