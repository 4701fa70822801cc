"""Every POST with the example beside its handler: done once, the same when sent again, and first of all tried dry."""

import json
import re

import httpx
import pytest

from service.errors import Code
from tests.api.answers import nothing_written
from tests.api.routes import Post, Stage, client_for, posts
from tests.api.test_bad_input import MALFORMED
from tests.flows.world import World


@pytest.mark.asyncio(loop_scope="session")  # in the shared world
async def test_a_dry_run_writes_nothing(world: World, ready: list[Post]) -> None:
    dry = [post for post in ready if post.route.operation.dry_run]
    assert dry
    async with nothing_written(world) as wrong:
        for post in dry:
            answered = await client_for(world, post.template).post(f"{post.path}?dry_run=true", post.body)
            if answered.status_code != 200 or answered.json()["dry_run"] is not True:
                wrong += [f"{post.template}: {answered.status_code} {answered.text[:300]}"]


async def test_a_request_is_done_whatever_came_under_its_key_and_sent_again_does_nothing(own_world: World) -> None:
    """Bodies that are none do not burn a key; the same bytes answer who sends again, whatever was done since."""
    done = []
    for post in await posts(own_world):
        client, raw = client_for(own_world, post.template), json.dumps(post.body).encode()
        for bad in (MALFORMED["cut off"], MALFORMED["an unknown key"], MALFORMED["not UTF-8"]):
            assert (await client.post(post.path, content=bad, key=post.template)).status_code == 400
        answered = await client.post(post.path, content=raw, key=post.template)
        right = (200, 201, 202) if post.works else (404, 422)
        assert answered.status_code in right, f"{post.template}: {answered.text}"
        if post.works:
            done.append((post, raw, answered))
    async with nothing_written(own_world) as wrong:
        for post, raw, first in done:
            client = client_for(own_world, post.template)
            again = await client.post(post.path, content=raw, key=post.template)
            if (again.status_code, shown_again(again)) != (first.status_code, shown_again(first)):
                wrong += [f"{post.template}: first {first.text[:300]}, then {again.text[:300]}"]
            if post.route.operation.keeps:
                other = await client.post(post.path, content=raw + b" ", key=post.template)
                if other.json().get("code") != Code.IDEMPOTENCY_KEY_REUSED:
                    wrong += [f"{post.template}: another body under the key: {other.text[:300]}"]


def shown_again(answered: httpx.Response) -> bytes:
    """What was answered, but for a key, which is shown once: the first time it is there, later it is null."""
    return re.sub(rb'"(key|secret|first_half)":("[\w+/=-]+"|null)', rb'"\1":null', answered.content)


async def test_a_dry_run_shows_the_plan_as_it_becomes(own_world: World) -> None:
    """What a verb on a plan shows dry is what it answers afterwards."""
    stage = Stage(own_world)
    for route in stage.routes.values():
        if route.operation.dry_run and "{plan_id}" in route.path:
            post = await stage.ready(route)
            shown = await stage.do(post, "?dry_run=true")
            done = await stage.do(post)
            for plan in (shown["plan"], done):
                recorded = plan["recorded"].pop("id")  # it cannot be known before
                for capture in plan["captures"]:
                    if capture["id"] == recorded:
                        capture["id"] = ""
                plan["dispute"] = plan["dispute"] and plan["dispute"] | {"id": ""}
                plan["settlement_quote"] = plan["settlement_quote"] and plan["settlement_quote"] | {"id": ""}
            assert shown["plan"] == done, post.template
