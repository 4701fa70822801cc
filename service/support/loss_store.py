"""Losses in the database: opened with the fact that a plan was given up; who bears them, version by version."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct, field

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.ledger.booking import Books
from service.ledger.chart import LedgerAccount, Occasion, Place
from service.statement import Int, SmallInt, Statement
from service.support import capacity_flow
from service.support.arrangement import ArrangementKind, Cause
from service.support.bearing import OCCASIONS
from service.support.capacity import ArrangementState
from service.support.cover import Used
from service.support.loss import Loss, LossState, OpenedLoss
from service.support.quantified import Came
from service.support.recovering import Recovery, RecoverySource
from service.support.waterfall import Allocation, Tier

Q: Final = load_queries(Path(__file__).with_name("losses.sql"))


class LossOfPlan(Struct, frozen=True):
    """A loss as it is now."""

    loss_id: str = field(name="id")
    plan_id: str
    merchant_id: str  # whose sale it was
    currency: str
    cause: Cause
    lost_on: date  # the day on which the plan was given up
    state: LossState
    version: int  # of its allocation; 0: nobody bears it yet
    opened_at: datetime  # with the fact that the plan was given up


class Version(Struct, frozen=True):
    """Who bears a loss, as it was quantified once."""

    version: int
    waterfall_id: str
    waterfall_version: int
    loss: Loss
    tiers: tuple[Tier, ...]
    allocation: Allocation
    sha256: str
    allocated_at: datetime


class Shared(Struct, frozen=True):
    """A recovery that stands, and who got what of it."""

    number: int
    came: Came
    recovery: Recovery


class Bearer(Struct, frozen=True):
    """What somebody bears of all losses, in minor units."""

    currency: str
    arrangement_id: str | None  # by which; null: because it is their money
    bearer_id: str | None  # null: we
    name: str | None  # of the arrangement
    kind: ArrangementKind | None  # of the arrangement
    amount: int  # minor units that they bear
    back: int  # minor units of that which came back to them


class BorneByTier(Struct, frozen=True):
    """What a tier bears of a loss."""

    bucket: SmallInt
    loss_id: str
    version: Int
    tier: Int
    arrangement_id: str
    bearer_id: str
    debtor: str
    year: Int
    insured: int
    first_loss: int
    amount: int
    limit: str | None
    beneficiary_id: str | None


class ShareOf(Struct, frozen=True):
    """What somebody got of a recovery."""

    bucket: SmallInt
    loss_id: str
    number: Int
    place: Int
    bearer_id: str | None
    arrangement_id: str | None
    amount: int


_OPEN: Final = Statement(Q.open_losses, lost=OpenedLoss)
_ALLOCATE: Final = Statement(Q.insert_allocations, borne=BorneByTier)
_SHARE: Final = Statement(Q.insert_shares, shared=ShareOf)


async def open_losses(conn: Connection, lost: Sequence[OpenedLoss]) -> None:
    """Opens losses of plans that were given up; one that is open already stays."""
    await _OPEN.execute(conn, lost=lost)


async def lock(conn: Connection, loss_id: str) -> LossOfPlan:
    """A loss, for this transaction alone. Refused: NOT_FOUND."""
    return _loss(await conn.fetchrow(Q.lock_loss, ids.bucket_of(loss_id), loss_id), loss_id)


async def find(conn: Connection | Pool, loss_id: str) -> LossOfPlan:
    """A loss as it is now. Refused: NOT_FOUND."""
    return _loss(await conn.fetchrow(Q.load_loss, ids.bucket_of(loss_id), loss_id), loss_id)


async def losses(pool: Pool, after: str, state: LossState | None, limit: int) -> list[LossOfPlan]:
    """The oldest first, in a state or in any."""
    return [_loss(row, row["loss_id"]) for row in await pool.fetch(Q.list_losses, after, state, limit)]


async def bearers(pool: Pool) -> list[Bearer]:
    """Who bears how much of all losses."""
    return [
        Bearer(**dict(row) | {"kind": ArrangementKind(row["kind"]) if row["kind"] else None})
        for row in await pool.fetch(Q.bearers)
    ]


async def versions(conn: Connection | Pool, loss_id: str) -> list[Version]:
    """All that it was quantified to, the first first."""
    return [
        Version(
            row["version"], row["waterfall_id"], row["waterfall_version"],
            msgspec.json.decode(row["loss"], type=Loss), msgspec.json.decode(row["tiers"], type=tuple[Tier, ...]),
            msgspec.json.decode(row["allocation"], type=Allocation), row["sha256"], row["allocated_at"],
        )
        for row in await conn.fetch(Q.load_versions, ids.bucket_of(loss_id), loss_id)
    ]  # fmt: skip


async def recoveries(conn: Connection | Pool, loss_id: str) -> list[Shared]:
    """Those that stand, the first first."""
    return [
        Shared(
            row["number"], Came(row["gross"], row["cost"], RecoverySource(row["source"]), row["received_on"]),
            msgspec.json.decode(row["shared"], type=Recovery),
        )
        for row in await conn.fetch(Q.load_recoveries, ids.bucket_of(loss_id), loss_id)
    ]  # fmt: skip


async def used_by(
    conn: Connection, tiers: Sequence[Tier], loss_id: str, loss: Loss, plan_id: str, before: Sequence[Tier] = ()
) -> list[Used]:
    """What each tier was given and has used, but for this loss; nobody else uses any of it until this is committed, nor
    what the tiers `before` have."""
    asked = [tier.arrangement_id for tier in tiers]
    has = await capacity_flow.lock(conn, [*asked, *(tier.arrangement_id for tier in before)])
    used = {
        row["arrangement_id"]: row for row in await conn.fetch(Q.used_of, asked, loss_id, loss.debtor, loss.on.year)
    }
    bucket = ids.bucket_of(loss_id)
    covered = {row["arrangement_id"]: row for row in await conn.fetch(Q.covered_of, asked, bucket, plan_id)}
    rows = await conn.fetch(Q.debtor_limits, asked, ids.bucket_of(plan_id), plan_id)
    limits: dict[str, int] = {row["arrangement_id"]: row["debtor_limit"] for row in rows}
    found: list[Used] = []
    for tier in tiers:
        capacity, row, cover = has[tier.arrangement_id], used.get(tier.arrangement_id), covered.get(tier.arrangement_id)
        hold, granted = await capacity_flow.hold_and_decision(conn, tier.arrangement_id, loss_id)
        own = hold.reserved + hold.paid - (hold.returned if capacity.is_reinstatable else 0)
        one = Used(
            is_in_force=capacity.state is not ArrangementState.CLOSED,
            is_enrolled=cover is None or cover["is_enrolled"],
            granted=granted,
            debtor_limit=limits.get(tier.arrangement_id),
            covered=cover["covered"] if cover else 0,
            available=capacity.available + own,
        )
        found.append(_used(one, tier, loss, row) if row else one)
    return found


def _used(one: Used, tier: Tier, loss: Loss, row: asyncpg.Record) -> Used:
    year, debtor = loss.on.year, loss.debtor
    paid = msgspec.structs.replace(
        one, defaults=row["defaults"], first_loss=row["first_loss"], paid=row["paid"],
        paid_by_year={year: row["paid_in_year"]}, paid_by_debtor={debtor: row["paid_for_debtor"]},
        insured_by_debtor={debtor: row["insured_of_debtor"]},
    )  # fmt: skip
    if not tier.terms.reinstatable:
        return paid
    return msgspec.structs.replace(
        paid, paid=row["paid"] - row["returned"],
        paid_by_year={year: row["paid_in_year"] - row["returned_in_year"]},
        paid_by_debtor={debtor: row["paid_for_debtor"] - row["returned_for_debtor"]},
    )  # fmt: skip


async def booked_of(conn: Connection, bucket: int, plan_id: str) -> Books:
    """What the books say of a plan's loss, beyond what its own shares say."""
    books: Books = {}
    for occasion, account, owner, amount in await conn.fetch(Q.booked_of, bucket, plan_id, list(map(str, OCCASIONS))):
        books.setdefault(Occasion(occasion), {})[Place(LedgerAccount(account), owner)] = amount
    return books


