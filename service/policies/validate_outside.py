"""Checks of outside sources: each fact is one that the source has, and nobody is asked for nothing."""

from collections.abc import Iterator

from service.outside.source import FACTS
from service.policies.document import Feature, Policy, Source
from service.policies.fault import Fault
from service.policies.features import PYTHON_TYPE, split_outside


def outside_fault(policy: Policy, at: str, feature: Feature) -> Iterator[Fault]:
    """What is wrong with a feature that reads an outside source."""
    name, fact = split_outside(feature.of)
    source = next((one for one in policy.outside if one.name == name), None)
    if source is None:
        yield Fault(f"{at}/of", f"There is no outside source {name!r}; say source.fact.")
        return
    known = FACTS[source.data_type]
    if fact not in known:
        yield Fault(f"{at}/of", f"{source.data_type} has no {fact!r}; it has {', '.join(known)}.")
    elif known[fact] is not PYTHON_TYPE[feature.type]:
        type_ = next(word for word, python in PYTHON_TYPE.items() if python is known[fact])
        yield Fault(f"{at}/type", f"{feature.of!r} is {type_}, not {feature.type}.")


def outside_sources_are_read(policy: Policy) -> Iterator[Fault]:
    """A source whose facts no feature reads would be asked for nothing, and no two may be asked for the same."""
    read = {split_outside(feature.of)[0] for feature in policy.features if feature.source is Source.OUTSIDE}
    seen: dict[tuple[object, ...], str] = {}
    for place, source in enumerate(policy.outside):
        if source.name not in read:
            yield Fault(f"/outside/{place}", f"No feature reads {source.name!r}: nobody is asked for nothing.")
        asked = (source.gateway, source.data_type, source.purpose)
        first = seen.setdefault(asked, source.name)
        if first != source.name:
            yield Fault(f"/outside/{place}", f"It asks what {first!r} asks already.")
