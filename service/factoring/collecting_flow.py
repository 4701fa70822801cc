"""Payments of receivables in the database: who received them, what the merchant must hand on, and what has come."""

from datetime import date
from pathlib import Path
from typing import Final

import asyncpg
from msgspec import structs

from service import ids
from service.actor import ActorKind
from service.db import Connection, Pool, load_queries
from service.engine.events import TELL
from service.errors import Code, Refused
from service.event_type import EventType
from service.factoring import assigning_flow, receivables_flow
from service.factoring.assignment import LIVE, Assignment, AssignmentState, AssignmentStepKind
from service.factoring.payment import (
    Finding,
    FindingKind,
    FindingState,
    PaidTo,
    ReceivablePayment,
    ReceivablePaymentBody,
    Told,
    is_misdirected,
    next_business_day,
    require_payable,
)
from service.factoring.purchase import Came, paid, paid_in_order
from service.factoring.receivable import Receivable, said
from service.ledger.chart import Occasion
from service.ledger.factoring import remitted
from service.ledger.store import BOOK, booked_by
from service.merchants.telling import told_of_money

Q: Final = load_queries(Path(__file__).with_name("receivables.sql"))


async def record(
    conn: Connection, receivable_id: str, merchant_id: str | None, body: ReceivablePaymentBody, by: PaidTo,
    told: Told, now_ms: int,
) -> ReceivablePayment:  # fmt: skip
    """Something was paid of a receivable, or credited. Refused: NOT_FOUND, and as `require_payable` says."""
    one = await receivables_flow.locked(conn, receivable_id, merchant_id)
    purchase = await _purchase(conn, one)
    require_payable(one, purchase, body, by, told)
    astray = is_misdirected(purchase, by, body.paid_on, body.amount)
    if astray and body.dilution:
        raise Refused(Code.INVALID_FIELD, "Say what you credited by itself: the money is not yours.", "/dilution")
    must_remit = bool(purchase and by is PaidTo.SELLER and body.amount)
    remit_by = next_business_day(told.on, told.calendar) if must_remit else None
    payment_id = ids.new_id(ids.RECEIVABLE_PAYMENT, ids.bucket_of(receivable_id), now_ms)
    row = await conn.fetchrow(
        Q.insert_payment, payment_id, receivable_id, body.amount, body.dilution, by, body.paid_on, body.reference,
        purchase and purchase.assignment_id, bool(purchase and purchase.position), astray, remit_by, told.by, told.at,
    )  # fmt: skip
    assert row is not None
    if not astray:
        await conn.execute(Q.add_paid, receivable_id, body.amount + body.dilution)
        if purchase is not None:
            how = Occasion.FACTORING_REMITTANCE if must_remit else Occasion.FACTORING_COLLECTION
            await _collect(conn, purchase, body.amount, body.dilution, body.paid_on, payment_id, how, told)
    if remit_by is not None:
        await _tell_to_remit(conn, one, row, told)
    return _payment_of(row)


async def remit(conn: Connection, payment_id: str, remitted_on: date, told: Told) -> ReceivablePayment:
    """What the merchant received for the assignee has come. Refused: NOT_FOUND, STATE_FORBIDS, INVALID_FIELD;
    AMOUNT_EXCEEDS_OUTSTANDING, of what was misdirected and is paid meanwhile."""
    row = await payment_row(conn, payment_id)
    one = await receivables_flow.locked(conn, row["receivable_id"])
    row = await payment_row(conn, payment_id)  # as it is under the lock
    if row["remit_by"] is None or row["remitted_on"] is not None:
        raise Refused(Code.STATE_FORBIDS, "Nothing of it is to be handed on.")
    if not row["paid_on"] <= remitted_on <= told.on:
        raise Refused(Code.INVALID_FIELD, f"It came from {row['paid_on']} to {told.on}.", "/remitted_on")
    amount = row["amount"]
    if row["is_misdirected"]:
        if amount > one.open:
            raise Refused(Code.AMOUNT_EXCEEDS_OUTSTANDING, f"{said(one, one.open)} of it are open.")
        await conn.execute(Q.add_paid, one.receivable_id, amount)
        purchase = await _purchase(conn, one)
        if purchase is not None:
            await _collect(conn, purchase, amount, 0, remitted_on, payment_id, Occasion.FACTORING_COLLECTION, told)
    elif row["is_ours"]:
        books = {Occasion.FACTORING_REMITTANCE: remitted(one.merchant_id, amount)}
        booked = booked_by(payment_id, books, one.currency, one.merchant_id, told.on, told.at)
        await BOOK.execute(conn, booked=booked)
    kept = await conn.fetchrow(Q.remit, payment_id, remitted_on)
    assert kept is not None
    return _payment_of(kept)


