"""The rate at which what was lent and what is paid back are worth the same.

Dated on a lattice of 1/n year, the equation `sum(lent) = sum(paid)`, each discounted, is a polynomial in
`v = (1 + X) ** (-1/n)`. It is solved here by Newton's method on whole numbers (`v` in units of 2**-96), and an answer
counts only once a step of whole numbers was so small that it bounds what is left of the error. Floating point may say
where to begin, nothing more: that is cut to 40 binary places, so machines whose last bits differ begin alike.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from itertools import pairwise
from math import expm1, log, sqrt
from typing import Final

from msgspec import Struct

from service.errors import Code, Refused

BITS: Final = 96
ONE: Final = 1 << BITS
GUARD: Final = 64  # binary places kept below a minor unit
BEGIN: Final = 40  # binary places that the first guess is cut to, of the rate until the middle of the payments
CLOSE: Final = 40  # the error left in ln(1 + X) is below 2**-40, half a unit of the tenth decimal of X
FLOOR: Final = ONE >> 48  # below it lie only rates that `inverse` refuses
LOSS_MAX: Final = 1 << BITS + 10  # what is lost in a year: all but a thousandth, -99.9 %
SPREAD_MAX: Final = 47  # binary places between the first amount and the largest: past them a discount has too few
FACTOR_MAX: Final = 101  # 1 + X of 10 000 % a year: a second root above it is an artefact, not a price

Runs = list[tuple[int, int, int]]  # (amount, gap, count), the latest first
WorthAt = Callable[[int], tuple[int, int]]  # of `v`: the worth, and `v` times its slope


class Lattice(Struct, frozen=True):
    """Times in whole steps of `1 / per_year` years, and what can be said of them before any amount is known."""

    steps: tuple[int, ...]
    per_year: int
    gaps: tuple[int, ...]  # between the steps, the latest first; empty when they do not rise strictly
    even_gap: int  # where all gaps are the same, else nothing
    span: int  # from the earliest to the latest

    @staticmethod
    def of(steps: tuple[int, ...], per_year: int) -> "Lattice":
        """Steps in any order; the same one may stand more than once."""
        gaps = [late - early for early, late in pairwise(steps)]
        rising = (*gaps[::-1], 0) if min(gaps, default=1) > 0 else ()
        even_gap = gaps[0] if rising and len(set(gaps)) == 1 else 0
        return Lattice(steps, per_year, rising, even_gap, max(steps) - min(steps))


def runs_of(amounts: Sequence[int], lattice: Lattice) -> Runs:
    """Amounts (paid positive, lent negative) netted by time; equal ones at equal gaps become one run."""
    gaps = lattice.gaps
    if not gaps or not all(amounts):
        nets: dict[int, int] = {}
        for amount, step in zip(amounts, lattice.steps, strict=True):
            nets[step] = nets.get(step, 0) + amount
        times = sorted(step for step, net in nets.items() if net)
        amounts = [nets[time] for time in times]
        gaps = (*[late - early for early, late in pairwise(times)][::-1], 0)
    runs: Runs = []
    run_amount = run_gap = run_count = 0
    for amount, gap in zip(reversed(amounts), gaps, strict=False):
        if amount == run_amount and gap == run_gap:
            run_count += 1
            continue
        if run_count:
            runs.append((run_amount, run_gap, run_count))
        run_amount, run_gap, run_count = amount, gap, 1
    if run_count:
        runs.append((run_amount, run_gap, run_count))
    return runs


def power(base: int, exponent: int) -> int:
    """`base ** exponent`, both it and the result in units of 2**-96."""
    if exponent < 8:
        raised: int = base**exponent >> BITS * (exponent - 1) if exponent else ONE
        return raised
    half = power(base, exponent >> 1)
    return half * half * base >> 2 * BITS if exponent & 1 else half * half >> BITS


def annuity(v: int, discounted: int, count: int) -> tuple[int, int]:
    """`v + v**2 + ... + v**count` and `v` times its slope; `discounted` is `v ** count`."""
    discount = ONE - v
    if not abs(discount) >> 48:  # as good as none
        return count << BITS, count * (count + 1) // 2 << BITS
    total = v * (ONE - discounted) // discount
    return total, ((total << BITS) - count * v * discounted) // discount


def worth(runs: Runs, v: int) -> tuple[int, int]:
    """All of it discounted to the first date, and `v` times its slope, in minor units times 2**64.

    Horner's scheme, from the latest backwards; a run is discounted at once.
    """
    value = slope = 0
    factors = {1: v}
    for amount, gap, count in runs:
        amount <<= GUARD
        if not gap:
            return value + amount, slope
        factor = factors.get(gap) or factors.setdefault(gap, power(v, gap))
        if count == 1:
            value += amount
            slope = (slope + gap * value) * factor >> BITS
            value = value * factor >> BITS
        else:
            discounted = power(factor, count)
            total, total_slope = annuity(factor, discounted, count)
            slope = (slope + gap * count * value) * discounted + gap * amount * total_slope >> BITS
            value = value * discounted + amount * total >> BITS
    raise AssertionError("the earliest amount has no gap before it")


def discount_factor(amounts: Sequence[int], lattice: Lattice) -> int:
    """`v` in units of 2**-96: what one unit a step later is worth now. Paid is positive, lent negative."""
    runs = runs_of(amounts, lattice)
    if not runs:
        return ONE
    amounts = [amount for amount, _, _ in runs]
    return root(partial(worth, runs), amounts, first_guess(runs), lattice.span, lattice.per_year)


def first_guess(runs: Runs) -> int:
    """Where to begin, from the dates of payment; `ONE` where nothing is lent at the start."""
    lent, paid, time, moment, square = -runs[-1][0], 0, 0, 0, 0
    for amount, gap, count in runs[-2::-1]:
        begin = time
        time += gap * count
        if count == 1:
            paid += amount
            weighted = amount * time
            moment += weighted
            square += weighted * time
        else:
            steps = gap * count * (count + 1) // 2
            paid += amount * count
            moment += amount * (count * begin + steps)
            square += amount * (begin * (count * begin + 2 * steps) + gap * steps * (2 * count + 1) // 3)
    if lent <= 0 or paid <= 0 or moment <= 0:
        return ONE
    return guess_of(lent, paid, moment, square)


def guess_of(lent: int, paid: int, moment: int, square: int) -> int:
    """Near enough that one Newton step is left, or two, of what was lent at once; `ONE` where it would be far off.

    `moment` and `square` are what is paid times its step, and times the square of it, summed; none may be zero.

    The logarithm of a discounted sum is a series in the rate whose coefficients are the cumulants of its dates. Two are
    kept: `ln(paid / lent) = rate * mean - rate**2 * variance / 2`.
    """
    mean, logarithm = moment / paid, log(paid) - log(lent)
    discriminant = mean * mean - 2 * (square / paid - mean * mean) * logarithm
    rate = 2 * logarithm / (mean + sqrt(discriminant)) if discriminant > 0 else 2 * logarithm / mean
    steps = moment // paid or 1
    return ONE - (int(-expm1(-rate) * steps * (1 << BEGIN)) << BITS - BEGIN) // steps if -1 < rate < 1 else ONE


def root(worth_at: WorthAt, amounts: Sequence[int], guess: int, span: int, per_year: int) -> int:
    """The one `v` at which all is worth nothing; `amounts` in order of time (either way, the latest first), not zero.

    One change of sign, which every ordinary credit has, means exactly one rate (Descartes' rule of signs, which holds
    for real exponents too). Where the balance the consumer owes rises and falls more often, the rates are searched
    for: the one that is not negative and below 10 000 % a year is it, and two of them are refused.
    """
    changes = sign_changes(amounts)
    if max(map(abs, amounts)) >> SPREAD_MAX > abs(amounts[-1]):
        raise Refused(Code.NO_APR, "The series has no rate that means anything: its amounts differ too much.")
    if changes == 1 and amounts[0] > 0:
        return _rise(worth_at, guess, FLOOR, None, span, per_year)
    if changes > 1:
        return _only_root(worth_at, span, per_year)
    if changes == 1:
        raise Refused(Code.NO_APR, "The series has no rate: everything is paid before anything is lent.")
    raise Refused(Code.NO_APR, "The series has no rate: nothing is lent, or nothing is paid back.")


def sign_changes(amounts: Sequence[int]) -> int:
    """How often the sign turns from one amount to the next."""
    changes, was_lent = -1, None
    for amount in amounts:
        if (is_lent := amount < 0) is not was_lent:
            changes, was_lent = changes + 1, is_lent
    return changes


def _rise(worth_at: WorthAt, v: int, low: int, high: int | None, span: int, per_year: int) -> int:
    """Where the worth rises through zero between `low` and `high`: Newton's step, or the middle if that leaves them.

    A step `s` leaves at most `span / 2 * (s / v)**2` of error in the logarithm of `v`, `per_year` times that in the
    logarithm of `1 + X`. The search ends: while there is no `high`, it reaches up by steps that double, until a year
    would lose 99.9 %; then the two ends come together, because every sixteenth turn halves what lies between them.
    """
    scale, turn, reach = span * per_year, 0, 16
    v = max(v, low + 1)
    while high is None or high - low > 1:
        turn += 1
        value, slope = worth_at(v)
        if value < 0:
            low = v
        else:
            high = v
        if slope > 0:
            step = v * value // slope
            if step * step * scale << CLOSE < v * v:
                return v - step
            v -= step
        if high is None:
            ceiling = low + reach * low // span + 1
            if not low < v < ceiling:
                v, reach = ceiling, reach * 2
                if power(low, per_year) > LOSS_MAX:
                    raise Refused(Code.NO_APR, "The series has no rate that means anything: below -99.9 % a year.")
        elif not low < v < high or turn % 16 == 0:
            v = (low + high) // 2
    return high


def _only_root(worth_at: WorthAt, span: int, per_year: int) -> int:
    """The rate of a series that could have several."""
    crossings = _crossings(worth_at, per_year)
    roots = [_rise(rising, (low + high) // 2, low, high, span, per_year) for rising, low, high in crossings]
    prices = [v for v in roots if v <= ONE and power(v, per_year) * FACTOR_MAX >= ONE] or roots
    if len(prices) > 1:
        shown = " and ".join(f"{percent(v, per_year):.2f} %" for v in sorted(prices, reverse=True))
        raise Refused(Code.SEVERAL_APRS, f"The series has more than one rate: {shown}.")
    if not prices:
        raise Refused(Code.NO_APR, "The series has no rate: at none is what is lent worth what is paid back.")
    return prices[0]


def _crossings(worth_at: WorthAt, per_year: int) -> Iterator[tuple[WorthAt, int, int]]:
    """Each stretch of `v` on which the worth changes its sign, turned so that it rises.

    Walked by 3 % of `1 + X` from -99.9 % to a factor of a million a year. Where it turns back inside a stride, it may
    have crossed twice.
    """

    def turned(v: int) -> tuple[int, int]:
        value, slope = worth_at(v)
        return -value, -slope

    stride = ONE - 3 * ONE // (100 * per_year)
    v = power(ONE * ONE // stride, 230)
    value, slope = worth_at(v)
    for _ in range(700):
        high, v = v, v * stride >> BITS
        was_above, had_risen = value > 0, slope > 0
        value, slope = worth_at(v)
        above = value > 0
        if was_above != above:
            yield (worth_at if was_above else turned), v, high
        elif had_risen == above and (slope > 0) != above and (other := _other_side(worth_at, above, v, high)):
            yield (turned if above else worth_at), v, other
            yield (worth_at if above else turned), other, high


def _other_side(worth_at: WorthAt, above: bool, low: int, high: int) -> int | None:
    """Where between `low` and `high` the worth, which turns back there, is on the other side of nothing."""
    while high - low > 1:
        middle = (low + high) // 2
        value, slope = worth_at(middle)
        if (value > 0) != above:
            return middle
        if (slope > 0) == above:
            high = middle
        else:
            low = middle
    return None


def ten_decimals(v: int, per_year: int) -> int:
    """The effective annual rate `v ** -n - 1` in units of 10**-10 per cent, rounded to the nearest."""
    return nearest_ten_decimals(inverse(power(v, per_year)) - ONE)


def nearest_ten_decimals(rate: int) -> int:
    """A rate in units of 2**-96 as one in units of 10**-10 per cent."""
    return (rate * (2 * 10**12) + ONE) >> (BITS + 1)


def inverse(factor: int) -> int:
    """`1 / factor`. Refused where it would be a rate that no series of prices has: above 10**16 % a year."""
    if not factor >> (BITS - 47):
        raise Refused(Code.NO_APR, "The series has no rate that means anything: it is above 10**16 % a year.")
    return (ONE << BITS) // factor


def percent(v: int, per_year: int) -> Decimal:
    """The same as a decimal number of per cent."""
    return Decimal(ten_decimals(v, per_year)).scaleb(-10)
