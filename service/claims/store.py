"""Claims in the database, as rows."""

from datetime import date, datetime
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct, structs

from service import ids
from service.claims.claim import HELD, OPEN, LossClaim, LossClaimState, Rejection
from service.claims.evidence import Document, Effort, EvidencePack, Known, StoppedSupply
from service.db import Connection, Pool, load_queries
from service.insurance.supply_flow import stops_since
from service.plans.plan import Plan
from service.statement import Int, Statement
from service.support.arrangement import Arrangement
from service.support.claim_terms import ClaimTerms, EffortKind, Evidence

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))


class ClaimRow(Struct, frozen=True, gc=False):
    """A row of `loss_claims`, as it is written first."""

    claim_id: str
    arrangement_id: str
    version: Int
    loss_id: str
    plan_id: str
    bearer_id: str
    currency: str
    state: LossClaimState
    claimed: int
    approved: int
    paid: int
    clawed_back: int
    rejection: Rejection | None
    due_on: date
    waits_until: date
    file_by: date
    lodged_on: date | None
    decide_by: date | None
    answer_by: date | None
    days_left: Int | None
    looked_on: date | None
    steps: Int
    made_at: datetime


class MovedClaim(Struct, frozen=True, gc=False):
    """What of it changes."""

    claim_id: str
    state: LossClaimState
    claimed: int
    approved: int
    paid: int
    clawed_back: int
    rejection: Rejection | None
    lodged_on: date | None
    decide_by: date | None
    answer_by: date | None
    days_left: Int | None
    looked_on: date | None
    steps: Int


class Side(Struct, frozen=True):
    """Whose claims somebody sees: all; those on who bears the losses; or those of losses that are a partner's, too."""

    bearer_id: str | None = None
    partner_id: str | None = None


ALL: Final = Side()
INSERT: Final = Statement(Q.insert_claim, made=ClaimRow)
SAVE: Final = Statement(Q.save_claim, moved=MovedClaim)


class ClaimStep(Struct, frozen=True):
    """What happened to a claim, and by whom."""

    number: int  # 1, 2, 3 ... of the claim
    what: str  # the verb
    state: LossClaimState  # after it
    amount: int | None  # minor units, of a decision or a payment; null: of none
    note: str  # in the words of who did it
    by_whom: str  # in what role: `operator`, `partner`, `support` or `day`
    owner_id: str  # who; empty: nobody, time has passed
    done_on: date  # by the calendar of the plan's merchant
    done_at: datetime  # when


def claim_of(row: asyncpg.Record) -> LossClaim:
    """A claim by its row. What it is of follows the loss until it is decided, and what is reserved for it the hold."""
    known = {name: row[name] for name in LossClaim.__struct_fields__ if name != "reserved"}
    state, rejection = LossClaimState(row["state"]), row["rejection"]
    if state in OPEN:
        known["claimed"] = max(row["bears"] - row["earlier"], 0)
    reserved = row["held"] if state in HELD else 0
    said = {"state": state, "rejection": Rejection(rejection) if rejection else None, "reserved": reserved}
    return LossClaim(**known | said)


async def insert(conn: Connection, claim: LossClaim, looked_on: date | None, now: datetime) -> None:
    """A new claim."""
    known = {name: value for name, value in structs.asdict(claim).items() if name in ClaimRow.__struct_fields__}
    row = ClaimRow(**known, looked_on=looked_on, steps=1, made_at=now)
    await INSERT.execute(conn, made=[row])


async def save(conn: Connection, claim: LossClaim, looked_on: date | None, steps: int) -> None:
    """The claim as it is after a step."""
    known = {name: value for name, value in structs.asdict(claim).items() if name in MovedClaim.__struct_fields__}
    await SAVE.execute(conn, moved=[MovedClaim(**known, looked_on=looked_on, steps=steps)])


async def load(conn: Connection | Pool, claim_id: str) -> LossClaim | None:
    """A claim as it stands; None: there is none."""
    row = await conn.fetchrow(Q.load_claim, claim_id) if ids.is_id(claim_id, ids.CLAIM) else None
    return claim_of(row) if row else None


async def terms_of(conn: Connection | Pool, arrangement_id: str, version: int) -> tuple[Arrangement, ClaimTerms | None]:
    """What was agreed in a version of an arrangement, and of claims on it."""
    document = msgspec.json.decode(await conn.fetchval(Q.load_terms, arrangement_id, version), type=Arrangement)
    return document, document.claims


async def known_of(conn: Connection, plan: Plan, claim: LossClaim) -> Known:
    """What is known of a plan besides its facts."""
    plan_id, bucket = plan.plan_id, plan.bucket
    documents = await conn.fetch(Q.list_documents, claim.claim_id)
    stops = await stops_since(conn, claim.arrangement_id, plan.person_id, plan.authorized_at)
    how = await conn.fetchrow(Q.how_identified, bucket, plan_id)
    assert how is not None
    return Known(
        await efforts_of(conn, plan_id), [_document(row) for row in documents], tuple(how["known_by"]),
        how["proved_by"], [StoppedSupply(one.decision_id, one.decided_at, one.amount) for one in stops],
    )  # fmt: skip


async def efforts_of(conn: Connection | Pool, plan_id: str) -> list[Effort]:
    """How somebody tried to have a plan paid, the oldest first."""
    return [
        Effort(effort_id, EffortKind(kind), done_on, reference, said_by)
        for effort_id, kind, done_on, reference, said_by in await conn.fetch(
            Q.list_efforts, ids.bucket_of(plan_id), plan_id
        )
    ]


async def steps_of(pool: Connection | Pool, claim_id: str) -> list[ClaimStep]:
    """What happened to a claim, the oldest first."""
    return [
        ClaimStep(**dict(row) | {"state": LossClaimState(row["state"])})
        for row in await pool.fetch(Q.list_steps, claim_id)
    ]


async def pack_of(pool: Connection | Pool, claim_id: str) -> tuple[EvidencePack, str, datetime] | None:
    """What it showed when it was lodged, or answered about; its sha256, and when. None: it was not lodged."""
    row = await pool.fetchrow(Q.load_pack, claim_id)
    if row is None:
        return None
    return msgspec.json.decode(row["content"], type=EvidencePack), row["sha256"], row["assembled_at"]


async def holders_of(conn: Connection | Pool, loss_id: str) -> list[str]:
    """The partners whose money a loss is."""
    return [partner_id for (partner_id,) in await conn.fetch(Q.holders, ids.bucket_of(loss_id), loss_id)]


async def maker_of(conn: Connection, claim_id: str) -> str:
    """The partner that made a claim; empty: the lender did."""
    made_by: str = await conn.fetchval(Q.made_by, claim_id)
    return made_by


async def is_seen(conn: Connection, claim: LossClaim, side: Side) -> bool:
    """Whether it is one of theirs."""
    if side.bearer_id not in (None, claim.bearer_id):
        return False
    return side.partner_id is None or side.partner_id in await holders_of(conn, claim.loss_id)


async def claims(
    pool: Pool, after: str, side: Side, state: LossClaimState | None, arrangement_id: str | None, limit: int
) -> list[LossClaim]:
    """Theirs, the oldest first; in one state, on one arrangement, where these are given."""
    asked = after, side.bearer_id, state, arrangement_id, side.partner_id, limit
    rows = await pool.fetch(Q.list_claims, *asked)
    return [claim_of(row) for row in rows]


def _document(row: asyncpg.Record) -> Document:
    return Document(Evidence(row["kind"]), row["reference"], row["sha256"], row["added_by"], row["added_at"])
