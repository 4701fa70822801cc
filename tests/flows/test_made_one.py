"""People made one, and made two again: limits, exposure, history and checks hold; both histories are kept."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from service import ids
from tests.flows.test_one_person import MAIL, NUMBER, are_one, doubts, person_of, register
from tests.flows.test_people import account, buy, checkout
from tests.flows.world import World

NOTE = "the same passport"


PEOPLE = "/v1/operator/people"


async def approved(world: World, path: str, body: dict[str, Any]) -> str:
    """What one operator proposes, another approves; the person it came to."""
    proposed = await world.operator.post(f"{PEOPLE}/{path}", body | {"note": NOTE})
    assert proposed.status_code == 202, proposed.text
    done = await world.second_operator.post(f"/v1/operator/approvals/{proposed.json()['id']}/approve")
    assert done.status_code == 200, done.text
    person: str = done.json()["result"]["id"]
    return person


async def make_one(world: World, gone: str, kept: str) -> str:
    """The person of the one consumer becomes that of the other."""
    ended, stays = await person_of(world, gone), await person_of(world, kept)
    return await approved(world, f"{stays}/merge", {"person": ended})


async def make_two(world: World, *consumers: str) -> str:
    return await approved(world, f"{await person_of(world, consumers[0])}/split", {"consumers": list(consumers)})


async def set_limit(world: World, consumer: str, limit: int) -> None:
    done = await world.operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": limit})
    assert done.status_code == 200


async def two_who_bought(world: World) -> tuple[str, str]:
    """At two merchants, with 300.00 used of 1,000.00 and 200.00 promised of 400.00."""
    first, second = await register(world.merchant, NUMBER), await register(world.other_merchant, MAIL)
    await set_limit(world, first, 1_000_00)
    await set_limit(world, second, 400_00)
    plan = await buy(world.merchant, first, 300_00)
    assert (await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": 300_00})).status_code == 200
    await buy(world.other_merchant, second, 200_00)
    return first, second


def amounts(one: dict[str, Any]) -> tuple[int, int, int, int]:
    return one["limit"], one["reserved"], one["used"], one["available"]


async def both(world: World, first: str, second: str) -> list[tuple[int, int, int, int]]:
    return [amounts(await account(world.merchant, first)), amounts(await account(world.other_merchant, second))]


async def limit_changes(world: World, client_consumer: str) -> list[tuple[int | None, int]]:
    events = [*(await world.merchant.get("/v1/events")).json()["events"]]
    events += (await world.other_merchant.get("/v1/events")).json()["events"]
    return [
        (one["data"]["limit_before"], one["data"]["limit"])
        for one in events
        if one["type"] == "account.limit_changed" and one["consumer"] == client_consumer
    ]


@pytest.mark.parametrize("kept", [0, 1], ids=["into the first", "into the second"])
async def test_made_one(world: World, kept: int) -> None:
    pair = await two_who_bought(world)
    before = [
        await account(client, one) for client, one in zip((world.merchant, world.other_merchant), pair, strict=True)
    ]
    await make_one(world, pair[1 - kept], pair[kept])
    assert await are_one(world, *pair)
    assert await both(world, *pair) == [(1_000_00, 200_00, 300_00, 500_00)] * 2
    after = await account(world.merchant, pair[0])
    assert after["version"] > max(one["version"] for one in before)
    assert await limit_changes(world, pair[1]) == [(400_00, 1_000_00)]  # whose limit stays, is told of nothing
    assert await limit_changes(world, pair[0]) == []
    # The next decision of either knows of both plans, and each buys on what is left; the plans go on.
    decision = await checkout(world.other_merchant, pair[1], 100_00)
    log = (await world.operator.get(f"/v1/operator/decisions/{decision['id']}")).json()["snapshot"]["snapshot"]
    assert (log["open_plans"], log["used"], log["reserved"]) == (2, 300_00, 200_00)
    await buy(world.other_merchant, pair[1], 500_00)
    late = await checkout(world.merchant, pair[0], 100_00)
    assert [reason["code"] for reason in late["reasons"]] == ["LIMIT_EXCEEDED"]
    for (plan,) in await world.pool.fetch("select plan_id from plans where state = 'authorized'"):
        assert (await world.other_merchant.post(f"/v1/plans/{plan}/void")).status_code == 200
    assert await both(world, *pair) == [(1_000_00, 0, 300_00, 700_00)] * 2
    # Whoever is registered by what either was known by is this person.
    assert await are_one(world, *pair, await register(world.merchant, NUMBER), await register(world.merchant, MAIL))
    assert await doubts(world) == 1


async def test_more_is_out_than_the_limit_of_one(world: World) -> None:
    first, second = await register(world.merchant, NUMBER), await register(world.other_merchant, MAIL)
    for client, consumer in ((world.merchant, first), (world.other_merchant, second)):
        await set_limit(world, consumer, 500_00)
        await buy(client, consumer, 400_00)
    await make_one(world, second, first)
    assert await both(world, first, second) == [(500_00, 800_00, 0, -300_00)] * 2
    assert (await checkout(world.merchant, first, 100_00))["outcome"] == "declined"


async def test_an_offer_made_before_is_bound_by_the_limit_of_both(world: World) -> None:
    first, second = await register(world.merchant, NUMBER), await register(world.other_merchant, MAIL)
    for consumer in (first, second):
        await set_limit(world, consumer, 500_00)
    sides = [(world.merchant, first), (world.other_merchant, second)]
    offers = [(client, (await checkout(client, consumer, 300_00))["offers"][0]["id"]) for client, consumer in sides]
    await make_one(world, first, second)
    opened = [await client.post("/v1/plans", {"offer_id": offer}) for client, offer in offers]
    assert [one.status_code for one in opened] == [201, 409]


async def test_made_one_while_both_buy(world: World) -> None:
    first, second = await register(world.merchant, NUMBER), await register(world.other_merchant, MAIL)
    for consumer in (first, second):
        await set_limit(world, consumer, 500_00)
    sides = [(world.merchant, first), (world.other_merchant, second)] * 12
    decisions = await asyncio.gather(*(checkout(client, consumer, 100_00) for client, consumer in sides))
    buying = [
        asyncio.create_task(client.post("/v1/plans", {"offer_id": decision["offers"][0]["id"]}))
        for (client, _), decision in zip(sides, decisions, strict=True)
    ]
    await make_one(world, second, first)
    counts = Counter(one.status_code for one in await asyncio.gather(*buying))
    assert counts.keys() <= {201, 409}
    (one,) = set(await both(world, first, second))
    assert one == (500_00, counts[201] * 100_00, 0, 500_00 - counts[201] * 100_00)
    assert 5 <= counts[201] <= 10


async def test_made_two_again(world: World) -> None:
    first, second = await two_who_bought(world)
    await make_one(world, second, first)
    person = await person_of(world, first)
    other = await make_two(world, second)
    assert (await person_of(world, first), await person_of(world, second)) == (person, other)
    # What goes along is all the other may have, until an operator or a review says more.
    assert await both(world, first, second) == [(1_000_00, 0, 300_00, 700_00), (200_00, 200_00, 0, 0)]
    assert await limit_changes(world, second) == [(400_00, 1_000_00), (1_000_00, 200_00)]
    # By what only the second was known, the second is known again.
    assert await are_one(world, second, await register(world.merchant, MAIL))
    assert await are_one(world, first, await register(world.other_merchant, NUMBER))
    await set_limit(world, second, 800_00)
    await buy(world.other_merchant, second, 600_00)
    await buy(world.merchant, first, 700_00)
    moves = (await world.operator.get(f"{PEOPLE}/{person}")).json()["moves"]
    made = sorted((one["reason"], one["consumers"]) for one in moves)  # of one instant, by the tests' clock
    assert made == [("merged", [second]), ("split", [second])]


async def test_a_wrong_match_is_undone_for_good(world: World) -> None:
    """One merchant has registered another's number: they are two, also when it sends the same again."""
    first = await register(world.merchant, NUMBER)
    await set_limit(world, first, 500_00)
    wrong = await register(world.other_merchant, NUMBER, reference="wrong", status=201)
    assert await are_one(world, first, wrong)
    await make_two(world, wrong)
    assert await both(world, first, wrong) == [(500_00, 0, 0, 500_00), (0, 0, 0, 0)]
    await register(world.other_merchant, NUMBER, reference="wrong")
    assert not await are_one(world, first, wrong)
    assert await world.pool.fetchval("select count(*) from person_doubts where outcome is null") == 0
    await buy(world.other_merchant, wrong, 100_00)  # whose limit is a new one
    assert (await account(world.merchant, first))["available"] == 500_00
    assert await are_one(world, first, await register(world.merchant, NUMBER))


