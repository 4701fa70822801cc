"""The secret under which keys are stored: the database remembers a mark of it, and no process has another."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from service.access import known_by
from service.access.flow import Q
from service.access.key import Secrets, mark_of
from service.config import CannotStart, Settings
from service.db import Connection
from service.statement import Statement


class Sealed(Struct, frozen=True):
    """By what a gateway or a processor knows us, as it is kept."""

    owner_id: str
    sealed: bytes
    secret_mark: str


SEAL_ANEW: Final = Statement(Q.seal_anew, anew=Sealed)


def secrets_of(settings: Settings) -> Secrets:
    """The secrets that this process was given."""
    return Secrets(settings.key_secret, settings.key_secret_before)


async def settle(conn: Connection, under: Secrets, now: datetime) -> None:
    """Refuses a secret that the keys of this database are not stored under, with `CannotStart`.

    The first start writes down the mark of its secret. A secret takes the place of another where the process has both:
    what others know us by is then sealed under the new one; keys follow as they are used.
    """
    mark = mark_of(under.present)
    async with conn.transaction():
        await conn.execute(Q.insert_key_secret, mark, now)
        kept = await conn.fetchrow(Q.load_key_secret)
        assert kept is not None
        if mark not in (kept["present"], kept["before"]):
            if kept["present"] not in under.by_mark():
                raise CannotStart(
                    f"TENOR_KEY_SECRET is not the secret that the keys in this database are stored under: its mark is "
                    f"{mark}, theirs {kept['present']}. Give that secret; to take another in its place, give it as "
                    "TENOR_KEY_SECRET_BEFORE beside the new one."
                )
            await conn.execute(Q.replace_key_secret, mark, now)
        elif mark == kept["before"]:
            return  # while others have the new one already
        await _seal_anew(conn, under)


async def begin_anew(conn: Connection, under: Secrets, now: datetime) -> list[str]:
    """The secret is lost, and this one is the present: every key stored under the lost one ends; their ids.

    What gateways, processors and endpoints know us by was sealed under it, and is not read again: it is made anew.
    Refused with `CannotStart` where the secret given is one that the keys are stored under: it is not lost.
    """
    mark = mark_of(under.present)
    kept = await conn.fetchrow(Q.load_key_secret)
    if kept is None or under.by_mark().keys() & {kept["present"], kept["before"]}:
        raise CannotStart("TENOR_KEY_SECRET is the secret that the keys are stored under: it is not lost.")
    await conn.execute(Q.forget_key_secret, mark, now)
    return [row["key_id"] for row in await conn.fetch(Q.revoke_all_keys, now)]


async def _seal_anew(conn: Connection, under: Secrets) -> None:
    """What is sealed under the secret before."""
    mark = mark_of(under.present)
    anew = [
        Sealed(owner_id, known_by.kept(under.present, owner_id, bits), mark)
        for owner_id, sealed, before in await conn.fetch(Q.load_sealed_before, mark)
        if (bits := known_by.read(under, before, owner_id, sealed)) is not None
    ]
    if anew:
        await SEAL_ANEW.execute(conn, anew=anew)
