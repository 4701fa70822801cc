"""Endpoints in the database, as a merchant, a partner or a party that bears losses makes and changes them."""

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
from service.engine.events import NUMBERED_AT_ONCE, open_feed
from service.engine.queries import Q as ENGINE
from service.errors import Code, Refused
from service.event_type import EventType
from service.partners.events_store import number_all
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
    of_sellers: bool = False  # of a platform: what happens to its sellers, too
    state: EndpointState = EndpointState.ACTIVE


class Owner(Struct, frozen=True):
    """Whose endpoint it is."""

    owner_id: str
    audience: str = "merchant"


async def make(conn: Connection, under: Secrets, owner: Owner, wanted: Wanted, by_key: str, now: datetime) -> Made:
    """A new endpoint; what happens from now on is sent to it. Refused: STATE_FORBIDS."""
    merchant_id = owner.owner_id
    if await conn.fetchval(Q.count_endpoints, merchant_id) >= ENDPOINTS_MAX:
        sentence = f"There are {ENDPOINTS_MAX} endpoints in use; switch one off, or change one."
        raise Refused(Code.STATE_FORBIDS, sentence, "/url")
    await open_feed(conn, merchant_id)
    await _number_all(conn, owner, wanted)
    endpoint_id = ids.new_id(ids.ENDPOINT, ids.bucket_for(merchant_id), _ms(now))
    await conn.execute(
        Q.insert_endpoint, endpoint_id, merchant_id, wanted.url, wanted.types, by_key, now, owner.audience,
        wanted.of_sellers,
    )  # fmt: skip
    await conn.execute(Q.begin_feeds, endpoint_id)
    return Made(endpoint_id, await _new_secret(conn, under, endpoint_id, now))


async def hold(conn: Connection, endpoint_id: str, merchant_id: str) -> Wanted:
    """The merchant's endpoint, which nobody changes until the transaction ends. Refused: NOT_FOUND."""
    row = None
    if ids.is_id(endpoint_id, ids.ENDPOINT):
        row = await conn.fetchrow(Q.lock_endpoint, endpoint_id, merchant_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no endpoint {endpoint_id[:100]!r}.", "/id")
    types = tuple(EventType(one) for one in row["types"])
    return Wanted(row["url"], types, row["of_sellers"], EndpointState(row["state"]))


async def change(
    conn: Connection, endpoint_id: str, owner: Owner, before: Wanted, wanted: Wanted, now: datetime
) -> None:
    """The endpoint is another from now on. Switched off, nothing that waits is sent any more; switched on again, what
    happens from then on is."""
    if wanted.state is EndpointState.OFF:
        await conn.execute(Q.park_all, [endpoint_id], now)
    await _number_all(conn, owner, wanted)
    await conn.execute(
        Q.change_endpoint, endpoint_id, wanted.url, wanted.types, wanted.state, now, wanted.of_sellers
    )  # fmt: skip
    if before.state is EndpointState.OFF or wanted.of_sellers != before.of_sellers:
        await conn.execute(Q.begin_feeds, endpoint_id)


async def rotate(conn: Connection, under: Secrets, endpoint_id: str, overlap: timedelta, now: datetime) -> str:
    """Another secret; the one before signs besides until the overlap is over."""
    await conn.execute(Q.let_run_out, endpoint_id, now, now + overlap)
    return await _new_secret(conn, under, endpoint_id, now)


async def send_again(conn: Connection, endpoint_id: str, feed: str, first: int, last: int, now: datetime) -> int:
    """What was made for events of these numbers of a feed is sent once more; how many."""
    done = await conn.execute(Q.send_again, endpoint_id, first, last, now, AGAIN_MAX, feed)
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


async def _number_all(conn: Connection, owner: Owner, wanted: Wanted) -> None:
    """All that has happened until now has its number, by which it is known to be before."""
    while await conn.fetchval(ENGINE.number_events, owner.owner_id, NUMBERED_AT_ONCE):
        continue
    while wanted.of_sellers and await conn.fetchval(Q.number_sellers, owner.owner_id, NUMBERED_AT_ONCE):
        continue
    if owner.audience == "partner":
        await number_all(conn, owner.owner_id)


async def _new_secret(conn: Connection, under: Secrets, endpoint_id: str, now: datetime) -> str:
    secret_id = ids.new_id(ids.SIGNING, ids.bucket_of(endpoint_id), _ms(now))
    await conn.execute(Q.insert_secret, secret_id, endpoint_id, now)
    return secret_text(await access.keep_bits(conn, under, secret_id))


def _ms(now: datetime) -> int:
    return int(now.timestamp() * 1000)
