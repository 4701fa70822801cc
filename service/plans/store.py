"""Saving what a batch of commands did: one statement a table, whatever the number of commands."""

from datetime import date, datetime
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec import Struct, structs

from service import ids
from service.db import Connection
from service.engine import keys
from service.engine.events import TELL, Told
from service.engine.keys import SAVE_ANSWERS, Given
from service.engine.work import Answer, Done, Key
from service.ledger.store import BOOK, BookedTransfer
from service.limits.store import MOVE_ACCOUNTS, last_of_each
from service.plans.book import Change, Command
from service.plans.books import Books, Q
from service.plans.offer import Kind
from service.plans.plan import CollectionState, DisputeState, Plan, PlanState, SettlementState, business_day
from service.statement import Int, Json, SmallInt, Statement, together

Doings = list[Done[Command, Change]]


class Reference(Struct, frozen=True):
    """A merchant's reference; its bucket is its own, for whoever the consumer is, it opens one plan."""

    bucket: SmallInt
    merchant_id: str
    merchant_reference: str


class NamedPlan(Reference, frozen=True):
    """The plan that has taken a reference."""

    plan_id: str


class MovedPlan(Struct, frozen=True):
    """What commands change of a plan. The fields are those of `Plan`."""

    bucket: SmallInt
    plan_id: str
    state: PlanState
    collection_state: CollectionState
    settlement_state: SettlementState
    dispute_state: DisputeState
    captured: int
    voided: int
    held: int
    reserved: int
    outstanding: int
    principal_paid: int
    interest_paid: int
    fee_paid: int
    captures: SmallInt
    version: Int
    closed_at: datetime | None
    claimed_at: datetime | None


class OpenedPlan(MovedPlan, frozen=True, kw_only=True):
    """All of a plan, as it is opened."""

    consumer_id: str
    merchant_id: str
    merchant_reference: str
    decision_id: str
    kind: Kind
    currency: str
    amount: int
    authorized_at: datetime
    capture_by: datetime
    offer: Json
    funding: Json


class OwedRow(Struct, frozen=True):
    """An instalment of a plan."""

    bucket: SmallInt
    plan_id: str
    number: SmallInt
    capture: SmallInt
    due_on: date
    principal: int
    interest: int
    fee: int
    principal_paid: int
    interest_paid: int
    fee_paid: int
    paid_on: date | None


class BilledRow(Struct, frozen=True):
    """The bill of one capture."""

    bucket: SmallInt
    plan_id: str
    capture: SmallInt
    amount: int
    lines: Json
    captured_at: datetime


class PaidRow(Struct, frozen=True):
    """A payment on a plan."""

    bucket: SmallInt
    plan_id: str
    recorded_at: datetime
    payment_id: str
    amount: int
    principal: int
    interest: int
    fee: int
    received_on: date
    reference: str | None


_FREE_REFERENCES: Final = Statement(Q.free_references, freed=Reference)
_OPEN_PLANS: Final = Statement(Q.open_plans, named=NamedPlan, opened=OpenedPlan)
_UPDATE_PLANS: Final = Statement(Q.update_plans, moved=MovedPlan)
_SAVE_INSTALMENTS: Final = Statement(Q.save_instalments, owed=OwedRow)
_INSERT_BILLS: Final = Statement(Q.insert_bills, billed=BilledRow)
_INSERT_PAYMENTS: Final = Statement(Q.insert_payments, paid=PaidRow)
# What every batch leaves: its accounts, transfers, answers and events, in one round trip.
_LEAVE: Final = together(TELL, accounts=MOVE_ACCOUNTS, transfers=BOOK, answers=SAVE_ANSWERS)


