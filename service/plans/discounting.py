"""The rate at which what was lent and what is paid back are worth the same.

Dated on a lattice of 1/n year, the equation `sum(lent) = sum(paid)`, each discounted, is a polynomial in
`v = (1 + X) ** (-1/n)`. It is solved here by Newton's method on whole numbers (`v` in units of 2**-96), so the answer
is the same on every machine, and no float is near it. Powers are whole too: there is no logarithm to be wrong.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from operator import sub
from typing import Final

from service.errors import Code, Refused

BITS: Final = 96
ONE: Final = 1 << BITS
GUARD: Final = 64  # binary places kept below a minor unit
CLOSE: Final = BITS - 24  # a Newton step this small leaves an error of its square: below 1e-12 of the rate
FACTOR_MAX: Final = 101  # 1 + X of 10 000 % a year: a second root above it is an artefact, not a price

Polynomial = tuple[tuple[int, int], ...]  # (amount, steps since the amount before), the latest first


def polynomial(amounts: Sequence[int], steps: Sequence[int]) -> Polynomial:
    """Netted by time, without zeros, latest first: as Horner's scheme eats it. Amounts paid are positive."""
    nets: dict[int, int] = {}
    for amount, step in zip(amounts, steps, strict=True):
        nets[step] = nets.get(step, 0) + amount
    times = sorted((step for step, net in nets.items() if net), reverse=True)
    gaps = [*map(sub, times, times[1:]), 0]
    return tuple((nets[time], gap) for time, gap in zip(times, gaps, strict=False))


def power(base: int, exponent: int) -> int:
    """`base ** exponent`, both it and the result in units of 2**-96."""
    result = ONE
    while exponent:
        if exponent & 1:
            result = result * base >> BITS
        base = base * base >> BITS
        exponent >>= 1
    return result


def worth(flows: Polynomial, v: int) -> tuple[int, int]:
    """The polynomial at `v`, and `v` times its slope there, in minor units times 2**64."""
    powers = {1: v}
    value = slope = 0
    for amount, gap in flows:
        value += amount << GUARD
        if (factor := powers.get(gap)) is None:
            factor = powers[gap] = power(v, gap)
        slope = (slope + gap * value) * factor >> BITS
        value = value * factor >> BITS
    return value, slope


def sign_changes(amounts: Sequence[int]) -> int:
    """How often the sign turns from one amount to the next. No amount may be zero."""
    return sum((one < 0) != (other < 0) for one, other in pairwise(amounts))


def discount_factor(flows: Polynomial, steps_per_year: int) -> int:
    """`v` in units of 2**-96: what one unit a step later is worth now. `flows` as `polynomial` makes them.

    One change of sign, which every ordinary credit has, means exactly one rate (Descartes' rule of signs, which holds
    for real exponents too). Where the balance the consumer owes rises and falls more often, the rates are searched
    for: the one that is not negative and below 10 000 % a year is it, and two of them are refused.
    """
    if not flows:
        return ONE
    amounts = [amount for amount, _ in flows]
    changes = sign_changes(amounts)
    if changes == 0:
        raise Refused(Code.NO_APR, "The series has no rate: nothing is lent, or nothing is paid back.")
    if changes == 1:
        if amounts[0] < 0:
            raise Refused(Code.NO_APR, "The series has no rate: everything is paid before anything is lent.")
        return _root(flows, _first_guess(flows), 0, None)
    return _only_root(flows, steps_per_year)


def _first_guess(flows: Polynomial) -> int:
    """Near enough that one or two Newton steps are left: from when, on average, money is lent and paid, and how spread.

    The logarithm of a discounted sum is a series in the rate whose terms are the cumulants of its dates; two of them
    are kept, `ln(paid / lent) = rate * mean - rate ** 2 * variance / 2`, and Pade's fractions for ln and exp.
    """
    paid = paid_time = paid_square = lent = lent_time = lent_square = time = 0
    for amount, gap in reversed(flows):
        time += gap
        if amount > 0:
            paid += amount
            paid_time += (weighted := amount * time)
            paid_square += weighted * time
        else:
            lent -= amount
            lent_time -= (weighted := amount * time)
            lent_square -= weighted * time
    mean = (paid_time * lent - lent_time * paid << GUARD) // (paid * lent)
    spread = (
        ((paid_square << GUARD) // paid)
        - ((paid_time * paid_time << GUARD) // (paid * paid))
        - ((lent_square << GUARD) // lent)
        + ((lent_time * lent_time << GUARD) // (lent * lent))
    )
    half = ((paid - lent) << 2 * GUARD) // ((paid + lent) * mean)  # half the rate, to the first order
    half += half * half * spread // mean >> GUARD
    one = 1 << GUARD
    return (one - half << BITS) // (one + half) if -one < 2 * half < one else ONE


def _root(flows: Polynomial, v: int, low: int, high: int | None) -> int:
    """Where the worth rises through zero between `low` and `high`: Newton's step, or the middle if that leaves them."""
    span = sum(gap for _, gap in flows)
    while True:
        value, slope = worth(flows, v)
        if value < 0:
            low = v
        else:
            high = v
        step = v * value // slope if slope > 0 else v
        if abs(step) * span >> CLOSE == 0:
            return v - step
        v -= step
        if high is None:
            v = min(v, 2 * low)
        elif not low < v < high:
            v = (low + high) // 2


def _only_root(flows: Polynomial, steps_per_year: int) -> int:
    """The rate of a series that could have several."""
    roots = [_root(flows, (low + high) // 2, low, high) for flows, low, high in _crossings(flows, steps_per_year)]
    prices = [v for v in roots if v <= ONE and power(v, steps_per_year) * FACTOR_MAX >= ONE] or roots
    if len(prices) > 1:
        shown = " and ".join(f"{percent(v, steps_per_year):.2f} %" for v in sorted(prices, reverse=True))
        raise Refused(Code.SEVERAL_APRS, f"The series has more than one rate: {shown}.")
    if not prices:
        raise Refused(Code.NO_APR, "The series has no rate: at none is what is lent worth what is paid back.")
    return prices[0]


def _crossings(flows: Polynomial, steps_per_year: int) -> Iterator[tuple[Polynomial, int, int]]:
    """Each stretch of `v` on which the worth changes its sign, with the flows turned so that it rises.

    Walked by 3 % of `1 + X` from -99.9 % to a factor of a million a year.
    """
    stride = ONE - 3 * ONE // (100 * steps_per_year)
    v = power(ONE * ONE // stride, 230)
    turned = tuple((-amount, gap) for amount, gap in flows)
    above = worth(flows, v)[0] > 0
    for _ in range(700):
        high, v = v, v * stride >> BITS
        was_above, above = above, worth(flows, v)[0] > 0
        if was_above != above:
            yield (flows if was_above else turned), v, high


def percent(v: int, steps_per_year: int) -> Decimal:
    """The effective annual rate `v ** -n - 1` in per cent, to ten decimals, half up."""
    whole = (ONE << BITS) // power(v, steps_per_year)
    return Decimal(((whole - ONE) * 2 * 10**12 + ONE) // (2 * ONE)).scaleb(-10)
