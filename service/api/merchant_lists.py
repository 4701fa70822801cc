"""What was bought at a merchant, and by whom, as lists: for itself, a platform that acts for it, and an operator."""

from datetime import datetime
from typing import Annotated, Any, Final

from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service import ids
from service.api.ask import Ask, Asked, read
from service.api.lists import (
    LOOKED_AT_MAX,
    Amount,
    Cursor,
    Day,
    Many,
    begins_below,
    days_between,
    fields_in,
    found_in,
    reply_list,
    whose,
)
from service.api.operation import operation
from service.api.queries import Q
from service.api.seen import CHECKOUTS, CONSUMERS, PLANS, OfSeller, look, of_several, seen_by
from service.checkout.answer import Outcome
from service.people.flow import find_consumer
from service.plans.offer import Kind
from service.plans.state import CollectionState, PlanState
from service.spelling import spellings

MerchantId = Annotated[str, QueryParameter(max_length=30, description="whose they are")]
Currency = Annotated[str | None, QueryParameter(pattern=r"^[A-Z]{3}\Z", description="only in it; absent: all")]
ConsumerId = Annotated[str | None, QueryParameter(max_length=30, description="only theirs; absent: all")]
State = Annotated[PlanState | None, QueryParameter(description="only those; absent: all")]
OfKind = Annotated[Kind | None, QueryParameter(description="only those; absent: all")]
Of = Annotated[Outcome | None, QueryParameter(description="only those; absent: all")]
Reference = Annotated[str | None, QueryParameter(min_length=1, max_length=100, description="only of it; absent: all")]


_NAMED_OF_SEVERAL: Final = of_several(Q.list_named_plans)
_A_MERCHANT: Final[dict[str, Any]] = {"merchant_id": "{merchant_id}", "last_on": "2025-12-31"}


class PlanRow(Struct, frozen=True):
    """A plan in a list; amounts are minor units."""

    plan_id: str = field(name="id")
    merchant_id: str
    consumer_id: str = field(name="consumer")
    merchant_reference: str
    kind: Kind
    currency: str
    state: PlanState
    collection_state: CollectionState
    amount: int  # minor units: the most that may be captured or claimed
    captured: int
    voided: int
    outstanding: int
    refunded: int  # minor units, by the merchant
    overpaid: int  # minor units: to be returned to the consumer
    authorized_at: datetime  # when it was opened
    closed_at: datetime | None  # when nothing was left to do; null: something is
    version: int


class PlanList(Struct, frozen=True):
    """Plans, the newest first; `after` is what to ask with next."""

    plans: list[PlanRow]
    after: str


class CheckoutRow(Struct, frozen=True):
    """A checkout in a list."""

    decision_id: str = field(name="id")
    merchant_id: str
    consumer_id: str = field(name="consumer")
    merchant_reference: str
    currency: str
    amount: int
    category: str  # the policy's word for what was bought
    outcome: Outcome
    decided_at: datetime  # when it was answered


class CheckoutList(Struct, frozen=True):
    """Checkouts, the newest first; `after` is what to ask with next."""

    checkouts: list[CheckoutRow]
    after: str


class ConsumerRow(Struct, frozen=True):
    """A consumer in a list. Who it is, is sealed, and told by `GET /v1/consumers/{id}` alone."""

    consumer_id: str = field(name="id")
    merchant_id: str
    version: int
    created_at: datetime  # when they were registered
    updated_at: datetime  # when what is known of them was changed last


class ConsumerList(Struct, frozen=True):
    """Consumers, the newest first; `after` is what to ask with next."""

    consumers: list[ConsumerRow]
    after: str


class Range(Struct, frozen=True):
    """Which days and amounts are asked for."""

    first_on: Day = None
    last_on: Day = None
    amount_min: int | None = None
    amount_max: int | None = None


