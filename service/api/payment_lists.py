"""What consumers paid, as a list: for a merchant, a platform that acts for it, and an operator.

A payment is listed by the event that told of it, for as long as events are kept (`TENOR_KEEP_EVENTS_DAYS`).
"""

from datetime import date, datetime
from typing import Annotated, Final

from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service.api.ask import Ask, Asked, read
from service.api.lists import LOOKED_AT_MAX, Amount, Day, Many, fields_in, found_in, reply_list, whose
from service.api.merchant_lists import Currency, MerchantId, Range, bounds_of
from service.api.operation import operation
from service.api.queries import Q
from service.engine.events import NUMBERED_AT_ONCE
from service.engine.queries import Q as ENGINE
from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.payment import ReceivedBy, same_reference

BEFORE_ALL: Final = 2**62

PaymentReference = Annotated[str | None, QueryParameter(min_length=1, max_length=200, description="of it; absent: all")]
PlanId = Annotated[str | None, QueryParameter(max_length=30, description="only of this plan; absent: all")]
Before = Annotated[str, QueryParameter(max_length=19, description="of the page before; empty: from the newest on")]


class PaymentRow(Struct, frozen=True):
    """A payment in a list. Its parts are what it settled when it was recorded; the rest is overpaid."""

    payment_id: str = field(name="id")
    plan_id: str
    merchant_reference: str
    consumer_id: str = field(name="consumer")
    currency: str
    amount: int  # minor units
    received_on: date  # the day it came
    received_by: ReceivedBy
    reference: str | None  # the payer's or processor's own, as it is compared; null: it has none
    principal: int
    interest: int
    fee: int
    penalty: int
    overpaid: int  # minor units that settled nothing: they are to be returned
    recorded_at: datetime  # when it was recorded


class PaymentList(Struct, frozen=True):
    """Payments, the newest first; `after` is what to ask with next."""

    payments: list[PaymentRow]
    after: str


async def _payments(
    request: Asked, ask: Ask, merchant_id: str, after: str, limit: int, range_: Range, reference: str | None,
    plan_id: str | None, currency: str | None,
) -> ASGIResponse:  # fmt: skip
    await number_all(ask, merchant_id)
    where = (merchant_id, begins_before(after), LOOKED_AT_MAX, limit)
    wanted = (same_reference(reference), plan_id, currency, *bounds_of(ask, merchant_id, range_), EventType.PAID)
    found, upto = found_in(await ask.services.pool.fetch(Q.list_payments, *where, *wanted), "number", after, limit)
    rows = [PaymentRow(**fields_in(row, PaymentRow) | {"received_by": ReceivedBy(row["received_by"])}) for row in found]
    return reply_list(request, PaymentList(rows, upto), rows, PaymentRow, upto)


async def number_all(ask: Ask, merchant_id: str) -> None:
    """The events of a merchant have their numbers, by which they are listed."""
    while await ask.services.pool.fetchval(ENGINE.number_events, merchant_id, NUMBERED_AT_ONCE) == NUMBERED_AT_ONCE:
        continue


def begins_before(after: str) -> int:
    """Where a page begins: below the number of an event. Refused: INVALID_FIELD, for a cursor of another list."""
    if after and not (after.isascii() and after.isdigit() and int(after) <= BEFORE_ALL):
        raise Refused(Code.INVALID_FIELD, "This is no cursor of this list: they are numbers.", "/after")
    return int(after or BEFORE_ALL)


@get("/lists/payments", opt=operation("plans", PaymentList, csv=True, example={"currency": "USD"}))
async def list_payments(
    request: Asked, reference: PaymentReference = None, plan_id: PlanId = None, currency: Currency = None,
    first_on: Day = None, last_on: Day = None, amount_min: Amount = None, amount_max: Amount = None,
    after: Before = "", limit: Many = 100,
) -> ASGIResponse:  # fmt: skip
    """What was paid on your plans, the newest first: by the payer's reference, plan, currency, day recorded, amount.

    A page looks at 10,000 events at most: go on with the `after` that was answered, also where a page is not full. What
    became of a payment afterwards (returned, charged back) is in its plan's timeline.
    """
    ask, range_ = read(request), Range(first_on, last_on, amount_min, amount_max)
    return await _payments(request, ask, ask.owner_id, after, limit, range_, reference, plan_id, currency)


@get(
    "/lists/payments",
    opt=operation("plans", PaymentList, csv=True, example={"merchant_id": "{merchant_id}", "last_on": "2025-12-31"}),
)
async def list_any_payments(
    request: Asked, merchant_id: MerchantId, reference: PaymentReference = None, plan_id: PlanId = None,
    currency: Currency = None, first_on: Day = None, last_on: Day = None, amount_min: Amount = None,
    amount_max: Amount = None, after: Before = "", limit: Many = 100,
) -> ASGIResponse:  # fmt: skip
    """What was paid on a merchant's plans, the newest first, as the merchant lists it."""
    ask, range_ = read(request), Range(first_on, last_on, amount_min, amount_max)
    return await _payments(request, ask, whose(ask, merchant_id), after, limit, range_, reference, plan_id, currency)


MERCHANT_ROUTES: Final = [list_payments]
OPERATOR_ROUTES: Final = [list_any_payments]
