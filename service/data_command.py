"""`tenor rewrap`: nothing is left that only the former TENOR_DATA_SECRET opens or finds."""

import argparse
import asyncio
import os
from typing import Final

from service import config, db, embedded
from service.audit.entry import AT_THE_DATABASE, Act, Thing, Verb
from service.audit.flow import record
from service.config import CannotStart, Settings
from service.data_key import DataSecrets, DoesNotOpen
from service.db import Connection
from service.engine.faults import PASSING
from service.people.rewrapping_flow import Rewrapped, count_left, rewrap_some

TRIES: Final = 5


def main(argv: list[str]) -> int:
    """Wrap every data key by the present TENOR_DATA_SECRET, and make the indexes anew by which consumers are found.

    Run it while every process has the present secret and the one before it (TENOR_DATA_SECRET_BEFORE), with the same
    two. It may be stopped and run again, beside the service. Afterwards the one before is of no use any more.
    """
    argparse.ArgumentParser(prog="tenor rewrap", description=main.__doc__).parse_args(argv)
    with embedded.reachable(config.read(os.environ)) as settings:
        made = asyncio.run(_rewrap(config.with_secrets(settings)))
    print(
        f"{made.keys} data keys wrapped anew, {made.references} references and {made.identifiers} identifiers found by "
        "new indexes. Nothing is left of another secret: TENOR_DATA_SECRET_BEFORE can be left out."
    )
    return 0


async def _rewrap(settings: Settings) -> Rewrapped:
    assert settings.database_url
    secrets = DataSecrets(settings.data_secret, settings.data_secret_before)
    conn = await db.connect(settings.database_url, patience=15)
    after: tuple[int, str] | None = (-1, "")
    total = Rewrapped()
    try:
        with db.in_a_sentence(settings.database_url):
            while after is not None:
                after, made = await _some(conn, secrets, after)
                total = Rewrapped(
                    total.keys + made.keys, total.references + made.references, total.identifiers + made.identifiers
                )
            if left := await count_left(conn, secrets):
                raise CannotStart(
                    f"{left} data keys were wrapped by another secret meanwhile: a process has that one as its present "
                    "one. Start it with the two exchanged, and run this again."
                )
            await record(
                conn, settings.audit_secret, AT_THE_DATABASE, [Act(Verb.ROTATED, Thing.KEY, "data keys", total)]
            )
    except DoesNotOpen:
        raise CannotStart(
            "A data key was wrapped by neither TENOR_DATA_SECRET nor TENOR_DATA_SECRET_BEFORE; give the one it was."
        ) from None
    finally:
        await conn.close()
    return total


async def _some(
    conn: Connection, secrets: DataSecrets, after: tuple[int, str]
) -> tuple[tuple[int, str] | None, Rewrapped]:
    """The next keys; done again where the service was in the way."""
    for left in reversed(range(TRIES)):
        made = Rewrapped()
        try:
            async with conn.transaction():
                return await rewrap_some(conn, secrets, after, made), made
        except PASSING:
            if not left:
                raise
    raise AssertionError
