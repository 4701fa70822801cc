"""The books, for the operator: every account, and what one plan has moved, now or as of a past day."""

from datetime import date, datetime
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api.ask import Asked, InPath, read
from service.api.operation import operation
from service.api.paging import Limit
from service.api.queries import Q as API
from service.api.reply import reply
from service.api.verb import no_plan
from service.deadline import LONG
from service.errors import Code
from service.ledger.store import Q as LEDGER
from service.plans.accrual import earned_interest
from service.plans.flow import load_life
from service.plans.past import plan_after
from service.plans.plan import business_day

AsOf = Annotated[date | None, QueryParameter()]
Number = Annotated[int, QueryParameter(ge=0, le=1_000_000)]


class BalanceRow(Struct, frozen=True):
    """One ledger account in one currency, minor units; `balance` is debit less credit."""

    account: str
    currency: str
    debit: int
    credit: int
    balance: int


class TrialBalance(Struct, frozen=True):
    """All accounts; `total` is the sum of balances, and zero."""

    accounts: list[BalanceRow]
    total: int


class PlaceBalance(Struct, frozen=True):
    """What a plan has moved in one place of the books, minor units; `balance` is debit less credit."""

    account: str
    owner_id: str | None  # whose account: a plan's, a merchant's, a partner's; null: nobody's
    debit: int
    credit: int
    balance: int


class PlanTransfer(Struct, frozen=True):
    """A row of the ledger about a plan, with the fact that caused it."""

    number: int  # 1, 2, 3 ... of the plan
    occasion: str
    debit: str  # the account it debits
    debit_owner: str | None
    credit: str  # the account it credits
    credit_owner: str | None
    amount: int
    booked_on: date
    booked_at: datetime
    cause_id: str
    fact: int  # the number of the fact that caused it
    what: str  # which fact: `captured`, `paid` ...


class PlanLedger(Struct, frozen=True):
    """A plan's places in the books, and its transfers in their order; `after` is what to ask with next.

    Interest is earned by time, and booked for all plans of a merchant together: `consumer_interest` here is what this
    plan has paid or lost of it. With `interest_earned` that is what the plan still owes of interest by time.
    """

    plan_id: str
    currency: str
    interest_earned: int  # minor units of its interest that time had earned when the day ended
    places: list[PlaceBalance]
    transfers: list[PlanTransfer]
    after: int  # the number of the last transfer of this page


@get(
    "/ledger/trial-balance",
    opt=operation("ledger", TrialBalance, example={"as_of": "2026-03-31"}) | LONG,
)
async def get_trial_balance(request: Asked, as_of: AsOf = None) -> ASGIResponse:
    """Every ledger account, from the transfers themselves: those booked until a day, or until now."""
    rows = await read(request).services.pool.fetch(LEDGER.trial_balance, as_of)
    accounts = [
        BalanceRow(account, currency, debit, credit, debit - credit) for account, currency, debit, credit in rows
    ]
    return reply(TrialBalance(accounts, sum(row.balance for row in accounts)))


@get(
    "/plans/{plan_id:str}/ledger",
    opt=operation("ledger", PlanLedger, refuses=(Code.BUSY,), example={"as_of": "2026-03-31"}, after=("capture_plan",)),
)
async def get_plan_ledger(
    request: Asked, plan_id: InPath, as_of: AsOf = None, after: Number = 0, limit: Limit = 100
) -> ASGIResponse:
    """What a plan has moved in the books: its places with their balances, and every transfer with its cause."""
    ask = read(request)
    if not ids.is_id(plan_id, ids.PLAN):
        raise no_plan(plan_id)
    bucket = ids.bucket_of(plan_id)
    async with ask.services.pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        currency = await conn.fetchval(API.currency_of_plan, bucket, plan_id)
        if currency is None:
            raise no_plan(plan_id)
        rows = await conn.fetch(API.plan_places, bucket, plan_id, as_of)
        places = [PlaceBalance(**row, balance=row["debit"] - row["credit"]) for row in rows]
        rows = await conn.fetch(API.plan_transfers, bucket, plan_id, as_of, after, limit)
    booked = [PlanTransfer(**row) for row in rows]
    earned = await _earned(request, plan_id, as_of)
    return reply(PlanLedger(plan_id, currency, earned, places, booked, booked[-1].number if booked else after))


async def _earned(request: Asked, plan_id: str, as_of: date | None) -> int:
    """As it was known when a day ended in the plan's time zone; nothing before it was opened."""
    ask = read(request)
    found = await load_life(ask.services.pool, plan_id, None)
    if found is None:
        raise no_plan(plan_id)
    plan, facts = found
    on = as_of or business_day(ask.time_at(plan.merchant_id), plan.offer.time_zone)

    def earned() -> int:
        known = [one for one in facts if business_day(one.recorded_at, plan.offer.time_zone) <= on]
        return earned_interest(plan_after(plan, known).standing, on) if known else 0

    return await ask.services.quoting.run(lambda _: earned(), request.left())
