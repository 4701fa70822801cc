"""`tenor init`: an install begins with a database of this version, two operators and their keys, and a policy."""

import argparse
import asyncio
import os
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from service import clock, config, db, embedded
from service.access.flow import Wanted, make_key
from service.access.secret_flow import secrets_of
from service.api.keys import KeyBody, wanted_of
from service.api.policies import PAY_IN_FOUR
from service.app import ROUTERS
from service.audit.entry import AT_THE_DATABASE, Act, Thing, Verb
from service.audit.flow import record
from service.config import CannotStart, Settings
from service.db import Connection
from service.errors import Code, Refused
from service.operators.flow import enrol_at_the_database
from service.policies.document import Policy
from service.policies.flow import draft, publish
from service.policies.validate import read_policy
from service.policies.version import PolicyVersion, Signer
from service.preparing import prepare

NEXT: Final = """
In force now: the policy "{policy}" (version {version}), drafted by {first}, published by {second}.

What comes next:
  1. Keep both keys; they are shown this once. Each belongs to one person.
  2. Start the service (tenor serve) and, beside it, tenor worker. /readyz says what is missing.
  3. Let a merchant in:   POST /v1/operator/merchants, then POST /v1/operator/keys for its key.
  4. Write your own policy: `tenor schema policy` prints its schema; one drafts it (POST /v1/operator/policies), the
     other publishes it.
  5. Keep TENOR_KEY_SECRET, TENOR_DATA_SECRET and TENOR_AUDIT_SECRET where a backup of the database is not."""


class Begun(msgspec.Struct, frozen=True):
    """What an install begins with: the two keys, and the policy in force."""

    keys: dict[str, str]  # by person; shown once
    policy: PolicyVersion


def main(argv: list[str]) -> int:
    """Begin an install: bring the database up to this version, enrol the first two operators with a key each, and put a
    first policy in force. On an install that has begun it changes nothing, and says so."""
    parser = argparse.ArgumentParser(prog="tenor init", description=main.__doc__)
    parser.add_argument("--operators", nargs=2, required=True, metavar="NAME", help="two different people")
    parser.add_argument(
        "--policy", type=Path, help="a policy as JSON; left out: pay in four, up to 500.00 EUR, Germany"
    )
    given = parser.parse_args(argv)
    policy = _policy(given.policy)
    with embedded.reachable(config.read(os.environ)) as settings:
        begun = asyncio.run(_begin(config.with_secrets(settings), given.operators, policy))
    for person, key in begun.keys.items():
        print(f"{person}  {key}")
    first, second = begun.keys
    print(NEXT.format(policy=begun.policy.name, version=begun.policy.version, first=first, second=second))
    return 0


def _policy(path: Path | None) -> Policy:
    try:
        raw = msgspec.json.encode(PAY_IN_FOUR) if path is None else path.read_bytes()
    except OSError as error:
        raise CannotStart(f"{path} cannot be read: {error.strerror}.") from error
    policy, found = read_policy(raw)
    if policy is None or found:
        told = " ".join(f"{fault.pointer}: {fault.sentence}" for fault in found)
        raise CannotStart(f"The policy has faults. {told}")
    return policy


async def _begin(settings: Settings, people: list[str], policy: Policy) -> Begun:
    await prepare(settings)
    assert settings.database_url
    connection = await db.connect(settings.database_url, patience=15)
    try:
        async with connection.transaction():
            return await begin(connection, settings, people, policy, clock.now())
    except Refused as refused:
        raise CannotStart(refused.detail) from None
    finally:
        await connection.close()


async def begin(conn: Connection, settings: Settings, people: list[str], policy: Policy, now: datetime) -> Begun:
    """All of it, in the caller's transaction. Refused: STATE_FORBIDS, where anybody is enrolled; INVALID_FIELD."""
    keys: dict[str, str] = {}
    signers = []
    for name in people:
        wanted = _wanted(name, now)
        if not await enrol_at_the_database(conn, wanted.owner_id, now):
            raise Refused(Code.STATE_FORBIDS, f"This install has begun: {wanted.owner_id} is an operator already.")
        made = await make_key(conn, secrets_of(settings), wanted, None, now)
        keys[wanted.owner_id] = made.text
        signers.append(Signer(wanted.owner_id, made.key_id))
        acts = [Act(Verb.MADE, Thing.OPERATOR, wanted.owner_id), Act(Verb.MADE, Thing.KEY, made.key_id, wanted)]
        await record(conn, settings.audit_secret, AT_THE_DATABASE, acts)
    drafted = await draft(conn, policy, [], signers[0], now)
    signed = await publish(conn, drafted.policy_id, drafted.version, [], signers[1], now, now)
    name = f"{signed.policy_id}.{signed.version}"
    acts = [Act(verb, Thing.POLICY, name) for verb in (Verb.MADE, Verb.PUBLISHED)]
    await record(conn, settings.audit_secret, AT_THE_DATABASE, acts)
    return Begun(keys, signed)


def _wanted(name: str, now: datetime) -> Wanted:
    try:
        body = msgspec.convert({"audience": "operator", "owner_id": name, "scopes": ["*"]}, KeyBody)
    except msgspec.ValidationError as error:
        raise Refused(Code.INVALID_FIELD, f"--operators {name!r}: {error}.") from None
    return wanted_of(body, [route for router in ROUTERS for route in router.as_routes()], now)
