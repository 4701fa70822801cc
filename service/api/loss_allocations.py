"""For the lender: losses of plans that were given up, who bears them, and what comes back."""

from datetime import date
from typing import Annotated, Final

from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, write
from service.api.ask import read as reading
from service.api.body import Body
from service.api.lists import Listed
from service.api.loss_claims import doer_of
from service.api.operation import operation
from service.api.paging import AfterLoss, Limit
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.checkout.request import Reference
from service.claims.flow import recovered
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.limits.account import Account
from service.money import AMOUNT_MAX
from service.plans import losing_flow as flow
from service.plans.flow import do_within
from service.plans.losing_flow import Found, Said
from service.plans.payment import RecordPayment
from service.support import loss_store
from service.support.arrangement import Cause, Name, Region, Sum
from service.support.documents_flow import WaterfallId
from service.support.loss import Loss, LossState
from service.support.loss_store import Bearer, LossOfPlan
from service.support.quantified import Came
from service.support.recovering import Recovery, RecoverySource
from service.support.waterfall import Allocation

InState = Annotated[LossState | None, QueryParameter()]


class LossPage(Struct, frozen=True):
    """Losses, the oldest first; `after` is what to ask with next."""

    losses: list[LossOfPlan]
    after: str


class BearerList(Struct, frozen=True):
    """Who bears how much of all losses."""

    bearers: list[Bearer]


class AllocationBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a loss besides what its plan tells; null: as it was said before, or as the plan tells."""

    cause: Cause | None = None
    waterfall_id: WaterfallId | None = None  # null: its programme's
    segment: Name | None = None  # of the borrower, as the arrangement names it
    category: Name | None = None  # of the goods; null: of the decision
    region: Region | None = None  # of the sale: ISO 3166, DE or DE-HH; null: the merchant's country
    is_first_time: bool | None = None  # whether it is the person's first plan


class RecoveryBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Money that came after a loss was borne."""

    gross: Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="minor units")]
    source: RecoverySource
    cost: Sum = 0  # of getting it: less is shared out, and the consumer is credited with less
    received_on: date | None = None  # null: today
    reference: Reference | None = None  # the payer's own


class CameBack(Struct, frozen=True):
    """Money that came, and who gets what of it."""

    gross: int  # minor units
    cost: int  # minor units
    source: RecoverySource
    received_on: date
    shared: Recovery


class AllocatedLoss(Struct, frozen=True):
    """Who bears a loss, and who gets what came since: the same bytes for the same loss, simulated or written."""

    loss_id: str
    version: int  # of the allocation: 1, 2, 3 ...
    waterfall_id: str
    waterfall_version: int  # of the waterfall: 1, 2, 3 ...
    loss: Loss
    allocation: Allocation
    sha256: str  # of the allocation, in hexadecimal
    recoveries: list[CameBack]


class LossView(Struct, frozen=True):
    """A loss, with every version of who bears it; the last counts."""

    loss: LossOfPlan
    versions: list[AllocatedLoss]


_allocation = Body(AllocationBody)
_recovery = Body(RecoveryBody)


@get("/losses", opt=operation("support", LossPage, csv=True, example={"in_state": "open"}))
async def list_losses(
    request: Asked, in_state: InState = None, after: AfterLoss = "", limit: Limit = 100
) -> ASGIResponse:
    """What was lost on plans that were given up, in a state or in any."""
    page = await loss_store.losses(reading(request).services.pool, after, in_state, limit)
    return Listed(LossPage(page, page[-1].loss_id if page else after))


@get("/loss-bearers", opt=operation("support", BearerList))
async def list_bearers(request: Asked) -> ASGIResponse:
    """Who bears how much of all losses that are allocated, and how much came back: tiers, partners, and we."""
    return reply(BearerList(await loss_store.bearers(reading(request).services.pool)))


@get("/losses/{loss_id:str}", opt=operation("support", LossView))
async def get_loss(request: Asked, loss_id: InPath) -> ASGIResponse:
    """A loss, with every version of who bears it."""
    _known(loss_id)
    pool = reading(request).services.pool
    one = await loss_store.find(pool, loss_id)
    versions = await loss_store.versions(pool, loss_id)
    shared = await loss_store.recoveries(pool, loss_id)
    told = [
        AllocatedLoss(
            loss_id, each.version, each.waterfall_id, each.waterfall_version, each.loss, each.allocation, each.sha256,
            [_came(again.came, again.recovery) for again in shared] if each.version == one.version else [],
        )
        for each in versions
    ]  # fmt: skip
    return reply(LossView(one, told))


@post(
    "/losses/{loss_id:str}/simulate",
    status_code=200,
    opt=operation(
        "support",
        AllocatedLoss,
        takes=AllocationBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS, Code.CURRENCY_MISMATCH),
        keeps=False,
        example={"waterfall_id": "{waterfall_id}"},
    ),
)
async def simulate_loss(request: Asked, body: RawBody, loss_id: InPath) -> ASGIResponse:
    """What `allocate` would answer, to the byte; nothing is written."""
    said = _said(_allocation.read(body, content_type(request)))
    _known(loss_id)
    ask = write(request, body)
    async with ask.services.pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        try:
            found = await flow.simulate(conn, loss_id, said, ask.real_now, ask.services.registry.time_at)
        finally:
            await transaction.rollback()
    return reply(_answer(loss_id, found))


