"""What every process keeps in memory: keys, merchants, programmes and policies, swapped whole on change.

PostgreSQL announces a change, and it is read within a moment. Announcements may be lost, or never come (a connection
pool in between keeps them for itself): so what changed is asked for every 2 seconds besides, over another connection.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

import asyncpg
from msgspec import structs

from service import clock
from service.access.key import Principal, Secrets, key_hmac
from service.checkout.challenger import Trial
from service.db import Connection, Pool, connect_session
from service.engine.faults import LOST, what
from service.errors import Code, Refused
from service.logs import DATABASE
from service.merchants.merchant import Merchant
from service.operators.flow import Subject
from service.partners.allocation import in_order
from service.partners.programme import Programme
from service.partners.programme_flow import programme_of
from service.policies.compile import CompiledPolicy
from service.policies.flow import Ready, load_spans
from service.policies.version import in_force
from service.registry.known import (
    EXPIRED,
    Horizon,
    Keys,
    Known,
    Merchants,
    gateway_of,
    known_by_of,
    needed,
    processor_of,
    schemes_of,
)
from service.registry.queries import Q
from service.registry.strangers import Strangers
from service.registry.uses import KeyUses
from service.sealed import KEY_BYTES
from service.subsidies.offered import SchemeNow

log = logging.getLogger("tenor.registry")

CHANNEL: Final = "tenor_changed"
POLL_S: Final = 2.0  # between two questions for what has changed
WHOLE_S: Final = 600.0  # after which all of it is read anew, whatever was missed
ASKED_S: Final = 5.0  # within which a question is answered, or asked again
STOPPED_S: Final = 0.1  # after which it is told to stop again
STRANGERS_S: Final = 0.05  # so long an unknown merchant is believed unknown
AT_ONCE: Final = 200  # rows, before others have their turn
DIGESTS_MAX: Final = 10_000  # keys whose HMAC a process need not work out again


class Registry:
    """`now` is the present view."""

    def __init__(self, database_url: str, pool: Pool, secrets: Secrets) -> None:
        self.now = Known()
        self.secrets = secrets
        self._under = tuple(secrets.by_mark().values())
        self._own = os.urandom(KEY_BYTES)
        self._digests: dict[bytes, list[bytes]] = {}  # of keys that were used here, by what this process calls them
        self._url = database_url
        self._pool = pool
        self._horizon = Horizon()
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._strangers = Strangers(pool)
        self._uses = KeyUses(pool, secrets)
        self.ready = Ready(pool)
        self._reloading = asyncio.Lock()  # what was read first must not be swapped in last
        self._caught_up = 0.0

    async def start(self) -> None:
        """Loads everything once, then follows the announcements."""
        await self.reload()
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._poll())]

    async def close(self) -> None:
        """Stops following; told so until it hears, for asyncpg drops a cancellation that comes with an answer."""
        await self._strangers.close()
        while following := [task for task in self._tasks if not task.done()]:
            for task in following:
                task.cancel()
            await asyncio.wait(following, timeout=STOPPED_S)
        await self._uses.close()

    def hmac(self, key: str) -> bytes:
        """What would be stored of a key."""
        return key_hmac(self.secrets.present, key)

    async def principal(self, key: str) -> Principal | None:
        """Whose key this is; None if it is nobody's or was revoked. It may have expired."""
        seen = blake2b(key.encode(), key=self._own, digest_size=16).digest()
        digests = self._digests.get(seen) or [key_hmac(secret, key) for secret in self._under]
        known = self.now.keys
        if known.keys().isdisjoint(digests) and any([await self._strangers.is_key(one) for one in digests]):
            known = self.now.keys
            if known.keys().isdisjoint(digests):
                await self.reload()  # made a moment ago, and not announced to us yet
                known = self.now.keys
        for digest in digests:
            if (principal := known.get(digest)) is not None:
                self._uses.note(principal.key_id, None if digest is digests[0] else (digest, digests[0]))
                if len(self._digests) >= DIGESTS_MAX:
                    self._digests.clear()
                self._digests[seen] = digests
                return principal
        return None

    def said_to(self, owner_id: str) -> str:
        """By what a gateway or a processor knows us; empty: we do not know."""
        return self.now.known_by.get(owner_id, "")

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

    def bearers(self) -> tuple[tuple[Programme, ...], tuple[SchemeNow, ...]]:
        """Who might fund a plan, and which schemes might bear its interest."""
        return self.now.programmes, self.now.schemes

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
        """Reads what has changed and swaps it in at once: no request sees half of a change."""
        async with self._reloading:
            await self._swap(*await self._look(self.now, self._horizon))

    async def _read_whole(self) -> None:
        """Reads all of it, while others go on reading what changes; then what has changed meanwhile."""
        whole = await self._look(Known(), Horizon())
        async with self._reloading:
            await self._swap(*await self._look(*whole))

    async def _swap(self, known: Known, horizon: Horizon) -> None:
        await self.ready.prepare(needed(known, clock.now()))
        self.now, self._horizon = known, horizon

    async def _look(self, before: Known, since: Horizon) -> tuple[Known, Horizon]:
        """`before` with the keys and merchants that changed `since`, and with all of which there is little."""
        async with self._pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
            horizon = Horizon(*(await conn.fetch(Q.load_horizon))[0])
            if since.open <= horizon.open and since.open:
                changed = (since.open, horizon.to_come)
                keys = await _taken(conn, lambda: Keys(before), Q.load_changed_keys, *changed)
                merchants = await _taken(conn, lambda: Merchants(before), Q.load_changed_merchants, *changed)
            else:  # the first time; or this database is behind the one that we asked before
                before = Known()
                keys = await _taken(conn, lambda: Keys(before), Q.load_keys, clock.now() - EXPIRED)
                merchants = await _taken(conn, lambda: Merchants(before), Q.load_merchants)
            people = await conn.fetch(Q.load_people)
            programmes = await conn.fetch(Q.load_programmes)
            schemes = await conn.fetch(Q.load_schemes)
            rulebook = await conn.fetchval(Q.load_rulebook)
            policies = await load_spans(conn)
            trial = await conn.fetchrow(Q.load_trial)
            gateways = await conn.fetch(Q.load_gateways)
            processors = await conn.fetch(Q.load_processors)
            known_by = await conn.fetch(Q.load_known_by)
        known = structs.replace(
            before,
            people={Subject(row["issuer"], row["subject"]): _person(row) for row in people},
            programmes=tuple(in_order(map(programme_of, programmes))),
            schemes=schemes_of(schemes),
            rulebook=rulebook,
            policies=policies,
            trial=Trial(*trial) if trial else None,
            gateways={row["name"]: gateway_of(row) for row in gateways},
            processors={row["processor_id"]: processor_of(row) for row in processors},
            known_by=known_by_of(known_by, self.secrets),
            **keys,
            **merchants,
        )
        return known, horizon

    async def _catch_up(self) -> None:
        """Somebody unknown may be somebody new: reads anew, but not for every stranger at the door."""
        if clock.monotonic() >= self._caught_up + STRANGERS_S:
            self._caught_up = clock.monotonic()
            await self.reload()

    async def _poll(self) -> None:
        """Whether or not anything is announced to us."""
        whole_at = clock.monotonic() + WHOLE_S
        while True:
            await asyncio.sleep(POLL_S)
            with suppress(*LOST, asyncpg.PostgresError):  # the next time, then
                if clock.monotonic() >= whole_at:
                    await self._read_whole()
                    whole_at = clock.monotonic() + WHOLE_S
                async with asyncio.timeout(ASKED_S):
                    await self.reload()
                    await self._uses.save()

    async def _follow(self) -> None:
        """Announcements. On a new connection the server may be another one, that lacks what the last one had."""
        read = self.reload
        while True:
            try:
                conn = await connect_session(self._url)
                try:
                    await self._listen(conn, read)
                finally:
                    conn.terminate()
            except (*LOST, asyncpg.PostgresError) as error:
                log.warning("the registry lost its connection, and tries again: %s", what(error), extra=DATABASE)
            read = self._read_whole
            await asyncio.sleep(0.5)

    async def _listen(self, conn: Connection, read: Callable[[], Awaitable[None]]) -> None:
        lost = asyncio.Event()

        def end(_: object) -> None:
            lost.set()
            self._changed.set()

        conn.add_termination_listener(end)
        await conn.add_listener(CHANNEL, lambda *_: self._changed.set())
        while not lost.is_set():
            self._changed.clear()
            await read()
            read = self.reload
            await self._changed.wait()


def _person(row: asyncpg.Record) -> Principal:
    """Of who comes by a provider, the key is the provider's word."""
    return Principal(f"oidc:{row['subject']}", "operator", row["person"], frozenset(row["scopes"]))


async def _taken(conn: Connection, begin: Callable[[], Keys | Merchants], query: str, *given: Any) -> dict[str, Any]:
    """The parts of the view that these rows change; none: nothing.

    A hundred thousand rows take seconds to read: they are read by the handful, and others have their turn between.
    """
    parts: Keys | Merchants | None = None
    cursor = await conn.cursor(query, *given)
    while rows := await cursor.fetch(AT_ONCE):
        parts = parts or begin()
        for row in rows:
            parts.take(row)
    return vars(parts) if parts else {}
