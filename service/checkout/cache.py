"""The snapshot's facts in Redis: a cache that may be wiped, stopped or killed at any time and changes no answer.

A consumer has an entry, its attributes and which person it is; a person has one per currency, the account with its
history. Each is `version:sealed json`. A write carries the version of the row it comes from, and an older one never
overwrites a newer one. After a commit only the new version is written, with nothing behind it: the next reader fetches
the facts and fills it in.

Who can write in Redis can make this slow, and nothing else. An entry is sealed with its name and its version, so one
that we have not made, or that was moved, or given another version, does not open, and the facts are read from the
database. One of ours that was put back later does open; so a decision that grants something is logged only if the
versions it read are still those of the rows (`decision_log.py`). The counts of attempts are not sealed.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import blake2b
from itertools import islice
from typing import Any, Final, NamedTuple

import redis.asyncio as redis
from redis.exceptions import RedisError, ResponseError

from service import clock, ids
from service.checkout.velocity import Attempt, Subject
from service.deadline import CACHE_S
from service.metrics import CACHE, NOT_OURS
from service.sealed import KEY_BYTES, key_for, seal, unseal

TTL_S: Final = 300  # how long an entry may be old whose writer was killed between COMMIT and telling us
AT_ONCE: Final = 256  # changes told in one round trip after Redis was away
TICKS: Final = 5  # turns of the loop, at least, before it is given up
REST_S: Final = 1.0  # after a failure Redis is left alone so long

# EVAL and not EVALSHA: after a restart there is no script to be missed, and the server keeps the compiled one anyway.
SET_IF_NEWER: Final = """
local kept = tonumber(string.match(redis.call('get', KEYS[1]) or '', '^%d+') or '')
if kept and kept > tonumber(ARGV[1]) then return 0 end
redis.call('set', KEYS[1], ARGV[1] .. ':' .. ARGV[2], 'ex', ARGV[3])
return 1
"""

# Attempts by time, the mark of each once. What comes back does not count the attempt itself, now or sent before.
COUNT: Final = """
local mark, now, forgotten, longest, most = unpack(ARGV, 1, 5)
local before = redis.call('zscore', KEYS[1], mark)
local counts = {}
for place = 6, #ARGV do
    local count = redis.call('zcount', KEYS[1], '(' .. ARGV[place], now)
    if before and tonumber(before) > tonumber(ARGV[place]) and tonumber(before) <= tonumber(now) then
        count = count - 1
    end
    counts[#counts + 1] = count
end
if not before then
    redis.call('zadd', KEYS[1], now, mark)
    redis.call('zremrangebyscore', KEYS[1], '-inf', forgotten)
    redis.call('zremrangebyrank', KEYS[1], 0, -1 - tonumber(most))
    redis.call('pexpire', KEYS[1], longest)
end
return counts
"""
ATTEMPTS_MAX: Final = 10_000  # of one subject; who tries more often counts as that many

FAILURES: Final = (RedisError, OSError, TimeoutError, asyncio.TimeoutError)


def consumer_name(consumer_id: str) -> str:
    """Where a consumer's attributes are kept. The bucket in braces is the slot in a Redis cluster."""
    return f"{{{ids.bucket_of(consumer_id)}}}consumer:{consumer_id}"


def account_name(person_id: str, currency: str) -> str:
    """Where an account and its history are kept."""
    return f"{{{ids.bucket_of(person_id)}}}account:{person_id}:{currency}"


class Entry(NamedTuple):
    """What is kept under a name, and the version of the row it was read from."""

    version: int
    text: bytes


class InTime:
    """`async with InTime():` gives up after `CACHE_S`. What this process itself was busy with hardly counts: Redis may
    have answered meanwhile, and nobody here had time to hear it.
    """

    async def __aenter__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._deadline = asyncio.timeout(None)
        await self._deadline.__aenter__()
        self._tick(TICKS)

    async def __aexit__(self, *raised: Any) -> None:
        self._next.cancel()
        await self._deadline.__aexit__(*raised)

    def _tick(self, left: int) -> None:
        if left:
            self._next = self._loop.call_later(CACHE_S / TICKS, self._tick, left - 1)
        else:
            self._deadline.reschedule(self._loop.time())


class Cache:
    """Versioned texts. Every method is silent about a Redis that is gone; `is_up` says whether it was last seen."""

    def __init__(self, client: redis.Redis, secret: str) -> None:
        self._client = client
        self._key = key_for(secret, "cache")
        self._rests_until = 0.0
        self._has_slots = False  # a cluster: names of different buckets cannot be asked for in one command
        self._unsaid: dict[str, int] = {}  # versions that could not be written yet
        self._telling: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        """Whether the last call went through."""
        return clock.monotonic() >= self._rests_until

    async def get(self, groups: Sequence[tuple[str, ...]]) -> list[list[Entry | None]]:
        """Of each group what is kept under its names.

        None stands where there is nothing, nothing that is current, or nothing that is ours.
        """
        if not self.is_up or self._unsaid:
            return _away(groups)
        try:
            async with InTime():
                kept = await self._read(groups)
        except FAILURES:
            self._rest()
            return _away(groups)
        found = [list(map(self._unseal, names, values)) for names, values in zip(groups, kept, strict=True)]
        missing = sum(entry is None for entries in found for entry in entries)
        _FOUND.inc(sum(map(len, found)) - missing)
        _MISSING.inc(missing)
        return found

    async def count(self, attempts: Sequence[Attempt]) -> list[dict[str, int]]:
        """Counts each attempt, and says how many there were before it: by the names of its windows.

        Without Redis nothing is counted, and nothing is said.
        """
        asked = [(attempt, subject) for attempt in attempts for subject in attempt.subjects]
        told: list[list[int]] = [[] for _ in asked]
        if asked and self.is_up:
            try:
                async with InTime():
                    told = await self._count(asked)
            except FAILURES:
                self._rest()
        counted: dict[bytes, dict[str, int]] = {attempt.mark: {} for attempt in attempts}
        for (attempt, subject), counts in zip(asked, told, strict=True):
            names = [window.name for window in subject.windows]
            counted[attempt.mark] |= dict(zip(names, counts, strict=False))  # none were told without Redis
        return [counted[attempt.mark] for attempt in attempts]

    async def put(self, entries: Iterable[tuple[str, int, bytes]]) -> None:
        """Writes `(name, version, text)`, unless something newer is there. An empty text only says that it changed."""
        changed = [(name, version) for name, version, text in entries if not text]
        if not self.is_up:
            self._remember(changed)
            return
        try:
            async with InTime():
                await self._write(entries)
        except FAILURES:
            self._rest()
            self._remember(changed)

    async def ping(self) -> bool:
        """Whether Redis answers now."""
        try:
            return bool(await self._client.ping())
        except FAILURES:
            return False

    async def close(self) -> None:
        """Closes the connections."""
        if self._telling is not None:
            self._telling.cancel()
        await self._client.aclose()

    async def _read(self, groups: Sequence[tuple[str, ...]]) -> list[list[bytes | None]]:
        """One command for all; a cluster, which refuses that, is asked slot by slot in one round trip."""
        if not self._has_slots:
            try:
                found: list[Any] = await self._client.mget([name for names in groups for name in names])
                flat = iter(found)
                return [[next(flat) for _ in names] for names in groups]
            except ResponseError as error:
                if not str(error).startswith("CROSSSLOT"):
                    raise
                self._has_slots = True
        async with self._client.pipeline(transaction=False) as pipe:
            for name in (name for names in groups for name in names):
                pipe.get(name)
            flat = iter(await pipe.execute())
            return [[next(flat) for _ in names] for names in groups]

    async def _count(self, asked: Sequence[tuple[Attempt, Subject]]) -> list[list[int]]:
        async with self._client.pipeline(transaction=False) as pipe:
            for attempt, subject in asked:
                starts = [attempt.at_ms - window.ms for window in subject.windows]
                longest = subject.windows[-1].ms
                pipe.eval(
                    COUNT, 1, subject.place, attempt.mark, attempt.at_ms, starts[-1], longest, ATTEMPTS_MAX, *starts
                )
            counts: list[list[int]] = await pipe.execute()
            return counts

    async def _write(self, entries: Iterable[tuple[str, int, bytes]]) -> None:
        async with self._client.pipeline(transaction=False) as pipe:
            for name, version, text in entries:
                sealed = seal(self._key_of(name), text, b"%d" % version) if text else b""
                pipe.eval(SET_IF_NEWER, 1, name, version, sealed, TTL_S)
            await pipe.execute()

    def _unseal(self, name: str, value: bytes | None) -> Entry | None:
        version, _, sealed = (value or b"").partition(b":")
        if not sealed:
            return None
        text = unseal(self._key_of(name), sealed, version)
        if text is None:
            NOT_OURS.inc()
            return None
        return Entry(int(version), text)

    def _key_of(self, name: str) -> bytes:
        """Each name has a key of its own, so that no key ever seals too many texts."""
        return blake2b(name.encode(), key=self._key, digest_size=KEY_BYTES).digest()

    def _rest(self) -> None:
        self._rests_until = clock.monotonic() + REST_S

    def _remember(self, changed: Iterable[tuple[str, int]]) -> None:
        for name, version in changed:
            self._unsaid[name] = max(version, self._unsaid.get(name, 0))
        if self._unsaid and (self._telling is None or self._telling.done()):
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        """Other processes read from Redis, too: it hears what it missed as soon as it is back, whoever asks next."""
        while self._unsaid:
            await asyncio.sleep(REST_S / 4)
            with suppress(*FAILURES):
                await self._say_unsaid()

    async def _say_unsaid(self) -> None:
        """A change that Redis missed while it was away is told before this process reads from it again."""
        while self._unsaid:
            unsaid = list(islice(self._unsaid.items(), AT_ONCE))
            async with InTime():
                await self._write([(name, version, b"") for name, version in unsaid])
            for name, version in unsaid:
                if self._unsaid.get(name) == version:
                    del self._unsaid[name]


def _away(groups: Sequence[tuple[str, ...]]) -> list[list[Entry | None]]:
    """What is found while Redis is left alone."""
    _AWAY.inc(sum(map(len, groups)))
    return [[None] * len(names) for names in groups]


_FOUND, _MISSING, _AWAY = (CACHE.labels(answer) for answer in ("found", "missing", "away"))
