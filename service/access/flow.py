"""Keys in the database: made, rotated, revoked, listed; and by what others know us."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg
from msgspec import Struct

from service import ids
from service.access import known_by
from service.access.key import Principal, Secrets, key_hmac, kind_of, mark_of, prefix_of
from service.db import Connection, load_queries
from service.errors import Code, Refused
from service.statement import Statement

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))

BITS: Final = 32  # bytes of chance in each key


class Wanted(Struct, frozen=True):
    """The rights of a key that is to be made."""

    audience: str
    owner_id: str
    scopes: tuple[str, ...]
    origins: tuple[str, ...] = ()
    expires_at: datetime | None = None
    replaces: str | None = None


class NewKey(Struct, frozen=True):
    """A key, which nobody can read anywhere afterwards."""

    key_id: str
    text: str


async def make_key(
    conn: Connection, under: Secrets, wanted: Wanted, by: Principal | None, now: datetime, first_half: str = ""
) -> NewKey:
    """A new key of 256 random bits for an owner that exists. Made `by` nobody's key: on the machine.

    What begins with `first_half`, which was shown to somebody else, has 256 random bits besides. Refused: NOT_FOUND.
    """
    owner = await conn.fetchrow(Q.load_owner, wanted.audience, wanted.owner_id)
    if owner is None:
        raise Refused(Code.NOT_FOUND, f"There is no such {wanted.audience}.", "/owner_id")
    kind = kind_of(wanted.scopes, wanted.origins)
    prefix = prefix_of(wanted.audience, kind, is_test=owner["is_test"])
    key_id = ids.new_id(ids.KEY, ids.bucket_for(wanted.owner_id), int(now.timestamp() * 1000))
    text = prefix + first_half + secrets.token_urlsafe(BITS)
    await conn.execute(
        Q.insert_key, key_id, key_hmac(under.present, text), mark_of(under.present), prefix, wanted.audience,
        wanted.owner_id, wanted.scopes, wanted.origins, wanted.expires_at, wanted.replaces, now,
        by and by.key_id, by and by.owner_id,
    )  # fmt: skip
    return NewKey(key_id, text)


async def require_owner(conn: Connection, wanted: Wanted) -> None:
    """Refused: NOT_FOUND, where the owner is not there."""
    if await conn.fetchrow(Q.load_owner, wanted.audience, wanted.owner_id) is None:
        raise Refused(Code.NOT_FOUND, f"There is no such {wanted.audience}.", "/owner_id")


async def load_key(conn: Connection, key_id: str, now: datetime) -> asyncpg.Record:
    """The rights of a key in use. Refused: NOT_FOUND."""
    row = await conn.fetchrow(Q.load_key, key_id, now)
    if row is None:
        raise Refused(Code.NOT_FOUND, "There is no such key in use.", "/id")
    return row


async def rotate_key(
    conn: Connection, under: Secrets, key_id: str, overlap: timedelta, by: Principal, now: datetime
) -> NewKey:
    """Another key of the same rights, made to live as long as the old one was; both count until the overlap is over.

    Refused: NOT_FOUND.
    """
    old = await load_key(conn, key_id, now)
    expires_at = now + (old["expires_at"] - old["created_at"]) if old["expires_at"] else None
    wanted = Wanted(old["audience"], old["owner_id"], old["scopes"], old["origins"], expires_at, key_id)
    made = await make_key(conn, under, wanted, by, now)
    await conn.execute(Q.let_run_out, key_id, now + overlap)
    return made


async def revoke_key(conn: Connection, key_id: str, by: Principal | None, now: datetime) -> None:
    """The key is nobody's from now on. Revoked `by` nobody's key: on the machine.

    Refused: NOT_FOUND; STATE_FORBIDS for the last one that makes keys.
    """
    makers = await conn.fetch(Q.lock_keys_that_make_keys, now)
    if [row["key_id"] for row in makers] == [key_id]:
        sentence = "This is the last operator's key that may make keys; make another before you revoke it."
        raise Refused(Code.STATE_FORBIDS, sentence, "/id", ("keys",))
    if not await conn.fetchval(Q.revoke_key, key_id, now, by and by.key_id, by and by.owner_id):
        raise Refused(Code.NOT_FOUND, "There is no such key in use.", "/id")


async def revoke_keys_of(conn: Connection, audience: str, owner_id: str, by: Principal, now: datetime) -> None:
    """All keys of an owner are nobody's from now on."""
    await conn.execute(Q.revoke_keys_of, audience, owner_id, now, by.key_id, by.owner_id)


async def list_keys(
    conn: Connection | asyncpg.Pool, after: str, audience: str | None, owner_id: str | None, limit: int,
    used: bool | None = None, idle_since: datetime | None = None,
) -> Sequence[asyncpg.Record]:  # fmt: skip
    """Keys that there are or were, the oldest first; never the key itself.

    `used`: those that were ever used, or never. `idle_since`: those made before an instant, and not used since.
    """
    return await conn.fetch(Q.list_keys, after, audience, owner_id, limit, used, idle_since)


async def count_under_others(pool: asyncpg.Pool, under: Secrets, now: datetime) -> int:
    """How many keys in use are not stored under the present secret; they are stored anew as they are used."""
    counted: int = await pool.fetchval(Q.count_keys_under_others, mark_of(under.present), now)
    return counted


class Used(Struct, frozen=True, gc=False):
    """That a key was used."""

    key_id: str
    at: datetime


class Restamped(Struct, frozen=True, gc=False):
    """A key that is to be stored under another secret."""

    key_id: str
    before: bytes  # its HMAC as it is stored
    after: bytes
    secret_mark: str  # of the other secret


NOTE_USES: Final = Statement(Q.note_uses, used=Used)
RESTAMP: Final = Statement(Q.restamp, anew=Restamped)


async def note_uses(pool: asyncpg.Pool, used: Sequence[Used]) -> None:
    """When keys were last used."""
    async with pool.acquire() as conn:
        await NOTE_USES.execute(conn, used=used)


async def restamp(pool: asyncpg.Pool, anew: Sequence[Restamped]) -> None:
    """Keys under another secret; what somebody else did meanwhile stands."""
    async with pool.acquire() as conn:
        await RESTAMP.execute(conn, anew=anew)


async def introduce(conn: Connection, under: Secrets, owner_id: str) -> str:
    """The secret by which a new gateway or processor will know us: 256 random bits that we can say again."""
    return known_by.said(await keep_bits(conn, under, owner_id))


async def keep_bits(conn: Connection, under: Secrets, owner_id: str) -> bytes:
    """256 new random bits, kept sealed for their owner."""
    bits = secrets.token_bytes(BITS)
    await conn.execute(
        Q.insert_known_by, owner_id, known_by.kept(under.present, owner_id, bits), mark_of(under.present)
    )
    return bits
