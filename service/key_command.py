"""`tenor key`: how an install gets its first keys, before there is anybody whom the API would let make one; which
keys there are, and the end of one, for whoever has the database and no key."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import asyncpg

from service import clock, config, db, embedded
from service.access.flow import list_keys, make_key, revoke_key
from service.access.key import person_of
from service.access.secret_flow import begin_anew, secrets_of, settle
from service.api.body import Body
from service.api.keys import KeyBody, wanted_of
from service.api.reply import JSON
from service.app import ROUTERS
from service.audit.entry import AT_THE_DATABASE, Act, Thing, Verb
from service.audit.flow import record
from service.config import CannotStart, Settings
from service.db import Connection
from service.errors import Refused
from service.operators.flow import enrol_at_the_database

AUDIENCES: Final = ("operator", "merchant", "partner", "processor", "support")
AT_ONCE: Final = 1_000


def main(argv: list[str]) -> int:
    """Make an API key and print it. It is shown this once; the database keeps only its HMAC under TENOR_KEY_SECRET.

    Much takes two people, so an install begins with the keys of two operators, who are enrolled by this; further people
    are enrolled by two operators, with the API. `tenor key list` prints the keys there are, `tenor key revoke ID` ends
    one; `tenor key secret-lost` ends all of them, where TENOR_KEY_SECRET is lost.
    """
    match argv[:1]:
        case ["list"]:
            return _list(argv[1:])
        case ["revoke"]:
            return _revoke(argv[1:])
        case ["secret-lost"]:
            return _begin_anew(argv[1:])
        case _:
            return _make(argv)


def _list(argv: list[str]) -> int:
    """The keys in use, one a line: id, audience, owner, scopes, when it was made, last used and will expire."""
    parser = argparse.ArgumentParser(prog="tenor key list", description=_list.__doc__)
    parser.add_argument("--audience", choices=AUDIENCES, help="only its keys")
    parser.add_argument("--owner", help="only their keys: the operator's name, or the id of the other")
    parser.add_argument("--all", action="store_true", help="those that were revoked or have expired, too")
    given = parser.parse_args(argv)
    with embedded.reachable(config.read(os.environ)) as settings:
        asyncio.run(_print_keys(settings, given.audience, person_of(given.owner or "") or given.owner, every=given.all))
    return 0


def _revoke(argv: list[str]) -> int:
    """A key stops working, within 5 seconds in every process. The last operator's key that may make keys is not
    revoked."""
    parser = argparse.ArgumentParser(prog="tenor key revoke", description=_revoke.__doc__)
    parser.add_argument("key_id", metavar="ID", help="as `tenor key list` prints it")
    given = parser.parse_args(argv)
    with embedded.reachable(config.read(os.environ)) as settings:
        asyncio.run(_end(config.with_secrets(settings), given.key_id))
    print(f"Key {given.key_id} is revoked.")
    return 0


def _begin_anew(argv: list[str]) -> int:
    """TENOR_KEY_SECRET is lost, and a new one is given: every key ends, and those of operators are made again with
    `tenor key`. People, plans and money are not touched."""
    argparse.ArgumentParser(prog="tenor key secret-lost", description=_begin_anew.__doc__).parse_args(argv)
    with embedded.reachable(config.read(os.environ)) as settings:
        ended = asyncio.run(_forget(config.with_secrets(settings)))
    print(f"{ended} keys ended. Make those of the operators again: tenor key --audience operator --owner NAME")
    return 0


async def _forget(settings: Settings) -> int:
    now = clock.now()
    async with _at_the_database(settings) as connection, connection.transaction():
        ended = await begin_anew(connection, secrets_of(settings), now)
        acts = [Act(Verb.REVOKED, Thing.KEY, key_id) for key_id in ended]
        await record(connection, settings.audit_secret, AT_THE_DATABASE, acts)
        return len(ended)


def _make(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tenor key", description=main.__doc__)
    parser.add_argument("--audience", required=True, choices=AUDIENCES)
    parser.add_argument(
        "--owner",
        required=True,
        help="the operator's name, or the id of the merchant, partner, processor or party",
    )
    parser.add_argument("--scopes", default="*", help="separated by commas; if left out, all of the audience's")
    parser.add_argument("--origins", help="separated by commas, of a merchant's pages: a publishable key")
    parser.add_argument("--expires-at", help="an instant with its offset; if left out, never")
    given = parser.parse_args(argv)
    asked = {"audience": given.audience, "owner_id": given.owner, "scopes": given.scopes.split(",")}
    if given.origins:
        asked["origins"] = given.origins.split(",")
    if given.expires_at:
        asked["expires_at"] = given.expires_at
    with embedded.reachable(config.read(os.environ)) as settings:
        asyncio.run(_key(config.with_secrets(settings), asked))
    return 0


@asynccontextmanager
async def _at_the_database(settings: Settings) -> AsyncIterator[Connection]:
    assert settings.database_url
    connection = await db.connect(settings.database_url, patience=15)
    try:
        yield connection
    except asyncpg.UndefinedTableError:
        raise CannotStart("This database is empty; run tenor migrate first.") from None
    finally:
        await connection.close()


async def _print_keys(settings: Settings, audience: str | None, owner: str | None, *, every: bool) -> None:
    now, last = clock.now(), ""
    async with _at_the_database(settings) as connection:
        while rows := await list_keys(connection, last, audience, owner, AT_ONCE):
            for row in rows:
                if every or is_in_use(row, now):
                    print(line_of(row, now))
            last = rows[-1]["key_id"]


def is_in_use(row: asyncpg.Record, now: datetime) -> bool:
    """Whether a key still opens anything."""
    return row["revoked_at"] is None and (row["expires_at"] is None or row["expires_at"] > now)


def line_of(row: asyncpg.Record, now: datetime) -> str:
    """A key in one line; never the key itself."""
    used = f"last used {_at(row['last_used_at'])}" if row["last_used_at"] else "never used"
    made = f"made {_at(row['created_at'])} by {row['created_by_owner'] or 'the machine'}"
    if row["revoked_at"]:
        ends = f"revoked {_at(row['revoked_at'])} by {row['revoked_by_owner'] or 'the machine'}"
    elif row["expires_at"]:
        ends = f"{'expires' if is_in_use(row, now) else 'expired'} {_at(row['expires_at'])}"
    else:
        ends = "does not expire"
    whose = f"{row['audience']} {row['owner_id']}"
    return f"{row['key_id']}  {whose}  {','.join(row['scopes'])}  {made}; {used}; {ends}"


def _at(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%MZ}"


async def _end(settings: Settings, key_id: str) -> None:
    now = clock.now()
    try:
        async with _at_the_database(settings) as connection, connection.transaction():
            await revoke_key(connection, key_id, None, now)
            await record(connection, settings.audit_secret, AT_THE_DATABASE, [Act(Verb.REVOKED, Thing.KEY, key_id)])
    except Refused as refused:
        raise CannotStart(refused.detail) from None


async def _key(settings: Settings, asked: dict[str, object]) -> None:
    now, secrets = clock.now(), secrets_of(settings)
    try:
        body = Body(KeyBody).read(json.dumps(asked).encode(), JSON)
        wanted = wanted_of(body, [route for router in ROUTERS for route in router.as_routes()], now)
        async with _at_the_database(settings) as connection:
            await settle(connection, secrets, now)
            async with connection.transaction():
                acts = []
                if wanted.audience == "operator" and await enrol_at_the_database(connection, wanted.owner_id, now):
                    acts.append(Act(Verb.MADE, Thing.OPERATOR, wanted.owner_id))
                made = await make_key(connection, secrets, wanted, None, now)
                acts.append(Act(Verb.MADE, Thing.KEY, made.key_id, wanted))
                await record(connection, settings.audit_secret, AT_THE_DATABASE, acts)
    except Refused as refused:
        option = str(refused.pointer).split("/")[1].removesuffix("_id").replace("_", "-")
        raise CannotStart(f"--{option}: {refused.detail}") from None
    whose = f"the {wanted.audience} {wanted.owner_id}"
    print(f"Key {made.key_id} of {whose}, shown this once:", file=sys.stderr, flush=True)
    print(made.text)
