"""Passkeys and authentications in the database. Whoever judges an answer holds its row."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from service import ids
from service.authentication.asked import WITHIN, Authentication, State, require_rarely
from service.authentication.passkey import Passkey
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.plans.offer import Authenticator

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))


async def load_passkeys(conn: Connection | Pool, consumer_id: str) -> list[Passkey]:
    """A consumer's passkeys that were not removed, the oldest first."""
    rows = await conn.fetch(Q.load_passkeys, ids.bucket_of(consumer_id), consumer_id)
    return [Passkey(**row) for row in rows]


async def add_passkey(conn: Connection, consumer_id: str, one: Passkey) -> None:
    """Keeps a passkey; one that is there is kept as it counts now. Refused: ERASED."""
    is_kept = await conn.fetchval(
        Q.insert_passkey, ids.bucket_of(consumer_id), consumer_id, one.credential_id, one.public_key, one.counted,
        one.origin, one.added_at,
    )  # fmt: skip
    if not is_kept:
        raise Refused(Code.ERASED, "Nothing more is written down of a consumer who was erased.", "/id")


async def forget_passkeys(conn: Connection, consumer_ids: Sequence[str]) -> None:
    """These consumers are erased: what their devices were known by is gone."""
    await conn.execute(Q.forget_passkeys, [ids.bucket_of(one) for one in consumer_ids], consumer_ids)


async def count_passkey(conn: Connection, consumer_id: str, one: Passkey) -> None:
    """It has answered once more."""
    await conn.execute(Q.count_passkey, ids.bucket_of(consumer_id), consumer_id, one.credential_id, one.counted)


async def remove_passkey(conn: Connection, consumer_id: str, credential_id: bytes, now: datetime) -> bool:
    """It answers no more. False: the consumer has no such passkey."""
    removed = await conn.fetchval(Q.remove_passkey, ids.bucket_of(consumer_id), consumer_id, credential_id, now)
    return bool(removed)


async def ask(conn: Connection, one: Authentication) -> None:
    """Writes one down that is asked; of the same plan those before it are void. Refused: AUTHENTICATION_ENDED."""
    if one.plan_id is not None:
        lately = await conn.fetchrow(Q.asked_lately, one.bucket, one.plan_id, one.asked_at - WITHIN)
        assert lately is not None
        require_rarely(lately["times"], lately["first_at"])
        await conn.execute(Q.end_open, one.bucket, one.plan_id, one.asked_at)
    await conn.execute(
        Q.insert_authentication, one.bucket, one.authentication_id, one.consumer_id, one.merchant_id, one.plan_id,
        one.by, one.amount, one.currency, one.payee, one.origin, one.expected, one.asked_at, one.expires_at,
    )  # fmt: skip


async def lock(conn: Connection, authentication_id: str, merchant_id: str) -> Authentication | None:
    """The merchant's authentication, held until the transaction ends; None if it has none of this id."""
    return await _load(conn, Q.lock_authentication, authentication_id, merchant_id)


async def load(pool: Pool, authentication_id: str, merchant_id: str) -> Authentication | None:
    """The same, not held."""
    return await _load(pool, Q.load_authentication, authentication_id, merchant_id)


async def count_wrong(conn: Connection, one: Authentication, state: State, now: datetime) -> None:
    """It was answered wrongly once more, and is in this state now."""
    await conn.execute(Q.count_try, one.bucket, one.authentication_id, state, now)


async def end(conn: Connection, one: Authentication, state: State, now: datetime) -> None:
    """It was answered rightly, or is void."""
    await conn.execute(Q.end_authentication, one.bucket, one.authentication_id, state, now)


async def _load(
    conn: Connection | Pool, statement: str, authentication_id: str, merchant_id: str
) -> Authentication | None:
    if not ids.is_id(authentication_id, ids.AUTHENTICATION):
        return None
    row = await conn.fetchrow(statement, ids.bucket_of(authentication_id), authentication_id, merchant_id)
    return Authentication(**{**row, "by": Authenticator(row["by"]), "state": State(row["state"])}) if row else None
