"""Schemes: the operator agrees them and claims what they owe; a merchant grants vouchers of them."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct, field

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.consents import require_consumer
from service.api.giving_up import propose_above
from service.api.lists import Listed
from service.api.operation import Text, operation
from service.api.paging import AfterScheme, AfterVoucher, Limit
from service.api.reply import encode, reply, reply_answer
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.api.verb import Names, verb
from service.audit.entry import Thing, Verb
from service.checkout.request import ConsumerId, Reference
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.people.flow import Q as PEOPLE
from service.plans.book import Command
from service.plans.running.fact import Money
from service.plans.subsidised import ReturnSubsidy
from service.plans.subsidy_store import paid_in
from service.subsidies import scheme_flow as flow
from service.subsidies.claim import COLUMNS, claim_text
from service.subsidies.granted import Voucher
from service.subsidies.scheme import Name, SchemeDocument, require_scheme

SchemeId = Annotated[str, Meta(pattern=r"^sc_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
Day = Annotated[date, QueryParameter()]


class SchemeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A new scheme, or the next version of one."""

    document: SchemeDocument  # what it is
    scheme_id: SchemeId | None = None  # null: a new one


class WantedScheme(Struct, frozen=True):
    """A scheme that was proposed."""

    scheme_id: str
    document: SchemeDocument


class AgreedScheme(Struct, frozen=True):
    """A scheme, and which version of it was agreed."""

    scheme_id: str = field(name="id")
    version: int  # 1, 2, 3 ...


class SchemePage(Struct, frozen=True):
    """Schemes, the oldest first; `after` is what to ask with next."""

    schemes: list[flow.Scheme]
    after: str


class VoucherBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Goods for whose price a voucher is wanted."""

    scheme_id: SchemeId  # as the lender told it
    consumer_id: ConsumerId = field(name="consumer")
    type: Name  # of goods, as the scheme names it
    grade: Name  # of the goods, as the scheme names it
    price: Money  # of the goods
    reference: Reference  # your order: it gets one voucher of a scheme


class RefundBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What of the price comes back."""

    amount: Money  # of the price


class VoucherBack(Struct, frozen=True):
    """Who gets what of a price that came back: refund `to_consumer` on the plan."""

    to_scheme: int  # minor units
    to_consumer: int  # minor units
    voucher: Voucher  # after it


class VoucherPage(Struct, frozen=True):
    """Vouchers, the oldest first; `after` is what to ask with next."""

    vouchers: list[Voucher]
    after: str


_scheme = Body(SchemeBody)
_voucher = Body(VoucherBody)
_nothing = Body(Nothing)
_refund = Body(RefundBody)

_TRADE_IN = {
    "name": "Trade-in 2026", "currency": "CNY", "begins_on": "2026-01-01", "ends_on": "2026-12-31",
    "funders": [
        {"name": "central", "kind": "state", "share_bps": 9_000},
        {"name": "province", "kind": "state", "share_bps": 1_000},
    ],
    "budget": 1_000_000_00, "voucher": {"grades": {"1": 2_000, "2": 1_500}, "maximum": 2_000_00},
}  # fmt: skip


@post(
    "/schemes",
    status_code=202,
    opt=operation("schemes", Proposed, takes=SchemeBody, refuses=(Code.NOT_FOUND,), example={"document": _TRADE_IN}),
)
async def agree_scheme(request: Asked, body: RawBody) -> ASGIResponse:
    """Propose a scheme, or its next version; another operator approves it, for it says who owes us money.

    A scheme with `interest` pays a part of the interest of plans that were offered within its days: an offer says how
    much, and keeps it for the plan's life. One with `buy_down` pays all of the lender's interest in, of the products
    that a policy says are `bought_down`: a merchant's share is taken off its settlements. A voucher, too, keeps the
    version that it was granted under.
    """
    asked = _scheme.read(body, content_type(request))
    require_scheme(asked.document)
    ask = write(request, body)

    async def agree(conn: Connection) -> Answer:
        scheme_id = asked.scheme_id or ids.new_id(ids.SCHEME, ids.bucket_for(asked.document.name), ask.now_ms)
        if asked.scheme_id and await conn.fetchval(flow.Q.lock_scheme, asked.scheme_id) is None:
            raise Refused(Code.NOT_FOUND, f"There is no scheme {asked.scheme_id!r}.", "/scheme_id")
        wanted = WantedScheme(scheme_id, asked.document)
        return await propose("agree_scheme", ask, conn, Thing.SCHEME, scheme_id, wanted)

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, agree))


