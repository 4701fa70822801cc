"""Orders in the database: what is bought through another provider's client, and what the client is told again."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Final, Generic, TypeVar

import asyncpg
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from service import ids
from service.data_key import DataKey, DataSecrets, Place
from service.db import Pool, load_queries
from service.errors import Code, Refused

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))

T = TypeVar("T", bound=Struct)
TRIES: Final = 5  # to change what others change at the same time


class Order(Struct, frozen=True):
    """A purchase through a facade, without what its client is told again."""

    bucket: int
    merchant_id: str
    facade: str
    reference: str  # by which the shop asks for it
    consumer_id: str
    key_id: str  # in whose name its consumer goes on
    made_at: datetime
    ends_at: datetime  # until when its consumer may agree
    offer_id: str | None = None  # None: none was taken
    agreed_at: datetime | None = None
    plan_id: str | None = None  # None: it has not become a plan
    version: int = 1

    @property
    def place(self) -> tuple[int, str, str, str]:
        """Its primary key."""
        return self.bucket, self.merchant_id, self.facade, self.reference


class Orders(Generic[T]):
    """The orders of one facade; `T` is what its client is told again."""

    def __init__(self, facade: str, told: type[T]) -> None:
        self.facade = facade
        self._read = msgspec.json.Decoder(told).decode

    async def put(self, pool: Pool, key: DataKey, order: Order, digest: bytes, told: T) -> None:
        """Keeps a new order; one that is kept already stays as it is."""
        await pool.execute(
            Q.insert_order, *order.place, order.consumer_id, order.key_id, digest, self._seal(key, order, told),
            order.made_at, order.ends_at,
        )  # fmt: skip
        await pool.execute(Q.begin_feed, order.merchant_id)

    async def find(
        self, pool: Pool, secrets: DataSecrets, bucket: int, merchant_id: str, reference: str
    ) -> tuple[Order, T] | None:
        """The order, and what its client is told; None: this merchant has none such. Refused: ERASED."""
        row = await pool.fetchrow(Q.load_order, bucket, merchant_id, self.facade, reference)
        return None if row is None else self._opened(secrets, row)

    async def page(
        self, pool: Pool, secrets: DataSecrets, merchant_id: str, before: str | None, limit: int
    ) -> list[tuple[Order, T]]:
        """The newest orders, before the one named; without those whose consumer was erased. Fewer than `limit` are the
        last."""
        rows = await pool.fetch(Q.list_orders, merchant_id, self.facade, before, limit)
        return [self._opened(secrets, row) for row in rows]

    async def times_ended(self, pool: Pool, merchant_id: str, digest: bytes, now: datetime) -> int:
        """How often the same request was made before and came to nothing in its time."""
        return int(await pool.fetchval(Q.count_ended, merchant_id, self.facade, digest, now))

    async def retell(self, pool: Pool, secrets: DataSecrets, order: Order, change: Callable[[T], T]) -> tuple[Order, T]:
        """Changes what the client is told. Refused: BUSY, where others do at the same time."""
        for _ in range(TRIES):
            row = await pool.fetchrow(Q.load_order, *order.place)
            assert row is not None
            found, told = self._opened(secrets, row)
            changed = change(told)
            if changed == told:
                return found, told
            key = secrets.unwrapped(found.consumer_id, row["wrapped"])
            sealed = self._seal(key, found, changed)
            if (version := await pool.fetchval(Q.retell, *order.place, found.version, sealed)) is not None:
                return replace(found, version=version), changed
        raise Refused(Code.BUSY, "Others change the same order; send the same request again.")

    def _seal(self, key: DataKey, order: Order, told: T) -> bytes:
        return key.seal(msgspec.json.encode(told), _place(order.reference))

    def _opened(self, secrets: DataSecrets, row: asyncpg.Record) -> tuple[Order, T]:
        if row["wrapped"] is None:
            raise Refused(Code.ERASED, "The consumer of this order was erased.", "/id")
        key = secrets.unwrapped(row["consumer_id"], row["wrapped"])
        order = Order(**{name: row[name] for name in Order.__struct_fields__})
        return order, self._read(key.unseal(row["told"], _place(order.reference)))


async def agree(pool: Pool, order: Order, offer_id: str, now: datetime) -> None:
    """The consumer has taken an offer; the first that is taken stays."""
    await pool.execute(Q.agree, *order.place, offer_id, now)


async def plan_states(pool: Pool, orders: Iterable[Order]) -> dict[str, str]:
    """In which states the plans of these orders are, by their ids."""
    plan_ids = [one.plan_id for one in orders if one.plan_id]
    buckets = [ids.bucket_of(one) for one in plan_ids]
    return {row["plan_id"]: row["state"] for row in await pool.fetch(Q.load_plan_states, buckets, plan_ids)}


async def set_plan(pool: Pool, order: Order, plan_id: str) -> None:
    """The order has become this plan."""
    await pool.execute(Q.set_plan, *order.place, plan_id)


def digest_of(*parts: bytes | str) -> bytes:
    """SHA-256 of the parts, none of which runs into the next."""
    hashed = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        hashed.update(b"%d:" % len(raw) + raw)
    return hashed.digest()


def _place(reference: str) -> Place:
    return Place("facade_orders", "told", reference)
