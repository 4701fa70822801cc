"""Erasing what is personal of consumers, and telling all of it: a merchant of its own, an operator of a person."""

import msgspec
from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Raw, Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.operation import operation
from service.api.passkeys import PasskeyView, passkey_view
from service.api.queries import Q
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.authentication import store as authentications
from service.checkout.sealing import unseal_part
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.packed import unpack
from service.people import erasing_flow, flow
from service.people.consumer import Consumer
from service.people.erasing import Keeping, Left, left_to_the_books, refuse_too_early
from service.plans.plan import business_day


class ErasedView(Struct, frozen=True):
    """What is left: ids, amounts and codes of reasons, which the books need. Nobody can read the rest any more."""

    erased: tuple[str, ...]  # the consumers
    left: tuple[Left, ...]  # what a law wants kept for longer; empty: no law that is known


class ExportedDecision(Struct, frozen=True):
    """A checkout, what was known of the consumer, and what was answered."""

    decision_id: str = msgspec.field(name="id")
    request: Raw  # as it was sent
    snapshot: Raw  # what was known; {} in a merchant's own export
    answer: Raw  # as it was answered


class ExportedPlan(Struct, frozen=True):
    """A plan, and each fact that was recorded of it."""

    plan_id: str = msgspec.field(name="id")
    state: str
    currency: str
    amount: int
    outstanding: int
    facts: Raw  # a list of them, in the order they were recorded


class ExportedConsumer(Struct, frozen=True):
    """All that is kept of one consumer."""

    consumer: Consumer
    decisions: list[ExportedDecision]
    plans: list[ExportedPlan]
    consents: Raw  # a list of them
    permissions: Raw  # a list of them
    instruments: Raw  # a list of them, without their tokens
    passkeys: list[PasskeyView]


class Export(Struct, frozen=True):
    """All that is kept of a person, or of one merchant's consumer."""

    consumers: list[ExportedConsumer]


_nothing = Body(Nothing)
_NONE = "/id"


@post(
    "/consumers/{consumer_id:str}/erase",
    status_code=200,
    opt=operation("consumers", ErasedView, takes=Nothing, refuses=(Code.STATE_FORBIDS,)),
)
async def erase_consumer(request: Asked, body: RawBody, consumer_id: InPath) -> ASGIResponse:
    """Erase what is personal of a consumer of this merchant, in the log of decisions too, and for good.

    Refused while something is owed or promised, and while a law wants it kept: the day it becomes possible is named.
    """
    _read_nothing(request, body)
    ask = write(request, body, ids.bucket_in(consumer_id))
    return await _erase(ask, await _person_of(ask, consumer_id, ask.owner_id), consumer_id)


@post(
    "/people/{person_id:str}/erase",
    status_code=200,
    opt=operation("people", ErasedView, takes=Nothing, refuses=(Code.STATE_FORBIDS,)),
)
async def erase_person(request: Asked, body: RawBody, person_id: InPath) -> ASGIResponse:
    """Erase what is personal of a person, at all merchants, and for good.

    Refused while something is owed or promised, and while a law wants it kept: the day it becomes possible is named.
    """
    _read_nothing(request, body)
    ask = write(request, body, ids.bucket_in(person_id))
    return await _erase(ask, person_id, None)


@get("/consumers/{consumer_id:str}/export", opt=operation("consumers", Export))
async def export_consumer(request: Asked, consumer_id: InPath) -> ASGIResponse:
    """All that is kept of a consumer of this merchant, for who asks what is known of them."""
    ask = read(request)
    await _person_of(ask, consumer_id, ask.owner_id)
    await ask.record_reading(Thing.CONSUMER, consumer_id, "export")
    return reply(Export([await _exported(ask, consumer_id, ask.owner_id, whole=False)]))


