"""Breaks in the database as a comparison finds them: opened, carried on, of another class, reopened."""

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from service.db import Connection, load_queries
from service.reconciling.found import PRIORITY, WAITS, BreakClass, Found, Leg, first_owner
from service.reconciling.life import BreakStepKind, break_id
from service.statement import Int, Json, SmallInt, Statement

Q: Final = load_queries(Path(__file__).with_name("keeping.sql"))

Steps = list[tuple[str, BreakStepKind]]  # what happened to which break, in this order


class FoundBreak(Struct, frozen=True, gc=False):
    """A row of `breaks`, as it is found."""

    break_id: str
    leg: Leg
    key: str
    currency: str
    plan_id: str | None
    kind: BreakClass
    priority: SmallInt
    amount: int
    differences: Json
    owner: str
    waits: Int


class Running(Struct, frozen=True):
    """The comparison under way: of a day with a partner, or of what a message of the bank shows of payouts."""

    business_on: date
    made_at: datetime
    partner_id: str | None = None
    programme_id: str | None = None
    reconciliation_id: str | None = None  # the day's
    bank_message_id: str | None = None  # the message


_KEEP: Final = Statement(Q.keep_found, found=FoundBreak, run=Running)


async def keep(conn: Connection, run: Running, found: Iterable[Found]) -> Steps:
    """What was found is open: new, the same as before, or back again."""
    rows = [_found_break(run, one) for one in found]
    if not rows:
        return []
    return [(row["break_id"], BreakStepKind(row["what"])) for row in await _KEEP.fetch(conn, found=rows, run=[run])]


def _found_break(run: Running, one: Found) -> FoundBreak:
    identifier = break_id(run.programme_id or "", run.partner_id or "", one)
    return FoundBreak(
        break_id=identifier, leg=one.leg, key=one.key, currency=one.currency, plan_id=one.plan_id, kind=one.kind,
        priority=PRIORITY[one.kind], amount=one.amount, owner=first_owner(one.kind), waits=WAITS.get(one.kind, 0),
        differences=msgspec.json.encode(one.differences).decode(),
    )  # fmt: skip
