"""What consumers paid, as a list: for a merchant, a platform that acts for it, and an operator.

A payment is listed by the event that told of it, for as long as events are kept (`TENOR_KEEP_EVENTS_DAYS`).
"""

from datetime import date, datetime
from typing import Annotated, Any, Final

from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service import ids
from service.api.ask import Ask, Asked, read
from service.api.lists import Amount, Cursor, Day, Many, begins_below, fields_in, found_in, reply_list, whose
from service.api.merchant_lists import Currency, MerchantId, Range, bounds_of, looked_at_of
from service.api.operation import operation
from service.api.seen import PAYMENTS, Look, OfSeller, look, number_all, seen_by
from service.plans.payment import ReceivedBy, same_reference

PaymentReference = Annotated[str | None, QueryParameter(min_length=1, max_length=200, description="of it; absent: all")]
PlanId = Annotated[str | None, QueryParameter(max_length=30, description="only of this plan; absent: all")]


class PaymentRow(Struct, frozen=True):
    """A payment in a list. Its parts are what it settled when it was recorded; the rest is overpaid."""

    payment_id: str = field(name="id")
    merchant_id: str
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
    request: Asked, ask: Ask, merchant_ids: list[str], after: str, limit: int, range_: Range, reference: str | None,
    plan_id: str | None, currency: str | None,
) -> ASGIResponse:  # fmt: skip
    wanted = (same_reference(reference), plan_id, currency, *bounds_of(ask, merchant_ids[0], range_))
    found, upto = await look_at_events(ask, PAYMENTS, merchant_ids, after, limit, wanted)
    rows = [PaymentRow(**fields_in(row, PaymentRow) | {"received_by": ReceivedBy(row["received_by"])}) for row in found]
    return reply_list(request, PaymentList(rows, upto), rows, PaymentRow, upto)


async def look_at_events(
    ask: Ask, how: Look, merchant_ids: list[str], after: str, limit: int, wanted: tuple[Any, ...]
) -> tuple[list[Any], str]:
    """What is told of these merchants by events of one type; where to go on. Refused: INVALID_FIELD."""
    below, pool = begins_below(after, ids.EVENT), ask.services.pool
    await number_all(pool, merchant_ids)
    rows = await look(pool, how, merchant_ids, below, looked_at_of(limit, wanted), limit, wanted)
    return found_in(rows, "event_id", after, limit)


@get("/lists/payments", opt=operation("plans", PaymentList, csv=True, example={"currency": "USD"}))
async def list_payments(
    request: Asked, reference: PaymentReference = None, plan_id: PlanId = None, currency: Currency = None,
    first_on: Day = None, last_on: Day = None, amount_min: Amount = None, amount_max: Amount = None,
    merchant_id: OfSeller = None, after: Cursor = "", limit: Many = 100,
) -> ASGIResponse:  # fmt: skip
    """What was paid on your plans, the newest first: by the payer's reference, plan, currency, day recorded, amount.

    A platform's, without `Tenor-Merchant`, are its own and those of all its sellers; days are then its own days.

    A page looks at 10,000 payments at most: go on with the `after` that was answered, also where a page is not full.
    What became of a payment afterwards (returned, charged back) is in its plan's timeline.
    """
    ask, range_ = read(request), Range(first_on, last_on, amount_min, amount_max)
    merchant_ids = await seen_by(request, ask, merchant_id)
    return await _payments(request, ask, merchant_ids, after, limit, range_, reference, plan_id, currency)


@get(
    "/lists/payments",
    opt=operation("plans", PaymentList, csv=True, example={"merchant_id": "{merchant_id}", "last_on": "2025-12-31"}),
)
async def list_any_payments(
    request: Asked, merchant_id: MerchantId, reference: PaymentReference = None, plan_id: PlanId = None,
    currency: Currency = None, first_on: Day = None, last_on: Day = None, amount_min: Amount = None,
    amount_max: Amount = None, after: Cursor = "", limit: Many = 100,
) -> ASGIResponse:  # fmt: skip
    """What was paid on a merchant's plans, the newest first, as the merchant lists it."""
    ask, range_ = read(request), Range(first_on, last_on, amount_min, amount_max)
    return await _payments(request, ask, [whose(ask, merchant_id)], after, limit, range_, reference, plan_id, currency)


MERCHANT_ROUTES: Final = [list_payments]
OPERATOR_ROUTES: Final = [list_any_payments]