@get("/people/{person_id:str}/export", opt=operation("people", Export))
async def export_person(request: Asked, person_id: InPath) -> ASGIResponse:
    """All that is kept of a person, at all merchants."""
    ask = read(request)
    bucket = ids.bucket_in(person_id) if ids.is_id(person_id, ids.PERSON) else None
    rows = [] if bucket is None else await ask.services.pool.fetch(Q.consumers_of_person, bucket, person_id)
    if not rows:
        raise Refused(Code.NOT_FOUND, f"There is no person {person_id[:100]!r}.", _NONE)
    await ask.record_reading(Thing.PERSON, person_id, "export")
    return reply(Export([await _exported(ask, *row, whole=True) for row in rows]))


async def _person_of(ask: Ask, consumer_id: str, merchant_id: str) -> str:
    found = None
    if ids.is_id(consumer_id, ids.CONSUMER):
        found = await ask.services.pool.fetchval(
            Q.person_of_consumer, ids.bucket_of(consumer_id), consumer_id, merchant_id
        )
    if found is None:
        raise Refused(Code.NOT_FOUND, f"There is no consumer {consumer_id[:100]!r}.", _NONE)
    return str(found)


async def _erase(ask: Ask, person_id: str, consumer_id: str | None) -> ASGIResponse:
    services, changed = ask.services, dict[str, int]()
    by = ask.by.key_id or ask.owner_id
    nothing = Refused(Code.NOT_FOUND, "There is nothing left to erase under this id.", _NONE)
    if not ids.is_id(person_id, ids.PERSON):
        raise nothing

    async def erase(conn: Connection) -> Answer:
        consumers = await erasing_flow.hold(conn, services.secrets, person_id, consumer_id)
        if not consumers:
            raise nothing
        keeping = [
            Keeping(
                (await services.registry.version(row["policy_id"], row["policy_version"])).policy.jurisdiction,
                row["decided_at"], row["ended_at"], row["open"],
            )
            for row in await erasing_flow.what_keeps(conn, consumers)
        ]  # fmt: skip
        today = business_day(ask.now, "UTC")
        refuse_too_early(keeping, today)
        changed.update(await erasing_flow.erase(conn, services.secrets, consumers, by, ask.now))
        erased = tuple(one.consumer_id for one in consumers)
        await authentications.forget_passkeys(conn, erased)
        for one in erased:
            await ask.record(conn, Verb.ERASED, Thing.CONSUMER, one)
        return Answer(200, encode(ErasedView(erased, left_to_the_books(keeping, today))))

    answer = await services.engine.once(ask.must_key, ask.now, erase)
    for erased_id in changed:
        await services.snapshots.consumer_changed(erased_id)
    return reply_answer(answer)


async def _exported(ask: Ask, consumer_id: str, merchant_id: str, *, whole: bool) -> ExportedConsumer:
    pool, secrets, bucket = ask.services.pool, ask.services.secrets, ids.bucket_of(consumer_id)
    consumer = await flow.load_consumer(pool, secrets, consumer_id, merchant_id)
    assert consumer is not None  # it was looked up before, and consumers stay
    decisions = [
        ExportedDecision(
            row["decision_id"], Raw(unseal_part(secrets, row, "request") or b"{}"),
            Raw((unseal_part(secrets, row, "snapshot") if whole else None) or b"{}"), Raw(unpack(row["answer"])),
        )
        for row in await pool.fetch(Q.decisions_of_consumer, bucket, consumer_id)
    ]  # fmt: skip
    plans = [
        ExportedPlan(row[0], row[1], row[2], row[3], row[4], Raw(row[5].encode()))
        for row in await pool.fetch(Q.plans_of_consumer, bucket, consumer_id)
    ]
    row = await pool.fetchrow(Q.given_by_consumer, bucket, consumer_id)
    assert row is not None
    consents, permissions, instruments = (Raw(text.encode()) for text in row)
    passkeys = [passkey_view(one) for one in await authentications.load_passkeys(pool, consumer_id)]
    return ExportedConsumer(consumer, decisions, plans, consents, permissions, instruments, passkeys)


def _read_nothing(request: Asked, body: bytes) -> None:
    if body:
        _nothing.read(body, content_type(request))


ROUTES = [erase_consumer, export_consumer]
OPERATOR_ROUTES = [erase_person, export_person]
