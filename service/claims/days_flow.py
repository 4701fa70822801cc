"""What time alone brings about on claims: they are lodged, warned of, lapse, and rest while a dispute is open."""

from datetime import datetime, timedelta
from typing import Final

from service.claims import claim as rules
from service.claims.claim import LossClaimState
from service.claims.flow import end_unpaid, lodge, recovered
from service.claims.steps_flow import (
    THE_DAY,
    Held,
    hold,
    looked_on,
    proof_of,
    save,
    tell_all,
)
from service.claims.store import Q
from service.db import Connection, Pool
from service.errors import Refused
from service.event_type import EventType
from service.merchants.merchant import TimeAt
from service.support import pool_flow

AT_ONCE: Final = 200


async def look_at_all(pool: Pool, now: datetime, time_at: TimeAt) -> int:
    """Looks at every claim of which something may be due, each in a transaction of its own; how many."""
    looked, after = 0, ""
    by = (now + timedelta(days=1)).date()  # somewhere it is tomorrow
    while claim_ids := [row["claim_id"] for row in await pool.fetch(Q.list_to_look_at, by, after, AT_ONCE)]:
        for claim_id in claim_ids:
            async with pool.acquire() as conn, conn.transaction():
                await look(conn, claim_id, now, time_at)
        looked, after = looked + len(claim_ids), claim_ids[-1]
    return looked


async def look(conn: Connection, claim_id: str, now: datetime, time_at: TimeAt) -> None:
    """What time brings about on one claim: it is lodged where it waits, warned of, lapses, rests or goes on."""
    held = await hold(conn, claim_id, now, time_at)
    claim, today = held.claim, held.today
    if (after := rules.lapsed(claim, today)) is not None:
        await end_unpaid(conn, held, after, "lapse", "", THE_DAY, now)
        return
    if claim.state is LossClaimState.WAITING and today >= claim.waits_until:
        await _lodge_by_itself(conn, held, now)
        return
    if claim.state in (*rules.UNDECIDED, LossClaimState.HOLD):
        disputed = (await proof_of(conn, held)).disputed
        if disputed is not (claim.state is LossClaimState.HOLD):
            after = rules.held(claim, today) if disputed else rules.resumed(claim, today)
            await save(conn, held, after, "hold" if disputed else "resume", THE_DAY, now)
            return
    due = rules.due_of(claim)
    warned = held.warned_of
    if due and today >= due[1] - timedelta(days=held.terms.warn_days) and warned != due[1]:
        warned = due[1]
        data = {"claim_id": claim_id, "what": due[0], "due_on": due[1], "days": (due[1] - today).days}
        await tell_all(conn, claim, EventType.CLAIM_DEADLINE, THE_DAY, data, now)
    await conn.execute(Q.look_at_next, claim_id, looked_on(claim, held.terms, warned, today), warned)


async def _lodge_by_itself(conn: Connection, held: Held, now: datetime) -> None:
    try:
        async with conn.transaction():
            await lodge(conn, held, THE_DAY, now)
    except Refused as refused:
        if refused.status >= 500:
            raise
        await save(conn, held, rules.back_to_draft(held.claim), "draft", THE_DAY, now, note=refused.detail)


async def share_returns(pool: Pool, now: datetime, time_at: TimeAt) -> None:
    """What came back of losses whose claims were paid: the claims hear of it, and so do the pools that had paid."""
    for row in await pool.fetch(Q.list_recovered):
        async with pool.acquire() as conn, conn.transaction():
            await recovered(conn, row["loss_id"], THE_DAY, now, time_at)
    await pool_flow.keep_all(pool, now)
