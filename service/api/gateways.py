"""The operator's gateways to outside data: whom we may ask, how they answer, and every call made for a consumer."""

from datetime import date, datetime, timedelta
from typing import Annotated, Final

import asyncpg
from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct, field

from service import ids
from service.access.flow import introduce
from service.api.addresses import Url, refuse_no_address
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.consents import require_consumer
from service.api.operation import operation
from service.api.paging import AfterEnquiry, AfterGateway, Limit
from service.api.reply import Made, reply, reply_answer
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.outside import gateway_store
from service.outside.flow import Q
from service.outside.gateway import SIMULATOR
from service.outside.source import DataType, Name, Purpose, SourceOutcome

COUNTED: Final = timedelta(days=1)


class GatewayBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom policies and consents mean by `name`, and where they are: the only place their questions are sent to.

    Who takes over the name of one that was retired is another: consumers' consents are not for it.
    """

    name: Name  # what policies and consents call it
    url: Url
    data_types: Annotated[tuple[DataType, ...], Meta(min_length=1, max_length=3)]  # what it may be asked for


class GatewayMade(Struct, frozen=True):
    """The secret is shown once, to who approved the gateway."""

    gateway_id: str = field(name="id")
    secret: str | None  # each of our calls carries it as `Authorization: Bearer`; null: as it is kept


class GatewayView(Struct, frozen=True):
    """A gateway, and how its calls of the last day went."""

    gateway_id: str = field(name="id")
    name: str  # what policies and consents call it
    url: str
    data_types: list[DataType]  # what it may be asked for
    registered_by: str  # the key
    registered_at: datetime
    retired_by: str | None  # the key
    retired_at: datetime | None
    is_resting: bool  # after failures in a row, left alone for seconds; as the process sees it that answers
    calls: dict[str, int]  # of the last 24 hours, by outcome; `unheard`: we were stopped before there was one


class GatewayPage(Struct, frozen=True):
    """Gateways, the oldest first; `after` is what to ask with next."""

    gateways: list[GatewayView]
    after: str


class EnquiryView(Struct, frozen=True):
    """One call: who was asked for what, when, under which consent, and what came of it; never what was said."""

    enquiry_id: str = field(name="id")
    consent_id: str
    decision_id: str  # the checkout it was made for
    gateway_id: str
    gateway: str  # its name then
    data_type: DataType
    purpose: Purpose
    facts: list[str]  # asked for
    from_on: date
    to_on: date
    asked_at: datetime
    outcome: SourceOutcome | None  # null: we were stopped before there was one
    expires_at: datetime | None  # until when the answer is read again; null: it is not
    is_kept: bool  # whether the answer still is there


class EnquiryPage(Struct, frozen=True):
    """A consumer's enquiries, the oldest first; `after` is what to ask with next."""

    enquiries: list[EnquiryView]
    after: str


_gateway = Body(GatewayBody)
_nothing = Body(Nothing)


@post(
    "/gateways",
    status_code=202,
    opt=operation(
        "gateways",
        {202: Proposed},
        takes=GatewayBody,
        refuses=(Code.STATE_FORBIDS,),
        example={
            "name": "bureau",
            "url": "https://bureau.example/ask",
            "data_types": ["credit_history", "public_credit"],
        },
    ),
)
async def register_gateway(request: Asked, body: RawBody) -> ASGIResponse:
    """Propose a gateway to a credit bureau, an income or a public-credit platform, under a name nobody uses.

    Another operator approves it; the approval's `result` has the gateway's `id` and the `secret` by which it knows us,
    shown this once and not to the same request sent again. If it was lost, retire the gateway and register it anew.
    """
    asked = _gateway.read(body, content_type(request))
    ask = write(request, body)
    _refuse_address(ask, asked)

    async def keep(conn: Connection) -> Answer:
        if await gateway_store.is_in_use(conn, asked.name):
            raise _name_in_use(asked)
        return await propose("register_gateway", ask, conn, Thing.GATEWAY, asked.name, asked)

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, keep))


@needs_two("register_gateway", "gateways")
async def _register(doing: Doing, asked: GatewayBody) -> GatewayMade:
    ask, conn = doing.ask, doing.conn
    gateway_id = ids.new_id(ids.GATEWAY, 0, ask.now_ms)
    assert ask.by.key_id is not None
    if not await gateway_store.register(
        conn, gateway_id, asked.name, asked.url, asked.data_types, ask.by.key_id, ask.now
    ):
        raise _name_in_use(asked)
    secret = await introduce(conn, ask.services.registry.secrets, gateway_id)
    await ask.record(conn, Verb.MADE, Thing.GATEWAY, gateway_id, asked)
    doing.shown = GatewayMade(gateway_id, secret)
    return GatewayMade(gateway_id, None)


