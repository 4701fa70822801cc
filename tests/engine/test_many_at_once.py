"""Two processes, one database, and everybody at once."""

import asyncio
import json
import os
import uuid
from collections import Counter
from urllib.parse import urlsplit

import pytest

from service import db
from service.config import Settings
from tests.engine.processes import Service, offers, serving, world_of
from tests.flows.outside import BUREAU, consenting, enquiries, in_force
from tests.flows.world import World

pytestmark = pytest.mark.long

ROUNDS = 20 if os.environ.get("TENOR_FAULTS") else 2


async def test_two_processes_and_everybody_at_once(settings: Settings, pool: db.Pool) -> None:
    with serving(settings) as service:
        async with world_of(service, pool) as world:
            for crowd in CROWDS:
                await crowd(world, service)


async def room_for_seven(world: World, _service: Service) -> None:
    for _ in range(ROUNDS):
        consumer = await world.consumer(limit=7 * 100_00)
        asked = await offers(world, [consumer] * 64, 100_00)
        answers = await asyncio.gather(*(world.merchant.post("/v1/plans", {"offer_id": offer}) for offer in asked))
        counts = Counter((answer.status_code, answer.json().get("code")) for answer in answers)
        assert counts == {(201, None): 7, (409, "limit_exceeded"): 57}
        account = await world.account(consumer)
        assert (account["reserved"], account["available"]) == (7 * 100_00, 0)


async def one_key_fifty_times(world: World, _service: Service) -> None:
    for _ in range(ROUNDS):
        consumer = await world.consumer(limit=1_000_00)
        (offer,) = await offers(world, [consumer], 100_00)
        key = uuid.uuid4().hex
        answers = await asyncio.gather(
            *(world.merchant.post("/v1/plans", {"offer_id": offer}, key=key) for _ in range(50)),
            *(world.merchant.post("/v1/plans", {"offer_id": f"{offer[:-1]}9"}, key=key) for _ in range(10)),
        )
        same, other = answers[:50], answers[50:]
        if {answer.status_code for answer in same} == {422}:  # the other request came first, and was kept
            same, other = other, same
            assert {answer.status_code for answer in same} == {404}
        else:
            assert {answer.status_code for answer in same} == {201}
            assert (await world.account(consumer))["reserved"] == 100_00
        assert len({answer.content for answer in same}) == 1
        assert {answer.json()["code"] for answer in other} == {"idempotency_key_reused"}


async def one_key_for_sixteen_consumers(world: World, _service: Service) -> None:
    for _ in range(ROUNDS):
        consumers = [await world.consumer(limit=1_000_00) for _ in range(16)]
        asked, key = await offers(world, consumers, 100_00), uuid.uuid4().hex
        made = [world.merchant.post("/v1/plans", {"offer_id": offer}, key=key) for offer in asked * 3]
        answers = await asyncio.gather(*made)
        counts = Counter((answer.status_code, answer.json().get("code")) for answer in answers)
        assert counts == {(201, None): 3, (422, "idempotency_key_reused"): 45}
        assert len({answer.content for answer in answers if answer.status_code == 201}) == 1


async def one_merchant_reference_opens_one_plan_whoever_asks(world: World, _service: Service) -> None:
    consumers = [await world.consumer(limit=1_000_00) for _ in range(16)]
    reference = uuid.uuid4().hex
    made = [await world.offer(one, 100_00, "instalments", merchant_reference=reference) for one in consumers]
    answers = await asyncio.gather(*(world.merchant.post("/v1/plans", {"offer_id": offer["id"]}) for offer in made))
    counts = Counter((answer.status_code, answer.json().get("code")) for answer in answers)
    assert counts == {(201, None): 1, (409, "reference_used"): 15}
    # Voided and opened anew by many at once: whoever comes first, one plan has the reference.
    (plan,) = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    left = [offer["id"] for offer, answer in zip(made, answers, strict=True) if answer.status_code != 201]
    for _ in range(ROUNDS):
        answers = await asyncio.gather(
            *(world.merchant.post("/v1/plans", {"offer_id": offer}) for offer in left),
            *(world.merchant.post(f"/v1/plans/{plan}/void") for _ in range(4)),
        )
        opened = [offer for offer, answer in zip(left, answers, strict=False) if answer.status_code == 201]
        assert len(opened) <= 1
        left = [offer for offer in left if offer not in opened]
        newest, *before = (await world.merchant.get("/v1/plans", merchant_reference=reference)).json()["plans"]
        assert newest["state"] == ("authorized" if opened else "voided")
        assert {one["state"] for one in before} <= {"voided"}
        plan = newest["id"]


