"""A plan as it stands, as it was known, and what happened to it: for its merchant and for the operator.

There is one count: the `number` of a fact in the timeline is the plan's `version` after it. So no list of versions
stands beside the timeline: where an entry says `changed_schedule`, `?version=` of its number shows the schedule made.
"""

from collections.abc import Callable
from datetime import date, datetime
from itertools import islice
from typing import Annotated, Final, TypeVar

from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api.ask import Asked, InPath, read
from service.api.operation import operation
from service.api.reply import reply
from service.api.verb import no_plan
from service.errors import Code, Refused
from service.plans.book import Recorded
from service.plans.flow import load_life, read_plans
from service.plans.past import known_on as plan_known_on
from service.plans.past import version_of
from service.plans.plan import OperatorPlan, Plan, PlanView, business_day, view, view_as
from service.plans.reading_store import Q
from service.plans.telling import sentence_of
from service.plans.timeline import Entry, OperatorEntry, Step, entry_of, operator_entry, steps
from service.spelling import spellings

PLANS_MAX: Final = 100  # of one merchant reference, the newest
ENTRIES_MAX: Final = 500
VERSION_MAX: Final = 2**31 - 1

KnownOn = Annotated[date | None, QueryParameter()]
Version = Annotated[
    int | None, QueryParameter(ge=1, le=VERSION_MAX, description="after so many facts; absent: after all of them")
]
After = Annotated[int, QueryParameter(ge=0, le=VERSION_MAX)]
Limit = Annotated[int, QueryParameter(ge=1, le=ENTRIES_MAX)]

V = TypeVar("V")
E = TypeVar("E")


class PlanPage(Struct, frozen=True):
    """The plans of one merchant reference: the one that has it now, then the newest first."""

    plans: list[PlanView]


class Timeline(Struct, frozen=True):
    """What happened to a plan, in the order it was recorded; `after` is what to ask with next."""

    entries: list[Entry]
    after: int


class OperatorTimeline(Struct, frozen=True):
    """The same, with who it was."""

    entries: list[OperatorEntry]
    after: int


@get("/plans/{plan_id:str}", opt=operation("plans", PlanView, refuses=(Code.BUSY,)))
async def get_plan(request: Asked, plan_id: InPath, known_on: KnownOn = None, version: Version = None) -> ASGIResponse:
    """The plan as it stands, with what is overdue today.

    Or as it was: with what was known when a day ended in its time zone, seen on that day; or after so many facts, seen
    on the day of the last of them.
    """
    return await _plan(request, plan_id, read(request).owner_id, known_on, version, view)


@get(
    "/plans", opt=operation("plans", PlanPage, refuses=(Code.NOT_FOUND,), example={"merchant_reference": "order-1001"})
)
async def find_plans(
    request: Asked, merchant_reference: Annotated[str, QueryParameter(min_length=1, max_length=100)]
) -> ASGIResponse:
    """The plan that has a merchant reference; after it those that were voided or expired before, the newest first."""
    ask = read(request)
    plan_ids: list[str] = []
    if "\x00" not in merchant_reference:
        of = spellings(merchant_reference)
        found = [await ask.services.pool.fetch(Q.find_plans, ask.owner_id, one, PLANS_MAX) for one in of]
        rows = next((rows for rows in found if rows), [])
        plan_ids = [row["plan_id"] for row in rows]
    if not plan_ids:
        raise Refused(Code.NOT_FOUND, "This merchant reference opened no plan.", "/merchant_reference")
    plans = await read_plans(ask.services.pool, plan_ids, ask.owner_id)
    return reply(PlanPage([view(plan, _day(plan, ask.now)) for plan in plans]))


@get("/plans/{plan_id:str}", opt=operation("plans", OperatorPlan, refuses=(Code.BUSY,)))
async def get_any_plan(
    request: Asked, plan_id: InPath, known_on: KnownOn = None, version: Version = None
) -> ASGIResponse:
    """A plan as it stands, or as it was known on a day, or after so many facts; with whose it is, and whose money."""

    def seen(plan: Plan, on: date) -> OperatorPlan:
        more = {"merchant_id": plan.merchant_id, "decision_id": plan.decision_id, "funding": plan.funding}
        return view_as(OperatorPlan, plan, on, **more)

    return await _plan(request, plan_id, None, known_on, version, seen)


