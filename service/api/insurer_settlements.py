"""Settlements with credit insurers and others that bear losses: made, ordered and paid by the lender, read by both."""

from datetime import date
from typing import Annotated, Final

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import AfterInsurerSettlement, Limit
from service.api.payouts import ORDERED, OrderBody, ReturnedBody, recorded
from service.api.reply import encode, reply_answer
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.checkout.request import Reference
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.insurance import paying_flow
from service.insurance import settling_flow as flow
from service.insurance.settlement import InsurerSettlement, moved
from service.merchants.paying_flow import PaymentOrder, Told, require_orderable
from service.merchants.payout import Step, WordOf
from service.merchants.settlement_terms import require_account

InsurerId = Annotated[str, Meta(pattern=r"^(sp|pa|me)_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]


class InsurerSettlementBody(Struct, frozen=True, forbid_unknown_fields=True):
    """With whom, and until when."""

    insurer_id: InsurerId  # who insures, guarantees or funds: a party, or a partner or merchant that bears losses
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]  # of the policies
    until_on: date  # the last day of a month that has ended


class InsurerPaidBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The payment of what was left."""

    paid_on: date  # when
    reference: Reference  # of the payment


class WantedInsurerPayment(Struct, frozen=True):
    """What became of a payment, as it waits for a second person."""

    settlement_id: str
    step: Step
    paid_on: date | None
    reference: str


class InsurerSettlementPage(Struct, frozen=True):
    """Settlements, the oldest first; `after` is what to ask with next."""

    settlements: list[InsurerSettlement]
    after: str


_settlement = Body(InsurerSettlementBody)
_paid = Body(InsurerPaidBody)
_order = Body(OrderBody)
_returned = Body(ReturnedBody)


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
    """Settle with a credit insurer, a guarantor or a funder of pools until a month's end.

    Premium and its parts of recoveries, what came back of losses of plans that it had paid, or paid too much, and of
    its pools, less what it owes for losses of trade debtors. What each owes the other is set off; the rest is paid, by
    whoever owes it, with `end_to_end_id`. What comes about later of such a month is in the next settlement. Claims of
    losses of plans are paid by themselves.
    """
    asked = _settlement.read(body, content_type(request))
    ask = write(request, body)

    async def settle(conn: Connection) -> Answer:
        made = await flow.settle(conn, asked.insurer_id, asked.currency, asked.until_on, ask.owner_id, ask.now)
        await ask.record(conn, Verb.MADE, Thing.INSURANCE, made.settlement_id, asked)
        return Answer(201, encode(made))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, settle))


@post(
    "/insurer-payment-orders", status_code=202, opt=operation("insurance", Proposed, takes=OrderBody, example=ORDERED)
)
async def order_insurer_payments(request: Asked, body: RawBody) -> ASGIResponse:
    """Propose to pay all settlements that are ours to pay and were made up to a day; another operator approves it.

    The approval makes one message for our bank, a pain.001.001.09 of ISO 20022, to be fetched at
    `/v1/operator/payment-orders/{order_id}/content`. Left out are parties whose account is not known, and partners and
    merchants, who are paid by hand.
    """
    asked = _order.read(body, content_type(request))
    require_orderable(asked.currency)
    require_account(asked.payer, "/payer", asked.currency)
    ask = write(request, body)

    async def order(conn: Connection) -> Answer:
        return await propose("order_insurer_payments", ask, conn, Thing.PAYOUT, asked.currency, asked)

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, order))


@needs_two("order_insurer_payments", "insurance")
async def _order_as_proposed(doing: Doing, wanted: OrderBody) -> PaymentOrder:
    ask = doing.ask
    made = await paying_flow.order_due(
        doing.conn, wanted.currency, wanted.payer, wanted.until, ask.owner_id, ask.now
    )  # fmt: skip
    return await recorded(doing, made)


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
async def insurer_was_paid(request: Asked, body: RawBody, insurer_settlement_id: InPath) -> ASGIResponse:
    """What was left of a settlement was paid, by us or by the party, where our bank's statement does not say so.

    `word_of` is then `operator`, and a statement that shows the payment later confirms it. More than one operator moves
    alone (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    asked = _paid.read(body, content_type(request))
    return await _tell(request, body, insurer_settlement_id, Step.PAID, asked.paid_on, asked.reference)


@post(
    "/insurer-settlements/{insurer_settlement_id:str}/returned",
    status_code=200,
    opt=operation(
        "insurance",
        {200: InsurerSettlement, 202: Proposed},
        takes=ReturnedBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
        example={"reference": "AC04"},
    ),
)
async def insurer_payment_came_back(
    request: Asked, body: RawBody, insurer_settlement_id: InPath
) -> ASGIResponse:  # fmt: skip
    """The party's bank did not take what we paid, or sent it back, where our bank's statement does not say so.

    It is due once more, to the party's account as it is then. The second time it is given up: it stays owed. Above what
    one operator decides alone (`TENOR_ALONE_MAX`) a second approves it: 202.
    """
    asked = _returned.read(body, content_type(request))
    return await _tell(request, body, insurer_settlement_id, Step.RETURNED, None, asked.reference)


async def _tell(
    request: Asked, body: bytes, settlement_id: str, step: Step, paid_on: date | None, reference: str
) -> ASGIResponse:  # fmt: skip
    if not ids.is_id(settlement_id, ids.INSURER_SETTLEMENT):
        raise Refused(Code.NOT_FOUND, f"There is no settlement {settlement_id[:100]!r}.", "/id")
    ask = write(request, body)

    async def tell(conn: Connection) -> Answer:
        one = await paying_flow.load(conn, settlement_id)
        moved(one, step, WordOf.OPERATOR)
        wanted = WantedInsurerPayment(settlement_id, step, paid_on, reference)
        if one.amount > ask.services.settings.alone_max.of(one.currency):
            return await propose("pay_insurer", ask, conn, Thing.INSURANCE, settlement_id, wanted)
        return Answer(200, encode(await _told(ask, conn, wanted)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, tell))


@needs_two("pay_insurer", "insurance")
async def _pay_as_proposed(doing: Doing, wanted: WantedInsurerPayment) -> InsurerSettlement:
    return await _told(doing.ask, doing.conn, wanted)


async def _told(ask: Ask, conn: Connection, wanted: WantedInsurerPayment) -> InsurerSettlement:
    told = Told(ask.now, ask.owner_id, None, wanted.reference, WordOf.OPERATOR)
    made = await paying_flow.tell(conn, wanted.settlement_id, wanted.step, told, wanted.paid_on)
    await ask.record(conn, Verb.CHANGED, Thing.INSURANCE, wanted.settlement_id, wanted)
    return made


@get("/insurer-settlements", opt=operation("insurance", InsurerSettlementPage, csv=True))
async def list_insurer_settlements(
    request: Asked, after: AfterInsurerSettlement = "", limit: Limit = 100
) -> ASGIResponse:
    """All settlements with credit insurers and others that bear losses."""
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


OPERATOR_ROUTES: Final = [
    settle_with_insurer, order_insurer_payments, insurer_was_paid, insurer_payment_came_back, list_insurer_settlements,
]  # fmt: skip
ROUTES: Final = [list_own_insurer_settlements]
