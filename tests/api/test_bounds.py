"""Nothing that a request carries is a list or a map without end."""

from collections.abc import Iterator
from typing import Any

import msgspec.inspect
import pytest
from msgspec.inspect import FrozenSetType, ListType, SetType, VarTupleType

from tests.contract.app import ROUTES

BODIES = {
    route.operation.takes.__name__: route.operation.takes
    for route in ROUTES.values()
    if isinstance(route.operation.takes, type)
}
LISTS = (
    msgspec.inspect.ListType | msgspec.inspect.VarTupleType | msgspec.inspect.SetType | msgspec.inspect.FrozenSetType
)


def endless(known: Any, at: str) -> Iterator[str]:
    """The places below `at` whose lists and maps have no bound."""
    match known:
        case msgspec.inspect.Metadata(type=one):
            yield from endless(one, at)
        case msgspec.inspect.StructType(fields=fields):
            for field in fields:
                yield from endless(field.type, f"{at}/{field.encode_name}")
        case msgspec.inspect.UnionType(types=types) | msgspec.inspect.TupleType(item_types=types):
            for one in types:
                yield from endless(one, at)
        case msgspec.inspect.DictType(value_type=value, max_length=longest):
            yield from endless(value, f"{at}/{{}}")
            if longest is None:
                yield at
        case _ if isinstance(known, ListType | VarTupleType | SetType | FrozenSetType):
            yield from endless(known.item_type, f"{at}/[]")
            if known.max_length is None:
                yield at


@pytest.mark.parametrize("name", BODIES)
def test_every_list_and_map_has_a_bound(name: str) -> None:
    assert list(endless(msgspec.inspect.type_info(BODIES[name]), "")) == []


def test_all_bodies_are_looked_at() -> None:
    assert {"Checkout", "Policy", "QuoteRequest", "ConsumerBody", "MerchantBody"} <= BODIES.keys()
    assert list(endless(msgspec.inspect.type_info(dict[str, list[int]]), "")) == ["/{}", ""]
