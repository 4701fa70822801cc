"""Sending: events are taken up as they are numbered, and each is tried until its endpoint has it.

An endpoint has places of its own, more while it answers in time, and one when it was late: who hangs delays nobody
else. What is about one subject is sent one after the other; several workers may send beside each other, each thing
held by one. One that is killed lets go of what it held after a minute, and it is sent again: at least once. What was
heard is recorded for all endpoints together: one commit for many answers.
"""

import logging
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct

from service import clock, ids, trace
from service.access.key import Secrets
from service.data_key import DataSecrets
from service.db import Pool
from service.engine.events import NUMBERED_AT_ONCE
from service.engine.queries import Q as ENGINE
from service.event_type import EventType
from service.inbox import Together
from service.metrics import DELIVERIES
from service.partners.events_store import Q as PARTNERS
from service.private_text import opened, words_in
from service.reach import Reach
from service.statement import Int, SmallInt, Statement
from service.webhooks.endpoint import LEDGER, DeliveryState, judged, seller_of
from service.webhooks.message import Message, body_of, headers_of
from service.webhooks.sending_flow import Sending
from service.webhooks.store import Q, secrets_in_use

log = logging.getLogger("tenor.webhooks")

ANSWER_S: Final = 10.0  # so long an endpoint has to answer
LATE_S: Final = 3.0  # an endpoint that took longer has one place
HELD_FOR: Final = timedelta(minutes=1)
PLACES: Final = 8  # of an endpoint: so many messages are under way to it at first
PLACES_MAX: Final = 32  # ... of one that answers in time
PLACES_IN_ALL: Final = 256
PAUSE_S: Final = 0.25
ENDPOINTS_AT_ONCE: Final = 100
EVENTS_AT_ONCE: Final = 500
TESTED: Final = EventType.ENDPOINT_TESTED  # goes to its endpoint alone


class Target(Struct, frozen=True):
    """Where to send."""

    endpoint_id: str
    merchant_id: str  # or the partner's
    audience: str
    url: str


class Heard(Struct, frozen=True):
    """What came of an attempt: a row of `delivery_attempts`, and what becomes of its delivery."""

    endpoint_id: str
    feed: str
    number: int
    at: datetime
    took_ms: Int
    status: SmallInt | None
    state: DeliveryState
    due_at: datetime | None
    heard_at: datetime
    is_gone: bool


RECORD_ATTEMPTS: Final = Statement(Q.record_attempts, heard=Heard)


