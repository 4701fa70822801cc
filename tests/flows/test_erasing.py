"""Erasing a person: not while something is owed, not before the law allows it; then nobody reads it again, anywhere."""

import asyncio
import os
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from service import ids
from service.packed import unpack
from tests.bench.cast import ATTRIBUTES as GOOD
from tests.flows.world import NOON, World

LATER = datetime(2032, 3, 3, 12, tzinfo=UTC)  # six years
NAME, TOWN = "canary-zephyrine-quux", "canary-llanfair"


async def registered(world: World) -> str:
    body = {"reference": NAME, "attributes": GOOD | {"town": TOWN}}
    made = await world.merchant.post("/v1/consumers", body, key="canaries")
    assert made.status_code == 201, made.text
    consumer: str = made.json()["id"]
    return consumer


async def erase(world: World, consumer: str, status: int = 200) -> dict[str, Any]:
    done = await world.merchant.post(f"/v1/consumers/{consumer}/erase")
    assert done.status_code == status, done.text
    answer: dict[str, Any] = done.json()
    return answer


async def lived(world: World) -> tuple[str, str]:
    """A consumer with a plan that was paid, and the decision it was opened by."""
    consumer = await registered(world)
    await world.operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": 5_000_00})
    offer = await world.offer(consumer, 600_00, "instalments", items=[{"name": TOWN, "unit_amount": 600_00}])
    plan = (await world.merchant.post("/v1/plans", {"offer_id": offer["id"]})).json()
    captured = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 600_00})
    refused = await erase(world, consumer, 409)
    assert refused["code"] == "state_forbids"
    assert "not over" in str(refused["detail"])
    paid = await world.merchant.post(f"/v1/plans/{plan['id']}/payments", {"amount": captured.json()["outstanding"]})
    assert paid.status_code == 201, paid.text
    return consumer, ids.origin(ids.DECISION, offer["id"])


def plain(kept: bytes) -> bytes:
    with suppress(ValueError):  # it is not packed
        return unpack(kept)
    return kept


async def found_in(world: World, *words: str) -> list[str]:
    """The tables in which one of the words stands, as text or as bytes, packed or not."""
    tables = [row[0] for row in await world.pool.fetch("select tablename from pg_tables where schemaname = 'public'")]
    found = []
    for table in tables:
        for row in await world.pool.fetch(f"select * from {table}"):
            kept = [plain(one) if isinstance(one, bytes) else str(one).encode() for one in row.values()]
            if any(word.encode() in one for word in words for one in kept):
                found.append(table)
                break
    return found


async def test_what_is_personal_is_nowhere_in_plain_text(world: World) -> None:
    await lived(world)
    assert await found_in(world, NAME, TOWN) == []
    assert "decisions" in await found_in(world, '"offers"'), "what is packed is looked through, too"


async def in_files(words: str) -> bytes:
    """The servers' files in which one of the words stands: PostgreSQL's, with what it wrote ahead, Redis', logs."""
    program = ("grep", "-rlaE", words, os.environ["TENOR_TEST_FOLDER"])
    search = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
    found, _ = await search.communicate()
    return found


async def test_no_file_of_the_servers_holds_it(world: World) -> None:
    consumer, _ = await lived(world)
    assert await in_files(f"{NAME}|{TOWN}") == b""
    assert await in_files(consumer), "what stays is found there"


async def test_it_is_kept_as_long_as_the_law_says_and_then_gone(world: World) -> None:
    consumer, decision = await lived(world)
    refused = await erase(world, consumer, 409)
    assert "2031-03-02 (Directive (EU) 2015/849, Art. 40(1))" in str(refused["detail"])
    before = (await world.operator.get(f"/v1/operator/decisions/{decision}/replay")).json()
    assert (before["is_identical"], before["erased"]) == (True, None)
    told = (await world.merchant.get(f"/v1/consumers/{consumer}/export")).json()["consumers"][0]
    assert told["consumer"]["reference"] == NAME
    assert TOWN in str(told["decisions"])

    world.merchant.now = LATER
    done = await erase(world, consumer)
    assert done["erased"] == [consumer]
    assert [(one["record"], one["until"]) for one in done["left"]] == [
        ("books", "2036-12-31"), ("vouchers", "2034-12-31"),
    ]  # fmt: skip
    assert done["left"][0]["source"].startswith("§ 257")
    after = (await world.operator.get(f"/v1/operator/decisions/{decision}/replay")).json()
    assert after["erased"]["at"].startswith("2032-03-03")
    assert (after["digest"], after["is_identical"]) == (before["digest"], None)
    assert after["answer"] == before["answer"], "what was promised stays"
    log = (await world.operator.get(f"/v1/operator/decisions/{decision}")).json()
    assert (log["request"], log["snapshot"]) == ({}, {})
    view = (await world.merchant.get(f"/v1/consumers/{consumer}")).json()
    assert (view["reference"], view["attributes"]) == ("", {})
    told = (await world.merchant.get(f"/v1/consumers/{consumer}/export")).text
    assert NAME not in told
    assert TOWN not in told
    assert await found_in(world, NAME, TOWN) == []

    # The first registration's answer told the name; the same reference is somebody new now.
    again = await world.merchant.post(
        "/v1/consumers", {"reference": NAME, "attributes": GOOD | {"town": TOWN}}, key="canaries"
    )
    assert (again.status_code, again.json()["code"]) == (410, "erased")
    anew = await world.merchant.post("/v1/consumers", {"reference": NAME}, key=uuid.uuid4().hex)
    assert anew.status_code == 201
    assert anew.json()["id"] != consumer


async def test_who_was_erased_buys_nothing_more(world: World) -> None:
    consumer = await registered(world)
    await world.operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": 5_000_00})
    offer = await world.offer(consumer, 100_00, "instalments")
    assert (await erase(world, consumer))["erased"] == [consumer], "nothing was bought: no law keeps it in Europe"
    refused = await world.merchant.post("/v1/plans", {"offer_id": offer["id"]})
    assert refused.status_code == 404, refused.text
    body = {"merchant_reference": "again", "consumer": consumer, "currency": "EUR", "amount": 100_00}
    assert (await world.merchant.post("/v1/checkouts", body)).status_code == 404
    assert (await erase(world, consumer, 404))["code"] == "not_found"


async def test_an_operator_erases_a_person_at_all_merchants(world: World) -> None:
    consumer = await registered(world)
    person = await world.pool.fetchval("select person_id from consumers where consumer_id = $1", consumer)
    told = await world.operator.get(f"/v1/operator/people/{person}/export")
    assert told.json()["consumers"][0]["consumer"]["attributes"]["town"] == TOWN
    done = await world.operator.post(f"/v1/operator/people/{person}/erase")
    assert done.json() == {"erased": [consumer], "left": []}
    assert await found_in(world, NAME, TOWN) == []


async def test_a_destroyed_key_never_comes_back(world: World) -> None:
    consumer = await registered(world)
    await erase(world, consumer)
    for change in (
        "update data_keys set wrapped = 'x', erased_at = null, erased_by = null where key_id = $1",
        "delete from data_keys where key_id = $1",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await world.pool.execute(change, consumer)


async def test_another_merchants_consumer_is_not_theirs_to_erase(world: World) -> None:
    consumer = await registered(world)
    done = await world.other_merchant.post(f"/v1/consumers/{consumer}/erase")
    assert done.status_code == 404
    assert (await world.other_merchant.get(f"/v1/consumers/{consumer}/export")).status_code == 404
    assert world.merchant.now == NOON
