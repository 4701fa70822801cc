"""More of a plan: the policy is asked about the difference on what is known by then, and what was agreed stays."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from service.demo.seed import POLICY
from tests.flows.published import publish
from tests.flows.world import NOON, World

MORE: dict[str, tuple[str, dict[str, int]]] = {
    "instalments": ("amend", {"amount": 700_00}),
    "pay_after_use": ("amend", {"amount": 700_00}),
    "deposit": ("top_up", {"amount": 100_00}),
}


async def opened(world: World, consumer: str, kind: str) -> str:
    """The path of a plan of 600.00."""
    more = {"deposit_amount": 600_00, "category": "cameras"} if kind == "deposit" else {}
    plan = await world.plan(consumer, 600_00, kind, **more)
    return f"/v1/plans/{plan['id']}"


async def decisions(world: World, amends: str) -> list[dict[str, Any]]:
    """What the log says of more of a plan."""
    plan_id = amends.rsplit("/", 1)[1]
    rows = await world.pool.fetch("select decision_id from decisions where amends = $1 order by 1", plan_id)
    return [(await world.operator.get(f"/v1/operator/decisions/{row['decision_id']}")).json() for row in rows]


async def set_rules(world: World, *rules: dict[str, Any], **more: Any) -> None:
    """The demo's policy is in force with these rules, at the time of the story."""
    clocks = world.operator.now, world.second_operator.now
    await publish(world, msgspec.json.decode(POLICY.read_bytes()) | {"rules": list(rules)} | more)
    world.operator.now, world.second_operator.now = clocks


def above(amount: int, **more: Any) -> dict[str, Any]:
    """A rule about the amount of a purchase."""
    when = [{"feature": "amount", "is": "above", "value": amount}]
    return {"name": "large", "when": when, "reason": "AMOUNT_TOO_HIGH"} | more


@pytest.mark.parametrize("kind", MORE)
async def test_who_is_overdue_gets_no_more(world: World, kind: str) -> None:
    consumer = await world.consumer(limit=5_000_00)
    late = await world.plan(consumer, 100_00)
    assert (await world.merchant.post(f"/v1/plans/{late['id']}/capture", {"amount": 100_00})).status_code == 200
    path = await opened(world, consumer, kind)
    verb, body = MORE[kind]
    world.merchant.now = NOON + timedelta(days=20)
    before, account = (await world.merchant.get(path)).json(), await world.account(consumer)

    foretold = await world.merchant.post(f"{path}/{verb}?dry_run=true", body)
    assert (foretold.status_code, foretold.json()["code"]) == (409, "not_approved")
    assert await decisions(world, path) == []
    refused = await world.merchant.post(f"{path}/{verb}", body, key="more, please")
    said = refused.json()
    assert (refused.status_code, said["code"], said["pointer"]) == (409, "not_approved", "/amount")
    assert [reason["code"] for reason in said["decided"]["reasons"]] == ["PAYMENT_OVERDUE"]
    assert said["decided"]["reasons"][0]["sentence"] in said["detail"]
    again = await world.merchant.post(f"{path}/{verb}", body, key="more, please")
    assert (again.status_code, again.content) == (409, refused.content)
    assert ((await world.merchant.get(path)).json(), await world.account(consumer)) == (before, account)

    [logged] = await decisions(world, path)  # once, for it was one request
    answer = (await world.merchant.get(f"/v1/checkouts/{said['decided']['checkout']}")).json()
    assert answer == logged["answer"]
    assert (answer["outcome"], answer["amount"], answer["offers"]) == ("declined", 700_00, [])
    replayed = (await world.operator.get(f"/v1/operator/decisions/{answer['id']}/replay")).json()
    assert (replayed["is_identical"], replayed["answer"]) == (True, answer)
    notice = (await world.merchant.get(f"/v1/checkouts/{answer['id']}/notice")).json()
    assert notice["reasons"] == [said["decided"]["reasons"][0]["sentence"]]
    listed = (await world.merchant.get("/v1/lists/checkouts")).json()
    assert answer["id"] not in str(listed)  # nobody asked for another purchase

    if verb == "amend":
        less = await world.merchant.post(f"{path}/amend", {"amount": 500_00})
        assert (less.status_code, less.json()["amount"]) == (200, 500_00)
        assert len(await decisions(world, path)) == 1  # to become less nobody is asked
    paid = await world.merchant.post(f"/v1/plans/{late['id']}/payments", {"amount": 100_00})
    assert paid.status_code == 201, paid.text
    approved = await world.merchant.post(f"{path}/{verb}", body)
    assert (approved.status_code, approved.json()["amount"]) == (200, 700_00)
    assert sorted(one["answer"]["outcome"] for one in await decisions(world, path)) == ["approved", "declined"]


