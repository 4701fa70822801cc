"""A fact happens to a plan: all that follows from it, in one place for every verb. Pure."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

from msgspec.structs import replace

from service import ids
from service.actor import Actor
from service.errors import Code, Refused
from service.limits.account import Account, expose
from service.plans.amounts import Amounts, amounts_of
from service.plans.book import Book, Change, Command, Event, Moved, Recorded, since_when
from service.plans.bookkeeping import booked
from service.plans.plan import Plan, business_day
from service.plans.running.facts import Amended, AnyFact, Captured, CaptureReversed, Levied, Refunded
from service.plans.running.standing import Standing
from service.plans.running.versions import after, lines_of
from service.plans.state import has_ended, state_of

SECOND: Final = 900  # the second fact of a command: the first ones are those of days that were passed before it
LENDS: Final = (Amended, Captured, CaptureReversed)  # such facts may promise more, for which the limit must have room


def happen(
    book: Book, plan: Plan, command: Command, fact: AnyFact, now: datetime, tell: Callable[[Plan], Event],
    reference: str | None = None, **fields: Any,
) -> Change:  # fmt: skip
    """One more fact of a plan: folded, booked, counted into the account's exposure, and told.

    `tell` makes the event from the plan after it. `fields` of the plan are replaced besides, such as its bills. Refused
    where the fact cannot be.
    """
    following = stand(plan, after(plan.standing, fact), command.actor, now, **fields)
    recorded = Recorded(following.version, now, command.actor, command.command_id, fact, reference)
    moved = Moved(following, (recorded,), booked(plan, following), (tell(following),), plan)
    return Change(exposed(book.account, plan.amounts, following.amounts, fact), (moved,))


def stand(plan: Plan, standing: Standing, actor: Actor, now: datetime, **fields: Any) -> Plan:
    """The plan after one more fact has brought it to `standing`."""
    amounts = amounts_of(standing)
    state = state_of(plan.kind, standing, amounts)
    return replace(
        plan,
        standing=standing,
        amounts=amounts,
        lines=lines_of(standing),
        version=plan.version + 1,
        closed_at=(plan.closed_at or now) if has_ended(state) else None,
        changed_at=now,
        changed_by=actor.kind,
        began=since_when(plan) if state is plan.state else None,
        passed_on=max(plan.passed_on, today_of(plan, now)),  # time went first
        **fields,
    )


def exposed(account: Account, before: Amounts, following: Amounts, fact: AnyFact | None = None) -> Account:
    """The account after a fact has changed what a plan promises and owes. Refused: LIMIT_EXCEEDED (more is lent)."""
    reserved, used = following.reserved - before.reserved, following.used - before.used
    return expose(account, reserved, used, is_new=isinstance(fact, LENDS))


def named(fact: AnyFact) -> dict[str, str]:
    """What an event calls the fact that it tells of: `fee_id` of a fee, `refund_id` of a refund, nothing of others."""
    match fact:
        case Levied():
            return {"fee_id": fact.id}
        case Refunded():
            return {"refund_id": fact.id}
        case _:
            return {}


def fact_id(command: Command, prefix: str = ids.FACT) -> str:
    """The id of the fact that a command records: always the same one."""
    return ids.derive(prefix, command.command_id)


def effective_day(plan: Plan, on: date | None, now: datetime) -> date:
    """The day that a fact takes effect: today if none is named. Refused: INVALID_FIELD (to come, too early)."""
    today, opened_on = today_of(plan, now), today_of(plan, plan.authorized_at)
    if on is None or opened_on <= on <= today:
        return on or today
    place = f"after today, {today}" if on > today else f"before the plan was opened, {opened_on}"
    raise Refused(Code.INVALID_FIELD, f"{on} is {place}.", "/on")


def today_of(plan: Plan, now: datetime) -> date:
    """The plan's day."""
    return business_day(now, plan.offer.time_zone)