async def test_what_cannot_be(world: World) -> None:
    first, second = await register(world.merchant, NUMBER), await register(world.other_merchant, MAIL)
    tried = await register(world.test_merchant)
    one, two, test = [await person_of(world, consumer) for consumer in (first, second, tried)]
    nobody = ids.new_id(ids.PERSON, 0, 1)

    async def refused(path: str, body: dict[str, Any]) -> tuple[int, str, str]:
        answered = await world.operator.post(f"{PEOPLE}/{path}", body | {"note": NOTE})
        return answered.status_code, answered.json()["code"], answered.json().get("pointer", "")

    assert await refused(f"{one}/merge", {"person": one}) == (400, "invalid_field", "/person")
    assert await refused(f"{one}/merge", {"person": test}) == (409, "state_forbids", "/person")
    assert await refused(f"{one}/merge", {"person": nobody}) == (404, "not_found", "/person")
    assert await refused(f"{nobody}/merge", {"person": one}) == (404, "not_found", "/id")
    assert await refused(f"{one}/split", {"consumers": [first]}) == (400, "invalid_field", "/consumers")
    assert await refused(f"{one}/split", {"consumers": [first, second]}) == (400, "invalid_field", "/consumers")
    twice = [await world.operator.post(f"{PEOPLE}/{one}/merge", {"person": two, "note": NOTE}) for _ in range(2)]
    approve = [f"/v1/operator/approvals/{each.json()['id']}/approve" for each in twice]
    assert (await world.operator.post(approve[0])).json()["code"] == "four_eyes"
    assert (await world.second_operator.post(approve[0])).status_code == 200
    assert (await world.second_operator.post(approve[1])).json()["code"] == "state_forbids"
    assert await refused(f"{two}/split", {"consumers": [second]}) == (409, "state_forbids", "/id")


