"""How promptly a business pays, in tenths of a point."""

from fractions import Fraction

import pytest

from service.support.payment_index import Experience, index_of, points


@pytest.mark.parametrize(("days", "worth"), [
    (-31, 100), (-30, 100), (-29, 90), (-10, 90), (-9, 80), (0, 80), (7, 75), (14, 70), (21, 60), (30, 50), (45, 45),
    (60, 40), (90, 30), (105, 25), (120, 20), (500, 20),
])  # fmt: skip
def test_points(days: int, worth: int) -> None:
    assert points(days) == worth


def test_between_two_days_points_are_on_the_line() -> None:
    assert points(1) == Fraction(80) - Fraction(10, 14)
    assert points(22) == Fraction(60) - Fraction(10, 9)


def seen(*paid: tuple[int, int, str]) -> list[Experience]:
    return [Experience(amount, days, supplier) for amount, days, supplier in paid]


@pytest.mark.parametrize(("experiences", "index"), [
    (seen((60_000_00, 0, "a"), (30_000_00, 30, "b"), (10_000_00, 120, "a")), 650),
    (seen((100, 0, "a"), (100, 0, "a"), (100, 0, "b"), (100, 30, "b")), 725),
    (seen((100, 0, "a"), (100, 0, "b")), None),  # two experiences
    (seen((100, 0, "a"), (100, 0, "a"), (100, 0, "a")), None),  # one supplier
    (seen((100, 0, "a"), (100, 0, "b"), (0, 0, "a")), None),  # one of them is of nothing
    (seen((1, -30, "a"), (1, -30, "b"), (1, -30, "a")), 1000),
    ([], None),
])  # fmt: skip
def test_index(experiences: list[Experience], index: int | None) -> None:
    assert index_of(experiences) == index
