"""What a consumer pays with: given through the merchant as a processor's token, named by plans, removed."""

from datetime import date, datetime
from typing import Any, Final

import msgspec
from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct, field
from msgspec.structs import replace

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.consents import require_consumer
from service.api.operation import operation
from service.api.paging import AfterInstrument, Limit
from service.api.reply import encode, reply, reply_answer
from service.api.texts import sealed_for_consumer
from service.audit.entry import Thing, Verb
from service.checkout.persona import DOES, Persona
from service.db import Connection
from service.engine.work import Answer, Key
from service.errors import Code, Refused
from service.event_type import EventType
from service.payments import store
from service.payments.holding_flow import Holding, begin_holding
from service.payments.instrument import GivenInstrument, Instrument, InstrumentKind, refuse_numbers
from service.payments.making_flow import name_instrument, plan_for, usable_instrument
from service.payments.processor import Protocol
from service.payments.store import Q
from service.payments.stripe import TOKEN
from service.people.flow import Q as PEOPLE


class InstrumentBody(GivenInstrument, frozen=True, forbid_unknown_fields=True):
    """A processor's token. It is never changed: another one is given, and this one removed."""


class InstrumentView(Struct, frozen=True):
    """What a consumer pays with; the token itself is not shown again."""

    instrument_id: str = field(name="id")
    consumer_id: str = field(name="consumer")
    processor_id: str
    kind: InstrumentKind  # what its token stands for
    last_four: str  # digits of its number; empty: not known
    expires_on: date | None  # its last day; null: it has none
    label: str  # what the consumer calls it
    autopay: bool  # the consumer allows that it is charged on due dates
    given_at: datetime
    removed_at: datetime | None


class InstrumentPage(Struct, frozen=True):
    """A consumer's instruments, the oldest first; `after` is what to ask with next."""

    instruments: list[InstrumentView]
    after: str


class _Opened(Struct):
    plan_id: str = field(name="id")


_instrument = Body(InstrumentBody)
_nothing = Body(Nothing)
_opened = msgspec.json.Decoder(_Opened).decode

_CARD: Final[dict[str, Any]] = {
    "processor": "{processor}", "token": "tok-ada-ok", "kind": "card", "last_four": "4242",
    "expires_on": "2028-04-30", "label": "Ada's card", "autopay": True,
}  # fmt: skip


@post(
    "/consumers/{consumer_id:str}/instruments",
    status_code=201,
    opt=operation("instruments", InstrumentView, takes=InstrumentBody, refuses=(Code.NO_TOKEN,), example=_CARD),
)
async def give_instrument(request: Asked, body: RawBody, consumer_id: InPath) -> ASGIResponse:
    """Write down what a consumer pays with: a processor's token.

    What looks like the number of a card or an account is refused and kept nowhere, in whatever field it stands. Of a
    persona that cannot pay, the token is replaced by one with which the sandbox processor behaves so.
    """
    asked = _instrument.read(body, content_type(request))
    refuse_numbers(asked)
    ask = write(request, body, ids.bucket_in(consumer_id))
    if not ids.is_id(consumer_id, ids.CONSUMER):
        raise _none("consumer", consumer_id)
    if before := await ask.services.engine.answered(ask.must_key):
        return reply_answer(before)  # it stays given, whatever becomes of the processor
    processor = ask.services.charging.processors.named(asked.processor)
    if processor is None:
        raise Refused(Code.INVALID_FIELD, f"There is no processor {asked.processor!r}.", "/processor")

    if processor.protocol is Protocol.STRIPE and not TOKEN.fullmatch(asked.token):
        sentence = "Of Stripe a token is the customer and the payment method: cus_.../pm_..."
        raise Refused(Code.INVALID_FIELD, sentence, "/token")

    async def give(conn: Connection) -> Answer:
        given = await _as_persona(ask, conn, consumer_id, asked) if processor.protocol is Protocol.TENOR else asked
        given = await sealed_for_consumer(ask.services, conn, consumer_id, given)
        made = await store.give(conn, consumer_id, ask.owner_id, processor.processor_id, given, ask.now)
        if made is None:
            raise _none("consumer", consumer_id)
        told = store.told_of_instrument(made, EventType.INSTRUMENT_GIVEN, ask.actor.kind, ask.now)
        await store.tell(conn, [told])
        told_of = {"consumer": consumer_id, "processor": asked.processor, "kind": asked.kind, "autopay": asked.autopay}
        await ask.record(conn, Verb.MADE, Thing.INSTRUMENT, made.instrument_id, told_of)
        return Answer(201, encode(_view(made)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, give))


