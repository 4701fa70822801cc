"""How far a figure may be chance. Pure.

AUC      E. DeLong, D. DeLong, D. Clarke-Pearson, Biometrics 44 (1988): the variance of an AUC, and of the difference
         of two on the same purchases, from where each good one stands among the bad and each bad one among the good.
rates    R. A. Fisher's exact test, two-sided.
ratios   D. Katz et al., Biometrics 34 (1978): the interval of a ratio of two rates, by its logarithm; where nobody is
         counted on a side, half a case is added to both (S. Walter, Biometrika 62, 1975).
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fractions import Fraction
from statistics import variance
from typing import Final

from msgspec import Struct

QUANTILE: Final = 1.959964  # of the normal distribution: 95 % lie within so many standard deviations


class Placements(Struct, frozen=True):
    """The share of bad scores below each good one, and of good scores above each bad one; ties count half."""

    good: tuple[float, ...]
    bad: tuple[float, ...]

    def less(self, other: "Placements") -> "Placements":
        """The differences to those of another score of the same purchases."""
        return Placements(
            tuple(one - its for one, its in zip(self.good, other.good, strict=True)),
            tuple(one - its for one, its in zip(self.bad, other.bad, strict=True)),
        )

    @property
    def error(self) -> float:
        """The standard error of the AUC, or of the difference of two; 0 with fewer than two good or two bad."""
        if min(len(self.good), len(self.bad)) < 2:
            return 0
        return math.sqrt(variance(self.good) / len(self.good) + variance(self.bad) / len(self.bad))


def placements_of(scores: Sequence[int], good: Sequence[bool]) -> Placements:
    """Where each purchase stands among those that ended the other way."""
    goods = sorted(score for score, ending in zip(scores, good, strict=True) if ending)
    bads = sorted(score for score, ending in zip(scores, good, strict=True) if not ending)
    rows = list(zip(scores, good, strict=True))
    return Placements(
        tuple(_below(bads, score) for score, ending in rows if ending),
        tuple(1 - _below(goods, score) for score, ending in rows if not ending),
    )


def interval(value: float, error: float) -> tuple[float, float]:
    """The 95 % interval."""
    return value - QUANTILE * error, value + QUANTILE * error


def chance(yes: int, count: int, other_yes: int, other_count: int) -> Fraction:
    """How often chance alone parts two groups at least so far, if their rates are really the same: 0 to 1."""
    all_yes, others_no = yes + other_yes, other_count - yes - other_yes
    first = max(0, -others_no)
    way = math.comb(count, first) * math.comb(other_count, all_yes - first)
    ways = [way]  # to have so many in the first group, from the least; each follows from the one before
    for n in range(first, min(count, all_yes)):
        way = way * (count - n) * (all_yes - n) // ((n + 1) * (others_no + n + 1))
        ways.append(way)
    seen = ways[yes - first]
    return Fraction(sum(way for way in ways if way <= seen), sum(ways))


def ratio_interval(yes: int, count: int, other_yes: int, other_count: int) -> tuple[float, float]:
    """The 95 % interval of the first rate over the second: 60 of 100 over 40 of 100 is 1.5, and 1.12 to 2.00."""
    more = 0 if yes and other_yes else 0.5
    rates = ((yes + more, count + more), (other_yes + more, other_count + more))
    (ours, all_ours), (theirs, all_theirs) = rates
    error = math.sqrt(1 / ours - 1 / all_ours + 1 / theirs - 1 / all_theirs)
    low, high = interval(math.log(ours / all_ours) - math.log(theirs / all_theirs), error)
    return math.exp(low), math.exp(high)


def _below(ordered: Sequence[int], score: int) -> float:
    return (bisect_left(ordered, score) + bisect_right(ordered, score)) / (2 * len(ordered))
