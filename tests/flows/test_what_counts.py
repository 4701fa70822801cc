"""A shop's engineer learns what counts by name, and hears of every slip."""

import msgspec

from tests.flows.world import World


async def test_a_merchant_learns_names_and_words(world: World) -> None:
    told = (await world.merchant.get("/v1/attributes")).json()
    read = {one["name"]: one for one in told["attributes"]}
    own = {"name": "housing", "type": "text", "words": ["for free", "own", "rent"], "is_needed": False}
    assert read["housing"] == own
    assert read["age_in_years"] == {"name": "age_in_years", "type": "integer", "words": [], "is_needed": False}
    words = {one["name"]: one["words"] for one in told["categories"]}
    assert words["furniture"] == ["furniture", "furniture/equipment"]
    assert told["other_category"] == "other"
    assert (await world.operator.get("/v1/attributes")).status_code == 403


async def test_a_slip_in_an_attribute_is_named(world: World) -> None:
    body = {"reference": "slip", "attributes": {"housng": "own", "age_in_yaers": 45, "telephone": "no"}}
    made = await world.merchant.post("/v1/consumers", body, key="k")
    assert made.status_code == 201
    assert made.json()["unknown"] == ["age_in_yaers", "housng"]
    assert made.json()["unreadable"] == ["telephone"]
    assert {"age_in_years", "housing"} <= set(made.json()["missing"])
    assert (await world.merchant.post("/v1/consumers", body, key="k")).content == made.content
    assert (await world.merchant.get(f"/v1/consumers/{made.json()['id']}")).json() == made.json()


async def test_a_slip_in_a_category_is_named_and_replays(world: World) -> None:
    answer = await world.checkout(await world.consumer(), 600_00, category="furnitrue")
    assert answer["unknown"] == ["furnitrue"]
    replayed = await world.operator.get(f"/v1/operator/decisions/{answer['id']}/replay")
    assert replayed.json()["is_identical"] is True
    assert "unknown" not in await world.checkout(await world.consumer(), 600_00, category="Furniture")


async def test_before_the_first_policy_a_consumer_is_registered_all_the_same(world: World) -> None:
    registry = world.app.state.services.registry
    await registry.close()
    registry.now = msgspec.structs.replace(registry.now, policies=(), trial=None)
    made = await world.merchant.post("/v1/consumers", {"reference": "early", "attributes": {"housing": "own"}})
    assert (made.status_code, made.json()["unknown"], made.json()["missing"]) == (201, [], [])