async def save_step(conn: Connection, loss_id: str, step_id: str, now: datetime) -> None:
    """Writes down that something of a loss is booked: the cause of it."""
    await conn.execute(Q.insert_step, ids.bucket_of(loss_id), step_id, loss_id, now)


async def save_version(conn: Connection, one: LossOfPlan, step_id: str, version: Version) -> None:
    """Writes down who bears a loss now."""
    bucket = ids.bucket_of(one.loss_id)
    await conn.execute(
        Q.insert_version, bucket, one.loss_id, version.version, step_id, version.waterfall_id,
        version.waterfall_version, _json(version.loss), _json(version.tiers), _json(version.allocation),
        version.sha256, version.allocated_at,
    )  # fmt: skip
    borne = [
        BorneByTier(
            bucket, one.loss_id, version.version, number, each.arrangement_id, each.bearer_id, version.loss.debtor,
            version.loss.on.year, each.insured, each.first_loss, each.amount, each.limit, tier.terms.beneficiary_id,
        )
        for number, (tier, each) in enumerate(zip(version.tiers, version.allocation.tiers, strict=True), 1)
    ]  # fmt: skip
    await _ALLOCATE.execute(conn, borne=borne)
    bearing = [each.arrangement_id for each in version.allocation.tiers if each.amount]
    await conn.execute(Q.claim_enrolments, bucket, one.plan_id, bearing)


