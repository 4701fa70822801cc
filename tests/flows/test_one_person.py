"""One person, one limit: whoever is registered by the same identifiers is the same person, at every merchant."""

import asyncio
import uuid
from collections import Counter
from typing import Any

import httpx
import pytest

from service import ids
from service.app import create_app, services
from service.config import Settings
from tests.flows.test_people import account, buy, checkout
from tests.flows.world import Client, World

PASSPORT = {"kind": "national_id", "value": "12345678Z", "country": "ES"}
MAIL = {"kind": "email", "value": "ada@example.org", "verified": True}
PHONE = {"kind": "phone", "value": "+4930901820", "verified": True}
NUMBER = {"kind": "operator_id", "value": "K-4711"}


async def register(
    client: Client, *identifiers: dict[str, Any], reference: str | None = None, status: int | None = None
) -> str:
    body = {"reference": reference or uuid.uuid4().hex, "identifiers": list(identifiers)}
    made = await client.post("/v1/consumers", body)
    assert made.status_code == (status or (200 if reference else 201)), made.text
    consumer: str = made.json()["id"]
    return consumer


async def person_of(world: World, consumer: str) -> str:
    found: str = await world.pool.fetchval("select person_id from consumers where consumer_id = $1", consumer)
    return found


async def are_one(world: World, *consumers: str) -> bool:
    return len({await person_of(world, consumer) for consumer in consumers}) == 1


async def doubts(world: World) -> int:
    counted: int = await world.pool.fetchval("select count(*) from person_doubts")
    return counted


@pytest.mark.parametrize(
    ("here", "there", "is_one"),
    [
        ([PASSPORT], [PASSPORT | {"value": "12.345.678-z"}], True),
        ([MAIL], [MAIL | {"value": " ADA@EXAMPLE.ORG"}], True),
        ([PHONE], [PHONE | {"value": "+49 (30) 901820"}], True),
        ([NUMBER], [NUMBER], True),
        ([MAIL, NUMBER], [PHONE, NUMBER], True),
        ([PASSPORT], [PASSPORT | {"country": "PT"}], False),
        ([MAIL], [MAIL | {"verified": False}], False),
        ([MAIL | {"verified": False}], [MAIL], False),
        ([PHONE], [NUMBER | {"value": PHONE["value"]}], False),
        ([], [], False),
    ],
)
async def test_who_is_one_person(
    world: World, here: list[dict[str, Any]], there: list[dict[str, Any]], is_one: bool
) -> None:
    first = await register(world.merchant, *here)
    second = await register(world.other_merchant, *there)
    third = await register(world.merchant, *there)  # a second reference at the same merchant
    assert await are_one(world, first, second) is is_one
    assert await are_one(world, first, third) is is_one
    if is_one:  # all that a purchase touches is in one bucket
        assert len({ids.bucket_of(consumer) for consumer in (first, second, third)}) == 1
    assert await doubts(world) == 0


async def test_one_limit_at_two_merchants_and_under_two_references(world: World) -> None:
    """64 purchases of 100.00 at once, on a limit of 500.00: five of them."""
    first = await register(world.merchant, PASSPORT)
    second = await register(world.merchant, PASSPORT)
    third = await register(world.other_merchant, PASSPORT)
    await world.operator.post(f"/v1/operator/consumers/{first}/accounts/EUR", {"limit": 500_00})
    sides = [(world.merchant, first), (world.merchant, second), (world.other_merchant, third)] * 22
    decisions = await asyncio.gather(*(checkout(client, consumer, 100_00) for client, consumer in sides[:64]))
    answers = await asyncio.gather(
        *(
            client.post("/v1/plans", {"offer_id": decision["offers"][0]["id"]})
            for (client, _), decision in zip(sides[:64], decisions, strict=True)
        )
    )
    counts = Counter((answer.status_code, answer.json().get("code")) for answer in answers)
    assert counts == {(201, None): 5, (409, "limit_exceeded"): 59}
    for client, consumer in sides[:3]:
        found = await account(client, consumer)
        assert (found["limit"], found["reserved"], found["available"]) == (500_00, 500_00, 0)


async def test_one_limit_at_two_merchants_that_two_processes_serve(world: World, settings: Settings) -> None:
    """Each process has lanes of its own: what they share is the row of the account."""
    first, second = await register(world.merchant, PASSPORT), await register(world.other_merchant, PASSPORT)
    await world.operator.post(f"/v1/operator/consumers/{first}/accounts/EUR", {"limit": 500_00})
    beside: Any = create_app(settings)
    async with services(settings) as beside.state["services"]:
        transport = httpx.ASGITransport(app=beside)
        async with httpx.AsyncClient(transport=transport, base_url="http://tenor") as http:
            there = Client(http, world.demo.second_merchant_key)
            sides = [(world.merchant, first), (there, second)] * 16
            decisions = await asyncio.gather(*(checkout(client, consumer, 100_00) for client, consumer in sides))
            answers = await asyncio.gather(
                *(
                    client.post("/v1/plans", {"offer_id": decision["offers"][0]["id"]})
                    for (client, _), decision in zip(sides, decisions, strict=True)
                )
            )
    assert Counter(answer.status_code for answer in answers) == {201: 5, 409: 27}
    assert (await account(world.merchant, first))["available"] == 0


