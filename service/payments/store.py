"""Payments in the database: what is read, and what is written with the locks it needs."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import Struct

from service import ids
from service.actor import ActorKind
from service.db import Connection, Pool, load_queries
from service.engine.events import TELL, Told
from service.event_type import EventType
from service.payments.charge import Charge, ChargeState, Origin, Reason
from service.payments.collection import Collection
from service.payments.instrument import GivenInstrument, Instrument, InstrumentKind
from service.plans.plan import Plan
from service.statement import ShardByShard, SmallInt, Statement

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))


class MovedCollection(Struct, frozen=True):
    """What a charge changes of how its plan is collected."""

    bucket: SmallInt
    plan_id: str
    is_stopped: bool
    for_due_on: date | None
    began_at: datetime | None
    tries: SmallInt
    retry_at: datetime | None


class MadeCharge(Struct, frozen=True):
    """A charge as it is written down, before its processor is called."""

    bucket: SmallInt
    charge_id: str
    plan_id: str
    merchant_id: str
    instrument_id: str
    processor_id: str
    currency: str
    amount: int
    origin: Origin
    made_at: datetime
    made_by: ActorKind
    ask_at: datetime


def moved_collection(plan_id: str, one: Collection) -> MovedCollection:
    """The row of a collection after a charge was made, or has ended."""
    bucket = ids.bucket_of(plan_id)
    return MovedCollection(bucket, plan_id, one.is_stopped, one.for_due_on, one.began_at, one.tries, one.retry_at)


class AskedLater(Struct, frozen=True):
    """When a charge is asked about again."""

    bucket: SmallInt
    charge_id: str
    ask_at: datetime


class EndedCharge(Struct, frozen=True):
    """What a charge came to."""

    bucket: SmallInt
    charge_id: str
    state: ChargeState
    reason: Reason | None
    payment_id: str | None
    received_on: date | None
    at: datetime
    may_come_from: str  # states, with blanks between them


class Asked(Struct, frozen=True):
    """A charge, and the plan it is of."""

    bucket: SmallInt
    plan_id: str
    charge_id: str


LOCK_COLLECTIONS: Final = Statement(Q.lock_collections, asked=Asked)
END_CHARGES: Final = Statement(Q.end_charges, ended=EndedCharge)
FIND_PAYMENTS: Final = Statement(Q.find_payments, asked=Asked)
MOVE_COLLECTIONS: Final = Statement(Q.move_collections, moved=MovedCollection)
INSERT_CHARGES: Final = Statement(Q.insert_charges, made=MadeCharge)
CLAIM_DUE: Final = ShardByShard(Q.claim_due)
CLAIM_UNANSWERED: Final = ShardByShard(Q.claim_unanswered)
ASK_LATER: Final = Statement(Q.ask_later, later=AskedLater)


# Instruments ----------------------------------------------------------------------------------------------------------


async def give(
    conn: Connection, consumer_id: str, merchant_id: str, processor_id: str, given: GivenInstrument, now: datetime
) -> Instrument | None:
    """Keeps what a consumer pays with; None: this merchant has no such consumer."""
    bucket = ids.bucket_of(consumer_id)
    row = await conn.fetchrow(
        Q.insert_instrument, bucket, consumer_id, ids.new_id(ids.INSTRUMENT, bucket, milliseconds(now)), merchant_id,
        processor_id, given.token, given.kind, given.last_four, given.expires_on, given.label, given.autopay, now,
    )  # fmt: skip
    return instrument_of(row) if row else None


async def load_instrument(conn: Connection | Pool, instrument_id: str) -> Instrument | None:
    """The instrument, removed or not; None if there is none."""
    if not ids.is_id(instrument_id, ids.INSTRUMENT):
        return None
    row = await conn.fetchrow(Q.load_instrument, ids.bucket_of(instrument_id), instrument_id)
    return instrument_of(row) if row else None


def instrument_of(row: asyncpg.Record) -> Instrument:
    """An instrument's row."""
    return Instrument(**{**row, "kind": InstrumentKind(row["kind"])})


# Charges --------------------------------------------------------------------------------------------------------------


async def lock_collection(conn: Connection, plan: Plan) -> Collection:
    """How the plan is collected, locked until the transaction ends; what others booked before is seen after this."""
    await conn.execute(Q.open_collection, plan.bucket, plan.plan_id, plan.offer.time_zone)
    row = await conn.fetchrow(Q.lock_collection, plan.bucket, plan.plan_id)
    assert row is not None
    return Collection(**row)


async def load_charges(conn: Connection | Pool, charge_ids: Sequence[str]) -> list[Charge]:
    """Charges by their ids."""
    buckets = [ids.bucket_of(charge_id) for charge_id in charge_ids]
    return [charge_of(row) for row in await conn.fetch(Q.load_charges, buckets, list(charge_ids))]


def charge_of(row: asyncpg.Record) -> Charge:
    """A charge's row."""
    known: dict[str, Any] = dict(row)
    known["origin"], known["state"] = Origin(row["origin"]), ChargeState(row["state"])
    known["reason"], known["made_by"] = row["reason"] and Reason(row["reason"]), ActorKind(row["made_by"])
    return Charge(**known)


async def insert_charges(conn: Connection, made: Sequence[MadeCharge]) -> list[MadeCharge]:
    """Writes charges down and tells of them: those whose plan has no other that is open."""
    rows = await INSERT_CHARGES.fetch(conn, made=made)
    written = {row["charge_id"] for row in rows}
    done = [one for one in made if one.charge_id in written]
    told = [
        told_of(
            one.plan_id, one.merchant_id, EventType.CHARGE_MADE, one.made_by, one.made_at,
            {"charge_id": one.charge_id, "amount": one.amount, "origin": one.origin},
        )
        for one in done
    ]  # fmt: skip
    await tell(conn, told)
    return done


# Events ---------------------------------------------------------------------------------------------------------------


def told_of(
    plan_id: str, merchant_id: str, type_: EventType, actor: ActorKind, now: datetime, data: dict[str, Any]
) -> Told:
    """An event about how a plan is collected."""
    bucket = ids.bucket_of(plan_id)
    event_id = ids.new_id(ids.EVENT, bucket, milliseconds(now))
    text = _encode({"plan_id": plan_id} | data).decode()
    return Told(bucket, event_id, merchant_id, type_, now, actor, text, plan_id=plan_id)


def told_of_instrument(one: Instrument, type_: EventType, actor: ActorKind, now: datetime) -> Told:
    """An event about what a consumer pays with."""
    event_id = ids.new_id(ids.EVENT, one.bucket, milliseconds(now))
    text = _encode({"consumer": one.consumer_id, "instrument_id": one.instrument_id}).decode()
    return Told(one.bucket, event_id, one.merchant_id, type_, now, actor, text, consumer_id=one.consumer_id)


async def tell(conn: Connection, told: Iterable[Told]) -> None:
    """Writes events down."""
    if rows := list(told):
        await TELL.execute(conn, told=rows)


def milliseconds(now: datetime) -> int:
    """Milliseconds of Unix time, for ids."""
    return int(now.timestamp() * 1000)


_encode: Final = msgspec.json.Encoder().encode
