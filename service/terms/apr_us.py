"""The American annual percentage rate: the actuarial method of Regulation Z, for one or many advances.

Source: 12 CFR 1026, Appendix J, (b)(8), the general equation: an amount `t` full unit-periods and a fraction `f` of
one away is divided by `(1 + f * i) * (1 + i) ** t`; the rate is `i` times the unit-periods in a year. Solved in
`u = 1 / (1 + i)`, whole numbers in units of 2**-96.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from service.errors import Code, Refused
from service.remembered import remembered
from service.terms.discounting import (
    BITS,
    ONE,
    Lattice,
    Runs,
    first_guess,
    inverse,
    nearest_ten_decimals,
    power,
    root,
    runs_of,
    worth,
)
from service.terms.intervals import lattice_of
from service.terms.unit_periods import anchor_of, elapsed, single_term, unit_period

DatedFlows = tuple[tuple[date, int], ...]
Groups = list[tuple[Fraction, int, Runs]]  # (fraction of a unit-period, full ones before the earliest, the amounts)


def actuarial_rate(advances: DatedFlows, payments: DatedFlows) -> int:
    """The rate of dated flows, in units of 10**-10 per cent. Refused with `no_apr` or `several_aprs`."""
    nets: defaultdict[date, int] = defaultdict(int)
    for on, amount in payments:
        nets[on] += amount
    for on, amount in advances:
        nets[on] -= amount
    flows = sorted((on, amount) for on, amount in nets.items() if amount)
    lent, paid = (tuple(on for on, amount in flows if (amount < 0) is side) for side in (True, False))
    if not flows and nets:
        return 0
    if not lent or not paid:
        raise Refused(Code.NO_APR, "The series has no rate: nothing is lent, or nothing is paid back.")
    times, per_year = _unit_periods(lent, paid)
    by_date = dict(zip((*lent, *paid), times, strict=True))
    return timed_rate([by_date[on] for on, _ in flows], [amount for _, amount in flows], per_year)


def timed_rate(times: Sequence[Fraction], amounts: Sequence[int], per_year: Fraction) -> int:
    """The same for times already in unit-periods after the first advance; paid is positive, lent negative."""
    nets: defaultdict[Fraction, int] = defaultdict(int)
    for time, amount in zip(times, amounts, strict=True):
        nets[time] += amount
    flows = sorted((time, amount) for time, amount in nets.items() if amount)
    if not flows:
        return 0
    groups = _groups(flows)
    fine = lattice_of(time for time, _ in flows)
    ordered = [amount for _, amount in flows]
    guess = power(first_guess(runs_of(ordered, fine)), fine.per_year)
    span = -(-fine.span // fine.per_year) + 1
    steps_per_year = -(-per_year.numerator // per_year.denominator)
    u = root(lambda v: _worth(groups, v), ordered[::-1], guess, span, steps_per_year)
    return nearest_ten_decimals((inverse(u) - ONE) * per_year.numerator // per_year.denominator)


def _groups(flows: Sequence[tuple[Fraction, int]]) -> Groups:
    """Amounts with the same fraction lie a whole number of unit-periods apart: each group is a polynomial in `u`."""
    groups: defaultdict[Fraction, list[tuple[int, int]]] = defaultdict(list)
    for time, amount in flows:
        full = time.numerator // time.denominator
        groups[time - full].append((full, amount))
    return [(fraction, group[0][0], _runs(group)) for fraction, group in groups.items()]


def _runs(group: Sequence[tuple[int, int]]) -> Runs:
    return runs_of([amount for _, amount in group], Lattice.of(tuple(full for full, _ in group), 1))


def _worth(groups: Groups, u: int) -> tuple[int, int]:
    """Both sides of the general equation at `u`, and `u` times the slope."""
    value = slope = 0
    for fraction, full, runs in groups:
        part, part_slope = worth(runs, u)
        part_slope += full * part
        # 1 / (1 + f * i) = u / (f + (1 - f) * u)
        top, bottom = fraction.numerator, fraction.denominator
        divisor = top * ONE + (bottom - top) * u
        discount = power(u, full) * bottom * u // divisor
        value += part * discount >> BITS
        slope += (part_slope + part * top * ONE // divisor) * discount >> BITS
    return value, slope


@remembered(200_000, lambda lent_on, paid_on: 10 + len(lent_on) + len(paid_on))
def _unit_periods(lent_on: tuple[date, ...], paid_on: tuple[date, ...]) -> tuple[tuple[Fraction, ...], Fraction]:
    """When each amount falls, in unit-periods after the first advance, and the unit-periods in a year."""
    if len(lent_on) == len(paid_on) == 1:
        if paid_on <= lent_on:
            raise Refused(Code.NO_APR, "The series has no rate: everything is paid before anything is lent.")
        term, per_year = single_term(lent_on[0], paid_on[0])
        return (Fraction(0), term), per_year
    if paid_on[0] < lent_on[0]:
        raise Refused(Code.NO_APR, "The term of the transaction begins with the first advance, not with a payment.")
    period = unit_period(lent_on, paid_on)
    anchor_day = anchor_of(paid_on)
    times = [elapsed(lent_on[0], on, period, on.day) for on in lent_on]
    times += [elapsed(lent_on[0], on, period, anchor_day) for on in paid_on]
    return tuple(times), period.per_year
