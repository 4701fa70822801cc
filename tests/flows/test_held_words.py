"""A merchant who is not believed frees nobody's limit by its word: what it says was paid stays on the account."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from service.db import run_checks
from tests.flows.collecting import Till, till
from tests.flows.test_made_one import make_one, make_two
from tests.flows.test_proving_payments import pay, prove
from tests.flows.test_settling_merchants import close
from tests.flows.world import NOON, World


@pytest.fixture
async def doubted(world: World) -> World:
    """The world, whose merchant is not believed."""
    await believe(world, False)
    return world


async def believe(world: World, is_believed: bool) -> None:
    where = f"/v1/operator/merchants/{world.demo.merchant_id}/change"
    changed = await world.operator.post(where, {"is_believed": is_believed})
    assert changed.status_code == (202 if is_believed else 200), changed.text
    await world.seconded(changed)


async def bought(world: World, consumer: str | None = None, amount: int = 100_00) -> tuple[str, str]:
    """A consumer with a limit of 150.00 and a captured plan, and the plan."""
    consumer = consumer or await world.consumer(limit=150_00)
    plan = await world.plan(consumer, amount)
    captured = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": amount})
    assert captured.status_code == 200, captured.text
    return consumer, plan["id"]


async def used(world: World, consumer: str) -> int:
    return int((await world.account(consumer))["used"])


async def test_the_limit_is_free_again_once_an_operator_has_seen_the_money(doubted: World) -> None:
    consumer, plan = await bought(doubted)
    offered = (await doubted.checkout(consumer, 50_00, merchant_reference="kept"))["offers"][0]["id"]
    payment = await pay(doubted, plan)
    assert await used(doubted, consumer) == 100_00
    owed = (await doubted.merchant.get(f"/v1/plans/{plan}")).json()
    assert (owed["state"], owed["outstanding"]) == ("paid_off", 0)  # of the plan nothing is owed
    assert (await doubted.checkout(consumer, 60_00))["outcome"] == "declined"
    assert (await doubted.merchant.post("/v1/plans", {"offer_id": offered})).status_code == 201
    assert (await prove(doubted, plan, payment)).status_code == 201
    assert await used(doubted, consumer) == 0
    assert (await prove(doubted, plan, payment)).status_code == 201  # said again, it frees nothing more
    assert await used(doubted, consumer) == 0
    assert (await doubted.checkout(consumer, 60_00))["outcome"] == "approved"


async def test_an_offer_made_before_does_not_get_around_it(doubted: World) -> None:
    """Two offers of the whole limit, one plan captured and said to be paid: the other is not opened."""
    consumer = await doubted.consumer(limit=150_00)
    first, second = [
        (await doubted.checkout(consumer, 150_00, merchant_reference=name))["offers"][0]["id"] for name in ("a", "b")
    ]
    plan = (await doubted.merchant.post("/v1/plans", {"offer_id": first})).json()["id"]
    await doubted.merchant.post(f"/v1/plans/{plan}/capture", {"amount": 150_00})
    await doubted.merchant.post(f"/v1/plans/{plan}/payments", {"amount": 150_00})
    refused = await doubted.merchant.post("/v1/plans", {"offer_id": second})
    assert (refused.status_code, refused.json()["code"]) == (409, "limit_exceeded")


async def test_what_is_paid_in_parts_is_held_in_parts(doubted: World) -> None:
    consumer, plan = await bought(doubted)
    paid = []
    for amount in (30_00, 30_00, 50_00):  # 10.00 too much: they are no principal
        told = await doubted.merchant.post(f"/v1/plans/{plan}/payments", {"amount": amount})
        paid.append(told.json()["recorded"]["id"])
    held = await doubted.pool.fetch("select amount from held_words order by held_at, payment_id")
    assert sorted(row["amount"] for row in held) == [30_00, 30_00, 40_00]
    assert (await prove(doubted, plan, paid[2])).status_code == 201
    assert await used(doubted, consumer) == 60_00


async def test_a_preview_says_that_nothing_is_freed(doubted: World) -> None:
    _, plan = await bought(doubted)
    seen = (await doubted.merchant.post(f"/v1/plans/{plan}/payments?dry_run=true", {"amount": 100_00})).json()
    assert (seen["account_before"]["used"], seen["account_after"]["used"]) == (100_00, 100_00)
    assert seen["plan"]["outstanding"] == 0


async def test_what_the_merchant_has_borne_is_free(doubted: World) -> None:
    consumer, plan = await bought(doubted)
    await pay(doubted, plan, received_by="merchant")
    await close(doubted, NOON + timedelta(days=1))  # captured 100.00, paid to it 100.00, and it owes us our fee
    assert await used(doubted, consumer) == 100_00
    doubted.operator.now = doubted.merchant.now = NOON + timedelta(days=1)
    await bought(doubted, await doubted.consumer())
    await close(doubted, NOON + timedelta(days=2))
    assert await used(doubted, consumer) == 0


async def test_what_the_bank_returned_is_counted_once_after_the_next_close(doubted: World) -> None:
    consumer, plan = await bought(doubted)
    payment = await pay(doubted, plan)
    back = await doubted.operator.post(f"/v1/operator/plans/{plan}/payments/return", {"payment_id": payment})
    assert back.status_code == 200, back.text
    assert await used(doubted, consumer) == 200_00  # owed again, and held
    await close(doubted, NOON + timedelta(days=1))
    assert await used(doubted, consumer) == 100_00


async def test_the_lender_and_a_believed_merchant_free_at_once(doubted: World) -> None:
    consumer, plan = await bought(doubted)
    await doubted.operator.post(f"/v1/operator/plans/{plan}/payments", {"amount": 40_00})
    assert await used(doubted, consumer) == 60_00
    await believe(doubted, True)
    await doubted.merchant.post(f"/v1/plans/{plan}/payments", {"amount": 60_00})
    assert await used(doubted, consumer) == 0
    assert await doubted.pool.fetchval("select count(*) from held_words") == 0


async def test_nobody_is_believed_by_the_word_of_one_operator(world: World) -> None:
    body = {"name": "Bahnhof Books", "country": "DE", "time_zone": "Europe/Berlin"}
    at_once = await world.operator.post("/v1/operator/merchants", body | {"is_believed": True})
    assert (at_once.status_code, at_once.json()["pointer"]) == (400, "/is_believed")
    made = (await world.operator.post("/v1/operator/merchants", body)).json()["id"]
    change = f"/v1/operator/merchants/{made}/change"

    async def is_believed() -> tuple[bool, str]:
        row = await world.pool.fetchrow("select is_believed, name from merchants where merchant_id = $1", made)
        return tuple(row) if row else (False, "")

    asked = await world.operator.post(change, {"is_believed": True, "name": "Books"})
    assert (asked.status_code, asked.json()["act"]) == (202, "change_merchant")
    assert await is_believed() == (False, "Bahnhof Books")  # nothing of it, yet
    approve = f"/v1/operator/approvals/{asked.json()['id']}/approve"
    assert (await world.operator.post(approve)).json()["code"] == "four_eyes"
    assert (await world.second_operator.post(approve)).status_code == 200
    assert await is_believed() == (True, "Books")
    assert (await world.operator.post(change, {"is_believed": True})).status_code == 200  # it is already
    assert (await world.operator.post(change, {"is_believed": False})).status_code == 200
    assert await is_believed() == (False, "Books")
    assert (await world.operator.post(change, {"name": "Bahnhof"})).status_code == 200


@pytest.fixture
async def at(doubted: World) -> AsyncIterator[Till]:
    async with till(doubted) as found:
        yield found


async def test_what_a_processor_pulled_is_free_at_once(at: Till) -> None:
    plan = await at.plan("ok")
    assert (await at.pay(plan, amount=600_00)).is_success
    assert await at.world.pool.fetchval("select sum(used) from accounts") == 0


async def test_a_check_finds_a_limit_that_was_freed_too_early(doubted: World) -> None:
    consumer, plan = await bought(doubted)
    payment = await pay(doubted, plan)
    await doubted.pool.execute("update accounts set used = 0")
    async with doubted.pool.acquire() as conn:
        assert [one.name for one in await run_checks(conn) if one.rows] == ["exposure_matches_plans"]
    await doubted.pool.execute("update accounts set used = 10000")
    async with doubted.pool.acquire() as conn:
        await conn.execute(
            "insert into payment_proofs select bucket, plan_id, payment_id, '', '', held_at from held_words"
        )
        assert [one.name for one in await run_checks(conn) if one.rows] == ["held_words_are_payments"]
    assert payment
    await close(doubted, NOON + timedelta(days=1))  # and frees it
    assert await used(doubted, consumer) == 0
    assert await doubted.pool.fetchval("select count(*) from held_words") == 0  # and is not kept


async def test_it_goes_with_the_plan_to_another_person(doubted: World) -> None:
    """Two people are found to be one, and two again: each has what its own plans were said to be paid of."""
    first, plan = await bought(doubted)
    second, other = await bought(doubted, await doubted.consumer(limit=150_00), 70_00)
    payment = await pay(doubted, plan)
    await doubted.merchant.post(f"/v1/plans/{other}/payments", {"amount": 20_00})
    await make_one(doubted, first, second)
    assert await used(doubted, first) == await used(doubted, second) == 170_00
    await make_two(doubted, first)
    assert (await used(doubted, first), await used(doubted, second)) == (100_00, 70_00)
    await make_one(doubted, first, second)
    assert (await prove(doubted, plan, payment)).status_code == 201
    assert await used(doubted, second) == 70_00
