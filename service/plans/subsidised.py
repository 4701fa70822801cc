"""A scheme pays its part of a plan's interest as it falls due, and gets back what it should not have paid. Pure.

It pays on the due date of each instalment, so that the consumer owes that much less; what a refund, an early settlement
or a correction changes of interest that was due is put right with it. So did the Chinese scheme of 2025: the lender
deducts the subsidy when it collects the interest, and claims it from the state.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

from msgspec import structs

from service import ids
from service.actor import THE_DAY, ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.plans import bought_down
from service.plans.book import Book, Change, Command, Event, Moved, PlanCommand, Recorded
from service.plans.bookkeeping import booked
from service.plans.happening import SECOND, exposed, fact_id, happen, stand, today_of
from service.plans.plan import Plan
from service.plans.running.facts import AnyFact
from service.plans.running.rows import RowKind
from service.plans.running.subsidy_facts import Subsidised, SubsidyReturned
from service.plans.running.versions import after
from service.plans.subsidy import INTEREST, due_by, pays_no_more, reckoned

THIRD: Final = 901  # the number of the fact that puts a subsidy right, among those of a command
UNDOES: Final = 500  # ... of the first by which another never happened; those of days come before it
MOST: Final = 399  # such facts of one command


class ReturnSubsidy(PlanCommand, frozen=True, kw_only=True):
    """The scheme gets all back that it has paid for a plan, and pays no more: the purchase did not qualify.

    The consumer owes that interest then.
    """

    who_may = frozenset({ActorKind.OPERATOR})

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (nothing was paid, or it went back)."""
        plan = self.plan_of(book)
        paid, today = plan.standing.subsidised, today_of(plan, now)
        if plan.offer.subsidy is None or not paid:
            raise Refused(Code.STATE_FORBIDS, "No scheme has paid anything for this plan that it did not get back.")
        fact = SubsidyReturned(id=fact_id(self), recorded_on=today, on=today, amount=paid, ends=True)
        told = {"scheme_id": plan.offer.subsidy.scheme_id, "amount": paid, "effective_on": today}
        return happen(book, plan, self, fact, now, lambda _: Event(EventType.SUBSIDY_RETURNED, told))


def next_look(plan: Plan) -> date | None:
    """The next due date on which it pays, or what was paid in is income; None: there is none."""
    if (bought := bought_down.next_look(plan)) is not None:
        return bought
    if pays_no_more(plan.offer, plan.standing):
        return None
    rows = [row for row in plan.standing.rows if row.owed[INTEREST] and row.kind is not RowKind.EXTRA]
    return min((row.due_on for row in rows if row.due_on > plan.passed_on), default=None)


def brought_by(plan: Plan, day: date) -> Iterator[tuple[Event | None, AnyFact]]:
    """What a day brings: what the scheme pays of the interest that is due by then, or gets back; or what becomes income
    of what was paid in, which nobody is told."""
    for fact in bought_down.brought_by(plan, day):
        yield None, fact
    yield from _paid_by(plan, day)


def _paid_by(plan: Plan, day: date) -> Iterator[tuple[Event, Subsidised | SubsidyReturned]]:
    subsidy, standing = plan.offer.subsidy, plan.standing
    if subsidy is None or pays_no_more(plan.offer, standing):
        return
    more = due_by(plan.offer, standing, day) - standing.subsidised
    told = {"scheme_id": subsidy.scheme_id, "amount": abs(more), "effective_on": day}
    if more > 0:
        of = structs.asdict(reckoned(plan.offer, standing, day))
        yield Event(EventType.SUBSIDISED, told), Subsidised(id="", recorded_on=day, on=day, amount=more, **of)
    elif more < 0:
        yield Event(EventType.SUBSIDY_RETURNED, told), SubsidyReturned(id="", recorded_on=day, on=day, amount=-more)


def put_right(change: Change, command: Command, now: datetime, first: int = THIRD) -> Change:
    """A command's change, and what follows from it for the scheme: the interest that was due by today is another.

    `first` is the number of the first fact.
    """
    last = change.moved[-1]
    today = today_of(last.plan, now)
    is_by_a_day = last.by == THE_DAY  # a day has already added what follows from it
    if last.plan.offer.subsidy is None or last.before is None or not last.facts or is_by_a_day:
        return change
    happened = tuple([one.fact for one in last.facts])
    numbers = [ids.index_of(one.fact.id) for moved in change.moved for one in moved.facts]
    start = max([UNDOES - 1, *(number for number in numbers if number < SECOND)]) + 1  # it may be called twice
    for number, never in enumerate(bought_down.never_followed(last.plan, happened, today)[:MOST], start):
        change = _with(change, last, command, None, structs.replace(never, id=_id(command, number)), now)
    for number, (event, fact) in enumerate(_follows(last.before, change.plan, happened, today), first):
        known = structs.replace(fact, id=_id(command, number), recorded_on=today)
        change = _with(change, last, command, event, known, now)
    return change


def _id(command: Command, number: int) -> str:
    return ids.derive(ids.FACT, command.command_id, number)


def _with(change: Change, last: Moved, command: Command, event: Event | None, fact: AnyFact, now: datetime) -> Change:
    """The change with one more fact, brought about by whom the last of the command itself was."""
    plan = change.plan
    following = stand(plan, after(plan.standing, fact), command.actor, now)
    recorded = Recorded(following.version, now, command.actor, command.command_id, fact)
    told = () if event is None else (event,)
    moved = Moved(following, (recorded,), booked(plan, following), told, plan, last.by)
    account = exposed(change.account, plan.amounts, following.amounts)
    return structs.replace(change, account=account, moved=(*change.moved, moved))


def followed(before: Plan, plan: Plan, fact: AnyFact, day: date) -> Iterator[tuple[Event | None, AnyFact]]:
    """What follows for the scheme, on that day, from what the day has brought about: a dispute that was lost, or that
    collection was given up."""
    if plan.offer.subsidy is not None:
        yield from _follows(before, plan, (fact,), day)


def _follows(
    before: Plan, plan: Plan, facts: tuple[AnyFact, ...], today: date
) -> Iterator[tuple[Event | None, AnyFact]]:
    """One of the two: a scheme bears interest as it falls due, or has bought it down."""
    fact = bought_down.following(before, plan, facts, today)
    if fact is not None:
        yield None, fact
    yield from _paid_by(plan, today)
