"""What a policy reads of a consumer: the attributes' names, types and words, and never what they weigh.

Words stand in the order of the alphabet: that of a scorecard would tell the better from the worse.
"""

from collections.abc import Iterable, Mapping
from itertools import chain

from msgspec import Struct

from service.policies.document import Absent, FeatureType, Policy, Source
from service.policies.features import PYTHON_TYPE


class AttributeRead(Struct, frozen=True):
    """One attribute, as a merchant registers it with a consumer."""

    name: str  # under which it is registered
    type: FeatureType
    words: tuple[str, ...]  # of a text, those the policy tells apart; empty: any
    is_needed: bool  # without it a checkout is declined or referred


class Unread(Struct, frozen=True):
    """What was registered in vain, and what was not registered: names of attributes."""

    unknown: tuple[str, ...]  # the policy reads no attribute of this name
    unreadable: tuple[str, ...]  # its value is of another type, or none of the words the policy tells apart
    missing: tuple[str, ...]  # the policy reads it, and it has no value


def attributes_read(policy: Policy) -> tuple[AttributeRead, ...]:
    """The attributes that a policy's features read, by name."""
    read: dict[str, AttributeRead] = {}
    for feature in policy.features:
        if feature.source is not Source.ATTRIBUTE:
            continue
        name = feature.of or feature.name
        words = feature.values or _words_told_apart(policy, feature.name)
        is_needed = feature.absent is not Absent.NEUTRAL
        if before := read.get(name):
            words, is_needed = (*before.words, *words), before.is_needed or is_needed
        read[name] = AttributeRead(name, feature.type, tuple(sorted(set(words))), is_needed)
    return tuple(read[name] for name in sorted(read))


def unread(policies: Iterable[tuple[AttributeRead, ...]], given: Mapping[str, object]) -> Unread:
    """What these policies make of the attributes `given`, each list in the order of the alphabet."""
    read: dict[str, list[AttributeRead]] = {}
    for attributes in policies:
        for attribute in attributes:
            read.setdefault(attribute.name, []).append(attribute)
    if not read:
        return Unread((), (), ())
    told = {name: value for name, value in given.items() if value is not None}
    unreadable = [
        name for name in told.keys() & read.keys() if not any(_is_readable(one, told[name]) for one in read[name])
    ]
    return Unread(
        unknown=tuple(sorted(given.keys() - read.keys())),
        unreadable=tuple(sorted(unreadable)),
        missing=tuple(sorted(read.keys() - told.keys())),
    )


def _is_readable(attribute: AttributeRead, value: object) -> bool:
    return type(value) is PYTHON_TYPE[attribute.type] and (not attribute.words or value in attribute.words)


def _words_told_apart(policy: Policy, feature: str) -> tuple[str, ...]:
    """The words of a feature that its bins and the conditions on it name; without bins any word is as good."""
    bins = [bin_ for one in policy.scorecard.characteristics if one.feature == feature for bin_ in one.bins]
    named = [value for bin_ in bins for value in bin_.values]
    if not named:
        return ()
    conditions = chain(
        *(rule.when for rule in policy.rules),
        *(segment.when for segment in policy.segments),
        *(decrease.when for decrease in policy.decreases),
    )
    compared = [value for one in conditions if one.feature == feature for value in (one.value, *one.values)]
    return tuple(value for value in (*named, *compared) if isinstance(value, str))
