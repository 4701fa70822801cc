"""Every POST with the example beside its handler: done once, the same when sent again, and first of all tried dry."""

import json

from service.errors import Code
from tests.api.answers import nothing_written
from tests.api.routes import Stage, client_for, posts
from tests.flows.world import World


async def test_a_dry_run_writes_nothing(world: World) -> None:
    ready = [post for post in await posts(world) if post.route.operation.dry_run]
    assert ready
    async with nothing_written(world) as wrong:
        for post in ready:
            answered = await client_for(world, post.template).post(f"{post.path}?dry_run=true", post.body)
            if answered.status_code != 200 or answered.json()["dry_run"] is not True:
                wrong += [f"{post.template}: {answered.status_code} {answered.text[:300]}"]


async def test_a_request_sent_again_gets_the_same_bytes_and_does_nothing(world: World) -> None:
    for post in await posts(world):
        if not post.works:
            continue
        client, raw = client_for(world, post.template), json.dumps(post.body).encode()
        done = await client.post(post.path, content=raw, key=post.template)
        assert done.is_success, f"{post.template}: {done.text}"
        async with nothing_written(world) as wrong:
            again = await client.post(post.path, content=raw, key=post.template)
            if (again.status_code, again.content) != (done.status_code, done.content):
                wrong += [f"{post.template}: first {done.text[:300]}, then {again.text[:300]}"]
            if post.route.operation.keeps:
                other = await client.post(post.path, content=raw + b" ", key=post.template)
                if other.json().get("code") != Code.IDEMPOTENCY_KEY_REUSED:
                    wrong += [f"{post.template}: another body under the key: {other.text[:300]}"]


async def test_a_dry_run_shows_the_plan_as_it_becomes(world: World) -> None:
    """What a verb on a plan shows dry is what it answers afterwards."""
    stage = Stage(world)
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
