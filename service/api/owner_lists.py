"""Who is served: merchants and partners, as lists for the operator; and a merchant that is changed or switched off."""

from datetime import datetime
from typing import Annotated, Final

from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct, field

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.lists import Cursor, Many, begins_below, fields_in, reply_list
from service.api.onboarding import once
from service.api.operation import operation
from service.api.queries import Q
from service.api.reply import Made, encode
from service.api.settlements import known_merchant
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.checkout.request import Text
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.merchants import flow as merchants
from service.merchants.fee import FeeSchedule, require_fees
from service.merchants.flow import Before
from service.plans.offer import Kind

PlatformId = Annotated[str | None, QueryParameter(max_length=30, description="only its sellers; absent: all")]
Active = Annotated[bool | None, QueryParameter(description="only those that are, or are not; absent: all")]


class MerchantRow(Struct, frozen=True):
    """A merchant in a list."""

    merchant_id: str = field(name="id")
    name: str
    country: str
    time_zone: str  # IANA: whose midnight ends a day of its plans
    active: bool  # false: nothing new is decided for it
    is_believed: bool  # whether what it says was paid frees limits at once
    is_test: bool  # whether it tries things out
    is_platform: bool  # whether others may sell through it
    platform_id: str | None  # the platform that it sells through; null: none
    created_at: datetime  # when it was taken on


class MerchantList(Struct, frozen=True):
    """Merchants, the newest first; `after` is what to ask with next."""

    merchants: list[MerchantRow]
    after: str


class PartnerRow(Struct, frozen=True):
    """A finance partner in a list."""

    partner_id: str = field(name="id")
    name: str
    active: bool  # false: it is suspended, and its programmes take no plans
    created_at: datetime  # when it was taken on


class PartnerList(Struct, frozen=True):
    """Partners, the newest first; `after` is what to ask with next."""

    partners: list[PartnerRow]
    after: str


class MerchantChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be another; what is left out stays. Plans keep what they were opened with."""

    name: Text | None = None  # null: as it is
    fees: Annotated[dict[Kind, FeeSchedule], Meta(max_length=len(Kind))] | None = None  # null: as they are
    active: bool | None = None  # false: nothing new is decided; what was bought goes on. null: as it is
    is_believed: bool | None = None  # true: what it says was paid frees limits at once, which takes two. null: as it is


class WantedMerchantChange(Struct, frozen=True):
    """A change that was proposed, and of whom."""

    merchant_id: str
    wanted: MerchantChange


_change = Body(MerchantChange)


@get("/merchants", opt=operation("merchants", MerchantList, csv=True, example={"active": "false"}))
async def list_merchants(
    request: Asked, platform_id: PlatformId = None, active: Active = None, after: Cursor = "", limit: Many = 100
) -> ASGIResponse:
    """All merchants, the newest first; a platform's sellers among them."""
    below, pool = begins_below(after, ids.MERCHANT), read(request).services.pool
    found = await pool.fetch(Q.list_merchants, below, limit, platform_id, active)
    rows = [MerchantRow(**fields_in(row, MerchantRow)) for row in found]
    upto = rows[-1].merchant_id if rows else after
    return reply_list(request, MerchantList(rows, upto), rows, MerchantRow, upto)


@get("/partners", opt=operation("partners", PartnerList, csv=True, example={"after": "pa_00000000000000000000000000"}))
async def list_partners(request: Asked, active: Active = None, after: Cursor = "", limit: Many = 100) -> ASGIResponse:
    """All finance partners, the newest first."""
    below, pool = begins_below(after, ids.PARTNER), read(request).services.pool
    rows = [PartnerRow(**fields_in(row, PartnerRow)) for row in await pool.fetch(Q.list_partners, below, limit, active)]
    upto = rows[-1].partner_id if rows else after
    return reply_list(request, PartnerList(rows, upto), rows, PartnerRow, upto)


@post(
    "/merchants/{merchant_id:str}/change",
    status_code=200,
    opt=operation(
        "merchants", {200: Made, 202: Proposed}, takes=MerchantChange, example={"name": "Bahnhof Books & Maps"}
    ),
)
async def change_merchant(request: Asked, body: RawBody, merchant_id: InPath) -> ASGIResponse:
    """Give a merchant another name or other fees, from the next purchase on; switch it off, or on again.

    That its word is to free limits waits for a second operator, with all else of the request: 202. No longer to believe
    it takes one.
    """
    asked = _change.read(body, content_type(request))
    known_merchant(merchant_id)
    if asked.fees is not None:
        require_fees(asked.fees)
    ask = write(request, body)

    async def do(conn: Connection) -> Answer:
        before = await _known(conn, merchant_id)
        if asked.is_believed and not before.is_believed:
            wanted = WantedMerchantChange(merchant_id, asked)
            return await propose("change_merchant", ask, conn, Thing.MERCHANT, merchant_id, wanted)
        await _change_to(ask, conn, merchant_id, asked, before)
        return Answer(200, encode(Made(merchant_id)))

    return await once(ask, do)


@needs_two("change_merchant", "merchants")
async def _change_as_proposed(doing: Doing, wanted: WantedMerchantChange) -> Made:
    before = await _known(doing.conn, wanted.merchant_id)
    await _change_to(doing.ask, doing.conn, wanted.merchant_id, wanted.wanted, before)
    return Made(wanted.merchant_id)


async def _known(conn: Connection, merchant_id: str) -> Before:
    if (before := await merchants.lock(conn, merchant_id)) is None:
        raise Refused(Code.NOT_FOUND, f"There is no merchant {merchant_id!r}.", "/id")
    return before


async def _change_to(ask: Ask, conn: Connection, merchant_id: str, wanted: MerchantChange, before: Before) -> None:
    fees = None if wanted.fees is None else encode(wanted.fees).decode()
    await merchants.change(conn, merchant_id, wanted.name, fees, wanted.active, wanted.is_believed)
    await ask.record(conn, Verb.CHANGED, Thing.MERCHANT, merchant_id, wanted, before)


ROUTES: Final = [list_merchants, list_partners, change_merchant]
