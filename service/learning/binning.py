"""Bins for one fact: stretches of a number, or groups of words, that ended alike.

The cuts are those of a small decision tree (scikit-learn), which keeps a promise of rising or falling. The weight of
evidence of a bin says how it leans (Siddiqi, Credit Risk Scorecards, 2006, chapter 6):

    weight      = ln(share of all good in the bin / share of all bad in it);  0 leans nowhere
    information = sum of (share of good - share of bad) x weight;             below 0.02 the fact says nothing
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from sklearn.tree import DecisionTreeClassifier

from service.policies.document import (
    Absent,
    Bin,
    Characteristic,
    Feature,
    FeatureType,
    Monotone,
    Scorecard,
    Source,
)
from service.policies.features import Fact, may_be_absent
from service.policies.scorecard import ReadyCharacteristic, ready_scorecard

WRITTEN_BY_OTHERS: Final = (Source.ATTRIBUTE, Source.OUTSIDE)  # their words are not ours

BINS_MAX: Final = 5
ROWS_MIN: Final = 20  # a bin holds at least one row in so many
SPLIT_MIN: Final = 1  # of a cut's G statistic: no more than chance alone gives on average is no cut
PRIOR: Final = 10  # cases at the average rate added to every bin, so that a few rows prove little


class Count(Struct, frozen=True):
    """How many ended well and badly."""

    good: int = 0
    bad: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.good + other.good, self.bad + other.bad)


class Binned(Struct, frozen=True):
    """A characteristic whose bins carry no points yet, but their place; what stands in each, and its weight."""

    characteristic: Characteristic
    ready: ReadyCharacteristic
    counts: tuple[Count, ...]
    weights: tuple[float, ...]
    information: float

    def weights_of(self, facts: Iterable[Fact]) -> list[float]:
        """The weight of evidence of each fact, found as a decision finds its points."""
        return [self.weights[self.ready.points_of(fact)] for fact in facts]


def bin_facts(wanted: Characteristic, feature: Feature, facts: Sequence[Fact], good: Sequence[bool]) -> Binned:
    """Bins for `wanted` (its own are not read) from the facts of past purchases and how they ended."""
    known = [(fact, ending) for fact, ending in zip(facts, good, strict=True) if fact is not None]
    total = count_of(good)
    rows_min = max(1, len(good) // ROWS_MIN)
    if feature.type is FeatureType.INTEGER:
        bins, counts = _number_bins(known, wanted.monotone, total, rows_min)
    else:
        bins, counts = _word_bins(known, feature, total, rows_min)
    weights = [weight(count, total) for count in counts]
    if not (feature.type is FeatureType.INTEGER or _has_every_word(bins, feature)):
        bins.append(Bin(points=len(bins), otherwise=True))
        counts.append(Count())
        # A word nobody had: never favourable where others write it; of our own words, no evidence either way.
        weights.append(min(weights, default=0) if feature.source in WRITTEN_BY_OTHERS else 0)
    if may_be_absent(feature) and feature.absent is Absent.NEUTRAL:
        absent = total + _less(count_of(ending for _, ending in known))
        bins.append(Bin(points=len(bins), absent=True))
        counts.append(absent)
        weights.append(weight(absent, total))
    characteristic = replace(wanted, bins=tuple(bins))
    return Binned(
        characteristic,
        ready_scorecard(Scorecard(0, 0, 1, 1, (characteristic,)), {feature.name: 0}).characteristics[0],
        tuple(counts),
        tuple(weights),
        sum(
            (count.good / total.good - count.bad / total.bad) * lean
            for count, lean in zip(counts, weights, strict=True)
        ),
    )


def weight(count: Count, total: Count) -> float:
    """The weight of evidence of a bin, drawn towards 0 by `PRIOR` cases at the average rate."""
    share_good = PRIOR * total.good / (total.good + total.bad)
    share_bad = PRIOR - share_good
    return math.log((count.good + share_good) / total.good) - math.log((count.bad + share_bad) / total.bad)


def count_of(endings: Iterable[bool]) -> Count:
    """Endings, counted."""
    all_ = list(endings)
    return Count(sum(all_), len(all_) - sum(all_))


def roundest(above: int, up_to: int) -> int:
    """The roundest whole number in `above < n <= up_to`: 393,712 to 394,480 is 394,000."""
    step: int = 10 ** len(str(max(abs(above), abs(up_to))))
    while True:
        for part in (step, step // 2, step // 5):
            number = up_to // part * part if part else above
            if number > above:
                return number
        step //= 10


def _number_bins(
    known: Sequence[tuple[Fact, bool]], monotone: Monotone | None, total: Count, rows_min: int
) -> tuple[list[Bin], list[Count]]:
    numbers = [fact for fact, _ in known if isinstance(fact, int)]
    endings = [ending for _, ending in known]
    rising = 0 if monotone is None else 1 if monotone is Monotone.RISING else -1
    different = sorted(set(numbers))
    edges = []
    for cut in _cuts(numbers, endings, rising, rows_min):
        place = bisect_left(different, cut)
        edges.append(roundest(different[place - 1], different[place]))
    counts = [
        count_of(ending for number, ending in zip(numbers, endings, strict=True) if low <= number < high)
        for low, high in pairwise([-math.inf, *edges, math.inf])
    ]
    if rising:
        edges, counts = _keep_promise(edges, counts, total, rising)
    bounds = [None, *edges, None]
    return [Bin(place, low, high) for place, (low, high) in enumerate(pairwise(bounds))], counts


def _keep_promise(edges: list[int], counts: list[Count], total: Count, rising: int) -> tuple[list[int], list[Count]]:
    """Neighbours pooled until the weights rise (or fall) throughout: the prior draws small bins the most."""
    edges, counts = list(edges), list(counts)
    place = 0
    while place < len(edges):
        if rising * weight(counts[place], total) <= rising * weight(counts[place + 1], total):
            place += 1
        else:
            counts[place : place + 2] = [counts[place] + counts[place + 1]]
            del edges[place]
            place = max(0, place - 1)
    return edges, counts


def _word_bins(
    known: Sequence[tuple[Fact, bool]], feature: Feature, total: Count, rows_min: int
) -> tuple[list[Bin], list[Count]]:
    """Words in the order of their weight, cut like a number that rises."""
    of_word: dict[str | bool, Count] = {}
    for word, ending in known:
        assert isinstance(word, str | bool)
        of_word[word] = of_word.get(word, Count()) + Count(int(ending), int(not ending))
    words = sorted(of_word, key=lambda word: (weight(of_word[word], total), str(word)))
    ranks = {word: rank for rank, word in enumerate(words)}
    ranked = [ranks[word] for word, _ in known if isinstance(word, str | bool)]
    cuts = [math.ceil(cut) for cut in _cuts(ranked, [ending for _, ending in known], 1, rows_min)]
    groups = [words[low:high] for low, high in pairwise([0, *cuts, len(words)]) if words[low:high]]
    bins = [Bin(place, values=tuple(sorted(group, key=str))) for place, group in enumerate(groups)]
    return bins, [sum((of_word[word] for word in group), Count()) for group in groups]


def _cuts(numbers: Sequence[int], endings: Sequence[bool], rising: int, rows_min: int) -> list[float]:
    """Where a tree of few leaves parts the numbers, from left to right; between two of them, never on one."""
    if len(set(numbers)) < 2 or len(set(endings)) < 2:
        return []
    tree = DecisionTreeClassifier(
        criterion="entropy",
        max_leaf_nodes=BINS_MAX,
        min_samples_leaf=min(rows_min, len(numbers)),
        min_impurity_decrease=SPLIT_MIN / (2 * math.log(2) * len(numbers)),
        monotonic_cst=[rising],
        random_state=0,
    ).fit([[number] for number in numbers], [int(ending) for ending in endings])
    return sorted(
        float(cut) for feature, cut in zip(tree.tree_.feature, tree.tree_.threshold, strict=True) if feature >= 0
    )


def _has_every_word(bins: Sequence[Bin], feature: Feature) -> bool:
    every = {True, False} if feature.type is FeatureType.BOOLEAN else set(feature.values)
    return bool(every) and every <= {word for bin_ in bins for word in bin_.values}


def _less(count: Count) -> Count:
    return Count(-count.good, -count.bad)
