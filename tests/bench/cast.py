"""The cast: merchants, people with a limit, and for each of them a decision whose offers wait to be accepted.

One person really goes to the checkout and opens a plan; what the service logged then is made everybody's by SQL.
"""

import socket
import uuid
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import Struct
from msgspec.structs import astuple, replace

from service import clock, ids
from service.access.key import key_hmac, mark_of
from service.checkout.sealing import seal_parts
from service.config import Settings
from service.data_key import DataKey, DataSecrets, Place
from service.db import Connection, load_queries, open_pool
from service.demo.seed import POLICY, Demo, seed
from service.demo.seed import Q as SEED
from service.packed import pack, unpack
from service.people.consumer import Attribute, reference_indexes, seal_attributes, seal_reference
from service.people.person import person_of
from service.policies.document import Policy

Q = load_queries(Path(__file__).with_name("cast.sql"))

MERCHANTS = 32
OFFERS = 4
LIMIT = 20_000_00
ASKED_MAX = 10  # times
ITEMS = (
    ("Shelf, oiled oak, 80 x 200 cm", 189_00, 2, "furniture"),
    ("Desk lamp, brass", 64_50, 1, "furniture"),
    ("Office chair, mesh back, with armrests", 179_50, 1, "furniture"),
    ("Delivery to the room of your choice", 18_00, 1, "services"),
    ("Autumn voucher", -40_00, 1, "furniture"),
)
PRICE: Final = sum(price * quantity for _, price, quantity, _ in ITEMS)
ATTRIBUTES: Final[dict[str, Attribute]] = {  # of somebody whom the demo's policy gives its best grade
    "status_of_existing_checking_account": "no checking account",
    "credit_history": "critical account/ other credits existing (not at this bank)",
    "savings_account_and_bonds": "... >= 1000 DM",
    "present_employment_since": "... >= 7 years",
    "installment_rate_in_percentage_of_disposable_income": 1,
    "other_debtors_or_guarantors": "guarantor",
    "other_installment_plans": "none",
    "housing": "own",
    "telephone": "yes, registered under the customers name",
    "age_in_years": 45,
}


class Person(Struct):
    """Who buys where, and the decision that waits for them; a row of `bench_buyers`."""

    number: int
    bucket: int
    consumer_id: str
    person_id: str
    decision_id: str
    merchant_id: str


class Cast(Struct):
    """Everybody, and the merchants' keys."""

    people: list[Person]
    keys: dict[str, str]  # by merchant
    data_keys: dict[str, DataKey] = {}  # by consumer

    def checkout(self, person: Person) -> bytes:
        """POST /v1/checkouts: a cart that has never been seen."""
        cart = [dict(zip(("name", "unit_amount", "quantity", "category"), item, strict=True)) for item in ITEMS]
        body = {
            "merchant_reference": f"order {uuid.uuid4()}",
            "consumer": person.consumer_id,
            "currency": "EUR",
            "amount": PRICE,
            "items": cart,
        }
        return self._post("/v1/checkouts", person, msgspec.json.encode(body))

    def acceptance(self, person: Person) -> bytes:
        """POST /v1/plans: the first offer of the decision that waits."""
        offer = ids.derive(ids.OFFER, person.decision_id, 1)
        return self._post("/v1/plans", person, b'{"offer_id":"%b"}' % offer.encode())

    def capture(self, person: Person, plan_id: str, amount: int) -> bytes:
        """POST /v1/plans/{id}/capture: all of it is shipped."""
        return self._post(f"/v1/plans/{plan_id}/capture", person, b'{"amount":%d}' % amount)

    def payment(self, person: Person, plan_id: str, amount: int = 1_00) -> bytes:
        """POST /v1/plans/{id}/payments: one euro of what is owed, or another amount."""
        return self._post(f"/v1/plans/{plan_id}/payments", person, b'{"amount":%d}' % amount)

    def _post(self, path: str, person: Person, body: bytes) -> bytes:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: tenor\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self.keys[person.merchant_id]}\r\nIdempotency-Key: {uuid.uuid4()}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


