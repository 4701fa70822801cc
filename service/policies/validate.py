"""Everything that is wrong with a policy, all at once, each with its place. A policy with a fault is never published.

A check is a function of the document; every check speaks, whatever the others found.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import date
from functools import partial
from typing import Final

import msgspec

from service.countries import JURISDICTIONS, no_country
from service.money import EXPONENTS
from service.policies.document import Policy, Verdict
from service.policies.fault import Fault
from service.policies.scope import classes_of
from service.policies.validate_facts import (
    decreases_can_hold,
    features_can_be_read,
    rules_can_hold,
    segments_can_hold,
)
from service.policies.validate_late_fees import late_fees_are_possible
from service.policies.validate_law import prices_are_legal, settling_is_legal
from service.policies.validate_leeway import leeway_is_possible
from service.policies.validate_outside import outside_sources_are_read
from service.policies.validate_prices import (
    Wanted,
    always,
    deposit_ladders_rise,
    prices_are_few,
    prices_are_possible,
    rows_are_reachable,
)
from service.policies.validate_scorecard import bins_cover_their_feature, grades_can_be_reached
from service.terms.calendar import is_time_zone

Check = Callable[[Policy], Iterable[Fault]]


def read_policy(raw: bytes, on: date | None = None) -> tuple[Policy | None, list[Fault]]:
    """A policy from its JSON, and its faults; no policy where the shape itself is wrong. `on`: see `faults`."""
    try:
        policy = _decode(raw)
    except msgspec.ValidationError as error:
        sentence, _, path = str(error).partition(" - at `$")
        return None, [Fault(_pointer(path.rstrip("`")), f"{sentence}.")]
    except msgspec.DecodeError as error:
        return None, [Fault("", f"This is not JSON: {error}.")]
    return policy, faults(policy, on)


def faults(policy: Policy, on: date | None = None, wanted: Wanted = always) -> list[Fault]:
    """All faults of a document of the right shape, in the order of the checks; fewer once they are not `wanted`.

    `on` is the day it becomes active: its prices are held against the law of that day, if one is given.
    """
    checks = [partial(check, wanted=wanted) if check is prices_are_possible else check for check in CHECKS]
    found = [fault for check in checks for fault in check(policy)]
    return found if on is None else [*found, *prices_are_legal(policy, on, wanted), *settling_is_legal(policy, on)]


def names_are_said_once(policy: Policy) -> Iterator[Fault]:
    """Names that others refer to mean one thing."""
    yield from _twice("/features", [feature.name for feature in policy.features])
    yield from _twice("/counters", [counter.name for counter in policy.counters])
    yield from _twice("/outside", [source.name for source in policy.outside])
    yield from _twice("/rules", [rule.name for rule in policy.rules])
    yield from _twice("/grades", [grade.name for grade in policy.grades])
    yield from _twice("/decreases", [decrease.name for decrease in policy.decreases])
    yield from _twice("/segments", [segment.name for segment in policy.segments])
    yield from _twice("/limits", [f"{row.grade} {row.currency} {row.segment or ''}".rstrip() for row in policy.limits])
    yield from _twice("/categories", [category.name for category in policy.categories])
    words: dict[str, str] = {}
    for place, category in enumerate(policy.categories):
        for word in category.words:
            if words.setdefault(word.casefold(), category.name) != category.name:
                yield Fault(f"/categories/{place}", f"{word!r} is in {words[word.casefold()]!r} already.")


def calendar_is_known(policy: Policy) -> Iterator[Fault]:
    """The time zone is one of the IANA's."""
    if not is_time_zone(policy.time_zone):
        yield Fault("/time_zone", f"There is no time zone {policy.time_zone!r}.")


def law_is_known(policy: Policy) -> Iterator[Fault]:
    """The jurisdiction is a country or the Union, and its law knows the class of product."""
    if policy.jurisdiction not in JURISDICTIONS:
        yield Fault("/jurisdiction", no_country(policy.jurisdiction))
    elif policy.product_class not in (known := classes_of(policy.jurisdiction)):
        sentence = (
            f"No law of {policy.jurisdiction} is about {policy.product_class!r}; say {' or '.join(sorted(known))}."
        )
        yield Fault("/product_class", sentence)


def limits_are_complete(policy: Policy) -> Iterator[Fault]:
    """Every grade that may buy has a limit in every currency, and steps only rise."""
    grades = {grade.name: grade for grade in policy.grades}
    segments = {segment.name for segment in policy.segments}
    for place, row in enumerate(policy.limits):
        at = f"/limits/{place}"
        if row.grade not in grades:
            yield Fault(f"{at}/grade", f"There is no grade {row.grade}.")
        if row.segment is not None and row.segment not in segments:
            yield Fault(f"{at}/segment", f"There is no segment {row.segment!r}.")
        if row.currency not in EXPONENTS:
            yield Fault(f"{at}/currency", f"There is no currency {row.currency} here.")
        before = (0, row.limit)
        for number, step in enumerate(row.steps):
            if step.paid_off_plans <= before[0] or step.limit <= before[1]:
                yield Fault(f"{at}/steps/{number}", "A step asks for more plans paid off, and gives a higher limit.")
            before = (step.paid_off_plans, step.limit)
    rows = {(row.currency, row.grade) for row in policy.limits if row.segment is None}
    for currency in dict.fromkeys(row.currency for row in policy.limits):
        for place, grade in enumerate(policy.grades):
            if grade.verdict is not Verdict.DECLINE and (currency, grade.name) not in rows:
                yield Fault(f"/grades/{place}", f"Grade {grade.name} has no limit in {currency}.")


CHECKS: Final[tuple[Check, ...]] = (
    names_are_said_once,
    calendar_is_known,
    law_is_known,
    features_can_be_read,
    outside_sources_are_read,
    rules_can_hold,
    bins_cover_their_feature,
    grades_can_be_reached,
    segments_can_hold,
    limits_are_complete,
    decreases_can_hold,
    prices_are_few,
    prices_are_possible,
    rows_are_reachable,
    deposit_ladders_rise,
    leeway_is_possible,
    late_fees_are_possible,
)

_decode = msgspec.json.Decoder(Policy).decode


def _twice(at: str, names: list[str]) -> Iterator[Fault]:
    seen: set[Hashable] = set()
    for place, name in enumerate(names):
        if name in seen:
            yield Fault(f"{at}/{place}", f"{name!r} is there already.")
        seen.add(name)


def _pointer(path: str) -> str:
    """`.rules[0].when[...]` as a JSON pointer, as far as it names places."""
    steps = path.replace("[...]", "").replace("]", "").replace("[", ".").split(".")
    return "".join(f"/{step}" for step in steps if step)