async def save(conn: Connection, books: Books, done: Doings, answers: list[tuple[Key, Answer]]) -> None:
    """Writes the changes of a batch, and `answers` under their keys."""
    if not done:
        await keys.save(conn, answers)
        return
    changes = {one.effect.plan.plan_id: one.effect for one in done}  # the last change of each plan
    plans = [change.plan for change in changes.values()]
    if freed := [_reference(plan) for plan in plans if not plan.takes_reference]:
        await _FREE_REFERENCES.execute(conn, freed=freed)  # first: one of the same batch may take it again
    if opened := [plan for plan in plans if plan.plan_id not in books.found]:
        await _OPEN_PLANS.execute(conn, named=list(map(_named, opened)), opened=list(map(_opened, opened)))
    if moved := [plan for plan in plans if plan.plan_id in books.found]:
        await _UPDATE_PLANS.execute(conn, moved=moved)
    if owed := [row for change in changes.values() for row in _changed_instalments(books, change)]:
        await _SAVE_INSTALMENTS.execute(conn, owed=owed)
    if billed := [row for plan in plans for row in _new_bills(books, plan)]:
        await _INSERT_BILLS.execute(conn, billed=billed)
    if paid := [_paid(one) for one in done if one.effect.payment]:
        await _INSERT_PAYMENTS.execute(conn, paid=paid)
    await _LEAVE.execute(
        conn,
        exposed=last_of_each(one.effect.account for one in done),
        booked=[row for one in done for row in _booked(one)],
        given=[Given(key.bucket, key.owner_id, key.key, answer.status, answer.body) for key, answer in answers],
        told=[_told(one) for one in done],
    )


def _reference(plan: Plan) -> Reference:
    bucket = ids.bucket_for(plan.merchant_id, plan.merchant_reference)
    return Reference(bucket, plan.merchant_id, plan.merchant_reference)


def _named(plan: Plan) -> NamedPlan:
    bucket = ids.bucket_for(plan.merchant_id, plan.merchant_reference)
    return NamedPlan(bucket, plan.merchant_id, plan.merchant_reference, plan.plan_id)


_PLAIN: Final = tuple(field.name for field in structs.fields(OpenedPlan) if field.name not in ("offer", "funding"))
_plain = attrgetter(*_PLAIN)


def _opened(plan: Plan) -> OpenedPlan:
    plain = dict(zip(_PLAIN, _plain(plan), strict=True))
    return OpenedPlan(**plain, offer=_json(plan.offer), funding=_json(plan.funding))


def _changed_instalments(books: Books, change: Change) -> list[OwedRow]:
    plan, before = change.plan, books.found_instalments.get(change.plan.plan_id, ())
    if before is change.instalments:
        return []
    kept = dict(enumerate(before))
    return [
        OwedRow(plan.bucket, plan.plan_id, *structs.astuple(row))
        for i, row in enumerate(change.instalments)
        if row is not kept.get(i)
    ]


def _new_bills(books: Books, plan: Plan) -> list[BilledRow]:
    known = books.found[plan.plan_id].captures if plan.plan_id in books.found else 0
    return [
        BilledRow(plan.bucket, plan.plan_id, bill.capture, bill.amount, _json(bill.lines), bill.captured_at)
        for bill in plan.bills[known:]
    ]


def _paid(one: Done[Command, Change]) -> PaidRow:
    plan, payment = one.effect.plan, one.effect.payment
    assert payment is not None
    return PaidRow(plan.bucket, plan.plan_id, one.work.now, *structs.astuple(payment))


def _booked(one: Done[Command, Change]) -> list[BookedTransfer]:
    plan, now = one.effect.plan, one.work.now
    booked_on = business_day(now, plan.funding.time_zone or plan.offer.time_zone)
    return [
        BookedTransfer(
            plan.bucket, one.work.item.command_id, leg, transfer.debit, transfer.credit, transfer.amount,
            plan.currency, plan.plan_id, plan.merchant_id, plan.funding.partner_id, booked_on, now,
        )
        for leg, transfer in enumerate(one.effect.transfers)
    ]  # fmt: skip


def _told(one: Done[Command, Change]) -> Told:
    plan, event = one.effect.plan, one.effect.event
    data = {"plan_id": plan.plan_id, "state": plan.state, "version": plan.version, **event.data}
    event_id = ids.derive(ids.EVENT, one.work.item.command_id)
    return Told(plan.bucket, event_id, plan.merchant_id, event.type, one.work.now, _json(data), plan_id=plan.plan_id)


_encoder = msgspec.json.Encoder()


def _json(value: Any) -> str:
    return _encoder.encode(value).decode()
