"""What consumers dispute, as a list: for a merchant, a platform that acts for it, and an operator.

A dispute is listed by the event that told of its opening, for as long as events are kept (`TENOR_KEEP_EVENTS_DAYS`).
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final

from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service.api.ask import Ask, Asked, read
from service.api.lists import Amount, Cursor, Day, Many, fields_in, reply_list, whose
from service.api.merchant_lists import Currency, MerchantId, Range, bounds_of
from service.api.operation import operation
from service.api.payment_lists import PlanId, look_at_events
from service.api.seen import DISPUTES, OfSeller, seen_by
from service.plans.running.dispute_facts import DisputeReason, DisputeState


class DisputeFilter(StrEnum):
    """Which disputes are listed."""

    OPEN = "open"  # the merchant is to answer, or the lender decides
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"  # by the merchant
    LOST = "lost"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


InState = Annotated[DisputeFilter | None, QueryParameter(description="only those; absent: all")]


class DisputeRow(Struct, frozen=True):
    """A dispute in a list."""

    dispute_id: str = field(name="id")
    merchant_id: str
    plan_id: str
    merchant_reference: str
    consumer_id: str = field(name="consumer")
    currency: str
    amount: int  # minor units that the consumer disputes
    reason: DisputeReason
    state: DisputeState
    respond_by: date | None  # the last day for the merchant's answer; null: none is waited for
    opened_at: datetime  # when it was opened
    changed_at: datetime  # when anything happened to it last


class DisputeList(Struct, frozen=True):
    """Disputes, the newest first; `after` is what to ask with next."""

    disputes: list[DisputeRow]
    after: str


async def _disputes(
    request: Asked, ask: Ask, merchant_ids: list[str], after: str, limit: int, range_: Range, state: InState,
    plan_id: PlanId, currency: Currency,
) -> ASGIResponse:  # fmt: skip
    wanted = (state, plan_id, currency, *bounds_of(ask, merchant_ids[0], range_))
    found, upto = await look_at_events(ask, DISPUTES, merchant_ids, after, limit, wanted)
    rows = [
        DisputeRow(
            **fields_in(row, DisputeRow) | {"reason": DisputeReason(row["reason"]), "state": DisputeState(row["state"])}
        )
        for row in found
    ]
    return reply_list(request, DisputeList(rows, upto), rows, DisputeRow, upto)


@get("/lists/disputes", opt=operation("plans", DisputeList, csv=True, example={"currency": "USD"}))
async def list_disputes(
    request: Asked, in_state: InState = None, plan_id: PlanId = None, currency: Currency = None, first_on: Day = None,
    last_on: Day = None, amount_min: Amount = None, amount_max: Amount = None, merchant_id: OfSeller = None,
    after: Cursor = "", limit: Many = 100,
) -> ASGIResponse:  # fmt: skip
    """What is disputed of your plans, the newest first: by state, plan, currency, day of opening, amount.

    A platform's, without `Tenor-Merchant`, are its own and those of all its sellers; days are then its own days.

    A page looks at 10,000 disputes at most: go on with the `after` that was answered, also where a page is not full.
    """
    ask, range_ = read(request), Range(first_on, last_on, amount_min, amount_max)
    merchant_ids = await seen_by(request, ask, merchant_id)
    return await _disputes(request, ask, merchant_ids, after, limit, range_, in_state, plan_id, currency)


@get(
    "/lists/disputes",
    opt=operation("plans", DisputeList, csv=True, example={"merchant_id": "{merchant_id}", "last_on": "2025-12-31"}),
)
async def list_any_disputes(
    request: Asked, merchant_id: MerchantId, in_state: InState = None, plan_id: PlanId = None,
    currency: Currency = None, first_on: Day = None, last_on: Day = None, amount_min: Amount = None,
    amount_max: Amount = None, after: Cursor = "", limit: Many = 100,
) -> ASGIResponse:  # fmt: skip
    """What is disputed of a merchant's plans, the newest first, as the merchant lists it."""
    ask, range_ = read(request), Range(first_on, last_on, amount_min, amount_max)
    return await _disputes(request, ask, [whose(ask, merchant_id)], after, limit, range_, in_state, plan_id, currency)


MERCHANT_ROUTES: Final = [list_disputes]
OPERATOR_ROUTES: Final = [list_any_disputes]
