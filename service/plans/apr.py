"""The annual percentage rate, by the three methods that laws ask for; always labelled with its method.

Flows are dated amounts in minor units: `advances` go to the consumer (or to the merchant in their name), `payments`
come back with every cost that the law counts. No float takes part: see `discounting.py`.
"""

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Final

from msgspec import Struct

from service.errors import Code, Refused
from service.plans.discounting import discount_factor, percent, polynomial
from service.plans.intervals import interval_years, lattice
from service.plans.terms import Unit

DatedFlows = tuple[tuple[date, int], ...]  # (on, minor units)
TimedFlows = Iterable[tuple[Fraction, int]]  # (years after the first advance, minor units)


class AprMethod(StrEnum):
    """How the rate is found and what it means. Two methods give two figures for the same credit."""

    EU_EFFECTIVE = "eu_effective"  # compound, per year: European Union and United Kingdom
    US_ACTUARIAL = "us_actuarial"  # nominal, unit-period rate times periods a year: Regulation Z, Appendix J
    IRR_NOMINAL = "irr_nominal"  # the monthly internal rate of return times 12
    IRR_EFFECTIVE = "irr_effective"  # the internal rate of return, compound, per year


DECIMALS_PRINTED: Final = {
    AprMethod.EU_EFFECTIVE: Decimal("0.1"),  # Annex, remark (d): one decimal; a 5 after it rounds up
    AprMethod.US_ACTUARIAL: Decimal("0.01"),
    AprMethod.IRR_NOMINAL: Decimal("0.01"),
    AprMethod.IRR_EFFECTIVE: Decimal("0.01"),
}


class Apr(Struct, frozen=True):
    """A rate in per cent: as computed, to four decimals, and as the law has it printed."""

    method: AprMethod
    value: str  # "6.4342"
    printed: str  # "6.4"


def as_apr(method: AprMethod, rate: Decimal) -> Apr:
    """A rate in per cent with its method's print."""
    printed = rate.quantize(DECIMALS_PRINTED[method], ROUND_HALF_UP)
    return Apr(method, str(rate.quantize(Decimal("0.0001"), ROUND_HALF_UP)), str(printed))


def effective_apr(advances: DatedFlows, payments: DatedFlows, unit: Unit = Unit.MONTH) -> Apr:
    """The European and British rate of dated flows; `unit` is what the payments are agreed in.

    Source: Directive (EU) 2023/2225, Annex; CONC App 1.2. Refused (`no_apr`, `several_aprs`) where the equation has
    no single answer.
    """
    return as_apr(AprMethod.EU_EFFECTIVE, effective_rate(advances, payments, unit))


def effective_rate(advances: DatedFlows, payments: DatedFlows, unit: Unit = Unit.MONTH) -> Decimal:
    """The same in per cent, to ten decimals."""
    if not advances:
        raise Refused(Code.NO_APR, "The series has no rate: nothing is lent.")
    begin = min(on for on, _ in advances)
    steps, steps_per_year = _steps(begin, tuple(on for on, _ in (*advances, *payments)), unit)
    amounts = [-amount for _, amount in advances] + [amount for _, amount in payments]
    return percent(discount_factor(polynomial(amounts, steps), steps_per_year), steps_per_year)


def effective_rate_timed(advances: TimedFlows, payments: TimedFlows) -> Decimal:
    """The effective annual rate, in per cent to ten decimals, of flows whose times are known as fractions of years."""
    flows = [(years, -amount) for years, amount in advances] + list(payments)
    steps, steps_per_year = lattice(years for years, _ in flows)
    amounts = [amount for _, amount in flows]
    return percent(discount_factor(polynomial(amounts, steps), steps_per_year), steps_per_year)


@lru_cache(maxsize=4096)
def _steps(begin: date, dates: tuple[date, ...], unit: Unit) -> tuple[tuple[int, ...], int]:
    """Dates on the lattice; remembered, because a day's checkouts share theirs."""
    return lattice(interval_years(begin, on, unit) for on in dates)
