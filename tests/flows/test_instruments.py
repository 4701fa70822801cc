"""What a consumer pays with: a token, never a number; given, listed, named by plans, removed."""

import logging
from typing import Any

import msgspec
import pytest

from tests.api.answers import nothing_written
from tests.flows.collecting import registered
from tests.flows.test_test_merchants import consumer, trying
from tests.flows.world import SHARED, World

CARD = {"processor": "away", "token": "tok-ada-ok", "kind": "card", "last_four": "4242", "label": "Ada's card"}

NUMBERS: list[tuple[str, Any]] = [
    ("/token", "4111111111111111"),
    ("/token", "4111-1111-1111-1111"),
    ("/token", "tok_378282246310005"),
    ("/token", "DE89370400440532013000"),
    ("/label", "my card 4111 1111 1111 1111"),
    ("/label", "DE89 3704 0044 0532 0130 00"),
    ("/processor", "5555555555554444"),
]


@SHARED
async def test_a_number_is_refused_and_kept_nowhere(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await registered(world, "http://127.0.0.1:9/", "away")
    consumer = await world.consumer()
    async with nothing_written(world):
        for pointer, number in NUMBERS:
            body = CARD | {pointer[1:]: number}
            refused = await world.merchant.post(f"/v1/consumers/{consumer}/instruments", body)
            problem = refused.json()
            assert (refused.status_code, problem["code"], problem["pointer"]) == (422, "no_token", pointer)
            assert number not in refused.text
    assert not [number for _, number in NUMBERS if number in caplog.text]


async def test_it_is_given_listed_and_removed(world: World) -> None:
    await registered(world, "http://127.0.0.1:9/", "away")
    consumer = await world.consumer()
    path = f"/v1/consumers/{consumer}/instruments"
    first, again = [await world.merchant.post(path, CARD, key="k") for _ in range(2)]
    assert (first.status_code, again.content) == (201, first.content)
    assert "token" not in first.json()
    instrument = first.json()["id"]
    assert (await world.merchant.get(path)).json()["instruments"] == [first.json()]
    removed = (await world.merchant.post(f"/v1/instruments/{instrument}/remove")).json()
    assert removed["removed_at"] is not None
    assert (await world.merchant.post(f"/v1/instruments/{instrument}/remove")).json() == removed
    assert (await world.merchant.get(path)).json()["instruments"] == [removed]


async def test_another_merchants_are_not_found(world: World) -> None:
    await registered(world, "http://127.0.0.1:9/", "away")
    consumer = await world.consumer()
    path = f"/v1/consumers/{consumer}/instruments"
    instrument = (await world.merchant.post(path, CARD)).json()["id"]
    for answered in (
        await world.other_merchant.post(path, CARD),
        await world.other_merchant.get(path),
        await world.other_merchant.post(f"/v1/instruments/{instrument}/remove"),
    ):
        assert (answered.status_code, answered.json()["code"]) == (404, "not_found")


async def test_a_processor_that_is_not_there_or_retired(world: World) -> None:
    processor, _ = await registered(world, "http://127.0.0.1:9/", "away")
    consumer = await world.consumer()
    path = f"/v1/consumers/{consumer}/instruments"
    assert (await world.merchant.post(path, CARD | {"processor": "nobody"})).json()["pointer"] == "/processor"
    twice = await world.operator.post("/v1/operator/processors", {"name": "away", "url": "http://127.0.0.1:9/"})
    assert (twice.status_code, twice.json()["code"]) == (409, "state_forbids")
    assert (await world.merchant.post(path, CARD, key="k")).status_code == 201
    await world.seconded(await world.operator.post(f"/v1/operator/processors/{processor}/retire"))
    assert (await world.merchant.post(path, CARD)).json()["pointer"] == "/processor"
    assert (await world.merchant.post(path, CARD, key="k")).status_code == 201
    assert (await world.operator.post(f"/v1/operator/processors/{processor}/retire")).status_code == 404


async def test_a_plan_names_only_its_consumers_own(world: World) -> None:
    await registered(world, "http://127.0.0.1:9/", "away")
    ada, bob = await world.consumer(limit=5_000_00), await world.consumer()
    own = (await world.merchant.post(f"/v1/consumers/{ada}/instruments", CARD)).json()["id"]
    others = (await world.merchant.post(f"/v1/consumers/{bob}/instruments", CARD)).json()["id"]
    offer = (await world.offer(ada, 600_00, "instalments"))["id"]
    none = "in_00000000000000000000000000"
    for instrument in (others, none):
        refused = await world.merchant.post("/v1/plans", {"offer_id": offer, "instrument_id": instrument})
        problem = refused.json()
        assert (refused.status_code, problem["code"], problem["pointer"]) == (409, "no_instrument", "/instrument_id")
    opened = await world.merchant.post("/v1/plans", {"offer_id": offer, "instrument_id": own}, key="open")
    path = f"/v1/plans/{opened.json()['id']}"
    assert (await world.merchant.get(f"{path}/charges")).json()["collection"]["instrument_id"] == own

    other = (await world.merchant.post(f"/v1/consumers/{ada}/instruments", CARD)).json()["id"]
    assert (
        await world.operator.post(f"/v1/operator{path[3:]}/instrument", {"instrument_id": other})
    ).status_code == 200
    again = await world.merchant.post("/v1/plans", {"offer_id": offer, "instrument_id": own}, key="open")
    assert again.content == opened.content
    assert (await world.merchant.get(f"{path}/charges")).json()["collection"]["instrument_id"] == other

    await world.merchant.post(f"/v1/instruments/{own}/remove")
    gone = await world.merchant.post(f"{path}/instrument", {"instrument_id": own})
    assert (gone.status_code, gone.json()["code"]) == (409, "no_instrument")
    types = [one["type"] for one in (await world.merchant.get("/v1/events")).json()["events"]]
    assert types.count("collection.instrument_named") == 2
    assert types.count("instrument.removed") == 1


@SHARED
async def test_stripe_needs_a_key_and_its_own_tokens(world: World) -> None:
    """The key stands in the settings: what is registered without one could never be called."""
    body = {"name": "stripe", "url": "https://api.stripe.com/", "protocol": "stripe"}
    refused = await world.operator.post("/v1/operator/processors", body)
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/protocol")
    services = world.app.state["services"]
    world.app.state["services"] = msgspec.structs.replace(
        services, settings=msgspec.structs.replace(services.settings, processor_keys="stripe=sk_test_1")
    )
    made = await world.seconded(await world.operator.post("/v1/operator/processors", body))
    assert (made.status_code, made.json()["secret"]) == (201, None)
    path = f"/v1/consumers/{await world.consumer()}/instruments"
    for token in ("pm_1", "cus_1", "cus_1/", "/pm_1", "cus_1/pm_1/pm_2"):
        refused = await world.merchant.post(path, CARD | {"processor": "stripe", "token": token})
        assert (refused.status_code, refused.json()["pointer"]) == (400, "/token"), token
    given = await world.merchant.post(path, CARD | {"processor": "stripe", "token": "cus_1/pm_1"})
    assert given.status_code == 201, given.text
    await trying(world)  # what a persona pays with has a token of its own, but not at Stripe, which has others
    persona = await consumer(world, "+account_closed")
    given = await world.merchant.post(
        f"/v1/consumers/{persona}/instruments", CARD | {"processor": "stripe", "token": "cus_1/pm_1"}
    )
    assert given.status_code == 201, given.text
    tokens = await world.pool.fetch("select distinct token from instruments")
    assert [token for (token,) in tokens] == ["cus_1/pm_1"]
