"""The cache bounded by weight."""

from collections.abc import Callable

import pytest

from service.errors import Code, Refused
from service.remembered import remembered
from service.terms.frame import frame_of


def counting() -> tuple[list[int], Callable[[int], int]]:
    """A function that weighs what it is asked, at most ten are kept; and how often it worked."""
    worked: list[int] = []

    @remembered(10, lambda size: size)
    def double(size: int) -> int:
        worked.append(size)
        if size == 0:
            raise Refused(Code.IMPOSSIBLE_TERMS, "Nothing has no double.")
        return 2 * size

    return worked, double


@pytest.mark.parametrize(
    ("asked", "worked"),
    [
        ([3, 3], [3]),
        ([4, 6, 4, 6], [4, 6]),  # ten is not too much
        ([4, 7, 7, 4], [4, 7, 4]),  # eleven is: the older goes
        ([1, 2, 3, 4, 5, 4, 3], [1, 2, 3, 4, 5, 3]),  # 1, 2 and 3 made room for 5
        ([11, 11], [11, 11]),  # heavier than all that is kept
        ([3, 11, 3], [3, 11]),  # and drives nothing out
    ],
)
def test_the_newest_are_kept_as_long_as_they_are_light(asked: list[int], worked: list[int]) -> None:
    found, double = counting()
    assert [double(size) for size in asked] == [2 * size for size in asked]
    assert found == worked


def test_a_refusal_is_not_kept() -> None:
    found, double = counting()
    for _ in range(2):
        with pytest.raises(Refused):
            double(0)
    assert found == [0, 0]


def test_it_says_what_it_remembers() -> None:
    assert frame_of.__name__ == "frame_of"
