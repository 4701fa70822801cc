"""Breaks in the database: who must act, what was said, how each ended; and how good a month was."""

from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from msgspec import Struct, field

from service.db import Connection, Pool, load_queries
from service.engine.events import TELL, Told, told_to_operators
from service.errors import Code, Refused
from service.event_type import EventType
from service.partners.events_store import tell_partner
from service.partners.layouts import FileType
from service.partners.telling_flow import Teller, told_to_partner
from service.reconciling.found import BreakClass, Difference, Leg
from service.reconciling.life import BreakState, BreakStepKind, break_id
from service.reconciling.verdict import Result

Q: Final = load_queries(Path(__file__).with_name("breaks.sql"))

_LEG_OF: Final = {FileType.TXN: Leg.ITEM, FileType.POS: Leg.POSITION}  # what is found with a partner's file of a type


_TOLD_AS: Final = {
    BreakStepKind.OPENED: EventType.BREAK_OPENED,
    BreakStepKind.REOPENED: EventType.BREAK_OPENED,
    BreakStepKind.RECLASSIFIED: EventType.BREAK_CHANGED,
    BreakStepKind.ASSIGNED: EventType.BREAK_CHANGED,
    BreakStepKind.COMMENTED: EventType.BREAK_COMMENTED,
    BreakStepKind.RESOLVED: EventType.BREAK_RESOLVED,
}


class OpenedBreak(Struct, frozen=True):
    """What does not match, for its whole life: the same on the next day, a day older."""

    break_id: str = field(name="id")
    partner_id: str | None  # null: it is about payouts
    programme_id: str | None  # the same
    leg: Leg
    key: str  # an event, a plan, an end-to-end id, an entry of the bank or a payout
    plan_id: str | None  # null: it is about no plan, or about several
    kind: BreakClass
    priority: int  # 1 is the most urgent
    currency: str
    amount: int  # minor units: theirs less ours, seen from the partner; of payouts: what left less what was to leave
    differences: tuple[Difference, ...]
    state: BreakState
    owner: str
    opened_on: date  # the business day that had it first
    due_on: date  # until then it may come right by itself
    last_on: date  # the last business day that has it
    reconciliation_id: str | None  # what compared that day; null: it is about payouts
    bank_message_id: str | None  # of payouts: the message of the bank with which it was found last
    age_days: int  # until today, or until it was resolved
    resolved_on: date | None
    resolved_by: str | None  # the event that ended it, the comparison that no longer has it, or why a person did


class BreakStep(Struct, frozen=True):
    """Something that happened to a break, or was said about it."""

    number: int  # counts on through all breaks
    what: BreakStepKind
    kind: BreakClass | None  # the class that it was found in; null: a person did something
    owner: str | None  # of an assignment: who must act from then on
    note: str | None  # in words; of what a comparison ended, the event that ended it
    reconciliation_id: str | None  # the comparison that did it; null: a person did, or a message of the bank
    bank_message_id: str | None  # the message of the bank that did it, of payouts
    told_by: str | None  # the person; null: a comparison did it
    told_at: datetime  # when


class MonthQuality(Struct, frozen=True):
    """How good a programme's month was, and what is open today."""

    programme_id: str
    partner_id: str
    month: str  # 2026-03
    days: int  # that were compared
    reconciled_days: int  # of them with the verdict `reconciled`
    incomplete_days: int  # of them that could not be compared
    items: int  # of ours that were compared
    exceptions: int  # items that did not match, each day counted
    exception_rate_ppm: int  # of a million items; 5,000 is half a per cent
    automatic_matches: int  # that no person made
    automatic_share_bps: int  # of matches and exceptions; 10,000 is all
    open_breaks: int  # today
    open_amount: int  # minor units, without signs
    mean_age_days: int  # of open breaks, rounded down


class Which(Struct, frozen=True):
    """Which breaks are asked for; what is None is not asked about."""

    state: str | None = None
    programme_id: str | None = None
    kind: BreakClass | None = None
    owner: str | None = None
    due_until: date | None = None
    leg: Leg | None = None


async def breaks(
    pool: Pool, now: datetime, partner_id: str | None, which: Which, after: str, limit: int
) -> list[OpenedBreak]:
    """Of one partner or of all, by id; the next page starts `after` the last of this one."""
    wanted = (which.programme_id, which.kind, which.owner, which.due_until, which.leg)
    return [_opened(row, now) for row in await pool.fetch(Q.list, partner_id, which.state, after, limit, *wanted)]


async def steps(pool: Pool, break_id: str, partner_id: str | None, after: int, limit: int) -> list[BreakStep]:
    """The history of a break, in its order. Refused: NOT_FOUND, without a first step: that is when it was found."""
    rows = await pool.fetch(Q.steps, break_id, partner_id, after, limit)
    if not rows and not after:
        raise Refused(Code.NOT_FOUND, f"There is no break {break_id!r}.", "/id")
    return [msgspec.convert(dict(row), BreakStep) for row in rows]


async def assign(
    conn: Connection, break_id: str, partner_id: str | None, owner: str, by: str, now: datetime
) -> OpenedBreak:
    """Say who must act on an open break; a partner on one of its own. Refused: NOT_FOUND, STATE_FORBIDS."""
    await _one(conn, break_id, partner_id)
    changed = await _change(conn, break_id, now, Q.assign, owner)
    await conn.execute(Q.add_step, break_id, BreakStepKind.ASSIGNED, owner, None, by, now)
    await tell_breaks(conn, [(break_id, BreakStepKind.ASSIGNED)], _teller(partner_id), now)
    return changed


