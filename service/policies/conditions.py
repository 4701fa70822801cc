"""Conditions, made ready once: each becomes a function of the facts, which stand in the order of the features."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final

from service.policies.document import Comparison, Condition
from service.policies.features import Fact

Facts = Sequence[Fact]
Test = Callable[[Facts], bool]

_OPERATORS: Final[dict[Comparison, Callable[[Any, Any], bool]]] = {
    Comparison.EQUALS: eq,
    Comparison.DIFFERS: ne,
    Comparison.BELOW: lt,
    Comparison.AT_MOST: le,
    Comparison.AT_LEAST: ge,
    Comparison.ABOVE: gt,
}


def compile_all(conditions: tuple[Condition, ...], slots: Mapping[str, int]) -> Test:
    """Whether all of `conditions` hold."""
    return reduce(_both, [_compile(condition, slots[condition.feature]) for condition in conditions])


def _both(one: Test, other: Test) -> Test:
    return lambda facts: one(facts) and other(facts)


def _compile(condition: Condition, slot: int) -> Test:
    comparison, value, values = condition.comparison, condition.value, frozenset(condition.values)
    if comparison is Comparison.ABSENT:
        return lambda facts: facts[slot] is None
    if comparison is Comparison.ONE_OF:
        return lambda facts: facts[slot] in values  # None never is
    if comparison is Comparison.NONE_OF:
        return lambda facts: (fact := facts[slot]) is not None and fact not in values
    holds = _OPERATORS[comparison]
    return lambda facts: (fact := facts[slot]) is not None and holds(fact, value)
