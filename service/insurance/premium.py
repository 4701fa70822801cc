"""The premium of a policy: of what was sold, month by month, at least the minimum of each year. Pure.

    insured turnover 1,250,000.00 at 35 bps          4,375.00
    a credit note of 50,000.00 in the next month      -175.00
    in the last month of the year, up to 6,000.00   +1,800.00

A month is a calendar month, cut to the days of the policy. What was charged is always the rate of all that was sold, so
no cent is lost by declaring in parts.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from msgspec import Struct

from service.insurance.policy import InsurancePolicy
from service.money import BPS, Rounding, quotient
from service.support.arrangement import Arrangement


class Period(Struct, frozen=True):
    """What is declared at once."""

    begin_on: date
    end_on: date
    year: int  # of the policy: 1, 2 ...
    is_last: bool  # of that year


class Turnover(Struct, frozen=True):
    """What was sold in a period, in minor units of the policy's currency."""

    insured: int  # minor units, to debtors with a limit
    uninsured: int  # minor units, to others
    credit_notes: int  # minor units given in this period on sales that were insured

    @property
    def net(self) -> int:
        """Of which premium is owed; less than nothing if more came back than was sold."""
        return self.insured - self.credit_notes


class Premium(Struct, frozen=True):
    """What is owed to the insurer for a period; less than nothing comes back."""

    on_turnover: int  # minor units
    true_up: int  # minor units, in the last period of a year: what lacks to the minimum
    limit_fees: int  # minor units, for the limits it was asked for in the period

    @property
    def total(self) -> int:
        """All of it, in minor units."""
        return self.on_turnover + self.true_up + self.limit_fees


def periods(terms: Arrangement) -> list[Period]:
    """All periods of a policy, in their order."""
    found: list[Period] = []
    begin = terms.begins_on
    while begin <= terms.ends_on:
        year = _year_of(terms.begins_on, begin)
        last = min(_anniversary(terms.begins_on, year), terms.ends_on + timedelta(1)) - timedelta(1)
        end = min(_month_end(begin), last)
        found.append(Period(begin, end, year, end == last))
        begin = end + timedelta(1)
    return found


def premium_of(
    policy: InsurancePolicy, period: Period, declared: Turnover, before: Sequence[tuple[Turnover, Premium]], fees: int
) -> Premium:
    """The premium of a period; `before` is what was declared and charged in the same year of the policy."""
    charged = sum(one.on_turnover for _, one in before)
    sold = sum(one.net for one, _ in before) + declared.net
    due = _rate_of(sold, policy.premium_bps)
    true_up = max(policy.minimum_premium - due, 0) if period.is_last else 0
    return Premium(due - charged, true_up, fees)


def _rate_of(amount: int, bps: int) -> int:
    """A share of an amount that may be less than nothing, rounded half away from 0."""
    share = quotient(abs(amount) * bps, BPS, Rounding.HALF_UP)
    return share if amount >= 0 else -share


def _year_of(first: date, day: date) -> int:
    years = day.year - first.year
    return years + (1 if day >= _anniversary(first, years) else 0)


def _anniversary(first: date, years: int) -> date:
    """The first day after so many years; of 29 February the 1 March where there is none."""
    try:
        return first.replace(year=first.year + years)
    except ValueError:
        return date(first.year + years, 3, 1)


def _month_end(day: date) -> date:
    return (day.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)
