"""Trials in the database: begun, and ended. One runs at a time."""

from datetime import datetime

import asyncpg

from service.db import Connection
from service.errors import Code, Refused
from service.policies.flow import Q


async def begin(
    conn: Connection, trial_id: str, policy_id: str, version: int, share_bps: int, by: str, now: datetime
) -> asyncpg.Record:
    """A version of a policy on trial, for a share of consumers. Refused: STATE_FORBIDS while another is running."""
    try:
        row = await conn.fetchrow(Q.insert_trial, trial_id, policy_id, version, share_bps, by, now)
    except asyncpg.UniqueViolationError:
        raise Refused(Code.STATE_FORBIDS, "Another trial is running.", actions=("end",)) from None
    assert row is not None
    return row


async def end(conn: Connection, trial_id: str, by: str, now: datetime) -> asyncpg.Record | None:
    """The trial, ended now; None: it does not run."""
    return await conn.fetchrow(Q.end_trial, trial_id, by, now)
