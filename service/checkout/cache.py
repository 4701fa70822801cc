"""The snapshot's facts in Redis: a cache that may be wiped, stopped or killed at any time and changes no answer.

A consumer has an entry, its attributes and which person it is; a person has one per currency, the account with its
history. Each is `version:sealed json`, with the version of the row it comes from. After a commit the entries of what
has changed are taken out: the next reader fetches the facts and fills them in. Nobody waits for any of it.

An entry may be old: its writer was killed before it took it out, or another put it in meanwhile. And who can write in
Redis may put one of ours back. So a decision that grants something is logged only if the versions it read are still
those of the rows (`decision_log.py`). An entry is sealed with its name and its version, so one that we have not made,
or that was moved, or given another version, does not open, and the facts are read from the database. The counts of
attempts are not sealed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Container, Coroutine, Iterable, Sequence
from hashlib import blake2b
from itertools import chain
from typing import Any, Final, NamedTuple, TypeVar

import redis.asyncio as redis
from redis.exceptions import ClusterDownError, MovedError, RedisError

from service import clock, ids
from service.checkout.cluster_cache import ALONE, NOWHERE, Nodes
from service.checkout.velocity import Attempt, Subject
from service.deadline import CACHE_S
from service.metrics import CACHE, NOT_OURS
from service.sealed import KEY_BYTES, Sealer, key_for

TTL_S: Final = 300  # how long an entry may be old
TICKS: Final = 5  # turns of the loop, at least, before it is given up
REST_S: Final = 1.0  # after a failure Redis is left alone so long
GATHER_S: Final = 0.05  # so much is written at once: who reads what has changed meanwhile decides twice, and the same

# EVAL and not EVALSHA: after a restart there is no script to be missed, and the server keeps the compiled one anyway.
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


def _about(name: str, version: bytes) -> bytes:
    return b"%b %b" % (name.encode(), version)


def account_name(person_id: str, currency: str) -> str:
    """Where an account and its history are kept."""
    return f"{{{ids.bucket_of(person_id)}}}account:{person_id}:{currency}"


R = TypeVar("R")


async def _all(asked: Iterable[Coroutine[Any, Any, R]]) -> list[R]:
    """All answers; of one alone, as it is without a cluster, without a task of its own."""
    todo = list(asked)
    return [await todo[0]] if len(todo) == 1 else await asyncio.gather(*todo)


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

    def __init__(self, client: redis.Redis, secret: str, *others: redis.Redis) -> None:
        """`others` are further nodes of a cluster, asked where the first is away."""
        self._nodes = Nodes(client, *others)
        self._key = key_for(secret, "cache")
        self._sealers: dict[str, Sealer] = {}  # by bucket
        self._rests: dict[str, float] = {}  # until when, by place
        self._unsent: dict[str, Entry | None] = {}  # what is to be kept under a name; None: nothing
        self._on_its_way: dict[str, Entry | None] = {}
        self._sending: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        """Whether the last call went through, at every place."""
        return all(clock.monotonic() >= until for until in self._rests.values())

    async def get(self, groups: Sequence[tuple[str, ...]]) -> list[list[Entry | None]]:
        """Of each group what is kept under its names.

        None stands where there is nothing, nothing that is current, or nothing that is ours.
        """
        asked = await self._by_place(name for names in groups for name in names)
        reads = (self._read(place, names) for place, names in asked.items())
        kept = {name: value for found in await _all(reads) for name, value in found.items()}
        entries = [[self._current(name, kept.get(name)) for name in names] for names in groups]
        self._count_answers(groups, entries, kept)
        return entries

    async def count(self, attempts: Sequence[Attempt]) -> list[dict[str, int]]:
        """Counts each attempt, and says how many there were before it: by the names of its windows.

        Without Redis nothing is counted, and nothing is said.
        """
        asked = {(attempt.mark, one.place): (attempt, one) for attempt in attempts for one in attempt.subjects}
        places = await self._by_place({place for _, place in asked})
        counts = [
            self._count(place, [asked[key] for key in asked if key[1] in names]) for place, names in places.items()
        ]
        told = {key: found for one in await asyncio.gather(*counts) for key, found in one.items()}
        counted: dict[bytes, dict[str, int]] = {attempt.mark: {} for attempt in attempts}
        for (mark, place), (_, subject) in asked.items():
            names = [window.name for window in subject.windows]
            counted[mark] |= dict(zip(names, told.get((mark, place), ()), strict=False))  # none are told without Redis
        return [counted[attempt.mark] for attempt in attempts]

    def keep(self, entries: Iterable[tuple[str, int, bytes]]) -> None:
        """`(name, version, text)` is written soon."""
        self._send({name: Entry(version, text) for name, version, text in entries})

    def forget(self, names: Iterable[str]) -> None:
        """What is kept under these names is of before, and is taken out soon."""
        self._send(dict.fromkeys(names))

    async def sent(self) -> None:
        """Ends when all of that was told, or Redis was away."""
        if self._sending is not None:
            await asyncio.wait([self._sending])

    async def ping(self) -> bool:
        """Whether Redis answers now, each node of it."""
        try:
            await self._nodes.known()
            answers = [self._nodes.client(place).ping() for place in self._nodes.places()]
            return all(await asyncio.gather(*answers))
        except FAILURES:
            return False

    async def close(self) -> None:
        """Closes the connections."""
        await self.sent()
        await self._nodes.close()

    @staticmethod
    def _count_answers(
        groups: Sequence[tuple[str, ...]], entries: list[list[Entry | None]], kept: Container[str]
    ) -> None:
        """Each name counts once: found, in this process or in Redis; else missing, or away where Redis said nothing."""
        answers = zip(chain.from_iterable(groups), chain.from_iterable(entries), strict=True)
        unknown = [name for name, entry in answers if entry is None]
        away = sum([name not in kept for name in unknown])
        _FOUND.inc(sum(map(len, groups)) - len(unknown))
        _MISSING.inc(len(unknown) - away)
        _AWAY.inc(away)

    async def _by_place(self, names: Iterable[str]) -> dict[str, list[str]]:
        """The names by the place that keeps them; of the places that are not resting."""
        places: dict[str, list[str]] = {}
        if self._is_resting(ALONE):
            return places
        try:
            if not self._nodes.are_known:
                async with InTime():
                    await self._nodes.known()
        except FAILURES:
            self._rest(ALONE)
            return places
        for name in names:
            places.setdefault(self._nodes.place(name), []).append(name)
        return {place: theirs for place, theirs in places.items() if place != NOWHERE and not self._is_resting(place)}

    async def _read(self, place: str, names: list[str]) -> dict[str, bytes | None]:
        """What a place keeps under names: one command for all, and name by name in one round trip in a cluster, which
        takes only names of one slot together."""
        if place == ALONE:
            values = await self._ask(place, lambda client: client.mget(names))
        else:

            async def each(client: redis.Redis) -> list[Any]:
                async with client.pipeline(transaction=False) as pipe:
                    for name in names:
                        pipe.get(name)
                    return await pipe.execute()

            values = await self._ask(place, each)
        return dict(zip(names, values, strict=True)) if values is not None else {}

    async def _count(self, place: str, asked: list[tuple[Attempt, Subject]]) -> dict[tuple[bytes, str], list[int]]:
        async def count(client: redis.Redis) -> list[Any]:
            async with client.pipeline(transaction=False) as pipe:
                for attempt, subject in asked:
                    starts = [attempt.at_ms - window.ms for window in subject.windows]
                    longest = subject.windows[-1].ms
                    pipe.eval(
                        COUNT, 1, subject.place, attempt.mark, attempt.at_ms, starts[-1], longest, ATTEMPTS_MAX, *starts
                    )
                return await pipe.execute()

        counts = await self._ask(place, count) or []
        return {(attempt.mark, one.place): found for (attempt, one), found in zip(asked, counts, strict=False)}

    def _send(self, entries: dict[str, Entry | None]) -> None:
        self._unsent |= entries
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._write())

    async def _write(self) -> None:
        """What comes within a moment goes together."""
        while self._unsent:
            await asyncio.sleep(GATHER_S)
            entries, self._unsent = self._unsent, {}
            self._on_its_way = entries
            places = await self._by_place(entries)
            parts = [(place, {name: entries[name] for name in names}) for place, names in places.items()]
            await _all(self._write_at(place, part) for place, part in parts)
            self._on_its_way = {}

    async def _write_at(self, place: str, entries: dict[str, Entry | None]) -> None:
        async def write(client: redis.Redis) -> list[Any]:
            gone = [name for name, entry in entries.items() if entry is None]
            async with client.pipeline(transaction=False) as pipe:
                for names in [gone] if place == ALONE and gone else [[name] for name in gone]:
                    pipe.unlink(*names)
                for name, entry in entries.items():
                    if entry is not None:
                        version = b"%d" % entry.version
                        sealed = self._sealer_of(name).seal(entry.text, _about(name, version))
                        pipe.set(name, b"%b:%b" % (version, sealed), ex=TTL_S)
                return await pipe.execute()

        await self._ask(place, write)

    async def _ask(self, place: str, ask: Callable[[redis.Redis], Awaitable[list[Any]]]) -> list[Any] | None:
        """What a place answers in time. None: it does not, and rests."""
        try:
            async with InTime():
                return await ask(self._nodes.client(place))
        except FAILURES as error:
            if place != ALONE or isinstance(error, MovedError | ClusterDownError):
                self._nodes.look_again()
            self._rest(place)
            return None

    def _current(self, name: str, value: bytes | None) -> Entry | None:
        """What is kept under a name, of which this process may know better than Redis."""
        for told in (self._unsent, self._on_its_way):
            if name in told:
                return told[name]
        return self._unseal(name, value)

    def _unseal(self, name: str, value: bytes | None) -> Entry | None:
        version, _, sealed = (value or b"").partition(b":")
        if not sealed:
            return None
        text = self._sealer_of(name).unseal(sealed, _about(name, version))
        if text is None:
            NOT_OURS.inc()
            return None
        return Entry(int(version), text)

    def _sealer_of(self, name: str) -> Sealer:
        """Each bucket has a key of its own, so that no key ever seals too many texts."""
        bucket = name[: name.index("}")]
        sealer = self._sealers.get(bucket)
        if sealer is None:
            key = blake2b(bucket.encode(), key=self._key, digest_size=KEY_BYTES).digest()
            sealer = self._sealers[bucket] = Sealer(key)
        return sealer

    def _rest(self, place: str) -> None:
        self._rests[place] = clock.monotonic() + REST_S

    def _is_resting(self, place: str) -> bool:
        return clock.monotonic() < self._rests.get(place, 0.0)


_FOUND, _MISSING, _AWAY = (CACHE.labels(answer) for answer in ("found", "missing", "away"))