@pytest.mark.parametrize("verdict", ["decline", "refer"])
async def test_nobody_comes_in_small_steps_to_where_nobody_may_go(world: World, verdict: str) -> None:
    await set_rules(world, above(1_000_00, verdict=verdict))
    consumer = await world.consumer(limit=5_000_00)
    path = await opened(world, consumer, "instalments")
    for amount, status in ((800_00, 200), (1_000_00, 200), (1_000_01, 409), (1_100_00, 409)):
        said = await world.merchant.post(f"{path}/amend", {"amount": amount})
        assert (said.status_code, amount) == (status, amount), said.text
    said_no = {"decline": "declined", "refer": "referred"}[verdict]
    outcomes = sorted(one["answer"]["outcome"] for one in await decisions(world, path))
    assert outcomes == ["approved", "approved", said_no, said_no]
    waiting = (await world.operator.get("/v1/operator/reviews")).json()["referrals"]
    assert waiting == []  # a review would make offers, and the terms of this plan stay
    last = said.json()["decided"]["checkout"]
    review = {"outcome": "approve", "note": "Looked at."}
    assert (await world.operator.post(f"/v1/operator/reviews/{last}", review)).json()["code"] == "state_forbids"


async def test_the_rules_see_the_account_without_the_plan_that_becomes_more(world: World) -> None:
    feature = {"name": "open-plans", "type": "integer", "source": "history", "of": "open_plans"}
    reserved = {"name": "reserved", "type": "integer", "source": "account", "of": "reserved"}
    document = msgspec.json.decode(POLICY.read_bytes())
    second = {
        "name": "second",
        "when": [{"feature": "open-plans", "is": "above", "value": 0}],
        "reason": "TOO_MANY_OPEN_PLANS",
    }
    much = {"name": "much", "when": [{"feature": "reserved", "is": "above", "value": 0}], "reason": "LIMIT_EXCEEDED"}
    consumer = await world.consumer(limit=5_000_00)
    path = await opened(world, consumer, "instalments")
    await set_rules(world, second, much, features=[*document["features"], feature, reserved])
    assert (await world.merchant.post(f"{path}/amend", {"amount": 700_00})).status_code == 200
    await set_rules(world, features=document["features"])
    await opened(world, consumer, "instalments")
    await set_rules(world, second, much, features=[*document["features"], feature, reserved])
    refused = (await world.merchant.post(f"{path}/amend", {"amount": 800_00})).json()
    assert [one["code"] for one in refused["decided"]["reasons"]] == ["TOO_MANY_OPEN_PLANS", "LIMIT_EXCEEDED"]


async def test_a_person_who_rests_gets_no_more(world: World) -> None:
    consumer = await world.consumer(limit=5_000_00)
    path = await opened(world, consumer, "pay_after_use")
    person = (await world.operator.get(f"/v1/operator/consumers/{consumer}/person")).json()["id"]
    paused = await world.operator.post(f"/v1/operator/people/{person}/pause", {"why": "hardship"})
    assert paused.status_code in (200, 201), paused.text
    refused = (await world.merchant.post(f"{path}/amend", {"amount": 700_00})).json()
    assert [one["code"] for one in refused["decided"]["reasons"]] == ["REVIEW_NEEDED"]


async def test_many_at_once_take_no_more_than_the_limit_has(world: World) -> None:
    consumer = await world.consumer(limit=1_000_00)
    path = await opened(world, consumer, "instalments")
    bodies = [{"amount": amount} for amount in (700_00, 800_00, 900_00, 1_000_00, 1_000_01, 1_200_00)]
    keys = [str(uuid.uuid4()) for _ in bodies]
    said = await asyncio.gather(
        *[world.merchant.post(f"{path}/amend", body, key=key) for body, key in zip(bodies, keys, strict=True)]
    )
    codes = [one.json().get("code", one.status_code) for one in said]
    assert codes[4:] == ["limit_exceeded"] * 2
    assert set(codes[:4]) <= {200, "busy"}  # who was overtaken may ask again
    plan = (await world.merchant.get(path)).json()
    assert plan["amount"] in [body["amount"] for body, code in zip(bodies, codes, strict=True) if code == 200]
    assert (await world.account(consumer))["reserved"] == plan["amount"]
    again = [await world.merchant.post(f"{path}/amend", body, key=key) for body, key in zip(bodies, keys, strict=True)]
    kept = [(one.content, other.content) for one, other in zip(said, again, strict=True) if one.status_code < 500]
    assert all(one == other for one, other in kept)