async def move(conn: Connection, one: LossOfPlan, plan_version: int) -> None:
    """Writes where a loss stands, as of a version of its plan."""
    await conn.execute(
        Q.move_loss, ids.bucket_of(one.loss_id), one.loss_id, one.cause, one.state, one.version, plan_version
    )


async def save_recoveries(
    conn: Connection, loss_id: str, allocation: Allocation, gone: Sequence[int], new: Iterable[Shared], step_id: str,
    now: datetime,
) -> None:  # fmt: skip
    """Takes back recoveries that do not stand any more, and writes new ones down with who got what."""
    bucket = ids.bucket_of(loss_id)
    if gone:
        await conn.execute(Q.reverse_recoveries, bucket, loss_id, list(gone), now)
    for each in new:
        came = each.came
        await conn.execute(
            Q.insert_recovery, bucket, loss_id, each.number, step_id, came.gross, came.cost, came.net, came.source,
            came.received_on, _json(each.recovery), now,
        )  # fmt: skip
        await _SHARE.execute(conn, shared=_shares(bucket, loss_id, each, allocation))


async def last_recovery(conn: Connection, loss_id: str) -> int:
    """The number of the last one, whether it stands or not."""
    number: int = await conn.fetchval(Q.last_recovery, ids.bucket_of(loss_id), loss_id)
    return number


def _shares(bucket: int, loss_id: str, one: Shared, allocation: Allocation) -> list[ShareOf]:
    recovery = one.recovery
    tiers = [(each.bearer_id, each.arrangement_id) for each in allocation.tiers]
    rest = [(each.partner_id, None) for each in allocation.rest]
    got = zip([*tiers, *rest, (None, None)], [*recovery.tiers, *recovery.rest, recovery.written_off], strict=True)
    given = [(bearer, arrangement, amount) for (bearer, arrangement), amount in got if amount]
    return [ShareOf(bucket, loss_id, one.number, place, *each) for place, each in enumerate(given, 1)]


def _loss(row: asyncpg.Record | None, loss_id: str) -> LossOfPlan:
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no loss {loss_id[:100]!r}.", "/id")
    named = dict(row) | {"cause": Cause(row["cause"]), "state": LossState(row["state"])}
    named.pop("bucket")
    return LossOfPlan(**named)


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()