async def resolve(
    conn: Connection, break_id: str, partner_id: str | None, note: str, by: str, now: datetime
) -> OpenedBreak:
    """Close an open break with the reason why. A partner accepts with it what our books say, so it may close what was
    found between its files and them, and not what the bank shows. Refused: NOT_FOUND, STATE_FORBIDS."""
    row = await _one(conn, break_id, partner_id)
    if partner_id is not None and row["leg"] == Leg.CASH:
        raise Refused(Code.STATE_FORBIDS, "This is between a settlement and the bank: the operator closes it.", "/id")
    changed = await _change(conn, break_id, now, Q.resolve, note, _today(row, now))
    await conn.execute(Q.add_step, break_id, BreakStepKind.RESOLVED, None, note, by, now)
    await tell_breaks(conn, [(break_id, BreakStepKind.RESOLVED)], _teller(partner_id), now)
    return changed


async def comment(conn: Connection, break_id: str, partner_id: str | None, note: str, by: str, now: datetime) -> None:
    """Say something about a break, open or resolved; a partner about its own. Refused: NOT_FOUND."""
    if await conn.fetchval(Q.hold, break_id, partner_id) is None:
        raise _not_there(break_id)
    await conn.execute(Q.add_step, break_id, BreakStepKind.COMMENTED, None, note, by, now)
    await tell_breaks(conn, [(break_id, BreakStepKind.COMMENTED)], _teller(partner_id), now)


async def tell_breaks(conn: Connection, steps: list[tuple[str, BreakStepKind]], by: Teller, now: datetime) -> None:
    """Tell partners what happened to their breaks, in this order, and operators of all."""
    rows = await conn.fetch(Q.to_tell, [named for named, _ in steps])
    known = {row["break_id"]: dict(row) for row in rows}
    told: dict[str, list[Told]] = {}
    of_nobody: list[Told] = []
    for named, what in steps:
        data = dict(known[named])
        partner_id = data.pop("partner_id")
        if partner_id is None:  # of payouts
            of_nobody.append(told_to_operators(_TOLD_AS[what], by, data, now))
        else:
            told.setdefault(partner_id, []).append(told_to_partner(_TOLD_AS[what], partner_id, by, data, now))
    for partner_id, events in told.items():
        await tell_partner(conn, partner_id, events)
    if of_nobody:
        await TELL.execute(conn, told=of_nobody)


async def require_untouched(conn: Connection, partner_id: str, file_id: str) -> None:
    """Whether nobody has worked on what comparisons found with a file of the partner's; until the end of the
    transaction nobody will. Refused: STATE_FORBIDS."""
    rows = await conn.fetch(Q.results_with_file, partner_id, file_id)
    known = {
        break_id(row["programme_id"], partner_id, one)
        for row in rows
        for one in msgspec.json.decode(row["result"], type=Result).found
        if one.leg is _LEG_OF.get(row["type"])
    }
    held = [row["break_id"] for row in await conn.fetch(Q.hold_all, list(known))]
    touched = await conn.fetchval(Q.first_touched, held)
    if touched is not None:
        raise Refused(Code.STATE_FORBIDS, f"Somebody has worked on break {touched}, which was found with it.", "/id")


async def quality(pool: Pool, partner_id: str | None, month: date, now: datetime) -> list[MonthQuality]:
    """The month that begins on a day, of each programme that was compared in it."""
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    rows = await pool.fetch(Q.quality, partner_id, month, following, now.date())
    return [
        MonthQuality(
            row["programme_id"], row["partner_id"], f"{month:%Y-%m}", row["days"], row["reconciled"],
            row["incomplete"], row["items"], row["exceptions"],
            row["exceptions"] * 1_000_000 // max(row["items"], 1), row["matches"],
            row["matches"] * 10_000 // max(row["matches"] + row["exceptions"], 1), row["open"], row["open_amount"],
            row["open_days"] // max(row["open"], 1),
        )
        for row in rows
    ]  # fmt: skip


async def _change(conn: Connection, break_id: str, now: datetime, statement: str, *arguments: Any) -> OpenedBreak:
    done = await conn.execute(statement, break_id, *arguments)
    row = await _one(conn, break_id, None)
    if done == "UPDATE 0":
        raise Refused(Code.STATE_FORBIDS, f"The break was resolved on {row['resolved_on']}.")
    return _opened(row, now)


async def _one(conn: Connection, break_id: str, partner_id: str | None) -> asyncpg.Record:
    row = await conn.fetchrow(Q.one, break_id, partner_id)
    if row is None:
        raise _not_there(break_id)
    return row


def _teller(partner_id: str | None) -> Teller:
    return Teller.PARTNER if partner_id is not None else Teller.OPERATOR


def _not_there(break_id: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"There is no break {break_id[:100]!r}.", "/id")


def _opened(row: asyncpg.Record, now: datetime) -> OpenedBreak:
    age = ((row["resolved_on"] or _today(row, now)) - row["opened_on"]).days
    read = {"id": row["break_id"], "differences": msgspec.json.decode(row["differences"]), "age_days": max(age, 0)}
    return msgspec.convert(dict(row) | read, OpenedBreak)


def _today(row: asyncpg.Record, now: datetime) -> date:
    return now.astimezone(ZoneInfo(row["time_zone"] or "UTC")).date()  # payouts are of no programme