@get("/consumers/{consumer_id:str}/instruments", opt=operation("instruments", InstrumentPage))
async def list_instruments(
    request: Asked, consumer_id: InPath, after: AfterInstrument = "", limit: Limit = 100
) -> ASGIResponse:
    """What the consumer pays with, and what was removed."""
    ask = read(request)
    bucket = await require_consumer(ask, consumer_id, ask.owner_id)
    rows = await ask.services.pool.fetch(Q.list_instruments, bucket, consumer_id, after, limit)
    page = [_view(store.instrument_of(row)) for row in rows]
    return reply(InstrumentPage(page, page[-1].instrument_id if page else after))


@post(
    "/instruments/{instrument_id:str}/remove",
    status_code=200,
    opt=operation("instruments", InstrumentView, takes=Nothing),
)
async def remove_instrument(request: Asked, body: RawBody, instrument_id: InPath) -> ASGIResponse:
    """It is charged no more; plans that name it are paid by hand until another is named. Removed again, it stays so."""
    if body:
        _nothing.read(body, content_type(request))
    ask, by = write(request, body, ids.bucket_in(instrument_id)), request.auth.key_id

    if not ids.is_id(instrument_id, ids.INSTRUMENT):
        raise _none("instrument", instrument_id)

    async def remove(conn: Connection) -> Answer:
        found = await store.load_instrument(conn, instrument_id)
        if found is None or found.merchant_id != ask.owner_id:
            raise _none("instrument", instrument_id)
        if await conn.fetchval(Q.remove_instrument, found.bucket, instrument_id, ask.now, by):
            told = store.told_of_instrument(found, EventType.INSTRUMENT_REMOVED, ask.actor.kind, ask.now)
            await store.tell(conn, [told])
            await ask.record(conn, Verb.REVOKED, Thing.INSTRUMENT, instrument_id)
        removed = await store.load_instrument(conn, instrument_id)
        assert removed is not None
        return Answer(200, encode(_view(removed)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, remove))


async def require_instrument(ask: Ask, offer_id: str, instrument_id: str) -> None:
    """The instrument may pay for the plan that the offer would open. Refused: NO_INSTRUMENT."""
    decision_id = ids.origin(ids.DECISION, offer_id)
    async with ask.services.pool.acquire() as conn:
        consumer = await conn.fetchval(Q.find_offers_consumer, ids.bucket_of(decision_id), decision_id)
        if consumer is not None:
            await usable_instrument(conn, instrument_id, consumer)


async def name_for_opened(ask: Ask, answer: Answer, instrument_id: str) -> None:
    """The plan that was opened is paid with it. Once: sent again, the request does not undo what was named since."""
    plan_id, given = _opened(answer.body).plan_id, ask.must_key
    key = Key.of(f"{ask.owner_id}/instruments", given.key, given.request_hash, given.bucket)

    is_held: list[bool] = []

    async def name(conn: Connection) -> Answer:
        plan = await plan_for(conn, plan_id, ask.owner_id)
        await name_instrument(conn, plan, instrument_id, ask.actor, ask.now)
        is_held.append(await begin_holding(conn, plan, ask.real_now))
        return Answer(200, b"{}")

    await ask.services.engine.once(key, ask.now, name)
    if any(is_held):
        charging = ask.services.charging
        charging.do_soon(Holding(charging).follow(plan_id, ask.real_now))


async def _as_persona(ask: Ask, conn: Connection, consumer_id: str, given: GivenInstrument) -> GivenInstrument:
    """What a persona pays with has a token of its own, by whose ending the sandbox processor knows what to do."""
    row = None
    if ask.services.registry.now.merchants[ask.owner_id].is_test:
        row = await conn.fetchrow(PEOPLE.load_consumer, ids.bucket_of(consumer_id), consumer_id, ask.owner_id)
    persona = Persona(row["persona"]) if row and row["persona"] else None
    ending = DOES[persona].sandbox if persona else ""
    return replace(given, token=f"{consumer_id}{ending}") if ending else given


def _none(what: str, asked_id: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"There is no {what} {asked_id[:100]!r}.", "/id")


def _view(one: Instrument) -> InstrumentView:
    return InstrumentView(
        one.instrument_id, one.consumer_id, one.processor_id, one.kind, one.last_four, one.expires_on, one.label,
        one.autopay, one.given_at, one.removed_at,
    )  # fmt: skip


ROUTES: Final = [give_instrument, list_instruments, remove_instrument]
