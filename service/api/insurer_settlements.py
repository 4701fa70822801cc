"""Settlements with credit insurers: made and paid by the lender, read by both."""

from datetime import date
from typing import Annotated, Final

from litestar import get, post
from litestar.params import FromPath, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Ask, Asked, content_type, read, write
from service.api.body import Body
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import AfterInsurerSettlement, Limit
from service.api.reply import encode, reply_answer
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.checkout.request import Reference
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.insurance import settling_flow as flow
from service.insurance.settling_flow import InsurerSettlement

InsurerId = Annotated[str, Meta(pattern=r"^sp_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]


class InsurerSettlementBody(Struct, frozen=True, forbid_unknown_fields=True):
    """With whom, and until when."""

    insurer_id: InsurerId  # the party that insures
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]  # of the policies
    until_on: date  # the last day of a month that has ended


class InsurerPaidBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The payment of what was left."""

    paid_on: date  # when
    reference: Reference  # of the payment


class WantedInsurerPayment(Struct, frozen=True):
    """A payment that waits for a second person."""

    settlement_id: str
    paid_on: date
    reference: str


class InsurerSettlementPage(Struct, frozen=True):
    """Settlements, the oldest first; `after` is what to ask with next."""

    settlements: list[InsurerSettlement]
    after: str


_settlement = Body(InsurerSettlementBody)
_paid = Body(InsurerPaidBody)


@post(
    "/insurer-settlements",
    status_code=201,
    opt=operation(
        "insurance",
        InsurerSettlement,
        takes=InsurerSettlementBody,
        refuses=(Code.STATE_FORBIDS,),
        example={"insurer_id": "{premium_insurer_id}", "currency": "EUR", "until_on": "2026-01-31"},
    ),
)
async def settle_with_insurer(request: Asked, body: RawBody) -> ASGIResponse:
    """Settle with a credit insurer until a month's end: premium and its parts of recoveries, less what it owes.

    What each owes the other is set off; the rest is paid, by whoever owes it. What comes about later of such a month is
    in the next settlement. Claims of losses of plans are paid by themselves.
    """
    asked = _settlement.read(body, content_type(request))
    ask = write(request, body)

    async def settle(conn: Connection) -> Answer:
        made = await flow.settle(conn, asked.insurer_id, asked.currency, asked.until_on, ask.owner_id, ask.now)
        await ask.record(conn, Verb.MADE, Thing.INSURANCE, made.settlement_id, asked)
        return Answer(201, encode(made))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, settle))


@post(
    "/insurer-settlements/{insurer_settlement_id:str}/paid",
    status_code=200,
    opt=operation(
        "insurance",
        {200: InsurerSettlement, 202: Proposed},
        takes=InsurerPaidBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
        example={"paid_on": "2026-03-02", "reference": "transfer 4711"},
    ),
)
async def insurer_was_paid(request: Asked, body: RawBody, insurer_settlement_id: FromPath[str]) -> ASGIResponse:
    """What was left of a settlement was paid, by us or by the insurer.

    More than one operator moves alone (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    asked = _paid.read(body, content_type(request))
    if not ids.is_id(insurer_settlement_id, ids.INSURER_SETTLEMENT):
        raise Refused(Code.NOT_FOUND, f"There is no settlement {insurer_settlement_id[:100]!r}.", "/id")
    ask = write(request, body)

    async def pay(conn: Connection) -> Answer:
        one = await flow.find(conn, insurer_settlement_id)
        wanted = WantedInsurerPayment(insurer_settlement_id, asked.paid_on, asked.reference)
        if abs(one.net) > ask.services.settings.alone_max.of(one.currency):
            return await propose("pay_insurer", ask, conn, Thing.INSURANCE, insurer_settlement_id, wanted)
        return Answer(200, encode(await _pay(ask, conn, wanted)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, pay))


@needs_two("pay_insurer", "insurance")
async def _pay_as_proposed(doing: Doing, wanted: WantedInsurerPayment) -> InsurerSettlement:
    return await _pay(doing.ask, doing.conn, wanted)


async def _pay(ask: Ask, conn: Connection, wanted: WantedInsurerPayment) -> InsurerSettlement:
    made = await flow.pay(conn, wanted.settlement_id, wanted.paid_on, wanted.reference, ask.now)
    await ask.record(conn, Verb.CHANGED, Thing.INSURANCE, wanted.settlement_id, wanted)
    return made


@get("/insurer-settlements", opt=operation("insurance", InsurerSettlementPage, csv=True))
async def list_insurer_settlements(
    request: Asked, after: AfterInsurerSettlement = "", limit: Limit = 100
) -> ASGIResponse:
    """All settlements with credit insurers."""
    return await _page(read(request), None, after, limit)


@get("/insurer-settlements", opt=operation("insurance", InsurerSettlementPage, csv=True))
async def list_own_insurer_settlements(
    request: Asked, after: AfterInsurerSettlement = "", limit: Limit = 100
) -> ASGIResponse:
    """Your settlements with us: what each owed the other until a month's end, and whether the rest is paid."""
    ask = read(request)
    return await _page(ask, ask.owner_id, after, limit)


async def _page(ask: Ask, insurer_id: str | None, after: str, limit: int) -> ASGIResponse:
    page = await flow.settlements(ask.services.pool, insurer_id, after, limit)
    return Listed(InsurerSettlementPage(page, page[-1].settlement_id if page else after))


OPERATOR_ROUTES: Final = [settle_with_insurer, insurer_was_paid, list_insurer_settlements]
ROUTES: Final = [list_own_insurer_settlements]
