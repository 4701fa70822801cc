"""Consents: what a consumer allowed us to ask outside, given through the merchant, and taken back at any time."""

from datetime import date, datetime, timedelta
from typing import Any, Final

import asyncpg
from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.operation import operation
from service.api.paging import AfterConsent, Limit
from service.api.reply import encode, reply, reply_answer
from service.api.texts import sealed_for_consumer
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.outside import consent_store
from service.outside.consent import Channel, GivenConsent
from service.outside.flow import Q as OUTSIDE
from service.outside.source import DataType, Purpose
from service.people.flow import Q as PEOPLE

LASTS_MAX: Final = timedelta(days=3_660)


class ConsentBody(GivenConsent, frozen=True, forbid_unknown_fields=True):
    """What the consumer allowed. It is never changed: another one is given, and this one revoked."""


class ConsentView(Struct, frozen=True):
    """A consent, and what became of it."""

    consent_id: str = field(name="id")
    consumer_id: str = field(name="consumer")
    subject: str
    purpose: Purpose
    data_types: list[DataType]
    sources: list[str]
    from_on: date
    to_on: date
    times: int
    used: int  # calls made under it so far
    channel: Channel
    evidence: str  # where the proof of it is kept
    given_at: datetime
    expires_at: datetime  # from then on no call is made under it and no answer read again
    revoked_at: datetime | None


class ConsentPage(Struct, frozen=True):
    """A consumer's consents, the oldest first; `after` is what to ask with next."""

    consents: list[ConsentView]
    after: str


_consent = Body(ConsentBody)
_nothing = Body(Nothing)


_CONSENT: Final[dict[str, Any]] = {
    "subject": "ada-700", "purpose": "credit_decision", "data_types": ["credit_history"], "sources": ["simulator"],
    "from_on": "2025-01-01", "to_on": "2026-12-31", "times": 5, "expires_at": "2026-04-01T00:00:00Z",
    "channel": "online", "evidence": "checkbox 7 of order 4711",
}  # fmt: skip


@post(
    "/consumers/{consumer_id:str}/consents",
    status_code=201,
    opt=operation("consents", ConsentView, takes=ConsentBody, example=_CONSENT),
)
async def give_consent(request: Asked, body: RawBody, consumer_id: InPath) -> ASGIResponse:
    """Write down what the consumer allowed us to ask outside, and where its proof is.

    A policy's sources are asked under a consent that names their gateway, kind of data and purpose and covers their
    period, and under no other. Of several the one that expires first is used. It is for the gateways that have these
    names now: if one is replaced by another of its name, the consumer is asked again.
    """
    asked = _consent.read(body, content_type(request))
    _refuse_contradictions(asked)
    ask = write(request, body, ids.bucket_in(consumer_id))
    if not ids.is_id(consumer_id, ids.CONSUMER):
        raise _no_consumer(consumer_id)
    consent_id = ids.new_id(ids.CONSENT, ids.bucket_of(consumer_id), ask.now_ms)

    if before := await ask.services.engine.answered(ask.must_key):
        return reply_answer(before)  # what was given stays given, whatever the hour
    gateway_ids = _who_can_be_asked(ask, asked)

    async def give(conn: Connection) -> Answer:
        given = await sealed_for_consumer(ask.services, conn, consumer_id, asked)
        if not await consent_store.give(conn, consent_id, consumer_id, ask.owner_id, given, gateway_ids, ask.now):
            raise _no_consumer(consumer_id)
        told = {"consumer": consumer_id, "purpose": asked.purpose, "sources": asked.sources}
        await ask.record(conn, Verb.MADE, Thing.CONSENT, consent_id, told)
        return Answer(201, encode(await _load(conn, consent_id)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, give))


@get("/consumers/{consumer_id:str}/consents", opt=operation("consents", ConsentPage))
async def list_consents(
    request: Asked, consumer_id: InPath, after: AfterConsent = "", limit: Limit = 100
) -> ASGIResponse:
    """What the consumer allowed, how often it was used, and what was revoked."""
    ask = read(request)
    return await _page(ask, consumer_id, ask.owner_id, after, limit)


@post("/consents/{consent_id:str}/revoke", status_code=200, opt=operation("consents", ConsentView, takes=Nothing))
async def revoke_consent(request: Asked, body: RawBody, consent_id: InPath) -> ASGIResponse:
    """The consumer takes it back, for good: no call is made under it any more, and answers it brought are erased.

    Revoked again, it stays as it was. Decisions keep what they had read.
    """
    _read_nothing(request, body)
    ask = write(request, body, ids.bucket_in(consent_id))
    return await _revoke(ask, consent_id, request.auth.key_id, ask.owner_id)