async def invite(conn: Connection, settings: Settings, people: int) -> Cast:
    """Merchants with their keys, and people with accounts."""
    now_ms = int(clock.now().timestamp() * 1000)
    pool = await open_pool(settings.owner_url, size=2)
    demo = await seed(pool, settings)
    await pool.close()
    await _show_fewer_offers(conn, settings, demo)
    cast = Cast([], {})
    for _ in range(MERCHANTS):
        merchant_id = ids.new_id(ids.MERCHANT, 0, now_ms)
        key = cast.keys[merchant_id] = f"sk_live_{uuid.uuid4().hex}"
        await conn.execute(Q.insert_merchant, merchant_id, demo.merchant_id)
        await conn.execute(Q.insert_feed, merchant_id)
        stored = key_hmac(settings.key_secret, key), mark_of(settings.key_secret)
        await conn.execute(Q.insert_key, ids.new_id(ids.KEY, 0, now_ms), *stored, merchant_id)
    cast.people = list(_people(people, list(cast.keys), now_ms))
    await conn.execute(Q.make_buyers)
    await conn.copy_records_to_table("bench_buyers", records=[astuple(person) for person in cast.people])
    await conn.execute(Q.insert_people)
    cast.data_keys = await _register(conn, settings, cast.people)
    await conn.execute(Q.insert_accounts, LIMIT)
    return cast


async def _register(conn: Connection, settings: Settings, people: list[Person]) -> dict[str, DataKey]:
    """Consumers with their data keys, by their ids."""
    secrets, now = DataSecrets(settings.data_secret), clock.now()
    made = {one.consumer_id: secrets.new_key(one.consumer_id) for one in people}
    await conn.copy_records_to_table(
        "data_keys",
        records=[(ids.bucket_of(key_id), key_id, wrapped) for key_id, (_, wrapped) in made.items()],
        columns=["bucket", "key_id", "wrapped"],
    )
    consumers = [
        (
            one.bucket, one.consumer_id, one.person_id, one.merchant_id, seal_reference(key, _reference(one)),
            seal_attributes(key, ATTRIBUTES), now, now,
        )
        for one in people
        for key in (made[one.consumer_id][0],)
    ]  # fmt: skip
    names = (
        "bucket", "consumer_id", "person_id", "merchant_id", "reference", "attributes", "created_at",
        "updated_at",
    )  # fmt: skip
    await conn.copy_records_to_table("consumers", records=consumers, columns=names)
    claims = [
        (ids.bucket_for(one.merchant_id, reference), one.merchant_id, index, one.consumer_id)
        for one in people
        for reference in (_reference(one),)
        for index in reference_indexes(secrets, one.merchant_id, reference)
    ]
    claimed = ("bucket", "merchant_id", "reference_index", "consumer_id")
    await conn.copy_records_to_table("consumer_references", records=claims, columns=claimed)
    return {key_id: key for key_id, (key, _) in made.items()}


def _reference(person: Person) -> str:
    return f"customer {person.number}"


def _people(count: int, merchants: list[str], now_ms: int) -> Iterator[Person]:
    for number in range(count):
        bucket = number * 7919 % ids.BUCKETS
        merchant_id = merchants[number % len(merchants)]
        consumer_id = ids.new_id(ids.CONSUMER, bucket, now_ms)
        decision_id = ids.new_id(ids.DECISION, bucket, now_ms)
        yield Person(number, bucket, consumer_id, person_of(consumer_id), decision_id, merchant_id)


async def _show_fewer_offers(conn: Connection, settings: Settings, demo: Demo) -> None:
    """The demo's policy, but with a ladder of four."""
    signed = [key_hmac(settings.key_secret, key) for key in (demo.operator_key, demo.second_operator_key)]
    policy = replace(msgspec.json.decode(POLICY.read_bytes(), type=Policy), version=2, offers_max=OFFERS)
    text = msgspec.json.encode(policy).decode()
    await conn.execute(SEED.insert_policy, policy.policy_id, policy.version, text, clock.now(), *signed)


async def decide_for_all(conn: Connection, cast: Cast, port: int) -> dict[str, Any]:
    """The first person goes to the checkout, and everybody gets that decision; it."""
    decision = ask(port, cast.checkout(cast.people[0]))
    await _multiply(conn, cast, decision["id"])
    return decision