async def test_an_operator_reads_who_somebody_is_and_was(world: World) -> None:
    first, second = await two_who_bought(world)
    gone = await person_of(world, second)
    kept = await make_one(world, second, first)
    seen = (await world.operator.get(f"/v1/operator/consumers/{second}/person")).json()
    assert seen == (await world.operator.get(f"{PEOPLE}/{kept}")).json()
    assert [(one["consumer"], one["identifiers"]) for one in seen["consumers"]] in (
        [(first, ["operator_id"]), (second, ["email"])], [(second, ["email"]), (first, ["operator_id"])]
    )  # fmt: skip
    assert seen["accounts"] == [
        {"currency": "EUR", "limit": 1_000_00, "reserved": 200_00, "used": 300_00, "over_limit": False}
    ]
    assert [(one["from"], one["to"], one["reason"], one["note"]) for one in seen["moves"]] == [
        (gone, kept, "merged", NOTE)
    ]
    assert (await world.operator.get(f"{PEOPLE}/{gone}")).json()["merged_into"] == kept
    for named in (NUMBER, MAIL | {"verified": False}):
        found = (await world.operator.post(f"{PEOPLE}/search", named)).json()["people"]
        assert [one["id"] for one in found] == [kept]
    assert (await world.operator.post(f"{PEOPLE}/search", NUMBER | {"value": "K-0"})).json()["people"] == []
    read = (await world.operator.get("/v1/operator/audit", thing="person")).json()["entries"]
    assert {(one["verb"], one["owner_id"]) for one in read} >= {
        ("proposed", "ada"),
        ("approved", "grace"),
        ("read", "ada"),
    }


async def test_a_doubt_is_settled(world: World) -> None:
    first, second = await two_who_bought(world)
    await register(world.merchant, NUMBER, MAIL)
    (doubt,) = (await world.operator.get("/v1/operator/people-in-doubt")).json()["doubts"]
    assert {doubt["person"], doubt["other"]} == {await person_of(world, one) for one in (first, second)}
    settled = await world.operator.post(f"/v1/operator/people-in-doubt/{doubt['id']}/two")
    assert (settled.status_code, settled.json()["outcome"]) == (200, "two")
    again = await world.operator.post(f"/v1/operator/people-in-doubt/{doubt['id']}/two")
    assert again.json()["code"] == "state_forbids"
    await register(world.other_merchant, NUMBER, MAIL)
    assert (await world.operator.get("/v1/operator/people-in-doubt")).json()["doubts"] == []
    await make_one(world, first, second)  # somebody knows better, after all
    assert await world.pool.fetchval("select outcome from person_doubts") == "one"
