"""Fields that are wrong: the answer names them, nothing is written, and the idempotency key is not burnt."""

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec.inspect
import pytest

from service.api.body import BYTES_MAX
from tests.api.answers import fault, nothing_written
from tests.api.places import Place, beyond, places
from tests.api.routes import Post, client_for, fields_of, with_field, without_field
from tests.api.wrong import AUTHORED, BOUNDS, NUMBERS, WRONG
from tests.flows.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")  # in the shared world


def places_of(post: Post) -> list[Place]:
    """Where something of one type stands in its body, or might; of the elements of a list, what is new in each."""
    found: dict[str, Place] = {}
    for place in places(msgspec.inspect.type_info(post.route.operation.takes), post.body):
        found.setdefault(re.sub(r"/\d+", "/*", place.pointer), place)
    return [place for place in found.values() if not place.is_free]


@pytest.mark.parametrize("each", [False, pytest.param(True, marks=pytest.mark.long)])
async def test_another_type(world: World, ready: list[Post], each: bool) -> None:
    """Three wrong values at each place, other ones at the next; the long test has each at every place."""
    number = itertools.count()
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for place in places_of(post):
                values = WRONG[place.python_type]
                for bad in values if each else [values[next(number) % len(values)] for _ in range(3)]:
                    if (bad is None and place.is_null_right) or (
                        post.template == AUTHORED and isinstance(bad, (place.python_type, int, float))
                    ):
                        continue
                    answered = await client.post(post.path, content=raw_of(post, place.pointer, bad), key="bad")
                    wrong += fault(f"{post.template} {place.pointer} = {bad!r:.40}", answered, place.pointer)


async def test_numbers_that_are_no_integers(world: World, ready: list[Post]) -> None:
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for place in places_of(post):
                if place.python_type is not int or post.template == AUTHORED:
                    continue
                for number in NUMBERS:
                    raw = raw_of(post, place.pointer, "HERE").replace(b'"HERE"', number.encode())
                    answered = await client.post(post.path, content=raw, key="bad")
                    wrong += fault(f"{post.template} {place.pointer} = {number:.40}", answered, place.pointer)


async def test_unknown_fields(world: World, ready: list[Post]) -> None:
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            closed = [place.pointer for place in places_of(post) if place.python_type is dict and not place.is_map]
            for pointer in ["", *(one for one in closed if value_at(post.body, one) is not None)]:
                raw = raw_of(post, f"{pointer}/surprise", 1)
                answered = await client.post(post.path, content=raw, key="bad")
                wrong += fault(f"{post.template} {pointer}/surprise", answered, f"{pointer}/surprise")


async def test_keys_given_twice(world: World, ready: list[Post]) -> None:
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for pointer, value in first_of_each(post.body):
                name = pointer.rpartition("/")[2]
                if name.isdigit():
                    continue
                twice = json.dumps(name) + ": " + json.dumps(value)
                raw = json.dumps(post.body).replace(twice, f"{twice}, {twice}", 1)
                answered = await client.post(post.path, content=raw.encode(), key="bad")
                wrong += fault(f"{post.template} {pointer} twice", answered)


async def test_missing_fields(world: World, ready: list[Post]) -> None:
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for pointer in (place.pointer for place in places_of(post) if place.is_needed):
                raw = json.dumps(without_field(post.body, pointer)).encode()
                answered = await client.post(post.path, content=raw, key="bad")
                wrong += fault(f"{post.template} without {pointer}", answered, pointer)


async def test_values_beyond_what_the_type_says(world: World, ready: list[Post]) -> None:
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for place in places_of(post):
                for value in beyond(place, value_at(post.body, place.pointer)):
                    raw = raw_of(post, place.pointer, value)
                    pointers = (place.pointer,) if len(raw) <= BYTES_MAX else ()
                    answered = await client.post(post.path, content=raw, key="bad")
                    wrong += fault(f"{post.template} {place.pointer} = {value!r:.40}", answered, *pointers)


async def test_values_out_of_bounds(world: World, ready: list[Post]) -> None:
    by_template = {post.template: post for post in ready}
    async with nothing_written(world) as wrong:
        for template, fields in BOUNDS.items():
            post, client = by_template[template], client_for(world, template)
            for pointer, values in fields.items():
                for value in values:
                    answered = await client.post(post.path, content=raw_of(post, pointer, value), key="bad")
                    wrong += fault(f"{template} {pointer} = {value!r:.40}", answered, pointer)


async def test_a_line_that_goes_on(world: World, ready: list[Post]) -> None:
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for place in places_of(post):
                value = value_at(post.body, place.pointer)
                if isinstance(value, str) and post.template != AUTHORED and not place.takes_lines:
                    raw = raw_of(post, place.pointer, value + "\n")
                    answered = await client.post(post.path, content=raw, key="bad")
                    wrong += fault(f"{post.template} {place.pointer} with a line end", answered, place.pointer)


def first_of_each(body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The fields of a body, of those that differ in their place in a list alone only the first."""
    seen: set[str] = set()
    for pointer, value in fields_of(body):
        shape = re.sub(r"/\d+", "/*", pointer)
        if shape not in seen and not pointer.startswith("/attributes/"):
            seen.add(shape)
            yield pointer, value


def value_at(body: dict[str, Any], pointer: str) -> Any:
    """What stands at `pointer`; None if nothing does."""
    return dict(fields_of(body)).get(pointer)


def raw_of(post: Post, pointer: str, value: Any) -> bytes:
    """The good body with another value at `pointer`, as bytes."""
    return json.dumps(with_field(post.body, pointer, value)).encode()
