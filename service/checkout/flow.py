"""Reading snapshots: many checkouts share one round trip to Redis, and one query for what Redis does not know."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import asyncpg
import msgspec

from service import ids
from service.checkout.cache import Cache, account_name, consumer_name
from service.checkout.snapshot import Attribute, Snapshot
from service.db import Connection, Pool, columns, load_queries
from service.inbox import Together
from service.limits.account import Account
from service.limits.flow import Who
from service.outside.source import SourceRead
from service.plans.plan import business_day

Q = load_queries(Path(__file__).with_name("queries.sql"))


class Known(NamedTuple):
    """A snapshot, whose consumer it is, and whether it is as fresh as the database."""

    snapshot: Snapshot
    merchant_id: str
    is_fresh: bool

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


class _Consumer(msgspec.Struct):
    merchant_id: str
    attributes: dict[str, Attribute]


class Snapshots:
    """`read` for the hot path, from Redis if it knows; `read_fresh` from the database, before a no is said."""

    def __init__(self, pool: Pool, cache: Cache) -> None:
        self._pool = pool
        self._cache = cache
        self._together = Together(self._read)

    async def read(self, who: Who) -> Known | None:
        """What is known of this consumer, at most as old as Redis; None if there is no such consumer. Refused: BUSY."""
        return await self._together.ask(who)

    async def read_fresh(self, who: Who) -> Known | None:
        """The same, from the database."""
        return (await self._load([who])).get(who)

    async def accounts_changed(self, accounts: Sequence[Account]) -> None:
        """Tells the cache after a commit, before the callers are answered."""
        await self._cache.put([(account_name(a.consumer_id, a.currency), a.version, b"") for a in accounts])

    async def consumer_changed(self, consumer_id: str, version: int) -> None:
        """Tells the cache that attributes changed."""
        await self._cache.put([(consumer_name(consumer_id), version, b"")])

    async def close(self) -> None:
        """Stops reading."""
        await self._together.close()

    async def _read(self, wanted: list[Who]) -> list[Known | None]:
        kept = await self._cache.get([(consumer_name(who.consumer_id), account_name(*who)) for who in wanted])
        known: dict[Who, Known] = {}
        for who, (consumer, account) in zip(wanted, kept, strict=True):
            if consumer is not None and account is not None:
                known[who] = _known(_decode_consumer(consumer), _decode_facts(account))
        missing = [who for who in wanted if who not in known]
        if missing:
            known |= await self._load(missing)
        return [known.get(who) for who in wanted]

    async def _load(self, wanted: list[Who]) -> dict[Who, Known]:
        known: dict[Who, Known] = {}
        entries: list[tuple[str, int, bytes]] = []
        for row in await _rows(self._pool, wanted):
            who, consumer, facts = _read_row(row)
            entries.append((consumer_name(who.consumer_id), row["consumer_version"], _encode(consumer)))
            entries.append((account_name(*who), row["account_version"], _encode(facts)))
            known[who] = _known(consumer, facts, is_fresh=True)
        await self._cache.put(entries)
        return known


async def load_known(conn: Connection, wanted: Collection[Who]) -> dict[Who, Known]:
    """What the database knows of these consumers, as it stands in this transaction; the cache is not asked."""
    rows = [_read_row(row) for row in await _rows(conn, wanted)]
    return {who: _known(consumer, facts, is_fresh=True) for who, consumer, facts in rows}


async def _rows(conn: Connection | Pool, wanted: Collection[Who]) -> list[asyncpg.Record]:
    keys = sorted({(ids.bucket_of(who.consumer_id), *who) for who in wanted})
    return await conn.fetch(Q.load_snapshots, *columns(keys))


def _read_row(row: asyncpg.Record) -> tuple[Who, _Consumer, Snapshot]:
    first_plan_at = row["first_plan_at"]
    facts = Snapshot(
        consumer_id=row["consumer_id"],
        limit=row["limit"],
        reserved=row["reserved"],
        used=row["used"],
        open_plans=row["open_plans"],
        paid_off_plans=row["paid_off_plans"],
        next_due_on=row["next_due_on"],
        first_plan_on=business_day(first_plan_at, row["time_zone"]) if first_plan_at else None,
        clean_deposits=row["clean_deposits"],
    )
    consumer = _Consumer(row["merchant_id"], _decode_attributes(row["attributes"]))
    return Who(row["consumer_id"], row["currency"]), consumer, facts


def _known(consumer: _Consumer, facts: Snapshot, *, is_fresh: bool = False) -> Known:
    snapshot = msgspec.structs.replace(facts, attributes=consumer.attributes)
    return Known(snapshot, consumer.merchant_id, is_fresh)


_encode = msgspec.json.Encoder().encode
_decode_consumer = msgspec.json.Decoder(_Consumer).decode
_decode_facts = msgspec.json.Decoder(Snapshot).decode
_decode_attributes = msgspec.json.Decoder(dict[str, Attribute]).decode
