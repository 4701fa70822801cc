"""A pool by its terms: lines at which it warns and stops, what it may cover, whose money each cent is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Refused
from service.money import BPS
from service.support.pool_terms import (
    PoolFunder,
    PoolTerms,
    has_reached,
    ratio_bps,
    require_pool_terms,
    returned_to,
    room_of,
    shares_of,
)

ONE, OTHER = "sp_00000000000000000000000001", "sp_00000000000000000000000002"
TWO = (PoolFunder(ONE, 7_000), PoolFunder(OTHER, 3_000))


@pytest.mark.parametrize(
    ("paid", "reached", "ratio"), [(599_999_99, False, 299), (600_000_00, True, 300), (600_000_01, True, 300)]
)
def test_the_line_of_stopping_is_met_to_the_cent(paid: int, reached: bool, ratio: int) -> None:
    assert has_reached(300, paid, 20_000_000_00) is reached
    assert ratio_bps(paid, 20_000_000_00) == ratio


def test_without_a_line_or_anything_covered_nothing_is_reached() -> None:
    assert not has_reached(0, 1, 1)
    assert not has_reached(1, 1, 0)
    assert ratio_bps(1, 0) == 0


@pytest.mark.parametrize(
    ("leverage", "available", "outstanding", "room"),
    [
        (10, 1_000_000_00, 0, 10_000_000_00), (10, 1_000_000_00, 9_999_999_99, 1), (10, 1_000_000_00, 10_000_000_00, 0),
        (10, 900_000_00, 9_500_000_00, 0), (0, 1, 1, None),
    ],
)  # fmt: skip
def test_what_it_may_still_cover(leverage: int, available: int, outstanding: int, room: int | None) -> None:
    assert room_of(PoolTerms(TWO, leverage), available, outstanding) == room


def test_what_comes_back_goes_by_shares() -> None:
    assert shares_of(PoolTerms(TWO), 74_83) == [52_38, 22_45]


def test_what_comes_back_goes_to_who_paid_it() -> None:
    """Whatever the shares are now; in the end each has back what it paid, and what did not come is taken back again."""
    paid = [271_60, 116_40]
    assert returned_to(paid, [0, 0], 74_83) == [52_38, 22_45]
    assert returned_to(paid, [52_38, 22_45], 388_00 - 74_83) == [271_60 - 52_38, 116_40 - 22_45]
    assert returned_to(paid, [52_38, 22_45], -74_83) == [-52_38, -22_45]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8), st.lists(st.integers(1, 10**5), max_size=8))
def test_nobody_gets_back_more_than_it_paid(paid: list[int], came: list[int]) -> None:
    returned = [0] * len(paid)
    for back in came:
        left = sum(paid) - sum(returned)
        if not left:
            break
        parts = returned_to(paid, returned, min(back, left))
        returned = [before + part for before, part in zip(returned, parts, strict=True)]
        assert min(parts) >= 0
        assert all(one <= most for one, most in zip(returned, paid, strict=True))


@given(st.lists(st.integers(1, 500), min_size=1, max_size=20), st.integers(0, 10**12))
def test_shares_are_the_whole(weights: list[int], amount: int) -> None:
    terms = PoolTerms(tuple(PoolFunder(f"sp_{place:026d}", weight) for place, weight in enumerate(weights)))
    parts = shares_of(terms, amount)
    assert sum(parts) == amount
    assert min(parts) >= 0


@pytest.mark.parametrize(
    ("terms", "pointer"),
    [
        (PoolTerms((PoolFunder(ONE, 9_999),)), "/pool/funders"),
        (PoolTerms((PoolFunder(ONE, 5_000), PoolFunder(ONE, 5_000))), "/pool/funders"),
        (PoolTerms((PoolFunder(ONE, BPS),), alarm_bps=301, stop_bps=300), "/pool/alarm_bps"),
    ],
)
def test_terms_that_contradict_themselves(terms: PoolTerms, pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        require_pool_terms(terms, "/pool")
    assert refused.value.pointer == pointer
