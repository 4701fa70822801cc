"""A scorecard from past purchases: weights of evidence, a logistic regression (scikit-learn), whole points.

log odds of a good ending = b0 + b1 x weight1 + b2 x weight2 + ...
points  = factor x b x weight         factor = points to double the odds / ln 2
base    = score at the odds + factor x (b0 - ln odds)
"""

import math
from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from sklearn.linear_model import LogisticRegression

from service.errors import Code, Refused
from service.learning.binning import Binned, Count, bin_facts
from service.learning.record import Fitted, Learned, LearnedBin
from service.policies.document import Bin, Characteristic, Feature, Scorecard
from service.policies.features import Fact

INFORMATION_MIN: Final = 0.02


class Candidate(Struct, frozen=True):
    """A characteristic that may be learned: its reason and promise are given, its bins are found."""

    characteristic: Characteristic
    feature: Feature
    slot: int  # where its fact stands


def fit_scorecard(
    candidates: Sequence[Candidate], facts: Sequence[Sequence[Fact]], good: Sequence[bool], scale: Scorecard
) -> Fitted:
    """The scorecard on the scale of `scale` (its points are not read). The same input gives the same scorecard.

    A candidate that says too little is left out; so is one that, beside the others, would turn its own evidence
    around: nobody could be told why. Refused where nothing is left.
    """
    binned = [bin_facts(one.characteristic, one.feature, [row[one.slot] for row in facts], good) for one in candidates]
    columns = [
        one.weights_of(row[candidate.slot] for row in facts) for one, candidate in zip(binned, candidates, strict=True)
    ]
    why = {
        place: f"information below {INFORMATION_MIN}"
        for place, one in enumerate(binned)
        if one.information < INFORMATION_MIN
    }
    while True:
        kept = [place for place in range(len(candidates)) if place not in why]
        if not kept:
            raise Refused(Code.INVALID_FILE, "Nothing in these data tells good from bad endings.")
        intercept, coefficients = _regress([columns[place] for place in kept], good)
        least = min(range(len(kept)), key=coefficients.__getitem__)
        if coefficients[least] > 0:
            break
        why[kept[least]] = "turned around beside the others"
    factor = scale.points_to_double_odds / math.log(2)
    worth = dict(zip(kept, coefficients, strict=True))
    characteristics = [_with_points(binned[place], factor * worth[place]) for place in kept]
    return Fitted(
        replace(
            scale,
            base_points=round(scale.score_at_odds + factor * (intercept - math.log(scale.odds))),
            characteristics=tuple(characteristics),
        ),
        tuple(_learned(one, worth.get(place), factor, why.get(place, "")) for place, one in enumerate(binned)),
    )


def _regress(columns: Sequence[Sequence[float]], good: Sequence[bool]) -> tuple[float, list[float]]:
    """Intercept and coefficients, with scikit-learn's usual mild ridge (C = 1)."""
    model = LogisticRegression(C=1, max_iter=1000).fit(list(zip(*columns, strict=True)), [int(one) for one in good])
    return float(model.intercept_[0]), [float(one) for one in model.coef_[0]]


def _with_points(binned: Binned, worth: float) -> Characteristic:
    bins = [
        replace(bin_, points=round(worth * weight))
        for bin_, weight in zip(binned.characteristic.bins, binned.weights, strict=True)
    ]
    merged: list[Bin] = []
    for bin_ in bins:
        before = merged[-1] if merged else None
        if before and before.points == bin_.points and not (bin_.otherwise or bin_.absent):
            merged[-1] = replace(before, below=bin_.below, values=before.values + bin_.values)
        else:
            merged.append(bin_)
    return replace(binned.characteristic, bins=tuple(merged))


def _learned(binned: Binned, coefficient: float | None, factor: float, left_out: str) -> Learned:
    rows = zip(binned.characteristic.bins, binned.counts, binned.weights, strict=True)
    return Learned(
        binned.characteristic.feature,
        round(binned.information, 4),
        None if coefficient is None else round(coefficient, 4),
        tuple(_learned_bin(bin_, count, weight, factor * (coefficient or 0)) for bin_, count, weight in rows),
        left_out,
    )


def _learned_bin(bin_: Bin, count: Count, weight: float, worth: float) -> LearnedBin:
    return LearnedBin(replace(bin_, points=round(worth * weight)), count.good, count.bad, round(weight, 4))
