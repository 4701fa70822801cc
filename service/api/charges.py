"""Charges of a plan: pay now, with what it is paid on due dates, and every time we pulled money for it."""

from datetime import date, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct, field

from service import ids
from service.actor import ActorKind
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.operation import operation
from service.api.paging import AfterCharge, Limit
from service.api.reply import Made, encode, reply, reply_answer
from service.api.verb import no_plan
from service.checkout.request import Price
from service.db import Connection
from service.engine.work import Answer, Key
from service.errors import Code
from service.payments.charge import Charge, ChargeState, Origin, Reason
from service.payments.holding_flow import Holding, wake
from service.payments.making_flow import When, name_instrument, plan_for, request_charge
from service.payments.store import Q, charge_of, load_charges

BUDGET: Final = {"budget_s": 12}  # a bank may think for seconds: service/payments/gateway.py

ChargeId = Annotated[str, Meta(pattern=r"^ch_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
InstrumentId = Annotated[str, Meta(pattern=r"^in_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]


class ChargeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be pulled, and from where."""

    amount: Price | None = None  # minor units of the plan's currency; null: all that is due today
    instrument_id: InstrumentId | None = None  # the consumer's; null: the plan's own


class NamedInstrument(Struct, frozen=True, forbid_unknown_fields=True):
    """What the plan is paid with from now on."""

    instrument_id: InstrumentId  # the consumer's


class ChargeView(Struct, frozen=True):
    """A time we pulled money for a plan. While it is `pending` we ask its processor until it says what became of it."""

    charge_id: str = field(name="id")
    plan_id: str
    instrument_id: str  # what was charged
    processor_id: str  # the processor that was called
    currency: str
    amount: int
    origin: Origin  # what it came from
    state: ChargeState
    reason: Reason | None  # why it was declined, or came back
    made_at: datetime
    made_by: ActorKind  # in what role somebody asked for it
    received_on: date | None  # the money's value date, as the processor tells it
    payment_id: str | None  # the payment it became; null: no money came
    ended_at: datetime | None  # null: pending
    returned_at: datetime | None  # when we heard that it came back


class CollectionView(Struct, frozen=True):
    """With what a plan is paid, and when what was declined is tried again."""

    plan_id: str
    instrument_id: str | None  # charged on due dates, if it allows that; null: the plan is paid by hand
    is_stopped: bool  # it is of no use any more: another is to be named
    tries: int  # for what is due, so far
    retry_at: datetime | None  # when it may be tried again; null: not before another instalment is due


class ChargePage(Struct, frozen=True):
    """A plan's charges, the oldest first; `after` is what to ask with next."""

    collection: CollectionView
    charges: list[ChargeView]
    after: str


_charge = Body(ChargeBody)
_named = Body(NamedInstrument)
_made = msgspec.json.Decoder(Made).decode

_REFUSES: Final = (
    Code.CHARGE_UNDER_WAY, Code.NO_INSTRUMENT, Code.NOTHING_DUE, Code.STATE_FORBIDS, Code.AMOUNT_EXCEEDS_OUTSTANDING
)  # fmt: skip
_PAY_NOW: Final[dict[str, Any]] = {"amount": 140_00, "instrument_id": "{instrument_id}"}


_CHARGE: Final = (
    operation(
        "charges", ChargeView, takes=ChargeBody, refuses=_REFUSES, example=_PAY_NOW, after=("capture_plan",),
    )
    | BUDGET
)  # fmt: skip
_NAME: Final = operation(
    "charges", CollectionView, takes=NamedInstrument, refuses=(Code.NO_INSTRUMENT,),
    example={"instrument_id": "{instrument_id}"},
)  # fmt: skip


@post("/plans/{plan_id:str}/charges", status_code=201, opt=_CHARGE)
async def charge_plan(request: Asked, body: RawBody, plan_id: InPath) -> ASGIResponse:
    """Pull money for a plan now: an amount, or all that is due.

    The answer says what the processor said within some seconds; later it is told by an event. Sent again, the same
    request pulls nothing more.
    """
    return await _charge_now(request, body, plan_id, own=True)


@post("/plans/{plan_id:str}/charges", status_code=201, opt=_CHARGE)
async def charge_any_plan(request: Asked, body: RawBody, plan_id: InPath) -> ASGIResponse:
    """Pull money for a plan of any merchant now: an amount, or all that is due."""
    return await _charge_now(request, body, plan_id, own=False)


@post("/plans/{plan_id:str}/instrument", status_code=200, opt=_NAME)
async def name_plan_instrument(request: Asked, body: RawBody, plan_id: InPath) -> ASGIResponse:
    """Say with what a plan is paid from now on. What is due, and was declined before, is tried with it at once; so is
    what a deposit lacks."""
    return await _name(request, body, plan_id, own=True)


@post("/plans/{plan_id:str}/instrument", status_code=200, opt=_NAME)
async def name_any_plan_instrument(request: Asked, body: RawBody, plan_id: InPath) -> ASGIResponse:
    """Say with what a plan of any merchant is paid from now on."""
    return await _name(request, body, plan_id, own=False)


@get("/plans/{plan_id:str}/charges", opt=operation("charges", ChargePage))
async def list_plan_charges(
    request: Asked, plan_id: InPath, after: AfterCharge = "", limit: Limit = 100
) -> ASGIResponse:
    """With what a plan is paid, and every time we pulled money for it."""
    ask = read(request)
    return await _list(ask, plan_id, ask.owner_id, after, limit)


@get("/plans/{plan_id:str}/charges", opt=operation("charges", ChargePage))
async def list_any_plan_charges(
    request: Asked, plan_id: InPath, after: AfterCharge = "", limit: Limit = 100
) -> ASGIResponse:
    """With what a plan of any merchant is paid, and every time we pulled money for it."""
    return await _list(read(request), plan_id, None, after, limit)


async def _name(request: Asked, body: bytes, plan_id: str, *, own: bool) -> ASGIResponse:
    asked = _named.read(body, content_type(request))
    ask = write(request, body, ids.bucket_in(plan_id))
    _require_plan_id(plan_id)
    is_held: list[bool] = []

    async def name(conn: Connection) -> Answer:
        plan = await plan_for(conn, plan_id, ask.owner_id if own else None)
        await name_instrument(conn, plan, asked.instrument_id, ask.actor, ask.time_at(plan.merchant_id))
        is_held.append(await wake(conn, plan, ask.real_now))
        return Answer(200, encode(await _collection(conn, plan_id)))

    answer = await ask.services.engine.once(ask.must_key, ask.now, name)
    if any(is_held):
        charging = ask.services.charging
        charging.do_soon(Holding(charging).follow(plan_id, ask.real_now))
    return reply_answer(answer)


async def _list(ask: Ask, plan_id: str, merchant_id: str | None, after: str, limit: int) -> ASGIResponse:
    async with ask.services.pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        plan = await plan_for(conn, plan_id, merchant_id)
        collection = await _collection(conn, plan_id)
        rows = await conn.fetch(Q.list_charges, plan.bucket, plan_id, after, limit)
    page = [view(charge_of(row)) for row in rows]
    return reply(ChargePage(collection, page, page[-1].charge_id if page else after))


async def _charge_now(request: Asked, body: bytes, plan_id: str, *, own: bool) -> ASGIResponse:
    """Two keys of one request: the first keeps that the charge was written down, the second what became of it.

    Cut short in between, the same request goes on with the same charge.
    """
    asked = _charge.read(body, content_type(request))
    ask = write(request, body, ids.bucket_in(plan_id))
    engine, charging, given = ask.services.engine, ask.services.charging, ask.must_key
    _require_plan_id(plan_id)
    if before := await engine.answered(given):
        return reply_answer(before)

    async def make(conn: Connection) -> Answer:
        plan = await plan_for(conn, plan_id, ask.owner_id if own else None)
        when = When(ask.real_now, ask.time_at(plan.merchant_id))
        charge_id = await request_charge(conn, plan, asked.amount, asked.instrument_id, ask.actor, when)
        return Answer(201, encode(Made(charge_id)))

    made = await engine.once(
        Key.of(f"{ask.owner_id}/charges", given.key, given.request_hash, given.bucket), ask.now, make
    )
    if made.status == 201:
        await charging.pull([_made(made.body).made_id], ask.real_now)

    async def keep(conn: Connection) -> Answer:
        if made.status != 201:
            return made
        (charge,) = await load_charges(conn, [_made(made.body).made_id])
        return Answer(201, encode(view(charge)))

    return reply_answer(await engine.once(given, ask.now, keep))


def view(one: Charge) -> ChargeView:
    """A charge as it is shown."""
    return ChargeView(
        one.charge_id, one.plan_id, one.instrument_id, one.processor_id, one.currency, one.amount, one.origin,
        one.state, one.reason, one.made_at, one.made_by, one.received_on, one.payment_id, one.ended_at, one.returned_at,
    )  # fmt: skip


def _require_plan_id(plan_id: str) -> None:
    if not ids.is_id(plan_id, ids.PLAN):
        raise no_plan(plan_id)


async def _collection(conn: Connection, plan_id: str) -> CollectionView:
    row = await conn.fetchrow(Q.load_collection, ids.bucket_of(plan_id), plan_id)
    if row is None:
        return CollectionView(plan_id, None, is_stopped=False, tries=0, retry_at=None)
    return CollectionView(plan_id, row["instrument_id"], row["is_stopped"], row["tries"], row["retry_at"])


MERCHANT_ROUTES: Final = [charge_plan, name_plan_instrument, list_plan_charges]
OPERATOR_ROUTES: Final = [charge_any_plan, name_any_plan_instrument, list_any_plan_charges]
