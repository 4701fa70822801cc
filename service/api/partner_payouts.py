"""Payouts to finance partners: ordered from our bank by two people, told what became of them, and listed."""

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import AfterPartnerPayout, Limit
from service.api.payouts import ORDERED, InState, OrderBody, PaidBody, ReturnedBody, ToldOfPayout, recorded
from service.api.reply import encode, reply_answer
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code
from service.merchants.paying_flow import PaymentOrder, Told, require_orderable
from service.merchants.payout import PayoutState, Step, WordOf, stepped
from service.merchants.settlement_terms import require_account
from service.partners import paying_flow as flow
from service.partners.payout import PartnerPayout


class PartnerPayoutPage(Struct, frozen=True):
    """Payouts, the oldest first; `after` is what to ask with next."""

    payouts: list[PartnerPayout]
    after: str


_order = Body(OrderBody)
_paid = Body(PaidBody)
_returned = Body(ReturnedBody)


@get("/payouts", opt=operation("files", PartnerPayoutPage, csv=True, example={"in_state": "paid"}))
async def list_own_payouts(
    request: Asked, in_state: InState = None, after: AfterPartnerPayout = "", limit: Limit = 100
) -> ASGIResponse:
    """What is paid to you of each day's settlement, and where it is: due, ordered, paid, or given up."""
    ask = read(request)
    return await _page(ask, ask.owner_id, after, limit, in_state)


@get("/partner-payouts", opt=operation("partners", PartnerPayoutPage, csv=True, example={"in_state": "due"}))
async def list_partner_payouts(
    request: Asked, in_state: InState = None, after: AfterPartnerPayout = "", limit: Limit = 100
) -> ASGIResponse:
    """The payouts of all partners; `obstacle` says why one that is due cannot be ordered."""
    return await _page(read(request), None, after, limit, in_state)


@post(
    "/partner-payment-orders",
    status_code=202,
    opt=operation(
        "partners",
        Proposed,
        takes=OrderBody,
        example=ORDERED,
    ),
)
async def order_partner_payouts(request: Asked, body: RawBody) -> ASGIResponse:
    """Propose to pay all payouts to partners that are due up to a day; another operator approves it.

    The approval makes one message for our bank, a pain.001.001.09 of ISO 20022, to be fetched at
    `/v1/operator/payment-orders/{order_id}/content`. Each payment has the end-to-end id that the file STL says. Left
    out are partners whose programme names no account of theirs.
    """
    asked = _order.read(body, content_type(request))
    require_orderable(asked.currency)
    require_account(asked.payer, "/payer", asked.currency)
    ask = write(request, body)

    async def order(conn: Connection) -> Answer:
        return await propose("order_partner_payouts", ask, conn, Thing.PAYOUT, asked.currency, asked)

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, order))


@needs_two("order_partner_payouts", "partners")
async def _order_as_proposed(doing: Doing, wanted: OrderBody) -> PaymentOrder:
    ask = doing.ask
    made = await flow.order_due(doing.conn, wanted.currency, wanted.payer, wanted.until, ask.by.key_id, ask.now)
    return await recorded(doing, made)


@post(
    "/partner-payouts/{partner_payout_id:str}/paid",
    status_code=200,
    opt=operation(
        "partners",
        {200: PartnerPayout, 202: Proposed},
        takes=PaidBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
    ),
)
async def partner_payout_was_paid(request: Asked, body: RawBody, partner_payout_id: InPath) -> ASGIResponse:
    """Our bank has paid it, where its statement does not say so (`word_of` is then `operator`).

    One above what one operator decides alone (`TENOR_ALONE_MAX`) waits for a second one: 202. A statement that shows
    the payment later confirms it.
    """
    asked = _paid.read(body, content_type(request))
    return await _tell(request, body, partner_payout_id, Step.PAID, asked.reference)


@post(
    "/partner-payouts/{partner_payout_id:str}/returned",
    status_code=200,
    opt=operation(
        "partners",
        {200: PartnerPayout, 202: Proposed},
        takes=ReturnedBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
        example={"reference": "AC04"},
    ),
)
async def partner_payout_was_returned(request: Asked, body: RawBody, partner_payout_id: InPath) -> ASGIResponse:
    """The partner's bank did not take it, or sent it back, where our bank's statement does not say so.

    It is due once more, to the account of the programme as it is then. The second time it is given up: it stays owed.
    Above what one operator decides alone (`TENOR_ALONE_MAX`) a second approves it: 202.
    """
    asked = _returned.read(body, content_type(request))
    return await _tell(request, body, partner_payout_id, Step.RETURNED, asked.reference)


async def _tell(request: Asked, body: bytes, payout_id: str, step: Step, reference: str | None) -> ASGIResponse:
    ask = write(request, body)
    if not ids.is_id(payout_id, ids.PARTNER_PAYOUT):
        raise flow.no_payout(payout_id)

    async def tell(conn: Connection) -> Answer:
        payout = await flow.payout_of(conn, payout_id)
        stepped(payout.state, payout.tries, step)
        wanted = ToldOfPayout(payout_id, step, reference)
        if payout.amount > ask.services.settings.alone_max.of(payout.currency):
            return await propose("tell_partner_payout", ask, conn, Thing.PAYOUT, payout_id, wanted)
        return Answer(200, encode(await _told(ask, conn, wanted)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, tell))


@needs_two("tell_partner_payout", "partners")
async def _tell_as_proposed(doing: Doing, wanted: ToldOfPayout) -> PartnerPayout:
    return await _told(doing.ask, doing.conn, wanted)


async def _told(ask: Ask, conn: Connection, wanted: ToldOfPayout) -> PartnerPayout:
    told = Told(ask.now, ask.by.key_id, None, wanted.reference, WordOf.OPERATOR)
    payout = await flow.tell(conn, wanted.payout_id, wanted.step, told)
    said = {"step": wanted.step, "reference": wanted.reference}
    await ask.record(conn, Verb.CHANGED, Thing.PAYOUT, wanted.payout_id, said)
    return payout


async def _page(ask: Ask, partner_id: str | None, after: str, limit: int, in_state: PayoutState | None) -> ASGIResponse:
    page = await flow.payouts(ask.services.pool, partner_id, after, limit, in_state)
    return Listed(PartnerPayoutPage(page, page[-1].payout_id if page else after))


OPERATOR_ROUTES = [
    list_partner_payouts, order_partner_payouts, partner_payout_was_paid, partner_payout_was_returned,
]  # fmt: skip
