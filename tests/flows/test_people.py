"""A person is known once, whatever merchants call them: one account, one limit, one history."""

import asyncio
import uuid
from collections import Counter
from typing import Any

from service import ids
from service.api.services import Services
from service.checkout.flow import Who
from service.people.person import person_of
from tests.bench.cast import ATTRIBUTES as GOOD
from tests.flows.world import Client, World


async def twin(world: World, consumer: str) -> str:
    """The other merchant's reference to the same person, in another bucket."""
    body = {"reference": uuid.uuid4().hex, "attributes": GOOD}
    other: str = (await world.other_merchant.post("/v1/consumers", body)).json()["id"]
    await world.pool.execute(
        "update consumers set person_id = $1, version = version + 1 where consumer_id = $2", person_of(consumer), other
    )
    await world.pool.execute(
        "update people set more_buckets = array[$2::smallint] where person_id = $1",
        person_of(consumer), ids.bucket_of(other),
    )  # fmt: skip
    return other


async def account(client: Client, consumer: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/v1/consumers/{consumer}/accounts/EUR")).json()
    return found


async def checkout(client: Client, consumer: str, amount: int) -> dict[str, Any]:
    body = {"merchant_reference": uuid.uuid4().hex, "consumer": consumer, "currency": "EUR", "amount": amount}
    answered = await client.post("/v1/checkouts", body | {"kinds": ["instalments"]})
    assert answered.status_code == 200, answered.text
    answer: dict[str, Any] = answered.json()
    return answer


async def buy(client: Client, consumer: str, amount: int) -> str:
    offer = (await checkout(client, consumer, amount))["offers"][0]
    opened = await client.post("/v1/plans", {"offer_id": offer["id"]})
    assert opened.status_code == 201, opened.text
    plan: str = opened.json()["id"]
    return plan


async def test_registering_makes_a_person_once(world: World) -> None:
    consumer = await world.consumer()
    known = await world.merchant.get(f"/v1/consumers/{consumer}")
    again = await world.merchant.post("/v1/consumers", {"reference": known.json()["reference"]})
    assert (again.json()["id"], again.json()["version"]) == (consumer, 2)
    rows = await world.pool.fetch(
        "select p.person_id, c.consumer_id from people p left join consumers c using (bucket, person_id)"
    )
    assert [tuple(row) for row in rows] == [(person_of(consumer), consumer)]
    assert ids.is_id(person_of(consumer), ids.PERSON)
    assert ids.bucket_of(person_of(consumer)) == ids.bucket_of(consumer)


async def test_two_merchants_consumers_who_are_one_person_share_account_limit_and_history(world: World) -> None:
    here, there = world.merchant, world.other_merchant
    first = await world.consumer()
    second = await twin(world, first)
    assert (await checkout(here, first, 300_00))["outcome"] == "approved"  # which opens the account
    before = await account(there, second)
    assert before == await account(here, first) | {"consumer": second}

    plan = await buy(here, first, 300_00)
    after = await account(there, second)
    assert (after["reserved"], after["available"]) == (300_00, before["available"] - 300_00)
    assert (await here.post(f"/v1/plans/{plan}/capture", {"amount": 300_00})).status_code == 200
    assert (await account(there, second))["used"] == 300_00

    # What is decided there reads the plan that was opened here; the plan itself is none of that merchant's business.
    decision = await checkout(there, second, 100_00)
    log = (await world.operator.get(f"/v1/operator/decisions/{decision['id']}")).json()["snapshot"]["snapshot"]
    assert (log["consumer_id"], log["used"], log["open_plans"]) == (second, 300_00, 1)
    assert (await there.get(f"/v1/plans/{plan}")).status_code == 404
    assert await world.pool.fetchval("select count(*) from accounts") == 1


async def test_no_merchant_is_told_who_the_person_is(world: World) -> None:
    first = await world.consumer(limit=1_000_00)
    second = await twin(world, first)
    plan = await buy(world.other_merchant, second, 100_00)
    dry = await world.other_merchant.post(f"/v1/plans/{plan}/capture?dry_run=true", {"amount": 100_00})
    assert [dry.json()[f"account_{when}"]["consumer_id"] for when in ("before", "after")] == [second, second]
    shown = [dry, *[await world.other_merchant.get(f"/v1/{path}") for path in (f"plans/{plan}", f"consumers/{second}")]]
    for answer in (*shown, await world.other_merchant.get("/v1/events")):
        assert first not in answer.text
        assert person_of(first) not in answer.text


async def test_the_cache_knows_the_account_of_a_person_under_each_of_their_consumers(world: World) -> None:
    services = world.app.state["services"]
    assert isinstance(services, Services)
    first = await world.consumer(limit=1_000_00)
    second = await twin(world, first)
    for _ in range(2):
        await checkout(world.merchant, first, 100_00)
        await checkout(world.other_merchant, second, 100_00)
    kept = [await services.snapshots.read(Who(consumer, "EUR")) for consumer in (first, second)]
    assert [(one.is_fresh, one.person_id, one.snapshot.reserved) for one in kept if one] == [
        (False, person_of(first), 0), (False, person_of(first), 0)
    ]  # fmt: skip
    assert [one.snapshot.consumer_id for one in kept if one] == [first, second]
    # Who buys at the one changes what is known at the other.
    await buy(world.merchant, first, 100_00)
    known = await services.snapshots.read(Who(second, "EUR"))
    assert known is not None
    assert (known.snapshot.reserved, known.snapshot.open_plans) == (100_00, 1)


async def test_a_change_of_the_limit_is_told_of_each_consumer_to_its_merchant(world: World) -> None:
    first = await world.consumer(limit=1_000_00)
    second = await twin(world, first)
    changed = await world.operator.post(f"/v1/operator/consumers/{second}/accounts/EUR", {"limit": 2_000_00})
    assert (changed.json()["consumer"], changed.json()["limit"]) == (second, 2_000_00)
    assert (await account(world.merchant, first))["limit"] == 2_000_00
    for client, consumer in ((world.merchant, first), (world.other_merchant, second)):
        events = (await client.get("/v1/events")).json()["events"]
        told = [event for event in events if event["type"] == "account.limit_changed"]
        assert [(one["consumer"], one["data"]["consumer"]) for one in told] == [(consumer, consumer)]
    path = "/v1/operator/consumers/{}/accounts/EUR/limit-changes"
    histories = [(await world.operator.get(path.format(consumer))).json() for consumer in (first, second)]
    assert histories[0] == histories[1]
    assert [change["limit"] for change in histories[0]["changes"]] == [1_000_00, 2_000_00]


async def test_room_for_seven_across_two_merchants(world: World) -> None:
    first = await world.consumer(limit=7 * 100_00)
    second = await twin(world, first)
    sides = [(world.merchant, first), (world.other_merchant, second)] * 32
    decisions = await asyncio.gather(*(checkout(client, consumer, 100_00) for client, consumer in sides))
    answers = await asyncio.gather(
        *(
            client.post("/v1/plans", {"offer_id": decision["offers"][0]["id"]})
            for (client, _), decision in zip(sides, decisions, strict=True)
        )
    )
    counts = Counter((answer.status_code, answer.json().get("code")) for answer in answers)
    assert counts == {(201, None): 7, (409, "limit_exceeded"): 57}
    for client, consumer in sides[:2]:
        found = await account(client, consumer)
        assert (found["reserved"], found["available"]) == (7 * 100_00, 0)
