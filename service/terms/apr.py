"""The annual percentage rate, by the three methods that laws ask for; always labelled with its method.

Flows are dated amounts in minor units: `advances` go to the consumer (or to the merchant in their name), `payments`
come back with every cost that the law counts. No float is in a rate: see `discounting.py`.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Final

from msgspec import Struct

from service.errors import Code, Refused
from service.remembered import remembered
from service.terms.annuity import annuity_factor
from service.terms.apr_us import actuarial_rate
from service.terms.discounting import (
    ONE,
    Lattice,
    discount_factor,
    inverse,
    nearest_ten_decimals,
    percent,
    power,
    ten_decimals,
)
from service.terms.intervals import interval_years, lattice_of
from service.terms.terms import Unit

DatedFlows = tuple[tuple[date, int], ...]  # (on, minor units)
TimedFlows = Iterable[tuple[Fraction, int]]  # (years after the first advance, minor units)


class AprMethod(StrEnum):
    """How the rate is found and what it means. Two methods give two figures for the same credit."""

    EU_EFFECTIVE = "eu_effective"  # compound, per year: European Union and United Kingdom
    US_ACTUARIAL = "us_actuarial"  # nominal, unit-period rate times periods a year: Regulation Z, Appendix J
    IRR_NOMINAL = "irr_nominal"  # the monthly internal rate of return times 12
    IRR_EFFECTIVE = "irr_effective"  # the internal rate of return, compound, per year

    # An enum's own is ten times as slow.
    __hash__ = str.__hash__


DECIMALS_PRINTED: Final = {
    AprMethod.EU_EFFECTIVE: 1,  # Annex, remark (d): one decimal; a 5 after it rounds up
    AprMethod.US_ACTUARIAL: 2,
    AprMethod.IRR_NOMINAL: 2,
    AprMethod.IRR_EFFECTIVE: 2,
}
UNITS: Final = {decimals: 10 ** (10 - decimals) for decimals in (1, 2, 4)}  # of the last decimal, in 10**-10 per cent


class Apr(Struct, frozen=True):
    """A rate in per cent: as computed, to four decimals, and as the law has it printed."""

    method: AprMethod
    value: str  # per cent, to four decimals: "6.4342"
    printed: str  # per cent, as the law has it printed: "6.4"


def as_apr(method: AprMethod, rate: int) -> Apr:
    """A rate in units of 10**-10 per cent, with its method's print; halves are rounded up."""
    return Apr(method, _rounded(rate, 4), _rounded(rate, DECIMALS_PRINTED[method]))


def _rounded(rate: int, decimals: int) -> str:
    unit = UNITS[decimals]
    if rate < 0:
        return _printed(-((unit // 2 - rate) // unit), decimals)
    return _printed((rate + unit // 2) // unit, decimals)


@lru_cache(maxsize=4096)
def _printed(units: int, decimals: int) -> str:
    """Remembered, because the rates of one product differ in the last decimals, and the same few are printed."""
    whole, part = divmod(abs(units), 10**decimals)
    return f"{'-' if units < 0 else ''}{whole}.{part:0{decimals}}"


def effective_apr(advances: DatedFlows, payments: DatedFlows, unit: Unit = Unit.MONTH) -> Apr:
    """The European and British rate of dated flows; `unit` is what the payments are agreed in.

    Source: Directive (EU) 2023/2225, Annex; CONC App 1.2. Refused (`no_apr`, `several_aprs`) where the equation has
    no single answer.
    """
    return as_apr(AprMethod.EU_EFFECTIVE, ten_decimals(*_dated(advances, payments, unit)))


def effective_rate(advances: DatedFlows, payments: DatedFlows, unit: Unit = Unit.MONTH) -> Decimal:
    """The same in per cent, to ten decimals."""
    return percent(*_dated(advances, payments, unit))


def actuarial_apr(advances: DatedFlows, payments: DatedFlows) -> Apr:
    """The American rate of dated flows; the unit-period is found in the dates. Source: Regulation Z, Appendix J."""
    return as_apr(AprMethod.US_ACTUARIAL, actuarial_rate(advances, payments))


def irr(advances: DatedFlows, payments: DatedFlows, unit: Unit = Unit.MONTH) -> tuple[Apr, Apr]:
    """The internal rate of return on what is outstanding: the monthly one times 12, and compounded over a year.

    Months are equal. Source: People's Bank of China, Notice [2021] No. 3, annex (the compound rate is shown first).
    """
    amounts, lattice = _on_lattice(advances, payments, unit)
    v, per_year = discount_factor(_signed(amounts, len(advances)), lattice), lattice.per_year
    nominal = nearest_ten_decimals(12 * (inverse(power(v, per_year // 12)) - ONE))
    return as_apr(AprMethod.IRR_NOMINAL, nominal), as_apr(AprMethod.IRR_EFFECTIVE, ten_decimals(v, per_year))


def rates_for(jurisdiction: str, advances: DatedFlows, payments: DatedFlows, unit: Unit) -> tuple[Apr, ...]:
    """The rates a jurisdiction (ISO 3166) wants shown, the one it prints first; the European one where it is silent."""
    if jurisdiction == "US":
        return (actuarial_apr(advances, payments),)
    if jurisdiction == "CN":
        return irr(advances, payments, unit)[::-1]
    if jurisdiction == "IN":  # RBI, Key Facts Statement of 15 April 2024, Annex B: 17.07 % of its example
        return irr(advances, payments, unit)[:1]
    return (effective_apr(advances, payments, unit),)


def timed_rate(advances: TimedFlows, payments: TimedFlows) -> Decimal:
    """The effective annual rate, in per cent to ten decimals, of flows whose times are known as fractions of years."""
    flows = [(years, -amount) for years, amount in advances] + list(payments)
    lattice = lattice_of(years for years, _ in flows)
    return percent(discount_factor([amount for _, amount in flows], lattice), lattice.per_year)


def _dated(advances: DatedFlows, payments: DatedFlows, unit: Unit) -> tuple[int, int]:
    """What a unit one step later is worth now, and the steps in a year."""
    amounts, lattice = _on_lattice(advances, payments, unit)
    lent = len(advances)
    if lent == 1 and lattice.even_gap and (found := annuity_factor(amounts, lattice)):
        return found
    return discount_factor(_signed(amounts, lent), lattice), lattice.per_year


def _on_lattice(advances: DatedFlows, payments: DatedFlows, unit: Unit) -> tuple[tuple[int, ...], Lattice]:
    """The amounts, advances first, and their dates."""
    if not advances or not payments:
        raise Refused(Code.NO_APR, "The series has no rate: nothing is lent, or nothing is paid back.")
    dates, amounts = zip(*advances, *payments, strict=False)
    return amounts, _lattice(dates, len(advances), unit)


def _signed(amounts: tuple[int, ...], lent: int) -> list[int]:
    """What is lent is negative."""
    return [-amount for amount in amounts[:lent]] + [*amounts[lent:]]


@remembered(200_000, lambda dates, *_: 10 + len(dates))
def _lattice(dates: tuple[date, ...], lent: int, unit: Unit) -> Lattice:
    """Dates, of which so many first ones are of advances; remembered, because a day's checkouts share theirs."""
    begin = min(dates[:lent])
    return lattice_of((interval_years(begin, on, unit) for on in dates), 12)
