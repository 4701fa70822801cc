"""Payouts to merchants: ordered from our bank by two people, told what became of them, and listed."""

from datetime import date
from typing import Annotated, Any, Final

from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.lists import Listed
from service.api.operation import Text, operation
from service.api.paging import AfterPaymentOrder, AfterPayout, Limit
from service.api.reply import encode, reply_answer
from service.api.seen import OfSeller, seen_by
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.checkout.request import Currency
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.merchants import paying_flow as flow
from service.merchants.paying_flow import PaymentOrder, Told
from service.merchants.payout import Payout, PayoutState, Step, WordOf, stepped
from service.merchants.settlement_terms import BankAccount, require_account
from service.private_text import IN_SIGHT

InState = Annotated[PayoutState | None, QueryParameter()]
BankReference = Annotated[str, Meta(min_length=1, max_length=140, pattern=r"^[^\x00-\x1f\x7f]*\Z"), IN_SIGHT]


class PayoutPage(Struct, frozen=True):
    """Payouts, the oldest first; `after` is what to ask with next."""

    payouts: list[Payout]
    after: str


class PaymentOrderPage(Struct, frozen=True):
    """Payment orders, the oldest first; `after` is what to ask with next."""

    orders: list[PaymentOrder]
    after: str


class OrderBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which payouts are ordered, and from which account of ours they are paid."""

    currency: Currency
    payer: BankAccount  # our own
    until: date  # what is to be paid on this day or before


class PaidBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What our bank says of it."""

    reference: BankReference | None = None  # of the payment, as the bank tells it


class ReturnedBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Why it came back."""

    reference: BankReference  # the bank's reason, such as AC04: the account is closed


class ToldOfPayout(Struct, frozen=True):
    """What an operator says of a payout, as it waits for a second one."""

    payout_id: str
    step: Step
    reference: str | None


ORDERED: Final[dict[str, Any]] = {
    "currency": "EUR", "payer": {"holder": "Alster Credit AG", "iban": "DE89370400440532013000"}, "until": "2026-03-04",
}  # fmt: skip

_order = Body(OrderBody)
_paid = Body(PaidBody)
_returned = Body(ReturnedBody)


@get("/payouts", opt=operation("settlements", PayoutPage, csv=True, example={"in_state": "paid"}))
async def list_payouts(
    request: Asked, in_state: InState = None, merchant_id: OfSeller = None, after: AfterPayout = "", limit: Limit = 100
) -> ASGIResponse:
    """What is paid to you, and where it is: due, ordered from our bank, paid, or given up after it came back twice.

    A platform's, without `Tenor-Merchant`, are its own and those of all its sellers.
    """
    ask = read(request)
    merchant_ids = await seen_by(request, ask, merchant_id)
    return _page(await flow.payouts(ask.services.pool, merchant_ids, after, limit, in_state), after)


@get("/payouts", opt=operation("settlements", PayoutPage, csv=True, example={"in_state": "due"}))
async def list_all_payouts(
    request: Asked, in_state: InState = None, after: AfterPayout = "", limit: Limit = 100
) -> ASGIResponse:
    """The payouts of all merchants."""
    return _page(await flow.all_payouts(read(request).services.pool, after, limit, in_state), after)


@post(
    "/payment-orders",
    status_code=202,
    opt=operation(
        "settlements",
        Proposed,
        takes=OrderBody,
        example=ORDERED,
    ),
)
async def order_payouts(request: Asked, body: RawBody) -> ASGIResponse:
    """Propose to pay all payouts that are due up to a day; another operator approves it, for then money leaves.

    The approval makes one message for our bank, a pain.001.001.09 of ISO 20022, to be fetched at
    `/v1/operator/payment-orders/{order_id}/content`: credit transfers of SEPA in euros; in other currencies to an IBAN,
    or to a number with the bank's BIC or its member of the country's clearing, charges shared. Left out are test
    merchants, and those without an account in the currency.
    """
    asked = _order.read(body, content_type(request))
    flow.require_orderable(asked.currency)
    require_account(asked.payer, "/payer", asked.currency)
    ask = write(request, body)

    async def order(conn: Connection) -> Answer:
        return await propose("order_payouts", ask, conn, Thing.PAYOUT, asked.currency, asked)

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, order))


@needs_two("order_payouts", "settlements")
async def _order_as_proposed(doing: Doing, wanted: OrderBody) -> PaymentOrder:
    ask = doing.ask
    made = await flow.order_due(doing.conn, wanted.currency, wanted.payer, wanted.until, ask.by.key_id, ask.now)
    return await recorded(doing, made)


async def recorded(doing: Doing, made: PaymentOrder) -> PaymentOrder:
    """An order that was made, as the audit log has it."""
    told = {"payouts": made.payouts, "amount": made.amount, "sha256": made.sha256}
    await doing.ask.record(doing.conn, Verb.MADE, Thing.PAYOUT, made.order_id, told)
    return made


@get("/payment-orders", opt=operation("settlements", PaymentOrderPage, csv=True))
async def list_payment_orders(request: Asked, after: AfterPaymentOrder = "", limit: Limit = 100) -> ASGIResponse:
    """What our bank was sent."""
    page = await flow.orders(read(request).services.pool, after, limit)
    return Listed(PaymentOrderPage(page, page[-1].order_id if page else after))


@get(
    "/payment-orders/{order_id:str}/content",
    opt=operation("settlements", Text("application/xml", "A pain.001.001.09 of ISO 20022.")),
)
async def get_payment_order_file(request: Asked, order_id: InPath) -> ASGIResponse:
    """The message for our bank, always the same bytes."""
    ask = read(request)
    if not ids.is_id(order_id, ids.PAYMENT_ORDER):
        raise Refused(Code.NOT_FOUND, f"There is no payment order {order_id[:100]!r}.", "/id")
    content = await flow.order_content(ask.services.pool, order_id)
    headers = {"Content-Disposition": f'attachment; filename="{order_id}.xml"'}
    return ASGIResponse(body=content, media_type="application/xml", headers=headers)


@post(
    "/payouts/{payout_id:str}/paid",
    status_code=200,
    opt=operation(
        "settlements",
        {200: Payout, 202: Proposed},
        takes=PaidBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
    ),
)
async def payout_was_paid(request: Asked, body: RawBody, payout_id: InPath) -> ASGIResponse:
    """Our bank has paid it, where its statement does not say so (`word_of` is then `operator`).

    One above what one operator decides alone (`TENOR_ALONE_MAX`) waits for a second one: 202. A statement that shows
    the payment later confirms it.
    """
    asked = _paid.read(body, content_type(request))
    return await _tell(request, body, payout_id, Step.PAID, asked.reference)


@post(
    "/payouts/{payout_id:str}/returned",
    status_code=200,
    opt=operation(
        "settlements",
        {200: Payout, 202: Proposed},
        takes=ReturnedBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
        example={"reference": "AC04"},
    ),
)
async def payout_was_returned(request: Asked, body: RawBody, payout_id: InPath) -> ASGIResponse:
    """The merchant's bank did not take it, or sent it back, where our bank's statement does not say so.

    It is due once more, to the account of the terms as they are then. The second time it is given up, and owed again in
    the merchant's next settlement. Above what one operator decides alone (`TENOR_ALONE_MAX`) a second approves it: 202.
    """
    asked = _returned.read(body, content_type(request))
    return await _tell(request, body, payout_id, Step.RETURNED, asked.reference)


async def _tell(request: Asked, body: bytes, payout_id: str, step: Step, reference: str | None) -> ASGIResponse:
    ask = write(request, body)
    if not ids.is_id(payout_id, ids.PAYOUT):
        raise Refused(Code.NOT_FOUND, f"There is no payout {payout_id[:100]!r}.", "/id")

    async def tell(conn: Connection) -> Answer:
        payout = await flow.payout_of(conn, payout_id)
        stepped(payout.state, payout.tries, step)
        wanted = ToldOfPayout(payout_id, step, reference)
        if payout.amount > ask.services.settings.alone_max.of(payout.currency):
            return await propose("tell_payout", ask, conn, Thing.PAYOUT, payout_id, wanted)
        return Answer(200, encode(await _told(ask, conn, wanted)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, tell))


@needs_two("tell_payout", "settlements")
async def _tell_as_proposed(doing: Doing, wanted: ToldOfPayout) -> Payout:
    return await _told(doing.ask, doing.conn, wanted)


async def _told(ask: Ask, conn: Connection, wanted: ToldOfPayout) -> Payout:
    told = Told(ask.now, ask.by.key_id, None, wanted.reference, WordOf.OPERATOR)
    payout = await flow.tell(conn, wanted.payout_id, wanted.step, told)
    said = {"step": wanted.step, "reference": wanted.reference}
    await ask.record(conn, Verb.CHANGED, Thing.PAYOUT, wanted.payout_id, said)
    return payout


def _page(page: list[Payout], after: str) -> ASGIResponse:
    return Listed(PayoutPage(page, page[-1].payout_id if page else after))


OPERATOR_ROUTES = [
    list_all_payouts,
    order_payouts,
    list_payment_orders,
    get_payment_order_file,
    payout_was_paid,
    payout_was_returned,
]
