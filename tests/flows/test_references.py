"""A merchant reference has one plan at a time: it is taken until that was voided or expired, with nothing captured."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.flows.outside import BUREAU, consenting, enquiries, in_force
from tests.flows.world import NOON, World

KINDS: list[dict[str, Any]] = [
    {"kinds": ["instalments"]}, {"kinds": ["pay_after_use"]}, {"kinds": ["deposit"], "deposit_amount": 300_00},
]  # fmt: skip


async def ask(world: World, consumer: str, amount: int = 600_00, **more: Any) -> httpx.Response:
    """A checkout of the one order."""
    body = {"merchant_reference": "order-1", "consumer": consumer, "currency": "EUR", "amount": amount}
    return await world.merchant.post("/v1/checkouts", body | {"kinds": ["instalments"]} | more)


async def buy(world: World, consumer: str, amount: int = 600_00, **more: Any) -> str:
    """The order's plan."""
    answer = (await ask(world, consumer, amount, **more)).json()
    opened = await world.merchant.post("/v1/plans", {"offer_id": answer["offers"][0]["id"]})
    assert opened.status_code == 201, opened.text
    plan: str = opened.json()["id"]
    return plan


async def plans(world: World) -> list[tuple[str, str]]:
    found = await world.merchant.get("/v1/plans", merchant_reference="order-1")
    return [(plan["id"], plan["state"]) for plan in found.json()["plans"]]


def is_used(answered: httpx.Response) -> bool:
    problem = answered.json()
    return (answered.status_code, problem.get("code")) == (409, "reference_used")


@pytest.mark.parametrize("first", KINDS, ids=lambda kind: kind["kinds"][0])
@pytest.mark.parametrize("ended_by", ["void", "expired"])
async def test_an_order_whose_plan_ended_uncaptured_is_paid_again(
    world: World, first: dict[str, Any], ended_by: str
) -> None:
    consumer = await world.consumer(limit=1_000_00)
    plan = await buy(world, consumer, **first)
    if ended_by == "void":
        assert (await world.merchant.post(f"/v1/plans/{plan}/void")).json()["state"] == "voided"
    else:
        world.merchant.now = world.operator.now = NOON + timedelta(days=31)
        assert (await world.operator.post("/v1/operator/day-close")).json()["expired"] == 1
    ended = await plans(world)
    for second, amount in zip((*KINDS, KINDS[0]), (650_00, 600_00, 600_00, 100_00), strict=True):
        assert world.merchant.now
        world.merchant.now += timedelta(seconds=1)
        again = await buy(world, consumer, amount, **second)
        assert is_used(await ask(world, consumer))
        assert await plans(world) == [(again, "authorized"), *ended]
        await world.merchant.post(f"/v1/plans/{again}/void")
        ended = [(again, "voided"), *ended]
    assert await plans(world) == ended
    assert (await world.account(consumer))["available"] == 1_000_00


@pytest.mark.parametrize("first", KINDS, ids=lambda kind: kind["kinds"][0])
async def test_a_reference_stays_taken_by_what_was_captured_or_ended_well(world: World, first: dict[str, Any]) -> None:
    consumer, other = await world.consumer(), await world.consumer()
    path = f"/v1/plans/{await buy(world, consumer, **first)}"
    steps: list[tuple[str, dict[str, Any]]] = [("capture", {"amount": 10_00}), ("payments", {"amount": 10_00})]
    if first["kinds"] == ["deposit"]:
        steps = [("release", {})]
    elif first["kinds"] == ["instalments"]:
        steps = [("capture", {"amount": 10_00}), ("void", {}), ("payments", {"amount": 10_00})]
    for verb, body in steps:
        assert is_used(await ask(world, consumer))
        assert is_used(await ask(world, other, 10_00))
        assert (await world.merchant.post(f"{path}/{verb}", body)).is_success
    assert (await world.merchant.get(path)).json()["next_actions"] == []
    assert is_used(await ask(world, consumer))


async def test_a_refused_checkout_leaves_nothing_and_its_key_free(world: World) -> None:
    consumer = await world.consumer()
    body = {"merchant_reference": "order-1", "consumer": consumer, "currency": "EUR", "amount": 600_00}
    first = await world.merchant.post("/v1/checkouts", body, key="first")
    plan = await buy(world, consumer)
    before = await world.row_counts()
    refused = await world.merchant.post("/v1/checkouts", body, key="second")
    assert (refused.json()["code"], refused.json()["pointer"]) == ("reference_used", "/merchant_reference")
    assert await world.row_counts() == before
    # What was answered stays answered; and another merchant's orders have names of their own.
    assert (await world.merchant.post("/v1/checkouts", body, key="first")).content == first.content
    person = (await world.other_merchant.post("/v1/consumers", {"reference": "p", "attributes": {}})).json()["id"]
    assert (await world.other_merchant.post("/v1/checkouts", body | {"consumer": person})).status_code == 200
    await world.merchant.post(f"/v1/plans/{plan}/void")
    assert (await world.merchant.post("/v1/checkouts", body, key="second")).json()["outcome"] == "approved"


async def test_a_checkout_repeated_before_any_plan_is_decided_again(world: World) -> None:
    consumer = await world.consumer()
    made = [(await ask(world, consumer, amount)).json()["offers"][0]["id"] for amount in (600_00, 650_00)]
    opened = [await world.merchant.post("/v1/plans", {"offer_id": offer}) for offer in reversed(made)]
    assert opened[0].status_code == 201
    assert is_used(opened[1])
    await world.merchant.post(f"/v1/plans/{opened[0].json()['id']}/void")
    assert (await world.merchant.post("/v1/plans", {"offer_id": made[0]})).status_code == 201


