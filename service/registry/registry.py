"""What every process keeps in memory: keys, merchants, programmes and policies, swapped whole on change."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import asyncpg
import msgspec

from service import clock
from service.access.key import Principal, key_hmac, key_of
from service.checkout.challenger import Trial
from service.db import Connection, Pool, connect_session
from service.engine.faults import LOST, what
from service.errors import Code, Refused
from service.merchants.merchant import Merchant, MerchantFee
from service.outside.gateway import Address
from service.outside.source import DataType
from service.partners.programme import Programme
from service.payments import processor
from service.payments.processor import Protocol
from service.policies.compile import CompiledPolicy
from service.policies.flow import Ready, load_spans
from service.policies.version import Span, in_force
from service.registry.queries import Q
from service.registry.strangers import Strangers

log = logging.getLogger("tenor.registry")

CHANNEL = "tenor_changed"
REFRESH_S = 30.0  # besides the announcements, should one be lost
STOPPED_S = 0.1  # after which it is told to stop again
STRANGERS_S = 0.05  # so long an unknown merchant is believed unknown


class Known(msgspec.Struct, frozen=True):
    """One consistent view: a request reads it once and keeps it."""

    keys: dict[bytes, Principal] = {}  # by HMAC
    merchants: dict[str, Merchant] = {}
    programmes: tuple[Programme, ...] = ()
    rulebook: int = 0  # the revision that `policies` and `trial` are of
    policies: tuple[Span, ...] = ()  # published, in the order they begin
    trial: Trial | None = None
    gateways: dict[str, Address] = {}  # by name
    processors: dict[str, processor.Address] = {}  # by id; retired ones among them
    clocks: dict[str, timedelta] = {}  # how far a test merchant's is ahead of real time; one never moved is not there


class Registry:
    """`now` is the present view. PostgreSQL announces changes; a lost connection reloads everything."""

    def __init__(self, database_url: str, pool: Pool, key_secret: str) -> None:
        self.now = Known()
        self._url = database_url
        self._pool = pool
        self._secret = key_secret
        self._by_text: dict[str, Principal] = {}  # spares the HMAC of a key seen before
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._strangers = Strangers(pool)
        self.ready = Ready(pool)
        self._reloading = asyncio.Lock()  # what was read first must not be swapped in last
        self._caught_up = 0.0

    async def start(self) -> None:
        """Loads everything once, then follows the announcements."""
        await self.reload()
        self._task = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """Stops following; told so until it hears, for asyncpg drops a cancellation that comes with an answer."""
        await self._strangers.close()
        while self._task and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=STOPPED_S)

    def hmac(self, key: str) -> bytes:
        """What is stored of a key."""
        return key_hmac(self._secret, key)

    def key_of(self, key_id: str) -> str:
        """The key with this id, under our secret."""
        return key_of(self._secret, key_id)

    async def principal(self, key: str) -> Principal | None:
        """Whose key this is; None if it is nobody's or was revoked."""
        known = self._by_text.get(key)
        if known is not None:
            return known
        digest = self.hmac(key)
        if digest not in self.now.keys and await self._strangers.is_key(digest) and digest not in self.now.keys:
            await self.reload()  # made a moment ago, and not announced to us yet
        principal = self.now.keys.get(digest)
        if principal is not None:
            self._by_text[key] = principal
        return principal

    async def merchant(self, merchant_id: str) -> Merchant:
        """The merchant, which may call as long as it is active."""
        if merchant_id not in self.now.merchants:
            await self._catch_up()
        merchant = self.now.merchants.get(merchant_id)
        if merchant is None or not merchant.active:
            raise Refused(Code.FORBIDDEN, "This merchant is not active.")
        return merchant

    def time_at(self, merchant_id: str, now: datetime) -> datetime:
        """What time it is for a merchant when it really is `now`."""
        ahead = self.now.clocks.get(merchant_id)
        return now if ahead is None else now + ahead

    async def policy(self, now: datetime) -> CompiledPolicy:
        """The policy in force at `now`: one that was published to begin later begins on time, with nobody's help."""
        span = in_force(self.now.policies, now)
        if span is None:
            await self._catch_up()
            span = in_force(self.now.policies, now)
        if span is None:
            raise Refused(Code.UNAVAILABLE, "No policy is in force yet; an operator publishes one.")
        return await self.ready.get(span.policy_id, span.version)

    async def version(self, policy_id: str, version: int) -> CompiledPolicy:
        """Any version at all, ready. Refused: NOT_FOUND."""
        return await self.ready.get(policy_id, version)

    async def reload(self) -> None:
        """Reads it all anew and swaps it in at once: no request sees half of a change."""
        async with self._reloading:
            async with self._pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
                keys = await conn.fetch(Q.load_keys)
                merchants = await conn.fetch(Q.load_merchants)
                programmes = await conn.fetch(Q.load_programmes)
                rulebook = await conn.fetchval(Q.load_rulebook)
                policies = await load_spans(conn)
                trial = await conn.fetchrow(Q.load_trial)
                gateways = await conn.fetch(Q.load_gateways)
                processors = await conn.fetch(Q.load_processors)
            known = Known(
                {
                    row["hmac"]: Principal(row["key_id"], row["audience"], row["owner_id"], frozenset(row["scopes"]))
                    for row in keys
                },
                {row["merchant_id"]: _merchant(row) for row in merchants},
                tuple(Programme(*row) for row in programmes),
                rulebook,
                policies,
                Trial(*trial) if trial else None,
                {row["name"]: _address(row) for row in gateways},
                {row["processor_id"]: _processor(row) for row in processors},
                {row["merchant_id"]: row["ahead"] for row in merchants if row["ahead"]},
            )
            await self.ready.prepare(_needed(known, clock.now()))
            self.now = known
            self._by_text = {}

    async def _catch_up(self) -> None:
        """Somebody unknown may be somebody new: reads anew, but not for every stranger at the door."""
        if clock.monotonic() >= self._caught_up + STRANGERS_S:
            self._caught_up = clock.monotonic()
            await self.reload()

    async def _follow(self) -> None:
        while True:
            try:
                conn = await connect_session(self._url)
                try:
                    await self._listen(conn)
                finally:
                    conn.terminate()
            except (*LOST, asyncpg.PostgresError) as error:
                log.warning("the registry lost its connection, and tries again: %s", what(error))
            await asyncio.sleep(0.5)

    async def _listen(self, conn: Connection) -> None:
        lost = asyncio.Event()

        def end(_: object) -> None:
            lost.set()
            self._changed.set()

        conn.add_termination_listener(end)
        await conn.add_listener(CHANNEL, lambda *_: self._changed.set())
        while not lost.is_set():
            self._changed.clear()
            await self.reload()
            with suppress(TimeoutError):  # `wait_for` would drop a cancellation that comes together with a change
                async with asyncio.timeout(REFRESH_S):
                    await self._changed.wait()


def _needed(known: Known, now: datetime) -> Iterator[tuple[str, int]]:
    """The version in force, those that follow it, and the one on trial."""
    current = in_force(known.policies, now)
    for span in known.policies:
        if span is current or span.active_from > now:
            yield span.policy_id, span.version
    if known.trial:
        yield known.trial.policy_id, known.trial.version


def _address(row: asyncpg.Record) -> Address:
    data_types = frozenset(DataType(one) for one in row["data_types"])
    return Address(row["gateway_id"], row["name"], row["url"], data_types)


def _processor(row: asyncpg.Record) -> processor.Address:
    return processor.Address(
        row["processor_id"], row["name"], row["url"], Protocol(row["protocol"]), row["retired_at"] is not None
    )


def _merchant(row: asyncpg.Record) -> Merchant:
    fees = msgspec.json.decode(row["fees"], type=dict[str, MerchantFee])
    return Merchant(
        row["merchant_id"], row["name"], row["country"], row["time_zone"], fees, row["active"], row["is_test"]
    )  # fmt: skip
