"""What a party that bears losses sees of its own: nothing of it is another's."""

from datetime import date, datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from service import ids
from service.db import Pool, load_queries
from service.support.arrangement import Cause
from service.support.capacity import ArrangementState, Capacity
from service.support.cover import Limit
from service.support.cover_set import CoverMode, CoverSet
from service.support.loss import LossState
from service.support.recovering import RecoverySource

Q: Final = load_queries(Path(__file__).with_name("party.sql"))


class OwnLoss(Struct, frozen=True):
    """What a party bears of a loss by one of its arrangements."""

    loss_id: str
    arrangement_id: str
    plan_id: str
    cause: Cause
    lost_on: date  # the day on which the plan was given up
    state: LossState
    version: int  # of the allocation
    currency: str
    insured: int  # minor units that counted
    first_loss: int  # minor units that it used up of an aggregate attachment
    amount: int  # minor units that it bears
    limit: Limit | None  # why it is less than its terms say, or nothing; null: neither
    reserved: int  # minor units of that which are not paid yet
    paid: int
    returned: int  # minor units that came back to it


class OwnPart(Struct, frozen=True):
    """What a party bore by an arrangement, as a loss was quantified once."""

    version: int
    arrangement_id: str
    insured: int  # minor units that counted
    first_loss: int  # minor units that it used up of an aggregate attachment
    amount: int  # minor units that it bore
    limit: Limit | None  # why it was less than its terms say, or nothing; null: neither
    allocated_at: datetime  # when it was quantified so


class OwnReturn(Struct, frozen=True):
    """What came back of a loss to a party."""

    arrangement_id: str
    received_on: date
    source: RecoverySource
    amount: int  # minor units


async def capacities(pool: Pool, party_id: str, after: str, limit: int) -> list[Capacity]:
    """What its arrangements have, the oldest first."""
    rows = await pool.fetch(Q.capacities_of, party_id, after, limit)
    return [Capacity(**dict(row) | {"state": ArrangementState(row["state"])}) for row in rows]


async def cover_sets(pool: Pool, party_id: str, after: str, limit: int) -> list[CoverSet]:
    """The sets of its arrangements, the oldest first."""
    rows = await pool.fetch(Q.sets_of, party_id, after, limit)
    return [CoverSet(**dict(row) | {"mode": CoverMode(row["mode"])}) for row in rows]


async def losses(pool: Pool, party_id: str, after: str, arrangement_id: str | None, limit: int) -> list[OwnLoss]:
    """Losses of which it has a tier, the oldest first: one row for each tier of it, those of `limit` losses at most."""
    found: list[OwnLoss] = []
    for row in await pool.fetch(Q.losses_of, party_id, after, arrangement_id, limit):
        words = {"cause": Cause(row["cause"]), "state": LossState(row["state"]), "limit": _limit(row["limit"])}
        found.append(OwnLoss(**dict(row) | words))
    return found


async def parts_of(pool: Pool, party_id: str, loss_id: str) -> list[OwnPart]:
    """What it bore of a loss, version by version; empty: nothing, nor could it have."""
    rows = await pool.fetch(Q.versions_of_loss, ids.bucket_of(loss_id), loss_id, party_id)
    return [OwnPart(**dict(row) | {"limit": _limit(row["limit"])}) for row in rows]


async def returns_of(pool: Pool, party_id: str, loss_id: str) -> list[OwnReturn]:
    """What came back to it of a loss, and stands."""
    rows = await pool.fetch(Q.returns_of_loss, ids.bucket_of(loss_id), loss_id, party_id)
    return [OwnReturn(**dict(row) | {"source": RecoverySource(row["source"])}) for row in rows]


def _limit(told: str | None) -> Limit | None:
    return Limit(told) if told else None
