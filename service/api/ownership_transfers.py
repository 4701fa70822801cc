"""Participations that are sold, bought back, or given to another partner: started by an operator, seen by partners."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import AfterOwnershipTransfer, Limit
from service.api.queries import Q
from service.api.reply import encode, reply_answer
from service.api.two_people import Doing, needs_two, propose
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.partners.ownership import Transfer, TransferKind
from service.plans import ownership_flow as flow

PartnerId = Annotated[str, Meta(pattern=r"^pa_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
ProgrammeId = Annotated[str, Meta(pattern=r"^pr_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
PriceRatio = Annotated[str, Meta(pattern=r"^[0-9](\.[0-9]{1,6})?\Z", description="of principal: 0.985")]


class TransferBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What changes hands at the close of a day, and at which price."""

    kind: TransferKind
    settlement_on: date  # the last day of who has it
    price_ratio: PriceRatio = "1"  # of the principal that is held then
    with_interest: bool = True  # interest that was earned and not paid is paid for, too
    seller_id: PartnerId | None = None  # null: it is our part
    buyer_id: PartnerId | None = None  # null: we buy it
    programme_id: ProgrammeId | None = None  # under whose contract the buyer has it; null: we buy it


class TransferPage(Struct, frozen=True):
    """Transfers, the oldest first; `after` is what to ask with next."""

    transfers: list[Transfer]
    after: str


_body, _nothing = Body(TransferBody), Body(Nothing)


@post(
    "/plans/{plan_id:str}/ownership-transfers",
    status_code=201,
    opt=operation(
        "plans",
        Transfer,
        takes=TransferBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
        example={
            "kind": "buy_back",
            "settlement_on": "2026-03-31",
            "price_ratio": "0.985",
            "seller_id": "{partner_id}",
        },
    ),
)
async def transfer_ownership(request: Asked, body: RawBody, plan_id: InPath) -> ASGIResponse:
    """Sell a participation of a plan, buy it back, or give it to another partner, whole.

    It is carried out when the settlement day is closed, at price ratio x the principal held then, half a minor unit up.
    Of a plan that owes more than one operator may give up alone, another operator approves it (202).
    """
    asked = _body.read(body, content_type(request))
    ask = write(request, body)
    if not ids.is_id(plan_id, ids.PLAN):
        raise Refused(Code.NOT_FOUND, f"There is no plan {plan_id[:100]!r}.", "/plan_id")
    wanted = flow.Asked(
        plan_id, asked.kind, asked.seller_id or "", asked.buyer_id or "", asked.programme_id,
        Decimal(asked.price_ratio), asked.with_interest, asked.settlement_on,
    )  # fmt: skip

    async def keep(conn: Connection) -> Answer:
        owed = await conn.fetchrow(Q.owed_of_plan, ids.bucket_of(plan_id), plan_id)
        if owed and owed["outstanding"] > ask.services.settings.alone_max.of(owed["currency"]):
            await flow.require_possible(conn, wanted, ask.now)
            return await propose("transfer_ownership", ask, conn, Thing.PLAN, plan_id, wanted)
        return Answer(201, encode(await _ask_for(ask, conn, wanted)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, keep))


@needs_two("transfer_ownership", "plans")
async def _transfer_as_proposed(doing: Doing, wanted: flow.Asked) -> Transfer:
    return await _ask_for(doing.ask, doing.conn, wanted)


async def _ask_for(ask: Ask, conn: Connection, wanted: flow.Asked) -> Transfer:
    made = await flow.ask_for(conn, wanted, ask.by.owner_id, ask.now)
    await ask.record(conn, Verb.CHANGED, Thing.PLAN, wanted.plan_id, {"transfer_id": made.transfer_id})
    return made


@get("/ownership-transfers", opt=operation("plans", TransferPage, csv=True))
async def list_ownership_transfers(
    request: Asked, after: AfterOwnershipTransfer = "", limit: Limit = 100
) -> ASGIResponse:
    """Participations that change hands, or have."""
    return await _page(read(request), None, after, limit)


@post(
    "/ownership-transfers/{transfer_id:str}/cancel",
    status_code=200,
    opt=operation("plans", Transfer, takes=Nothing, refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS)),
)
async def cancel_ownership_transfer(request: Asked, body: RawBody, transfer_id: InPath) -> ASGIResponse:
    """What is pending does not change hands."""
    if body:
        _nothing.read(body, content_type(request))
    ask = write(request, body)
    if not ids.is_id(transfer_id, ids.OWNERSHIP_TRANSFER):
        raise Refused(Code.NOT_FOUND, f"There is no transfer {transfer_id[:100]!r}.", "/transfer_id")

    async def cancel(conn: Connection) -> Answer:
        ended = await flow.cancel(conn, transfer_id, ask.now)
        await ask.record(conn, Verb.CHANGED, Thing.PLAN, ended.plan_id, {"cancelled_transfer_id": transfer_id})
        return Answer(200, encode(ended))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, cancel))


@get("/ownership-transfers", opt=operation("plans", TransferPage, csv=True))
async def list_own_transfers(request: Asked, after: AfterOwnershipTransfer = "", limit: Limit = 100) -> ASGIResponse:
    """Participations that you sell or buy, or have sold or bought."""
    ask = read(request)
    return await _page(ask, ask.owner_id, after, limit)


async def _page(ask: Ask, partner_id: str | None, after: str, limit: int) -> ASGIResponse:
    page = await flow.read_transfers(ask.services.pool, partner_id, after, limit)
    return Listed(TransferPage(page, page[-1].transfer_id if page else after))


OPERATOR_ROUTES = [transfer_ownership, list_ownership_transfers, cancel_ownership_transfer]
