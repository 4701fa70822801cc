"""Measures that can be checked by hand."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.checkout.measures import CutOff, Judged, by_band, by_cut_off, by_group, fairness, power_of
from tests import properties  # noqa: F401 - loads the profile


def cases(good: str, bad: str) -> list[Judged]:
    """Cases by their scores; from 5 on they are approved. A good one earns 10, a bad one loses 25."""
    return [Judged(int(s), True, int(s) >= 5, 10) for s in good] + [
        Judged(int(s), False, int(s) >= 5, -25) for s in bad
    ]


@pytest.mark.parametrize(
    ("good", "bad", "auc", "ks"),
    [
        ("89", "12", Fraction(1), Fraction(1)),
        ("12", "89", Fraction(0), Fraction(1)),
        ("5", "5", Fraction(1, 2), Fraction(0)),
        ("19", "19", Fraction(1, 2), Fraction(0)),
        ("679", "178", Fraction(11, 18), Fraction(1, 3)),
    ],
)
def test_power(good: str, bad: str, auc: Fraction, ks: Fraction) -> None:
    power = power_of(cases(good, bad))
    assert (power.auc, power.gini, power.ks) == (auc, 2 * auc - 1, ks)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_auc_is_what_comparing_all_pairs_gives(good: list[int], bad: list[int]) -> None:
    halves = sum(2 * (one > other) + (one == other) for one in good for other in bad)
    found = power_of([Judged(s, True, True) for s in good] + [Judged(s, False, True) for s in bad])
    assert found.auc == Fraction(halves, 2 * len(good) * len(bad))
    assert 0 <= found.ks <= 1


def test_bands() -> None:
    lines = by_band(cases("679", "178"), 5)
    assert [(line.name, line.count, line.approved, line.bad, line.bad_rate) for line in lines] == [
        ("0", 1, 0, 1, Fraction(0)),
        ("5", 5, 5, 2, Fraction(2, 5)),
    ]


def test_profit_by_cut_off() -> None:
    assert by_cut_off(cases("679", "178")) == [
        CutOff(1, 6, 3, 30 - 75),
        CutOff(6, 5, 2, 30 - 50),
        CutOff(7, 4, 2, 20 - 50),
        CutOff(8, 2, 1, 10 - 25),
        CutOff(9, 1, 0, 10),
    ]


def people(group: str, *, approved: int, declined: int) -> list[Judged]:
    """Good ones all."""
    return [Judged(0, True, n < approved, 0, group) for n in range(approved + declined)]


@pytest.mark.parametrize(
    ("one", "other", "approval_ratio", "false_bad_ratio"),
    [
        ((8, 2), (8, 2), Fraction(1), Fraction(1)),
        ((80, 20), (75, 25), Fraction(16, 15), Fraction(5, 4)),
        ((80, 20), (74, 26), Fraction(40, 37), Fraction(13, 10)),  # more of the good are mistaken for bad
        ((10, 0), (8, 2), Fraction(5, 4), None),
        ((1, 0), (0, 1), None, None),
    ],
)
def test_groups_side_by_side(
    one: tuple[int, int],
    other: tuple[int, int],
    approval_ratio: Fraction | None,
    false_bad_ratio: Fraction | None,
) -> None:
    cases = [people(name, approved=yes, declined=no) for name, (yes, no) in {"a": one, "b": other}.items()]
    _, worse = fairness(cases[0] + cases[1])
    assert (worse.approval_ratio, worse.false_bad_ratio) == (approval_ratio, false_bad_ratio)


def test_groups_are_in_the_order_of_their_names() -> None:
    lines = by_group(people("z", approved=1, declined=0) + people("y", approved=1, declined=1))
    assert [(line.name, line.approval_rate) for line in lines] == [("y", Fraction(1, 2)), ("z", Fraction(1))]
