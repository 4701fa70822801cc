"""What was paid too much on a plan, and goes back to what it was paid with, as its merchant and an operator see it."""

from datetime import datetime
from typing import Final

from litestar import get
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service.api.ask import Ask, Asked, InPath, read
from service.api.operation import operation
from service.api.reply import reply
from service.payments.charge import Reason
from service.payments.making_flow import plan_for
from service.payments.payback import Payback, PaybackState
from service.payments.paying_back_flow import load_paybacks


class PaybackView(Struct, frozen=True):
    """So much of what was overpaid goes back to the consumer, in minor units. It has left the plan once it is pending;
    failed, it is overpaid again, and an operator returns it by another way.
    """

    payback_id: str = field(name="id")
    source_id: str  # the charge or the hold that the money came by
    instrument_id: str  # where it goes
    processor_id: str  # the processor that is asked to pay it
    currency: str
    amount: int
    state: PaybackState
    reason: Reason | None  # why it failed
    made_at: datetime
    ended_at: datetime | None  # when it was paid, failed, or nothing was overpaid any more; null: it is under way


class PaybackList(Struct, frozen=True):
    """All paybacks of a plan, the oldest first. What is still to go back is what the plan says is `overpaid`."""

    paybacks: list[PaybackView]


@get("/plans/{plan_id:str}/paybacks", opt=operation("charges", PaybackList))
async def list_plan_paybacks(request: Asked, plan_id: InPath) -> ASGIResponse:
    """What was paid too much on the plan and was sent back through a processor, and what became of it.

    It goes by itself once nothing is owed or captured any more and nothing is disputed: to the charges that it came by,
    the last first. What did not come by a charge or a hold is returned by an operator.
    """
    ask = read(request)
    return await _list(ask, plan_id, ask.owner_id)


@get("/plans/{plan_id:str}/paybacks", opt=operation("charges", PaybackList))
async def list_any_plan_paybacks(request: Asked, plan_id: InPath) -> ASGIResponse:
    """What was paid too much on a plan of any merchant and was sent back through a processor."""
    return await _list(read(request), plan_id, None)


async def _list(ask: Ask, plan_id: str, merchant_id: str | None) -> ASGIResponse:
    async with ask.services.pool.acquire() as conn:
        plan = await plan_for(conn, plan_id, merchant_id)
        return reply(PaybackList([_view(one) for one in await load_paybacks(conn, plan.plan_id)]))


def _view(one: Payback) -> PaybackView:
    return PaybackView(
        one.payback_id, one.source_id, one.instrument_id, one.processor_id, one.currency, one.amount, one.state,
        one.reason, one.made_at, one.ended_at,
    )  # fmt: skip


MERCHANT_ROUTES: Final = [list_plan_paybacks]
OPERATOR_ROUTES: Final = [list_any_plan_paybacks]
