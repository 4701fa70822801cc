"""`tenor key`: how an install gets its first keys, before there is anybody whom the API would let make one."""

import argparse
import asyncio
import json
import os
import sys

import asyncpg

from service import clock, config, db, embedded
from service.access.flow import make_key
from service.access.secret_flow import secrets_of, settle
from service.api.body import Body
from service.api.keys import KeyBody, wanted_of
from service.api.reply import JSON
from service.app import ROUTERS
from service.audit.entry import AT_THE_DATABASE, Act, Thing, Verb
from service.audit.flow import record
from service.config import CannotStart, Settings
from service.errors import Refused
from service.operators.flow import enrol_at_the_database


def main(argv: list[str]) -> int:
    """Make an API key and print it. It is shown this once; the database keeps only its HMAC under TENOR_KEY_SECRET.

    Much takes two people, so an install begins with the keys of two operators, who are enrolled by this; further people
    are enrolled by two operators, with the API.
    """
    parser = argparse.ArgumentParser(prog="tenor key", description=main.__doc__)
    parser.add_argument("--audience", required=True, choices=("operator", "merchant", "partner", "processor"))
    parser.add_argument(
        "--owner", required=True, help="the operator's name, or the merchant's, partner's or processor's id"
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


async def _key(settings: Settings, asked: dict[str, object]) -> None:
    assert settings.database_url
    connection, now = await db.connect(settings.database_url, patience=15), clock.now()
    secrets = secrets_of(settings)
    try:
        body = Body(KeyBody).read(json.dumps(asked).encode(), JSON)
        wanted = wanted_of(body, [route for router in ROUTERS for route in router.routes], now)
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
    except asyncpg.UndefinedTableError:
        raise CannotStart("This database is empty; run tenor migrate first.") from None
    finally:
        await connection.close()
    whose = f"the {wanted.audience} {wanted.owner_id}"
    print(f"Key {made.key_id} of {whose}, shown this once:", file=sys.stderr, flush=True)
    print(made.text)
