"""The operator's page of figures: what was decided, what is open, what is late, what is out."""

from litestar import get
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service.api.ask import Asked, read
from service.api.operation import operation
from service.api.queries import Q as API
from service.api.reply import reply
from service.deadline import LONG
from service.plans.offer import Kind
from service.plans.plan import business_day
from service.plans.state import PlanState
from service.registry.queries import Q as REGISTRY

# As a purchase goes: the kinds as they are always named, the states from the first to the last.
_PLACE = {word: place for place, word in enumerate((*Kind, *PlanState))}


class DecisionCount(Struct, frozen=True):
    """Decisions on one category of purchase with one outcome; `amount` is what was asked, minor units."""

    category: str  # in the merchant's word: the purchase's, else its first line's; empty: neither had one
    currency: str
    outcome: str  # `approved`, `declined` or `referred`; of a referral that was reviewed: what it became
    decisions: int  # how many
    amount: int


class PlanCount(Struct, frozen=True):
    """Plans of one kind in one state. Minor units; `overdue` was due on a day that has ended at the merchant."""

    kind: str
    currency: str
    state: str
    plans: int  # how many
    amount: int
    outstanding: int
    overdue_plans: int
    overdue: int


class Exposure(Struct, frozen=True):
    """All accounts in one currency, minor units."""

    currency: str
    accounts: int  # how many
    limit: int
    reserved: int
    used: int


class Summary(Struct, frozen=True):
    """One instant of the whole book."""

    decisions: list[DecisionCount]
    plans: list[PlanCount]
    exposure: list[Exposure]


@get("/summary", opt=operation("ledger", Summary) | LONG)
async def get_summary(request: Asked) -> ASGIResponse:
    """Decisions by category and outcome, plans by kind and state with what is overdue, and the exposure."""
    ask = read(request)
    async with ask.services.pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        merchants = await conn.fetch(REGISTRY.load_merchants)
        zones = {one["merchant_id"]: one["time_zone"] for one in merchants}
        today = {merchant_id: business_day(ask.time_at(merchant_id), zone) for merchant_id, zone in zones.items()}
        plans = [PlanCount(*row) for row in await conn.fetch(API.count_plans, list(today), list(today.values()))]
        return reply(
            Summary(
                [DecisionCount(*row) for row in await conn.fetch(API.count_decisions)],
                sorted(plans, key=lambda one: (_PLACE[one.kind], one.currency, _PLACE[one.state])),
                [Exposure(*row) for row in await conn.fetch(API.sum_accounts)],
            )
        )
