"""A person in hardship, or dead: nothing is collected on any of their plans, whichever merchant's, until it is over."""

from datetime import timedelta
from typing import Any

import pytest

from service import ids
from tests.flows.test_made_one import make_one, make_two, set_limit
from tests.flows.test_one_person import MAIL, NUMBER, PASSPORT, person_of, register
from tests.flows.test_people import buy, checkout
from tests.flows.world import NOON, SHARED, Client, World


async def owing(world: World, client: Client, consumer: str, amount: int = 200_00) -> str:
    """A plan of which something is owed."""
    plan = await buy(client, consumer, amount)
    assert (await client.post(f"/v1/plans/{plan}/capture", {"amount": amount})).status_code == 200
    return plan


async def say(world: World, consumer: str, verb: str, why: str = "hardship", **more: Any) -> dict[str, Any]:
    path = f"/v1/operator/people/{await person_of(world, consumer)}/{verb}"
    said = await world.operator.post(path, {"why": why} | more)
    assert said.status_code == 200, said.text
    person: dict[str, Any] = said.json()
    return person


async def resting(world: World, *plans: str) -> list[bool]:
    """Whether collection of each rests."""
    found = [(await world.operator.get(f"/v1/operator/plans/{plan}")).json() for plan in plans]
    return [one["collection_state"] == "paused" for one in found]


async def told(client: Client) -> list[str]:
    events = (await client.get("/v1/events")).json()["events"]
    return [one["plan_id"] for one in events if one["type"].startswith("plan.collection_")]


async def at_two_merchants(world: World) -> tuple[str, str]:
    """One person, two merchants' consumers, with one limit."""
    first, second = await register(world.merchant, NUMBER), await register(world.other_merchant, NUMBER)
    await set_limit(world, first, 5_000_00)
    return first, second


@SHARED
async def test_it_holds_at_every_merchant_and_each_sees_its_own(world: World) -> None:
    first, second = await at_two_merchants(world)
    plans = await owing(world, world.merchant, first), await owing(world, world.other_merchant, second)
    stranger = await register(world.merchant, PASSPORT)
    await set_limit(world, stranger, 1_000_00)
    theirs = await owing(world, world.merchant, stranger)
    person = await say(world, first, "pause")
    assert person["paused"] == [{"why": "hardship", "begins_on": f"{NOON:%Y-%m-%d}", "said_by": "ada"}]
    assert await resting(world, *plans, theirs) == [True, True, False]
    assert await told(world.merchant) == [plans[0]]
    assert await told(world.other_merchant) == [plans[1]]
    seen = (await world.other_merchant.get(f"/v1/plans/{plans[1]}")).text
    assert plans[0] not in seen
    assert first not in seen
    facts = await world.pool.fetch("select actor, actor_id from facts where fact = 'collection_paused'")
    assert {tuple(one) for one in facts} == {("operator", "ada")}
    person = await say(world, second, "resume")
    assert person["paused"] == []
    assert await resting(world, *plans) == [False, False]


async def test_nothing_hurts_meanwhile(world: World) -> None:
    first, _ = await at_two_merchants(world)
    plan = await owing(world, world.merchant, first)
    await say(world, first, "pause")
    world.operator.now = NOON + timedelta(days=90)
    assert (await world.operator.post("/v1/operator/day-close")).status_code == 200
    assert await resting(world, plan) == [True]
    facts = {fact for (fact,) in await world.pool.fetch("select fact from facts where plan_id = $1", plan)}
    assert not facts & {"levied", "charged_off", "accelerated"}
    types = {one["type"] for one in (await world.merchant.get("/v1/events")).json()["events"]}
    assert not types & {"plan.overdue", "instalment.reminded", "instalment.overdue", "fee.levied"}


async def test_what_is_bought_and_owed_later_rests_too(world: World) -> None:
    first, second = await at_two_merchants(world)
    plan = await buy(world.other_merchant, second, 200_00)
    await say(world, first, "pause")
    assert (await world.other_merchant.post(f"/v1/plans/{plan}/capture", {"amount": 200_00})).status_code == 200
    assert await resting(world, plan) == [False]
    assert (await world.operator.post("/v1/operator/day-close")).status_code == 200
    assert await resting(world, plan) == [True]
    decision = await checkout(world.other_merchant, second, 100_00)
    assert (decision["outcome"], [one["code"] for one in decision["reasons"]]) == ("referred", ["REVIEW_NEEDED"])
    assert "hardship" not in str(decision)
    await say(world, first, "resume")
    assert (await checkout(world.other_merchant, second, 100_00))["outcome"] == "approved"


