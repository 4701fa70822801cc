"""The rate of an annuity, in closed form: one amount lent, equal ones paid at even gaps, of which the last may differ.

Most instalment plans are one, and a checkout prices several at once: this is `discounting.py` without its search, its
generality and most of its cost. What it does not answer at once it leaves to that.
"""

from collections.abc import Sequence
from typing import Final

from service.terms.discounting import BITS, CLOSE, ONE, Lattice, guess_of, power

TURNS_MAX: Final = 4


def annuity_factor(amounts: Sequence[int], lattice: Lattice) -> tuple[int, int] | None:
    """What a unit one gap later is worth now, in units of 2**-96, and the gaps in a year.

    `amounts` is what was lent, then what is paid, all positive and in order. Nothing where it is no annuity that costs
    something, or where Newton's method would need more than a few steps.

    With `d = v**n`, the worth of n payments less what was lent, times `1 - v`, has four terms:

        g(v) = (level + lent) v + (last - level) d - last v d - lent,

    so a step needs one power and one division. The step is that of the worth itself, `w = g / (1 - v)`, which is
    `g (1 - v) / (g' (1 - v) + g)`, because it stops by the same bound as `discounting.root`: the worth has no
    coefficient below zero but what was lent, so a step `s` leaves at most `n / 2 * s**2` of error. What rounding adds
    is less than 2**-48: about n units of 2**-96 in `g`, and `1 / (1 - v)`, which is not above 2**36.
    """
    lent, level, last, count = amounts[0], amounts[1], amounts[-1], len(amounts) - 1
    per_year, rest = divmod(lattice.per_year, lattice.even_gap)
    if rest or not lent or amounts[1:-1].count(level) != count - 1:
        return None
    odd = last - level
    paid, both, scale = level * count + odd, level + lent, count * per_year
    if paid <= lent:
        return (ONE, per_year) if paid == lent else None
    steps = count * (count + 1) // 2
    squares = steps * (2 * count + 1) // 3
    v = guess_of(lent, paid, level * steps + odd * count, level * squares + odd * count * count)
    for _ in range(TURNS_MAX):
        discount = ONE - v
        if not discount >> 60:
            return None
        discounted = power(v, count)
        end = last * v * discounted >> BITS
        value = v * (level * v - lent * discount + odd * discounted - end)
        slope = both * v + count * odd * discounted - (count + 1) * end
        step = value * discount // (slope * discount + value)
        v -= step
        if step * step * scale << CLOSE < v * v:
            return v, per_year
    return None