@post("/gateways/{gateway_id:str}/retire", status_code=202, opt=operation("gateways", {202: Proposed}, takes=Nothing))
async def retire_gateway(request: Asked, body: RawBody, gateway_id: InPath) -> ASGIResponse:
    """Propose to retire a gateway: when another operator approves it, nothing is sent there any more.

    Its name is free then for another, and consents that were given for this one are not for that.
    """
    if body:
        _nothing.read(body, content_type(request))
    ask, none = (
        write(request, body),
        Refused(Code.NOT_FOUND, f"There is no gateway {gateway_id[:100]!r} in use.", "/id"),
    )
    if not ids.is_id(gateway_id, ids.GATEWAY):
        raise none

    async def keep(conn: Connection) -> Answer:
        if not await gateway_store.is_in_use(conn, gateway_id):
            raise none
        return await propose("retire_gateway", ask, conn, Thing.GATEWAY, gateway_id, Made(gateway_id))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, keep))


@needs_two("retire_gateway", "gateways")
async def _retire(doing: Doing, retired: Made) -> Made:
    ask, conn = doing.ask, doing.conn
    assert ask.by.key_id is not None
    if not await gateway_store.retire(conn, retired.made_id, ask.by.key_id, ask.now):
        raise Refused(Code.STATE_FORBIDS, "The gateway is retired already.", "/id")
    await ask.record(conn, Verb.RETIRED, Thing.GATEWAY, retired.made_id)
    return retired


@get("/gateways", opt=operation("gateways", GatewayPage))
async def list_gateways(request: Asked, after: AfterGateway = "", limit: Limit = 100) -> ASGIResponse:
    """All gateways there ever were, which of them are in use, and how their calls of the last day went."""
    ask = read(request)
    rows = await ask.services.pool.fetch(Q.list_gateways, after, limit)
    counts: dict[str, dict[str, int]] = {}
    for gateway_id, outcome, calls in await ask.services.pool.fetch(Q.count_enquiries, ask.now - COUNTED, ask.now):
        counts.setdefault(gateway_id, {})[outcome] = calls
    page = [_view(ask, row, counts) for row in rows]
    return reply(GatewayPage(page, page[-1].gateway_id if page else after))


@get("/consumers/{consumer_id:str}/enquiries", opt=operation("consents", EnquiryPage))
async def list_enquiries(
    request: Asked, consumer_id: InPath, after: AfterEnquiry = "", limit: Limit = 100
) -> ASGIResponse:
    """Every call that was made for a consumer: who was asked for what, when, under which consent, and the outcome."""
    ask = read(request)
    bucket = await require_consumer(ask, consumer_id, None)
    rows = await ask.services.pool.fetch(Q.list_enquiries, bucket, consumer_id, after, limit)
    page = [EnquiryView(**dict(row)) for row in rows]
    await ask.record_reading(Thing.CONSUMER, consumer_id, "enquiries")
    return reply(EnquiryPage(page, page[-1].enquiry_id if page else after))


def _view(ask: Ask, row: asyncpg.Record, counts: dict[str, dict[str, int]]) -> GatewayView:
    gateway_id = row["gateway_id"]
    is_resting = ask.services.outside.rests(gateway_id)
    calls = dict(sorted(counts.get(gateway_id, {}).items()))
    return GatewayView(**dict(row), is_resting=is_resting, calls=calls)


def _name_in_use(asked: GatewayBody) -> Refused:
    return Refused(Code.STATE_FORBIDS, f"There is a gateway {asked.name!r} in use.", "/name", ("retire",))


def _refuse_address(ask: Ask, asked: GatewayBody) -> None:
    """Refuse what is no address of a gateway: consumers' data go there, so they go encrypted."""
    if asked.name == SIMULATOR.name:
        raise Refused(Code.INVALID_FIELD, "The simulator is the sandbox's own.", "/name")
    if len(set(asked.data_types)) < len(asked.data_types):
        raise Refused(Code.INVALID_FIELD, "A kind of data is named twice.", "/data_types")
    refuse_no_address(asked.url, ask.services.settings)