@get("/plans/{plan_id:str}/timeline", opt=operation("plans", Timeline, refuses=(Code.BUSY,), after=("capture_plan",)))
async def get_timeline(request: Asked, plan_id: InPath, after: After = 0, limit: Limit = 100) -> ASGIResponse:
    """What happened to the plan, fact by fact as it was recorded: when, by whom, what it changed, and in words.

    `number` counts the plan's versions: where `changed_schedule` is true, amounts owed or due dates are others since,
    and `GET /v1/plans/{plan_id}?version=` with that number shows them.
    """
    entries = await _entries(request, plan_id, read(request).owner_id, after, limit, entry_of)
    return reply(Timeline(entries, entries[-1].number if entries else after))


@get(
    "/plans/{plan_id:str}/timeline",
    opt=operation("plans", OperatorTimeline, refuses=(Code.BUSY,), after=("capture_plan",)),
)
async def get_any_timeline(request: Asked, plan_id: InPath, after: After = 0, limit: Limit = 100) -> ASGIResponse:
    """What happened to a plan, fact by fact as it was recorded: when, by whom, what it changed, and in words."""
    entries = await _entries(request, plan_id, None, after, limit, operator_entry)
    return reply(OperatorTimeline(entries, entries[-1].number if entries else after))


async def _plan(
    request: Asked, plan_id: str, merchant_id: str | None, known_on: date | None, version: int | None,
    seen: Callable[[Plan, date], V],
) -> ASGIResponse:  # fmt: skip
    if known_on is not None and version is not None:
        raise Refused(Code.INVALID_FIELD, "Ask for a day or for a version, not for both.", "/version")
    ask = read(request)
    if known_on is None and version is None:
        plan = await _load_plan(request, plan_id, merchant_id)
        return reply(seen(plan, _day(plan, ask.time_at(plan.merchant_id))), version=plan.version)
    plan, facts = await _load_life(request, plan_id, merchant_id)
    today = _day(plan, ask.time_at(plan.merchant_id))

    def as_it_was() -> V:
        if known_on is not None:
            return seen(plan_known_on(plan, facts, known_on, today), known_on)
        before = version_of(plan, facts, version or 0)
        return seen(before, _day(plan, before.changed_at))

    return reply(await read(request).services.quoting.run(lambda _: as_it_was(), request.left()))


async def _entries(
    request: Asked, plan_id: str, merchant_id: str | None, after: int, limit: int, made: Callable[[Step, str], E]
) -> list[E]:
    """The page after a number. All facts before it are folded, too: that takes a while, so it is done aside."""
    plan, facts = await _load_life(request, plan_id, merchant_id)

    def told() -> list[E]:
        page = islice(steps(plan.kind, plan.offer.terms, facts), after, after + limit)
        return [made(step, sentence_of(step, plan.currency)) for step in page]

    return await read(request).services.quoting.run(lambda _: told(), request.left())


async def _load_plan(request: Asked, plan_id: str, merchant_id: str | None) -> Plan:
    pool = read(request).services.pool
    found = await read_plans(pool, [plan_id], merchant_id) if ids.is_id(plan_id, ids.PLAN) else []
    if not found:
        raise no_plan(plan_id)
    return found[0]


async def _load_life(request: Asked, plan_id: str, merchant_id: str | None) -> tuple[Plan, list[Recorded]]:
    found = None
    if ids.is_id(plan_id, ids.PLAN):
        found = await load_life(read(request).services.pool, plan_id, merchant_id)
    if found is None:
        raise no_plan(plan_id)
    return found


def _day(plan: Plan, at: datetime) -> date:
    return business_day(at, plan.offer.time_zone)


MERCHANT_ROUTES: Final = [get_plan, find_plans, get_timeline]
OPERATOR_ROUTES: Final = [get_any_plan, get_any_timeline]
