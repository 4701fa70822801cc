"""Processors of payments: registered by an operator; what they tell us, and what they may read."""

from datetime import datetime
from typing import Final

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service import ids
from service.access.flow import Wanted, introduce, make_key
from service.access.key import Audience, Principal
from service.api import found_disputes, processor_disputes
from service.api.addresses import Url, refuse_no_address
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.charges import BUDGET, ChargeId, ChargeView, view
from service.api.guard import guard_for
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import AfterCharge, AfterProcessor, Limit
from service.api.reply import Made, encode, reply_answer
from service.api.straight import Handlers
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.config import processor_key
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.payments.instrument import ProcessorName
from service.payments.processor import Protocol
from service.payments.store import Q, charge_of, load_charges


class ProcessorBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom instruments mean by `name`, and where they are: the only place their tokens are sent to."""

    name: ProcessorName  # what instruments call it
    url: Url
    protocol: Protocol = Protocol.TENOR  # how it is spoken to


class ProcessorMade(Struct, frozen=True):
    """Both secrets are shown once, to who approved the processor."""

    processor_id: str = field(name="id")
    key_id: str  # of the processor's key
    secret: str | None  # each of our calls carries it as `Authorization: Bearer`; null: a key that it has given us
    key: str | None  # the processor's own, for `/v1/processor/...`; null: as it is kept


class ProcessorView(Struct, frozen=True):
    """A processor."""

    processor_id: str = field(name="id")
    name: str  # what instruments call it
    url: str
    protocol: Protocol  # how it is spoken to
    registered_by: str  # the key
    registered_at: datetime
    retired_by: str | None  # the key
    retired_at: datetime | None


class ProcessorPage(Struct, frozen=True):
    """Processors, the oldest first; `after` is what to ask with next."""

    processors: list[ProcessorView]
    after: str


class Notification(Struct, frozen=True, forbid_unknown_fields=True):
    """There is news of a charge."""

    charge_id: ChargeId


class ProcessorCharges(Struct, frozen=True):
    """Charges that a processor was called for, the oldest first; `after` is what to ask with next."""

    charges: list[ChargeView]
    after: str


_processor = Body(ProcessorBody)
_notification = Body(Notification)
_nothing = Body(Nothing)


@post(
    "/processors",
    status_code=202,
    opt=operation(
        "processors", {202: Proposed}, takes=ProcessorBody, refuses=(Code.STATE_FORBIDS,),
        example={"name": "acme", "url": "https://acme.example/payments/", "protocol": "tenor"},
    ),
)  # fmt: skip
async def register_processor(request: Asked, body: RawBody) -> ASGIResponse:
    """Propose a processor of payments, under a name nobody uses.

    Another operator approves it; the approval's `result` has the processor's `id`, the `secret` by which it knows us,
    and its `key` to tell us of news, shown this once and not to the same request sent again. If they were lost, retire
    the processor and register it anew.
    """
    asked = _processor.read(body, content_type(request))
    ask = write(request, body)
    refuse_no_address(asked.url, ask.services.settings)
    _refuse_without_key(ask, asked)

    async def keep(conn: Connection) -> Answer:
        if await conn.fetchval(Q.is_processor_in_use, asked.name):
            raise _name_in_use(asked)
        return await propose("register_processor", ask, conn, Thing.PROCESSOR, asked.name, asked)

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, keep))


@needs_two("register_processor", "processors")
async def _register(doing: Doing, asked: ProcessorBody) -> ProcessorMade:
    ask, conn, secrets = doing.ask, doing.conn, doing.ask.services.registry.secrets
    _refuse_without_key(ask, asked)  # it may have been approved on a machine with other settings
    assert ask.by.key_id is not None
    processor_id = ids.new_id(ids.PROCESSOR, 0, ask.now_ms)
    if not await conn.fetchval(
        Q.insert_processor, processor_id, asked.name, asked.url, asked.protocol, ask.by.key_id, ask.now
    ):
        raise _name_in_use(asked)
    by = Principal(ask.by.key_id, Audience.OPERATOR, ask.by.owner_id, frozenset())
    key = await make_key(conn, secrets, Wanted("processor", processor_id, ("*",)), by, ask.real_now)
    secret = await introduce(conn, secrets, processor_id) if asked.protocol is Protocol.TENOR else None
    await ask.record(conn, Verb.MADE, Thing.PROCESSOR, processor_id, asked)
    doing.shown = ProcessorMade(processor_id, key.key_id, secret, key.text)
    return ProcessorMade(processor_id, key.key_id, None, None)


@post(
    "/processors/{processor_id:str}/retire",
    status_code=202,
    opt=operation("processors", {202: Proposed}, takes=Nothing),
)
async def retire_processor(request: Asked, body: RawBody, processor_id: InPath) -> ASGIResponse:
    """Propose to retire a processor: when another operator approves it, nothing new is charged there.

    What is pending is still asked about. Its name is free then for another.
    """
    if body:
        _nothing.read(body, content_type(request))
    ask = write(request, body)
    none = Refused(Code.NOT_FOUND, f"There is no processor {processor_id[:100]!r} in use.", "/id")
    if not ids.is_id(processor_id, ids.PROCESSOR):
        raise none

    async def keep(conn: Connection) -> Answer:
        if not await conn.fetchval(Q.is_processor_in_use, processor_id):
            raise none
        return await propose("retire_processor", ask, conn, Thing.PROCESSOR, processor_id, Made(processor_id))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, keep))


@needs_two("retire_processor", "processors")
async def _retire(doing: Doing, retired: Made) -> Made:
    ask, conn = doing.ask, doing.conn
    if not await conn.fetchval(Q.retire_processor, retired.made_id, ask.by.key_id, ask.now):
        raise Refused(Code.STATE_FORBIDS, "The processor is retired already.", "/id")
    await ask.record(conn, Verb.RETIRED, Thing.PROCESSOR, retired.made_id)
    return retired


@get("/processors", opt=operation("processors", ProcessorPage, csv=True))
async def list_processors(request: Asked, after: AfterProcessor = "", limit: Limit = 100) -> ASGIResponse:
    """All processors there ever were, and which of them are in use."""
    rows = await read(request).services.pool.fetch(Q.list_processors, after, limit)
    page = [ProcessorView(**dict(row)) for row in rows]
    return Listed(ProcessorPage(page, page[-1].processor_id if page else after))


@post(
    "/notifications",
    status_code=200,
    opt=operation(
        "notifications", ChargeView, takes=Notification, refuses=(Code.NOT_FOUND,),
        example={"charge_id": "{charge_id}"},
    )
    | BUDGET,
)  # fmt: skip
async def take_notification(request: Asked, body: RawBody) -> ASGIResponse:
    """There is news of a charge: we ask what it is, and book it.

    So a notification that comes twice, late or after a newer one does no harm. Until we have asked and booked, it is
    answered 503, and to be sent again.
    """
    asked = _notification.read(body, content_type(request))
    ask = write(request, body, ids.bucket_of(asked.charge_id))
    if before := await ask.services.engine.answered(ask.must_key):
        return reply_answer(before)
    found = await load_charges(ask.services.pool, [asked.charge_id])
    if not found or found[0].processor_id != ask.owner_id:
        raise Refused(Code.NOT_FOUND, f"There is no charge {asked.charge_id!r} of yours.", "/charge_id")
    if not await ask.services.charging.ask(found[0], ask.now):
        raise Refused(Code.UNAVAILABLE, "We could not hear from you, or not book it now; send this notification again.")

    async def keep(conn: Connection) -> Answer:
        (charge,) = await load_charges(conn, [asked.charge_id])
        return Answer(200, encode(view(charge)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, keep))


@get("/charges", opt=operation("charges", ProcessorCharges, csv=True))
async def list_own_charges(request: Asked, after: AfterCharge = "", limit: Limit = 100) -> ASGIResponse:
    """Every charge that this processor was called for, to be held against its own books."""
    ask = read(request)
    rows = await ask.services.pool.fetch(Q.list_charges_of_processor, ask.owner_id, after, limit)
    page = [view(charge_of(row)) for row in rows]
    return Listed(ProcessorCharges(page, page[-1].charge_id if page else after))


def _refuse_without_key(ask: Ask, asked: ProcessorBody) -> None:
    if asked.protocol is not Protocol.TENOR and not processor_key(ask.services.settings, asked.name):
        sentence = f"TENOR_PROCESSOR_KEYS holds no key that {asked.name!r} has given us."
        raise Refused(Code.INVALID_FIELD, sentence, "/protocol")


def _name_in_use(asked: ProcessorBody) -> Refused:
    return Refused(Code.STATE_FORBIDS, f"There is a processor {asked.name!r} in use.", "/name", ("retire",))


OPERATOR_ROUTES: Final = [register_processor, retire_processor, list_processors, *found_disputes.ROUTES]

processor_router = Handlers(
    path="/v1/processor",
    before_request=guard_for("processor"),
    route_handlers=[take_notification, list_own_charges, *processor_disputes.ROUTES],
)
