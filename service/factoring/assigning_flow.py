"""Assignments in the database: made under the receivable's row lock, one purchase at most, pledges up to its amount."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct

from service import ids
from service.actor import ActorKind
from service.db import Connection, Pool, load_queries
from service.engine.events import TELL
from service.engine.events import Told as Event
from service.errors import Code, Refused
from service.event_type import EventType
from service.factoring import receivables_flow
from service.factoring.assignment import (
    Assignment,
    AssignmentBody,
    AssignmentState,
    AssignmentStepKind,
    Mode,
    require_live,
    require_noticed,
    require_recourse,
)
from service.factoring.payment import Told
from service.factoring.purchase import (
    Bought,
    PurchaseTerms,
    Recourse,
    books_between,
    bought,
    recovered,
    recovered_books,
    repurchased,
    written_off,
)
from service.factoring.receivable import Receivable, require_pledgeable, require_purchasable
from service.ledger.chart import Occasion
from service.ledger.store import BOOK, BookedTransfer, booked_by
from service.merchants.telling import told_of_money
from service.statement import Json, Statement

Q: Final = load_queries(Path(__file__).with_name("assignments.sql"))

ROWS_AT_ONCE: Final = 1_000  # of the register


class MadeAssignment(Struct, frozen=True):
    """A row of `assignments`, when it is made."""

    assignment_id: str
    receivable_id: str
    mode: Mode
    assignee_id: str | None
    amount: int
    recourse: Recourse
    terms: Json | None
    position: Json | None
    state: AssignmentState
    assigned_on: date
    notified_on: date | None
    batch_id: str | None
    made_at: datetime


class MadeAssignmentStep(Struct, frozen=True):
    """A row of `assignment_steps`."""

    step_id: str
    assignment_id: str
    what: AssignmentStepKind
    on_day: date
    state: AssignmentState
    position: Json | None
    payment_id: str | None
    told_by: str
    told_at: datetime


_MAKE: Final = Statement(Q.insert_assignments, made=MadeAssignment)
_KEEP_ASSIGNEES: Final = Statement(Q.keep_assignees, made=MadeAssignment)
_STEP: Final = Statement(Q.insert_steps, s=MadeAssignmentStep)


async def assign(conn: Connection, body: AssignmentBody, told: Told, now_ms: int) -> Assignment:
    """Assigns a receivable, or a part of it. Refused: NOT_FOUND, and as `require_purchasable` and `require_pledgeable`
    say."""
    if body.assignee_id is not None and not await conn.fetchval(Q.is_partner, body.assignee_id):
        raise Refused(Code.NOT_FOUND, f"There is no partner {body.assignee_id!r}.", "/assignee_id")
    found = await receivables_flow.locked_all(conn, [body.receivable_id])
    if not found:
        raise receivables_flow.no_receivable(body.receivable_id, "/receivable_id")
    (one,) = found
    if body.mode is Mode.PURCHASE:
        require_purchasable(one, body.currency, told.on)
    else:
        require_pledgeable(one, body.currency, body.amount or 0, told.on)
    (made,) = await assign_all(conn, [(one, body)], None, told, now_ms)
    return made


async def assign_all(
    conn: Connection, wanted: Sequence[tuple[Receivable, AssignmentBody]], batch_id: str | None, told: Told, now_ms: int
) -> list[Assignment]:
    """Assigns locked receivables that may be assigned: written, booked and told, all at once."""
    made = [_made(one, body, batch_id, told, now_ms) for one, body in wanted]
    rows = [_row(one) for one in made]
    await _MAKE.execute(conn, made=rows)
    await _KEEP_ASSIGNEES.execute(conn, made=rows)
    steps: list[MadeAssignmentStep] = []
    booked: list[BookedTransfer] = []
    events: list[Event] = []
    for one in made:
        what = AssignmentStepKind.BOUGHT if one.mode is Mode.PURCHASE else AssignmentStepKind.PLEDGED
        step = step_of(one, what, told)
        steps.append(step)
        if one.position is not None:
            books = books_between(one.merchant_id, None, one.position, Occasion.FACTORING_ADVANCE, has_ended=False)
            booked += booked_by(step.step_id, books, one.currency, one.merchant_id, told.on, told.at)
            events.append(_bought(one, step.step_id, told))
    await _STEP.execute(conn, s=steps)
    if booked:
        await BOOK.execute(conn, booked=booked)
    if events:
        await TELL.execute(conn, told=events)
    return made


async def end(conn: Connection, assignment_id: str, what: AssignmentStepKind, told: Told) -> Assignment:
    """The merchant buys it back, nothing more comes of it, or a pledge is released. Refused: NOT_FOUND,
    STATE_FORBIDS."""
    receivable, one = await locked(conn, assignment_id)
    if what is AssignmentStepKind.RELEASED:
        require_live(one, Mode.PLEDGE)
        await conn.execute(Q.release_pledge, one.receivable_id, one.amount)
        return await keep(conn, one, AssignmentState.RELEASED, one.position, what, told)
    require_live(one, Mode.PURCHASE)
    if one.terms is None or one.position is None:
        raise Refused(Code.STATE_FORBIDS, "A partner bought it: no money of it goes through us.")
    if what is AssignmentStepKind.WRITTEN_OFF:
        lost = written_off(one.position, one.terms, told.on)
        return await keep(conn, one, AssignmentState.WRITTEN_OFF, lost, what, told)
    require_recourse(one, receivable, told.on)
    await conn.execute(Q.let_go, one.receivable_id)
    return await keep(conn, one, AssignmentState.REPURCHASED, repurchased(one.position, one.terms, told.on), what, told)


async def notify(conn: Connection, assignment_id: str, notified_on: date, told: Told) -> Assignment:
    """Who owes it was told to pay the assignee. Refused: NOT_FOUND, STATE_FORBIDS, INVALID_FIELD."""
    _, one = await locked(conn, assignment_id)
    require_noticed(one, notified_on)
    noticed = msgspec.structs.replace(one, notified_on=notified_on)
    return await keep(conn, noticed, one.state, one.position, AssignmentStepKind.NOTIFIED, told)


async def keep(
    conn: Connection, before: Assignment, state: AssignmentState, position: Bought | None, what: AssignmentStepKind,
    told: Told, payment_id: str | None = None, how: Occasion = Occasion.FACTORING_COLLECTION,
) -> Assignment:  # fmt: skip
    """Writes, books and tells a step of a locked assignment."""
    has_ended = state in (AssignmentState.COLLECTED, AssignmentState.REPURCHASED, AssignmentState.WRITTEN_OFF)
    is_over = has_ended or state is AssignmentState.RELEASED
    after = msgspec.structs.replace(before, state=state, position=position, ended_on=told.on if is_over else None)
    step = step_of(after, what, told, payment_id)
    await conn.execute(Q.keep_assignment, after.assignment_id, state, step.position, after.ended_on, after.notified_on)
    await _STEP.execute(conn, s=[step])
    if before.position is not None and position is not None:
        books = books_between(after.merchant_id, before.position, position, how, has_ended)
        if booked := booked_by(step.step_id, books, after.currency, after.merchant_id, told.on, told.at):
            await BOOK.execute(conn, booked=booked)
    if (has_ended and position is not None) or what is AssignmentStepKind.NOTIFIED:
        await TELL.execute(conn, told=[(_ended if has_ended else _notified)(after, step.step_id, told)])
    return after


async def recover(
    conn: Connection, before: Assignment, amount: int, dilution: int, payment_id: str, told: Told, *, from_seller: bool
) -> None:
    """Something came of a locked purchase that was written off: it is written, booked and told."""
    assert before.position is not None
    assert before.terms is not None
    position = recovered(before.position, before.terms, amount, dilution)
    after = msgspec.structs.replace(before, position=position)
    step = step_of(after, AssignmentStepKind.RECOVERED, told, payment_id)
    await conn.execute(
        Q.keep_assignment, after.assignment_id, after.state, step.position, after.ended_on, after.notified_on
    )
    await _STEP.execute(conn, s=[step])
    books = recovered_books(after.merchant_id, before.position, position, from_seller=from_seller)
    if booked := booked_by(step.step_id, books, after.currency, after.merchant_id, told.on, told.at):
        await BOOK.execute(conn, booked=booked)
    if position.released != before.position.released:
        await TELL.execute(conn, told=[_ended(after, step.step_id, told)])


async def locked(conn: Connection, assignment_id: str) -> tuple[Receivable, Assignment]:
    """One with its receivable, which is locked first. Refused: NOT_FOUND."""
    receivable_id = await conn.fetchval(Q.receivable_of, assignment_id)
    if receivable_id is None:
        raise no_assignment(assignment_id)
    return await receivables_flow.locked(conn, receivable_id), await assignment(conn, assignment_id)


async def assignment(conn: Connection | Pool, assignment_id: str, assignee_id: str | None = None) -> Assignment:
    """One as it is now. Refused: NOT_FOUND."""
    row = await conn.fetchrow(Q.assignment, assignment_id, assignee_id)
    if row is None:
        raise no_assignment(assignment_id)
    return _of(row)


async def assignments(
    pool: Pool, merchant_id: str | None, assignee_id: str | None, after: str, limit: int, *, is_live: bool = False
) -> list[Assignment]:
    """A merchant's, an assignee's, or everybody's; the oldest first."""
    return [_of(row) for row in await pool.fetch(Q.list_assignments, merchant_id, assignee_id, after, is_live, limit)]


