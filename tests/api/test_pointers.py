"""Where in a body something is wrong, and how far a body is looked through for it."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api import consumers, pointers
from service.api.body import Body
from service.api.pointers import KEYS_MAX, doubled, everything, holding, place_of, pointer_of, with_doubles
from service.api.quotes import _quote
from service.errors import Refused
from tests import properties  # noqa: F401 - loads the profile

CONSUMER = next(
    one for one in vars(consumers).values() if isinstance(one, Body) and one.wire.__name__ == "ConsumerBody"
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


def at(value: Any, place: tuple[str, ...]) -> Any:
    for step in place:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


@given(json_values)
def test_everything_is_found_once_at_its_place(value: Any) -> None:
    found = [(place_of(path), one) for path, one in everything(value)]
    assert all(at(value, place) is one for place, one in found)
    assert len({place for place, _ in found}) == len(found)
    assert [one for _, one in found if not isinstance(one, dict | list)] == leaves(value)


def leaves(value: Any) -> list[Any]:
    """The plain values, in the order they are written."""
    if isinstance(value, dict | list):
        inside = value.values() if isinstance(value, dict) else value
        return [leaf for one in inside for leaf in leaves(one)]
    return [value]


def told(body: Body[Any], value: Any) -> str | None:
    with pytest.raises(Refused) as refused:
        body.read(json.dumps(value).encode(), "application/json")
    return refused.value.pointer


@pytest.mark.parametrize("place", [0, 1, KEYS_MAX // 2, KEYS_MAX - 1])
@pytest.mark.parametrize("count", [KEYS_MAX, KEYS_MAX + 1])
def test_the_key_at_fault_is_named_where_keys_are_not_too_many(place: int, count: int) -> None:
    attributes: dict[str, Any] = {f"k{number}": number for number in range(count)}
    attributes[f"k{place}"] = [1]
    attributes[f"k{count - 1}"] = 1.5  # the first is told
    named = "/attributes/k" + str(min(place, count - 1))
    assert told(CONSUMER, {"reference": "a", "attributes": attributes}) == (
        named if count <= KEYS_MAX else "/attributes"
    )


def test_a_large_body_is_not_looked_through_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = 0

    def counting(value: Any) -> Any:
        nonlocal seen
        for found in everything(value):
            seen += 1
            yield found

    monkeypatch.setattr(pointers, "everything", counting)
    monkeypatch.setattr("service.api.body.everything", counting)
    deep: Any = [1] * 15_000
    for _ in range(300):
        deep = [deep]
    assert told(_quote, {"currency": 1, "x": deep}) == "/currency"
    with pytest.raises(Refused):
        CONSUMER.read(b'{"reference": "\\ud800", "x": ' + json.dumps(deep).encode() + b"}", "application/json")
    assert seen <= 2 * pointers.VALUES_MAX


def test_what_is_said_twice_is_found_among_many() -> None:
    names = [f"k{number}" for number in range(5_000)]
    text = "{" + ",".join(f'"{name}":1' for name in [*names, "k4999"]) + "}"
    assert doubled(with_doubles(f'{{"a":[{text}]}}')) == ("a", "0", "k4999")
    assert holding({"a": [{"b": "x"}]}, re.compile("x")) == ("a", "0", "b")
    assert pointer_of(("a/b", "~")) == "/a~1b/~0"