async def _plans(
    request: Asked, ask: Ask, merchant_ids: list[str], after: str, limit: int, range_: Range, state: State,
    kind: OfKind, currency: Currency, consumer: ConsumerId, reference: Reference,
) -> ASGIResponse:  # fmt: skip
    wanted, pool = (state, kind, currency, *bounds_of(ask, merchant_ids[0], range_), consumer), ask.services.pool
    below = begins_below(after, ids.PLAN)
    if reference is None:
        rows = await look(pool, PLANS, merchant_ids, below, looked_at_of(limit, wanted), limit, wanted)
    elif len(merchant_ids) == 1:
        rows = await pool.fetch(Q.list_named_plans, merchant_ids[0], below, limit, *wanted, spellings(reference))
    else:
        rows = await pool.fetch(_NAMED_OF_SEVERAL, merchant_ids, below, limit, *wanted, spellings(reference))
    found, upto = found_in(rows, "plan_id", after, limit)
    plans = [PlanRow(**fields_in(row, PlanRow)) for row in found]
    return reply_list(request, PlanList(plans, upto), plans, PlanRow, upto)


async def _checkouts(
    request: Asked, ask: Ask, merchant_ids: list[str], after: str, limit: int, range_: Range, outcome: Of,
    reference: Reference, currency: Currency, consumer: ConsumerId,
) -> ASGIResponse:  # fmt: skip
    wanted = (outcome, reference and spellings(reference), currency, *bounds_of(ask, merchant_ids[0], range_), consumer)
    below, looked_at = begins_below(after, ids.DECISION), looked_at_of(limit, wanted)
    rows = await look(ask.services.pool, CHECKOUTS, merchant_ids, below, looked_at, limit, wanted)
    found, upto = found_in(rows, "decision_id", after, limit)
    checkouts = [CheckoutRow(**fields_in(row, CheckoutRow)) for row in found]
    return reply_list(request, CheckoutList(checkouts, upto), checkouts, CheckoutRow, upto)


async def _consumers(
    request: Asked, ask: Ask, merchant_ids: list[str], after: str, limit: int, range_: Range, reference: Reference
) -> ASGIResponse:
    services, named = ask.services, None
    if reference is not None:  # which is one merchant's
        merchant_ids = merchant_ids[:1]
        named = await find_consumer(services.pool, services.secrets, merchant_ids[0], reference) or ""
    wanted = (*bounds_of(ask, merchant_ids[0], range_)[:2], named)
    below, looked_at = begins_below(after, ids.CONSUMER), looked_at_of(limit, wanted)
    rows = await look(services.pool, CONSUMERS, merchant_ids, below, looked_at, limit, wanted)
    found, upto = found_in(rows, "consumer_id", after, limit)
    consumers = [ConsumerRow(**fields_in(row, ConsumerRow)) for row in found]
    return reply_list(request, ConsumerList(consumers, upto), consumers, ConsumerRow, upto)


def bounds_of(ask: Ask, merchant_id: str, range_: Range) -> tuple[Any, ...]:
    """Days count in the merchant's time zone."""
    zone = ask.services.registry.now.merchants[merchant_id].time_zone
    days = days_between(range_.first_on, range_.last_on, zone)
    return days.since, days.until, range_.amount_min, range_.amount_max


def looked_at_of(limit: int, wanted: tuple[Any, ...]) -> int:
    """How many rows are looked at for a page: as many as it has, unless something is left out."""
    return limit if all(one is None for one in wanted) else LOOKED_AT_MAX


@get("/lists/plans", opt=operation("plans", PlanList, csv=True, example={"currency": "USD"}))
async def list_plans(
    request: Asked, in_state: State = None, kind: OfKind = None, merchant_reference: Reference = None,
    currency: Currency = None, consumer: ConsumerId = None, first_on: Day = None, last_on: Day = None,
    amount_min: Amount = None, amount_max: Amount = None, merchant_id: OfSeller = None, after: Cursor = "",
    limit: Many = 100,
) -> ASGIResponse:  # fmt: skip
    """Your plans, the newest first: by state, kind, merchant reference, currency, consumer, day of opening, amount.

    A platform's, without `Tenor-Merchant`, are its own and those of all its sellers; days are then its own days.

    A page looks at 10,000 plans at most: go on with the `after` that was answered, also where a page is not full. An
    empty page ends the list when its `after` is the one you sent.
    """
    ask, range_ = read(request), Range(first_on, last_on, amount_min, amount_max)
    merchant_ids = await seen_by(request, ask, merchant_id)
    return await _plans(
        request, ask, merchant_ids, after, limit, range_, in_state, kind, currency, consumer, merchant_reference
    )


