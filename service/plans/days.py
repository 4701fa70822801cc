"""What time alone brings about on a plan that is owed: reminders, late fees, ageing, giving up. Pure.

3 days before a due date    the consumer is to be reminded        instalment.due_soon   (as the servicing terms say)
on the due date             a scheme pays its part of the interest plan.subsidised
on the due date             it is due                             instalment.due
the day after               it is overdue                         instalment.overdue
after the days of grace     paying late costs something, once     fee.levied
30, 60, 90 ... days late    the plan is in the next bucket        plan.aged
so many days late           collection is given up                plan.charged_off
no answer to a dispute      the merchant has lost it              dispute.closed, plan.refunded
a claim nobody contested    it is taken of the deposit            deposit.claimed

Time goes first: whatever is done to a plan finds it with all its days passed, so a day that was missed brings about
what it would have brought about in time.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from service import ids
from service.actor import THE_DAY, ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.plans import subsidised
from service.plans.book import Book, Change, Event, Moved, PlanCommand, Recorded
from service.plans.bookkeeping import booked
from service.plans.capture import billed
from service.plans.claimed import settling
from service.plans.disputed import closing
from service.plans.happening import exposed, named, stand, today_of
from service.plans.plan import Plan
from service.plans.running.deposit_facts import Claim, ClaimState
from service.plans.running.dispute_facts import DisputeState
from service.plans.running.facts import AnyFact, Captured, ChargedOff, CollectionResumed, Levied, PauseReason
from service.plans.running.pauses import day_past_due, rests_on
from service.plans.running.rows import Row
from service.plans.running.standing import Standing
from service.plans.running.versions import after
from service.terms.allocation_rule import Component
from service.terms.servicing import AskedWith, Servicing

BUCKETS: Final = (1, 30, 60, 90, 120, 150, 180)  # days past due from which on a plan is in the next bucket
AT_ONCE: Final = 200  # days, or events, after which a command passes no more days: the plan is looked at again
A_DAY: Final = timedelta(days=1)
A_YEAR: Final = timedelta(days=365)
ANSWER_SOON: Final = timedelta(days=3)  # before the last day for the answer to a dispute

Brought = tuple[Event | None, AnyFact | None]  # what is told, and what happened


class PassDays(PlanCommand, frozen=True, kw_only=True):
    """The day looks at what is owed: it passes every day that has begun and was not passed yet."""

    who_may = frozenset({ActorKind.DAY})

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (there is nothing to do yet, or any more)."""
        plan = self.plan_of(book)
        moved = passed(plan, self.command_id, now)
        if moved is None:
            sentence = f"No day has begun on which something is to be done: the next is {next_day(plan)}."
            raise Refused(Code.STATE_FORBIDS, sentence)
        return Change(exposed(book.account, plan.amounts, moved.plan.amounts), (moved,))


def passed(before: Plan, command_id: str, now: datetime) -> Moved | None:
    """The plan after the days that have begun by now; None if they bring about nothing."""
    today = today_of(before, now)
    if before.passed_on >= today:  # by the day's close, or before something that was done today
        return None
    passing = _Passing(before, command_id, now)
    for _ in range(AT_ONCE):
        day = next_day(passing.plan)
        if day is None or day > today or len(passing.told) >= AT_ONCE:
            break
        for rule in BRINGS:
            for event, fact in rule(passing.plan, day):
                plan_before = passing.plan
                if passing.bring(event, fact, today) and fact is not None:
                    for scheme_event, scheme_fact in subsidised.followed(plan_before, passing.plan, fact, day):
                        passing.bring(scheme_event, scheme_fact, today)
        passing.plan = replace(passing.plan, passed_on=day)
    plan, recorded = passing.plan, passing.recorded
    if plan is before:
        return None
    transfers = booked(before, plan) if recorded else []  # what is only announced moves no money
    return Moved(plan, tuple(recorded), transfers, tuple(passing.told), before, THE_DAY)


