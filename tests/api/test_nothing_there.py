"""Whatever an address names is there, and is the caller's: ids of which there are none, and those of another owner."""

import re

import pytest

from tests.api.routes import Stage, client_for
from tests.flows.world import Client, World

ID = re.compile(r"([a-z]{2})_[0-9A-HJKMNP-TV-Z]{26}")


async def test_what_is_not_there_is_not_found(own_world: World) -> None:
    """An id as it should be, of which there is none."""
    stage, wrong = Stage(own_world), []
    await own_world.with_a_party()
    for name, route in stage.routes.items():
        if route.method != "GET" or "{" not in route.path:
            continue
        post = await stage.ready(route)
        nowhere = ID.sub(lambda found: f"{found[1]}_{'0' * 26}", post.path)
        if nowhere != post.path:
            answered = await client_for(own_world, route.path).get(nowhere, **post.body)
            wrong += [] if answered.status_code == 404 else [f"{name}: {answered.status_code} {answered.text[:200]}"]
    assert wrong == []


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_is_another_s_is_not_found(own_world: World, method: str) -> None:
    """Two merchants, two partners, two who bear losses: to each, what is the other's is not there."""
    world, wrong, tried = own_world, [], 0
    stage = Stage(world)
    await world.with_a_party()
    fund = (await world.operator.post("/v1/operator/partners", {"name": "Weser Fund"})).json()["id"]
    partner = Client(world.http, await world.key(audience="partner", owner_id=fund))
    others = {"partner": partner, "support": (await world.take_on("Weser Insurance"))[1]}
    for name, route in stage.routes.items():
        audience = route.path.split("/")[2] if route.path.startswith("/v1/") else ""
        if route.method != method or "{" not in route.path or audience in ("operator", "processor", ""):
            continue
        post = await stage.ready(route)
        other = others.get(audience, world.other_merchant)
        answered = await (other.get(post.path, **post.body) if method == "GET" else other.post(post.path, post.body))
        tried += 1
        is_refused = answered.status_code in (403, 404)
        wrong += [] if is_refused else [f"{name}: {answered.status_code} {answered.text[:200]}"]
    assert wrong == []
    assert tried >= 20
