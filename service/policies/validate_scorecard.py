"""Checks of the scorecard and its grades: every fact has exactly one bin, every bin and grade can be reached."""

from collections.abc import Iterator
from itertools import pairwise

from service.policies.document import Absent, Bin, Characteristic, Feature, FeatureType, Monotone, Policy
from service.policies.fault import Fault
from service.policies.features import can_be, may_be_absent
from service.policies.scorecard import number_bins, ready_scorecard


def bins_cover_their_feature(policy: Policy) -> Iterator[Fault]:
    """No gap, no overlap, no bin that nothing falls into; monotone where it says so."""
    features = {feature.name: feature for feature in policy.features}
    seen: set[str] = set()
    for place, characteristic in enumerate(policy.scorecard.characteristics):
        at = f"/scorecard/characteristics/{place}"
        feature = features.get(characteristic.feature)
        if feature is None:
            yield Fault(f"{at}/feature", f"There is no feature {characteristic.feature!r}.")
            continue
        if feature.name in seen:
            yield Fault(f"{at}/feature", f"{feature.name!r} has its points already.")
        seen.add(feature.name)
        shapes = list(_shapes(f"{at}/bins", characteristic, feature))
        yield from shapes
        if not shapes:
            yield from _cover(f"{at}/bins", characteristic, feature)
            yield from _absent(f"{at}/bins", characteristic, feature)
            yield from _monotone(at, characteristic, feature)


def grades_can_be_reached(policy: Policy) -> Iterator[Fault]:
    """Grades fall from the best, and some score leads to each."""
    for place, (better, worse) in enumerate(pairwise(policy.grades), 1):
        if worse.score_min >= better.score_min:
            yield Fault(f"/grades/{place}/score_min", f"Grade {worse.name} asks for no less than {better.name}.")
    features = {feature.name for feature in policy.features}
    if any(characteristic.feature not in features for characteristic in policy.scorecard.characteristics):
        return
    scorecard = ready_scorecard(policy.scorecard, dict.fromkeys(features, 0))
    for place, grade in enumerate(policy.grades):
        if grade.score_min > scorecard.score_max:
            yield Fault(f"/grades/{place}", f"No score reaches {grade.name}: the highest is {scorecard.score_max}.")
        elif place and policy.grades[place - 1].score_min <= scorecard.score_min:
            yield Fault(f"/grades/{place}", f"No score falls to {grade.name}: the lowest is {scorecard.score_min}.")


def _shapes(at: str, characteristic: Characteristic, feature: Feature) -> Iterator[Fault]:
    """Each bin is one thing, and a thing its feature can be."""
    words: set[object] = set()
    is_number = feature.type is FeatureType.INTEGER
    for place, bin_ in enumerate(characteristic.bins):
        ranged = bin_.at_least is not None or bin_.below is not None
        whole = is_number and not (bin_.values or bin_.otherwise or bin_.absent)  # without bounds: every number
        if [ranged or whole, bool(bin_.values), bin_.otherwise, bin_.absent].count(True) != 1:
            yield Fault(f"{at}/{place}", "A bin is a range, or words, or otherwise, or absent: one of them.")
        elif is_number and (bin_.values or bin_.otherwise):
            yield Fault(f"{at}/{place}", f"{feature.name!r} is an integer: its bins are ranges.")
        elif not is_number and ranged:
            yield Fault(f"{at}/{place}", f"{feature.name!r} is {feature.type}: its bins are lists of words.")
        for word in bin_.values:
            if isinstance(word, bool) != (feature.type is FeatureType.BOOLEAN):
                yield Fault(f"{at}/{place}", f"{feature.name!r} is {feature.type}; {word!r} is not.")
            elif not can_be(feature, word):
                yield Fault(f"{at}/{place}", f"{feature.name!r} is never {word!r}.")
            elif word in words:
                yield Fault(f"{at}/{place}", f"{word!r} is in a bin already.")
            words.add(word)
    for key in ("otherwise", "absent"):
        if sum(getattr(bin_, key) for bin_ in characteristic.bins) > 1:
            yield Fault(at, f"There are two bins for {key}.")


def _cover(at: str, characteristic: Characteristic, feature: Feature) -> Iterator[Fault]:
    if feature.type is FeatureType.INTEGER:
        yield from _cover_numbers(at, characteristic)
        return
    words = {word for bin_ in characteristic.bins for word in bin_.values}
    every: set[object] = {True, False} if feature.type is FeatureType.BOOLEAN else set(feature.values)
    has_otherwise = any(bin_.otherwise for bin_ in characteristic.bins)
    missing = every - words
    if has_otherwise and every and not missing:
        yield Fault(at, "Every word has a bin: nothing is left for otherwise.")
    if not has_otherwise and (missing or not every):
        named = ", ".join(sorted(map(repr, missing))) or "any other word"
        yield Fault(at, f"There is no bin for {named}.")


def _cover_numbers(at: str, characteristic: Characteristic) -> Iterator[Fault]:
    bins = number_bins(characteristic)
    places = {id(bin_): place for place, bin_ in enumerate(characteristic.bins)}
    if not bins or bins[0].at_least is not None:
        yield Fault(at, f"There is no bin for numbers below {bins[0].at_least if bins else 'any other'}.")
    for left, right in pairwise(bins):
        here = f"{at}/{places[id(right)]}"
        if left.below is None or right.at_least is None or right.at_least < left.below:
            yield Fault(here, f"The bin from {_low(right)} overlaps the one from {_low(left)}.")
        elif right.at_least > left.below:
            yield Fault(here, f"There is no bin from {left.below} to {right.at_least - 1}.")
    for bin_ in bins:
        if bin_.at_least is not None and bin_.below is not None and bin_.at_least >= bin_.below:
            yield Fault(f"{at}/{places[id(bin_)]}", f"No number is at least {bin_.at_least} and below {bin_.below}.")
    if bins and bins[-1].below is not None:
        yield Fault(at, f"There is no bin for {bins[-1].below} and above.")


def _low(bin_: Bin) -> str:
    return "below" if bin_.at_least is None else str(bin_.at_least)


def _absent(at: str, characteristic: Characteristic, feature: Feature) -> Iterator[Fault]:
    has_bin = any(bin_.absent for bin_ in characteristic.bins)
    can_be = may_be_absent(feature) and feature.absent is Absent.NEUTRAL
    if can_be and not has_bin:
        yield Fault(at, f"There is no bin for an absent {feature.name!r}.")
    if has_bin and not can_be:
        yield Fault(at, f"{feature.name!r} is never absent where points are given.")


def _monotone(at: str, characteristic: Characteristic, feature: Feature) -> Iterator[Fault]:
    if characteristic.monotone is None:
        return
    if feature.type is not FeatureType.INTEGER:
        yield Fault(f"{at}/monotone", "Only an integer rises or falls.")
        return
    points = [bin_.points for bin_ in number_bins(characteristic)]
    rising = characteristic.monotone is Monotone.RISING
    if points != sorted(points, reverse=not rising):
        yield Fault(f"{at}/bins", f"The points are not {characteristic.monotone}, as it says.")