async def rehearse(conn: Connection, cast: Cast, port: int) -> None:
    """The first person buys; everybody gets that decision, and the yardstick that plan to write."""
    first, decision = cast.people[0], await decide_for_all(conn, cast, port)
    assert len(decision["offers"]) == OFFERS, f"the ladder has {len(decision['offers'])} offers"
    await conn.execute((Path(__file__).with_name("yardstick.sql")).read_text())
    await conn.execute("set search_path = public")
    plan = ask(port, cast.acceptance(replace(first, decision_id=decision["id"])))
    await conn.execute(Q.take_samples, 1, plan["id"])
    ask(port, cast.capture(first, plan["id"], plan["amount"]))
    ask(port, cast.payment(first, plan["id"]))
    await conn.execute(Q.take_samples, 3, plan["id"])
    await conn.execute(Q.insert_yardstick_accounts, len(cast.people), LIMIT)
    await conn.execute(Q.owe_yardstick, len(cast.people))
    await conn.execute("vacuum (analyze)")
    with suppress(asyncpg.InsufficientPrivilegeError):  # a given server's own affair
        await conn.execute("checkpoint")  # what the preparations wrote is not written during a round


async def find_decisions(conn: Connection, people: list[Person]) -> list[Person]:
    """These people, each with the last decision that was made on them; of who comes twice the last two, and so on."""
    made: dict[str, list[str]] = {}
    for consumer_id, decision_id in await conn.fetch(Q.load_decisions, [one.consumer_id for one in people]):
        made.setdefault(consumer_id, []).append(decision_id)
    return [replace(one, decision_id=made[one.consumer_id].pop()) for one in people]


async def find_plans(conn: Connection, people: list[Person]) -> list[str]:
    """The plans that these people have opened, in their order."""
    return [row["plan_id"] for row in await conn.fetch(Q.load_payers, [one.decision_id for one in people])]


async def _multiply(conn: Connection, cast: Cast, decision_id: str) -> None:
    """That decision for everybody. Ids of a decision and its offers share all but prefix and last two letters."""
    row = await conn.fetchrow(Q.load_decision, decision_id)
    assert row is not None
    key = cast.data_keys[row["consumer_id"]]
    made = (
        dict(row)
        | {part: unpack(row[part]).decode() for part in ("answer", "takers")}
        | {
            part: unpack(key.unseal(row[part], Place("decisions", part, decision_id))).decode()
            for part in ("request", "snapshot")
        }
    )
    stem, names = made["decision_id"][3:-2], (made["consumer_id"], made["merchant_reference"])

    def of(person: Person) -> dict[str, Any]:
        consumer, reference = person.consumer_id, person.decision_id
        texts = {
            name: made[name].replace(names[0], consumer).replace(names[1], reference)
            for name in ("request", "snapshot", "answer", "takers")
        }
        of_offers = {
            name: pack(texts.pop(name).replace(stem, person.decision_id[3:-2]).encode())
            for name in ("answer", "takers")
        }
        own = cast.data_keys[consumer]
        sealed = seal_parts(own, person.decision_id, **{part: text.encode() for part, text in texts.items()})
        who = {"bucket": person.bucket, "consumer_id": consumer, "merchant_id": person.merchant_id}
        named = {"decision_id": person.decision_id, "merchant_reference": reference}
        return made | who | named | sealed | of_offers

    records = (tuple(of(person).values()) for person in cast.people)
    await conn.copy_records_to_table("decisions", records=records, columns=list(made))


def ask(port: int, request: bytes) -> dict[str, Any]:
    """Its answer; asked again with the same key where the service was too busy to say what became of it."""
    for _ in range(ASKED_MAX):
        status, body = _send(port, request)
        if status != 503:
            break
    assert status in (200, 201), body
    answer: dict[str, Any] = msgspec.json.decode(body)
    return answer


def _send(port: int, request: bytes) -> tuple[int, bytes]:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request)
        response = HTTPResponse(connection)
        response.begin()
        return response.status, response.read()