@post(
    "/losses/{loss_id:str}/allocate",
    status_code=200,
    opt=operation(
        "support",
        AllocatedLoss,
        takes=AllocationBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS, Code.CURRENCY_MISMATCH),
        example={"waterfall_id": "{waterfall_id}"},
    ),
)
async def allocate_loss(request: Asked, body: RawBody, loss_id: InPath) -> ASGIResponse:
    """Book who bears a loss. What was known before and is the same books nothing more; what differs is a new version.

    Losses of plans whose programme names a waterfall are allocated by themselves, every hour.
    """
    said = _said(_allocation.read(body, content_type(request)))
    _known(loss_id)
    ask = write(request, body)

    async def do(conn: Connection) -> Answer:
        found = await flow.allocate_loss(conn, loss_id, said, ask.real_now, ask.services.registry.time_at)
        told = {"version": found.version.version, "sha256": found.version.sha256}
        await ask.record(conn, Verb.CHANGED, Thing.LOSS, loss_id, told)
        return Answer(200, encode(_answer(loss_id, found)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, do))


@post(
    "/losses/{loss_id:str}/recoveries",
    status_code=201,
    opt=operation(
        "support",
        AllocatedLoss,
        takes=RecoveryBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS, Code.DUPLICATE_PAYMENT),
        example={"gross": 9_00, "cost": 90, "source": "collection"},
    ),
)
async def record_recovery(request: Asked, body: RawBody, loss_id: InPath) -> ASGIResponse:
    """Money came after a loss was borne: it is a payment of the plan, and goes to who bore the loss, by the waterfall.

    Nobody gets back more than they bore; what is left then is the consumer's. Other payments of the plan are shared out
    the same way, within the hour.
    """
    asked = _recovery.read(body, content_type(request))
    _known(loss_id)
    if asked.cost >= asked.gross:
        raise Refused(Code.INVALID_FIELD, "It cost as much as came, or more: nothing is left.", "/cost")
    ask = write(request, body)
    accounts: list[Account] = []

    async def do(conn: Connection) -> Answer:
        found = await _recover(ask, conn, loss_id, asked, accounts)
        await recovered(conn, loss_id, doer_of(ask), ask.real_now, ask.services.registry.time_at)
        told = {"gross": asked.gross, "cost": asked.cost, "source": asked.source}
        await ask.record(conn, Verb.CHANGED, Thing.LOSS, loss_id, told)
        return Answer(201, encode(_answer(loss_id, found)))

    answer = await ask.services.engine.once(ask.must_key, ask.now, do)
    await ask.services.snapshots.accounts_changed(accounts)
    return reply_answer(answer)


async def _recover(ask: Ask, conn: Connection, loss_id: str, asked: RecoveryBody, accounts: list[Account]) -> Found:
    one = await loss_store.find(conn, loss_id)
    if not one.version:
        raise Refused(Code.STATE_FORBIDS, "Nobody bears the loss yet: it is allocated first.", "/id")
    time_at = ask.services.registry.time_at
    net, command_id = asked.gross - asked.cost, ids.new_id(ids.COMMAND, ids.bucket_of(one.plan_id), ask.now_ms)
    await flow.allocate_loss(conn, loss_id, flow.NOTHING_SAID, ask.real_now, time_at)
    payment = RecordPayment(
        command_id=command_id, actor=ask.actor, plan_id=one.plan_id, amount=net, received_on=asked.received_on,
        reference=asked.reference,
    )  # fmt: skip
    _, changed = await do_within(conn, payment, ask.real_now, time_at)
    accounts.extend(changed)
    received_on = asked.received_on or time_at(one.merchant_id, ask.real_now).date()
    came = Came(asked.gross, asked.cost, asked.source, received_on)
    return await flow.allocate_loss(conn, loss_id, flow.NOTHING_SAID, ask.real_now, time_at, came)


def _known(loss_id: str) -> None:
    if not ids.is_id(loss_id, ids.LOSS):
        raise Refused(Code.NOT_FOUND, f"There is no loss {loss_id[:100]!r}.", "/id")


def _said(body: AllocationBody) -> Said:
    return Said(body.cause, body.waterfall_id, body.segment, body.category, body.region, body.is_first_time)


def _came(came: Came, shared: Recovery) -> CameBack:
    return CameBack(came.gross, came.cost, came.source, came.received_on, shared)


def _answer(loss_id: str, found: Found) -> AllocatedLoss:
    one = found.version
    return AllocatedLoss(
        loss_id, one.version, one.waterfall_id, one.waterfall_version, one.loss, one.allocation, one.sha256,
        [_came(came, shared) for came, shared in zip(found.came, found.recoveries, strict=True)],
    )  # fmt: skip


ROUTES: Final = [list_losses, list_bearers, get_loss, simulate_loss, allocate_loss, record_recovery]
