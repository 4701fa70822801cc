"""Charges are written down: because somebody asks, or because an instalment fell due and its plan is paid by itself.

Whoever writes one down holds the plan's row in `collections`, and reads the plan after that: what an earlier charge has
booked, and what was paid by hand meanwhile, is not charged again.
"""

from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import asyncpg

from service import ids
from service.actor import THE_DAY, Actor
from service.db import Connection
from service.errors import Code, Refused
from service.event_type import EventType
from service.pace import Pace
from service.payments.charge import Origin, amount_to_charge, due_on, is_collected
from service.payments.collection import Collection, with_a_try
from service.payments.flow import Charging
from service.payments.instrument import Instrument
from service.payments.retry import ask_again
from service.payments.store import (
    CLAIM_DUE,
    MOVE_COLLECTIONS,
    MadeCharge,
    MovedCollection,
    Q,
    insert_charges,
    load_instrument,
    lock_collection,
    milliseconds,
    moved_collection,
    tell,
    told_of,
)
from service.plans.happening import today_of
from service.plans.plan import Plan
from service.plans.reading_store import load_plans

FOUND_AT_ONCE: Final = 10_000
PLANS_AT_ONCE: Final = 64  # of one transaction; what they pay is one batch of the lane

Place = tuple[int, str]  # a plan: those after it are looked at next
FIRST: Final[Place] = (-1, "")


class When(NamedTuple):
    """An instant, in real time and in the merchant's."""

    really: datetime
    theirs: datetime


async def plan_for(conn: Connection, plan_id: str, merchant_id: str | None) -> Plan:
    """The plan, of this merchant if one is named. Refused: NOT_FOUND."""
    plans = await load_plans(conn, [plan_id], merchant_id) if ids.is_id(plan_id, ids.PLAN) else []
    if not plans:
        raise Refused(Code.NOT_FOUND, f"There is no plan {plan_id[:100]!r}.", "/id")
    return plans[0]


async def usable_instrument(conn: Connection, instrument_id: str, consumer_id: str) -> Instrument:
    """The consumer's instrument, if it may be charged. Refused: NO_INSTRUMENT."""
    found = await load_instrument(conn, instrument_id)
    if found is None or found.consumer_id != consumer_id:
        sentence = f"The consumer has no instrument {instrument_id[:100]!r}."
        raise Refused(Code.NO_INSTRUMENT, sentence, "/instrument_id")
    if found.removed_at is not None:
        raise Refused(Code.NO_INSTRUMENT, "This instrument was removed.", "/instrument_id")
    if not await conn.fetchval(Q.is_processor_in_use, found.processor_id):
        raise Refused(Code.NO_INSTRUMENT, "The processor of this instrument is retired.", "/instrument_id")
    return found


async def name_instrument(conn: Connection, plan: Plan, instrument_id: str, actor: Actor, now: datetime) -> None:
    """The plan is paid with this instrument from now on; what is due is tried at once. Refused: NO_INSTRUMENT."""
    before = await lock_collection(conn, plan)
    await usable_instrument(conn, instrument_id, plan.consumer_id)
    if before.instrument_id == instrument_id and not before.is_stopped:
        return
    await conn.execute(Q.name_instrument, plan.bucket, plan.plan_id, instrument_id, now)
    data = {"instrument_id": instrument_id}
    await tell(conn, [told_of(plan.plan_id, plan.merchant_id, EventType.INSTRUMENT_NAMED, actor.kind, now, data)])


async def request_charge(
    conn: Connection, plan: Plan, amount: int | None, instrument_id: str | None, actor: Actor, when: When
) -> str:
    """Writes a charge down that somebody asks for: `amount`, or all that is due; its id.

    Refused: CHARGE_UNDER_WAY, NO_INSTRUMENT, STATE_FORBIDS, NOTHING_DUE, AMOUNT_EXCEEDS_OUTSTANDING.
    """
    collection = await lock_collection(conn, plan)
    plan = await plan_for(conn, plan.plan_id, None)  # as it stands now that the row is held
    if open_id := await conn.fetchval(Q.open_charge, plan.bucket, plan.plan_id):
        raise Refused(Code.CHARGE_UNDER_WAY, f"The charge {open_id} of this plan is not answered yet.")
    amount = amount_to_charge(plan, amount, today_of(plan, when.theirs))
    named = instrument_id or collection.instrument_id
    if named is None:
        sentence = "The plan has no instrument; name one of the consumer's."
        raise Refused(Code.NO_INSTRUMENT, sentence, "/instrument_id")
    instrument = await usable_instrument(conn, named, plan.consumer_id)
    made = _made(plan, amount, instrument.instrument_id, instrument.processor_id, Origin.REQUESTED, actor, when)
    written = await insert_charges(conn, [made])
    assert written, "another charge was written down beside the row that is held"
    return made.charge_id


