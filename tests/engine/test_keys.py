"""One key of one owner is one request, and one merchant reference one plan, whoever the consumer is; yet all that a
request writes stands in one bucket."""

import asyncio
import gc
import uuid
from typing import Any

import httpx
import pytest

from service import ids
from service.checkout.decision_log import load_answers
from service.db import Connection
from service.engine.keys import Keys, save
from service.engine.once import Once
from service.engine.work import Answer, Key, Work
from service.errors import Code, Refused
from tests.flows.world import NOON, SECRETS, World

KEYS = Keys(load_answers, SECRETS)
SOON = 0.3  # seconds; a request that waits for nobody is answered long before


def problem(answered: httpx.Response) -> tuple[int, str]:
    return answered.status_code, answered.json()["code"]


REUSED = (422, "idempotency_key_reused")


async def requests_about(world: World, consumer: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """A request of each kind that is about the consumer, to be sent once."""
    opened, capturable, voidable = [(await world.plan(consumer, 50_00))["id"] for _ in range(3)]
    offer = (await world.offer(consumer, 50_00, "instalments"))["id"]
    order = {"merchant_reference": uuid.uuid4().hex, "consumer": consumer, "currency": "EUR", "amount": 50_00}
    return {
        "register": ("/v1/consumers", {"reference": uuid.uuid4().hex}),
        "decide": ("/v1/checkouts", order),
        "open": ("/v1/plans", {"offer_id": offer}),
        "capture": (f"/v1/plans/{capturable}/capture", {"amount": 50_00}),
        "void": (f"/v1/plans/{voidable}/void", {}),
        "refused": (f"/v1/plans/{opened}/capture", {"amount": 50_01}),
    }


async def test_a_key_used_for_one_consumer_is_used_for_all(world: World) -> None:
    one, other = [await requests_about(world, await world.consumer(limit=1_000_00)) for _ in range(2)]
    for name, (path, body) in one.items():
        first = await world.merchant.post(path, body, key=name)
        assert first.json().get("code") != REUSED[1]
        before = await world.row_counts()
        for foreign_path, foreign_body in other.values():
            assert problem(await world.merchant.post(foreign_path, foreign_body, key=name)) == REUSED
        again = await world.merchant.post(path, body, key=name)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert await world.row_counts() == before
    for path, body in other.values():  # none of it was done
        assert (await world.merchant.post(path, body)).json().get("code") != "state_forbids"


async def test_another_owner_has_keys_of_their_own(world: World) -> None:
    body = {"reference": "p", "attributes": {}}
    made = [await client.post("/v1/consumers", body, key="k") for client in (world.merchant, world.other_merchant)]
    assert [answered.status_code for answered in made] == [201, 201]


async def test_all_that_a_consumer_does_stands_in_one_bucket(world: World) -> None:
    """But for what is about no consumer: here the policy, merchant and keys, which the world had before; and for the
    registration, which is claimed before anybody knows who it is."""
    consumer = await world.consumer(limit=1_000_00)
    for path, body in (await requests_about(world, consumer)).values():
        if path != "/v1/consumers":
            await world.merchant.post(path, body)
    tables = await world.pool.fetch(
        "select table_name from information_schema.columns where table_schema = 'public' and column_name = 'bucket'"
    )
    found = {name: await world.pool.fetch(f"select distinct bucket from {name}") for (name,) in tables}
    filled = {name: {row["bucket"] for row in rows} for name, rows in found.items() if rows}
    assert filled.keys() >= {"accounts", "decisions", "events", "facts", "idempotency", "plans", "transfers"}
    assert filled.keys() >= {"merchant_references", "former_references"}
    reference = (await world.merchant.get(f"/v1/consumers/{consumer}")).json()["reference"]
    claimed = ids.bucket_for(world.demo.merchant_id, reference)
    assert filled.pop("consumer_references") == {claimed}
    filled["idempotency"].discard(claimed)
    assert {name: buckets for name, buckets in filled.items() if buckets != {ids.bucket_of(consumer)}} == {}


def key_of(world: World, text: str, bucket: int) -> Key:
    """A key of the merchant's, of a request that nobody here sends."""
    return Key.of(world.demo.merchant_id, text, b"another", bucket)


async def has_to_wait(sent: "asyncio.Task[httpx.Response]") -> None:
    done, _ = await asyncio.wait([sent], timeout=SOON)
    assert not done


@pytest.mark.parametrize("is_done", [True, False], ids=["committed", "rolled back"])
@pytest.mark.parametrize("name", ["register", "decide", "open"])  # done once, a decision, a command
async def test_a_key_in_the_hands_of_another_consumers_request(world: World, name: str, is_done: bool) -> None:
    consumer = await world.consumer(limit=1_000_00)
    path, body = (await requests_about(world, consumer))[name]
    key = key_of(world, "k", (ids.bucket_of(consumer) + 1) % ids.BUCKETS)
    async with world.pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        assert await KEYS.claim_one(conn, key, NOON)
        sent = asyncio.create_task(world.merchant.post(path, body, key="k"))
        await has_to_wait(sent)
        await save(conn, [(key, Answer(200, b"{}"))])
        await (transaction.commit() if is_done else transaction.rollback())
    answered = await sent
    assert problem(answered) == REUSED if is_done else answered.is_success, answered.text


@pytest.mark.parametrize("is_done", [True, False], ids=["committed", "rolled back"])
async def test_a_reference_in_the_hands_of_another_consumer(world: World, is_done: bool) -> None:
    consumer = await world.consumer(limit=1_000_00)
    offer = await world.offer(consumer, 100_00, "instalments", merchant_reference="order-1")
    async with world.pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await conn.execute(
            "insert into merchant_references values ($1, $2, 'order-1', 'pl_theirs')",
            (ids.bucket_of(consumer) + 1) % ids.BUCKETS, world.demo.merchant_id,
        )  # fmt: skip
        sent = asyncio.create_task(world.merchant.post("/v1/plans", {"offer_id": offer["id"]}))
        await has_to_wait(sent)
        await (transaction.commit() if is_done else transaction.rollback())
    answered = await sent
    if is_done:
        assert problem(answered) == (409, "reference_used")
        await world.pool.execute("delete from merchant_references where plan_id = 'pl_theirs'")
    else:
        assert answered.status_code == 201


async def test_keys_are_claimed_in_one_order_whatever_their_buckets(world: World) -> None:
    """Two batches with the keys `a` and `b`: who still waits for `a` does not hold `b`, though its bucket is lower."""
    loop = asyncio.get_running_loop()
    a, b = key_of(world, "a", 9), key_of(world, "b", 0)
    works: list[Work[None]] = [Work(None, key, NOON, 200, loop.create_future(), 0) for key in (b, a)]
    async with world.pool.acquire() as first, world.pool.acquire() as second, world.pool.acquire() as third:
        held, waiting, passing = (conn.transaction() for conn in (first, second, third))
        await held.start()
        assert await KEYS.claim_one(first, key_of(world, "a", 1), NOON)
        await waiting.start()
        claiming = asyncio.create_task(KEYS.claim(second, works))
        await asyncio.wait([claiming], timeout=SOON)
        assert not claiming.done()
        await passing.start()
        assert await asyncio.wait_for(KEYS.claim_one(third, b, NOON), 5)
        await passing.rollback()
        await held.rollback()
        assert (await claiming).fresh == works
        await waiting.rollback()


async def test_nobody_is_told_of_a_refusal_whose_caller_left(world: World, caplog: pytest.LogCaptureFixture) -> None:
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def refused(conn: Connection) -> Answer:
        begun.set()
        await goes_on.wait()
        raise Refused(Code.UNAVAILABLE, "Not now.")

    once = Once(world.pool, KEYS)
    others = asyncio.all_tasks()
    asked = asyncio.create_task(once.once(Key.of("m", "left", b"", None), NOON, refused))
    await begun.wait()
    (doing,) = asyncio.all_tasks() - others - {asked}
    asked.cancel()
    await asyncio.wait([asked])
    goes_on.set()
    await asyncio.wait([doing])
    del doing  # asyncio logs an error that nobody looked at when its task is forgotten
    gc.collect()
    assert caplog.text == ""
