"""Saving what a batch did, in set-based statements: one statement a table, whatever the number of commands."""

from collections import Counter
from typing import Any

import msgspec
from msgspec import Struct

from service import ids
from service.db import Connection, columns
from service.engine.books import Books
from service.engine.queries import Q
from service.engine.work import DecisionRow, Work
from service.limits.account import Account
from service.plans.book import Change
from service.plans.plan import OwedInstalment, Plan, business_day


class Done(Struct):
    """A command that was applied."""

    work: Work
    change: Change
    cause: str  # the command's id


async def save(conn: Connection, before: Books, done: list[Done]) -> None:
    """Writes the changes of a batch. `before` holds the facts as loaded."""
    if not done:
        return
    plans = {one.change.plan.plan_id: one.change for one in done}  # the last change of each
    accounts = {
        (c.account.bucket, c.account.consumer_id, c.account.currency): c.account for c in (one.change for one in done)
    }
    await _save_accounts(conn, [accounts[key] for key in sorted(accounts)])
    await _insert_plans(conn, [c.plan for plan_id, c in plans.items() if plan_id not in before.plans])
    await _update_plans(conn, [c.plan for plan_id, c in plans.items() if plan_id in before.plans])
    await _save_instalments(conn, before, list(plans.values()))
    await _insert_payments(conn, done)
    await _insert_transfers(conn, done)
    await _insert_events(conn, done)


async def insert_decisions(conn: Connection, decisions: list[DecisionRow]) -> None:
    """Appends to the decision log."""
    if decisions:
        await conn.execute(Q.insert_decisions, *columns([msgspec.structs.astuple(row)[:-1] for row in decisions]))


async def _save_accounts(conn: Connection, accounts: list[Account]) -> None:
    rows = [(a.bucket, a.consumer_id, a.currency, a.reserved, a.used, a.version) for a in accounts]
    await conn.execute(Q.save_accounts, *columns(rows))


async def _insert_plans(conn: Connection, plans: list[Plan]) -> None:
    if not plans:
        return
    rows = [
        (
            p.bucket, p.plan_id, p.consumer_id, p.merchant_id, p.merchant_reference, p.decision_id, p.kind, p.currency,
            p.state, p.collection_state, p.settlement_state, p.dispute_state, p.amount, p.captured, p.voided, p.held,
            p.reserved, p.outstanding, p.principal_paid, p.interest_paid, p.fee_paid, p.captures, p.version,
            _json(p.offer), _json(p.funding), p.authorized_at, p.capture_by, p.closed_at,
        )
        for p in plans
    ]  # fmt: skip
    await conn.execute(Q.insert_plans, *columns(rows))
    references = [
        (ids.bucket_for(p.merchant_id, p.merchant_reference), p.merchant_id, p.merchant_reference, p.plan_id)
        for p in plans
    ]
    await conn.execute(Q.insert_references, *columns(sorted(references)))


async def _update_plans(conn: Connection, plans: list[Plan]) -> None:
    if not plans:
        return
    rows = [
        (
            p.bucket, p.plan_id, p.state, p.collection_state, p.settlement_state, p.dispute_state, p.captured,
            p.voided, p.held, p.reserved, p.outstanding, p.principal_paid, p.interest_paid, p.fee_paid, p.captures,
            p.version, p.closed_at,
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


async def _insert_transfers(conn: Connection, done: list[Done]) -> None:
    rows = []
    for one in done:
        plan, now = one.change.plan, one.work.now
        booked_on = business_day(now, plan.offer.time_zone)
        for leg, transfer in enumerate(one.change.transfers):
            rows.append(
                (
                    plan.bucket, one.cause, leg, transfer.debit, transfer.credit, transfer.amount, plan.currency,
                    plan.plan_id, plan.merchant_id, plan.funding.partner_id, booked_on, now,
                )
            )  # fmt: skip
    if rows:
        await conn.execute(Q.insert_transfers, *columns(rows))


async def _insert_events(conn: Connection, done: list[Done]) -> None:
    counts = Counter(one.change.plan.merchant_id for one in done)
    merchants = sorted(counts)
    rows = await conn.fetch(Q.number_events, merchants, [counts[merchant] for merchant in merchants])
    next_number = {row["merchant_id"]: row["last_number"] - counts[row["merchant_id"]] + 1 for row in rows}
    events = []
    for one in done:
        plan, event = one.change.plan, one.change.event
        number = next_number[plan.merchant_id]
        next_number[plan.merchant_id] = number + 1
        data = {"plan_id": plan.plan_id, "state": plan.state, "version": plan.version, **event.data}
        events.append(
            (
                plan.bucket, ids.derive(ids.EVENT, one.cause), plan.merchant_id, number, event.type, plan.plan_id,
                one.work.now, _json(data),
            )
        )  # fmt: skip
    await conn.execute(Q.insert_events, *columns(events))


_encoder = msgspec.json.Encoder()


def _json(value: Any) -> str:
    return _encoder.encode(value).decode()
