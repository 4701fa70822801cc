"""Compensation pools: what funders paid in, how far each has gone, and its statement of a month, for the lender and the
funders."""

from calendar import monthrange
from datetime import date
from typing import Annotated, Final

from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.operation import operation
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.checkout.request import Reference
from service.db import Connection, Pool
from service.engine.work import Answer
from service.errors import Code, Refused
from service.money import AMOUNT_MAX
from service.support import documents_flow, pool_flow
from service.support.arrangement import Arrangement
from service.support.pool_flow import Q, Standing
from service.support.pool_terms import PartyId

Month = Annotated[str, QueryParameter(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])\Z")]


class ContributionBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What a funder paid into its pool."""

    party_id: PartyId  # one of its funders
    amount: Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="minor units")]
    reference: Reference  # of the payment


class FunderLine(Struct, frozen=True):
    """A funder's part of a pool in a month: opening + contributions - compensation + returns - paid_out = closing."""

    party_id: str  # who it is
    opening: int  # minor units, when the month began
    contributions: int  # minor units that it paid in
    compensation: int  # minor units, its share of what was paid for losses
    returns: int  # minor units, its share of what came back
    paid_out: int  # minor units of that which are owed to it: they cannot be paid out for losses again
    closing: int  # minor units, when the month ended: what its place in the ledger says


class PlaceLine(Struct, frozen=True):
    """What was paid in a month for losses in one region and of one category of goods."""

    region: str  # ISO 3166, of the sale: mostly the merchant's country
    category: str  # of the goods; empty: of none
    losses: int  # how many
    amount: int  # minor units


class PoolStatement(Struct, frozen=True):
    """A month of a pool."""

    arrangement_id: str
    month: str  # 2026-03
    currency: str
    funders: list[FunderLine]
    places: list[PlaceLine]  # where what was paid went


_contribution = Body(ContributionBody)


@post(
    "/support-arrangements/{pool_id:str}/contributions",
    status_code=201,
    opt=operation(
        "support",
        Standing,
        takes=ContributionBody,
        refuses=(Code.STATE_FORBIDS,),
        example={"party_id": "{party_id}", "amount": 100_000_00, "reference": "transfer of 2 March"},
    ),
)
async def contribute_to_pool(request: Asked, body: RawBody, pool_id: InPath) -> ASGIResponse:
    """A funder has paid into its pool: so much more can be paid for losses, and covered by its leverage."""
    asked = _contribution.read(body, content_type(request))
    _require_id(pool_id)
    ask = write(request, body)

    async def contribute(conn: Connection) -> Answer:
        document = await pool_of(conn, pool_id)
        by = ask.by.key_id or ask.by.owner_id
        await pool_flow.contribute(
            conn, pool_id, document, asked.party_id, asked.amount, asked.reference, by, ask.now.date(), ask.now
        )
        await ask.record(conn, Verb.CHANGED, Thing.ARRANGEMENT, pool_id, asked)
        return Answer(201, encode(await pool_flow.standing_of(conn, pool_id, document)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, contribute))


@get("/support-arrangements/{pool_id:str}/pool", opt=operation("support", Standing))
async def get_pool(request: Asked, pool_id: InPath) -> ASGIResponse:
    """How far a pool has gone: what it may still cover and pay, and its ratio of compensation."""
    _require_id(pool_id)
    pool = read(request).services.pool
    return reply(await pool_flow.standing_of(pool, pool_id, await pool_of(pool, pool_id)))


@get(
    "/support-arrangements/{pool_id:str}/pool-statement",
    opt=operation("support", PoolStatement, example={"month": "2026-03"}),
)
async def get_pool_statement(request: Asked, pool_id: InPath, month: Month) -> ASGIResponse:
    """A month of a pool: each funder's part of it, equal to its place in the ledger, and where what was paid went."""
    _require_id(pool_id)
    return reply(await _statement(read(request).services.pool, pool_id, month, None))


@get("/pools/{pool_id:str}/statement", opt=operation("arrangements", PoolStatement, example={"month": "2026-03"}))
async def get_own_pool_statement(request: Asked, pool_id: InPath, month: Month) -> ASGIResponse:
    """A month of a pool that you fund: your part of it, and where what was paid went."""
    ask = read(request)
    pool = ask.services.pool
    if not ids.is_id(pool_id, ids.ARRANGEMENT) or not await pool.fetchval(Q.is_funder, pool_id, ask.owner_id):
        raise _no_pool(pool_id)
    return reply(await _statement(pool, pool_id, month, ask.owner_id))


async def pool_of(conn: Connection | Pool, pool_id: str) -> Arrangement:
    """What was agreed of a pool with funders. Refused: NOT_FOUND."""
    agreed = await documents_flow.arrangement(conn, pool_id)
    if agreed is None or agreed.document.pool is None:
        raise _no_pool(pool_id)
    return agreed.document


async def _statement(pool: Pool, pool_id: str, month: str, party_id: str | None) -> PoolStatement:
    document = await pool_of(pool, pool_id)
    first = date.fromisoformat(f"{month}-01")
    last = first.replace(day=monthrange(first.year, first.month)[1])
    async with pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        rows = await conn.fetch(Q.statement, pool_id, first, last, party_id)
        places = await conn.fetch(Q.paid_by_place, pool_id, first, last)
    assert document.pool is not None
    order = [one.party_id for one in document.pool.funders]
    lines = [FunderLine(**{name: row[name] for name in FunderLine.__struct_fields__}) for row in rows]
    lines.sort(
        key=lambda line: (line.party_id not in order, order.index(line.party_id) if line.party_id in order else 0)
    )
    return PoolStatement(pool_id, month, document.currency, lines, [PlaceLine(**row) for row in places])


def _require_id(pool_id: str) -> None:
    if not ids.is_id(pool_id, ids.ARRANGEMENT):
        raise _no_pool(pool_id)


def _no_pool(pool_id: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"There is no pool {pool_id[:100]!r}.", "/id")


ROUTES: Final = [contribute_to_pool, get_pool, get_pool_statement]
OWN_ROUTES: Final = [get_own_pool_statement]
