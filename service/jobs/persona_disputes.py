"""Disputes that a test merchant's personas open by themselves, so long after the first capture of a plan."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from service import ids
from service.actor import Actor, ActorKind
from service.checkout.persona import DOES
from service.db import Pool, load_queries
from service.engine.lane import Engine
from service.plans.dispute import OpenDispute
from service.plans.running.dispute_facts import DisputeReason

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))

DISPUTING: Final = {persona: part.disputes_after for persona, part in DOES.items() if part.disputes_after}


class ToCome(NamedTuple):
    """A plan that its consumer is going to dispute, and when, in the merchant's time."""

    at: datetime
    plan_id: str
    consumer_id: str


async def disputes_to_come(pool: Pool, merchant_id: str) -> list[ToCome]:
    """All of a test merchant's plans that a persona has not disputed yet."""
    found: list[ToCome] = []
    for persona, after in DISPUTING.items():
        found += [ToCome(*row) for row in await pool.fetch(Q.find_disputes_to_come, merchant_id, persona, after)]
    return found


async def open_disputes_of(pool: Pool, engine: Engine, merchant_id: str, now: datetime, theirs: datetime) -> None:
    """Opens those whose time has come for the merchant. What a plan does not allow stays undone."""
    at_ms = int(now.timestamp() * 1000)
    commands = [
        OpenDispute(
            command_id=ids.new_id(ids.COMMAND, ids.bucket_of(one.plan_id), at_ms),
            actor=Actor(ActorKind.CONSUMER, one.consumer_id),
            plan_id=one.plan_id,
            reason=DisputeReason.NOT_RECEIVED,
        )
        for one in await disputes_to_come(pool, merchant_id)
        if one.at <= theirs
    ]
    await asyncio.gather(*[engine.do(command, None, now) for command in commands])