async def collect_due(charging: Charging, now: datetime) -> int:
    """Charges everything that fell due, or may be tried again, by `now`; how many charges that made.

    In batches, each its own transaction. Cut short, what was written down is asked about, the rest is found again.
    """
    latest = (now + timedelta(days=1)).date()  # in some time zone it is tomorrow
    return await _collect(charging, Q.find_due, latest, When(now, now))


async def collect_due_of(charging: Charging, merchant_id: str, now: datetime) -> int:
    """The same for the plans of a test merchant, at its time."""
    when = When(now, charging.time_at(merchant_id, now))
    return await _collect(charging, Q.find_due_of_merchant, merchant_id, when)


async def _collect(charging: Charging, find: str, which: date | str, when: When) -> int:
    made, last, pace = 0, FIRST, Pace()
    while due := await charging.pool.fetch(find, when.theirs, which, *last, FOUND_AT_ONCE):
        for first in range(0, len(due), PLANS_AT_ONCE):
            batch = due[first : first + PLANS_AT_ONCE]
            buckets, plan_ids = [row["bucket"] for row in batch], [row["plan_id"] for row in batch]
            charge_ids = await _make_due(charging, when, buckets, plan_ids)
            await charging.pull(charge_ids, when.really)
            made += len(charge_ids)
            await pace.rest()
        last = (due[-1]["bucket"], due[-1]["plan_id"])
    return made


async def _make_due(charging: Charging, when: When, buckets: list[int], plan_ids: list[str]) -> list[str]:
    """Writes the charges of some plans down, in one transaction; their ids."""
    async with charging.pool.acquire() as conn, conn.transaction():
        rows = await CLAIM_DUE.fetch(conn, when.theirs, buckets, plan_ids, buckets=buckets)
        if not rows:
            return []
        plans = {plan.plan_id: plan for plan in await load_plans(conn, [row["plan_id"] for row in rows])}
        made: list[MadeCharge] = []
        moved: list[MovedCollection] = []
        for row in rows:
            plan = plans[row["plan_id"]]
            one, following = _try(row, plan, When(when.really, charging.time_at(plan.merchant_id, when.really)))
            made += [one] if one else []
            moved.append(moved_collection(row["plan_id"], following))
        written = await insert_charges(conn, made)
        await MOVE_COLLECTIONS.execute(conn, moved=moved)
        return [one.charge_id for one in written]


def _try(row: asyncpg.Record, plan: Plan, when: When) -> tuple[MadeCharge | None, Collection]:
    """The charge for what is due on a plan, and how far its tries have come; none where collection has ended."""
    before = Collection(
        row["instrument_id"], row["is_stopped"], row["for_due_on"], row["began_at"], row["tries"], row["retry_at"]
    )
    today = today_of(plan, when.theirs)
    amount, last = due_on(plan, today)
    following = with_a_try(before, last or today, when.theirs)
    if not amount or not is_collected(plan):
        return None, following
    return _made(plan, amount, row["instrument_id"], row["processor_id"], Origin.AUTOPAY, THE_DAY, when), following


def _made(
    plan: Plan, amount: int, instrument_id: str, processor_id: str, origin: Origin, actor: Actor, when: When
) -> MadeCharge:
    return MadeCharge(
        plan.bucket, ids.new_id(ids.CHARGE, plan.bucket, milliseconds(when.really)), plan.plan_id, plan.merchant_id,
        instrument_id, processor_id, plan.currency, amount, origin, when.theirs, actor.kind, ask_again(0, when.really),
    )  # fmt: skip
