"""Plans proved against their facts, some of them or all, in bounded batches, each at one instant of the database."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct, field

from service import ids
from service.db import Connection
from service.packed import unpacked
from service.plans.book import Recorded
from service.plans.plan import Plan
from service.plans.proof import Balances, Difference, LossBorne, Stored, differences
from service.plans.reading_store import Q, agreed_of, recorded_of
from service.support.loss_store import Q as LOSSES
from service.support.recovering import Recovery
from service.support.waterfall import Allocation, Tier

AT_ONCE: Final = 200  # plans in one batch
SAMPLE: Final = 200  # the newest, and as many by chance


class Proof(Struct):
    """How many plans were proved, and what differs."""

    plans: int = 0
    differences: list[Difference] = field(default_factory=list)


async def prove(conn: Connection, *, every: bool = False, sample: int = SAMPLE, at_once: int = AT_ONCE) -> Proof:
    """Every plan, or the `sample` that changed last and as many by chance; so many are in memory at once."""
    proof = Proof()
    async for plan_ids in _all(conn, at_once) if every else _some(conn, sample, at_once):
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            stored = await _load(conn, plan_ids)
        proof.plans += len(stored)
        for plan_id, one in stored.items():
            proof.differences += differences(plan_id, one)
    return proof


async def _all(conn: Connection, at_once: int) -> AsyncIterator[list[str]]:
    bucket, plan_id = -1, ""
    while rows := await conn.fetch(Q.next_plans, bucket, plan_id, at_once):
        yield [row["plan_id"] for row in rows]
        bucket, plan_id = rows[-1]


async def _some(conn: Connection, sample: int, at_once: int) -> AsyncIterator[list[str]]:
    chosen = [row["plan_id"] for row in await conn.fetch(Q.sample_plans, sample)]
    for first in range(0, len(chosen), at_once):
        yield chosen[first : first + at_once]


async def _load(conn: Connection, plan_ids: Sequence[str]) -> dict[str, Stored]:
    keys = [ids.bucket_of(plan_id) for plan_id in plan_ids], list(plan_ids)
    lines: dict[str, list[asyncpg.Record]] = {plan_id: [] for plan_id in plan_ids}
    for row in await conn.fetch(Q.load_lines, *keys):
        lines[row["plan_id"]].append(row)
    balances: dict[str, Balances] = {plan_id: {} for plan_id in plan_ids}
    for plan_id, occasion, account, owner, amount in await conn.fetch(Q.load_balances, *keys):
        balances[plan_id][occasion, account, owner] = amount
    borne = {
        row["plan_id"]: LossBorne(
            row["seen"],
            msgspec.json.decode(row["tiers"], type=tuple[Tier, ...]),
            msgspec.json.decode(row["allocation"], type=Allocation),
            msgspec.json.decode(row["recoveries"], type=tuple[Recovery, ...]),
        )
        for row in await conn.fetch(LOSSES.borne_of, *keys)
    }
    facts: dict[str, list[asyncpg.Record]] = {plan_id: [] for plan_id in plan_ids}
    for row in await conn.fetch(Q.load_facts, *keys):
        facts[row["plan_id"]].append(row)
    return {
        row["plan_id"]: Stored(
            agreed=_agreed(row),
            facts=_recorded(facts[row["plan_id"]]),
            columns=dict(row) | {"standing": _bytes(row["standing"])},
            lines=tuple([tuple(line)[1:] for line in lines[row["plan_id"]]]),
            balances=balances[row["plan_id"]],
            digests=[fact["digest"] for fact in facts[row["plan_id"]]],
            borne=borne.get(row["plan_id"]),
        )
        for row in await conn.fetch(Q.load_rows, *keys)
    }


def _agreed(row: asyncpg.Record) -> Plan | None:
    try:
        return agreed_of(row)
    except (msgspec.DecodeError, ValueError):
        return None


def _bytes(kept: bytes) -> bytes:
    """None at all, where what was packed is damaged."""
    try:
        return unpacked(kept)
    except ValueError:
        return b""


def _recorded(rows: list[asyncpg.Record]) -> list[Recorded] | None:
    try:
        return [recorded_of(row) for row in rows]
    except (msgspec.DecodeError, ValueError):
        return None
