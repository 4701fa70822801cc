"""Approvals in the database: proposed, decided once, listed."""

from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from service import ids
from service.actor import ActorKind
from service.approvals.approval import WAITS, Approval, ApprovalState, require_decidable
from service.audit.entry import By, Thing
from service.db import Connection, Pool, load_queries
from service.engine.events import TELL, told_to_operators
from service.errors import Code, Refused
from service.event_type import EventType

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))


async def propose(
    conn: Connection, act: str, thing: Thing, thing_id: str, payload: object, by: By, now: datetime
) -> Approval:
    """Keeps an act until a second person approves it. What is wrong with it was refused before."""
    approval_id = ids.new_id(ids.APPROVAL, 0, int(now.timestamp() * 1000))
    text = msgspec.json.encode(payload).decode()
    await conn.execute(
        Q.insert_approval, approval_id, act, thing, thing_id, text, by.owner_id, by.key_id, now, now + WAITS
    )
    data = {"approval_id": approval_id, "act": act, "thing": thing}
    event = told_to_operators(EventType.APPROVAL_PROPOSED, ActorKind.OPERATOR, data, now)
    await TELL.execute(conn, told=[event])
    return await load(conn, approval_id)


async def load(conn: Connection | Pool, approval_id: str) -> Approval:
    """One of them. Refused: NOT_FOUND."""
    return _of(await conn.fetchrow(Q.load_approval, approval_id), approval_id)


async def lock(conn: Connection, approval_id: str, by: By | None, now: datetime) -> Approval:
    """One that is to be approved `by` somebody (None: to be rejected): nobody else decides it meanwhile.

    Refused: NOT_FOUND, STATE_FORBIDS, FOUR_EYES.
    """
    approval = _of(await conn.fetchrow(Q.lock_approval, approval_id), approval_id)
    require_decidable(approval, by, now)
    return approval


async def decide(conn: Connection, approval_id: str, state: ApprovalState, by: By, now: datetime) -> Approval:
    """Writes down what became of a locked one."""
    await conn.execute(Q.decide_approval, approval_id, state, by.owner_id, by.key_id, now)
    approval = await load(conn, approval_id)
    data = {"approval_id": approval_id, "act": approval.act, "thing": approval.thing, "state": state}
    event = told_to_operators(EventType.APPROVAL_DECIDED, ActorKind.OPERATOR, data, now)
    await TELL.execute(conn, told=[event])
    return approval


async def waiting(pool: Pool, after: str, limit: int, state: ApprovalState | None) -> list[Approval]:
    """Approvals in one state, or all; the oldest first."""
    return [_of(row, "") for row in await pool.fetch(Q.list_approvals, after, limit, state)]


def _of(row: asyncpg.Record | None, approval_id: str) -> Approval:
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no approval {approval_id[:100]!r}.", "/id")
    return msgspec.convert(dict(row) | {"payload": msgspec.json.decode(row["payload"])}, Approval)
