"""Keys in the database: made, and revoked."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from service import ids
from service.access.key import key_hmac, key_of
from service.db import Connection, load_queries
from service.errors import Code, Refused

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))


async def make_key(
    conn: Connection, secret: str, audience: str, owner_id: str, scopes: Sequence[str], now: datetime
) -> str:
    """The id of a new key for an owner that exists; the key itself follows from it. Refused: NOT_FOUND."""
    if not await conn.fetchval(Q.load_owner, audience, owner_id):
        raise Refused(Code.NOT_FOUND, f"There is no such {audience}.", "/owner_id")
    key_id = ids.new_id(ids.KEY, ids.bucket_for(owner_id), int(now.timestamp() * 1000))
    await conn.execute(
        Q.insert_key, key_id, key_hmac(secret, key_of(secret, key_id)), audience, owner_id, list(scopes), now
    )
    return key_id


async def revoke_key(conn: Connection, key_id: str, now: datetime) -> None:
    """The key is nobody's from now on. Refused: NOT_FOUND."""
    if not await conn.fetchval(Q.revoke_key, key_id, now):
        raise Refused(Code.NOT_FOUND, "There is no such key in use.", "/id")
