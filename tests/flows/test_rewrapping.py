"""Another TENOR_DATA_SECRET takes the place of the one before: nobody is lost, and nothing is left of the former."""

import asyncio
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from msgspec.structs import replace

from service import config
from service.config import Settings
from service.data_key import DataSecrets, DoesNotOpen
from service.people import flow as people
from service.people.identifier import Identifier, IdentifierKind, known_by
from service.people.matching_flow import Marked, marked
from tests.flows.world import NOON, SECRETS, World

NEXT = "e" * 32
BOTH, ALONE = DataSecrets(NEXT, "d" * 32), DataSecrets(NEXT)
NUMBER = Identifier(IdentifierKind.OPERATOR_ID, "K-4711")


def rewrap(settings: Settings) -> tuple[int, str, str]:
    """`tenor rewrap`: its exit code, and what it prints and says."""
    environ = config.environment(settings) | {"PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "service", "rewrap"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def named(secrets: DataSecrets, realm: str = "") -> list[Marked]:
    return marked(secrets, realm, known_by([NUMBER], [IdentifierKind.OPERATOR_ID]))


async def registered(world: World, secrets: DataSecrets, merchant_id: str, reference: str, realm: str = "") -> str:
    """The consumer of a reference, as a process with these secrets registers it."""
    later = NOON + timedelta(minutes=1)
    async with world.pool.acquire() as conn, conn.transaction():
        known, _ = await people.register(
            conn, secrets, merchant_id, reference, {"town": "Llanfair"}, None, named(secrets, realm), later
        )
    return known.consumer_id


async def test_all_are_found_and_read_with_the_new_secret_alone(world: World, settings: Settings) -> None:
    demo = world.demo
    ours = await registered(world, SECRETS, demo.merchant_id, "ada")
    theirs = await registered(world, SECRETS, demo.second_merchant_id, "ada l.")
    tried = await registered(world, SECRETS, demo.test_merchant_id, "ada", demo.test_merchant_id)
    erased = await world.consumer()
    assert (await world.merchant.post(f"/v1/consumers/{erased}/erase")).status_code == 200
    meanwhile = await registered(world, BOTH, demo.second_merchant_id, "ada m.")
    assert await registered(world, BOTH, demo.merchant_id, "ada") == ours, "found by both, and kept by the new one, too"
    who = "select consumer_id, person_id from consumers order by consumer_id"
    before = [tuple(row) for row in await world.pool.fetch(who)]

    settings = replace(settings, data_secret=NEXT, data_secret_before="d" * 32)
    code, said, error = await asyncio.to_thread(rewrap, settings)
    assert (code, error) == (0, "")
    assert "Nothing is left of another secret" in said
    again = (await asyncio.to_thread(rewrap, settings))[1]
    assert again.startswith("0 data keys wrapped anew, 0 references and 0 identifiers"), again

    for merchant_id, reference, realm, consumer in (
        (demo.merchant_id, "ada", "", ours), (demo.second_merchant_id, "ada l.", "", theirs),
        (demo.second_merchant_id, "ada m.", "", meanwhile),
        (demo.test_merchant_id, "ada", demo.test_merchant_id, tried),
    ):  # fmt: skip
        assert await registered(world, ALONE, merchant_id, reference, realm) == consumer
        shown = await people.load_consumer(world.pool, ALONE, consumer, merchant_id)
        assert shown is not None
        assert (shown.reference, shown.attributes) == (reference, {"town": "Llanfair"})
    assert [tuple(row) for row in await world.pool.fetch(who)] == before, "nobody became somebody else"
    new = await registered(world, ALONE, demo.merchant_id, "ada the second")
    person = "select person_id from consumers where consumer_id = $1"
    assert await world.pool.fetchval(person, new) == await world.pool.fetchval(person, ours)
    marks = {one.mark for realm in ("", demo.test_merchant_id) for one in named(ALONE, realm)}
    for table in ("consumer_identifiers", "person_marks"):
        assert {row[0] for row in await world.pool.fetch(f"select mark from {table}")} == marks
    with pytest.raises(DoesNotOpen):
        await people.load_consumer(world.pool, SECRETS, ours, demo.merchant_id)


async def test_a_secret_that_is_missing_is_asked_for(world: World, settings: Settings) -> None:
    await world.consumer()
    code, said, error = await asyncio.to_thread(rewrap, replace(settings, data_secret=NEXT))
    assert (code, said) == (1, "")
    assert "neither TENOR_DATA_SECRET nor TENOR_DATA_SECRET_BEFORE" in error
