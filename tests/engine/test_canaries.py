"""Names, cards and keys of a running service: in no log, no dump, nothing written ahead, no file of Redis.

What stays is found by the same search in each of these places, so that a search that finds nothing says something.
"""

import asyncio
import os
import re
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis.asyncio as redis

from service import db
from service.config import LogForm, Settings
from service.embedded import binaries
from tests.bench.cast import ATTRIBUTES as GOOD
from tests.engine.processes import Service, world_of
from tests.flows.world import Client, World

pytestmark = pytest.mark.long

LATER = datetime(2034, 3, 3, 12, tzinfo=UTC)  # when the law lets a person be erased
NAMES = ["canary-zephyrine-quux", "canary-llanfair", "canary-lens", "canary-words"]
CARD = "4111111111111111"
CARDS = [CARD, "4111 1111 1111 1111", "4111-1111-1111-1111"]
CONTROL = "canary-that-is-there"  # in Redis
NOBODYS_KEY = "sk_live_" + "Canary" * 7 + "C"


async def found_in_files(*words: str, beside: str = "") -> list[str]:
    """The files of the servers in which one of the words stands: heaps, what was written ahead, and one beside."""
    argv = ["grep", "-rlaF", *[part for word in words for part in ("-e", word)], os.environ["TENOR_TEST_FOLDER"]]
    argv += [beside] if beside else []
    search = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
    found, _ = await search.communicate()
    return found.decode().split()


async def dump_of(settings: Settings) -> str:
    """All rows of the database as `pg_dump` writes them."""
    program = binaries.postgres() / "pg_dump"
    made = await asyncio.create_subprocess_exec(
        str(program), "--data-only", "--dbname", settings.owner_url, stdout=asyncio.subprocess.PIPE
    )
    dumped, _ = await made.communicate()
    assert made.returncode == 0
    return dumped.decode()


async def written(settings: Settings) -> str:
    """A copy of all that Redis has, in a file, as all that was committed is in what PostgreSQL wrote ahead."""
    client = redis.Redis.from_url(settings.redis_url or "", protocol=2, driver_info=None)
    await client.config_set("rdbcompression", "no")
    await client.set("control", CONTROL)
    await client.save()
    kept = {**await client.config_get("dir"), **await client.config_get("dbfilename")}
    await client.aclose()
    return str(Path(str(kept["dir"]), str(kept["dbfilename"])))


async def live(world: World) -> str:
    """A consumer whose name is everywhere it may be, and whose plan is paid."""
    name, town, lens, words = NAMES
    body = {"reference": name, "attributes": GOOD | {"town": town}, "identifiers": [
        {"kind": "email", "value": f"{name}@example.com", "verified": True},
    ]}  # fmt: skip
    made = await world.merchant.post("/v1/consumers", body)
    assert made.status_code == 201, made.text
    consumer = str(made.json()["id"])
    await world.operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": 5_000_00})
    offer = await world.offer(consumer, 600_00, "instalments", items=[{"name": lens, "unit_amount": 600_00}])
    plan = (await world.merchant.post("/v1/plans", {"offer_id": offer["id"]})).json()["id"]
    bill = {"amount": 600_00, "items": [{"name": lens, "amount": 600_00}], "evidence": words}
    captured = await world.merchant.post(f"/v1/plans/{plan}/capture", bill)
    assert captured.status_code == 200, captured.text
    for card in CARDS:  # in all places where one might come: refused, and kept nowhere
        for path, wrong in (
            (f"/v1/plans/{plan}/payments", {"amount": 1, "reference": card}),
            (f"/v1/plans/{plan}/disputes", {"reason": "not_received", "words": f"paid with {card}"}),
            (f"/v1/consumers/{consumer}/instruments", {"processor": "x", "kind": "card", "token": card}),
            ("/v1/consumers", {"reference": card}),
        ):
            refused = await world.merchant.post(path, wrong)
            assert 400 <= refused.status_code < 500, (path, card, refused.text)
            assert card not in refused.text
    paid = await world.merchant.post(f"/v1/plans/{plan}/payments", {"amount": captured.json()["outstanding"]})
    assert paid.status_code == 201, paid.text
    return consumer


async def show_keys(world: World) -> list[str]:
    """Keys sent rightly, and in every place where they do not belong; all of those there are."""
    made = await world.key(audience="merchant", owner_id=world.demo.merchant_id, scopes=["plans:read"])
    demo = world.demo
    keys = [made, demo.merchant_key, demo.operator_key, demo.second_operator_key, demo.partner_key, NOBODYS_KEY]
    for key in keys:
        client = Client(world.http, key)
        await client.get("/v1/events")
        await client.get("/v1/operator/audit")
        await world.merchant.post("/v1/consumers", {"reference": key})
        await world.merchant.post("/v1/consumers", {"reference": "bob", "attributes": {"note": key}})
        await world.merchant.post("/v1/consumers", {"reference": "bob"}, key=key)
        await world.merchant.get("/v1/plans", merchant_reference=key)
        await world.merchant.get(f"/v1/plans/{key}")
    return keys


async def test_names_cards_and_keys_are_in_no_log_dump_or_file(settings: Settings, pool: db.Pool) -> None:
    service = Service(msgspec.structs.replace(settings, log=LogForm.JSON))
    service.start()
    try:
        async with world_of(service, pool) as world:
            consumer = await live(world)
            keys = await show_keys(world)
            secret = [*NAMES, *CARDS, *keys]
            copy = await written(service.settings)
            assert await found_in_files(*secret, beside=copy) == []
            files = " ".join(await found_in_files(consumer))
            assert re.search(r"/pg_wal/", files), "what stays is found in what was written ahead"
            assert copy in await found_in_files(CONTROL, beside=copy), "and in the copy of what Redis has"
            dumped = await dump_of(service.settings)
            assert [word for word in secret if word in dumped] == []
            assert consumer in dumped
            await erase(world, consumer)
            dumped = await dump_of(service.settings)
            assert [word for word in NAMES if word in dumped] == []
            assert await opened_words(world, consumer) == ""
            os.kill(service.workers()[0], signal.SIGKILL)
            await asyncio.sleep(1)
    finally:
        service.stop()
    assert service.said.strip(), "it has a log, which tells of the worker"
    assert [word for word in secret if word in service.said] == []


async def erase(world: World, consumer: str) -> None:
    world.merchant.now = LATER
    done: Any = await world.merchant.post(f"/v1/consumers/{consumer}/erase")
    assert (done.status_code, done.json()["erased"]) == (200, [consumer]), done.text


async def opened_words(world: World, consumer: str) -> str:
    """What is still read of the consumer, by name."""
    told = (await world.merchant.get(f"/v1/consumers/{consumer}")).text
    return " ".join(word for word in NAMES if word in told)


def test_the_search_finds_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In binary files, too, and in folders within folders."""
    monkeypatch.setenv("TENOR_TEST_FOLDER", str(tmp_path))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "heap").write_bytes(b"\x00\x01" + NAMES[0].encode() + b"\xff\x00")
    assert asyncio.run(found_in_files(*NAMES)) == [str(tmp_path / "deep" / "heap")]
    assert asyncio.run(found_in_files(*CARDS)) == []
