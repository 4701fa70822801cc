"""A platform's sellers: taken on and listed by the platform, which acts for each of them with the header
`Tenor-Merchant`.
"""

from datetime import datetime

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service import ids
from service.api.ask import Asked, content_type, read, write
from service.api.body import Body
from service.api.lists import Listed
from service.api.onboarding import Country, TimeZone, once, require_time_zone
from service.api.operation import operation
from service.api.paging import AfterMerchant, Limit
from service.api.reply import Made, encode
from service.audit.entry import Thing, Verb
from service.checkout.request import Text
from service.countries import require_country
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.merchants import flow as merchants
from service.merchants.merchant import Merchant
from service.merchants.platform import platform_terms


class SellerBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Who sells through the platform."""

    name: Text
    country: Country
    time_zone: TimeZone  # IANA: whose midnight ends a day of its plans


class Seller(Struct, frozen=True):
    """A seller of a platform."""

    merchant_id: str = field(name="id")
    name: str
    country: str
    time_zone: str  # IANA: whose midnight ends a day of its plans
    active: bool  # false: nothing new is decided for it
    is_test: bool  # it tries things out, as its platform does
    created_at: datetime


class SellerPage(Struct, frozen=True):
    """Sellers, the oldest first; `after` is what to ask with next."""

    sellers: list[Seller]
    after: str


_seller = Body(SellerBody)


@post(
    "/sellers",
    status_code=201,
    opt=operation(
        "sellers",
        Made,
        takes=SellerBody,
        example={"name": "Bahnhof Books", "country": "DE", "time_zone": "Europe/Berlin"},
    ),
)
async def take_seller_on(request: Asked, body: RawBody) -> ASGIResponse:
    """Take a seller on, if you are a platform: it has your fees.

    Send its id as `Tenor-Merchant` with your own key, and each request is the seller's. Its own keys, which the lender
    makes, see this seller alone.
    """
    asked = _seller.read(body, content_type(request))
    require_country(asked.country, "/country")
    require_time_zone(asked.time_zone)
    ask = write(request, body)
    if request.auth.platform_id is not None:
        raise Refused(Code.FORBIDDEN, "A seller takes nobody on: leave Tenor-Merchant out.")
    known = ask.services.registry.now.merchants
    terms, platform = platform_terms(known, ask.owner_id), known[ask.owner_id]
    merchant_id = ids.new_id(ids.MERCHANT, ids.bucket_for(asked.name), ask.now_ms)

    async def make(conn: Connection) -> Answer:
        seller = Merchant(
            merchant_id, asked.name, asked.country, asked.time_zone, platform.fees, is_test=platform.is_test,
            platform_id=platform.merchant_id, fee_share_bps=terms.fee_share_bps,
        )  # fmt: skip
        await merchants.take_on(conn, seller, ask.now)
        await ask.record(conn, Verb.MADE, Thing.MERCHANT, merchant_id, asked)
        return Answer(201, encode(Made(merchant_id)))

    return await once(ask, make)


@get("/sellers", opt=operation("sellers", SellerPage, csv=True))
async def list_sellers(request: Asked, after: AfterMerchant = "", limit: Limit = 100) -> ASGIResponse:
    """All who sell through you; nobody, if you are no platform."""
    ask = read(request)
    found = await ask.services.pool.fetch(merchants.Q.sellers_of, ask.owner_id, after, limit)
    page = [Seller(**row) for row in found]
    return Listed(SellerPage(page, page[-1].merchant_id if page else after))


ROUTES = [take_seller_on, list_sellers]
