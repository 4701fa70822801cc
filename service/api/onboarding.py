"""The operator takes merchants and partners on."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from litestar import post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Ask, Asked, content_type, write
from service.api.body import Body
from service.api.operation import operation
from service.api.reply import Made, encode, reply_answer
from service.audit.entry import Thing, Verb
from service.checkout.request import Text
from service.countries import require_country
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.merchants import flow as merchants
from service.merchants.fee import FeeSchedule, require_fees
from service.merchants.merchant import Merchant
from service.merchants.platform_terms import PlatformTerms
from service.partners import programme_flow as partners
from service.plans.offer import Kind
from service.terms.calendar import is_time_zone

TimeZone = Annotated[str, Meta(pattern=r"^[A-Za-z]+(/[A-Za-z0-9_+\-]+)*\Z", max_length=60)]
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z")]


class MerchantBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`fees` by kind of plan: `{"instalments": {"bps": 290, "fixed": 30}}`."""

    name: Text
    country: Country
    time_zone: TimeZone  # IANA: whose midnight ends a day of its plans: what is due when, and overdue
    fees: Annotated[dict[Kind, FeeSchedule], Meta(max_length=len(Kind))] = {}
    platform: PlatformTerms | None = None  # others sell through it; null: nobody does
    is_test: bool = False  # it tries things out: no programme funds its plans, and its clock may be moved on; for good


class PartnerBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A bank or fund."""

    name: Text


_merchant = Body(MerchantBody)
_partner = Body(PartnerBody)


@post(
    "/merchants",
    status_code=201,
    opt=operation(
        "merchants",
        Made,
        takes=MerchantBody,
        example={
            "name": "Bahnhof Books",
            "country": "DE",
            "time_zone": "Europe/Berlin",
            "fees": {"instalments": {"bps": 290, "fixed": 30}},
        },
    ),
)
async def create_merchant(request: Asked, body: RawBody) -> ASGIResponse:
    """Take a merchant on."""
    asked = _merchant.read(body, content_type(request))
    require_country(asked.country, "/country")
    require_time_zone(asked.time_zone)
    require_fees(asked.fees)
    ask = write(request, body)
    merchant_id = ids.new_id(ids.MERCHANT, ids.bucket_for(asked.name), ask.now_ms)

    async def make(conn: Connection) -> Answer:
        fees = {str(kind): fee for kind, fee in asked.fees.items()}
        merchant = Merchant(
            merchant_id,
            asked.name,
            asked.country,
            asked.time_zone,
            fees,
            is_test=asked.is_test,
            platform=asked.platform,
        )
        await merchants.take_on(conn, merchant, ask.now)
        await ask.record(conn, Verb.MADE, Thing.MERCHANT, merchant_id, asked)
        return Answer(201, encode(Made(merchant_id)))

    return await once(ask, make)


@post("/partners", status_code=201, opt=operation("partners", Made, takes=PartnerBody, example={"name": "Alster Fund"}))
async def create_partner(request: Asked, body: RawBody) -> ASGIResponse:
    """Take a finance partner on."""
    asked = _partner.read(body, content_type(request))
    ask = write(request, body)
    partner_id = ids.new_id(ids.PARTNER, ids.bucket_for(asked.name), ask.now_ms)

    async def make(conn: Connection) -> Answer:
        await partners.take_on(conn, partner_id, asked.name, ask.now)
        await ask.record(conn, Verb.MADE, Thing.PARTNER, partner_id, asked)
        return Answer(201, encode(Made(partner_id)))

    return await once(ask, make)


async def once(ask: Ask, make: Callable[[Connection], Awaitable[Answer]]) -> ASGIResponse:
    """Takes somebody on, once, and answers."""
    answer = await ask.services.engine.once(ask.must_key, ask.now, make)
    await ask.services.registry.reload()  # this process at once, the others when they hear of it
    return reply_answer(answer)


def require_time_zone(name: str) -> None:
    """Every day of a plan is counted there, so it is looked up before anything hangs on it."""
    if not is_time_zone(name):
        raise Refused(Code.INVALID_FIELD, f"There is no time zone {name!r}.", "/time_zone")
