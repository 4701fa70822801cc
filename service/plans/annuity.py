"""The rate of an annuity, in closed form: one amount lent, equal ones paid at even gaps, of which the last may differ.

Most instalment plans are one, and a checkout prices several at once: this is `discounting.py` without its search, its
generality and most of its cost. What it does not answer at once it leaves to that.
"""

from collections.abc import Sequence
from math import isqrt

from service.plans.discounting import BITS, CLOSE, ONE, SEED, Lattice

UNIT = 1 << SEED
TURNS_MAX = 4


def annuity_factor(amounts: Sequence[int], lattice: Lattice) -> tuple[int, int] | None:
    """What a unit one gap later is worth now, in units of 2**-96, and the gaps in a year.

    `amounts` is what was lent, then what is paid, all positive and in order. Nothing where it is no annuity that costs
    something, or where Newton's method would need more than a few steps.
    """
    lent, level, last = amounts[0], amounts[1], amounts[-1]
    count = len(amounts) - 2  # the equal ones before the last
    per_year, odd = divmod(lattice.per_year, lattice.even_gap)
    if odd or amounts.count(level) - (lent == level) - (last == level) != count:
        return None
    v = _first_guess(lent, level, count, last)
    scale = (count + 1) * per_year
    for _ in range(TURNS_MAX):
        discount = ONE - v
        if not discount >> 60:
            return None
        discounted = v**count << BITS >> BITS * count
        total = v * (ONE - discounted) // discount  # v + v**2 + ... + v**count
        slope = ((total << BITS) - count * v * discounted) // discount
        end = last * v
        value = (end * discounted >> BITS) + level * total - (lent << BITS)
        step = v * value // (((count + 1) * end * discounted >> BITS) + level * slope)
        v -= step
        if not step * step * scale >> CLOSE:
            return v, per_year
    return None


def _first_guess(lent: int, level: int, count: int, last: int) -> int:
    """As `discounting.first_guess`, from the mean and the variance of the dates of payment; `ONE` where it fails."""
    end, steps = count + 1, count * (count + 1) // 2
    paid = level * count + last
    mean = (level * steps + last * end << SEED) // paid
    variance = (level * (steps * (2 * count + 1) // 3) + last * end * end << SEED) // paid - (mean * mean >> SEED)
    ratio = (paid - lent << SEED) // (paid + lent)
    half_logarithm = ratio + (ratio * ratio * ratio // 3 >> 2 * SEED)
    discriminant = mean * mean - 4 * variance * half_logarithm
    if ratio <= 0 or discriminant < 0:
        return ONE
    half_rate = (half_logarithm << SEED + 1) // (mean + isqrt(discriminant))
    tanh = half_rate - (half_rate * half_rate * half_rate // 3 >> 2 * SEED)
    return (UNIT - tanh << BITS) // (UNIT + tanh) if 2 * tanh < UNIT else ONE
