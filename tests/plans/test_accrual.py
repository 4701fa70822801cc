"""Interest is earned by time: to the cent on its days, and in the end exactly what the plan was asked for."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Refused
from service.plans.accrual import earned_interest, earned_of_line, lost_interest, runs, settled_interest
from service.plans.running import facts
from service.plans.running.facts import AnyFact
from service.plans.running.standing import Standing
from service.plans.running.versions import in_order, standing_after
from service.terms.allocation_rule import Component
from service.terms.terms import Interest, Terms, Unit
from tests import properties  # noqa: F401 - how hard to try
from tests.plans.running.any_facts import START, changes, money_facts, running_terms

INTEREST = Component.INTEREST
FIRST = date(2026, 3, 2)
YEARLY = Terms(instalments=12, every=1, unit=Unit.MONTH, rate_percent=Decimal(12), interest=Interest.PERIOD)


@pytest.mark.parametrize(
    ("until", "earned"),
    [
        (date(2026, 2, 27), 0),
        (date(2026, 2, 28), 0),  # the day it begins on
        (date(2026, 3, 1), 0),  # 32.25 cents of 1,000 in 31 days; 0.32 of a cent is none yet
        (date(2026, 3, 4), 1),  # 4 of 31 days: 1.29
        (date(2026, 3, 30), 9),
        (date(2026, 3, 31), 10),
        (date(2027, 1, 1), 10),
    ],
)
def test_a_line_earns_evenly(until: date, earned: int) -> None:
    assert earned_of_line(10, date(2026, 2, 28), date(2026, 3, 31), until) == earned


def test_a_line_without_days_is_earned_on_its_day() -> None:
    on = date(2026, 3, 2)
    assert earned_of_line(7, on, on, on - timedelta(days=1)) == 0
    assert earned_of_line(7, on, on, on) == 7


@st.composite
def lives(draw: st.DrawFn) -> tuple[Terms, list[AnyFact]]:
    """Facts as they become known, late ones and changes of the schedule among them; some end in a charge-off."""
    terms = draw(running_terms())
    events = draw(changes(terms, draw(money_facts(draw(st.integers(500, 2_000_00))))))
    last = max(max(event.on, event.recorded_on) for event in events)
    on = last + timedelta(days=draw(st.integers(0, 60)))
    end = draw(st.sampled_from([None, facts.ChargedOff, facts.Forgiven]))
    if end is not None:
        events.append(end(id="end", recorded_on=on, on=on))
        if draw(st.booleans()):
            events.append(facts.Paid(id="after", recorded_on=on, on=on, amount=draw(st.integers(1, 1_000_00))))
    return terms, sorted(events, key=lambda event: event.recorded_on)


def days_of(terms: Terms, events: list[AnyFact]) -> list[tuple[date, Standing]]:
    """Where the plan stands at the end of days until after the last due date, with what is known by then."""
    known: dict[date, Standing] = {}
    for day in sorted({event.recorded_on for event in events}):
        told = [event for event in events if event.recorded_on <= day]
        known[day] = standing_after(terms, in_order(terms, told))
    last = max(known)
    end = max([last, *(row.due_on for row in known[last].rows)])
    weekly = {START + timedelta(days=number) for number in range(0, (end - START).days, 7)}
    found = []
    standing = known[START]
    for day in sorted(weekly | known.keys() | {row.due_on for row in known[last].rows} | {end + timedelta(days=1)}):
        standing = known.get(day, standing)
        found.append((day, standing))
    return found


def in_books(standing: Standing) -> int:
    """What the books took from the interest owed, from the allocations and what was lost."""
    paid = sum(one.interest for one in standing.allocations.values() if not one.is_back)
    recovered = sum(one.interest for one in standing.allocations.values() if one.is_recovery and not one.is_back)
    return paid - recovered + lost_interest(standing)


@given(lives())
def test_what_the_days_earn_is_the_interest_in_the_end(life: tuple[Terms, list[AnyFact]]) -> None:
    """Summed day by day; a day of late facts may take some back; what is owed and earned is never negative."""
    try:
        days = days_of(*life)
    except Refused:
        return
    booked: list[int] = []
    before: Standing | None = None
    for day, standing in days:
        earned = earned_interest(standing, day)
        booked.append(earned - sum(booked))
        if standing is before:
            assert booked[-1] >= 0, "time alone takes nothing back"
            assert booked[-1] == 0 or runs(standing)
        assert earned >= settled_interest(standing) == in_books(standing)
        before = standing
    _, last = days[-1]
    asked = sum(max(row.owed[INTEREST], row.paid[INTEREST]) for row in last.rows)
    taken_back = sum(row.paid[INTEREST] for row in last.rows) - sum(
        one.interest for one in last.allocations.values() if not one.is_back
    )
    if not last.closed:
        assert sum(booked) == asked - taken_back
    else:
        assert sum(booked) == in_books(last)


@pytest.mark.parametrize("end", [facts.ChargedOff, facts.Forgiven])
def test_only_what_was_due_is_lost(end: type[facts.ChargedOff | facts.Forgiven]) -> None:
    """600.00 at 12 %: the first line's interest is 6.00, and half of the second's days are over."""
    captured, on = facts.Captured(id="c", recorded_on=FIRST, on=FIRST, amount=600_00), date(2026, 4, 17)
    running = standing_after(YEARLY, [captured])
    assert [earned_interest(running, day) for day in (date(2026, 4, 2), on)] == [6_00, 6_00 + 2_76]
    given_up = standing_after(YEARLY, [captured, end(id="end", recorded_on=on, on=on)])
    assert (lost_interest(given_up), earned_interest(given_up, date(2030, 1, 1))) == (6_00, 6_00)
    assert not runs(given_up)


def test_what_is_recovered_is_earned_when_it_comes() -> None:
    """Of two lines' interest one was due when the plan was charged off, and all is paid afterwards."""
    on = date(2026, 4, 17)
    events: list[AnyFact] = [
        facts.Captured(id="c", recorded_on=FIRST, on=FIRST, amount=600_00),
        facts.ChargedOff(id="end", recorded_on=on, on=on),
        facts.Paid(id="p", recorded_on=on, on=on, amount=700_00),
    ]
    recovered = standing_after(YEARLY, events)
    assert earned_interest(recovered, on) == sum(row.owed[INTEREST] for row in recovered.rows) > 6_00
