"""Participations that change hands, in the database: asked for, cancelled, listed, and carried out by the day close.

Each is carried out in a transaction of its own, under the lock that every command on its plan takes; run again, there
is nothing left to do. One that cannot be carried out stops no other.
"""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import Struct

from service import ids
from service.db import Connection, Pool, load_queries
from service.engine.faults import LOST, PASSING
from service.errors import Code, Refused
from service.ledger.store import BOOK, BookedTransfer
from service.partners import shares
from service.partners.event import PartnerEvent
from service.partners.events_store import TELL_PARTNERS, tell_partner
from service.partners.funding import Owner
from service.partners.layouts import TxnType
from service.partners.ownership import TYPES, Transfer, TransferKind, TransferReason, TransferStatus, data_of
from service.partners.telling_flow import Teller, told_to_partner
from service.plans import locking_store
from service.plans.bookkeeping import booked
from service.plans.ownership import changed_hands, held_by, with_our_part
from service.plans.partner_events import programme_of
from service.plans.plan import Plan, business_day
from service.plans.reading_store import load_facts, load_plans
from service.plans.running.versions import in_order, standing_after
from service.statement import together

Q: Final = load_queries(Path(__file__).with_name("ownership.sql"))

_BOOK_AND_TELL: Final = together(BOOK, partners_told=TELL_PARTNERS)


class Asked(Struct, frozen=True):
    """A participation that is to change hands. Of `seller_id` and `buyer_id` an empty one is us."""

    plan_id: str
    kind: TransferKind
    seller_id: str
    buyer_id: str
    programme_id: str | None
    price_ratio: Decimal
    with_interest: bool
    settlement_on: date


async def ask_for(conn: Connection, asked: Asked, by: str, now: datetime) -> Transfer:
    """Writes it down; it is carried out when its day is closed. Refused: NOT_FOUND, INVALID_FIELD, STATE_FORBIDS."""
    await require_possible(conn, asked, now)
    bucket = ids.bucket_of(asked.plan_id)
    transfer_id = ids.new_id(ids.OWNERSHIP_TRANSFER, bucket, int(now.timestamp() * 1000))
    try:
        row = await conn.fetchrow(
            Q.insert_transfer, transfer_id, asked.kind, asked.seller_id, asked.buyer_id, asked.programme_id,
            str(asked.price_ratio), asked.with_interest, asked.settlement_on, by, now, bucket, asked.plan_id,
        )  # fmt: skip
    except asyncpg.UniqueViolationError:
        sentence = "What this seller has of the plan is to change hands already; that may be cancelled."
        raise Refused(Code.STATE_FORBIDS, sentence, "/seller_id") from None
    assert row is not None
    return await _tell(conn, _transfer(row), Teller.OPERATOR, now)


async def require_possible(conn: Connection, asked: Asked, now: datetime) -> None:
    """That the seller has, or will have, a part of the plan, and the buyer may have it. Refused: as `ask_for`."""
    plans = await load_plans(conn, [asked.plan_id])
    if not plans:
        raise Refused(Code.NOT_FOUND, f"There is no plan {asked.plan_id[:100]!r}.", "/plan_id")
    (plan,) = plans
    today = business_day(now, plan.funding.time_zone or plan.offer.time_zone)
    if asked.settlement_on < today:
        raise Refused(Code.INVALID_FIELD, f"{asked.settlement_on} has ended: it is {today}.", "/settlement_on")
    if asked.seller_id == asked.buyer_id:
        raise Refused(Code.INVALID_FIELD, "Nobody sells to themselves.", "/buyer_id")
    if asked.buyer_id:
        await _require_buyer(conn, asked, plan.currency)
    elif asked.programme_id is not None:
        raise Refused(Code.INVALID_FIELD, "What is ours is under no programme.", "/programme_id")
    funding = with_our_part(plan.funding) if not asked.seller_id else plan.funding
    pending = await conn.fetch(Q.pending_of_plan, asked.plan_id)
    before = [one["settlement_on"] for one in pending if one["buyer_id"] == asked.seller_id]
    if held_by(funding, asked.seller_id) is None and not before:
        raise Refused(Code.STATE_FORBIDS, "The seller has no part of this plan.", "/seller_id")
    if before and asked.settlement_on < before[0]:
        sentence = f"The seller has it from {before[0]} on, at the earliest."
        raise Refused(Code.INVALID_FIELD, sentence, "/settlement_on")


