"""Checks of features, and of the conditions that read them: can each be read, and can it ever hold?"""

from collections.abc import Iterator

from service.policies.bounded import Value
from service.policies.conditions import compile_all
from service.policies.document import (
    Comparison,
    Condition,
    Feature,
    FeatureType,
    Policy,
    Source,
    Verdict,
)
from service.policies.fault import Fault
from service.policies.features import KNOWN, PYTHON_TYPE, can_be
from service.policies.validate_outside import outside_fault

ORDERED = (Comparison.BELOW, Comparison.AT_MOST, Comparison.AT_LEAST, Comparison.ABOVE)
LISTED = (Comparison.ONE_OF, Comparison.NONE_OF)


def features_can_be_read(policy: Policy) -> Iterator[Fault]:
    """Each is known to its source, and of the type it has there."""
    counters = {counter.name for counter in policy.counters}
    above: dict[str, Feature] = {}
    for place, feature in enumerate(policy.features):
        at, of = f"/features/{place}", feature.of or feature.name
        if feature.source is Source.RATIO:
            yield from _ratio(at, feature, above)
        elif feature.over:
            yield Fault(f"{at}/over", "Only a ratio has a divisor.")
        elif feature.source is Source.VELOCITY:
            if of not in counters:
                yield Fault(f"{at}/of", f"There is no counter {of!r}.")
            if feature.type is not FeatureType.INTEGER:
                yield Fault(f"{at}/type", "A counter is an integer.")
        elif feature.source is Source.OUTSIDE:
            yield from outside_fault(policy, at, feature)
        elif feature.source is not Source.ATTRIBUTE:
            known = KNOWN[feature.source].get(of)
            if known is None:
                names = ", ".join(KNOWN[feature.source])
                yield Fault(f"{at}/of", f"{feature.source} knows no {of!r}; it knows {names}.")
            elif known is not feature.type:
                yield Fault(f"{at}/type", f"{of!r} is {known}, not {feature.type}.")
        if feature.values and feature.type is not FeatureType.TEXT:
            yield Fault(f"{at}/values", "Only a text has a list of words.")
        for number, word in enumerate(feature.values):
            if not can_be(feature, word):
                yield Fault(f"{at}/values/{number}", f"{of!r} is never {word!r}.")
        above[feature.name] = feature


def rules_can_hold(policy: Policy) -> Iterator[Fault]:
    """A rule says no or refers, and its conditions can be true together."""
    seen: dict[tuple[object, ...], str] = {}
    for place, rule in enumerate(policy.rules):
        at = f"/rules/{place}"
        if rule.verdict is Verdict.APPROVE:
            yield Fault(f"{at}/verdict", "A rule declines or refers; nothing is approved by a rule.")
        first = seen.setdefault((rule.when, rule.kinds, rule.verdict), rule.name)
        if first != rule.name:
            yield Fault(at, f"It says what {first!r} says already.")
        yield from _conditions(policy, f"{at}/when", rule.when)


def segments_can_hold(policy: Policy) -> Iterator[Fault]:
    """The first segment that fits is taken, so none repeats an earlier one."""
    seen: dict[tuple[Condition, ...], str] = {}
    for place, segment in enumerate(policy.segments):
        first = seen.setdefault(segment.when, segment.name)
        if first != segment.name:
            yield Fault(f"/segments/{place}", f"{first!r} takes all of its consumers.")
        yield from _conditions(policy, f"/segments/{place}/when", segment.when)


def decreases_can_hold(policy: Policy) -> Iterator[Fault]:
    """A decrease has conditions that can be true together."""
    for place, decrease in enumerate(policy.decreases):
        yield from _conditions(policy, f"/decreases/{place}/when", decrease.when)


def _ratio(at: str, feature: Feature, above: dict[str, Feature]) -> Iterator[Fault]:
    if feature.type is not FeatureType.INTEGER:
        yield Fault(f"{at}/type", "A ratio is an integer: basis points.")
    for key, name in (("of", feature.of), ("over", feature.over)):
        if name not in above:
            yield Fault(f"{at}/{key}", f"There is no feature {name!r} above this one.")
        elif above[name].type is not FeatureType.INTEGER:
            yield Fault(f"{at}/{key}", f"{name!r} is not an integer.")


def _conditions(policy: Policy, at: str, conditions: tuple[Condition, ...]) -> Iterator[Fault]:
    features = {feature.name: feature for feature in policy.features}
    sound = True
    for place, condition in enumerate(conditions):
        for fault in _condition(f"{at}/{place}", condition, features.get(condition.feature)):
            sound = False
            yield fault
    for name in dict.fromkeys(condition.feature for condition in conditions):
        if sound and not _can_hold(features[name], [one for one in conditions if one.feature == name]):
            yield Fault(at, f"It can never hold: its conditions on {name!r} exclude each other.")


def _condition(at: str, condition: Condition, feature: Feature | None) -> Iterator[Fault]:
    if feature is None:
        yield Fault(f"{at}/feature", f"There is no feature {condition.feature!r}.")
        return
    comparison = condition.comparison
    if comparison in ORDERED and feature.type is not FeatureType.INTEGER:
        yield Fault(f"{at}/is", f"{feature.name!r} is {feature.type}: it is not {comparison} anything.")
    needs = "values" if comparison in LISTED else None if comparison is Comparison.ABSENT else "value"
    if (needs == "value") != (condition.value is not None):
        yield Fault(f"{at}/value", f"{comparison} has {'a value' if needs == 'value' else 'no value'}.")
    if (needs == "values") != bool(condition.values):
        yield Fault(f"{at}/values", f"{comparison} has {'values' if needs == 'values' else 'no list of values'}.")
    for value in (condition.value, *condition.values):
        if value is None:
            continue
        if type(value) is not PYTHON_TYPE[feature.type]:
            yield Fault(at, f"{feature.name!r} is {feature.type}; {value!r} is not.")
        elif not can_be(feature, value):
            yield Fault(at, f"{feature.name!r} is never {value!r}.")


def _can_hold(feature: Feature, conditions: list[Condition]) -> bool:
    """Whether some fact satisfies all of `conditions`, which are sound and on `feature`."""
    absent = [condition.comparison is Comparison.ABSENT for condition in conditions]
    if any(absent):
        return all(absent)
    if feature.type is FeatureType.INTEGER:
        return any(_all_hold(fact, conditions) for fact in _edges(conditions))
    named: list[Value] = [value for one in conditions for value in (one.value, *one.values) if value is not None]
    facts: list[Value]
    if feature.type is FeatureType.BOOLEAN:
        facts = [True, False]
    else:
        facts = list(feature.values) or [*named, "".join(map(str, named)) + "?"]  # the last is none of those named
    return any(_all_hold(fact, conditions) for fact in facts)


def _edges(conditions: list[Condition]) -> Iterator[int]:
    """Whole numbers between which nothing changes: each value named, and its neighbours."""
    for condition in conditions:
        for value in (condition.value, *condition.values):
            if isinstance(value, int):
                yield from (value - 1, value, value + 1)


def _all_hold(fact: Value, conditions: list[Condition]) -> bool:
    return compile_all(tuple(conditions), {condition.feature: 0 for condition in conditions})([fact])