class _Passing:
    """A plan while its days pass, and what they have brought about so far."""

    def __init__(self, plan: Plan, command_id: str, now: datetime) -> None:
        self.plan, self.recorded, self.told = plan, list[Recorded](), list[Event]()
        self._command_id, self._now = command_id, now

    def bring(self, event: Event | None, fact: AnyFact | None, today: date) -> bool:
        """Tells the event, with its fact. False if the fact does not go with what was agreed for a later day: then a
        person decides; what ends a pause, a dispute or a claim is tried again on the next day."""
        plan, now = self.plan, self._now
        if fact is not None:
            fact_id = ids.derive(ids.FACT, self._command_id, len(self.recorded) + 1)
            known = replace(fact, id=fact_id, recorded_on=today)
            try:
                standing = after(plan.standing, known)
            except Refused:
                return False
            fields = dict[str, Any]()
            if isinstance(known, Captured):
                bill, said = billed(plan, known, now)
                fields = {"bills": (*plan.bills, bill), "claimed_at": now}
                event = event and Event(event.type, said | event.data)
            self.plan = stand(plan, standing, THE_DAY, now, **fields)
            self.recorded.append(Recorded(self.plan.version, now, THE_DAY, self._command_id, known))
            event = event and Event(event.type, named(known) | event.data)
        if event is not None:
            self.told.append(event)
        return True


def next_day(plan: Plan) -> date | None:
    """The first day that is not passed yet on which time brings about something; None if there is none."""
    servicing, standing, passed_on = plan.offer.servicing, plan.standing, plan.passed_on
    first = min((on for on in _days_beside(plan) if on > passed_on), default=None)
    ahead = timedelta(max(servicing.remind_days, default=0))
    is_oldest = True
    for row in standing.rows if not standing.closed else ():
        if first is not None and first <= row.due_on - ahead:
            break  # rows are in the order of their due dates: none of the others comes before
        if row.is_open:
            days = _days_of(servicing, standing, row.due_on, is_oldest=is_oldest)
            on = next((on for on in days if on > passed_on), None)
            first = min([one for one in (first, on) if one is not None], default=None)
            is_oldest = False
    return first


def next_day_at(plan: Plan) -> datetime | None:
    """The instant at which that day begins."""
    on = next_day(plan)
    return None if on is None else datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(plan.offer.time_zone))


def brought_by(plan: Plan, day: date) -> Iterator[Brought]:
    """What a day brings about: events, some with a fact."""
    servicing, standing = plan.offer.servicing, plan.standing
    if (ends := _return_ends(servicing, standing)) is not None and ends <= day:
        fact = CollectionResumed(id="", recorded_on=day, on=day, why=PauseReason.RETURN)
        yield Event(EventType.COLLECTION_RESUMED, {"why": fact.why, "effective_on": day}), fact
    yield from _brought_by_dispute(standing, day)
    if (claim := standing.open_claim) is not None and (on := _settled_on(claim)) is not None and on <= day:
        kind, data, taken = settling(standing, claim, claim.amount, day)
        yield Event(kind, data), taken
    rows = _open_rows(standing)
    for number, row in rows:
        said = {"instalment": number, "due_on": row.due_on, "amount": row.outstanding}
        if any(row.due_on - timedelta(days) == day for days in servicing.remind_days):
            yield Event(EventType.DUE_SOON, said), None
        if row.due_on == day:
            yield Event(EventType.DUE, said), None
    if not rests_on(standing, day):
        yield from _brought_by_lateness(servicing, standing, rows, day)


# What a day brings about, one after the other: each finds the plan as those before it have left it.
BRINGS: Final[tuple[Callable[[Plan, date], Iterator[Brought]], ...]] = (subsidised.brought_by, brought_by)


def _brought_by_dispute(standing: Standing, day: date) -> Iterator[Brought]:
    """Who does not answer in time has lost."""
    dispute = standing.dispute
    if dispute is None or dispute.respond_by is None:
        return
    if day == dispute.respond_by - ANSWER_SOON:
        data = {"dispute_id": dispute.id, "amount": dispute.amount, "respond_by": dispute.respond_by}
        yield Event(EventType.DISPUTE_ANSWER_DUE, data), None
    if day > dispute.respond_by:
        for kind, data, fact in closing(standing, dispute, DisputeState.LOST, day):
            yield Event(kind, data), fact


