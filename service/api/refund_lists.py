"""What merchants refunded, as a list: for a merchant, a platform that acts for it, and an operator.

A refund is listed by the event that told of it, for as long as events are kept (`TENOR_KEEP_EVENTS_DAYS`); one that a
lost dispute brought about, too.
"""

from datetime import datetime
from typing import Final

from litestar import get
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service.api.ask import Ask, Asked, read
from service.api.lists import Amount, Cursor, Day, Many, fields_in, reply_list, whose
from service.api.merchant_lists import Currency, MerchantId, Range, bounds_of
from service.api.operation import operation
from service.api.payment_lists import PlanId, look_at_events
from service.api.seen import REFUNDS, OfSeller, seen_by


class RefundRow(Struct, frozen=True):
    """A refund in a list."""

    refund_id: str = field(name="id")
    merchant_id: str
    plan_id: str
    merchant_reference: str
    consumer_id: str = field(name="consumer")
    currency: str
    amount: int  # minor units that the plan was lowered by
    return_fee: int  # minor units that the merchant kept for the way back, beside them
    refunded_at: datetime  # when it was recorded


class RefundList(Struct, frozen=True):
    """Refunds, the newest first; `after` is what to ask with next."""

    refunds: list[RefundRow]
    after: str


async def _refunds(
    request: Asked, ask: Ask, merchant_ids: list[str], after: str, limit: int, range_: Range, plan_id: PlanId,
    currency: Currency,
) -> ASGIResponse:  # fmt: skip
    wanted = (plan_id, currency, *bounds_of(ask, merchant_ids[0], range_))
    found, upto = await look_at_events(ask, REFUNDS, merchant_ids, after, limit, wanted)
    rows = [RefundRow(**fields_in(row, RefundRow)) for row in found]
    return reply_list(request, RefundList(rows, upto), rows, RefundRow, upto)


@get("/lists/refunds", opt=operation("plans", RefundList, csv=True, example={"currency": "USD"}))
async def list_refunds(
    request: Asked, plan_id: PlanId = None, currency: Currency = None, first_on: Day = None, last_on: Day = None,
    amount_min: Amount = None, amount_max: Amount = None, merchant_id: OfSeller = None, after: Cursor = "",
    limit: Many = 100,
) -> ASGIResponse:  # fmt: skip
    """What you refunded, the newest first: by plan, currency, day recorded, amount; what a lost dispute took back, too.

    A platform's, without `Tenor-Merchant`, are its own and those of all its sellers; days are then its own days.

    A page looks at 10,000 refunds at most: go on with the `after` that was answered, also where a page is not full.
    """
    ask, range_ = read(request), Range(first_on, last_on, amount_min, amount_max)
    merchant_ids = await seen_by(request, ask, merchant_id)
    return await _refunds(request, ask, merchant_ids, after, limit, range_, plan_id, currency)


@get(
    "/lists/refunds",
    opt=operation("plans", RefundList, csv=True, example={"merchant_id": "{merchant_id}", "last_on": "2025-12-31"}),
)
async def list_any_refunds(
    request: Asked, merchant_id: MerchantId, plan_id: PlanId = None, currency: Currency = None, first_on: Day = None,
    last_on: Day = None, amount_min: Amount = None, amount_max: Amount = None, after: Cursor = "", limit: Many = 100,
) -> ASGIResponse:  # fmt: skip
    """What a merchant refunded, the newest first, as the merchant lists it."""
    ask, range_ = read(request), Range(first_on, last_on, amount_min, amount_max)
    return await _refunds(request, ask, [whose(ask, merchant_id)], after, limit, range_, plan_id, currency)


MERCHANT_ROUTES: Final = [list_refunds]
OPERATOR_ROUTES: Final = [list_any_refunds]
