"""What is told late of a day that is past may show that nothing was late then: the late fee goes. Pure.

due on 2 April, 4 days of grace   7 April: nothing had come, and 7.00 were levied
                                  9 April: a bank tells of 100.00 that it received on 2 April
                                  the 7.00 are waived, in the same transaction

Where only a part of the instalment was paid in time, the fee is what it would have been for the rest of it. Where
collection rests since a day before the fee, there is none. It never rises: a payment in time that the bank takes back
levies nothing. A plan that was given up owes no more fees than another.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

from msgspec.structs import replace

from service import ids
from service.actor import THE_DAY
from service.event_type import EventType
from service.plans.book import Change, Command, Event, Moved, Recorded
from service.plans.bookkeeping import booked
from service.plans.days import A_DAY, A_YEAR
from service.plans.happening import exposed, stand, today_of
from service.plans.plan import Plan
from service.plans.recorded import facts_of, undoing
from service.plans.running.facts import AnyFact, ChargedOff, Forgiven, Levied, Waived, undone_by
from service.plans.running.pauses import days_past_due, rests_on
from service.plans.running.versions import after, before_what_comes
from service.terms.allocation_rule import Component
from service.terms.servicing import LateFee

FIRST: Final = 910  # the number of the first fact that lets a fee go, among those of a command
GIVEN_UP: Final = (ChargedOff, Forgiven)
MOST: Final = 20  # fees of one command: what is late for longer is looked at by a person


def without_fees(change: Change, command: Command, now: datetime) -> Change:
    """A command's change, and the late fees that go with it: the same where none does."""
    last = change.moved[-1]
    plan, account, moved, number = last.plan, change.account, list(change.moved), FIRST
    late = plan.offer.servicing.late_fee
    if late is None or not plan.standing.late_fees or plan.standing.is_forgiven or plan.standing.done is None:
        return change
    today = today_of(plan, now)
    known = [recorded.fact for one in moved if one.by != THE_DAY for recorded in one.facts]
    begin = date.min if any(_goes_on(plan, one) for one in known) else min([one.on for one in known], default=today)
    if begin >= today:
        return change
    for fee in _levied_since(plan, begin):
        most = _most(plan, late, fee)
        if most >= fee.amount:
            continue
        waived = Waived(id="", recorded_on=today, on=fee.on, levy_id=fee.id)
        facts: list[Waived | Levied] = [waived]
        if most:
            facts.append(replace(fee, id="", recorded_on=today, amount=most))
        for fact in facts:
            one = replace(fact, id=ids.derive(ids.FACT, command.command_id, number))
            following = stand(plan, after(plan.standing, one), command.actor, now)
            recorded = Recorded(following.version, now, command.actor, command.command_id, one)
            event = _event(one, fee)
            moved.append(Moved(following, (recorded,), booked(plan, following), (event,), plan, last.by))
            account = exposed(account, plan.amounts, following.amounts)
            plan, number = following, number + 1
    return change if len(moved) == len(change.moved) else replace(change, account=account, moved=tuple(moved))


def _goes_on(plan: Plan, fact: AnyFact) -> bool:
    """Whether it undoes that the plan was given up: what was told in between was not looked at."""
    undone = undone_by(fact)
    return undone is not None and any(one.id == undone and isinstance(one, GIVEN_UP) for one in facts_of(plan))


def _levied_since(plan: Plan, begin: date) -> Iterator[Levied]:
    """The late fees that stand and were levied from a day on, the first ones first."""
    levied = [one for one in facts_of(plan) if isinstance(one, Levied) and one.is_penalty and one.late_since]
    yield from [one for one in levied if one.on >= begin and undoing(plan, one.id) is None][:MOST]


def _most(plan: Plan, late: LateFee, fee: Levied) -> int:
    """What may be asked for, by what is known today of the day before the fee's; of an instalment that there is no
    more, what was."""
    then = before_what_comes(plan.standing, fee.on - A_DAY)
    rows = [row for row in then.rows if row.due_on == fee.late_since]
    if not rows or fee.late_since is None:
        return fee.amount
    if rests_on(plan.standing, fee.due_on):
        return 0
    if days_past_due(plan.standing, fee.late_since, fee.due_on) <= late.grace_days:
        return 0
    left = [(row.left(Component.PRINCIPAL), row.left(Component.INTEREST)) for row in rows]
    in_a_year = sum(amount for on, amount, _ in then.late_fees if on > fee.due_on - A_YEAR)
    in_all = sum(amount for _, amount, _ in then.late_fees)
    of_it = sum(amount for _, amount, since in then.late_fees if since == fee.late_since)
    return max(late.of(late.overdue(*one), in_a_year, in_all, of_it) if any(one) else 0 for one in left)


def _event(known: Waived | Levied, fee: Levied) -> Event:
    if isinstance(known, Waived):
        return Event(EventType.FEE_WAIVED, {"fee_id": fee.id, "amount": fee.amount})
    data = {"fee_id": known.id, "amount": known.amount, "is_penalty": True, "due_on": known.due_on}
    return Event(EventType.FEE_LEVIED, data)