def _brought_by_lateness(
    servicing: Servicing, standing: Standing, rows: Sequence[tuple[int, Row]], day: date
) -> Iterator[Brought]:
    rows = [(number, row) for number, row in rows if row.due_on < day]
    if not rows:
        return
    in_all = sum(amount for _, amount, _ in standing.late_fees)
    in_a_year = sum(amount for on, amount, _ in standing.late_fees if on > day - A_YEAR)
    paid_for = {since for _, _, since in standing.late_fees}  # somebody has levied it by hand: once is enough
    for number, row in rows:
        if day_past_due(standing, row.due_on, 1) == day:
            said = {"instalment": number, "due_on": row.due_on, "amount": row.outstanding}
            yield Event(EventType.OVERDUE, said), None
        late = servicing.late_fee
        if late is not None and day_past_due(standing, row.due_on, late.grace_days + 1) == day:
            principal, interest = row.left(Component.PRINCIPAL), row.left(Component.INTEREST)
            overdue, is_owed = late.overdue(principal, interest), principal or interest
            if is_owed and row.due_on not in paid_for and (fee := late.of(overdue, in_a_year, in_all)):
                in_a_year, in_all = in_a_year + fee, in_all + fee
                yield _late_fee(fee, row.due_on, late.asked_with, day)
    oldest = rows[0][1].due_on
    for days in BUCKETS:
        if day_past_due(standing, oldest, days) == day:
            yield Event(EventType.AGED, {"days_past_due": days, "since": oldest}), None
    if servicing.charge_off_days and day_past_due(standing, oldest, servicing.charge_off_days) == day:
        amount = sum(row.outstanding for row in standing.rows)
        fact = ChargedOff(id="", recorded_on=day, on=day)
        yield Event(EventType.CHARGED_OFF, {"amount": amount, "cause": fact.cause}), fact


def _late_fee(amount: int, since: date, asked_with: AskedWith, day: date) -> Brought:
    """Levied by time, for what has been due since a day."""
    fact = Levied(
        id="", recorded_on=day, due_on=day, amount=amount, is_penalty=True, late_since=since,
        with_late=asked_with is AskedWith.LATE,
    )  # fmt: skip
    return Event(EventType.FEE_LEVIED, {"amount": amount, "is_penalty": True, "due_on": day}), fact


def _days_beside(plan: Plan) -> Iterator[date]:
    """The days on which time brings about something, as things stand, but for those of instalments. Where a day of
    these has passed before it was known (a return was told late, an answer was a mistake), it is the next one.
    """
    servicing, standing, soonest = plan.offer.servicing, plan.standing, plan.passed_on + A_DAY
    if (pays_on := subsidised.next_look(plan)) is not None:
        yield pays_on
    if (ends := _return_ends(servicing, standing)) is not None:
        yield max(ends, soonest)
    if standing.dispute is not None and standing.dispute.respond_by is not None:
        yield from (standing.dispute.respond_by - ANSWER_SOON, max(standing.dispute.respond_by + A_DAY, soonest))
    if standing.open_claim is not None and (on := _settled_on(standing.open_claim)) is not None:
        yield max(on, soonest)


def _days_of(servicing: Servicing, standing: Standing, due_on: date, *, is_oldest: bool) -> Iterator[date]:
    """Those of an instalment while it is open, in their order; only the oldest brings the plan into another bucket."""
    for days in sorted(servicing.remind_days, reverse=True):
        yield due_on - timedelta(days)
    yield due_on
    late = () if servicing.late_fee is None else (servicing.late_fee.grace_days + 1,)
    given_up = () if servicing.charge_off_days is None else (servicing.charge_off_days,)
    for days in sorted((*late, *BUCKETS, *given_up) if is_oldest else (*late, 1)):
        if (on := day_past_due(standing, due_on, days)) is not None:
            yield on


def _settled_on(claim: Claim) -> date | None:
    """The day on which it is taken; None of one that is contested."""
    return claim.made.contest_until + A_DAY if claim.state is ClaimState.MADE else None


def _open_rows(standing: Standing) -> list[tuple[int, Row]]:
    """The instalments that something is owed of, with their numbers; none once collection was given up."""
    if standing.closed:
        return []
    return [(number, row) for number, row in enumerate(standing.rows, 1) if row.is_open]


def _return_ends(servicing: Servicing, standing: Standing) -> date | None:
    """The day on which goods that were to come back have not."""
    for pause in standing.pauses:
        if pause.why is PauseReason.RETURN and pause.end is None:
            return pause.begin + timedelta(servicing.return_days)
    return None
