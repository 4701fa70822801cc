"""Endpoints in the database, as their merchant makes and changes them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg
from msgspec import Struct

from service import ids
from service.access import flow as access
from service.access import known_by
from service.access.key import Secrets
from service.db import Connection, Pool, load_queries
from service.engine.events import NUMBERED_AT_ONCE
from service.engine.queries import Q as ENGINE
from service.errors import Code, Refused
from service.event_type import EventType
from service.webhooks.endpoint import ENDPOINTS_MAX, Endpoint, EndpointState
from service.webhooks.message import secret_text

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))

AGAIN_MAX: Final = 10_000  # deliveries that are asked for again at once


class Made(Struct, frozen=True):
    """A new endpoint, and its secret, which is shown this once."""

    endpoint_id: str
    secret: str


class Wanted(Struct, frozen=True):
    """Where to, and what."""

    url: str
    types: tuple[EventType, ...]
    state: EndpointState = EndpointState.ACTIVE


async def make(conn: Connection, under: Secrets, merchant_id: str, wanted: Wanted, by_key: str, now: datetime) -> Made:
    """A new endpoint; what happens from now on is sent to it. Refused: STATE_FORBIDS."""
    if await conn.fetchval(Q.count_endpoints, merchant_id) >= ENDPOINTS_MAX:
        sentence = f"There are {ENDPOINTS_MAX} endpoints in use; switch one off, or change one."
        raise Refused(Code.STATE_FORBIDS, sentence, "/url")
    await _number_all(conn, merchant_id)
    endpoint_id = ids.new_id(ids.ENDPOINT, ids.bucket_for(merchant_id), _ms(now))
    await conn.execute(Q.insert_endpoint, endpoint_id, merchant_id, wanted.url, wanted.types, by_key, now)
    return Made(endpoint_id, await _new_secret(conn, under, endpoint_id, now))


async def hold(conn: Connection, endpoint_id: str, merchant_id: str) -> Wanted:
    """The merchant's endpoint, which nobody changes until the transaction ends. Refused: NOT_FOUND."""
    row = None
    if ids.is_id(endpoint_id, ids.ENDPOINT):
        row = await conn.fetchrow(Q.lock_endpoint, endpoint_id, merchant_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no endpoint {endpoint_id[:100]!r}.", "/id")
    return Wanted(row["url"], tuple(EventType(one) for one in row["types"]), EndpointState(row["state"]))


async def change(conn: Connection, endpoint_id: str, merchant_id: str, wanted: Wanted, now: datetime) -> None:
    """The endpoint is another from now on. Switched off, nothing that waits is sent any more; switched on again, what
    happens from then on is."""
    if wanted.state is EndpointState.OFF:
        await conn.execute(Q.park_all, [endpoint_id], now)
    await _number_all(conn, merchant_id)
    await conn.execute(Q.change_endpoint, endpoint_id, wanted.url, wanted.types, wanted.state, now)


async def rotate(conn: Connection, under: Secrets, endpoint_id: str, overlap: timedelta, now: datetime) -> str:
    """Another secret; the one before signs besides until the overlap is over."""
    await conn.execute(Q.let_run_out, endpoint_id, now, now + overlap)
    return await _new_secret(conn, under, endpoint_id, now)


async def send_again(conn: Connection, endpoint_id: str, first: int, last: int, now: datetime) -> int:
    """What was made for events of these numbers is sent once more; how many."""
    done = await conn.execute(Q.send_again, endpoint_id, first, last, now, AGAIN_MAX)
    await conn.execute(Q.wake, endpoint_id, now)
    return int(done.split()[-1])


async def endpoints(pool: Pool, merchant_id: str, after: str, limit: int, now: datetime) -> list[Endpoint]:
    """A merchant's endpoints, the oldest first."""
    return [Endpoint(**row) for row in await pool.fetch(Q.list_endpoints, merchant_id, after, limit, now)]


async def secrets_in_use(conn: Connection | Pool, under: Secrets, endpoint_id: str, now: datetime) -> Sequence[bytes]:
    """What signs an endpoint's messages, the newest first."""
    rows: list[asyncpg.Record] = await conn.fetch(Q.load_secrets, endpoint_id, now)
    read = [known_by.read(under, row["secret_mark"], row["secret_id"], row["sealed"]) for row in rows]
    return [bits for bits in read if bits is not None]


async def _number_all(conn: Connection, merchant_id: str) -> None:
    """All that has happened until now has its number, by which it is known to be before."""
    while await conn.fetchval(ENGINE.number_events, merchant_id, NUMBERED_AT_ONCE):
        continue


async def _new_secret(conn: Connection, under: Secrets, endpoint_id: str, now: datetime) -> str:
    secret_id = ids.new_id(ids.SIGNING, ids.bucket_of(endpoint_id), _ms(now))
    await conn.execute(Q.insert_secret, secret_id, endpoint_id, now)
    return secret_text(await access.keep_bits(conn, under, secret_id))


def _ms(now: datetime) -> int:
    return int(now.timestamp() * 1000)