@get("/consumers/{consumer_id:str}/consents", opt=operation("consents", ConsentPage))
async def list_all_consents(
    request: Asked, consumer_id: InPath, after: AfterConsent = "", limit: Limit = 100
) -> ASGIResponse:
    """The consents of any consumer."""
    ask = read(request)
    page = await _page(ask, consumer_id, None, after, limit)
    await ask.record_reading(Thing.CONSUMER, consumer_id, "consents")
    return page


@post("/consents/{consent_id:str}/revoke", status_code=200, opt=operation("consents", ConsentView, takes=Nothing))
async def revoke_any_consent(request: Asked, body: RawBody, consent_id: InPath) -> ASGIResponse:
    """Revoke a consent for a consumer who came to us instead of the merchant."""
    _read_nothing(request, body)
    ask = write(request, body, ids.bucket_in(consent_id))
    return await _revoke(ask, consent_id, request.auth.key_id, None)


async def require_consumer(ask: Ask, consumer_id: str, owner_id: str | None) -> int:
    """The bucket of a consumer that is there, and `owner_id`'s if one is given. Refused: NOT_FOUND."""
    if ids.is_id(consumer_id, ids.CONSUMER):
        bucket = ids.bucket_of(consumer_id)
        if await ask.services.pool.fetchval(PEOPLE.is_consumer, bucket, consumer_id, owner_id):
            return bucket
    raise _no_consumer(consumer_id)


async def _page(ask: Ask, consumer_id: str, owner_id: str | None, after: str, limit: int) -> ASGIResponse:
    bucket = await require_consumer(ask, consumer_id, owner_id)
    rows = await ask.services.pool.fetch(OUTSIDE.list_consents, bucket, consumer_id, after, limit)
    page = [_view(row) for row in rows]
    return reply(ConsentPage(page, page[-1].consent_id if page else after))


async def _revoke(ask: Ask, consent_id: str, by: str, owner_id: str | None) -> ASGIResponse:
    missing = Refused(Code.NOT_FOUND, f"There is no consent {consent_id[:100]!r}.", "/id")
    if not ids.is_id(consent_id, ids.CONSENT):
        raise missing

    async def revoke(conn: Connection) -> Answer:
        if not await consent_store.revoke(conn, consent_id, by, owner_id, ask.now):
            raise missing
        await ask.record(conn, Verb.REVOKED, Thing.CONSENT, consent_id)
        return Answer(200, encode(await _load(conn, consent_id)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, revoke))


async def _load(conn: Connection, consent_id: str) -> ConsentView:
    row = await conn.fetchrow(OUTSIDE.load_consent, ids.bucket_of(consent_id), consent_id)
    assert row is not None
    return _view(row)


def _view(row: asyncpg.Record) -> ConsentView:
    return ConsentView(**dict(row))


def _refuse_contradictions(asked: ConsentBody) -> None:
    for name, values in (("data_types", asked.data_types), ("sources", asked.sources)):
        if len(set(values)) < len(values):
            raise Refused(Code.INVALID_FIELD, "Something is named twice.", f"/{name}")
    if asked.to_on < asked.from_on:
        raise Refused(Code.INVALID_FIELD, "The period ends before it begins.", "/to_on")


def _who_can_be_asked(ask: Ask, asked: ConsentBody) -> list[str]:
    """The ids of the gateways that are its sources now. Refused: INVALID_FIELD, by these or the hour."""
    gateway_ids = []
    for place, source in enumerate(asked.sources):
        address = ask.services.outside.address_of(source)
        if address is None:
            raise Refused(Code.INVALID_FIELD, f"There is no gateway {source!r}.", f"/sources/{place}")
        gateway_ids.append(address.gateway_id)
    if asked.expires_at <= ask.now:
        raise Refused(Code.INVALID_FIELD, "It would have expired already.", "/expires_at")
    if asked.expires_at > ask.now + LASTS_MAX:
        raise Refused(Code.INVALID_FIELD, f"At most {LASTS_MAX.days} days from now.", "/expires_at")
    return gateway_ids


def _no_consumer(consumer_id: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"There is no consumer {consumer_id[:100]!r}.", "/id")


def _read_nothing(request: Asked, body: bytes) -> None:
    if body:
        _nothing.read(body, content_type(request))
