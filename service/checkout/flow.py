"""Reading snapshots: of who was here a moment ago, from memory; else many checkouts share one round trip to Redis, and
one query for what Redis does not know.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final, NamedTuple

import asyncpg
import msgspec

from service import ids
from service.checkout.cache import Cache, account_name, consumer_name
from service.checkout.near_cache import Kept, Near
from service.checkout.persona import Persona
from service.checkout.snapshot import Snapshot
from service.clusters import is_cluster
from service.data_key import DataKey, DataSecrets
from service.db import Connection, Pool, columns, load_queries
from service.inbox import Together
from service.insurance.supply import SupplyTerms
from service.limits.account import Account
from service.outside.source import SourceRead
from service.people.consumer import Attribute, unseal_attributes
from service.people.person import person_of
from service.plans.past_flow import LONG, Pasts
from service.plans.plan import business_day
from service.subsidies.offered import SchemeNow

Q = load_queries(Path(__file__).with_name("queries.sql"))


PERSONS_MAX: Final = 16_384  # of whom a process remembers that they are another merchant's consumer, too


class Who(NamedTuple):
    """Which consumer buys, in which currency."""

    consumer_id: str
    currency: str


class Versions(NamedTuple):
    """Of the rows that facts were read from; 0 of an account that is not there."""

    consumer: int
    account: int


class Known(NamedTuple):
    """A snapshot, whose consumer it is, which person, and the key to seal it with."""

    snapshot: Snapshot
    merchant_id: str
    person_id: str
    key: DataKey  # of what is personal of this consumer
    kept: Versions | None = None  # what it is of, as it is remembered; None: read from the database

    @property
    def is_fresh(self) -> bool:
        """Whether it was read from the database."""
        return self.kept is None

    def counted(self, counters: dict[str, int]) -> "Known":
        """The same with the attempts that were counted."""
        if not counters:
            return self
        return self._replace(snapshot=msgspec.structs.replace(self.snapshot, counters=counters))

    def heard(self, outside: dict[str, SourceRead]) -> "Known":
        """The same with what outside sources said."""
        if not outside:
            return self
        return self._replace(snapshot=msgspec.structs.replace(self.snapshot, outside=outside))

    def borne(self, schemes: tuple[SchemeNow, ...]) -> "Known":
        """The same with the schemes that could bear interest."""
        if not schemes:
            return self
        return self._replace(snapshot=msgspec.structs.replace(self.snapshot, schemes=schemes))


class _Consumer(msgspec.Struct, omit_defaults=True):
    person_id: str
    merchant_id: str
    time_zone: str  # the merchant's
    attributes: dict[str, Attribute]
    wrapped: bytes  # the key of what is personal of this consumer
    persona: Persona | None = None
    is_paused: bool = False
    insured: tuple[SupplyTerms, ...] = ()


class _History(msgspec.Struct):
    """A person's account in one currency and their plans in it, at all merchants."""

    limit: int | None
    reserved: int
    used: int
    open_plans: int
    paid_off_plans: int
    next_due_on: date | None
    first_plan_at: datetime | None
    clean_deposits: int