@pytest.mark.parametrize("kept", [0, 1], ids=["into who rests", "who rests into the other"])
async def test_of_people_made_one_both_rest_and_of_one_made_two_who_leaves_goes_on(world: World, kept: int) -> None:
    pair = await register(world.merchant, NUMBER), await register(world.other_merchant, MAIL)
    for consumer in pair:
        await set_limit(world, consumer, 1_000_00)
    plans = await owing(world, world.merchant, pair[0]), await owing(world, world.other_merchant, pair[1])
    await say(world, pair[0], "pause", "death")
    assert await resting(world, *plans) == [True, False]
    await make_one(world, pair[1 - kept], pair[kept])
    assert await resting(world, *plans) == [True, True]
    assert (await checkout(world.other_merchant, pair[1], 100_00))["outcome"] == "referred"
    await make_two(world, pair[1])
    assert await resting(world, *plans) == [True, False]
    assert (await checkout(world.other_merchant, pair[1], 50_00))["outcome"] != "referred"
    assert (await checkout(world.merchant, pair[0], 50_00))["outcome"] == "referred"
    world.operator.now = world.second_operator.now = NOON + timedelta(days=3)
    await make_one(world, pair[1], pair[0])
    assert await resting(world, *plans) == [True, True]


async def test_what_an_operator_paused_by_hand_stays_as_it_is(world: World) -> None:
    first, second = await at_two_merchants(world)
    plans = await owing(world, world.merchant, first), await owing(world, world.other_merchant, second)
    by_hand = await world.operator.post(f"/v1/operator/plans/{plans[0]}/collection/pause", {"why": "hardship"})
    assert by_hand.status_code == 200
    await say(world, first, "pause")
    await say(world, first, "resume")
    assert await resting(world, *plans) == [True, False]
    assert await world.pool.fetchval("select count(*) from plan_pauses") == 0


async def test_two_reasons_end_one_by_one(world: World) -> None:
    first, _ = await at_two_merchants(world)
    plan = await owing(world, world.merchant, first)
    await say(world, first, "pause", on=f"{NOON:%Y-%m-%d}")
    await say(world, first, "pause", "death")
    await say(world, first, "resume")
    assert await resting(world, plan) == [True]
    await say(world, first, "resume", "death")
    assert await resting(world, plan) == [False]


@SHARED
@pytest.mark.parametrize(
    ("verb", "body", "status", "code"),
    [
        ("pause", {"why": "hardship", "on": f"{NOON + timedelta(days=1):%Y-%m-%d}"}, 400, "invalid_field"),
        ("pause", {"why": "return"}, 400, "invalid_field"),
        ("resume", {"why": "hardship"}, 409, "state_forbids"),
        ("resume", {"why": "hardship", "on": "2026-03-02"}, 400, "invalid_field"),
    ],
)
async def test_what_cannot_be(world: World, verb: str, body: dict[str, Any], status: int, code: str) -> None:
    consumer = await register(world.merchant, NUMBER)
    person = await person_of(world, consumer)
    refused = await world.operator.post(f"/v1/operator/people/{person}/{verb}", body)
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    for nobody in ("pe_1", ids.derive(ids.PERSON, consumer)[:-2] + "07"):
        missing = await world.operator.post(f"/v1/operator/people/{nobody}/{verb}", {"why": "death"})
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


async def test_it_is_said_once(world: World) -> None:
    first, _ = await at_two_merchants(world)
    await say(world, first, "pause")
    again = await world.operator.post(f"/v1/operator/people/{await person_of(world, first)}/pause", {"why": "hardship"})
    assert (again.status_code, again.json()["code"]) == (409, "state_forbids")


@SHARED
async def test_who_lacks_the_scope_says_nothing(world: World) -> None:
    first, _ = await at_two_merchants(world)
    path = f"/v1/operator/people/{await person_of(world, first)}/pause"
    lacking = Client(world.http, await world.key(audience="operator", owner_id="grace", scopes=["plans"]))
    assert (await lacking.post(path, {"why": "hardship"})).status_code == 403
    assert (await world.merchant.post(path, {"why": "hardship"})).status_code == 403
