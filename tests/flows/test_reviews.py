"""A referral waits for a person, who says yes or no, once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from msgspec.structs import replace

from service import db
from service.alone import AloneMax
from service.config import Settings
from tests.flows.conftest import world_on
from tests.flows.world import NOON, World

REVIEWS = "/v1/operator/reviews"
LARGE = 16_000_00  # above 15,000 the demo's policy wants a person to look


@pytest.fixture
async def world(settings: Settings, pool: db.Pool) -> AsyncIterator[World]:
    """A service in which one operator says yes to this much and no more."""
    async with world_on(replace(settings, alone_max=AloneMax(LARGE)), pool) as world:
        yield world


async def referred(world: World, amount: int = LARGE) -> dict[str, Any]:
    """The answer to a purchase that was referred."""
    answer = await world.checkout(await world.consumer(), amount)
    assert (answer["outcome"], answer["offers"]) == ("referred", [])
    return answer


async def review(world: World, referral: str, outcome: str, *reasons: str, **more: Any) -> httpx.Response:
    body = {"outcome": outcome, "note": "I have seen the payslips.", "reasons": list(reasons)}
    return await world.operator.post(f"{REVIEWS}/{referral}", body, **more)


async def queue(world: World, **query: Any) -> list[str]:
    page = (await world.operator.get(REVIEWS, **query)).json()
    return [row["id"] for row in page["referrals"]]


async def test_a_referral_is_approved_and_becomes_a_plan(world: World) -> None:
    asked = await referred(world)
    (waiting,) = (await world.operator.get(REVIEWS)).json()["referrals"]
    assert (waiting["id"], waiting["amount"], waiting["merchant_id"]) == (asked["id"], LARGE, world.demo.merchant_id)
    assert waiting["reasons"] == asked["reasons"]
    assert (await world.merchant.get(f"/v1/checkouts/{asked['id']}")).json() == asked

    world.operator.now = world.merchant.now = NOON + timedelta(hours=5)
    done = await review(world, asked["id"], "approve")
    assert done.status_code == 201, done.text
    decision = done.json()["decision"]
    assert (decision["outcome"], decision["referral_id"]) == ("approved", asked["id"])
    assert decision["id"] != asked["id"]
    assert decision["expires_at"] > asked["expires_at"]
    assert await queue(world) == []
    assert (await world.merchant.get(f"/v1/checkouts/{asked['id']}")).json() == decision
    assert (await world.merchant.get(f"/v1/checkouts/{decision['id']}")).json() == decision
    assert (await world.operator.get(f"{REVIEWS}/{asked['id']}")).json() == done.json()
    assert done.json()["note"] == "I have seen the payslips."
    assert str(await world.pool.fetchval("select note from reviews")).startswith("sealed.")

    (event,) = (await world.merchant.get("/v1/events")).json()["events"]
    assert (event["number"], event["type"], event["decision_id"]) == (1, "checkout.reviewed", decision["id"])
    assert event["data"]["referral_id"] == asked["id"]
    opened = await world.merchant.post("/v1/plans", {"offer_id": decision["offers"][0]["id"]})
    assert (opened.status_code, opened.json()["state"]) == (201, "authorized")
    assert [event["number"] for event in (await world.merchant.get("/v1/events")).json()["events"]] == [1, 2]


async def test_a_referral_is_declined_and_the_consumer_hears_why(world: World) -> None:
    asked = await referred(world)
    done = (await review(world, asked["id"], "decline", "INCOME", "OTHER_CREDITS")).json()
    decision = done["decision"]
    assert (decision["outcome"], decision["offers"], decision["alternatives"]) == ("declined", [], [])
    assert [reason["code"] for reason in decision["reasons"]] == ["INCOME", "OTHER_CREDITS"]
    assert all(reason["sentence"] for reason in decision["reasons"])
    assert (done["note"], done["reviewed_at"]) == ("I have seen the payslips.", "2026-03-02T12:00:00Z")
    assert (await world.merchant.get(f"/v1/checkouts/{asked['id']}")).json() == decision
    again = (await world.operator.get(f"/v1/operator/decisions/{decision['id']}/replay")).json()
    assert (again["is_identical"], again["differences"]) == (True, [])


async def test_a_yes_is_replayed_too(world: World) -> None:
    asked = await referred(world)
    decision = (await review(world, asked["id"], "approve")).json()["decision"]
    for one in (asked, decision):
        again = (await world.operator.get(f"/v1/operator/decisions/{one['id']}/replay")).json()
        assert (again["is_identical"], again["answer"]) == (True, one)


async def test_a_larger_one_is_approved_by_two_and_declined_by_one(world: World) -> None:
    asked = await referred(world, LARGE + 1)
    waits = await review(world, asked["id"], "approve", key="k")
    assert (waits.status_code, waits.json()["act"]) == (202, "approve_referral")
    assert (await review(world, asked["id"], "approve", key="k")).content == waits.content
    assert await queue(world) == [asked["id"]]  # nobody has said yes
    assert (await world.merchant.get(f"/v1/checkouts/{asked['id']}")).json() == asked
    approve = f"/v1/operator/approvals/{waits.json()['id']}/approve"
    alone = await world.operator.post(approve)
    assert (alone.status_code, alone.json()["code"]) == (403, "four_eyes")
    kept = await world.pool.fetchval("select payload::text from approvals where act = 'approve_referral'")
    assert "payslips" not in kept  # about a person: sealed

    world.second_operator.now = NOON + timedelta(hours=5)
    done = await world.second_operator.post(approve)
    assert done.status_code == 200, done.text
    result, decision = done.json()["result"], done.json()["result"]["decision"]
    assert (decision["outcome"], decision["decided_at"]) == ("approved", "2026-03-02T17:00:00Z")
    assert result["note"] == "I have seen the payslips."
    assert (await world.operator.get(f"{REVIEWS}/{asked['id']}")).json() == result
    opened = await world.merchant.post("/v1/plans", {"offer_id": decision["offers"][0]["id"]})
    assert (opened.status_code, opened.json()["amount"]) == (201, LARGE + 1)
    again = (await world.operator.get(f"/v1/operator/decisions/{decision['id']}/replay")).json()
    assert (again["is_identical"], again["answer"]) == (True, decision)
    late = await review(world, asked["id"], "approve")
    assert (late.status_code, late.json()["code"]) == (409, "state_forbids")

    other = await referred(world, LARGE + 1)
    waits = await review(world, other["id"], "approve")
    assert (await review(world, other["id"], "decline", "INCOME")).status_code == 201
    late = await world.second_operator.post(f"/v1/operator/approvals/{waits.json()['id']}/approve")
    assert (late.status_code, late.json()["code"]) == (409, "state_forbids")


async def test_twenty_people_review_one_referral(world: World) -> None:
    asked = await referred(world)
    said = [("approve",), ("decline", "INCOME")] * 10
    answers = await asyncio.gather(*(review(world, asked["id"], *words) for words in said))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert {answer.json().get("code") for answer in answers} == {None, "state_forbids"}
    assert await world.pool.fetchval("select count(*) from reviews") == 1
    assert await world.pool.fetchval("select count(*) from decisions") == 2
    assert len((await world.merchant.get("/v1/events")).json()["events"]) == 1
    (counted,) = (await world.operator.get("/v1/operator/summary")).json()["decisions"]
    assert (counted["decisions"], counted["outcome"] != "referred") == (1, True)


async def test_one_key_reviews_once_and_says_the_same_again(world: World) -> None:
    asked = await referred(world)
    first = await review(world, asked["id"], "approve", key="k")
    again = await review(world, asked["id"], "approve", key="k")
    assert (first.status_code, first.content) == (201, again.content)
    assert (await review(world, asked["id"], "decline", "INCOME", key="k")).json()["code"] == "idempotency_key_reused"


async def test_a_yes_gives_no_more_than_the_limit_leaves_now(world: World) -> None:
    """The account is as it is at the review; what the consumer said is what the person has read."""
    asked = await referred(world)
    consumer = asked["consumer"]
    await world.operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": 100_00})
    decision = (await review(world, asked["id"], "approve")).json()["decision"]
    assert (decision["outcome"], [reason["code"] for reason in decision["reasons"]]) == ("declined", ["LIMIT_EXCEEDED"])
    assert all(one["offer"]["amount"] <= 100_00 for one in decision["alternatives"])


async def test_only_a_referral_is_reviewed_and_not_for_ever(world: World) -> None:
    approved = await world.checkout(await world.consumer(), 100_00)
    refused = await review(world, approved["id"], "approve")
    assert (refused.status_code, refused.json()["code"]) == (409, "state_forbids")
    asked = await referred(world)
    world.operator.now = NOON + timedelta(days=30, seconds=1)
    assert await queue(world) == []
    assert "lapsed" in (await review(world, asked["id"], "approve")).json()["detail"]
    world.operator.now = NOON + timedelta(days=30)
    assert await queue(world) == [asked["id"]]
    assert (await review(world, asked["id"], "approve")).status_code == 201


async def test_reasons_are_those_of_a_decline(world: World, subtests: pytest.Subtests) -> None:
    asked = await referred(world)
    cases: list[tuple[str, list[str]]] = [
        ("decline", []),
        ("approve", ["INCOME"]),
        ("decline", ["INCOME", "INCOME"]),
        ("decline", ["NO_SUCH_REASON"]),
    ]
    for outcome, reasons in cases:
        with subtests.test(f"{outcome} {reasons}"):
            refused = await review(world, asked["id"], outcome, *reasons)
            assert (refused.status_code, refused.json()["code"]) == (400, "invalid_field")
            assert refused.json()["pointer"].startswith("/reasons")
            assert await queue(world) == [asked["id"]]


async def test_the_queue_is_read_page_by_page(world: World) -> None:
    waiting = [(await referred(world))["id"] for _ in range(3)]
    assert await queue(world, limit=2) == sorted(waiting)[:2]
    assert await queue(world, after=sorted(waiting)[1]) == sorted(waiting)[2:]


async def test_a_review_is_never_changed(world: World, subtests: pytest.Subtests) -> None:
    await review(world, (await referred(world))["id"], "approve")
    for statement in ("update reviews set note = ''", "delete from reviews", "truncate reviews"):
        with subtests.test(statement), pytest.raises(asyncpg.RestrictViolationError):
            await world.pool.execute(statement)


async def test_an_order_that_has_its_plan_meanwhile_is_not_approved_again(world: World) -> None:
    asked = await referred(world)
    plan = await world.plan(await world.consumer(), 100_00, merchant_reference=asked["merchant_reference"])
    refused = await review(world, asked["id"], "approve")
    assert (refused.status_code, refused.json()["code"], refused.json()["pointer"]) == (409, "reference_used", "/id")
    assert await queue(world) == [asked["id"]]
    await world.merchant.post(f"/v1/plans/{plan['id']}/void")
    assert (await review(world, asked["id"], "approve")).json()["decision"]["outcome"] == "approved"


async def test_an_order_that_has_its_plan_meanwhile_may_be_declined(world: World) -> None:
    asked = await referred(world)
    await world.plan(await world.consumer(), 100_00, merchant_reference=asked["merchant_reference"])
    assert (await review(world, asked["id"], "decline", "INCOME")).status_code == 201
