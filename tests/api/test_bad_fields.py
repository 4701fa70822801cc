"""Fields that are wrong: the answer names them, nothing is written, and the idempotency key is not burnt."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.answers import fault, nothing_written
from tests.api.routes import Post, client_for, fields_of, posts, with_field, without_field
from tests.api.wrong import AUTHORED, BOUNDS, FREE, LINES, NEEDED, NULLABLE, NUMBERS, OPEN, WRONG
from tests.flows.world import World


def shapes_of(post: Post) -> Iterator[tuple[str, Any]]:
    """The fields of a body, of those that differ in their place in a list alone only the first."""
    seen: set[str] = set()
    for pointer, value in fields_of(post.body):
        shape = re.sub(r"/\d+", "/*", pointer)
        if shape not in seen and not FREE.match(pointer):
            seen.add(shape)
            yield pointer, value


@pytest.fixture
async def ready(world: World) -> list[Post]:
    """Every POST, ready to be done."""
    return await posts(world)


async def test_another_type(world: World, ready: list[Post]) -> None:
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for pointer, value in shapes_of(post):
                for bad in WRONG[type(value)]:
                    if (bad is None and pointer in NULLABLE) or (
                        post.template == AUTHORED and (bad is None or isinstance(bad, (type(value), int, float)))
                    ):
                        continue
                    answered = await client.post(post.path, content=raw_of(post, pointer, bad), key="bad")
                    wrong += fault(f"{post.template} {pointer} = {bad!r:.40}", answered, pointer)


async def test_numbers_that_are_no_integers(world: World, ready: list[Post]) -> None:
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for pointer, value in shapes_of(post):
                if type(value) is not int or post.template == AUTHORED:
                    continue
                for number in NUMBERS:
                    raw = raw_of(post, pointer, "HERE").replace(b'"HERE"', number.encode())
                    answered = await client.post(post.path, content=raw, key="bad")
                    wrong += fault(f"{post.template} {pointer} = {number:.40}", answered, pointer)


async def test_unknown_fields(world: World, ready: list[Post]) -> None:
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for pointer, value in [("", post.body), *shapes_of(post)]:
                if isinstance(value, dict) and pointer not in OPEN:
                    body = (
                        raw_of(post, pointer, value | {"surprise": 1})
                        if pointer
                        else json.dumps(value | {"surprise": 1}).encode()
                    )
                    answered = await client.post(post.path, content=body, key="bad")
                    wrong += fault(f"{post.template} {pointer}/surprise", answered, f"{pointer}/surprise")


async def test_keys_given_twice(world: World, ready: list[Post]) -> None:
    async with nothing_written(world) as wrong:
        for post in ready:
            client = client_for(world, post.template)
            for pointer, value in shapes_of(post):
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
            for pointer in NEEDED.get(post.template, ()):
                raw = json.dumps(without_field(post.body, pointer)).encode()
                answered = await client.post(post.path, content=raw, key="bad")
                wrong += fault(f"{post.template} without {pointer}", answered, pointer)


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
            for pointer, value in shapes_of(post):
                if isinstance(value, str) and post.template != AUTHORED and (post.template, pointer) not in LINES:
                    raw = raw_of(post, pointer, value + "\n")
                    answered = await client.post(post.path, content=raw, key="bad")
                    wrong += fault(f"{post.template} {pointer} with a line end", answered, pointer)


def raw_of(post: Post, pointer: str, value: Any) -> bytes:
    """The good body with another value at `pointer`, as bytes."""
    return json.dumps(with_field(post.body, pointer, value)).encode()
