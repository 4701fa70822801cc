"""Bins: where numbers are cut, how words are grouped, and what a promise keeps."""

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.learning.binning import Binned, Count, bin_facts, roundest, weight
from service.policies.document import Absent, Bin, Characteristic, Feature, FeatureType, Monotone, Source
from service.policies.reasons import ReasonCode
from tests import properties  # noqa: F401 - loads the profile


def binned(
    facts: list[Any], good: list[bool], type_: FeatureType, monotone: Monotone | None = None, **feature: Any
) -> Binned:
    wanted = Characteristic("fact", ReasonCode.INCOME, (Bin(0),), monotone)
    return bin_facts(wanted, Feature("fact", type_, **({"source": Source.ATTRIBUTE} | feature)), facts, good)


@pytest.mark.parametrize(
    ("above", "up_to", "expected"),
    [(393_712, 394_480, 394_000), (17, 18, 18), (0, 7, 5), (8, 13, 10), (-7, -3, -5), (-1, 1, 0), (99, 1234, 1000)],
)
def test_the_roundest_number_between_two(above: int, up_to: int, expected: int) -> None:
    assert roundest(above, up_to) == expected


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**9))
def test_the_roundest_number_is_between_them(above: int, more: int) -> None:
    assert above < roundest(above, above + more) <= above + more


def test_the_weight_of_evidence() -> None:
    total = Count(70, 30)
    assert weight(Count(), total) == pytest.approx(0)
    assert weight(Count(7, 3), total) == pytest.approx(0)
    assert weight(Count(10, 0), total) > 0 > weight(Count(0, 10), total)
    assert 0 < weight(Count(1, 0), total) < weight(Count(100, 0), Count(700, 300))  # a few prove little


def test_a_clear_step_is_cut_where_it_is_at_a_round_number() -> None:
    numbers = list(range(0, 2_000, 2))
    found = binned(numbers, [number >= 1_234 for number in numbers], FeatureType.INTEGER)
    bins = found.characteristic.bins
    assert [(bin_.at_least, bin_.below) for bin_ in bins] == [(None, 1_234), (1_234, None), (None, None)]
    assert bins[-1].absent
    assert found.counts == (Count(0, 617), Count(383, 0), Count())
    assert found.weights[-1] == pytest.approx(0)  # nobody was without it
    assert found.information > 1


def test_absent_facts_are_evidence_where_there_are_any() -> None:
    facts = [1] * 100 + [None] * 100
    found = binned(facts, [True] * 90 + [False] * 10 + [True] * 40 + [False] * 60, FeatureType.INTEGER)
    assert found.counts[-1] == Count(40, 60)
    assert found.weights[-1] < 0


def test_words_that_end_alike_share_a_bin_and_rare_ones_join_others() -> None:
    shares = {"fine": 95, "good": 94, "poor": 20, "bad": 21}
    facts = [word for word in shares for _ in range(100)] + ["once"]
    good = [place < share for share in shares.values() for place in range(100)] + [True]
    found = binned(facts, good, FeatureType.TEXT)
    assert [bin_.values for bin_ in found.characteristic.bins[:-2]] == [("bad", "poor"), ("fine", "good", "once")]
    otherwise = next(place for place, bin_ in enumerate(found.characteristic.bins) if bin_.otherwise)
    assert found.weights[otherwise] == min(found.weights)  # a word nobody had is never favourable


def test_a_word_of_our_own_that_nobody_had_is_no_evidence() -> None:
    facts, good = ["cars", "sofas"] * 50, [True, False] * 50
    found = binned(facts, good, FeatureType.TEXT, source=Source.CHECKOUT, of="category")
    otherwise = next(place for place, bin_ in enumerate(found.characteristic.bins) if bin_.otherwise)
    assert found.weights[otherwise] == 0
    assert not any(bin_.absent for bin_ in found.characteristic.bins)  # every checkout has a category


def test_words_that_are_listed_leave_nothing_otherwise() -> None:
    facts, good = ["a", "b"] * 50, [True, False] * 50
    listed = binned(facts, good, FeatureType.TEXT, values=("a", "b"), absent=Absent.DECLINE)
    assert [bin_.values for bin_ in listed.characteristic.bins] == [("b",), ("a",)]
    assert any(
        bin_.otherwise for bin_ in binned(facts, good, FeatureType.TEXT, values=("a", "b", "c")).characteristic.bins
    )
    both = binned([True, False] * 50, good, FeatureType.BOOLEAN, absent=Absent.REFER)
    assert [bin_.values for bin_ in both.characteristic.bins] == [(False,), (True,)]


def test_one_value_is_one_bin_and_tells_nothing() -> None:
    for facts, type_ in (
        ([7] * 40, FeatureType.INTEGER),
        (["a"] * 40, FeatureType.TEXT),
        ([None] * 40, FeatureType.TEXT),
    ):
        assert binned(facts, [True, False] * 20, type_).information == pytest.approx(0)


@pytest.mark.parametrize("monotone", list(Monotone))
@pytest.mark.parametrize("seed", range(12))
def test_a_promise_is_kept_whatever_the_data_say(monotone: Monotone, seed: int) -> None:
    chance = random.Random(seed)
    facts = [chance.randint(0, 60) for _ in range(400)]
    good = [chance.random() < (0.4 + (fact % 17) / 40) for fact in facts]
    found = binned(facts, good, FeatureType.INTEGER, monotone, absent=Absent.DECLINE)
    assert all(one <= other if monotone is Monotone.RISING else one >= other for one, other in pairwise(found.weights))
    assert sum((count for count in found.counts), Count()) == Count(sum(good), len(good) - sum(good))
