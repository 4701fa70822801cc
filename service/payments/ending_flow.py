"""The ends of charges, many in one transaction: what each came to, what follows for the next try, and its event."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from msgspec import Struct

from service.actor import ActorKind
from service.db import Connection, Pool
from service.engine.events import Told
from service.event_type import EventType
from service.payments.charge import Charge, ChargeState, Reason
from service.payments.collection import Collection, after_charge
from service.payments.store import (
    END_CHARGES,
    LOCK_COLLECTIONS,
    MOVE_COLLECTIONS,
    EndedCharge,
    moved_collection,
    tell,
    told_of,
)
from service.plans.reading_store import read_offer

# From where a charge may go to an end. Money that came is never refused, not even after a decline.
FROM: Final[dict[ChargeState, tuple[ChargeState, ...]]] = {
    ChargeState.SUCCEEDED: (ChargeState.PENDING, ChargeState.DECLINED),
    ChargeState.DECLINED: (ChargeState.PENDING,),
    ChargeState.RETURNED: (ChargeState.PENDING, ChargeState.SUCCEEDED, ChargeState.DECLINED),
}

TOLD: Final[dict[ChargeState, EventType]] = {
    ChargeState.SUCCEEDED: EventType.CHARGE_SUCCEEDED,
    ChargeState.DECLINED: EventType.CHARGE_DECLINED,
    ChargeState.RETURNED: EventType.CHARGE_RETURNED,
}


class End(Struct, frozen=True):
    """What a charge came to, and when, in its merchant's time."""

    charge: Charge
    state: ChargeState
    reason: Reason | None
    payment_id: str | None
    received_on: date | None
    at: datetime


async def end_charges(pool: Pool, ends: Sequence[End]) -> None:
    """Each end together with what follows from it, and once: an end that a charge may not come to changes nothing."""
    async with pool.acquire() as conn, conn.transaction():
        waiting = list(ends)
        while waiting:  # one of each plan at a time, as they came
            first = {end.charge.plan_id: end for end in reversed(waiting)}
            await _end(conn, first)
            waiting = [end for end in waiting if first[end.charge.plan_id] is not end]


async def _end(conn: Connection, ends: dict[str, End]) -> None:
    rows = await LOCK_COLLECTIONS.fetch(conn, asked=[end.charge for end in ends.values()])
    assert len(rows) == len(ends), "a charge was made without its plan's row"
    before = {plan_id: (Collection(*known), read_offer(offer).servicing.retry) for plan_id, *known, offer in rows}
    ended = {row["charge_id"] for row in await END_CHARGES.fetch(conn, ended=list(map(_row, ends.values())))}
    done = [end for end in ends.values() if end.charge.charge_id in ended]
    after = [after_charge(*before[end.charge.plan_id], end.charge, end.state, end.reason, end.at) for end in done]
    moved = [moved_collection(end.charge.plan_id, one) for end, one in zip(done, after, strict=True)]
    if moved:
        await MOVE_COLLECTIONS.execute(conn, moved=moved)
        await tell(conn, map(_told, done, after))


def _row(end: End) -> EndedCharge:
    charge = end.charge
    return EndedCharge(
        charge.bucket, charge.charge_id, end.state, end.reason, end.payment_id, end.received_on, end.at,
        " ".join(FROM[end.state]),
    )  # fmt: skip


def _told(end: End, after: Collection) -> Told:
    charge = end.charge
    data: dict[str, Any] = {"charge_id": charge.charge_id, "amount": charge.amount}
    if end.payment_id is not None:
        data |= {"payment_id": end.payment_id}
    if end.reason is not None:
        data |= {"reason": end.reason, "retry_at": after.retry_at, "is_stopped": after.is_stopped}
    return told_of(charge.plan_id, charge.merchant_id, TOLD[end.state], ActorKind.PROCESSOR, end.at, data)
