"""Standing permissions in the database: given, revoked, and found for the offers that ask for one."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from service import ids
from service.actor import Actor
from service.db import Connection, Pool, columns, load_queries
from service.engine.events import TELL, Told
from service.event_type import EventType
from service.plans.offer import Agreement, Scenario
from service.plans.permission import Permission, permitted_scenario

Q: Final = load_queries(Path(__file__).with_name("permissions.sql"))

Permitted = dict[tuple[str, Scenario], str]  # by consumer and scenario: the permission's id


async def give(
    conn: Connection, consumer_id: str, actor: Actor, scenario: Scenario, evidence: str, now: datetime
) -> Permission | None:
    """Keeps it, and tells of it. None: it stands already."""
    bucket = ids.bucket_of(consumer_id)
    permission_id = ids.new_id(ids.PERMISSION, bucket, _milliseconds(now))
    row = await conn.fetchrow(Q.insert_permission, bucket, permission_id, consumer_id, scenario, evidence, now)
    if row is None:
        return None
    given = permission_of(row)
    await _tell(conn, given, actor, EventType.PERMISSION_GIVEN, now)
    return given


async def revoke(conn: Connection, permission_id: str, actor: Actor, by: str, now: datetime) -> Permission | None:
    """Takes it back, and tells of it the first time. None: this merchant has no such permission."""
    bucket = ids.bucket_of(permission_id)
    first = await conn.fetchval(Q.revoke_permission, bucket, permission_id, actor.merchant_id, now, by)
    row = await conn.fetchrow(Q.load_permission, bucket, permission_id, actor.merchant_id)
    if row is None:
        return None
    revoked = permission_of(row)
    if first:
        await _tell(conn, revoked, actor, EventType.PERMISSION_REVOKED, now)
    return revoked


async def list_of(pool: Pool, consumer_id: str, after: str, limit: int) -> list[Permission]:
    """A consumer's permissions, the oldest first."""
    rows = await pool.fetch(Q.list_permissions, ids.bucket_of(consumer_id), consumer_id, after, limit)
    return [permission_of(row) for row in rows]


async def find_for(conn: Connection, agreements: Iterable[Agreement]) -> Permitted:
    """The permissions in force of those offers that ask for one. Without such an offer nothing is read."""
    asked = {
        (ids.bucket_of(one.consumer_id), one.consumer_id, scenario)
        for one in agreements
        if (scenario := permitted_scenario(one.offer)) is not None
    }
    if not asked:
        return {}
    rows = await conn.fetch(Q.find_permissions, *columns(sorted(asked)))
    return {(row["consumer_id"], Scenario(row["scenario"])): row["permission_id"] for row in rows}


def permission_of(row: asyncpg.Record) -> Permission:
    """A permission's row."""
    return Permission(**{**row, "scenario": Scenario(row["scenario"])})


async def _tell(conn: Connection, one: Permission, actor: Actor, type_: EventType, now: datetime) -> None:
    bucket = ids.bucket_of(one.consumer_id)
    data = {"consumer": one.consumer_id, "permission_id": one.permission_id, "scenario": one.scenario}
    event_id = ids.new_id(ids.EVENT, bucket, _milliseconds(now))
    text = msgspec.json.encode(data).decode()
    told = Told(bucket, event_id, actor.merchant_id, type_, now, actor.kind, text, consumer_id=one.consumer_id)
    await TELL.execute(conn, told=[told])


def _milliseconds(now: datetime) -> int:
    return int(now.timestamp() * 1000)
