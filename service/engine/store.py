"""Saving what a batch did, in set-based statements: one statement a table, whatever the number of commands."""

from collections import Counter
from operator import itemgetter
from typing import Any

import msgspec
from msgspec import Struct

from service import ids
from service.db import Connection, columns
from service.engine import keys
from service.engine.books import Books
from service.engine.queries import Q
from service.engine.work import Answer, Key, Work
from service.plans.book import Change
from service.plans.plan import OwedInstalment, Plan, business_day

Row = tuple[Any, ...]


class Done(Struct):
    """A command that was applied."""

    work: Work
    change: Change
    cause: str  # the command's id


async def save(conn: Connection, before: Books, done: list[Done], answers: list[tuple[Key, Answer]]) -> None:
    """Writes the changes of a batch, and `answers` under their keys. `before` holds the facts as loaded."""
    if not done:
        await keys.save(conn, answers)
        return
    changes = {one.change.plan.plan_id: one.change for one in done}  # the last change of each plan
    await _free_references(conn, [c.plan for c in changes.values() if not c.plan.takes_reference])
    await _open_plans(conn, [c.plan for plan_id, c in changes.items() if plan_id not in before.plans])
    await _update_plans(conn, [c.plan for plan_id, c in changes.items() if plan_id in before.plans])
    await _save_instalments(conn, before, list(changes.values()))
    await _insert_bills(conn, before, list(changes.values()))
    await _insert_payments(conn, done)
    await conn.execute(
        Q.book,
        *_columns(_accounts(done), 6),
        *_columns(_transfers(done), 12),
        *_columns([(key.bucket, key.owner_id, key.key, answer.status, answer.body) for key, answer in answers], 5),
        *_columns(_events(done), 8),
    )


def _columns(rows: list[Row], count: int) -> list[list[Any]]:
    return columns(rows) if rows else [[] for _ in range(count)]


def _accounts(done: list[Done]) -> list[Row]:
    last = {(a.bucket, a.consumer_id, a.currency): a for a in (one.change.account for one in done)}
    return [(*owner, a.reserved, a.used, a.version) for owner, a in sorted(last.items(), key=itemgetter(0))]


async def _free_references(conn: Connection, plans: list[Plan]) -> None:
    """Before plans are opened: one of the same batch may take such a reference again."""
    if plans:
        rows = [
            (ids.bucket_for(p.merchant_id, p.merchant_reference), p.merchant_id, p.merchant_reference) for p in plans
        ]
        await conn.execute(Q.free_references, *columns(rows))


async def _open_plans(conn: Connection, plans: list[Plan]) -> None:
    if not plans:
        return
    rows = [
        (
            p.bucket, p.plan_id, p.consumer_id, p.merchant_id, p.merchant_reference, p.decision_id, p.kind, p.currency,
            p.state, p.collection_state, p.settlement_state, p.dispute_state, p.amount, p.captured, p.voided, p.held,
            p.reserved, p.outstanding, p.principal_paid, p.interest_paid, p.fee_paid, p.captures, p.version,
            _json(p.offer), _json(p.funding), p.authorized_at, p.capture_by, p.closed_at,
            ids.bucket_for(p.merchant_id, p.merchant_reference), p.claimed_at,
        )
        for p in plans
    ]  # fmt: skip
    await conn.execute(Q.open_plans, *columns(rows))


async def _update_plans(conn: Connection, plans: list[Plan]) -> None:
    if not plans:
        return
    rows = [
        (
            p.bucket, p.plan_id, p.state, p.collection_state, p.settlement_state, p.dispute_state, p.captured,
            p.voided, p.held, p.reserved, p.outstanding, p.principal_paid, p.interest_paid, p.fee_paid, p.captures,
            p.version, p.closed_at, p.claimed_at,
        )
        for p in plans
    ]  # fmt: skip
    await conn.execute(Q.update_plans, *columns(rows))


async def _save_instalments(conn: Connection, before: Books, changes: list[Change]) -> None:
    rows = [
        (change.plan.bucket, change.plan.plan_id, *_instalment_row(row))
        for change in changes
        for row in _changed(before.instalments.get(change.plan.plan_id, ()), change.instalments)
    ]
    if rows:
        await conn.execute(Q.save_instalments, *columns(rows))


def _changed(before: tuple[OwedInstalment, ...], after: tuple[OwedInstalment, ...]) -> list[OwedInstalment]:
    if before is after:
        return []
    kept = dict(enumerate(before))
    return [row for i, row in enumerate(after) if row is not kept.get(i)]


def _instalment_row(i: OwedInstalment) -> tuple[Any, ...]:
    return (
        i.number, i.capture, i.due_on, i.principal, i.interest, i.fee,
        i.principal_paid, i.interest_paid, i.fee_paid, i.paid_on,
    )  # fmt: skip


async def _insert_bills(conn: Connection, before: Books, changes: list[Change]) -> None:
    rows = [
        (plan.bucket, plan.plan_id, bill.capture, bill.amount, _json(bill.lines), bill.captured_at)
        for plan in (change.plan for change in changes)
        for bill in plan.bills[before.plans[plan.plan_id].captures if plan.plan_id in before.plans else 0 :]
    ]
    if rows:
        await conn.execute(Q.insert_bills, *columns(rows))


async def _insert_payments(conn: Connection, done: list[Done]) -> None:
    rows = [
        (
            one.change.plan.bucket, p.payment_id, one.change.plan.plan_id, p.amount, p.principal, p.interest, p.fee,
            p.received_on, p.reference, one.work.now,
        )
        for one in done
        if (p := one.change.payment)
    ]  # fmt: skip
    if rows:
        await conn.execute(Q.insert_payments, *columns(rows))


def _transfers(done: list[Done]) -> list[Row]:
    rows: list[Row] = []
    for one in done:
        plan, now = one.change.plan, one.work.now
        booked_on = business_day(now, plan.funding.time_zone or plan.offer.time_zone)
        for leg, transfer in enumerate(one.change.transfers):
            rows.append(
                (
                    plan.bucket, one.cause, leg, transfer.debit, transfer.credit, transfer.amount, plan.currency,
                    plan.plan_id, plan.merchant_id, plan.funding.partner_id, booked_on, now,
                )
            )  # fmt: skip
    return rows


def _events(done: list[Done]) -> list[Row]:
    later = Counter(one.change.plan.merchant_id for one in done)  # of the merchant's in this batch, still to come
    rows: list[Row] = []
    for one in done:
        plan, event = one.change.plan, one.change.event
        later[plan.merchant_id] -= 1
        data = {"plan_id": plan.plan_id, "state": plan.state, "version": plan.version, **event.data}
        rows.append(
            (
                plan.bucket, ids.derive(ids.EVENT, one.cause), plan.merchant_id, later[plan.merchant_id], event.type,
                plan.plan_id, one.work.now, _json(data),
            )
        )  # fmt: skip
    return rows


_encoder = msgspec.json.Encoder()


def _json(value: Any) -> str:
    return _encoder.encode(value).decode()