async def test_a_decision_opens_one_plan_for_ever(world: World) -> None:
    """Asked for at once, while its plan has the merchant reference, and when that was given free or is another's."""
    consumer = await world.consumer(limit=5_000_00)
    offer, other = [(await ask(world, consumer)).json()["offers"][0]["id"] for _ in range(2)]

    async def accept() -> tuple[int, str]:
        answered = await world.merchant.post("/v1/plans", {"offer_id": offer})
        return answered.status_code, answered.json().get("code", "")

    at_once = await asyncio.gather(*(accept() for _ in range(8)))
    assert Counter(at_once) == {(201, ""): 1, (409, "offer_accepted"): 7}
    ((plan, _),) = await plans(world)
    assert (await world.merchant.post(f"/v1/plans/{plan}/void")).status_code == 200
    assert await accept() == (409, "offer_accepted")
    assert (await world.merchant.post("/v1/plans", {"offer_id": other})).status_code == 201
    assert await accept() == (409, "offer_accepted")


async def test_nobody_outside_is_asked_for_an_order_that_has_its_plan(world: World) -> None:
    await buy(world, await world.consumer())
    await in_force(world, BUREAU)
    consumer = await consenting(world)
    assert is_used(await ask(world, consumer))
    assert await enquiries(world, consumer) == []


async def test_an_order_is_taken_whoever_the_consumer_is(world: World) -> None:
    one, other = [await world.consumer(limit=1_000_00) for _ in range(2)]
    made = [(await ask(world, consumer)).json()["offers"][0]["id"] for consumer in (one, other)]
    first = (await world.merchant.post("/v1/plans", {"offer_id": made[0]})).json()["id"]
    assert is_used(await world.merchant.post("/v1/plans", {"offer_id": made[1]}))
    assert await plans(world) == [(first, "authorized")]
    await world.merchant.post(f"/v1/plans/{first}/void")
    second = (await world.merchant.post("/v1/plans", {"offer_id": made[1]})).json()["id"]
    assert await plans(world) == [(second, "authorized"), (first, "voided")]
    assert is_used(await ask(world, one))


async def test_a_name_is_one_however_its_letters_are_composed(world: World) -> None:
    """One program sends an umlaut as one character, another as a letter and its dots (UAX 15)."""
    composed, decomposed = "K\u00fchl 7", "Ku\u0308hl 7"
    consumers = [
        (await world.merchant.post("/v1/consumers", {"reference": spelt})).json() for spelt in (decomposed, composed)
    ]
    assert [(one["id"] == consumers[0]["id"], one["reference"]) for one in consumers] == [(True, composed)] * 2
    plan = await world.plan(consumers[0]["id"], 100_00, merchant_reference=decomposed)
    assert plan["merchant_reference"] == composed
    taken = {"consumer": consumers[0]["id"], "currency": "EUR", "amount": 100_00, "merchant_reference": composed}
    assert (await world.merchant.post("/v1/checkouts", taken)).json()["code"] == "reference_used"
    for spelt in (composed, decomposed):
        found = await world.merchant.get("/v1/plans", merchant_reference=spelt)
        listed = await world.merchant.get("/v1/lists/plans", merchant_reference=spelt)
        whose = await world.merchant.get("/v1/lists/consumers", reference=spelt)
        assert [one["id"] for one in found.json()["plans"]] == [plan["id"]]
        assert [one["id"] for one in listed.json()["plans"]] == [plan["id"]]
        assert [one["id"] for one in whose.json()["consumers"]] == [consumers[0]["id"]]


async def test_a_name_that_cannot_be_seen_is_refused(world: World, subtests: pytest.Subtests) -> None:
    consumer = await world.consumer()
    plan = await world.plan(consumer, 100_00)
    pointers = ("/reference", "/merchant_reference", "/reference", "/reference")
    before = await world.row_counts()
    for hidden in ("  ", "\u3000", "\u200b", "order-1\u200b", "\u200f1-redro", "\ufeffx", "a\u202eb"):
        with subtests.test(ascii(hidden)):
            named = await world.merchant.post("/v1/consumers", {"reference": hidden})
            asked = await ask(world, consumer, merchant_reference=hidden)
            captured = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 1, "reference": hidden})
            paid = await world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": 1, "reference": hidden})
            answers = [one.json() | {"status": one.status_code} for one in (named, asked, captured, paid)]
            told = [(one["status"], one["code"], one["pointer"]) for one in answers]
            assert told == [(400, "invalid_field", pointer) for pointer in pointers]
            assert await world.row_counts() == before


async def test_lists_find_what_was_kept_in_another_spelling(world: World) -> None:
    """Before names were composed, they were kept as they were sent."""
    composed, apart = "K\u00fchl 7", "Ku\u0308hl 7"
    plan = await world.plan(await world.consumer(), 100_00, merchant_reference=composed)
    await spell(world, apart)
    for spelt in (composed, apart):
        found = await world.merchant.get("/v1/plans", merchant_reference=spelt)
        listed = await world.merchant.get("/v1/lists/plans", merchant_reference=spelt)
        asked = await world.merchant.get("/v1/lists/checkouts", merchant_reference=spelt)
        assert [one["id"] for one in found.json()["plans"]] == [plan["id"]]
        assert [one["id"] for one in listed.json()["plans"]] == [plan["id"]]
        assert len(asked.json()["checkouts"]) == 1
    await spell(world, composed)


async def spell(world: World, name: str) -> None:
    """The one order is kept under this name."""
    await world.pool.execute("update merchant_references set merchant_reference = $1", name)
    await world.pool.execute("alter table decisions disable trigger user")
    await world.pool.execute("update decisions set merchant_reference = $1", name)
    await world.pool.execute("alter table decisions enable trigger user")