@pytest.mark.parametrize("rounds", [12, pytest.param(50, marks=pytest.mark.long)])
async def test_two_merchants_register_one_person_at_the_same_instant(world: World, rounds: int) -> None:
    """The number grows from one to four: each registration is one, and each person is one."""
    for number in range(rounds):
        named = {"kind": "operator_id", "value": f"K-{number}"}
        mail = {"kind": "email", "value": f"{number}@example.org", "verified": True}
        clients = [world.merchant, world.other_merchant][: 1 + number % 2] * (1 + number % 3)
        consumers = await asyncio.gather(*(register(client, named, mail) for client in clients))
        assert await are_one(world, *consumers)
    assert await world.pool.fetchval("select count(distinct person_id) from person_marks") == rounds
    assert await world.pool.fetchval("select count(*) from people") == rounds
    assert await doubts(world) == 0


async def test_a_reference_registered_twice_at_once_is_one_consumer(world: World) -> None:
    body = {"reference": "r", "identifiers": [NUMBER]}
    made = await asyncio.gather(*(world.merchant.post("/v1/consumers", body) for _ in range(6)))
    assert sorted(one.status_code for one in made) == [200] * 5 + [201]
    assert len({one.json()["id"] for one in made}) == 1


async def test_who_has_nothing_yet_becomes_the_person_an_identifier_names(world: World) -> None:
    first = await register(world.merchant, NUMBER)
    await world.operator.post(f"/v1/operator/consumers/{first}/accounts/EUR", {"limit": 500_00})
    second = await register(world.other_merchant, MAIL, reference="late", status=201)
    assert not await are_one(world, first, second)
    await checkout(world.other_merchant, await register(world.other_merchant), 100_00)
    assert await register(world.other_merchant, NUMBER, reference="late") == second
    assert await are_one(world, first, second)
    assert (await account(world.other_merchant, second))["limit"] == 500_00
    # What only the second was known by names them both, and the plan of the one takes from the other's limit.
    assert await are_one(world, first, await register(world.merchant, MAIL))
    await buy(world.other_merchant, second, 200_00)
    assert (await account(world.merchant, first))["available"] == 300_00
    moves = await world.pool.fetch("select reason, consumer_ids from person_moves")
    assert [tuple(row) for row in moves] == [("matched", [second])]
    assert await doubts(world) == 0


async def test_two_people_with_accounts_stay_two_and_an_operator_is_asked_once(world: World) -> None:
    first = await register(world.merchant, NUMBER)
    second = await register(world.other_merchant, MAIL, reference="late", status=201)
    for consumer in (first, second):
        await world.operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": 500_00})
    for _ in range(2):
        await register(world.other_merchant, MAIL, NUMBER, reference="late")
    assert not await are_one(world, first, second)
    assert await doubts(world) == 1
    # Known by identifiers of both: the stronger one says who it is.
    third = await register(world.merchant, MAIL, NUMBER)
    assert await are_one(world, first, third)
    assert await doubts(world) == 1


async def test_an_identifier_that_was_replaced_names_nobody(world: World) -> None:
    """A telephone number is given to somebody else a year later."""
    first = await register(world.merchant, PHONE, MAIL, reference="moved", status=201)
    await register(world.merchant, PHONE | {"value": "+4930111111"}, reference="moved")
    assert not await are_one(world, first, await register(world.other_merchant, PHONE))
    assert await are_one(world, first, await register(world.other_merchant, MAIL))
    # As long as another of the person's consumers has it, it names the person.
    await register(world.merchant, MAIL | {"value": "new@example.org"}, reference="moved")
    assert await are_one(world, first, await register(world.other_merchant, MAIL))


async def test_what_a_test_merchant_tries_is_real_nowhere(world: World) -> None:
    live, tried, again = [await register(one, PASSPORT) for one in (world.merchant, *[world.test_merchant] * 2)]
    assert not await are_one(world, live, tried)
    assert await are_one(world, tried, again)


async def test_no_identifier_is_kept_in_a_form_that_can_be_read(world: World) -> None:
    await register(world.merchant, PASSPORT, MAIL, PHONE, NUMBER)
    tables = await world.pool.fetch("select tablename from pg_tables where schemaname = 'public'")
    for (name,) in tables:
        for row in await world.pool.fetch(f"select t::text as row from {name} t"):
            for one in (PASSPORT, MAIL, PHONE, NUMBER):
                assert str(one["value"]) not in row["row"]
                assert str(one["value"]).encode().hex() not in row["row"]


async def test_a_merchant_is_not_told_whether_somebody_is_known_elsewhere(world: World) -> None:
    """But by the limit: the answers about one who is known and one who is not differ in ids and times alone."""
    known = await register(world.other_merchant, NUMBER)
    await buy(world.other_merchant, known, 100_00)

    async def seen(reference: str, *identifiers: dict[str, Any]) -> list[Any]:
        body = {"reference": reference, "identifiers": list(identifiers), "attributes": {}}
        made = await world.merchant.post("/v1/consumers", body)
        read = await world.merchant.get(f"/v1/consumers/{made.json()['id']}")
        again = await world.merchant.post("/v1/consumers", body)
        events = await world.merchant.get("/v1/events")
        shown = [made, read, again, events]
        text = [one.text.replace(made.json()["id"], "co_").replace(reference, "") for one in shown]
        assert known not in "".join(text)
        return [(one.status_code, sorted(one.headers)) for one in shown] + text

    assert await seen("customer 1", NUMBER) == await seen("customer 2", NUMBER | {"value": "K-0000"})
