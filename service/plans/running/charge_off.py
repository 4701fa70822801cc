"""Giving up: the schedule, as all of it is called due; collection, as it is charged off; or what is owed."""

from datetime import date

from msgspec import structs

from service.money import quotient
from service.plans.running import outlook
from service.plans.running.acceleration_fact import Accelerated
from service.plans.running.facts import ChargedOff, Forgiven
from service.plans.running.rows import Row
from service.plans.running.standing import Standing
from service.terms.allocation_rule import Component
from service.terms.terms import ChargeOff

PRINCIPAL, INTEREST = Component.PRINCIPAL, Component.INTEREST


def accelerated(standing: Standing, fact: Accelerated) -> None:
    """All rows not due by then fall due on the day, with the interest that they have earned by it.

    A quote that binds stays as it is: what is not asked for any more was to be given up by it.
    """
    before = _interest_asked_for(standing)
    _all_due(standing, fact.due_on)
    if (quote := standing.quote) is not None:
        left = max(0, quote.interest_rebate - before + _interest_asked_for(standing))
        standing.quote = structs.replace(quote, interest_rebate=left)
    for row in standing.rows:
        row.due_on = min(row.due_on, fact.due_on)
        row.begin = min(row.begin, row.due_on)
    standing.schedule_ended = True
    standing.sort()


def charged_off(standing: Standing, fact: ChargedOff) -> None:
    """Interest no longer follows payments; the terms say what happens to the rows."""
    on = fact.on
    if standing.terms.charge_off is ChargeOff.NO_MORE_INTEREST:
        _drop_unearned(standing, on)
    elif standing.terms.charge_off is ChargeOff.ALL_DUE:
        _all_due(standing, on)
    standing.closed = True
    standing.charged_off_on = on


def forgiven(standing: Standing, fact: Forgiven) -> None:
    """Nothing is owed any more."""
    for row in standing.rows:
        row.forgiven += row.outstanding
        row.mark(fact.on)
    standing.closed = standing.is_forgiven = True


def earned_until(standing: Standing, row: Row, on: date) -> int:
    """The interest of a row up to `on`; of one that begins later, what is owed since before and asked for there."""
    if row.course is not None and row.period is not None and standing.recalculates:
        return outlook.due_if_paid(row.course, row.period, on).interest
    if on >= row.due_on:
        return row.owed[INTEREST]
    if on <= row.begin:
        return 0
    return quotient(row.owed[INTEREST] * (on - row.begin).days, (row.due_on - row.begin).days, standing.terms.rounding)


def _kept(standing: Standing, row: Row, on: date) -> int:
    """The interest that stays owed: what was earned up to `on`, and what was paid as it was agreed."""
    return max(earned_until(standing, row, on), row.paid[INTEREST])


def _drop_unearned(standing: Standing, on: date) -> None:
    """Unearned interest becomes principal of its row, and the last rows give up as much principal."""
    instalments, excess = standing.instalments(), 0
    for row in instalments:
        if row.due_on <= on:
            continue
        kept = _kept(standing, row, on)
        excess += row.owed[INTEREST] - kept
        row.owed[PRINCIPAL] += row.owed[INTEREST] - kept
        row.owed[INTEREST] = kept
    for row in reversed(instalments):
        less = min(excess, row.left(PRINCIPAL))
        row.owe(PRINCIPAL, -less, on)
        excess -= less


def _interest_asked_for(standing: Standing) -> int:
    return sum(row.owed[INTEREST] for row in standing.rows)


def _all_due(standing: Standing, on: date) -> None:
    """The running row, or the one that is due on the day, ends on it and takes the principal of those after it."""
    later = [row for row in standing.instalments() if row.due_on >= on]
    if not any(row.is_open for row in later):
        return
    running, gone = later[0], later[1:]
    running.owed[INTEREST] = sum(_kept(standing, row, on) for row in later)
    running.due_on = on
    for row in gone:
        running.owed[PRINCIPAL] += row.owed[PRINCIPAL]
        running.owed_again += row.owed_again
        row.fold_into(running)
    standing.rows = [row for row in standing.rows if row not in gone]
    running.settled_on = None
    running.mark(on)