async def _require_buyer(conn: Connection, asked: Asked, currency: str) -> None:
    buyer = await conn.fetchrow(Q.buyer, asked.programme_id, asked.buyer_id)
    match _obstacle(buyer):
        case TransferReason.BUYER_LEFT:
            raise Refused(Code.INVALID_FIELD, "The buyer takes no part in that programme.", "/programme_id")
        case TransferReason.BUYER_SUSPENDED:
            raise Refused(Code.STATE_FORBIDS, "The buyer is suspended: no plan becomes its.", "/buyer_id")
    assert buyer is not None, "or it takes no part"
    if buyer["currency"] != currency:
        sentence = f"The plan is in {currency}, and that programme in {buyer['currency']}."
        raise Refused(Code.INVALID_FIELD, sentence, "/programme_id")


def _obstacle(buyer: asyncpg.Record | None) -> TransferReason | None:
    """Why a partner cannot have a plan under a programme, as both are now; None: it can."""
    if buyer is None or not buyer["takes_part"]:
        return TransferReason.BUYER_LEFT
    return None if buyer["active"] else TransferReason.BUYER_SUSPENDED


async def cancel(conn: Connection, transfer_id: str, now: datetime) -> Transfer:
    """It does not change hands. Refused: NOT_FOUND; STATE_FORBIDS (it is not pending any more)."""
    row = await conn.fetchrow(Q.cancel_transfer, transfer_id, now)
    if row is None:
        found = await conn.fetchrow(Q.transfer, transfer_id)
        if found is None:
            raise Refused(Code.NOT_FOUND, f"There is no transfer {transfer_id[:100]!r}.", "/transfer_id")
        raise Refused(Code.STATE_FORBIDS, f"It is {found['status']}.", "/transfer_id")
    return await _tell(conn, _transfer(row), Teller.OPERATOR, now)


async def _tell(conn: Connection, transfer: Transfer, by: Teller, now: datetime) -> Transfer:
    """Tell the partners that sell and buy where it stands; it is given back as it is."""
    for partner_id in sorted({transfer.seller_id, transfer.buyer_id} - {""}):  # in an order that is everybody's
        told = told_to_partner(TYPES[transfer.status], partner_id, by, data_of(transfer), now)
        await tell_partner(conn, partner_id, [told])
    return transfer


async def read_transfers(pool: Pool, partner_id: str | None, after: str, limit: int) -> list[Transfer]:
    """The oldest first: those of a partner that sells or buys; of everybody where none is named."""
    return [_transfer(row) for row in await pool.fetch(Q.transfers, partner_id, after, limit)]


async def carry_out_due(pool: Pool, now: datetime) -> int:
    """What changes hands at the close of a day that has ended; how many did, or were declined or cancelled."""
    due = [(row["transfer_id"], row["plan_id"]) for row in await pool.fetch(Q.due, now)]
    async with pool.acquire() as conn, conn.transaction():
        cancelled = await conn.fetch(Q.cancel_same_day, [transfer_id for transfer_id, _ in due], now)
        for transfer in sorted(map(_transfer, cancelled), key=lambda one: one.transfer_id):
            await _tell(conn, transfer, Teller.DAY, now)
    ended, broken = 0, list[Exception]()
    for transfer_id, plan_id in due:
        try:
            ended += await _close(pool, transfer_id, plan_id, now)
        except (*LOST, *PASSING):
            raise
        except Exception as error:  # raised when all others have been carried out
            broken.append(error)
    if broken:
        raise ExceptionGroup(f"{len(broken)} of {len(due)} transfers could not be carried out", broken)
    return ended


async def _close(pool: Pool, transfer_id: str, plan_id: str, now: datetime) -> bool:
    """Carry one out; False: somebody else has."""
    async with pool.acquire() as conn, conn.transaction():
        await locking_store.lock(conn, [], [plan_id])  # as every command on the plan does first
        row = await conn.fetchrow(Q.lock_transfer, ids.bucket_of(plan_id), transfer_id)
        if row is not None:
            await _carry_out(conn, _transfer(row), now)
    return row is not None