class Snapshots:
    """`read` for the hot path, of what is remembered; `read_fresh` from the database, before a no is said."""

    def __init__(self, pool: Pool, cache: Cache, secrets: DataSecrets) -> None:
        self._pool = pool
        self._secrets = secrets
        self._cache = cache
        self.near = Near()
        self._together = Together(self._read)
        self._pasts = Pasts(pool)
        self._persons: dict[str, str] = {}  # by consumer, where the person is not the one that its registration made

    async def read(self, who: Who) -> Known | None:
        """What is known of this consumer, perhaps of before; None if there is no such consumer. Refused: BUSY."""
        return self._read_near(who) or await self._together.ask(who)

    async def read_fresh(self, who: Who) -> Known | None:
        """The same, from the database."""
        return (await self._load([who])).get(who)

    async def accounts_changed(self, accounts: Sequence[Account]) -> None:
        """What was remembered of them is of before."""
        self._forget([account_name(one.person_id, one.currency) for one in accounts])

    async def consumer_changed(self, consumer_id: str) -> None:
        """Nor are its attributes what they were."""
        self._forget([consumer_name(consumer_id)])

    async def close(self) -> None:
        """Stops reading."""
        await self._together.close()
        await self._pasts.close()

    def _forget(self, names: list[str]) -> None:
        self.near.forget(names)
        self._cache.forget(names)

    def _read_near(self, who: Who) -> Known | None:
        consumer: Kept[_Consumer] | None = self.near.get(consumer_name(who.consumer_id))
        if consumer is None:
            return None
        account: Kept[_History] | None = self.near.get(account_name(consumer.facts.person_id, who.currency))
        if account is None:
            return None
        versions = Versions(consumer.version, account.version)
        return _known(self._secrets, who, consumer.facts, account.facts, versions)

    async def _read(self, wanted: list[Who]) -> list[Known | None]:
        persons = self._persons
        known = await self._read_kept({one: persons.get(one[0]) or person_of(one[0]) for one in wanted})
        missing = [who for who in wanted if who not in known]
        if missing:
            known |= await self._load(missing)
        return [known.get(who) for who in wanted]

    async def _read_kept(self, persons: dict[Who, str]) -> dict[Who, Known]:
        """What Redis knows. Whose account to ask for, only the consumer's entry says: where another person than thought
        is behind a consumer, it is asked again, and thought of the next time."""
        kept = await self._cache.get([_names(who, person) for who, person in persons.items()])
        known: dict[Who, Known] = {}
        others: dict[Who, str] = {}
        for (who, person), (entry, account) in zip(persons.items(), kept, strict=True):
            if entry is None:
                continue
            consumer = _decode_consumer(entry.text)
            if consumer.person_id != person:
                others[who] = self._persons[who.consumer_id] = consumer.person_id
            elif account is not None:
                versions = Versions(entry.version, account.version)
                history = _decode_history(account.text)
                self.near.keep(consumer_name(who.consumer_id), entry.version, consumer)
                self.near.keep(account_name(person, who.currency), account.version, history)
                known[who] = _known(self._secrets, who, consumer, history, versions)
        while len(self._persons) > PERSONS_MAX:
            del self._persons[next(iter(self._persons))]
        return known | await self._read_kept(others) if others else known

    async def _load(self, wanted: list[Who]) -> dict[Who, Known]:
        known: dict[Who, Known] = {}
        entries: list[tuple[str, int, bytes]] = []
        for row in await _rows(self._pool, wanted):
            who, consumer, history = _read_row(self._secrets, row)
            for name, version, facts in (
                (consumer_name(who.consumer_id), row["consumer_version"], consumer),
                (account_name(consumer.person_id, who.currency), row["account_version"], history),
            ):
                self.near.keep(name, version, facts)
                entries.append((name, version, _encode(facts)))
            known[who] = _known(self._secrets, who, consumer, history)
            if row["over_plans"] > LONG:
                self._pasts.count(ids.bucket_of(who.consumer_id), consumer.person_id, who.currency)
        self._cache.keep(entries)
        return known


async def load_known(conn: Connection | Pool, secrets: DataSecrets, wanted: Collection[Who]) -> dict[Who, Known]:
    """What the database knows of these consumers, as it stands in this transaction; the cache is not asked."""
    rows = [_read_row(secrets, row) for row in await _rows(conn, wanted)]
    return {who: _known(secrets, who, consumer, history) for who, consumer, history in rows}


async def _rows(conn: Connection | Pool, wanted: Collection[Who]) -> list[asyncpg.Record]:
    keys = sorted({(ids.bucket_of(who.consumer_id), *who) for who in wanted})
    if isinstance(conn, asyncpg.Pool):
        async with conn.acquire() as one:
            return await _rows(one, wanted)
    return await conn.fetch(Q.load_snapshots_step_by_step if is_cluster(conn) else Q.load_snapshots, *columns(keys))


def _read_row(secrets: DataSecrets, row: asyncpg.Record) -> tuple[Who, _Consumer, _History]:
    history = _History(**{name: row[name] for name in _History.__struct_fields__})
    persona = Persona(row["persona"]) if row["persona"] else None
    attributes = unseal_attributes(secrets.unwrapped(row["consumer_id"], row["wrapped"]), row["attributes"])
    consumer = _Consumer(
        row["person_id"], row["merchant_id"], row["time_zone"], attributes, row["wrapped"], persona, row["is_paused"],
        _decode_insured(row["insured"]) if row["insured"] else (),
    )  # fmt: skip
    return Who(row["consumer_id"], row["currency"]), consumer, history


def _known(
    secrets: DataSecrets, who: Who, consumer: _Consumer, history: _History, kept: Versions | None = None
) -> Known:
    first_plan_at = history.first_plan_at
    snapshot = Snapshot(
        consumer_id=who.consumer_id,
        attributes=consumer.attributes,
        persona=consumer.persona,
        is_paused=consumer.is_paused,
        insured=consumer.insured,
        limit=history.limit,
        reserved=history.reserved,
        used=history.used,
        open_plans=history.open_plans,
        paid_off_plans=history.paid_off_plans,
        next_due_on=history.next_due_on,
        first_plan_on=business_day(first_plan_at, consumer.time_zone) if first_plan_at else None,
        clean_deposits=history.clean_deposits,
    )
    key = secrets.unwrapped(who.consumer_id, consumer.wrapped)
    return Known(snapshot, consumer.merchant_id, consumer.person_id, key, kept)


def _names(who: Who, person_id: str) -> tuple[str, str]:
    return consumer_name(who.consumer_id), account_name(person_id, who.currency)


_encode = msgspec.json.Encoder().encode
_decode_consumer = msgspec.json.Decoder(_Consumer).decode
_decode_insured = msgspec.json.Decoder(tuple[SupplyTerms, ...]).decode
_decode_history = msgspec.json.Decoder(_History).decode