class Deliverer(Sending):
    """Sends events to the endpoints that want them."""

    def __init__(
        self,
        pool: Pool,
        under: Secrets,
        data_secrets: DataSecrets,
        reach: Reach,
        now: Callable[[], datetime] = clock.now,
        answer_s: float = ANSWER_S,
    ) -> None:
        super().__init__(log, reach, answer_s=answer_s, pause_s=PAUSE_S, places_in_all=PLACES_IN_ALL)
        self._pool = pool
        self._under = under
        self._data_secrets = data_secrets
        self._now = now
        self._places: dict[str, int] = {}  # by endpoint: one more with each answer in time, one after a late one
        self._recording = Together(self._record)

    async def round(self) -> int:
        return await self._take_up() + await self._send()

    async def close(self) -> None:
        """As it is; and what was answered is written down."""
        await super().close()
        await self._recording.close()

    def places_of(self, receiver: str) -> int:
        """More while it answers in time."""
        return self._places.get(receiver, PLACES)

    async def _take_up(self) -> int:
        taken = 0
        for endpoint_id, feed, owner_id in await self._pool.fetch(Q.list_to_take_up):
            number = PARTNERS.number_partner_events if feed == LEDGER else ENGINE.number_events
            await self._pool.fetchval(number, owner_id, NUMBERED_AT_ONCE)
            until = (endpoint_id, self._now(), EVENTS_AT_ONCE)
            if feed == LEDGER:
                taken += await self._pool.fetchval(Q.take_up_ledger, *until, owner_id)
            elif feed:
                taken += await self._pool.fetchval(Q.take_up_seller, *until, TESTED, feed)
            else:
                taken += await self._pool.fetchval(Q.take_up, *until, TESTED)
        return taken

    async def _send(self) -> int:
        room, begun = min(self.room_in_all(), ENDPOINTS_AT_ONCE), 0
        for row in await self._pool.fetch(Q.list_due, self._now(), self.full(), room):
            if self._is_closed:
                break
            begun += await self._send_to(Target(**row))
        return begun

    async def _send_to(self, target: Target) -> int:
        now = self._now()
        async with self._pool.acquire() as conn, conn.transaction():
            await conn.execute(Q.lock, [target.endpoint_id])
            rows = await conn.fetch(Q.claim, target.endpoint_id, now, self.room(target.endpoint_id), now + HELD_FOR)
            await conn.execute(Q.set_next, [target.endpoint_id])
            secrets = await secrets_in_use(conn, self._under, target.endpoint_id, now)
        for row in rows:
            self.begin(target.endpoint_id, self._deliver(target, row, secrets))
        return len(rows)

    async def _deliver(self, target: Target, row: asyncpg.Record, secrets: Sequence[bytes]) -> None:
        if row["event_id"] is not None:  # all attempts of one event are one trace
            trace.begin_as(ids.packed(row["event_id"])[2:].hex())
        began, at = clock.monotonic(), self._now()
        status = await self._sent(target, row, secrets, at)
        took_s = clock.monotonic() - began
        places = self.places_of(target.endpoint_id)
        self._places[target.endpoint_id] = 1 if took_s > LATE_S else min(places + 1, PLACES_MAX)
        verdict, heard_at = judged(status, row["attempts"], self._now(), random.randint(0, 1_000)), self._now()
        DELIVERIES.labels(verdict.state).inc()
        await self._recording.ask(
            Heard(
                target.endpoint_id, row["feed"], row["number"], at, int(took_s * 1000), status, verdict.state,
                verdict.due_at, heard_at, verdict.is_gone,
            )
        )  # fmt: skip

    async def _record(self, heard: list[Heard]) -> list[None]:
        """What was heard since the last time, of all endpoints, in one transaction: one commit for many."""
        endpoints = sorted({one.endpoint_id for one in heard})
        gone = sorted({one.endpoint_id for one in heard if one.is_gone})
        async with self._pool.acquire() as conn, conn.transaction():
            await conn.execute(Q.lock, endpoints)
            await RECORD_ATTEMPTS.execute(conn, heard=heard)
            if gone:
                await conn.execute(Q.switch_off, gone, "It answered 410 Gone.")
                await conn.execute(Q.park_all, gone, self._now())
            await conn.execute(Q.set_next, endpoints)
        return [None] * len(heard)

    async def _sent(self, target: Target, row: asyncpg.Record, secrets: Sequence[bytes], at: datetime) -> int | None:
        """The status of the answer; None: nothing was heard, or the event is not kept any more."""
        if row["event_id"] is None:
            return None
        message = Message(
            EventType(row["type"]), row["at"], row["event_id"], row["number"],
            row["actor"] if target.audience == "merchant" else None,
            msgspec.Raw(row["data"].encode()), row["plan_id"], row["decision_id"], row["consumer_id"],
            seller_of(row["feed"]),
        )  # fmt: skip
        body = await self._opened(message.merchant_id or target.merchant_id, body_of(message))
        headers = headers_of(message.event_id, body, secrets, at)
        return await self.ask("POST", target.url, headers, body)

    async def _opened(self, merchant_id: str, body: bytes) -> bytes:
        """The message with its sealed texts open: those about consumers of the merchant."""
        words = {word: one for word, one in words_in(body).items() if one[0].encode() in body}
        if not words:
            return body
        key_ids = list({key_id for _, key_id in words.values()})
        rows = await self._pool.fetch(Q.keys_to_open, [ids.bucket_of(one) for one in key_ids], key_ids, merchant_id)
        unwrapped = self._data_secrets.unwrapped
        keys = {row[0]: unwrapped(row[0], row[1]) if row[1] is not None else None for row in rows}
        return opened(body, words, keys)