async def _carry_out(conn: Connection, transfer: Transfer, now: datetime) -> None:
    (plan,) = await load_plans(conn, [transfer.plan_id])
    after = await _after(conn, plan, transfer)
    if isinstance(after, TransferReason):
        ended = await conn.fetchrow(
            Q.end_transfer, transfer.transfer_id, TransferStatus.DECLINED, after, None, None, None, now
        )  # fmt: skip
        assert ended is not None
        await _tell(conn, _transfer(ended), Teller.DAY, now)
        return
    owner = next(
        one for part in after.funding.participations for one in part.owners if one.transfer_id == transfer.transfer_id
    )
    funding = msgspec.json.encode(after.funding).decode()
    counted = await conn.fetchval(Q.keep_funding, plan.bucket, plan.plan_id, funding)
    await _BOOK_AND_TELL.execute(
        conn, booked=_booked(plan, after, transfer, now), partnered=list(_told(plan, after, owner, now))
    )
    await _move_settled(conn, after, owner, counted)
    if transfer.kind is TransferKind.BUY_BACK:
        await conn.execute(
            Q.end_bought_back, plan.plan_id, owner.seller_id, owner.partner_id, transfer.transfer_id
        )  # fmt: skip
    ended = await conn.fetchrow(
        Q.end_transfer, transfer.transfer_id, TransferStatus.ACTIVE, None, owner.principal, owner.interest, owner.price,
        now,
    )  # fmt: skip
    assert ended is not None
    await _tell(conn, _transfer(ended), Teller.DAY, now)


async def _after(conn: Connection, plan: Plan, transfer: Transfer) -> Plan | TransferReason:
    """The plan as it is then, or why it stays as it is."""
    if transfer.buyer_id:
        buyer = await conn.fetchrow(Q.buyer, transfer.programme_id, transfer.buyer_id)
        if (obstacle := _obstacle(buyer)) is not None:
            return obstacle
    facts = (await load_facts(conn, [transfer.plan_id]))[transfer.plan_id]
    known = [one.fact for one in facts if one.fact.on <= transfer.settlement_on]
    return changed_hands(plan, standing_after(plan.offer.terms, in_order(plan.offer.terms, known)), transfer)


def _booked(before: Plan, after: Plan, transfer: Transfer, now: datetime) -> list[BookedTransfer]:
    return [
        BookedTransfer(
            before.bucket, transfer.transfer_id, leg, one.occasion, one.debit, one.debit_owner, one.credit,
            one.credit_owner, one.amount, before.currency, before.plan_id, before.merchant_id, one.partner_id,
            transfer.settlement_on, now,
        )
        for leg, one in enumerate(booked(before, after))
    ]  # fmt: skip


async def _move_settled(conn: Connection, plan: Plan, owner: Owner, counted: int) -> None:
    """What the accruals have counted of the plan was counted for who had it: now it has all that was earned by then."""
    parts = plan.funding.participations
    number = next(number for number, part in enumerate(parts) if owner in part.owners)
    earned = owner.earned - shares.of_interest(parts, number, counted)
    spread = owner.spread - shares.spread(parts, number, counted)
    for holder, sign in ((owner.seller_id, 1), (owner.partner_id, -1)):
        if holder and (earned or spread):
            await conn.execute(
                Q.move_settled, plan.merchant_id, plan.funding.programme_id or "", plan.currency, holder, sign * earned,
                sign * spread,
            )  # fmt: skip


def _told(before: Plan, after: Plan, owner: Owner, now: datetime) -> list[PartnerEvent]:
    """Both sides, each the other's mirror: what it holds and had earned, and as a fee what the price differs by."""
    kind = TxnType.BUY_BACK if owner.is_buy_back else TxnType.SALE
    less = owner.price - owner.principal - owner.interest
    told: list[PartnerEvent] = []
    for plan, holder, sign in ((before, owner.seller_id, 1), (after, owner.partner_id, -1)):
        programme_id = programme_of(plan.funding, holder) if holder else None
        if programme_id is not None:
            told.append(
                PartnerEvent(
                    plan.bucket, f"{owner.transfer_id}-{len(told)}" if told else owner.transfer_id, holder,
                    programme_id, plan.plan_id, kind, owner.on, owner.on, sign * owner.principal, sign * owner.interest,
                    sign * less, 0, 0, plan.currency, None, now,
                )
            )  # fmt: skip
    return told


def _transfer(row: asyncpg.Record) -> Transfer:
    known: dict[str, Any] = {name: row[name] for name in Transfer.__struct_fields__}
    known |= {"price_ratio": Decimal(row["price_ratio"]), "kind": TransferKind(row["kind"])}
    reason = row["reason"] and TransferReason(row["reason"])
    return Transfer(**known | {"status": TransferStatus(row["status"]), "reason": reason})
