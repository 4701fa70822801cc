"""What is told late of a day that is past may show that time gave a plan up though it was not late for so long. Pure.

given up after 40 days   2 April: 102.01 are due
                         12 May: nothing has come, and the plan is charged off
                         13 May: a bank tells of 102.01 that it received on 2 April
                         the charge-off is undone (`plan.corrected`), in the same transaction

Where the next instalment has been late for so long since, the plan is given up as of that day. What a person gave up is
for a person to undo. And the other way round: where the bank takes back what kept a plan from being given up, and its
day has passed, it is given up at once: no day that comes would do it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from msgspec.structs import replace

from service import ids
from service.errors import Refused
from service.event_type import EventType
from service.plans.book import Change, Command, Event, Moved, Recorded
from service.plans.bookkeeping import booked
from service.plans.days import A_DAY
from service.plans.happening import exposed, stand, today_of
from service.plans.plan import Plan
from service.plans.recorded import facts_of, undoing
from service.plans.running.facts import AnyFact, ChargedOff, Corrected, undone_by
from service.plans.running.pauses import day_past_due, rests_on
from service.plans.running.standing import Standing
from service.plans.running.versions import after, before_what_comes

FIRST: Final = 960  # the number of the first fact that puts it right, among those of a command


def put_right(change: Change, command: Command, now: datetime) -> Change:
    """A command's change, and what becomes of a charge-off by it: the same where nothing does."""
    plan = change.moved[-1].plan
    before = next(one.before for one in change.moved if one.plan.plan_id == plan.plan_id)
    days, today = plan.offer.servicing.charge_off_days, today_of(plan, now)
    if not days or before is None or plan.standing.done is None or before.standing.done is None:
        return change
    try:
        following = _facts(before, plan, days, today, _undone(change))
        return _with(change, command, following, now) if following else change
    except Refused:  # what was recorded since does not go with it: a person decides
        return change


def _facts(before: Plan, plan: Plan, days: int, today: date, undone: set[str]) -> Sequence[AnyFact]:
    """What happens to a plan that would be given up on another day than it was."""
    standing = plan.standing
    if standing.charged_off_on is None:
        given_up = [one.id for one in facts_of(plan) if isinstance(one, ChargedOff)]
        if not undone or undone.intersection(given_up) or not _may_be_given_up(plan, today):
            return ()
        if _given_up_on(standing, days, today) is None or _given_up_on(before.standing, days, today) is not None:
            return ()
        return (ChargedOff(id="", recorded_on=today, on=today),)
    fact = next(one for one in facts_of(plan) if isinstance(one, ChargedOff) and undoing(plan, one.id) is None)
    if standing.is_forgiven or _given_up_on(before.standing, days, fact.on) != fact.on:
        return ()
    never = Corrected(id="", recorded_on=today, on=fact.on, fact_id=fact.id)
    on = _given_up_on(after(standing, never), days, today)
    if on == fact.on:
        return ()
    return (never,) if on is None else (never, ChargedOff(id="", recorded_on=today, on=on))


def _undone(change: Change) -> set[str]:
    """The facts that never happened, now that the command is done: a payment that the bank returned, a mistake."""
    found = [undone_by(recorded.fact) for one in change.moved for recorded in one.facts]
    return {fact_id for fact_id in found if fact_id is not None}


def _may_be_given_up(plan: Plan, today: date) -> bool:
    standing = plan.standing
    return bool(plan.amounts.outstanding) and not (plan.remaining or standing.closed or rests_on(standing, today))


def _given_up_on(standing: Standing, days: int, until: date) -> date | None:
    """The first day up to one on which time gives it up: an instalment that is open has been late for so long."""
    for row in standing.rows:
        on = day_past_due(standing, row.due_on, days)
        if on is None or on > until:
            return None
        if row.settled_on is not None and row.settled_on < on:
            continue  # as most: to fold the plan up to a day costs some milliseconds
        then = before_what_comes(standing, on - A_DAY)
        if any(one.is_open and one.due_on <= row.due_on for one in then.rows):
            return on
    return None


def _with(change: Change, command: Command, facts: Sequence[AnyFact], now: datetime) -> Change:
    plan, account, moved = change.moved[-1].plan, change.account, list(change.moved)
    for number, fact in enumerate(facts, FIRST):
        one = replace(fact, id=ids.derive(ids.FACT, command.command_id, number))
        following = stand(plan, after(plan.standing, one), command.actor, now)
        recorded = Recorded(following.version, now, command.actor, command.command_id, one)
        moved.append(
            Moved(following, (recorded,), booked(plan, following), (_event(plan, one),), plan, change.moved[-1].by)
        )
        account = exposed(account, plan.amounts, following.amounts)
        plan = following
    return replace(change, account=account, moved=tuple(moved))


def _event(before: Plan, fact: AnyFact) -> Event:
    if isinstance(fact, Corrected):
        return Event(EventType.CORRECTED, {"fact_id": fact.fact_id, "fact": "charged_off"})
    assert isinstance(fact, ChargedOff)
    return Event(EventType.CHARGED_OFF, {"amount": before.amounts.outstanding, "cause": fact.cause})
