"""Interest is earned by time: what a plan has earned until a day, whatever was paid. Pure.

    earned = settled + what the days of its open lines have earned beyond that

`settled` is what the books took from the interest owed: paid, credited or lost. A line earns its interest evenly over
the days of its period, and what was paid counts as earned. A plan that was given up earns nothing by time any more: it
has earned what was due and what was paid, so that only what was earned is lost. `interest_earned_of_line` of the
database (schema/010_ledger.sql) is the same rule, for all plans of a day.
"""

from datetime import date

from service.plans.running.rows import Row
from service.plans.running.standing import Standing
from service.terms.allocation_rule import Component

INTEREST = Component.INTEREST


def earned_interest(standing: Standing, until: date) -> int:
    """The interest that a plan has earned by the end of a day, in minor units."""
    earned = settled_interest(standing)
    if standing.closed:
        return earned
    for row in standing.rows:
        by_time = earned_of_line(row.owed[INTEREST], row.begin, row.due_on, until)
        earned += max(0, by_time - row.paid[INTEREST])
    return earned


def earned_of_line(interest: int, begin_on: date, due_on: date, until: date) -> int:
    """Of a line's interest, what its days until `until` have earned: a minor unit counts once it is whole."""
    if until >= due_on:
        return interest
    if until <= begin_on:
        return 0
    return interest * (until - begin_on).days // (due_on - begin_on).days


def settled_interest(standing: Standing) -> int:
    """What was paid or credited before the plan was given up, and what was lost then."""
    paid = [one.interest for one in standing.allocations.values() if not one.is_back and not one.is_recovery]
    return sum(paid) + lost_interest(standing)


def lost_interest(standing: Standing) -> int:
    """Interest that was given up: only what was due on that day. What is recovered of the rest is earned then."""
    if standing.charged_off_on is not None:
        on = standing.charged_off_on
        due = sum([row.left(INTEREST) for row in standing.rows if row.due_on <= on])
        return due + sum([one.interest for one in standing.allocations.values() if one.is_recovery and not one.is_back])
    if standing.is_forgiven:
        return sum([row.left(INTEREST) for row in standing.rows if row.forgiven and _was_due(row)])
    return 0


def _was_due(row: Row) -> bool:
    """On the day it was let go."""
    return row.settled_on is not None and row.due_on <= row.settled_on


def runs(standing: Standing) -> bool:
    """Whether time may still earn interest on it that nobody has paid."""
    return not standing.closed and any(row.owed[INTEREST] > row.paid[INTEREST] for row in standing.rows)