async def register(pool: Pool, assignee_id: str | None) -> AsyncIterator[asyncpg.Record]:
    """Rows of the register, an assignee's or all: every assignment that is live at one instant, once."""
    async with pool.acquire() as conn, conn.transaction(readonly=True):
        async for row in conn.cursor(Q.register, assignee_id, prefetch=ROWS_AT_ONCE):
            yield row


def step_of(one: Assignment, what: AssignmentStepKind, told: Told, payment_id: str | None = None) -> MadeAssignmentStep:
    """A step of it, as it is written."""
    step_id = ids.new_id(ids.ASSIGNMENT_STEP, ids.bucket_of(one.assignment_id), int(told.at.timestamp() * 1000))
    return MadeAssignmentStep(
        step_id, one.assignment_id, what, told.on, one.state, _text(one.position), payment_id, told.by, told.at
    )


def no_assignment(assignment_id: str) -> Refused:
    """What is said of an id that is nobody's."""
    return Refused(Code.NOT_FOUND, f"There is no assignment {assignment_id[:100]!r}.", "/id")


def _made(one: Receivable, body: AssignmentBody, batch_id: str | None, told: Told, now_ms: int) -> Assignment:
    amount = body.amount or one.open
    return Assignment(
        assignment_id=ids.new_id(ids.ASSIGNMENT, ids.bucket_of(one.receivable_id), now_ms),
        receivable_id=one.receivable_id, merchant_id=one.merchant_id, currency=one.currency, mode=body.mode,
        assignee_id=body.assignee_id, amount=amount, recourse=body.recourse, terms=body.terms,
        position=bought(amount, body.terms, told.on) if body.terms else None,
        state=AssignmentState.PLEDGED if body.mode is Mode.PLEDGE else AssignmentState.PURCHASED,
        assigned_on=told.on, notified_on=body.notified_on, batch_id=batch_id, made_at=told.at, ended_on=None,
    )  # fmt: skip


