"""Holds of a deposit, as its merchant and an operator see them; and that no goods go out before it is held."""

from datetime import datetime
from typing import Final

from litestar import get
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service.api.ask import Ask, Asked, InPath, read
from service.api.operation import operation
from service.api.reply import reply
from service.errors import Code, Refused
from service.payments.charge import Reason
from service.payments.hold import Hold, HoldState
from service.payments.holding_flow import load_holds, load_stopped, was_held
from service.payments.making_flow import plan_for
from service.plans.book import Command, PlanCommand


class HoldView(Struct, frozen=True):
    """So much of what a plan is paid with is held for its deposit, in minor units."""

    hold_id: str = field(name="id")
    instrument_id: str  # where it is held
    processor_id: str  # the processor that was asked
    currency: str
    amount: int
    state: HoldState
    captured: int  # what was taken of it, or is to be: the rest is let go with that
    reason: Reason | None  # why it was declined
    payment: str  # the processor's own name of it; empty: it has none, or has not said it
    made_at: datetime
    expires_at: datetime | None  # when the processor lets it go; another takes its place before; null: not known
    ended_at: datetime | None  # null: it is held, or an answer is waited for


class HoldList(Struct, frozen=True):
    """All holds of a plan, the oldest first. What a deposit holds is what its `deposit` says."""

    holds: list[HoldView]
    is_stopped: bool  # nothing more is asked for until another instrument is named
    missing: int  # minor units that are not held any more then, or soon will not be; 0: none
    reason: Reason | None  # why it was declined for good; null: nothing is missing, or the plan has no instrument
    next_actions: tuple[str, ...]  # what goes on with it: `name_instrument`, or nothing


async def once_held(ask: Ask, command: Command) -> Command:
    """The command, of a deposit that is held, or of another plan. Refused: STATE_FORBIDS.

    A request that was answered before is answered so again.
    """
    assert isinstance(command, PlanCommand)
    if ask.key is not None and await ask.services.engine.answered(ask.key):
        return command
    if not await was_held(ask.services.pool, command.plan_id):
        sentence = "The deposit is not held yet: its processor has not answered. Wait for the event hold.placed."
        raise Refused(Code.STATE_FORBIDS, sentence, None, ("void",))
    return command


@get("/plans/{plan_id:str}/holds", opt=operation("charges", HoldList))
async def list_plan_holds(request: Asked, plan_id: InPath) -> ASGIResponse:
    """Every hold that a processor was asked for on the plan, and what became of it."""
    ask = read(request)
    return await _list(ask, plan_id, ask.owner_id)


@get("/plans/{plan_id:str}/holds", opt=operation("charges", HoldList))
async def list_any_plan_holds(request: Asked, plan_id: InPath) -> ASGIResponse:
    """Every hold that a processor was asked for on a plan of any merchant."""
    return await _list(read(request), plan_id, None)


async def _list(ask: Ask, plan_id: str, merchant_id: str | None) -> ASGIResponse:
    async with ask.services.pool.acquire() as conn:
        plan = await plan_for(conn, plan_id, merchant_id)
        holds = await load_holds(conn, plan.plan_id)
        stopped = await load_stopped(conn, plan, holds, ask.real_now)
    views = [_view(one) for one in holds]
    if stopped is None:
        return reply(HoldList(views, is_stopped=False, missing=0, reason=None, next_actions=()))
    return reply(HoldList(views, True, stopped.missing, stopped.reason, ("name_instrument",)))


def _view(one: Hold) -> HoldView:
    return HoldView(
        one.hold_id, one.instrument_id, one.processor_id, one.currency, one.amount, one.state, one.captured,
        one.reason, one.payment, one.made_at, one.expires_at, one.ended_at,
    )  # fmt: skip


MERCHANT_ROUTES: Final = [list_plan_holds]
OPERATOR_ROUTES: Final = [list_any_plan_holds]