async def payment_row(conn: Connection, payment_id: str) -> asyncpg.Record:
    """A payment with its merchant. Refused: NOT_FOUND."""
    row = await conn.fetchrow(Q.lock_payment, payment_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no payment {payment_id[:100]!r}.", "/id")
    return row


async def calendar_of(conn: Connection, merchant_id: str) -> str:
    """The calendar of business days that a merchant is settled by; empty: only weekends are closed."""
    return await conn.fetchval(Q.calendar_of, merchant_id) or ""


async def payments(pool: Pool, receivable_id: str) -> list[ReceivablePayment]:
    """What was paid of a receivable, in order."""
    return [_payment_of(row) for row in await pool.fetch(Q.list_payments, receivable_id)]


async def findings(pool: Pool, merchant_id: str | None, after: str, limit: int, today: date) -> list[Finding]:
    """What a merchant, or any, received for who has bought its receivables; the oldest first."""
    return [_finding(row, today) for row in await pool.fetch(Q.findings, merchant_id, after, limit)]


async def _purchase(conn: Connection, one: Receivable) -> Assignment | None:
    """The purchase of a locked receivable that is not over, or that we have written off: what comes of it is ours."""
    if one.purchase_id is None:
        return None
    purchase = await assigning_flow.assignment(conn, one.purchase_id)
    return purchase if purchase.state in (*LIVE, AssignmentState.WRITTEN_OFF) else None


async def _collect(
    conn: Connection, purchase: Assignment, amount: int, dilution: int, on: date, payment_id: str, how: Occasion,
    told: Told,
) -> None:  # fmt: skip
    position = purchase.position
    if purchase.state is AssignmentState.WRITTEN_OFF:
        from_seller = how is Occasion.FACTORING_REMITTANCE
        await assigning_flow.recover(conn, purchase, amount, dilution, payment_id, told, from_seller=from_seller)
        return
    if position is not None and purchase.terms is not None:
        if on < position.since:
            came = [*await _came(conn, purchase, payment_id), (on, amount, dilution)]
            position = paid_in_order(position, purchase.terms, purchase.assigned_on, came)
        else:
            position = paid(position, purchase.terms, amount, dilution, on)
        is_paid = position.is_paid
    else:
        is_paid = (await receivables_flow.locked(conn, purchase.receivable_id)).open == 0
    state = AssignmentState.COLLECTED if is_paid else AssignmentState.PART_COLLECTED
    await assigning_flow.keep(conn, purchase, state, position, AssignmentStepKind.COLLECTED, told, payment_id, how)


async def _came(conn: Connection, purchase: Assignment, payment_id: str) -> list[Came]:
    """What came of a purchase before that payment was told; what went astray, when the merchant had handed it on."""
    rows = await conn.fetch(Q.list_payments, purchase.receivable_id)
    return [
        (row["remitted_on"] if row["is_misdirected"] else row["paid_on"], row["amount"], row["dilution"])
        for row in rows
        if row["assignment_id"] == purchase.assignment_id and row["payment_id"] != payment_id
        and (row["remitted_on"] is not None or not row["is_misdirected"])
    ]  # fmt: skip


async def _tell_to_remit(conn: Connection, one: Receivable, row: asyncpg.Record, told: Told) -> None:
    data = {
        "receivable_id": one.receivable_id, "payment_id": row["payment_id"], "amount": row["amount"],
        "currency": one.currency, "due_on": row["remit_by"], "is_misdirected": row["is_misdirected"],
    }  # fmt: skip
    event = told_of_money(
        EventType.RECEIVABLE_REMIT, row["payment_id"], one.merchant_id, ActorKind.OPERATOR, data, told.at
    )
    await TELL.execute(conn, told=[event])


def _payment_of(row: asyncpg.Record) -> ReceivablePayment:
    named = {name: row[name] for name in ReceivablePayment.__struct_fields__}
    return structs.replace(ReceivablePayment(**named), received_by=PaidTo(row["received_by"]))


def _finding(row: asyncpg.Record, today: date) -> Finding:
    is_overdue = row["remitted_on"] is None and today > row["remit_by"]
    state = FindingState.OVERDUE if is_overdue else FindingState.OPEN
    return Finding(
        payment_id=row["payment_id"],
        kind=FindingKind.MISDIRECTED_PAYMENT if row["is_misdirected"] else FindingKind.REMITTANCE_DUE,
        state=FindingState.RESOLVED if row["remitted_on"] else state, merchant_id=row["merchant_id"],
        receivable_id=row["receivable_id"], assignment_id=row["assignment_id"], amount=row["amount"],
        currency=row["currency"], paid_on=row["paid_on"], due_on=row["remit_by"], resolved_on=row["remitted_on"],
    )  # fmt: skip