@get("/lists/checkouts", opt=operation("checkouts", CheckoutList, csv=True, example={"currency": "USD"}))
async def list_checkouts(
    request: Asked, outcome: Of = None, merchant_reference: Reference = None, currency: Currency = None,
    consumer: ConsumerId = None, first_on: Day = None, last_on: Day = None, amount_min: Amount = None,
    amount_max: Amount = None, merchant_id: OfSeller = None, after: Cursor = "", limit: Many = 100,
) -> ASGIResponse:  # fmt: skip
    """Your checkouts, the newest first: by outcome, reference, currency, consumer, day, amount.

    A platform's, without `Tenor-Merchant`, are its own and those of all its sellers; days are then its own days.

    A page looks at 10,000 at most: go on with the `after` that was answered, also where a page is not full.
    """
    ask, range_ = read(request), Range(first_on, last_on, amount_min, amount_max)
    merchant_ids = await seen_by(request, ask, merchant_id)
    return await _checkouts(
        request, ask, merchant_ids, after, limit, range_, outcome, merchant_reference, currency, consumer
    )


@get("/lists/consumers", opt=operation("consumers", ConsumerList, csv=True, example={"last_on": "2025-12-31"}))
async def list_consumers(
    request: Asked, reference: Reference = None, first_on: Day = None, last_on: Day = None,
    merchant_id: OfSeller = None, after: Cursor = "", limit: Many = 100,
) -> ASGIResponse:  # fmt: skip
    """Your consumers, the newest first: by your reference, and the day they were registered.

    A platform's, without `Tenor-Merchant`, are its own and those of all its sellers; a reference is of its own, or of
    the seller that `merchant_id` names.
    """
    ask = read(request)
    return await _consumers(
        request, ask, await seen_by(request, ask, merchant_id), after, limit, Range(first_on, last_on), reference
    )


@get("/lists/plans", opt=operation("plans", PlanList, csv=True, example=_A_MERCHANT))
async def list_any_plans(
    request: Asked, merchant_id: MerchantId, in_state: State = None, kind: OfKind = None,
    merchant_reference: Reference = None, currency: Currency = None, consumer: ConsumerId = None,
    first_on: Day = None, last_on: Day = None, amount_min: Amount = None, amount_max: Amount = None,
    after: Cursor = "", limit: Many = 100,
) -> ASGIResponse:  # fmt: skip
    """A merchant's plans, the newest first, as the merchant lists them."""
    ask, range_ = read(request), Range(first_on, last_on, amount_min, amount_max)
    return await _plans(
        request, ask, [whose(ask, merchant_id)], after, limit, range_, in_state, kind, currency, consumer,
        merchant_reference,
    )  # fmt: skip


@get(
    "/lists/checkouts",
    opt=operation("decisions", CheckoutList, csv=True, example=_A_MERCHANT),
)
async def list_any_checkouts(
    request: Asked, merchant_id: MerchantId, outcome: Of = None, merchant_reference: Reference = None,
    currency: Currency = None, consumer: ConsumerId = None, first_on: Day = None, last_on: Day = None,
    amount_min: Amount = None, amount_max: Amount = None, after: Cursor = "", limit: Many = 100,
) -> ASGIResponse:  # fmt: skip
    """A merchant's checkouts, the newest first, as the merchant lists them."""
    ask, range_ = read(request), Range(first_on, last_on, amount_min, amount_max)
    return await _checkouts(
        request, ask, [whose(ask, merchant_id)], after, limit, range_, outcome, merchant_reference, currency, consumer
    )


@get(
    "/lists/consumers",
    opt=operation("people", ConsumerList, csv=True, example=_A_MERCHANT),
)
async def list_any_consumers(
    request: Asked, merchant_id: MerchantId, reference: Reference = None, first_on: Day = None, last_on: Day = None,
    after: Cursor = "", limit: Many = 100,
) -> ASGIResponse:  # fmt: skip
    """A merchant's consumers, the newest first, as the merchant lists them."""
    ask, range_ = read(request), Range(first_on, last_on)
    return await _consumers(request, ask, [whose(ask, merchant_id)], after, limit, range_, reference)


MERCHANT_ROUTES: Final = [list_plans, list_checkouts, list_consumers]
OPERATOR_ROUTES: Final = [list_any_plans, list_any_checkouts, list_any_consumers]
