"""How far figures may be chance: held against the definitions, spelt out, and against published figures."""

import math
from fractions import Fraction
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.learning.spread import Placements, chance, interval, placements_of
from tests import properties  # noqa: F401 - loads the profile

SCORES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=12)


def kernel(good: int, bad: int) -> float:
    """1 if the good one is ahead, half if they are level."""
    return (good > bad) + (good == bad) / 2


def covariance(one: list[float], other: list[float]) -> float:
    return sum((a - mean(one)) * (b - mean(other)) for a, b in zip(one, other, strict=True)) / (len(one) - 1)


@given(SCORES, SCORES)
def test_the_variance_of_a_difference_is_that_of_delong(
    good: list[tuple[int, int]], bad: list[tuple[int, int]]
) -> None:
    """Two scores of the same people: S = S10 / m + S01 / n; the variance of a difference is l S l' with l = (1, -1)."""
    v10 = [[mean(kernel(g[i], b[i]) for b in bad) for g in good] for i in (0, 1)]
    v01 = [[mean(kernel(g[i], b[i]) for g in good) for b in bad] for i in (0, 1)]
    s = [
        [covariance(v10[i], v10[j]) / len(good) + covariance(v01[i], v01[j]) / len(bad) for j in (0, 1)] for i in (0, 1)
    ]
    endings = [True] * len(good) + [False] * len(bad)
    first, second = (placements_of([row[i] for row in good + bad], endings) for i in (0, 1))
    assert first.error == pytest.approx(math.sqrt(s[0][0]), abs=1e-9)
    expected = max(0, s[0][0] + s[1][1] - 2 * s[0][1])
    assert first.less(second).error == pytest.approx(math.sqrt(expected), abs=1e-6)
    assert mean(first.good) == pytest.approx(mean(first.bad))  # both are the AUC


def test_a_score_does_not_differ_from_itself() -> None:
    placed = placements_of([3, 1, 2, 2], [True, False, True, False])
    assert placed.less(placed).error == 0


def test_one_of_a_kind_says_nothing_of_spread() -> None:
    assert Placements((1,), (1,)).error == 0


def test_the_interval() -> None:
    assert interval(0.8, 0.1) == pytest.approx((0.604, 0.996), abs=1e-4)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((4, 4), (0, 4), Fraction(1, 35)),  # Fisher's lady tasting tea, all right: 1 / 70 on either side
        ((3, 4), (1, 4), Fraction(34, 70)),
        ((2, 17), (10, 13), Fraction(5_367, 10_000_000)),  # Fisher 1935, twins of criminals: 0.0005367
        ((5, 10), (5, 10), Fraction(1)),
        ((0, 0), (3, 9), Fraction(1)),
        ((0, 5), (0, 7), Fraction(1)),
    ],
)
def test_chance(one: tuple[int, int], other: tuple[int, int], expected: Fraction) -> None:
    assert float(chance(*one, *other)) == pytest.approx(float(expected), abs=5e-8)
    assert chance(*one, *other) == chance(*other, *one)
