"""A test merchant's clock: read, and moved on, with all that the time brings about."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec
from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service.api.ask import Ask, Asked, content_type, read, write
from service.api.body import Body
from service.api.operation import operation
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.deadline import LONG
from service.engine.work import Answer, Key
from service.errors import Code, Refused
from service.event_type import EventType
from service.jobs.moved_clocks import Clocks, Q
from service.merchants.merchant import Merchant

DAYS_MAX: Final = 100  # of one call


class TestClock(Struct, frozen=True):
    """What time it is for the merchant."""

    now: datetime  # its own time
    days_ahead: int  # of real time, whole days


class AdvanceBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How far: so many `days`, or `until` a day has begun in the merchant's time zone; one of them."""

    days: Annotated[int, Meta(ge=1, le=DAYS_MAX)] | None = None  # so much further; null: until a day is named
    until: date | None = None  # when this day begins; null: days are named


class Advanced(Struct, frozen=True):
    """The clock after it was moved on, and what came of the time that passed."""

    before: datetime  # its time before it was moved
    now: datetime  # its time now
    events: dict[EventType, int]  # by type: those that were told meanwhile, counted


class _Way(Struct):
    """From where to where the clock is moved, and the last event that was told before: kept before it is moved."""

    before: datetime
    told: int
    until: datetime


_advance = Body(AdvanceBody)
_way = msgspec.json.Decoder(_Way).decode


@get("/test/clock", opt=operation("test", TestClock, refuses=(Code.NOT_A_TEST,)))
async def get_test_clock(request: Asked) -> ASGIResponse:
    """What time it is for a test merchant."""
    ask = read(request)
    await _test_merchant(ask)
    return reply(TestClock(ask.now, (ask.now - ask.real_now).days))


@post(
    "/test/clock/advance",
    status_code=200,
    opt=operation("test", Advanced, takes=AdvanceBody, refuses=(Code.NOT_A_TEST,), example={"days": 30}) | LONG,
)
async def advance_test_clock(request: Asked, body: RawBody) -> ASGIResponse:
    """Move a test merchant's clock on, never back, and do what the time brings about on its plans.

    Authorizations end, instalments fall due and are charged, late fees are levied, as in real days. All requests of the
    merchant, and all commands on its plans, are at its time from then on.

    Two keys of one request: the first keeps how far, the second what came of it. Cut short, the same request goes on.
    """
    asked = _advance.read(body, content_type(request))
    ask = write(request, body)
    merchant = await _test_merchant(ask)
    services, given = ask.services, ask.must_key
    if before := await services.engine.answered(given):
        return reply_answer(before)

    async def begin(conn: Connection) -> Answer:
        until = _until(asked, merchant, ask.now)
        last: int = await conn.fetchval(Q.last_told, ask.owner_id)
        await ask.record(conn, Verb.CHANGED, Thing.CLOCK, merchant.merchant_id, {"now": until}, {"now": ask.now})
        return Answer(200, encode(_Way(ask.now, last, until)))

    first = Key.of(f"{ask.owner_id}/clock", given.key, given.request_hash, given.bucket)
    begun = await services.engine.once(first, ask.real_now, begin)
    if begun.status != 200:
        return reply_answer(begun)
    way, clocks = _way(begun.body), Clocks(services.pool, services.engine, services.charging, services.registry)
    await clocks.move(merchant.merchant_id, way.until, ask.real_now)
    told = await clocks.count_told(merchant.merchant_id, way.told, way.until)

    async def keep(_: Connection) -> Answer:  # afterwards: its steps are transactions of their own
        return Answer(200, encode(Advanced(way.before, way.until, {EventType(one): told[one] for one in told})))

    return reply_answer(await services.engine.once(given, ask.real_now, keep))


def _until(asked: AdvanceBody, merchant: Merchant, now: datetime) -> datetime:
    """Refused: INVALID_FIELD."""
    if (asked.days is None) == (asked.until is None):
        raise Refused(Code.INVALID_FIELD, "Say how many days, or until which day: one of them.", "/days")
    if asked.days is not None:
        return now + timedelta(days=asked.days)
    assert asked.until is not None
    until = datetime(asked.until.year, asked.until.month, asked.until.day, tzinfo=ZoneInfo(merchant.time_zone))
    if not now < until <= now + timedelta(days=DAYS_MAX):
        sentence = f"A clock is moved on by at most {DAYS_MAX} days, and never back; it is {now.isoformat()}."
        raise Refused(Code.INVALID_FIELD, sentence, "/until")
    return until.astimezone(UTC)


async def _test_merchant(ask: Ask) -> Merchant:
    merchant = await ask.services.registry.merchant(ask.owner_id)
    if not merchant.is_test:
        raise Refused(Code.NOT_A_TEST, "Only a test merchant has a clock of its own; yours lives in real time.")
    return merchant


ROUTES: Final = [get_test_clock, advance_test_clock]