def _row(one: Assignment) -> MadeAssignment:
    named = {name: getattr(one, name) for name in MadeAssignment.__struct_fields__}
    return MadeAssignment(**named | {"terms": _text(one.terms), "position": _text(one.position)})


def _text(struct: Struct | None) -> str | None:
    return None if struct is None else msgspec.json.encode(struct).decode()


def _of(row: asyncpg.Record) -> Assignment:
    named = {name: row[name] for name in Assignment.__struct_fields__}
    read = {
        "terms": row["terms"] and msgspec.json.decode(row["terms"], type=PurchaseTerms),
        "position": row["position"] and msgspec.json.decode(row["position"], type=Bought),
        "mode": Mode(row["mode"]), "state": AssignmentState(row["state"]), "recourse": Recourse(row["recourse"]),
    }  # fmt: skip
    return Assignment(**named | read)


def _bought(one: Assignment, cause_id: str, told: Told) -> Event:
    assert one.position is not None
    data = {
        "assignment_id": one.assignment_id, "receivable_id": one.receivable_id, "batch_id": one.batch_id,
        "amount": one.amount, "advance": one.position.advance, "currency": one.currency,
    }  # fmt: skip
    return told_of_money(EventType.RECEIVABLE_BOUGHT, cause_id, one.merchant_id, ActorKind.OPERATOR, data, told.at)


def _notified(one: Assignment, cause_id: str, told: Told) -> Event:
    data = {
        "assignment_id": one.assignment_id, "receivable_id": one.receivable_id, "notified_on": one.notified_on,
    }  # fmt: skip
    return told_of_money(EventType.RECEIVABLE_NOTIFIED, cause_id, one.merchant_id, ActorKind.OPERATOR, data, told.at)


def _ended(one: Assignment, cause_id: str, told: Told) -> Event:
    assert one.position is not None
    data = {
        "assignment_id": one.assignment_id, "receivable_id": one.receivable_id, "state": one.state,
        "released": one.position.released, "currency": one.currency,
    }  # fmt: skip
    return told_of_money(EventType.RECEIVABLE_ENDED, cause_id, one.merchant_id, ActorKind.OPERATOR, data, told.at)