@needs_two("agree_scheme", "schemes")
async def _agree_as_proposed(doing: Doing, wanted: WantedScheme) -> AgreedScheme:
    version = await flow.agree(doing.conn, wanted.scheme_id, wanted.document, doing.ask.now)
    await doing.ask.record(doing.conn, Verb.CHANGED, Thing.SCHEME, wanted.scheme_id, {"version": version})
    return AgreedScheme(wanted.scheme_id, version)


@get("/schemes", opt=operation("schemes", SchemePage))
async def list_schemes(request: Asked, after: AfterScheme = "", limit: Limit = 100) -> ASGIResponse:
    """All schemes as they are now, and what of their budgets is granted."""
    page = await flow.schemes(read(request).services.pool, after, limit)
    return reply(SchemePage(page, page[-1].scheme_id if page else after))


@get(
    "/schemes/{scheme_id:str}/claims",
    opt=operation(
        "schemes",
        Text("text/csv", f"What one funder owes: {', '.join(COLUMNS)}; the last row is the total."),
        example={"funder": "central", "begin_on": "2026-03-01", "end_on": "2026-03-31"},
    ),
)
async def get_claim(
    request: Asked, scheme_id: InPath, funder: Annotated[str, QueryParameter(max_length=100)], begin_on: Day,
    end_on: Day,
) -> ASGIResponse:  # fmt: skip
    """What a funder owes of all that was granted in a period, a line for each instalment or voucher; what came back in
    it counts below zero.
    """
    ask = read(request)
    pool = ask.services.pool
    paid = await paid_in(pool, scheme_id, begin_on, end_on)
    document, lines = await flow.claimed_in(pool, scheme_id, begin_on, end_on, paid)
    text = claim_text(scheme_id, document.currency, begin_on, end_on, lines, funder)
    return ASGIResponse(body=text.encode(), media_type="text/csv")


@verb("return_subsidy", 200, propose_above, refuses=(Code.STATE_FORBIDS,))
def return_subsidy(body: Nothing, names: Names) -> Command:
    """What a scheme has paid of the plan's interest goes back to it, and it pays no more: the purchase did not qualify.

    The consumer owes that interest then, from today. In the claims of its funders it is a line below zero.
    """
    return ReturnSubsidy(**names)


@post(
    "/vouchers",
    status_code=201,
    opt=operation(
        "vouchers",
        Voucher,
        takes=VoucherBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS, Code.REFERENCE_USED),
        example={
            "scheme_id": "{scheme_id}", "consumer": "{consumer_id}", "type": "refrigerator", "grade": "1",
            "price": 7_999_00, "reference": "order-1001",
        },
    ),
)  # fmt: skip
async def reserve_voucher(request: Asked, body: RawBody) -> ASGIResponse:
    """Reserve a voucher of a scheme for an order: the consumer finances the price less its amount."""
    asked = _voucher.read(body, content_type(request))
    ask = write(request, body, ids.bucket_of(asked.consumer_id))
    bucket = await require_consumer(ask, asked.consumer_id, ask.owner_id)

    async def reserve(conn: Connection) -> Answer:
        person_id = await conn.fetchval(PEOPLE.hold_person, bucket, asked.consumer_id)
        order = flow.Order(
            ask.owner_id, person_id, asked.consumer_id, asked.type, asked.grade, asked.price, asked.reference
        )  # fmt: skip
        return Answer(201, encode(await flow.reserve(conn, asked.scheme_id, order, _today(ask), ask.now)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, reserve))