async def a_payment_sent_by_many_is_recorded_once(world: World, _service: Service) -> None:
    consumer = await world.consumer(limit=1_000_00)
    plan = await world.plan(consumer, 100_00)
    await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 100_00})
    body = {"amount": 10_00, "reference": "tx-1"}
    answers = await asyncio.gather(
        *(world.merchant.post(f"/v1/plans/{plan['id']}/payments", body) for _ in range(20)),
        *(world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": 10_00}) for _ in range(20)),
    )
    counts = Counter((answer.status_code, answer.json().get("code")) for answer in answers)
    assert counts == {(201, None): 21, (409, "duplicate_payment"): 19}
    paid = (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()
    assert (paid["paid"], paid["overpaid"]) == (100_00, 110_00)  # what came is taken, also what is too much
    assert (await world.account(consumer))["used"] == 0


async def a_refusal_repeats_under_its_key(world: World, _service: Service) -> None:
    consumer = await world.consumer(limit=100_00)
    first, second = await offers(world, [consumer] * 2, 100_00)
    opened = await world.merchant.post("/v1/plans", {"offer_id": first})
    refused = await world.merchant.post("/v1/plans", {"offer_id": second}, key="again")
    assert refused.json()["code"] == "limit_exceeded"
    await world.merchant.post(f"/v1/plans/{opened.json()['id']}/void")
    again = await world.merchant.post("/v1/plans", {"offer_id": second}, key="again")
    assert (again.status_code, again.content, again.headers["content-type"]) == (
        refused.status_code, refused.content, refused.headers["content-type"],
    )  # fmt: skip
    assert (await world.merchant.post("/v1/plans", {"offer_id": second})).status_code == 201


async def a_client_that_leaves_cancels_nothing(world: World, service: Service) -> None:
    consumer = await world.consumer(limit=10_000_00)
    asked = await offers(world, [consumer] * 30, 100_00)
    place = urlsplit(service.base_url)
    for offer in asked:
        body = json.dumps({"offer_id": offer})
        _, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(
            f"POST /v1/plans HTTP/1.1\r\nHost: tenor\r\nAuthorization: Bearer {world.demo.merchant_key}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: {offer}\r\nTenor-Clock: 2026-03-02T12:00:01Z\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        await writer.drain()
        writer.close()
    async with asyncio.timeout(10):
        while (await world.account(consumer))["reserved"] < 30 * 100_00:
            await asyncio.sleep(0.05)


async def a_consent_for_seven_calls_is_used_seven_times(world: World, _service: Service) -> None:
    """Both processes ask, and each has a simulator of its own; what counts is what the database let them."""
    await in_force(world, BUREAU | {"cached_for_minutes": 0})
    for _ in range(ROUNDS):
        consumer = await consenting(world, times=7)
        answers = await asyncio.gather(*(world.checkout(consumer, 100_00) for _ in range(48)))
        # A process that has not heard of the policy yet asks nobody.
        counts = Counter(answer.get("outside", {}).get("bureau") for answer in answers)
        assert counts["answered"] == 7 == len(await enquiries(world, consumer))
        assert counts.keys() <= {"answered", "used_up", None}


# One after the other on the same two processes, which take a while to start.
CROWDS = (
    room_for_seven,
    one_key_fifty_times,
    one_key_for_sixteen_consumers,
    one_merchant_reference_opens_one_plan_whoever_asks,
    a_payment_sent_by_many_is_recorded_once,
    a_refusal_repeats_under_its_key,
    a_client_that_leaves_cancels_nothing,
    a_consent_for_seven_calls_is_used_seven_times,
)
