"""Who tries too often, through the door: counted once a request, logged with the decision, replayed from the log."""

from typing import Any

import msgspec

from tests.flows.test_policies import DEMO, draft, publish
from tests.flows.world import World


def counting(**changes: Any) -> dict[str, Any]:
    """The demo's policy, that lets a consumer try twice an hour, and a device once."""
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(DEMO))
    for per, most in (("consumer", 2), ("device", 1)):
        name = f"tries_{per}"
        document.setdefault("counters", []).append({"name": name, "per": per, "window_minutes": 60})
        document["features"].append({"name": name, "type": "integer", "source": "velocity"} | changes)
        when = [{"feature": name, "is": "at_least", "value": most}]
        document["rules"].append({"name": name, "when": when, "reason": "TOO_MANY_ATTEMPTS"})
    return document


async def use(world: World, document: dict[str, Any]) -> None:
    published = await publish(world.second_operator, await draft(world.operator, document))
    assert published.status_code == 200, published.text


def told(answer: dict[str, Any]) -> list[str]:
    return [answer["outcome"], *(reason["code"] for reason in answer["reasons"])]


async def test_the_third_attempt_within_the_hour_is_one_too_many(world: World) -> None:
    await use(world, counting())
    consumer, other = await world.consumer(), await world.consumer()
    answers = [await world.checkout(consumer, 100_00) for _ in range(3)]
    assert [told(answer) for answer in answers] == [["approved"], ["approved"], ["declined", "TOO_MANY_ATTEMPTS"]]
    assert told(await world.checkout(other, 100_00)) == ["approved"]
    log = (await world.operator.get(f"/v1/operator/decisions/{answers[2]['id']}")).json()
    assert log["snapshot"]["snapshot"]["counters"] == {"consumer/60": 2}
    replayed = await world.operator.get(f"/v1/operator/decisions/{answers[2]['id']}/replay")
    assert replayed.json()["is_identical"] is True


async def test_a_device_is_counted_where_it_is_named(world: World) -> None:
    await use(world, counting())
    people = [await world.consumer() for _ in range(3)]
    assert told(await world.checkout(people[0], 100_00, device="till 4")) == ["approved"]
    assert told(await world.checkout(people[1], 100_00, device="till 4")) == ["declined", "TOO_MANY_ATTEMPTS"]
    assert told(await world.checkout(people[2], 100_00, device="till 5")) == ["approved"]


async def test_a_request_sent_again_counts_once(world: World) -> None:
    await use(world, counting())
    consumer = await world.consumer()
    body = {"merchant_reference": "order 1", "consumer": consumer, "currency": "EUR", "amount": 100_00}
    first, *others = [await world.merchant.post("/v1/checkouts", body, key="once") for _ in range(4)]
    assert all(other.content == first.content for other in others)
    assert told(await world.checkout(consumer, 100_00)) == ["approved"]


async def test_nobody_adds_to_the_attempts_of_anothers_consumer(world: World) -> None:
    await use(world, counting())
    consumer = await world.consumer()
    body = {"merchant_reference": "order 1", "consumer": consumer, "currency": "EUR", "amount": 100_00}
    for _ in range(3):
        assert (await world.other_merchant.post("/v1/checkouts", body)).status_code == 404
    assert told(await world.checkout(consumer, 100_00)) == ["approved"]