_OF_A_VOUCHER = (Code.NOT_FOUND, Code.STATE_FORBIDS)


@post(
    "/vouchers/{voucher_id:str}/redeem",
    status_code=200,
    opt=operation("vouchers", Voucher, takes=Nothing, refuses=_OF_A_VOUCHER),
)
async def redeem_voucher(request: Asked, body: RawBody, voucher_id: InPath) -> ASGIResponse:
    """The goods were handed over: the voucher's amount is owed to you, and in your next settlement."""

    async def redeem(ask: Ask, conn: Connection) -> object:
        return await flow.redeem(conn, ask.owner_id, voucher_id, _today(ask), ask.now)

    if body:
        _nothing.read(body, content_type(request))
    return await _once(request, body, voucher_id, redeem)


@post(
    "/vouchers/{voucher_id:str}/release",
    status_code=200,
    opt=operation("vouchers", Voucher, takes=Nothing, refuses=_OF_A_VOUCHER),
)
async def release_voucher(request: Asked, body: RawBody, voucher_id: InPath) -> ASGIResponse:
    """The order did not come about: a voucher that was not redeemed is the scheme's again."""

    async def release(ask: Ask, conn: Connection) -> object:
        return await flow.release(conn, ask.owner_id, voucher_id)

    if body:
        _nothing.read(body, content_type(request))
    return await _once(request, body, voucher_id, release)


@post(
    "/vouchers/{voucher_id:str}/refunds",
    status_code=200,
    opt=operation(
        "vouchers",
        VoucherBack,
        takes=RefundBody,
        refuses=(*_OF_A_VOUCHER, Code.AMOUNT_EXCEEDS_OUTSTANDING),
        example={"amount": 7_999_00},
    ),
)
async def refund_voucher(request: Asked, body: RawBody, voucher_id: InPath) -> ASGIResponse:
    """Goods came back: the scheme gets its part of their price, and the consumer at most what they paid."""
    asked = _refund.read(body, content_type(request))

    async def refund(ask: Ask, conn: Connection) -> object:
        voucher, told = await flow.give_back(conn, ask.owner_id, voucher_id, asked.amount, _today(ask), ask.now)
        return VoucherBack(told.to_scheme, told.to_consumer, voucher)

    return await _once(request, body, voucher_id, refund)


@get("/vouchers", opt=operation("vouchers", VoucherPage, csv=True))
async def list_vouchers(request: Asked, after: AfterVoucher = "", limit: Limit = 100) -> ASGIResponse:
    """Your vouchers, and where each is."""
    ask = read(request)
    page = await flow.vouchers(ask.services.pool, ask.owner_id, after, limit)
    return Listed(VoucherPage(page, page[-1].voucher_id if page else after))


async def _once(
    request: Asked, body: bytes, voucher_id: str, do: Callable[[Ask, Connection], Awaitable[object]]
) -> ASGIResponse:
    if not ids.is_id(voucher_id, ids.VOUCHER):
        raise Refused(Code.NOT_FOUND, f"There is no voucher {voucher_id[:100]!r}.", "/id")
    ask = write(request, body)

    async def act(conn: Connection) -> Answer:
        return Answer(200, encode(await do(ask, conn)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, act))


def _today(ask: Ask) -> date:
    """The merchant's day."""
    return ask.now.astimezone(ZoneInfo(ask.services.registry.now.merchants[ask.owner_id].time_zone)).date()


OPERATOR_ROUTES = [agree_scheme, list_schemes, get_claim, return_subsidy]
MERCHANT_ROUTES = [reserve_voucher, redeem_voucher, release_voucher, refund_voucher, list_vouchers]
